"""Reads a plan in whatever shape it comes, and says what of its shape was mended.

Beside our own shape, `{"goal", "steps": [{"id", "tool", "args", …}]}`, these are understood: JSON in a string, a bare
list of steps, steps as an object of id -> step, other names of the same fields, calls as chat models write them, and
graphs `{"task_nodes": [{"task", "arguments"}], "task_links": [{"source", "target"}]}` whose arguments name the node
they come from as `<node-0>`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ..arguments import BrokenArguments, read_arguments
from ..plan import RESERVED, Plan, Step, root_of
from . import sizes
from .finding import Finding
from .links import named_links
from .notations import Notations, is_foreign
from .toolspec import Specs

MAX_STEPS = 64
_STEPS = ("steps", "plan", "task_nodes", "nodes", "tasks", "actions", "workflow", "tool_calls", "calls")
_ASKED = ("asked", "result", "results", "output", "outputs", "returns", "answer")
_LINKS = ("task_links", "links", "edges")
_GOAL = ("goal", "request", "objective", "user_request", "query", "title", "name", "description")
_FIELDS = {
    "id": ("id", "step_id", "step", "key", "node_id", "task_id", "index", "number"),
    "tool": ("tool", "tool_name", "function", "function_name", "task", "action", "name", "operation", "api", "tool_id"),
    "args": ("args", "arguments", "parameters", "params", "tool_input", "action_input", "inputs", "input", "kwargs",
             "tool_args"),
    "depends_on": ("depends_on", "dependencies", "dependency", "depends", "dep", "deps", "after", "needs", "requires"),
    "for_each": ("for_each", "foreach", "forEach", "each", "map_over"),
    "optional": ("optional", "is_optional"),
}  # fmt: skip
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class Unreadable(Exception):
    """It is no plan; the message says why."""

    def __init__(self, message: str, rule: str = "plan-shape") -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True, kw_only=True)
class Read:
    """A plan, and what else its data said."""

    plan: Plan
    mended: list[Finding] = field(default_factory=list)
    """What of its shape was mended."""
    links: frozenset[tuple[str, str]] = frozenset()
    """The links it names beside its references."""
    asked: frozenset[str] = frozenset()
    """The steps whose results it says are wanted."""
    files: list[dict[str, Any]] | None = None
    """The files it says it is for."""


def read_plan(given: Any, specs: Specs) -> Read:
    """Return the plan, and what else its data says.

    Raises:
        Unreadable: It is no plan, and no mending is certain.
    """
    if why := sizes.too_much(
        [[step.args, step.for_each] for step in given.steps] if isinstance(given, Plan) else given
    ):
        raise Unreadable(f"The plan {why}.")
    plan = given if isinstance(given, Plan) else None
    if isinstance(given, Mapping) and given.keys() == {"goal", "steps"}:
        with suppress(ValidationError):  # what does not fit is read step by step below
            plan = Plan.model_validate(given)
    if plan is not None:
        _count(plan.steps)
    if plan is not None and not any(is_foreign(step.args) or is_foreign(step.for_each) for step in plan.steps):
        return Read(plan=plan)
    return _Reader(specs).read(given)


class _Reader:
    def __init__(self, specs: Specs) -> None:
        self._specs = specs
        self._mended: list[Finding] = []
        self._ids: dict[str, str] = {}
        """What the plan calls a step -> its id here."""
        self._is_graph = False
        """Whether it is a graph of `task_nodes`, whose shape is another one and not a wrong one."""

    def read(self, given: Any) -> Read:
        outer = self._decoded(given, "The plan")
        inner = self._steps_of(outer)
        goal = self._goal(outer)
        links = self._links(outer)
        _count(inner)
        raw = [self._fields(one, number) for number, one in enumerate(inner)]
        if not raw:
            raise Unreadable("The plan has no steps. Give at least one: `{id, tool, args}`.")
        self._number(raw)
        self._notations = Notations(raw, self._ids, self._mend)
        if self._notations.count_from_1():
            told = "The nodes are counted from 1, and `<node-0>` is the first one."
            self._mended.append(_mending("", told))
        steps = [self._step(fields, number) for number, fields in enumerate(raw)]
        named = named_links(links, steps, self._ids)
        try:
            plan = self._plan(goal, steps)
        except ValidationError as error:
            first = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
            raise Unreadable(first) from error
        more = outer if isinstance(outer, Mapping) else {}
        wanted = (name for key in _ASKED for name in _named(more.get(key)))
        asked = frozenset(self._ids[one] for one in wanted if one in self._ids)
        return Read(plan=plan, mended=self._mended, links=named, asked=asked, files=_files(more.get("files")))

    def _plan(self, goal: str, steps: list[dict[str, Any]]) -> Plan:
        if len(steps) <= MAX_STEPS:
            return Plan.model_validate({"goal": goal, "steps": steps})
        return Plan.model_construct(goal=goal, steps=[Step.model_validate(one) for one in steps])

    def _mend(self, step: str, message: str) -> None:
        if not self._is_graph:
            self._mended.append(_mending(step, message))

    def _decoded(self, given: Any, what: str) -> Any:
        if hasattr(given, "model_dump"):
            return given.model_dump()
        if not isinstance(given, str):
            return given
        text = given.strip()
        try:
            if text.startswith("["):
                decoded = read_arguments('{"steps": ' + text + "}")["steps"]
            else:
                decoded = read_arguments(text)
        except BrokenArguments as error:
            raise Unreadable(str(error)) from error
        self._mend("", f"{what} was JSON in a string.")
        return decoded

    def _steps_of(self, outer: Any) -> Sequence[Any]:
        if isinstance(outer, list):
            self._mend("", "The plan was a bare list of steps.")
            return outer
        if not isinstance(outer, Mapping):
            raise Unreadable(f"The plan is {type(outer).__name__}, and must be an object with `goal` and `steps`.")
        self._is_graph = "task_nodes" in outer
        for key in _STEPS:
            if key in outer and isinstance(outer[key], str | list | Mapping):
                if key != "steps":
                    self._mend("", f"The steps stood in `{key}`.")
                more = [name for name in outer if name not in (key, *_GOAL, *_LINKS, *_ASKED, "files")]
                if more:
                    self._mend("", f"The plan had more fields, left out: {', '.join(map(str, more))}.")
                return self._sequence(outer[key], key)
        if _find(outer, "tool") is not None:
            self._mend("", "The plan was a single step.")
            return [outer]
        if outer and all(isinstance(one, Mapping) and _find(one, "tool") is not None for one in outer.values()):
            self._mend("", "The steps stood in the plan by their ids.")
            return [{"id": id, **one} for id, one in outer.items()]
        raise Unreadable("The plan has no `steps`. Give a list of `{id, tool, args}`.")

    def _sequence(self, steps: Any, key: str) -> Sequence[Any]:
        if isinstance(steps, str):
            steps = self._decoded(steps, f"`{key}`")
        if isinstance(steps, list):
            return steps
        if isinstance(steps, Mapping):
            for inner in ("steps", "task_nodes", "nodes"):
                if isinstance(steps.get(inner), list | Mapping):
                    return self._sequence(steps[inner], inner)
            if _find(steps, "tool") is not None and not all(isinstance(one, Mapping) for one in steps.values()):
                self._mend("", f"`{key}` was a single step.")
                return [steps]
            self._mend("", f"`{key}` was an object of id -> step.")
            return [{"id": id, **one} if isinstance(one, Mapping) else one for id, one in steps.items()]
        raise Unreadable(f"`{key}` of the plan is {type(steps).__name__}, and must be a list of steps.")

    def _goal(self, outer: Any) -> str:
        if not isinstance(outer, Mapping):
            return ""
        if isinstance(outer.get("plan"), Mapping):
            outer = {**outer["plan"], **outer}
        return next((outer[key] for key in _GOAL if isinstance(outer.get(key), str)), "")

    def _links(self, outer: Any) -> list[Mapping[str, Any]]:
        found = next((outer[key] for key in _LINKS if key in outer), None) if isinstance(outer, Mapping) else None
        return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []

    def _fields(self, one: Any, number: int) -> dict[str, Any]:
        """Return what a step says under our names of the fields."""
        if isinstance(one, str):
            known = one in self._specs
            if not known:
                raise Unreadable(f"Step {number + 1} is the text {one[:60]!r}, and must be `{{id, tool, args}}`.")
            self._mend("", f"Step {number + 1} was only the name of a tool.")
            return {"tool": one}
        if not isinstance(one, Mapping):
            raise Unreadable(f"Step {number + 1} is {type(one).__name__}, and must be `{{id, tool, args}}`.")
        if isinstance(one.get("function"), Mapping):
            one = {**{key: part for key, part in one.items() if key not in ("type", "function")}, **one["function"]}
        found: dict[str, Any] = {}
        taken: set[str] = set()
        for name in ("tool", "id", "args", "depends_on", "for_each", "optional"):
            for key in _FIELDS[name]:
                if key in one and key not in taken and one[key] is not None:
                    if name == "tool" and not isinstance(one[key], str):
                        continue
                    found[name] = one[key]
                    taken.add(key)
                    if key != name:
                        self._mend(str(one.get("id", "")), f"`{key}` of step {number + 1} is `{name}` here.")
                    break
        if "tool" not in found:
            raise Unreadable(f"Step {number + 1} names no `tool`.")
        more = [key for key in one if key not in taken and key not in _FIELDS]
        if more:
            self._mend(str(found.get("id", "")), f"Step {number + 1} had more fields, left out: {', '.join(more)}.")
        return found

    def _number(self, raw: list[dict[str, Any]]) -> None:
        """Give every step an id that is an identifier; ids that are none are written anew."""
        used: set[str] = {str(one["id"]) for one in raw if _ID.fullmatch(str(one.get("id", "")))}
        for number, one in enumerate(raw):
            said = str(one["id"]) if "id" in one else ""
            if _ID.fullmatch(said):
                one["id"] = said
                self._ids.setdefault(said, said)
                continue
            base = re.sub(r"\W", "_", said or _short(one["tool"]), flags=re.A).strip("_") or "step"
            base = f"step_{base}" if base[0].isdigit() or base in RESERVED else base
            id, turn = base[:60], 1
            while id in used or id in RESERVED:
                turn += 1
                id = f"{base[:56]}_{turn}"
            used.add(id)
            one["id"] = id
            if said:
                self._ids[said] = id
                self._mend(id, f"The id {said!r} is no name; it is `{id}` here.")
            else:
                self._mend(id, f"Step {number + 1} had no id; it is `{id}` here.")

    def _step(self, fields: dict[str, Any], number: int) -> dict[str, Any]:
        id = fields["id"]
        step: dict[str, Any] = {"id": id, "tool": str(fields["tool"]).strip()}
        step["args"] = self._notations.rewritten(self._arguments(fields.get("args"), id, step["tool"]), id, number)
        if "depends_on" in fields:
            step["depends_on"] = self._dependencies(fields["depends_on"], id)
        if "for_each" in fields:
            each = self._notations.rewritten(fields["for_each"], id, number)
            if isinstance(each, list) and len(each) == 1:
                each = each[0]
            if not isinstance(each, str):
                raise Unreadable(f'`for_each` of `{id}` must be a reference to a list, such as "$frames.items".')
            if each.strip():
                step["for_each"] = each if each.startswith("$") else f"${each}"
        if "optional" in fields:
            step["optional"] = str(fields["optional"]).strip().casefold() in ("true", "yes", "1")
        return step

    def _arguments(self, given: Any, id: str, tool: str) -> dict[str, Any]:
        if isinstance(given, Mapping):
            return {str(name): value for name, value in given.items()}
        if given is None or given == "":
            if given == "":
                self._mend(id, "`args` was empty text.")
            return {}
        if isinstance(given, str) and given.lstrip()[:1] in ("{", "`"):
            try:
                decoded = read_arguments(given)
            except BrokenArguments as error:
                raise Unreadable(f"`args` of `{id}`: {error}") from error
            self._mend(id, "`args` was JSON in a string.")
            return decoded
        values = given if isinstance(given, list) else [given]
        if values and all(isinstance(one, Mapping) and "name" in one and "value" in one for one in values):
            self._mend(id, "`args` was a list of names and values.")
            return {str(one["name"]): one["value"] for one in values}
        spec = self._specs.get(tool)
        names = list(spec.ports) if spec else []
        named = [name for name in names if spec and spec.ports[name].required] or names
        if spec and named and len(values) > len(named):
            raise Unreadable(f"`args` of `{id}` has {len(values)} values without names. It takes: {', '.join(names)}.")
        self._mend(id, "`args` had values without names.")
        return {(named[at] if named else f"input_{at + 1}"): value for at, value in enumerate(values)}

    def _dependencies(self, given: Any, id: str) -> list[str]:
        if isinstance(given, str | int) and not isinstance(given, bool):
            self._mend(id, "`depends_on` was a single name.")
            given = [part.strip() for part in given.split(",")] if isinstance(given, str) else [given]
        if not isinstance(given, list | tuple):
            raise Unreadable(f"`depends_on` of `{id}` must be a list of ids.")
        names = [str(one).strip().removeprefix("$") for one in given]
        # Plans in the manner of HuggingGPT write [-1] where a step waits for nothing.
        return [self._ids.get(one, one) for one in dict.fromkeys(names) if one not in ("-1", "", "None", "null")]


def _mending(step: str, message: str) -> Finding:
    return Finding(step=step, rule="plan-shape", message=message, severity="warning", repair={"do": "shape"})


def _count(steps: Sequence[Any]) -> None:
    if len(steps) > sizes.MAX_STEPS:
        raise Unreadable(f"The plan has {len(steps)} steps; the limit is {MAX_STEPS}.", "too-many-steps")


def _named(value: Any) -> Iterator[str]:
    """Yield the ids of steps that a wish for results names: as references, or alone."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            yield root_of(one.removeprefix("$").strip("{}"))


def _files(given: Any) -> list[dict[str, Any]] | None:
    if not isinstance(given, list) or not all(isinstance(one, str | Mapping) for one in given):
        return None
    return [{"name": one} if isinstance(one, str) else dict(one) for one in given]


def _find(one: Mapping[str, Any], name: str) -> Any:
    return next((one[key] for key in _FIELDS[name] if isinstance(one.get(key), str | Mapping)), None)


def _short(tool: str) -> str:
    return re.sub(r"\W+", "_", tool.strip().casefold(), flags=re.A)[:40]
