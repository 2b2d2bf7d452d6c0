"""What every model behind an endpoint says about itself."""

from ..base.endpoints import ServedModel, served_model
from ..base.errors import SettingsError
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
        except SettingsError as error:
            return str(error)
        return None

    def _served(self) -> ServedModel:
        return served_model(self._model, self.role, self._settings.endpoints)
