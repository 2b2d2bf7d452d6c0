"""`sensorium show`: the whole of a run, as wide as the terminal."""

import argparse
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..tools.base.errors import ArgumentError
from ..tools.base.settings import Settings
from ..tools.base.workspace import PREFIX
from .answer import RunView
from .assistant import Assistant
from .cli import words
from .file_view import file_named, show_file
from .plan import Plan
from .printing import fit, one_line, pad, say, say_json, width
from .provenance import lines_of as drawn
from .provenance import provenance_of
from .sent_text import sent_lines
from .tool_commands import columns

_ARGUMENT_COLUMNS = 180
"""Of one argument, over several lines; `--json` has more of it."""
_HASH_LETTERS = 12
"""Of a call's key: what tells it from the others of a run."""


def show(chosen: argparse.Namespace) -> int:
    """Show a run: its plans, calls, costs, files and answer; or where its values came from; or who made a file."""
    with Assistant(Settings.read()) as assistant:
        if not chosen.provenance and (file := file_named(assistant.journal, chosen.run_id)):
            return show_file(assistant.settings, file, as_json=chosen.json)
        chosen.run_id = words(chosen.run_id)
        if chosen.provenance:
            return _show_provenance(provenance_of(assistant, chosen.run_id), as_json=chosen.json)
        try:
            view = assistant.show(chosen.run_id)
        except ArgumentError as error:
            raise ArgumentError(f"{error} Nor is there a file of that name.") from error
    if chosen.json:
        say_json(view.plain(), indent=1)
        return 0
    for line in lines_of(view, columns()):
        say(line)
    return 0


def _show_provenance(plain: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        say_json(plain, indent=1)
        return 0
    for line in drawn(plain, columns()):
        say(line)
    return 0


def lines_of(view: RunView, columns: int) -> Iterator[str]:
    """Yield what is recorded of a run, in lines of at most `columns`; the answer is as long as it is."""
    row = view.row
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.created))
    yield fit(f"run {row.run}: {row.status}, {row.seconds:.1f} s, {when}", columns)
    if view.thread and view.thread != row.run:
        yield fit(f"thread {view.thread}", columns)
    yield from _wrapped("request: ", row.request, columns)
    for name in row.files:
        yield from _wrapped("file: ", name, columns)
    for number, plan in enumerate(view.plans, 1):
        yield ""
        yield from _plan(Plan.model_validate(plan), f"plan {number}" if len(view.plans) > 1 else "plan", columns)
    if view.steps or row.answer.get("steps"):
        yield ""
        yield from _calls(view, columns)
    for title, found in (
        ("waits for approval", _asked(row.answer.get("asked") or {}, columns)),
        ("approvals", _decisions(view.decisions, columns)),
        ("costs", _costs(view, columns)),
        ("sent", _sent(view, columns)),
        ("models", _models(view.row.answer.get("usage", []), columns)),
        ("artifacts", _artifacts(view.plain()["artifacts"], columns)),
    ):
        listed = list(found)
        if listed:
            yield ""
            yield f"{title}:"
            yield from listed
    if text := row.answer.get("text"):
        yield ""
        yield text


def _plan(plan: Plan, title: str, columns: int) -> Iterator[str]:
    yield from _wrapped(f"{title}: ", plan.goal, columns)
    for number, step in enumerate(plan.steps, 1):
        marks = [f"for each of {step.for_each}"] if step.for_each else []
        marks += [f"after {', '.join(sorted(step.needs()))}"] if step.needs() else []
        marks += ["optional"] if step.optional else []
        yield fit(f"{number:>3}. {step.id} = {step.tool}{''.join(f', {one}' for one in marks)}", columns)


def _calls(view: RunView, columns: int) -> Iterator[str]:
    yield "calls:"
    for one in view.steps:
        record = one.record
        notes = ["remembered" if record["cached"] else f"{record['seconds']:.1f} s"]
        notes += [f"${record['cost_usd']:.4f}"] if record["cost_usd"] else []
        notes += [record["provider"]] if record["provider"] != "sensorium" else []
        notes += ["partial"] if record.get("partial") else []
        yield fit(f"  {pad(record['status'], 9)} {one.step} = {record['tool']}: {', '.join(notes)}", columns)
        yield fit(f"      call {one.key[:_HASH_LETTERS]}", columns)
        for name, value in one.args.items():
            yield from _wrapped(f"      {name}: ", _value(value), columns, indent=8)
        for handle in record["artifacts"]:
            yield fit(f"      -> {_short(handle)}", columns)
    done = {one.step.split("[")[0] for one in view.steps}
    for ended in view.row.answer.get("steps", []):
        if ended["id"] not in done:
            yield fit(f"  {pad(ended['status'], 9)} {ended['id']} = {ended['tool']}", columns)
            if ended["error"]:
                yield from _wrapped("      ", ended["error"]["message"], columns)


def _asked(asked: Mapping[str, Any], columns: int) -> Iterator[str]:
    for one in asked.get("action_requests", ()):
        yield fit(f"  {one['name']}", columns)
        for name, value in one["args"].items():
            yield from _wrapped(f"      {name}: ", _value(value), columns, indent=8)


def _decisions(decisions: Iterable[Mapping[str, Any]], columns: int) -> Iterator[str]:
    for one in decisions:
        yield fit(f"  {pad(str(one['type']), 9)} {one['name']} = {one['tool']}", columns)
        if one.get("message"):
            yield from _wrapped("      ", str(one["message"]), columns)


def _costs(view: RunView, columns: int) -> Iterator[str]:
    for one in view.orders:
        price = "price unknown" if one.usd is None and one.state == "done" else f"${one.usd or 0.0:.4f}"
        units = ", ".join(f"{value:g} {name.replace('_', ' ')}" for name, value in one.units.items() if value)
        what = f"{one.role} {one.provider}:{one.model}" + (f" for {one.call}" if one.call else "")
        yield fit(f"  {pad(one.state, 9)} {price:>8}  {what}", columns)
        if units:
            yield fit(f"      {units}", columns)
        if one.job:
            goes_on = " goes on there; `sensorium resume` asks for it" if one.state in ("intent", "unknown") else ""
            yield from _wrapped("      job ", f"{one.job}{goes_on}", columns, indent=10)


def _sent(view: RunView, columns: int) -> Iterator[str]:
    if not view.egress and not view.row.options.get("own_brain"):
        yield "  nothing left this machine"
    yield from sent_lines(view.egress, columns)


def _models(usage: Iterable[Mapping[str, Any]], columns: int) -> Iterator[str]:
    for one in usage:
        counted = f"{one['input_tokens']} tokens in, {one['output_tokens']} out"
        calls = f"{one['calls']} call{'s' * (one['calls'] != 1)}"
        missing = f", {one['unreported']} not counted by the server" if one["unreported"] else ""
        yield fit(f"  {one['provider']}:{one['model']}: {calls}, {counted}{missing}", columns)


def _artifacts(artifacts: Iterable[Mapping[str, Any]], columns: int) -> Iterator[str]:
    for one in artifacts:
        yield fit(f"  {one['name']}: {one['media_type']}, {one['bytes']:,} bytes", columns)
        yield from _wrapped("      sha256 ", one["sha256"], columns, indent=13)


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _short(text)


def _short(text: str) -> str:
    """Return text with the hashes of handles cut: the whole stands beside the artifact."""
    parts = text.split(PREFIX)
    return "sha256:".join([parts[0], *(part[:_HASH_LETTERS] + part[64:] for part in parts[1:])])


def _wrapped(head: str, text: str, columns: int, *, indent: int = 4) -> Iterator[str]:
    """Yield a text after its head, over as many lines as it needs, indented; a word too long for a line is cut."""
    line = head
    for number, word in enumerate(fit(one_line(text), _ARGUMENT_COLUMNS).split(" ")):
        gap = " " if number else ""
        if width(line + gap + word) <= columns:
            line += gap + word
            continue
        # A long word begins on this line when most of the line is still free.
        if line.strip() and width(line) > columns // 2:
            yield line
            line, gap = " " * indent, ""
        line += gap
        for letter in word:
            if width(line + letter) > columns:
                yield line
                line = " " * indent
            line += letter
    yield line
