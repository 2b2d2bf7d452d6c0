"""Opens the chat model that plans."""

from langchain_core.language_models import BaseChatModel

from ..tools.base.endpoints import served_model
from ..tools.base.errors import SettingsError
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


def check_budget(settings: Settings) -> None:
    """See that a run can keep to any budget.

    Raises:
        SettingsError: The model that `think` names may cost money, and what it costs is not known.
    """
    model = settings.models.get("think", "embedded")
    if model == "embedded":
        return
    endpoint = served_model(model, "think", settings.endpoints).endpoint
    if endpoint.secret or not endpoint.is_local:
        raise SettingsError(
            f"`--budget-usd` cannot be held yet with {model!r}, which may cost money: its prices are not known. Ask "
            "without it, or without `SENSORIUM_THINK`: the embedded brain and all tools are free."
        )
