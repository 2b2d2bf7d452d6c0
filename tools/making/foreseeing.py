"""Tells of a call that makes media what will be ordered, or why it cannot be had, before anything of its plan runs."""

from collections.abc import Mapping, Set
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..base.errors import ArgumentError, SensoriumError
from ..base.makers import FILES, VALUES, FileName, Maker, Task, Value, ValueName, Wish
from ..base.tool import Foreseen
from ..base.workspace import PREFIX
from .ordering import parts

if TYPE_CHECKING:
    from ..base.models import Models

SOME_FILE = PREFIX + "0" * 64
"""Stands for a file that is made only while a plan runs."""
SOME_WORDS = "…"
"""Stand for words that are known only then."""
_WORDS = frozenset({"prompt", "negative_prompt", "style"})


def foreseen_wish(
    task: Task, args: Mapping[str, Any], given: Set[str], usual: Mapping[str, Any] = MappingProxyType({})
) -> Wish:
    """Return the wish of a call, with something in the place of what is not known yet.

    Args:
        task: What is to be made.
        args: The arguments that are known.
        given: The names of all that are given.
        usual: Values that need no order of their own.
    """
    values: dict[ValueName, Value] = {}
    for name in VALUES:
        value = args.get(name, SOME_WORDS if name in given and name in _WORDS else None)
        if isinstance(value, str | int | float) and value != usual.get(name):
            values[name] = value
    files: dict[FileName, tuple[str, ...]] = {}
    for file in FILES:
        if file in given:
            many = args.get(file)
            files[file] = (SOME_FILE,) * (len(many) if isinstance(many, list) else 1)
    return Wish(task=task, values=values, files=files)


def foreseen(role: str, wish: Wish, models: "Models") -> Foreseen:
    """Return what the first who makes such things says of a wish; nothing is sent."""
    try:
        ladder = models.ladder(role)
        for number, maker in enumerate(ladder, 1):
            if maker.missing() or wish.task not in maker.tasks():
                continue
            try:
                orders = parts(maker, wish)
            except ArgumentError as error:
                return Foreseen(problem=str(error))
            except SensoriumError:
                continue
            ordered = orders[0].wish
            values = ordered.values
            return Foreseen(
                args={"seconds": values["seconds"]} if "seconds" in values else {},
                priced_by=ordered.priced_by,
                has_stand_in=any(_makes(one, wish) for one in ladder[number:]),
            )
    except SensoriumError:
        pass  # who is set cannot serve at all, and the call will say so
    return Foreseen()


def _makes(maker: Maker, wish: Wish) -> bool:
    try:
        return not maker.missing() and wish.task in maker.tasks() and bool(parts(maker, wish))
    except SensoriumError:
        return False
