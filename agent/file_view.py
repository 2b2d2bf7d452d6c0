"""`sensorium show FILE`: who made a file, when, with what and out of what."""

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..tools.base.errors import ArgumentError, MediaError
from ..tools.base.journal import Journal
from ..tools.base.run import Run
from ..tools.base.settings import Settings
from ..tools.base.workspace import PREFIX, at_home
from ..tools.credentials.identity import own_anchors
from ..tools.credentials.reading import Told, read_told
from .cards import wrapped
from .cli import words
from .printing import fit, say, say_json
from .tool_commands import columns

_HOW = {
    "model": "made by a model",
    "partly model": "made or changed in part by a model",
    "rules": "made by a program, without a model",
    "composed": "put together out of several files",
    "edited": "an edited file",
    "captured": "recorded by a device",
    "unknown": "",
}
_PROOF = {
    "signed": "signed, and unchanged since",
    "altered": "CHANGED since it was signed: nothing below is proved",
    "unread": "not looked at, as the note says: nothing below is proved",
    "said": "not signed: its metadata says so, which anybody can write",
    "none": "nothing in it says who made it",
}
_STRANGER = "signed by somebody who is not known here, and unchanged since; what follows is their word"
_BROKEN = "its signature does NOT hold: nothing below is proved"
_SIGNER = {
    "yours": "{}; yes, with a certificate of this library",
    "self-made": "calls itself {}; a self-made certificate: nobody vouches for the name",
    "not known here": "calls itself {}; a certificate that is on no list here",
}
_PROBLEMS = {"signingCredential.expired": "its certificate is not valid now, and nobody knows whether it was then"}
_RELATION = {"parentOf": "edited", "componentOf": "a part", "inputTo": "given to what made it"}
_MOST_INPUTS = 20
MOST_SECONDS = 60.0
"""For taking a file apart; what c2pa needs grows with the square of the number of boxes."""
_OURS = ("made by", "tool", "at", "comment", "Comment", "Creation Time")
"""Of the metadata, what says again what stands above; `--json` has all."""


def file_named(journal: Journal, named: str) -> Path | None:
    """Return the file of this name, unless it names a run."""
    path = at_home(Path(named))
    with suppress(OSError, ValueError):
        if not path.is_file():
            return None
        try:
            journal.get(words(named))
        except ArgumentError:
            return path
    return None


def show_file(settings: Settings, file: Path, *, as_json: bool) -> int:
    """Print who made a file."""
    plain = plain_of(Run.open(settings), file)
    if as_json:
        say_json(plain, indent=1)
        return 0
    for line in lines_of(plain, columns()):
        say(line)
    return 0


def plain_of(run: Run, file: Path) -> dict[str, Any]:
    """Return as JSON data what a file tells, and what the library knows of the same content.

    Raises:
        MediaError: It cannot be read.
    """
    try:
        with file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise MediaError(f"{str(file)!r} cannot be read: {error.strerror}. Check the file's permission.") from error
    told = asyncio.run(_told(run, file, own_anchors(run.settings.credentials, run.settings.home)))
    return {"file": words(file.name), "sha256": sha256, **told.model_dump(mode="json"), "library": _known(run, sha256)}


async def _told(run: Run, file: Path, anchors: str) -> Told:
    """Return what a file tells; only what its words say where it cannot be taken apart."""
    try:
        async with asyncio.timeout(MOST_SECONDS):
            return await run.decode(read_told, file, file.name, anchors)
    except TimeoutError:
        why = f"It takes more than {MOST_SECONDS:.0f} s to look into it."
    except MediaError as error:
        why = str(error)
    found = await run.decode(read_told, file, file.name, anchors, looks=False)
    return found.model_copy(update={"limits": [*found.limits, why]})


def _known(run: Run, sha256: str) -> list[dict[str, Any]]:
    """Return the calls that made the same content here, the latest first."""
    return [
        {
            "run": one.run,
            "tool": one.tool,
            "provider": one.provider,
            "arguments": one.arguments,
            "inputs": [_named(run, handle) for handle in one.inputs],
        }
        for one in run.workspace.provenance(PREFIX + sha256)
    ]


def _named(run: Run, handle: str) -> str:
    with suppress(ArgumentError):
        return run.workspace.get(handle).name
    return handle


def lines_of(plain: Mapping[str, Any], columns: int) -> Iterator[str]:
    """Yield what is told of a file, in lines of at most `columns`."""
    maker, manifest = plain["maker"], plain["manifest"]
    yield fit(f"{plain['file']}: {plain['media_type']}, {plain['bytes']:,} bytes", columns)
    yield from _line("sha256: ", plain["sha256"], columns)
    yield from _line("proof: ", _proof(maker, manifest), columns)
    facts = {"kind": _kind(maker), "by": maker["by"], "tool": maker["tool"], "made": maker["made_at"]}
    for name, value in facts.items():
        if value:
            yield from _line(f"{name}: ", value, columns)
    if manifest:
        yield ""
        yield from _manifest(manifest, columns)
    if shown := {name: value for name, value in plain["metadata"].items() if name not in _OURS}:
        yield ""
        yield "metadata (anybody can write it):"
        for name, value in shown.items():
            yield from _line(f"  {name}: ", value, columns)
    for one in plain["library"]:
        yield ""
        yield from _call(one, columns)
    for one in plain["limits"]:
        yield ""
        yield from _line("note: ", one, columns)


def _proof(maker: Mapping[str, Any], manifest: Mapping[str, Any] | None) -> str:
    if manifest and maker["proof"] == "signed" and manifest["signer"] != "yours":
        return _STRANGER
    return _BROKEN if manifest and manifest["state"] == "broken" else _PROOF[maker["proof"]]


def _kind(maker: Mapping[str, Any]) -> str:
    kind = maker["digital_source_type"]
    shown = _HOW[maker["how"]]
    return f"{shown} ({kind})" if shown and kind else shown or kind


def _manifest(manifest: Mapping[str, Any], columns: int) -> Iterator[str]:
    yield "signed manifest (C2PA):"
    who = ", ".join(dict.fromkeys(one for one in (manifest["name"], manifest["issuer"]) if one))
    yield from _line("  signer: ", _SIGNER[manifest["signer"]].format(repr(who)), columns)
    yield from _line("  time: ", manifest["signed_at"] or "as the maker says; no authority was asked", columns)
    problems = [_PROBLEMS.get(one, one) for one in manifest["problems"]]
    yield from _line("  state: ", "; ".join([manifest["state"], *problems]), columns)
    yield from _line("  actions: ", ", ".join(manifest["actions"]) or "none", columns)
    inputs = manifest["inputs"]
    for one in inputs[:_MOST_INPUTS]:
        made = f", by {one['by']}" if one["by"] else ""
        kind = f", {one['digital_source_type']}" if one["digital_source_type"] else ""
        state = {"valid": ", signed", "altered": ", CHANGED since it was signed", "unsigned": ", not signed"}[
            one["state"]
        ]
        relation = _RELATION.get(one["relation"], one["relation"])
        yield from _line("  out of: ", f"{one['name']} ({relation}{made}{kind}{state})", columns)
    if len(inputs) > _MOST_INPUTS:
        yield f"  and {len(inputs) - _MOST_INPUTS} more"


def _call(one: Mapping[str, Any], columns: int) -> Iterator[str]:
    yield from _line("this library: ", f"made by `{one['tool']}` of {one['provider']}, in run {one['run']}", columns)
    for name, value in _given(one["arguments"]).items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield from _line(f"  {name}: ", shown, columns)
    for name in one["inputs"]:
        yield from _line("  out of: ", name, columns)


def _given(value: Any) -> Any:
    """Return arguments without those that were left out."""
    match value:
        case dict():
            return {name: _given(one) for name, one in value.items() if one not in (None, "", [])}
        case list():
            return [_given(one) for one in value]
    return value


def _line(head: str, text: str, columns: int) -> Iterator[str]:
    first, *others = wrapped(head + text, columns - 4)
    yield first
    yield from (f"    {one}" for one in others)
