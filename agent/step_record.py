"""How a step ended, as plain data."""

import traceback
from collections import Counter
from typing import Any

from ..tools.base.call import Outcome
from ..tools.base.errors import SensoriumError, ToolError
from ..tools.base.labels import NOTHING, Labels
from ..tools.base.labels import joined as joined_labels
from ..tools.base.secrets import redact_told
from .origins import record_labels
from .plan import MISSING, Step

Record = dict[str, Any]
"""How a step ended: step, tool, status, seconds, cached, provider, cost_usd, error, artifacts, partial; the journal's
`key` of its call, or of a step with `for_each` those of the items that are done, in order; the `labels` of who had a
part in it; and once its plan ended, whether it is `final`, that is, no other step used it, and `edited`, when the user
changed its call before it ran."""

WAITING = "waiting"
"""The status of a step that has to wait for the user's approval; it has not ended."""


def record_of(
    step: Step,
    status: str,
    *,
    outcome: Outcome | None = None,
    error: dict[str, str] | None = None,
    seconds: float = 0.0,
    cached: bool = False,
    provider: str = "sensorium",
    artifacts: list[str] | None = None,
    partial: bool = False,
    key: str | list[str] = "",
    labels: Labels = NOTHING,
) -> Record:
    """Return how a step, or one of its calls, ended; what the door says of the call goes before all else."""
    return {
        "step": step.id,
        "tool": step.tool,
        "status": status,
        "seconds": round(outcome.seconds if outcome else seconds, 4),
        "cached": outcome.cached if outcome else cached,
        "provider": outcome.provider if outcome else provider,
        "cost_usd": outcome.cost_usd if outcome else 0.0,
        "error": error,
        "artifacts": [one.handle for one in outcome.artifacts] if outcome else artifacts or [],
        "partial": partial,
        "key": key,
        "labels": sorted(outcome.labels if outcome else labels),
    }


def error_of(error: Exception) -> dict[str, str]:
    """Return what went wrong as a record tells it."""
    if isinstance(error, SensoriumError):
        return {"type": type(error).__name__, "message": str(error)}
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.name}, line {last.lineno}"
    told = redact_told(f"{type(error).__name__}: {error}")
    return {"type": "Bug", "message": f"This is a fault of Sensorium: {told} (in {where})."}


def joined(step: Step, ended: list[tuple[Record, Any]]) -> tuple[Record, Any]:
    """Return the record of a step with `for_each`: done when at least one item is, partial when one is not."""
    if any(record["status"] == WAITING for record, _ in ended):
        return record_of(step, WAITING), MISSING
    results = [result for _, result in ended if result is not MISSING]
    failures = [record["error"] for record, result in ended if result is MISSING]
    if failures and all(record["status"] == "rejected" for record, _ in ended):
        return record_of(step, "rejected", error=failures[0]), MISSING
    if failures and not results:
        raise ToolError(f"All {len(failures)} items failed. The first: {failures[0]['message']}")
    record = record_of(
        step,
        "done",
        seconds=sum(one["seconds"] for one, _ in ended),
        cached=bool(ended) and all(one["cached"] for one, _ in ended),
        provider=Counter(one["provider"] for one, _ in ended).most_common(1)[0][0] if ended else "sensorium",
        artifacts=[handle for one, _ in ended for handle in one["artifacts"]],
        partial=bool(failures) or any(one["partial"] for one, _ in ended),
        key=[one["key"] for one, result in ended if result is not MISSING],
        labels=joined_labels(record_labels(one) for one, _ in ended),
    )
    if failures:
        record["error"] = {"type": "Partial", "message": f"{len(failures)} of {len(ended)} items failed."}
    return record, results
