"""Who had a part in the values of a plan, through references, `for_each` and text, and in what a model has read."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..tools.base.labels import USER, Labels, joined, of_media, of_tool
from .plan import Step, roots

if TYPE_CHECKING:
    from .state import State


_OWN = {"request": USER, "files": USER}
"""What the user wrote, and named; what stands in a file is met by whoever opens it."""


def argument_labels(step: Step, known: Mapping[str, Labels], context: Labels) -> dict[str, Labels]:
    """Return the labels of each argument of a step.

    Args:
        step: As the plan writes it.
        known: Step id, or name beside those of steps -> labels of its value.
        context: What had been read when the plan was written.
    """
    written = USER | context
    named = {**_OWN, **known}
    named["item"] = _of(step.for_each, named)
    return {name: written | _of(value, named) for name, value in step.args.items()}


def _of(value: Any, known: Mapping[str, Labels]) -> Labels:
    return joined(known.get(root, [of_tool("unknown", root)]) for root in roots(value))


def record_labels(record: Mapping[str, Any]) -> Labels:
    """Return who had a part in what a step gave; a tool, for one that was recorded before there were labels."""
    return frozenset(
        record.get("labels") or ([of_tool(record["tool"], record.get("step", ""))] if _has_said(record) else ())
    )


def _has_said(record: Mapping[str, Any]) -> bool:
    """Return whether there is anything of a step to be read: its result, or the message of its failure."""
    return record["status"] not in ("skipped", "rejected", "waiting")


def read_so_far(state: "State", *, sees_pictures: bool = False) -> Labels:
    """Return who had a part in what a model has been shown: in this run, and in its thread before.

    The request, what the user asked to be remembered and the typed facts of files are the user's own. Names of files
    are not shown but for words that the request has as well; see `messages`.

    Args:
        state: Where the run is.
        sees_pictures: The model is shown pictures themselves.
    """
    # A run that was interrupted before there were labels does not know what the turns before it read.
    earlier = [state["read"]] if "read" in state else [*map(record_labels, state.get("earlier", {}).values())]
    read = [*earlier, *map(record_labels, state.get("records", {}).values())]
    if sees_pictures:
        read += [
            [of_media(one["handle"])] for one in state["files"] if one.get("kind") == "picture" and one.get("handle")
        ]
    return joined(read)


def places(text: str, results: Mapping[str, Any]) -> Iterator[tuple[str, str, float | None]]:
    """Yield where a text stands: step, handle of the file (empty when that is not known), and second.

    Args:
        text: An argument.
        results: Step -> its plain result.
    """
    letters = text.casefold().strip()
    if not letters:
        return
    for step, result in results.items():
        yield from ((step, *place) for place in _inside(letters, result, "", None))


def _inside(letters: str, value: Any, media: str, second: float | None) -> Iterable[tuple[str, float | None]]:
    if isinstance(value, str):
        if letters in value.casefold():
            yield media, second
    elif isinstance(value, Mapping):
        own = value.get("media")
        media = own if isinstance(own, str) else media
        at = next((value[name] for name in ("start_seconds", "at_seconds") if value.get(name) is not None), second)
        for part in value.values():
            yield from _inside(letters, part, media, at)
    elif isinstance(value, list):
        for part in value:
            yield from _inside(letters, part, media, second)
