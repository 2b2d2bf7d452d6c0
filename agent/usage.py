"""How many tokens a run's models took and gave."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


def usage_of(messages: "Iterable[BaseMessage]") -> list[dict[str, Any]]:
    """Return for each model provider, model, calls, input_tokens, output_tokens, and in `unreported` the calls that its
    server did not count; for a fallback in `instead_of` who was down; nothing for the embedded brain."""
    used: dict[tuple[str, str], dict[str, Any]] = {}
    for message in messages:
        about = message.response_metadata
        if "endpoint" not in about:
            continue
        provider, model = about["endpoint"], about["model_name"]
        counts = dict.fromkeys(("calls", "input_tokens", "output_tokens", "unreported"), 0)
        instead = {"instead_of": about["instead_of"]} if "instead_of" in about else {}
        sums = used.setdefault((provider, model), {"provider": provider, "model": model, **counts, **instead})
        reported = getattr(message, "usage_metadata", None)
        sums["calls"] += 1
        sums["unreported"] += reported is None
        for name in ("input_tokens", "output_tokens"):
            sums[name] += reported[name] if reported else 0
    return list(used.values())
