"""What a provider does not do, and what costs or takes more than it may."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..plan import Step, references
from .draft import Draft
from .finding import Finding
from .names import plain_name, words
from .toolspec import ToolSpec
from .values import read_number, read_seconds


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The most that a plan may cost and take; None where there is no limit."""

    usd: float | None = None
    seconds: float | None = None
    quoted_usd: float | None = None
    """What the plan is likely to cost; of a catalog of plain data it is the sum of `cost_usd`."""
    quoted_seconds: float | None = None
    limits: Mapping[str, Mapping[str, Any]] | None = None
    """Tool -> limits of who serves it, beside those of the catalog."""


NO_BOUNDS = Bounds()


def check_limits(step: Step, spec: ToolSpec, bounds: Bounds) -> Iterator[Finding]:
    """Find arguments that are beyond what a tool or its provider does.

    A limit is `max_NAME`, `min_NAME`, `NAME` with a list of what is allowed or with `min` and `max`; NAME is that of an
    argument, or one that means the same.
    """
    limits = {**spec.limits, **(bounds.limits or {}).get(step.tool, {})}
    for key, limit in limits.items():
        edge, name = _edge(key)
        for argument, value in step.args.items():
            if not _is_same(name, argument) or any(references(value)):
                continue
            yield from _compare(step, argument, value, edge, limit)


def _edge(key: str) -> tuple[str, str]:
    for edge, starts in (("max", ("max_", "maximum_", "longest_", "most_")), ("min", ("min_", "minimum_", "least_"))):
        for start in starts:
            if key.startswith(start):
                return edge, key[len(start) :]
    return "", key.removeprefix("allowed_")


def _is_same(limit: str, argument: str) -> bool:
    one, other = set(words(limit)) or {limit}, set(words(argument)) or {argument}
    return one == other or (len(one) == 1 and one < other and not other & {"every", "between"})


def _compare(step: Step, argument: str, value: Any, edge: str, limit: Any) -> Iterator[Finding]:
    if isinstance(limit, Mapping):
        for key in ("min", "max", "minimum", "maximum"):
            if key in limit:
                yield from _compare(step, argument, value, key[:3], limit[key])
        allowed = next((limit[key] for key in ("values", "enum", "in", "allowed") if key in limit), None)
        if allowed is not None:
            yield from _compare(step, argument, value, "", allowed)
        return
    if isinstance(limit, list | tuple):
        yield from _allowed(step, argument, value, limit)
        return
    number = len(value) if isinstance(value, list) else _number(value)
    if number is None or isinstance(limit, bool) or not isinstance(limit, int | float):
        return
    if number > limit if edge != "min" else number < limit:
        most = "at least" if edge == "min" else "at most"
        yield Finding(
            step=step.id,
            rule="over-limit",
            message=f"`{argument}` of `{step.tool}` is {number:g}, and {most} {limit:g} is possible.",
        )


def _allowed(step: Step, argument: str, value: Any, allowed: Sequence[Any]) -> Iterator[Finding]:
    if value in allowed or isinstance(value, list | Mapping):
        return
    same = [one for one in allowed if _plain(one) == _plain(value)]
    yield Finding(
        step=step.id,
        rule="over-limit",
        message=f"`{argument}` of `{step.tool}` is {value!r}, and can be: {', '.join(map(str, allowed))}.",
        repair={"do": "set-argument", "argument": argument, "value": same[0]} if len(same) == 1 else None,
    )


def _plain(value: Any) -> str:
    """Return `16x9`, `16/9` and `16:9` alike."""
    return plain_name(str(value).casefold().replace("x", ":").replace("×", ":"))


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        found = read_number(value)
        return read_seconds(value) if found is None else found
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def check_totals(draft: Draft, bounds: Bounds) -> Iterator[Finding]:
    """Find plans that use a tool too often, or cost or take more than they may."""
    counts = Counter(step.tool for step in draft.plan.steps)
    for tool, count in counts.items():
        most = draft.specs[tool].limits.get("max_calls") if tool in draft.specs else None
        if isinstance(most, int) and count > most:
            last = [step for step in draft.plan.steps if step.tool == tool][-1]
            yield Finding(
                step=last.id,
                rule="over-limit",
                message=f"`{tool}` is called {count} times, and at most {most} is possible.",
            )
    priced = [(spec.price_usd or 0.0, name) for name, spec in draft.tools.items()]
    usd = bounds.quoted_usd if bounds.quoted_usd is not None else sum(one for one, _ in priced)
    if bounds.usd is not None and usd > bounds.usd:
        dearest = max(priced)[1] if any(one for one, _ in priced) else ""
        yield Finding(
            step=dearest,
            rule="over-budget",
            message=f"The plan is likely to cost {usd:.4g} USD, and may cost {bounds.usd:g}.",
        )
    seconds = bounds.quoted_seconds if bounds.quoted_seconds is not None else _longest_way(draft)
    if bounds.seconds is not None and seconds > bounds.seconds:
        yield Finding(
            step="",
            rule="over-time",
            message=f"The plan is likely to take {seconds:.4g} s, and may take {bounds.seconds:g}.",
        )


def _longest_way(draft: Draft) -> float:
    """Return the seconds of the longest chain of steps; those beside it run at the same time."""
    ends: dict[str, float] = {}

    def end(name: str, within: frozenset[str]) -> float:
        if name in within:
            return 0.0  # a circle, which is told of
        if name not in ends:
            own = draft.tools[name].seconds or 0.0 if name in draft.tools else 0.0
            before = [end(one, within | {name}) for one in draft.needs[name] if one in draft.steps]
            ends[name] = own + max(before, default=0.0)
        return ends[name]

    return max((end(name, frozenset()) for name in draft.steps), default=0.0)
