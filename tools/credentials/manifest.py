"""The manifest of C2PA that a file gets: what is claimed of its making, signed with all that it says."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO

from . import native
from .films import plain_film, sign_film
from .identity import Pen
from .story import BY_MODEL, HERE, MODEL_MADE, Story

_ACTIONS = "c2pa.actions.v2"
_HELD_MB = 4096
"""What c2pa holds of a file before it puts it on disk: a decoder process has none, so `most_bytes` is the limit."""
_MOST_BYTES, _MOST_BOXED_BYTES = 256 << 20, 512 << 20
"""Measured: of a film in fragments c2pa holds as much as it has, of WAV and JPEG over twice that while it grows."""
_BOXED = ("video/mp4", "video/quicktime", "audio/mp4")
NO_FORMAT = "application/octet-stream"


@dataclass(frozen=True)
class Ingredient:
    """A file that went into another, open where it could be opened."""

    name: str
    format: str
    relation: str
    file: BinaryIO | None


def settings(*, verify_trust: bool = False) -> dict[str, Any]:
    """Return what c2pa is to do: nothing over the network, no pictures of its own, no check of what it just wrote."""
    return {
        "core": {
            "allowed_network_hosts": [],
            "decode_identity_assertions": False,
            "backing_store_memory_threshold_in_mb": _HELD_MB,
        },
        "verify": {
            "verify_after_sign": False,
            "verify_trust": verify_trust,
            "verify_timestamp_trust": verify_trust,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "builder": {
            "thumbnail": {"enabled": False},
            "created_assertion_labels": [_ACTIONS, "c2pa.ingredient.v3"],
            "actions": {
                "auto_created_action": {"enabled": False},
                "auto_opened_action": {"enabled": False},
                "auto_placed_action": {"enabled": False},
            },
        },
    }


def most_bytes(media_type: str) -> int:
    """Return the most that a file of a kind may have to be signed, or looked into for what it was signed as."""
    return _MOST_BOXED_BYTES if media_type in _BOXED else _MOST_BYTES


def sign(source: BinaryIO, out: BinaryIO, story: Story, pen: Pen, ingredients: Sequence[Ingredient]) -> None:
    """Write a file with its manifest.

    Args:
        source: What it is to be, but for the manifest.
        out: Where it is written, and read again.
        story: What is claimed.
        pen: Who signs.
        ingredients: What went into it, the one that was edited among them.

    Raises:
        c2pa.C2paError: It cannot be done.
    """
    c2pa = native.c2pa()
    with ExitStack() as stack:
        # The key stays with the pen. What says the time of an authority would be asked by c2pa itself, where it opens
        # files, and there is no network: so none is.
        signer = c2pa.Signer.from_callback(pen.sign, c2pa.C2paSigningAlg[pen.algorithm.upper()], pen.chain)
        context = stack.enter_context(c2pa.Context.from_dict(settings(), signer=signer))
        builder = stack.enter_context(c2pa.Builder(_claim(story, ingredients), context=context))
        for number, one in enumerate(ingredients):
            _add(builder, one, number)
        if film := plain_film(source):
            sign_film(builder, story.media_type, film, source, out)
            return
        source.seek(0)
        builder.sign(story.media_type, source, out)


def _add(builder: Any, one: Ingredient, number: int) -> None:
    """Add an ingredient, with the manifest that it brings; of one that cannot be read only what it is called."""
    c2pa = native.c2pa()
    told = {"title": one.name, "relationship": one.relation, "label": _label(number)}
    try:
        if one.file is not None:
            one.file.seek(0)
            builder.add_ingredient(told, one.format, one.file)
            return
    except c2pa.C2paError:
        pass
    builder.add_ingredient(told, NO_FORMAT, io.BytesIO(b"\0"))


def _label(number: int) -> str:
    return f"input-{number}"


def _claim(story: Story, ingredients: Sequence[Ingredient]) -> dict[str, Any]:
    return {
        "claim_generator_info": [{"name": "Sensorium", "version": story.version}],
        "title": story.title,
        "format": story.media_type,
        "assertions": [{"label": _ACTIONS, "data": {"actions": _actions(story, ingredients)}}],
    }


def _actions(story: Story, ingredients: Sequence[Ingredient]) -> list[dict[str, Any]]:
    """Return what was done, in order; the first action says whether the file was begun or opened."""
    relations: Mapping[str, list[str]] = {"parentOf": [], "componentOf": [], "inputTo": []}
    for number, one in enumerate(ingredients):
        relations[one.relation].append(_label(number))
    agent = {"name": "Sensorium", "version": story.version} if story.provider == HERE else {"name": story.provider}
    own = {"softwareAgent": agent, "description": story.tool, "when": story.made_at}
    kind = {"digitalSourceType": story.source_address} if story.source_address else {}
    given = {"parameters": {"ingredientIds": relations["inputTo"]}} if relations["inputTo"] else {}
    actions: list[dict[str, Any]]
    if not relations["parentOf"]:
        actions = [{"action": "c2pa.created", **own, **kind, **given}]
    else:
        opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": relations["parentOf"]}}
        is_new = story.kind == "model" and story.source_type == BY_MODEL
        # What a provider signed itself: it is the file as it came, and only what is told of it was added.
        done = {"action": "c2pa.edited.metadata" if is_new else "c2pa.edited", **own, **kind, **given}
        actions = [opened, done]
    actions += [{"action": "c2pa.placed", "parameters": {"ingredientIds": [one]}} for one in relations["componentOf"]]
    return actions


def source_types(file: BinaryIO, media_type: str) -> list[str] | None:
    """Return IPTC's words for where a file comes from, as its manifest says; None when it has no manifest."""
    c2pa = native.c2pa()
    file.seek(0)
    with c2pa.Context.from_dict(settings()) as context:
        try:
            reader = c2pa.Reader.try_create(media_type, file, None, context)
        except c2pa.C2paError:
            return None
        if reader is None:
            return None
        with reader:
            store = json.loads(reader.json())
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    return [one.rpartition("/")[2] for one in _types_in(manifest)]


def _types_in(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        own = value.get("digitalSourceType")
        return [*([own] if isinstance(own, str) else []), *(one for part in value.values() for one in _types_in(part))]
    return [one for part in value for one in _types_in(part)] if isinstance(value, list) else []


def is_by_model(types: Iterable[str]) -> bool:
    """Return whether a model had a part in what is of these types."""
    return any(one in MODEL_MADE for one in types)
