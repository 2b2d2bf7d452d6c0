"""Tells a chat model what a plan's steps gave, short; what is left out goes to an artifact that it can read on in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..tools.base.run import Call, Run
from ..tools.base.tokens import LETTERS_A_TOKEN, text_tokens
from .digest import ROOM_LETTERS, Head, allot, head_of
from .evidence import identify
from .origins import record_labels
from .tidy import file_names, tidy, written

READING = "read_artifact"
_JSON, _TEXT = "application/json", "text/plain"


@dataclass
class Told:
    """What is said of each step, and the artifacts with all of what was said only in part."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    wholes: dict[str, str] = field(default_factory=dict)
    """Step id -> handle."""
    pictures: list[dict[str, str]] = field(default_factory=list)
    """Handle and reference of each picture that a final step found; for a model that takes pictures."""


def tell(
    steps: Iterable[str],
    records: Mapping[str, Mapping[str, Any]],
    scope: Mapping[str, Any],
    run: Run,
    *,
    can_read: bool,
    room: int = ROOM_LETTERS,
) -> Told:
    """Return what a model is told of these steps.

    Args:
        steps: Their ids.
        records: How they ended.
        scope: Their results by id, and the user's `files`.
        run: Where what is cut off is stored.
        can_read: Whether the model can read on with a tool.
        room: Letters for all results together, where they are English.
    """
    told = Told()
    names = file_names(scope.get("files", []))
    plain: dict[str, Any] = {}
    limits: set[str] = set()
    for name in steps:
        record = records[name]
        told.results[name] = {"tool": record["tool"], "status": record["status"]}
        if record["error"]:
            told.results[name]["error"] = record["error"]["message"]
        if edited := record.get("edited"):
            told.results[name]["edited_by_the_user"] = edited
        if record["status"] == "done":
            plain[name] = _without_known_limits(tidy(identify(name, scope[name]), name, names), limits)
            if record["final"]:
                told.pictures += [
                    {"handle": handle, "name": f"${path}"} for path, handle in _pictures(scope[name], name)
                ]
    final = {name for name in plain if records[name]["final"]}
    texts = {name: written(one) for name, one in plain.items()}
    letters = allot({name: len(one) for name, one in texts.items()}, final, round(room * _lightness(texts)))
    for name, value in plain.items():
        head = head_of(value, letters[name])
        told.results[name]["output"] = head.value if head else value
        if head and records[name]["tool"] == READING:
            told.results[name]["more"] = "Ask for less at once: give a smaller `length`, and read on at `start`."
        elif head:
            labels = set(record_labels(records[name]))
            made = Call(id="", tool=records[name]["tool"], arguments={}, inputs=[], labels=labels)
            told.wholes[name] = _store(head, value, name, run.within(made))
            if can_read:
                told.results[name]["more"] = _how(head, name)
    return told


def _without_known_limits(result: Any, known: set[str]) -> Any:
    """Return a result without the limits that others before it named: who uses a draft is told so with the draft."""
    if not isinstance(result, dict) or not isinstance(result.get("limits"), list):
        return result
    new = [one for one in result["limits"] if one not in known]
    known.update(new)
    return {name: new if name == "limits" else part for name, part in result.items() if name != "limits" or new}


def _lightness(texts: Mapping[str, str]) -> float:
    """Return how many letters these texts may have for one of English: hanzi are a token each."""
    letters, tokens = sum(map(len, texts.values())), sum(map(text_tokens, texts.values()))
    return min(1.0, letters / LETTERS_A_TOKEN / tokens) if tokens else 1.0


def _store(head: Head, value: Any, name: str, run: Run) -> str:
    """Store all of a result: a long text as text, else what the model was told as JSON."""
    is_text = isinstance(head.rest, str)
    content = head.rest if isinstance(head.rest, str) else written(value)
    ending, media_type = (".txt", _TEXT) if is_text else (".json", _JSON)
    return run.put(content.encode(errors="replace"), name=f"{name}{ending}", media_type=media_type).handle


def _how(head: Head, name: str) -> str:
    if isinstance(head.rest, str):
        where = {"unit": "characters", "start": head.kept}
    else:
        where = {"unit": "rows", "pointer": head.pointer, "start": head.kept}
    call = written({"artifact": f"$whole.{name}", **where})
    return f"Only a part. Where the answer needs the rest, call {READING} with {call}"


def _pictures(result: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield reference and handle of the pictures in what a perception tool found, not of those made for the user."""
    if isinstance(result, list):
        for place, one in enumerate(result):
            yield from _pictures(one, f"{path}[{place}]")
    elif isinstance(result, Mapping) and "moments" in result:
        yield from _images(result, path)


def _images(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if str(value.get("media_type", "")).startswith("image/") and "handle" in value:
            yield path, str(value["handle"])
        else:
            for name, part in value.items():
                yield from _images(part, f"{path}.{name}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _images(part, f"{path}[{place}]")
