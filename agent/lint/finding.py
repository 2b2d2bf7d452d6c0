"""What is wrong with a plan: which step, which rule, and what mends it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    step: str
    """Id of the step; empty for the whole plan."""
    rule: str
    message: str
    severity: Severity = "error"
    """An error keeps the plan from being run; a warning does not."""
    repair: Mapping[str, Any] | None = None
    """What mends it, when only one thing can be meant: `do`, and what it is done to; see `repairing`."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)

    def told(self) -> dict[str, str]:
        """Return what the maker of the plan needs in order to mend it."""
        return {"step": self.step, "rule": self.rule, "message": self.message}


def errors(findings: list[Finding]) -> list[Finding]:
    """Return the findings that keep a plan from being run."""
    return [one for one in findings if one.severity == "error"]
