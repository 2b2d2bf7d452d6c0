"""A run as a recipe: what was done, written down so that it can be done with other files."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ..tools.base.errors import ArgumentError, SettingsError
from ..tools.base.labels import Labels, joined
from ..tools.base.memo import handles_in
from ..tools.base.toml_text import read_toml
from ..tools.base.tool import Tool
from .lint import check, errors
from .plan import Plan, Step, references
from .printing import one_line
from .recipe_values import Parameter, filled, placed

SCHEMA = "sensorium.recipe/1"
_FILE = re.compile(r"(\$\$)|(\$\{?files)\[(\d+)\]")
_TRAITS = {"has_sound": "sound", "has_pictures": "pictures"}


class Input(BaseModel):
    """What a file must be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    """Of the file it was made with; or what a file is given as: `--set NAME=FILE`."""
    kind: Literal["video", "audio", "picture", "text", "data"]
    has_sound: bool | None = None
    has_pictures: bool | None = None
    optional: bool = False
    """Without it, the arguments that name it are left out."""
    words: str = ""
    """What it is for, for people."""

    def __str__(self) -> str:
        kind = {"audio": "a recording", "picture": "a picture", "text": "a text"}.get(self.kind, f"a {self.kind}")
        traits = [word for name, word in _TRAITS.items() if self.kind == "video" and getattr(self, name)]
        return f"{kind} with {' and '.join(traits)}" if traits else kind


class RecipeStep(Step):
    """A step, the version of its tool that it was made with, and what had been read when it was written."""

    version: int | None = None
    """None: any."""
    only_with: list[str] = Field(default_factory=list)
    """Names of inputs and parameters without which it is left out, with whatever refers to it."""
    only_without: list[str] = Field(default_factory=list)
    """Names of inputs and parameters with which it is left out."""
    written_after: list[str] = Field(default_factory=list)
    """Labels; empty for a step that was written on the user's words alone. See `tools.base.labels`."""


class Recipe(BaseModel):
    """Steps with references to each other and to the files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal["sensorium.recipe/1"] = Field(alias="schema")
    goal: str
    request: str
    words: str = ""
    """What it makes, for people."""
    inputs: list[Input] = Field(default_factory=list)
    parameters: dict[Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]*$")], Parameter] = Field(
        default_factory=dict
    )
    steps: list[RecipeStep] = Field(min_length=1, max_length=64)

    @property
    def labels(self) -> Labels:
        """Who had a part in its steps: what was tainted when it was written down stays so."""
        return joined(one.written_after for one in self.steps)


@dataclass(frozen=True, kw_only=True)
class FittedRecipe:
    """A recipe as it is done with some files and values."""

    request: str
    plan: Plan
    labels: Labels
    """Who had a part in it."""
    files: list[str]
    """Paths, with those that were given by name; `$files` counts them so."""
    facts: list[dict[str, Any]]
    """Of the files, as `ingest` gives them."""


def recipe_of(
    request: str,
    plans: Sequence[Mapping[str, Any]],
    earlier: Sequence[Mapping[str, Any]],
    records: Mapping[str, Mapping[str, Any]],
    files: Sequence[Mapping[str, Any]],
    *,
    catalog: Mapping[str, Tool],
    labels: Mapping[str, Labels] = MappingProxyType({}),
) -> Recipe:
    """Return what a run did.

    Args:
        request: The user's words.
        plans: The plans of the run, in order.
        earlier: Those of earlier turns of its thread, in order; of them the recipe has what the run refers to.
        records: How the steps of the run ended.
        files: The facts of its files.
        catalog: The tools.
        labels: Step -> what had been read when it was written.

    Raises:
        ArgumentError: The run did nothing that could be done again, or uses what only it has.
    """
    own = _steps(plans)
    before = {name: step for name, step in _steps(earlier).items() if name not in own}
    kept = {name: step for name, step in own.items() if _is_kept(step, records)}
    while lost := [name for name, step in kept.items() if any(one in own and one not in kept for one in step.needs())]:
        for name in lost:
            del kept[name]
    if not kept:
        raise ArgumentError("The run made nothing with tools, so there is nothing to write down. Export another run.")
    steps = {**_needed(kept, before), **kept}
    usable = [one for one in files if one.get("handle")]
    named = {one["handle"]: f"$files[{place}]" for place, one in enumerate(usable)}
    plain = [_with_names(one.model_dump(exclude_defaults=True), named) for one in steps.values()]
    for one in plain:
        if own_only := next(handles_in(one), None):
            raise ArgumentError(
                f"The step `{one['id']}` names {own_only!r}, which only that run has. Export another run."
            )
        if one["tool"] not in catalog:
            raise ArgumentError(f"There is no tool {one['tool']!r} any more, which the step `{one['id']}` used.")
    plain, used = _renumbered(plain, len(usable))
    inputs = [_input(usable[place]) for place in used]
    return Recipe(
        schema=SCHEMA,
        goal=str(plans[-1]["goal"]),
        request=request,
        inputs=inputs,
        steps=[
            RecipeStep(version=catalog[one["tool"]].version, written_after=sorted(labels.get(one["id"], ())), **one)
            for one in plain
        ],
    )


def write_recipe(recipe: Recipe) -> str:
    """Return a recipe as TOML, to be read and changed by people."""
    import tomli_w

    plain = recipe.model_dump(by_alias=True, exclude_defaults=True, exclude_none=True)
    steps = [
        {"id": one.id, "tool": one.tool, "version": one.version,
         **one.model_dump(include={"for_each", "depends_on", "optional", "written_after"}, exclude_defaults=True),
         "args": _without_none(one.args)}
        for one in recipe.steps
    ]  # fmt: skip
    head = "# What a run of Sensorium did. Do it with other files: sensorium run --recipe THIS_FILE FILE…\n\n"
    return head + tomli_w.dumps({"schema": SCHEMA, **plain, "steps": steps}, multiline_strings=False)


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a file.

    Raises:
        SettingsError: It is none; the message says what to change.
    """
    name = repr(str(path))
    try:
        plain = read_toml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"The recipe {name} cannot be read: {error.strerror}. Check its path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The recipe {name} is not valid TOML: {one_line(str(error))}. Mend that place.") from error
    if plain.get("schema") != SCHEMA:
        raise SettingsError(
            f"{name} is no recipe of this version: its `schema` is {plain.get('schema')!r}, and must be {SCHEMA!r}. "
            "Make one with `sensorium export RUN -o recipe.toml`."
        )
    try:
        return Recipe.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(one) for one in first["loc"])
        raise SettingsError(f"The recipe {name}: `{where}`: {one_line(first['msg'])}. Change it there.") from error


def fit(
    recipe: Recipe,
    files: Sequence[Mapping[str, Any]],
    catalog: Mapping[str, Tool],
    *,
    values: Mapping[str, str] = MappingProxyType({}),
    named: Mapping[str, int] = MappingProxyType({}),
) -> Plan:
    """Return the plan of a recipe for some files.

    Args:
        recipe: What is to be done.
        files: The facts of the files, as `ingest` gives them.
        catalog: The tools there are.
        values: Its parameters that are set, as they are written.
        named: Input -> the number of the file that was given for it by name.

    Raises:
        SettingsError: It does not fit them; the message says why and what to change.
    """
    for one in files:
        if not one.get("handle"):
            raise SettingsError(f"{one['name']!r} cannot be used: {one.get('error', 'it cannot be read')}")
    if named or any(one.optional for one in recipe.inputs):
        places = placed(recipe.inputs, files, named)
        inputs = [one for one, place in zip(recipe.inputs, places, strict=True) if place is not None]
        files_of = [files[place] for place in places if place is not None]
    else:
        places, inputs, files_of = list(range(len(recipe.inputs))), recipe.inputs, list(files)
    if len(files_of) != len(inputs):
        wanted = ", ".join(str(one) for one in recipe.inputs) or "none"
        raise SettingsError(
            f"The recipe takes {_count(len(recipe.inputs))} ({wanted}), and you gave {_count(len(files))}. "
            f"Give {'that many' if recipe.inputs else 'none'}; run it once for each of several."
        )
    for place, (wanted_file, one) in enumerate(zip(inputs, files_of, strict=True)):
        given = Input(kind=one["kind"], has_sound=one.get("has_sound"), has_pictures=one.get("has_pictures"))
        lacks = [name for name in _TRAITS if getattr(wanted_file, name) and not getattr(given, name)]
        if given.kind != wanted_file.kind or lacks:
            without = f" without {_TRAITS[lacks[0]]}" if lacks and given.kind == wanted_file.kind else ""
            raise SettingsError(
                f"The recipe needs {wanted_file} as `$files[{place}]`, and {one['name']!r} is "
                f"{Input(kind=given.kind) if without else given}{without}. Give another file, or a recipe for its kind."
            )
    for step in recipe.steps:
        there = catalog.get(step.tool)
        if there is not None and step.version not in (None, there.version):
            raise SettingsError(
                f"The step `{step.id}` of the recipe was made with version {step.version} of `{step.tool}`, and there "
                f"is version {there.version}. Export a new run, or set `version = {there.version}` in the recipe."
            )
    steps = filled(recipe, values, places)
    _check_used(recipe, steps, places, files)
    for step in steps:
        if step.tool not in catalog and (why := _lacks(step.tool)):
            raise SettingsError(f"The step `{step.id}` of the recipe is `{step.tool}`, which {why}")
    plain = [one.model_dump(exclude={"version", "written_after", "only_with", "only_without"}) for one in steps]
    plan = Plan(goal=recipe.goal, steps=[Step.model_validate(one) for one in plain])
    if found := errors(check(plan, catalog, facts=files)):
        raise SettingsError(f"The step `{found[0].step}` of the recipe does not fit: {found[0].message}")
    return plan


def _check_used(
    recipe: Recipe, steps: Sequence[RecipeStep], places: Sequence[int | None], files: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse a file that its recipe has a place for, and with these values nothing that is done with it."""
    used = set(references([[one.args, one.for_each] for one in steps]))
    named = {name for one in recipe.steps for name in (*one.only_with, *one.only_without)}
    for wanted, place in zip(recipe.inputs, places, strict=True):
        if not wanted.optional or place is None or wanted.name in named:
            continue
        if not any(one == "files" or f"{one}.".startswith(f"files[{place}].") for one in used):
            name = wanted.name or f"$files[{place}]"
            values = ", ".join(f"`{one}`" for one in recipe.parameters)
            raise SettingsError(
                f"{files[place]['name']!r} is given as `{name}`, and with what is set nothing is done with it. Leave "
                f"it out{f', or set with `--set` what uses it: {values}' if values else ''}."
            )


def _lacks(tool: str) -> str:
    """Return what a tool of ours needs that nothing here serves, and what would; nothing for one that is not known."""
    from ..tools import catalog
    from ..tools.making.ordering import WHO

    roles = catalog()[tool].roles if tool in catalog() else ()
    return f"nothing here does: set {WHO[roles[0]]}." if roles and roles[0] in WHO else ""


def _steps(plans: Iterable[Mapping[str, Any]]) -> dict[str, Step]:
    """Return all steps by name; of two of one name the later."""
    return {step.id: step for plan in plans for step in Plan.model_validate(plan).steps}


def _is_kept(step: Step, records: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether a step belongs to a recipe: what is optional may work with other files."""
    return step.optional or records.get(step.id, {}).get("status") == "done"


def _needed(steps: Mapping[str, Step], before: Mapping[str, Step]) -> dict[str, Step]:
    """Return the steps of earlier turns that some steps refer to, directly or through others."""
    found: dict[str, Step] = {}
    waiting = list(steps.values())
    while waiting:
        for name in sorted(waiting.pop().needs()):
            if name in before and name not in found:
                found[name] = before[name]
                waiting.append(before[name])
    return {name: step for name, step in before.items() if name in found}


def _with_names(value: Any, named: Mapping[str, str]) -> Any:
    """Return plain data with the handles of files as references to them."""
    if isinstance(value, str):
        return named.get(value, value)
    if isinstance(value, Mapping):
        return {name: _with_names(part, named) for name, part in value.items()}
    return [_with_names(one, named) for one in value] if isinstance(value, list) else value


def _renumbered(steps: list[dict[str, Any]], count: int) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the steps with the files they use numbered from 0, and which files those are."""
    used: set[int] = set()
    for reference in references([[one.get("args"), one.get("for_each")] for one in steps]):
        found = re.fullmatch(r"files\[(\d+)\]", reference)
        if reference.split("[")[0] == "files" and not found:
            return steps, list(range(count))  # all of them, or counted from the end
        used |= {int(found[1])} if found else set()
    places = sorted(one for one in used if one < count)
    new = {old: place for place, old in enumerate(places)}

    def renamed(hit: re.Match[str]) -> str:
        return hit[1] or f"{hit[2]}[{new.get(int(hit[3]), int(hit[3]))}]"

    def within(value: Any) -> Any:
        if isinstance(value, str):
            return _FILE.sub(renamed, value)
        if isinstance(value, Mapping):
            return {name: within(part) for name, part in value.items()}
        return [within(one) for one in value] if isinstance(value, list) else value

    return [within(one) for one in steps], places


def _input(file: Mapping[str, Any]) -> Input:
    traits = {name: True for name in _TRAITS if file.get("kind") == "video" and file.get(name)}
    return Input(name=file["name"], kind=file["kind"], **traits)


def _without_none(value: Any) -> Any:
    """Return plain data without null, which TOML does not have; for an argument it is the same as leaving it out."""
    if isinstance(value, Mapping):
        return {name: _without_none(part) for name, part in value.items() if part is not None}
    return [_without_none(one) for one in value if one is not None] if isinstance(value, list) else value


def _count(files: int) -> str:
    return f"{files or 'no'} file{'s' * (files != 1)}"
