"""Opens the chat model that plans."""

from langchain_core.language_models import BaseChatModel

from ..tools.base.budget import Budget, Caps, unpriced
from ..tools.base.endpoints import ServedModel, served_model
from ..tools.base.errors import SettingsError
from ..tools.base.price import price_of
from ..tools.base.settings import Settings


def open_brain(settings: Settings, budget: Budget | None = None) -> BaseChatModel:
    """Return the brain of these settings: the model that `think` names, else the embedded one.

    Raises:
        SettingsError: `think` names a provider that is not known, or whose key is missing.
    """
    models = thinking_models(settings)
    if not models:
        from .embedded.brain import EmbeddedBrain

        return EmbeddedBrain()
    from .endpoint import EndpointBrain

    return EndpointBrain(served=models[0], fallbacks=tuple(models[1:]), budget=budget)


def thinking_models(settings: Settings) -> list[ServedModel]:
    """Return who plans, then who does when that one is down; nobody for the embedded brain.

    Raises:
        SettingsError: A provider is not known, or its key is missing.
    """
    names = [settings.models.get("think", "embedded"), *settings.fallbacks.get("think", ())]
    if names[0] == "embedded":
        return []
    return [served_model(one, "think", settings.endpoints) for one in names]


def check_budget(settings: Settings, caps: Caps) -> None:
    """See that the model that plans can be asked at all within these caps.

    Raises:
        SettingsError: Its price is not known, or nothing may be spent and it costs something.
    """
    if caps.usd is None:
        return
    for served in thinking_models(settings):
        price = price_of(served)
        if price is None:
            raise unpriced(served)
        if not caps.usd and any(price.usd.values()):
            raise SettingsError(
                f"The budget is $0.00, and `{served.full_name}` costs money. Raise `--budget-usd` (or `usd` in "
                f"`[budget]`), or set `{served.setting}` to `embedded`, which plans for nothing."
            )
