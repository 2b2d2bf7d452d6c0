"""A plan for people: its steps, what was mended, what is wrong, and what it takes and costs."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from ..tools.base.estimate import Estimate
from ..tools.base.price import Quote
from .answer import Planned
from .cards import wrapped
from .lint import Finding, errors
from .plan import Step
from .printing import fit, one_line, pad, say, say_json, width
from .quote import PlanQuote

MOST_COLUMNS = 110
_HINT = re.compile(r" (?=It takes: |It gives: |There are: |There is: |Did you mean |Name one of its items)")
_UNITS = {
    "frames": "frames", "pictures": "pictures", "audio_minutes": "minutes of sound",
    "characters": "characters to say", "video_seconds": "seconds of video", "calls": "requests",
    "input_tokens": "tokens in", "output_tokens": "tokens out",
}  # fmt: skip


def show_planned(planned: Planned, *, as_json: bool) -> int:
    """Print a plan and return the exit code: 1 when something keeps it from being run."""
    if as_json:
        say_json(planned.plain(), indent=1)
    else:
        for line in plan_lines(planned, min(shutil.get_terminal_size((80, 24)).columns, MOST_COLUMNS)):
            say(line)
    return 1 if errors(planned.findings) else 0


def plan_lines(planned: Planned, columns: int) -> Iterator[str]:
    """Yield a plan as lines of at most so many columns."""
    if planned.text:
        yield from wrapped(planned.text, columns)
    if planned.plan:
        if planned.text:
            yield ""
        yield from _hanging("Plan: ", planned.plan.goal or "(it has no goal)", columns)
        yield from _steps(planned.plan.steps, columns)
    wrong, odd = errors(planned.findings), [one for one in planned.findings if one.severity == "warning"]
    for title, findings in (("Mended", planned.repairs), ("Wrong", wrong), ("To consider", odd)):
        if findings:
            yield ""
            yield f"{title}:"
            for told in _told(findings):
                yield from _hanging("  - ", told, columns)
    if planned.quote:
        yield ""
        yield from _hanging("Takes: ", takes(planned.quote.units), columns)
        yield from _hanging("Costs: ", costs(planned.quote), columns)


def _steps(steps: list[Step], columns: int) -> Iterator[str]:
    ids = min(max(width(step.id) for step in steps), max(columns // 4, 8))
    for number, step in enumerate(steps, 1):
        tool = f"{step.tool} (may fail)" if step.optional else step.tool
        yield fit(f"{number:>2}. {pad(step.id, ids)}  {tool}", columns)
        indent = " " * (ids + 6)
        if step.for_each:
            yield from _hanging(indent, f"for each of {step.for_each}", columns)
        for name, value in step.args.items():
            yield from _hanging(indent, f"{name}: {_value(value)}", columns)
        after = sorted(step.needs())
        if after:
            yield from _hanging(indent, f"after {', '.join(after)}", columns)


def _value(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _told(findings: list[Finding]) -> Iterator[str]:
    """Yield findings in words; those of one step that say the same, once."""
    seen: set[str] = set()
    for one in findings:
        told = f"{one.step}: {one.message}" if one.step else one.message
        done = _done(one.repair) if one.repair else ""
        if done:  # what it might have been is of no more use
            told = _HINT.split(told, maxsplit=1)[0]
        if f"{told}{done}" not in seen:
            seen.add(f"{told}{done}")
            yield f"{told}{done}"


def _done(repair: Mapping[str, Any]) -> str:
    """Return in words what mended something."""
    match repair.get("do"):
        case "rename-tool" | "rename-argument" | "rename-dependency":
            return f" Now `{repair['to']}`."
        case "rewrite-reference":
            return f" Now `${repair['to']}`."
        case "set-for-each":
            return f" Now `{repair['to']}`."
        case "set-argument" | "set-place":
            return f" Now {_value(repair['value'])}."
        case "remove-argument" | "remove-dependency" | "remove-dependency-of" | "remove-at":
            return " Left out."
        case "merge":
            return f" Now `{repair['into']}` serves both."
        case "convert" | "convert-link":
            return " Done."
        case "replace-chain":
            return f" Now `{repair['tool']}` alone."
    return ""


def _hanging(label: str, text: str, columns: int) -> Iterator[str]:
    """Yield text after a label, its further lines under its first."""
    indent = " " * width(label)
    for number, line in enumerate(wrapped(text, max(columns - width(label), 10)) or [""]):
        yield (indent if number else label) + line


def takes(units: Estimate) -> str:
    """Return in words what something takes: `5 to 40 frames, likely 10`."""
    parts = []
    for name, words in _UNITS.items():
        low, likely, high = (one.get(name, 0) for one in (units.low, units.likely, units.high))
        if not high:
            continue
        numbers = list(dict.fromkeys(map(_number, (low, likely, high))))
        span = numbers[0] if len(numbers) == 1 else f"{_number(low)} to {_number(high)}"
        likely_words = f" (likely {_number(likely)})" if len(numbers) == 3 else ""
        parts.append(f"{span} {words}{likely_words}")
    return ", ".join(parts) or "nothing that is counted"


def costs(quote: PlanQuote) -> str:
    """Return in words what a plan costs."""
    paid = [one for one in quote.steps if one.served_by]
    if not paid:
        return "nothing: all of it is done on this machine"
    who = ", ".join(dict.fromkeys(one.served_by for one in paid))
    unpriced = dict.fromkeys(one.served_by for one in paid if not one.cost.is_known)
    if unpriced:
        names = ", ".join(unpriced)
        return f"unknown: no price is set for {names}; give one in `[providers.NAME.price]` of sensorium.toml"
    return f"{money(quote.cost)} ({who})"


def money(cost: Quote) -> str:
    """Return in words what is quoted in USD."""
    if cost.low_usd is None or cost.likely_usd is None or cost.high_usd is None:
        return "unknown"
    if cost.low_usd == cost.high_usd:
        return f"{_usd(cost.high_usd)} USD"
    return f"{_usd(cost.low_usd)} to {_usd(cost.high_usd)} USD, likely {_usd(cost.likely_usd)}"


def _usd(amount: float) -> str:
    text = f"{amount:.4f}" if amount < 1 else f"{amount:.2f}"
    return re.sub(r"(\.\d\d\d*?)0+$", r"\1", text)


def _number(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 10 or amount == int(amount) else f"{amount:.1f}"
