"""Writes a run's report again with what the model says of it, once that is proven; nothing is looked at again."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..tools.base.call import perform
from ..tools.base.errors import ToolError
from ..tools.base.journal import StepRow
from ..tools.base.labels import USER, joined
from ..tools.base.memo import digest
from .context import Context
from .events import ArtifactStored
from .evidence import Evidence, identify, same
from .plan import PlanError, Step, references, resolve
from .proof import Checked, Proof
from .state import State

REPORT = "write_report"
MOST_SENTENCES = 24
"""Of a model, in one report."""


async def write_again(
    context: Context, state: State, proof: Proof, evidence: Evidence, author: str
) -> dict[str, Any] | None:
    """Write the last report again with the claims that hold, and return the record of its step.

    Returns:
        None when the run wrote no report, or no claim rests on what the report has: the draft stays.
    """
    step = _report_step(context, state)
    if step is None:
        return None
    executor = context.executor
    numbered = {
        name: identify(name, result)
        for name, result in executor.scope.items()
        if name in state["records"] or name in state.get("earlier", {})
    }
    scope = {**executor.scope, **numbered}
    if any(one.split(".")[0] == "run" for one in references(step.args)):
        scope["run"] = _facts(executor.facts(), state)
    with suppress(PlanError):
        arguments = resolve(step.args, scope)
        sentences = _sentences(proof.checked, evidence, _ids(arguments.get("findings")))
        if not sentences:
            return None
        arguments |= {"sentences": sentences, "author": author}
        return await _written(context, state["records"][step.id], arguments)
    return None


def _report_step(context: Context, state: State) -> Step | None:
    """Return the last step of this run that wrote a report."""
    found = None
    executor = context.executor
    if REPORT not in executor.catalog:
        return None
    for plan in executor.journal.plans(executor.run.id):
        for one in plan["steps"]:
            record = state["records"].get(one["id"])
            if one["tool"] == REPORT and not one.get("for_each") and record and record["status"] == "done":
                found = Step.model_validate(one)
    return found


def _facts(facts: dict[str, Any], state: State) -> dict[str, Any]:
    """Return what ran without the report itself: it is the one that is being written."""
    return facts | {"steps": [one for one in facts["steps"] if one["tool"] != REPORT]}


async def _written(context: Context, before: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    executor, name = context.executor, str(before["step"])
    tool = executor.catalog[REPORT]
    try:
        labels = dict.fromkeys(arguments, USER | joined(executor.labels.values()))
        call_id = f"{executor.run.id}-{name}-proven"
        outcome = await perform(tool, arguments, executor.run, call_id=call_id, labels=labels)
    except ToolError:
        return None  # the draft is proven as well
    result = outcome.result.model_dump(mode="json")
    record = {
        **before,
        "seconds": round(before["seconds"] + outcome.seconds, 4),
        "artifacts": [one.handle for one in outcome.artifacts],
        "partial": bool(result.get("partial")),
        "cached": False,
        "key": digest(name, tool.name, tool.version, "proven"),
        "labels": sorted(outcome.labels),
    }
    executor.journal.record(
        executor.run.id, StepRow(step=name, key=record["key"], record=record, result=result), executor.elapsed()
    )
    executor.scope[name] = result
    for handle in record["artifacts"]:
        with suppress(ToolError):
            context.emit(ArtifactStored(step=name, artifact=executor.run.artifact(handle)))
    return record


def _ids(findings: Any) -> dict[str, str]:
    """Return the ids of the evidence that a report has, by what they are of: the same moment may have several."""
    found: dict[str, str] = {}
    waiting = [findings]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, Mapping):
            home = one.get("media")
            for part in [*(one.get("moments") or []), *(one.get("measures") or [])]:
                if isinstance(part, Mapping) and part.get("id"):
                    found.setdefault(same({**part, "media": part.get("media") or home}), part["id"])
    return found


def _sentences(checked: Sequence[Checked], evidence: Evidence, ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the claims that hold, each with its evidence in the report; none that rests on anything else."""
    found = []
    for one in checked:
        if one.status != "backed" or one.claim.block in ("heading", "code") or one.claim.leads:
            continue
        known = [ids.get(same(part)) for name in one.evidence if (part := _plain(evidence, name)) is not None]
        if known and len(known) == len(one.evidence) and None not in known:
            sentence = {"text": one.claim.text, "evidence": list(dict.fromkeys(known)), "chapter": one.claim.heading}
            found.append(sentence)
    return found[:MOST_SENTENCES]


def _plain(evidence: Evidence, name: str) -> Mapping[str, Any] | None:
    part = evidence.moments.get(name) or evidence.measures.get(name)
    return part.model_dump(mode="json") if part else None
