"""`sensorium make`: a whole production by its recipe."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..tools.base.errors import ArgumentError, SensoriumError
from ..tools.base.settings import Settings
from .answer import Options
from .assistant import Assistant
from .cards import wrapped
from .commands import answer, planned_by
from .deliver import prepare
from .plan_text import show_planned
from .printing import say, say_json
from .recipe import Recipe
from .recipes import all_recipes, find_recipe
from .tool_commands import columns


def make(chosen: argparse.Namespace) -> int:
    """Make what a recipe makes, or list the recipes."""
    settings = Settings.read(local_only=chosen.local_only)
    if chosen.name is None:
        return _list(settings.home, as_json=chosen.json)
    recipe, values = find_recipe(chosen.name, settings.home), _values(chosen.set)
    if chosen.plan_only:
        with Assistant(settings) as assistant:
            planned = planned_by(recipe, chosen.files, values, assistant, Options(budget_usd=chosen.budget_usd))
        return show_planned(planned, as_json=chosen.json)
    if chosen.output:
        prepare(chosen.output)
    output = str(chosen.output.absolute()) if chosen.output else None
    options = Options(budget_usd=chosen.budget_usd, yes=chosen.yes, output=output)
    with Assistant(settings) as assistant:
        return answer(
            assistant,
            lambda on_event, approve: assistant.run(
                "", chosen.files, recipe=recipe, values=values, options=options, on_event=on_event, approve=approve
            ),
            as_json=chosen.json,
        )


def _values(given: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise ArgumentError(f"`--set` is {one!r}; write it as `--set NAME=VALUE`.")
        if name.strip() in values:
            raise ArgumentError(f"`--set` gives `{name.strip()}` twice. Give it once.")
        values[name.strip()] = value
    return values


def _list(home: Path, *, as_json: bool) -> int:
    found = list(all_recipes(home))
    if as_json:
        say_json([_plain(name, one) for name, one in found], indent=1)
        return 0
    for name, one in found:
        for line in _lines(name, one, columns()):
            say(line)
    return 0


def _plain(name: str, one: Recipe | SensoriumError) -> dict[str, Any]:
    if isinstance(one, SensoriumError):
        return {"name": name, "error": str(one)}
    parameters = {key: value.model_dump(exclude_none=True) for key, value in one.parameters.items()}
    inputs = [value.model_dump(exclude_none=True) for value in one.inputs]
    return {"name": name, "words": one.words or one.goal, "inputs": inputs, "parameters": parameters}


def _lines(name: str, one: Recipe | SensoriumError, columns: int) -> Iterator[str]:
    if isinstance(one, SensoriumError):
        yield from _hanging(f"{name}: cannot be used. {one}", columns, 2)
        return
    yield from _hanging(f"{name}: {one.words or one.goal}", columns, 2)
    for value in one.inputs:
        needed = "may be given" if value.optional else "needed"
        yield from _hanging(f"  {value.name or 'FILE'}: {value}, {needed}. {value.words}".rstrip(), columns, 6)
    for key, parameter in one.parameters.items():
        usual = "needed" if parameter.default is None and not parameter.optional else "may be set"
        usual = f"{str(parameter.default).rstrip('.')} if not set" if parameter.default not in (None, "") else usual
        choices = f"{', '.join(map(str, parameter.of))}; " if parameter.of else ""
        yield from _hanging(f"  --set {key}=…: {parameter.words} ({choices}{usual})", columns, 6)


def _hanging(text: str, columns: int, indent: int) -> Iterator[str]:
    first, *others = wrapped(text, columns)
    yield first
    for one in wrapped(" ".join(others), columns - indent) if others else ():
        yield " " * indent + one
