"""Writes data of a given shape through the chat model that `think` names."""

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from ..base.settings import Settings
from .at_endpoint import AtEndpoint
from .endpoint_vision import EndpointVision

if TYPE_CHECKING:
    from ..base.run import Run

T = TypeVar("T", bound=BaseModel)


def provider(settings: Settings, model: str) -> "EndpointWriter":
    return EndpointWriter(settings, model)


class EndpointWriter(EndpointVision):
    """The same chat model, shown nothing."""

    role = "think"

    def missing(self) -> str | None:
        return AtEndpoint.missing(self)  # whether it takes pictures does not matter

    async def write(self, prompt: str, *, schema: type[T], run: "Run") -> T:
        """Return what it writes; it is asked once more when that is not the data that was asked for.

        Raises:
            AnswerError, ProviderError, SettingsError: As for a model that looks.
        """
        return (await self.look(prompt, [], schema=schema, run=run)).answer
