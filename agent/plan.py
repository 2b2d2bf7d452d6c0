"""Plan, step, and the references between steps."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ..tools.base.errors import ToolError

RESERVED = {
    "files": "the handles of the user's files, in order",
    "item": "in a step with `for_each`: the current item",
    "request": "the user's words",
    "run": "what ran so far: steps, seconds, cost",
    "whole": "by step id: all of a result of which the model was told only a part, as a file to read on in",
}
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PATH = rf"{_NAME}(?:\.{_NAME}|\[-?\d+\])*"
_WHOLE = re.compile(rf"\$({_PATH})")
_INSIDE = re.compile(rf"\$\$|\$\{{({_PATH})\}}")
_PART = re.compile(rf"({_NAME})|\[(-?\d+)\]")

MAX_ITEMS = 500
"""The most calls one step with `for_each` may become."""
MISSING = object()
"""What a reference to a failed optional step gives: left out of lists and of arguments."""


class PlanError(ToolError):
    """A plan cannot be run; the message names the step and what is wrong with it."""


class Step(BaseModel):
    """One tool call, perhaps one for each item of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=rf"^{_NAME}$", max_length=64)]
    tool: str
    args: dict[str, Any] = Field(
        default_factory=dict,
        description='Values, or references: "$frames.items[0].picture" keeps its type, "… ${asr.text} …" is text, '
        '"$$" is a dollar sign.',
    )
    depends_on: list[str] = Field(default_factory=list, description="Only for order that no reference implies.")
    for_each: str | None = Field(None, description='A reference to a list, for example "$frames.items"; see "$item".')
    optional: bool = Field(False, description="Others go on without it when it fails.")

    def needs(self) -> set[str]:
        """Return the ids of the steps that must end before this one."""
        return (roots([self.args, self.for_each]) | set(self.depends_on)) - set(RESERVED)


class Plan(BaseModel):
    """Steps that form a directed graph without cycles; references and `depends_on` are its edges."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    goal: str
    steps: Annotated[list[Step], Field(min_length=1, max_length=64)]


def literal(text: str) -> str:
    """Return text so that it is not read as a reference, whatever dollar signs it has."""
    return text.replace("$", "$$")


def references(value: Any) -> Iterator[str]:
    """Yield every reference inside a value, such as `frames.items[0].picture`."""
    if isinstance(value, str):
        if whole := _WHOLE.fullmatch(value):
            yield whole[1]
        else:
            yield from (inside[1] for inside in _INSIDE.finditer(value) if inside[1])
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def root_of(reference: str) -> str:
    """Return the name that a reference begins with."""
    return re.split(r"[.\[]", reference, maxsplit=1)[0]


def roots(value: Any) -> set[str]:
    """Return the names that the references inside a value begin with."""
    return {root_of(one) for one in references(value)}


def renamed(value: Any, ids: Mapping[str, str]) -> Any:
    """Return `value` with its references leading to steps under their new ids."""
    if isinstance(value, str):
        if whole := _WHOLE.fullmatch(value):
            return f"${_elsewhere(whole[1], ids)}"
        return _INSIDE.sub(lambda inside: f"${{{_elsewhere(inside[1], ids)}}}" if inside[1] else inside[0], value)
    if isinstance(value, Mapping):
        return {name: renamed(part, ids) for name, part in value.items()}
    return [renamed(one, ids) for one in value] if isinstance(value, list) else value


def _elsewhere(reference: str, ids: Mapping[str, str]) -> str:
    root = root_of(reference)
    return ids.get(root, root) + reference[len(root) :]


def resolve(value: Any, scope: Mapping[str, Any]) -> Any:
    """Return `value` with its references replaced by what they point at in `scope`.

    Raises:
        PlanError: A reference leads nowhere; the message says where it ends and what is there.
    """
    if isinstance(value, str):
        if whole := _WHOLE.fullmatch(value):
            return look_up(whole[1], scope)
        return _INSIDE.sub(lambda inside: "$" if inside[1] is None else _as_text(look_up(inside[1], scope)), value)
    if isinstance(value, Mapping):
        pairs = ((name, resolve(part, scope)) for name, part in value.items())
        return {name: part for name, part in pairs if part is not MISSING}
    if isinstance(value, list):
        return [part for part in (resolve(one, scope) for one in value) if part is not MISSING]
    return value


def calls(step: Step, scope: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return name and scope of each call that a step is.

    Raises:
        PlanError: Its `for_each` leads nowhere, is no list, or is too long.
    """
    if step.for_each is None:
        return [(step.id, scope)]
    items = resolve(step.for_each, scope)
    if not isinstance(items, list):
        raise PlanError(f"`for_each` of `{step.id}` needs a list, and `{step.for_each}` is none.")
    if len(items) > MAX_ITEMS:
        raise PlanError(f"`{step.id}` would be {len(items)} calls; the limit is {MAX_ITEMS}. Choose fewer items.")
    return [(f"{step.id}[{number}]", {**scope, "item": item}) for number, item in enumerate(items)]


def is_missing(value: Any, scope: Mapping[str, Any]) -> bool:
    """Return whether a value is nothing but a reference to what a failed optional step would have given."""
    whole = _WHOLE.fullmatch(value) if isinstance(value, str) else None
    return whole is not None and scope.get(root_of(whole[1])) is MISSING


def look_up(reference: str, scope: Mapping[str, Any]) -> Any:
    """Return what `reference` points at in `scope`."""
    value: Any = scope
    walked = ""
    for name, index in _PART.findall(reference):
        if value is MISSING:
            return MISSING
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            raise PlanError(f"The reference `${reference}` ends at `{walked or '$'}`, which {_shape(value)}.") from None
        walked += f"[{index}]" if index else f"{'.' if walked else '$'}{name}"
    return value


def _shape(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"has: {', '.join(map(str, value)) or 'nothing'}"
    if isinstance(value, list):
        return f"is a list of {len(value)}"
    return f"is {type(value).__name__}, without parts"


def _as_text(value: Any) -> str:
    if value is MISSING or value is None:
        return ""
    if isinstance(value, str):
        return value
    from ..tools.base.memo import canonical

    return canonical(value)
