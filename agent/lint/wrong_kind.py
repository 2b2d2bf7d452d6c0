"""The words for a kind of media that is not the one that is taken."""

from collections.abc import Mapping
from typing import Any

from ..plan import Step
from .finding import Finding


def wrong_kind(
    step: Step, what: str, given: frozenset[str], wanted: frozenset[str], *, repair: Mapping[str, Any] | None = None
) -> Finding:
    """Return that something is of one kind where another is taken."""
    through = (repair or {}).get("through", ())
    message = f"{what} is {_words(given)}, and `{step.tool}` takes {_words(wanted)}."
    message += f" Put {' and '.join(f'`{one}`' for one in through)} in between." if through else ""
    return Finding(step=step.id, rule="wrong-kind", message=message, repair=repair)


def _words(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds)) or "no media"
