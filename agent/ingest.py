"""Turns the user's files into artifacts and typed facts, before anything is planned."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from ..tools.base.call import perform
from ..tools.base.errors import StorageError, ToolError
from ..tools.base.run import Run
from ..tools.base.workspace import Artifact, shown_name
from ..tools.coding.languages import code_facts
from .addresses import fetch_file, plain_address
from .given_files import is_address


async def ingest_files(paths: Sequence[str], run: Run) -> list[dict[str, Any]]:
    """Return the facts of each file, in order; one that cannot be used has an `error` and no handle.

    What is given as an address is fetched.
    """
    return list(await asyncio.gather(*(_ingest(path, run) for path in paths)))


def together(earlier: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the facts of a thread's files: those of earlier turns keep their places and are marked so."""
    named = {one.get("handle"): one for one in new}
    places = [dict(named.get(one["handle"]) or {**one, "attached": "earlier"}) for one in earlier]
    known = {one["handle"] for one in earlier}
    return places + [dict(one) for one in new if one.get("handle") not in known]


async def _ingest(path: str, run: Run) -> dict[str, Any]:
    """Return handle, name, media_type, kind, seconds, has_sound, has_pictures and size of one file."""
    known = {"address": plain_address(path)} if is_address(path) else {}
    try:
        if known:
            artifact = await fetch_file(path, run)
        else:
            artifact = await asyncio.to_thread(run.workspace.adopt, Path(path))
        run.admit([artifact.handle])
        return {**await _facts(artifact, run), **known}
    except StorageError:  # no fault of the file: with room on the disk it can be used
        raise
    except ToolError as error:
        return {"name": shown_name(path if known else Path(path).name), "error": str(error), **known}


async def _facts(artifact: Artifact, run: Run) -> dict[str, Any]:
    """Return what is known of a file."""
    named = {"handle": artifact.handle, "name": artifact.name, "media_type": artifact.media_type}
    if code := await asyncio.to_thread(code_facts, artifact.name, artifact.media_type, run.path(artifact.handle)):
        return {**named, "kind": "text" if artifact.media_type.startswith("text/") else "data", **code}
    if _is_text(artifact):
        return {**named, "kind": "text"}
    # The user named the file, so looking at what it is needs no approval.
    probed = (await perform("probe_media", {"media": artifact.handle}, replace(run, approvals=None))).result
    facts = probed.model_dump(mode="json", include=set(_SHOWN))
    return {**named, **{name: value for name, value in facts.items() if value is not None}}


def _is_text(artifact: Artifact) -> bool:
    """Return whether it is text that says so: a playlist, or text under the name of a film, is a mistake to be told."""
    guessed, _ = guess_type(artifact.name)
    named_as_media = (guessed or "").split("/")[0] in ("video", "audio", "image")
    return artifact.media_type in TEXTS and not named_as_media


TEXTS = ("text/plain", "text/json")
_SHOWN = ("kind", "seconds", "has_sound", "has_pictures", "width_pixels", "height_pixels")
