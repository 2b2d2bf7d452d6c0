"""What a recipe is told each time: named values and files, put into its steps before they are checked."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..tools.base.errors import SettingsError
from .plan import literal, roots

if TYPE_CHECKING:
    from .recipe import Input, Recipe, RecipeStep

Value = str | int | float | bool
_SET = re.compile(r"\$set\.([a-z][a-z0-9_]*)")
_SET_INSIDE = re.compile(r"\$\$|\$\{set\.([a-z][a-z0-9_]*)\}")
_FILE = re.compile(r"\$files\[(\d+)\]")
_FIRST_OF = "first_of"
"""A table with this key alone is the first of its values of which every part is there."""
_EACH, _OF = "each", "of"
"""A table of these two in a list stands for the items of `of`, as many times as the parameter `each` says."""
_COUNTED = re.compile(r"\{n(?:\+(\d{1,3}))?\}")
"""In such items, which time it is: `{n}` counts from 0, `{n+5}` from 5."""
_MOST_TIMES = 64
_NOTHING = object()
_WORDS = {"text": "a text", "number": "a number", "whole": "a whole number", "truth": "true or false"}


class Parameter(BaseModel):
    """A value that a recipe takes by name, as `$set.NAME` in its steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["text", "number", "whole", "truth"] = "text"
    default: Value | None = None
    of: list[Value] = Field(default_factory=list)
    """The only values there are; empty: all."""
    least: float | None = None
    most: float | None = None
    optional: bool = False
    """Without it and without a default, the arguments that name it are left out."""
    words: str = ""
    """What it is, for people."""

    @model_validator(mode="after")
    def _has_a_default_of_its_own_kind(self) -> "Parameter":
        try:
            is_its_own = self.default is None or self.read("default", str(self.default)) == self.default
        except SettingsError as error:
            raise ValueError(str(error).rstrip(".")) from error
        if not is_its_own:
            raise ValueError(f"the default {self.default!r} is not {_WORDS[self.type]}")
        return self

    def read(self, name: str, text: str) -> Value:
        """Return a value as it is written.

        Raises:
            SettingsError: It is of another kind, or is not among those there are.
        """
        value = self._typed(text)
        if value is None:
            raise SettingsError(f"`{name}` is {text!r}, and must be {_WORDS[self.type]}.")
        if self.of and value not in self.of:
            raise SettingsError(f"`{name}` is {text!r}. Supported: {', '.join(map(str, self.of))}.")
        if isinstance(value, int | float) and not isinstance(value, bool):
            least = -math.inf if self.least is None else self.least
            most = math.inf if self.most is None else self.most
            if not least <= value <= most:
                raise SettingsError(f"`{name}` is {text}; it must be from {least:g} to {most:g}.")
        return value

    def _typed(self, text: str) -> Value | None:
        if self.type == "text":
            return text
        if self.type == "truth":
            return {"true": True, "yes": True, "false": False, "no": False}.get(text.strip().lower())
        try:
            number = float(text)
        except ValueError:
            return None
        if not math.isfinite(number) or (self.type == "whole" and number != int(number)):
            return None
        return int(number) if self.type == "whole" else number


def filled(recipe: "Recipe", values: Mapping[str, str], places: Sequence[int | None]) -> list["RecipeStep"]:
    """Return the steps of a recipe with what it is told in them; those that need what is not there are left out.

    Args:
        recipe: With its parameters and inputs.
        values: By name, as they are written.
        places: Of each input the number of the file that is given for it; None for one that is not given.

    Raises:
        SettingsError: A value is missing, unknown or of the wrong kind; the message names it and what there is.
    """
    told = _values(recipe, values)
    files = dict(enumerate(places))
    there = {name for name, value in told.items() if value is not None}
    there |= {one.name for one, place in zip(recipe.inputs, places, strict=True) if place is not None and one.name}
    dropped = {
        step.id for step in recipe.steps if not (there >= {*step.only_with} and there.isdisjoint(step.only_without))
    }
    filling = _Filling(told, files, dropped)
    # In any order: a step may be written before those that it needs.
    while lost := {
        step.id
        for step in recipe.steps
        if step.id not in dropped and step.for_each and filling.within(step.for_each) is _NOTHING
    }:
        dropped |= lost
    if not (kept := [step for step in recipe.steps if step.id not in dropped]):
        raise SettingsError("With what it was told the recipe has nothing to do. Give it one of its files or values.")
    return [
        step.model_copy(
            update={
                "args": filling.within(step.args),
                "for_each": filling.within(step.for_each),
                "depends_on": [one for one in step.depends_on if one not in dropped],
            }
        )
        for step in kept
    ]


def _values(recipe: "Recipe", values: Mapping[str, str]) -> dict[str, Value | None]:
    known = recipe.parameters
    if unknown := [one for one in values if one not in known]:
        files = [one.name for one in recipe.inputs if one.name]
        names = ", ".join(f"`{one}`" for one in [*known, *files]) or "none"
        raise SettingsError(f"The recipe has no `{unknown[0]}` to be set. It has: {names}.")
    told: dict[str, Value | None] = {}
    for name, one in known.items():
        if name in values:
            told[name] = one.read(name, values[name])
        elif one.default is None and not one.optional:
            raise SettingsError(f"`{name}` is missing: {one.words or _WORDS[one.type]}. Give it with `--set {name}=…`.")
        else:
            told[name] = one.default
    return told


@dataclass(frozen=True)
class _Filling:
    """Puts what is told into plain data, where `_NOTHING` stands for what refers to what there is not."""

    told: Mapping[str, Value | None]
    files: Mapping[int, int | None]
    dropped: set[str]

    def within(self, value: Any, *, whole: bool = False) -> Any:
        """Return plain data with what is told in it; `whole`: nothing of it where a part is not there."""
        if isinstance(value, str):
            return _text(value, self.told, self.files, self.dropped)
        if isinstance(value, Mapping) and set(value) == {_FIRST_OF} and isinstance(value[_FIRST_OF], list):
            found = [self.within(one, whole=True) for one in value[_FIRST_OF]]
            return next((one for one in found if one is not _NOTHING), _NOTHING)
        if not isinstance(value, Mapping | list):
            return value
        if isinstance(value, list):
            value = [one for item in value for one in self._repeated(item)]
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        parts = {name: self.within(one, whole=whole) for name, one in pairs}
        if whole and any(one is _NOTHING for one in parts.values()):
            return _NOTHING
        kept = {name: one for name, one in parts.items() if one is not _NOTHING}
        return kept if isinstance(value, Mapping) else list(kept.values())

    def _repeated(self, item: Any) -> list[Any]:
        """Return what an item of a list stands for: itself, or others as often as a parameter says."""
        if not (isinstance(item, Mapping) and set(item) == {_EACH, _OF} and isinstance(item[_OF], list)):
            return [item]
        times = _told(self.told, str(item[_EACH]))
        if isinstance(times, bool) or not isinstance(times, int) or not 0 <= times <= _MOST_TIMES:
            raise SettingsError(
                f"A step of the recipe has something for each of `{item[_EACH]}`, which is {times!r}. It must be a "
                f'parameter of `type = "whole"` from 0 to {_MOST_TIMES}.'
            )
        return [_counted(one, time) for time in range(times) for one in item[_OF]]


def _counted(value: Any, time: int) -> Any:
    """Return plain data with the number of the time in it."""
    if isinstance(value, str):
        return _COUNTED.sub(lambda hit: str(time + int(hit[1] or 0)), value)
    if isinstance(value, Mapping):
        return {name: _counted(one, time) for name, one in value.items()}
    return [_counted(one, time) for one in value] if isinstance(value, list) else value


def _text(value: str, told: Mapping[str, Value | None], files: Mapping[int, int | None], dropped: set[str]) -> Any:
    if hit := _SET.fullmatch(value):
        found = _told(told, hit[1])
        if found is None:
            return _NOTHING
        return literal(found) if isinstance(found, str) else found
    if (hit := _FILE.fullmatch(value)) and int(hit[1]) in files:
        place = files[int(hit[1])]
        return _NOTHING if place is None else f"$files[{place}]"
    if roots(value) & dropped:
        return _NOTHING
    return _SET_INSIDE.sub(lambda one: one[0] if one[1] is None else _shown(_told(told, one[1])), value)


def _told(told: Mapping[str, Value | None], name: str) -> Value | None:
    if name not in told:
        raise SettingsError(f"A step of the recipe names `set.{name}`, which its `parameters` do not have.")
    return told[name]


def _shown(value: Value | None) -> str:
    return "" if value is None else literal(str(value))


def placed(inputs: Sequence["Input"], files: Sequence[Mapping[str, Any]], named: Mapping[str, int]) -> list[int | None]:
    """Return for each input the number of its file: those given by name, and the others in their order by their kind.

    Raises:
        SettingsError: A file fits no input, or one that is needed has none.
    """
    places: list[int | None] = [named.get(one.name) if one.name else None for one in inputs]
    for number, one in enumerate(files):
        if number in named.values():
            continue
        at = next((at for at, two in enumerate(inputs) if places[at] is None and two.kind == one["kind"]), None)
        if at is None:
            wanted = "; ".join(_wanted(two) for two in inputs) or "none"
            raise SettingsError(
                f"{one['name']!r} is {_kind(str(one['kind']))}, and the recipe has no more place for one. It takes: "
                f"{wanted}."
            )
        places[at] = number
    for two, place in zip(inputs, places, strict=True):
        if place is None and not two.optional:
            raise SettingsError(f"The recipe needs {_wanted(two)}. Give it as a file.")
    return places


def _wanted(one: "Input") -> str:
    return f"{f'`{one.name}`, ' if one.name else ''}{one}{f' ({one.words})' if one.words else ''}"


def _kind(kind: str) -> str:
    return {"audio": "a recording", "picture": "a picture", "text": "a text"}.get(kind, f"a {kind}")
