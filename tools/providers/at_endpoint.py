"""What every model behind an endpoint says about itself."""

from ..base.endpoints import ServedModel, served_model, split_model
from ..base.errors import LocalOnlyError, SettingsError
from ..base.outward import refuse_endpoint
from ..base.settings import Settings


class AtEndpoint:
    """A model somewhere else, in one role."""

    role: str

    def __init__(self, settings: Settings, model: str) -> None:
        self._settings = settings
        self._model = model

    @property
    def identity(self) -> str:
        return self._model

    def missing(self) -> str | None:
        """Return which setting is missing, or None."""
        try:
            self._served()
            self._refuse()
        except SettingsError as error:
            return str(error)
        return None

    def _refuse(self) -> None:
        """See that the model, or one that is asked in its place, may be asked at all.

        Raises:
            LocalOnlyError: None is on this machine, and nothing may leave it.
        """
        endpoints = self._settings.endpoints
        names = [self._model, *self._settings.fallbacks.get(self.role, ())]
        refused: list[LocalOnlyError] = []
        for one in (name for name in names if split_model(name)[0] in endpoints):
            try:
                return refuse_endpoint(served_model(one, self.role, endpoints).endpoint)
            except LocalOnlyError as error:
                refused.append(error)
        raise refused[0]

    def _served(self) -> ServedModel:
        return served_model(self._model, self.role, self._settings.endpoints)
