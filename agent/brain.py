"""Opens the chat model that plans."""

from langchain_core.language_models import BaseChatModel

from ..tools.base.endpoints import served_model
from ..tools.base.settings import Settings


def open_brain(settings: Settings) -> BaseChatModel:
    """Return the brain of these settings: the model that `think` names, else the embedded one.

    Raises:
        SettingsError: `think` names a provider that is not known, or whose key is missing.
    """
    model = settings.models.get("think", "embedded")
    if model == "embedded":
        from .embedded.brain import EmbeddedBrain

        return EmbeddedBrain()
    from .endpoint import EndpointBrain

    return EndpointBrain(served=served_model(model, "think", settings.endpoints))
