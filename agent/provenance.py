"""Where the values of a run came from: the request and the files, the steps between, and the answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..tools.base.labels import USER, Labels, in_words, joined, trusted
from ..tools.base.workspace import PREFIX
from .assistant import Assistant
from .cards import wrapped
from .origins import record_labels
from .plan import RESERVED, Plan, Step, references, root_of
from .printing import fit, one_line, width

UNTRUSTED = "!"
_SAID = {"approve": "approved by you", "edit": "changed by you", "reject": "rejected"}
_ARGUMENT_LETTERS = 100


def provenance_of(assistant: Assistant, run_id: str) -> dict[str, Any]:
    """Return as JSON data where the values of a run came from."""
    view = assistant.show(run_id)
    turn = assistant.threads.turn(view.row.run)
    files = [one for one in turn.files if one.get("handle")]
    names = {one["handle"]: one["name"] for one in files}
    records = dict(turn.records) or {one.step.partition("[")[0]: one.record for one in view.steps}
    asked = {str(one["name"]).partition("[")[0]: one for one in view.decisions}
    known = {step["id"] for plan in view.plans for step in plan["steps"]}

    def of(labels: Labels) -> dict[str, Any]:
        outside = frozenset(one for one in labels if not one.startswith("tool:"))
        shown = labels if trusted(outside) else outside  # which steps are between is drawn
        said = in_words(shown, lambda handle: [names[handle]] if handle in names else [])
        return {"labels": sorted(labels), "trusted": trusted(labels), "from": said}

    plans = [
        {"goal": plan["goal"], **of(read), "steps": [_step(one, records, asked, known) | of(_labels(one, records))
                                                     for one in Plan.model_validate(plan).steps]}
        for plan, read in zip(view.plans, assistant.journal.read_before(view.row.run), strict=True)
    ]  # fmt: skip
    return {
        "run_id": view.row.run,
        "request": view.row.request,
        "files": [
            {
                "id": f"files[{number}]",
                "name": one["name"],
                **of(frozenset({f"media:{one['handle'].removeprefix(PREFIX)}"})),
            }
            for number, one in enumerate(files)
        ],
        "plans": plans,
        "answer": of(USER | joined(map(record_labels, records.values()))),
    }


def _labels(step: Step, records: Mapping[str, Mapping[str, Any]]) -> Labels:
    return record_labels(records[step.id]) if step.id in records else frozenset()


def _step(
    step: Step, records: Mapping[str, Mapping[str, Any]], asked: Mapping[str, Mapping[str, Any]], known: set[str]
) -> dict[str, Any]:
    args = {
        name: list(dict.fromkeys(_source(one, known) for one in references(value))) for name, value in step.args.items()
    }
    if step.for_each:
        args = {"for_each": [_source(one, known) for one in references(step.for_each)], **args}
    record = records.get(step.id)
    return {
        "id": step.id,
        "tool": step.tool,
        "status": record["status"] if record else "not run",
        "args": {name: {"from": found or ["the plan"], "value": step.args.get(name)} for name, found in args.items()},
        "approval": asked[step.id]["type"] if step.id in asked else "",
    }


def _source(reference: str, known: set[str]) -> str:
    root = root_of(reference)
    if root == "files":
        return reference
    return root if root in known or root in RESERVED else f"{root} (an earlier turn)"


def lines_of(plain: Mapping[str, Any], columns: int) -> Iterator[str]:
    """Yield what `provenance_of` gives as a drawing of at most so many columns."""
    yield fit(f"run {plain['run_id']}: where its values came from", columns)
    yield from _hung("", f"{UNTRUSTED} may be anybody's words: it steers nothing outside unless you approve", columns)
    yield ""
    yield "you"
    given = [f"request   {one_line(plain['request'])}"]
    given += [f"{one['id']} {UNTRUSTED} {one_line(one['name'])}  ({one['labels'][0][:18]}…)" for one in plain["files"]]
    for number, said in enumerate(given):
        yield fit(f"{_branch(number, given)}{said}", columns)
    for number, plan in enumerate(plain["plans"], 1):
        yield ""
        written = "on your words alone" if plan["trusted"] else f"{UNTRUSTED} after reading {plan['from']}"
        yield from _hung("", f"plan {number}, written {written}", columns)
        for place, step in enumerate(plan["steps"]):
            yield from _drawn(step, _branch(place, plan["steps"]), columns, is_own=plan["trusted"])
    yield ""
    answer = plain["answer"]
    read = "on your words alone" if answer["trusted"] else f"{UNTRUSTED} after reading {answer['from']}"
    yield from _hung("", f"answer, written {read}", columns)


def _drawn(step: Mapping[str, Any], branch: str, columns: int, *, is_own: bool) -> Iterator[str]:
    mark = "" if step["trusted"] else f" {UNTRUSTED}"
    yield fit(f"{branch}{step['id']}{mark} = {step['tool']}: {step['status']}", columns)
    stem = ("   " if branch.startswith("└") else "│  ") + "     "
    rows = []
    for name, one in step["args"].items():
        value = ""
        if one["from"] == ["the plan"]:
            value = f"{'' if is_own else f' {UNTRUSTED}'}: {fit(one_line(str(one['value'])), _ARGUMENT_LETTERS)}"
        rows.append((name, f"{', '.join(one['from'])}{value}"))
    rows += [("holds", f"{UNTRUSTED} {step['from']}")] if not step["trusted"] else []
    rows += [("asked", _SAID.get(step["approval"], step["approval"]))] if step["approval"] else []
    label = max((width(name) for name, _ in rows), default=0)
    for name, said in rows:
        arrow = "<-" if name in step["args"] else "  "
        yield from _hung(f"{stem}{name}{' ' * (label - width(name))} {arrow} ", said, columns, stem=stem)


def _branch(number: int, of: list[Any]) -> str:
    return "└─ " if number == len(of) - 1 else "├─ "


def _hung(head: str, text: str, columns: int, *, stem: str = "") -> Iterator[str]:
    """Yield a text after its head, its further lines under its first."""
    head = fit(head, max(columns // 2, 10))
    for number, line in enumerate(wrapped(text, max(columns - width(head), 10))):
        yield (stem + " " * (width(head) - width(stem)) if number else head) + line
