"""What a single call will cost, before it is made."""

from collections.abc import Mapping, Set
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .endpoints import ServedModel, served_model, split_model
from .errors import SettingsError, ToolError
from .estimate import NOTHING, Estimate
from .makers import VALUES
from .models import LADDERS, Models
from .price import Quote, cheapest_of, quote_of
from .settings import Settings
from .tool import Tool

if TYPE_CHECKING:
    from .run import Run


def paid_model(tool: Tool, settings: Settings) -> ServedModel | None:
    """Return the model behind an endpoint that will be paid for a call; None when it is done here."""
    for role in tool.roles:
        chosen = settings.models.get(role)
        if chosen and split_model(chosen)[0] in settings.endpoints:
            try:
                return served_model(chosen, role, settings.endpoints)
            except SettingsError:
                return None  # without its key it does not serve
    return None


def quote_call(tool: Tool, args: Mapping[str, Any], run: "Run") -> Quote | None:
    """Return what a call will cost; None where no model is paid.

    Args:
        tool: What is called.
        args: Its arguments as plain data, files as handles.
        run: Whose models serve.
    """
    if (served := paid_model(tool, run.settings)) is None:
        return None
    given = {name for name, value in args.items() if value is not None}
    known = {one.name: _facts(args.get(one.name), run) for one in tool.media_arguments if not one.many}
    units = tool.units(as_ordered(tool, args, given, run.models), known) if tool.units else NOTHING
    return cost_of(tool, units, served, priced_by(tool, args, given, run.models))


def cost_of(
    tool: Tool, units: Estimate, served: ServedModel, ordered: Mapping[str, Any] = MappingProxyType({})
) -> Quote:
    """Return what a model costs that serves a tool; what is known to take nothing of it costs nothing.

    Args:
        tool: What is called.
        units: How much of the model it takes.
        served: The model.
        ordered: What its price may hold for, as far as it is known: what is left out may have any of its prices.
    """
    if tool.units is not None and not any(units.high.values()):
        return Quote(units=units.high)
    quote = quote_of(served, units.high, likely=units.likely, low=units.low, ordered=ordered)
    return (
        replace(quote, low_usd=cheapest_of(served, units.low, ordered)) if quote.is_known and quote.low_usd else quote
    )


def has_stand_in(tool: Tool, args: Mapping[str, Any], given: Set[str], models: Models) -> bool:
    """Tell whether another does a call, perhaps less well, where its model cannot be paid.

    Args:
        tool: What is called.
        args: Its arguments; those that are not known yet are None.
        given: The names of those that are given, known or not.
        models: Who serves.
    """
    if tool.foresee is not None:
        known = {name: value for name, value in args.items() if value is not None}
        return tool.foresee(known, given, models).has_stand_in
    return all(role in LADDERS and len(models.usable(role)) > 1 for role in tool.roles)


def as_ordered(tool: Tool, args: Mapping[str, Any], given: Set[str], models: Models) -> Mapping[str, Any]:
    """Return arguments as they will be ordered where who serves bends them.

    Args:
        tool: What is called.
        args: Its arguments; those that are not known yet are None.
        given: The names of those that are given, known or not.
        models: Who serves.
    """
    if tool.foresee is None:
        return args
    known = {name: value for name, value in args.items() if value is not None}
    return {**args, **tool.foresee(known, given, models).args}


def priced_by(tool: Tool, args: Mapping[str, Any], given: Set[str], models: Models) -> Mapping[str, Any]:
    """Return what the price of a call may hold for, with what its model takes unasked; arguments as of `as_ordered`."""
    if tool.foresee is None:
        return args
    known = {name: value for name, value in args.items() if value is not None}
    foreseen = tool.foresee(known, given, models)
    # In the place of a value that is not known yet stands what the model takes without it.
    later = {name for name in VALUES if name in given and name not in known}
    return {**args, **{name: value for name, value in foreseen.priced_by.items() if name not in later}}


def _facts(handle: Any, run: "Run") -> Mapping[str, Any]:
    """Return what is known of a file without opening it."""
    try:
        return run.artifact(handle).facts if isinstance(handle, str) else {}
    except ToolError:
        return {}
