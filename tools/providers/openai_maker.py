"""Who makes media behind an OpenAI-compatible endpoint without jobs."""

from ..base.endpoints import served_model
from ..base.errors import SettingsError
from ..base.makers import Fitted, Made, Maker, Task, Wish
from ..base.run import Run
from ..base.settings import Settings
from .at_own_endpoint import AtOwnEndpoint
from .chat_pictures import ChatPictures
from .openai_pictures import OpenAIPictures


def maker(settings: Settings, model: str, role: str) -> Maker:
    """Return who serves a model in a role: what draws does, by the request that its name is known to take."""
    if role != "draw":
        return NotServed(settings, model, role)
    try:
        draws = served_model(model, role, settings.endpoints).ability.draws
    except SettingsError:  # it says itself what is missing
        draws = None
    return (ChatPictures if draws and draws.api == "chat" else OpenAIPictures)(settings, model, role)


class NotServed(AtOwnEndpoint):
    """A model in a role for which its endpoint has nothing."""

    def missing(self) -> str | None:
        return super().missing() or (
            f"`{self._model}` is behind an endpoint that has nothing for `{self.role}`, as far as is known. A file "
            "`providers/NAME.toml` in SENSORIUM_HOME can describe its jobs; `sensorium providers` lists who has it."
        )

    def tasks(self) -> frozenset[Task]:
        return frozenset()

    def fit(self, wish: Wish) -> Fitted:
        raise SettingsError(str(self.missing()))

    async def make(self, wish: Wish, *, run: Run) -> Made:
        raise SettingsError(str(self.missing()))
