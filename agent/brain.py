"""Opens the chat model that plans."""

from langchain_core.language_models import BaseChatModel

from ..tools.base.errors import SettingsError
from ..tools.base.settings import Settings
from .embedded import EmbeddedBrain


def open_brain(settings: Settings) -> BaseChatModel:
    """Return the brain of these settings.

    Raises:
        SettingsError: `think` names a model, and this version has only the embedded brain.
    """
    model = settings.models.get("think", "embedded")
    if model != "embedded":
        raise SettingsError(
            f"The role `think` is set to {model!r}, and this version has only the embedded brain. "
            "Unset `SENSORIUM_THINK`, or set it to `embedded`."
        )
    return EmbeddedBrain()
