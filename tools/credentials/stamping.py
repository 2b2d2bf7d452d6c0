"""Write into a file who made it: its metadata, then the manifest that is signed over all of it."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..base.errors import MediaError
from ..base.outputs import OutputFile
from ..base.sniff import sniff
from . import native
from .films import would_tear
from .identity import Pen
from .manifest import NO_FORMAT, Ingredient, is_by_model, most_bytes, sign, source_types
from .picture_tags import may_have_pages
from .pieces import CannotTag, Part, Piece, copied, opened, size_of
from .said import ends_of, said_in
from .story import BY_MODEL, COMPOSED, PART_BY_MODEL, Input, Story
from .tagging import MANIFESTS, TAGS

if TYPE_CHECKING:
    from ..base.run import Run

_ALIKE = ({"video/mp4", "audio/mp4", "video/quicktime"}, {"video/webm", "video/x-matroska"})
"""Told apart by what is in them, not by how they are built."""


@dataclass(frozen=True, kw_only=True)
class Stamped:
    """What a file tells now."""

    source_type: str
    has_tags: bool
    has_manifest: bool
    why_no_tags: str = ""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be written."""

    source: Path
    """The file as it was made."""
    output: OutputFile
    story: Story


def stamp(run: "Run", order: Order, handles: Sequence[str], pen: Pen | None, *, looks: bool = True) -> Stamped:
    """Write a file anew with who made it.

    Args:
        run: Where its inputs are.
        order: The file, and what it tells.
        handles: Of its inputs, as the story has them.
        pen: Who signs; None for metadata alone.
        looks: Whether the manifests of its inputs are read for what these are.

    Raises:
        MediaError: The manifest cannot be written, for what the message says.
    """
    story = order.story
    with ExitStack() as stack:
        file = stack.enter_context(order.source.open("rb"))
        given = list(_ingredients(run, story, handles, stack))
        pairs = zip(story.inputs, handles, strict=True)
        types = [_told_types(run.path(handle), one, looks=looks) for one, handle in pairs]
        story = replace(story, source_type=_source_type(story, types, looked=looks))
        pieces, why = _tagged(file, story)
        signs = pen is not None and story.media_type in MANIFESTS
        if signs and why and story.media_type in TAGS:
            # c2pa writes the file anew by what its head says, and leaves out what that does not count.
            raise MediaError(f"No signed manifest could be put in, since {why}.")
        with order.output.open() as out:
            if pen is not None and signs:
                _sign(opened(file, pieces), out, story, pen, [*_as_it_came(file, story, given), *given])
            else:
                for part in copied(opened(file, pieces)):
                    out.write(part)
        return Stamped(source_type=story.source_type, has_tags=not why, has_manifest=signs, why_no_tags=why)


def _as_it_came(file: BinaryIO, story: Story, given: Sequence[Ingredient]) -> list[Ingredient]:
    """Return the file itself as what was opened, where its provider has signed it: that manifest is kept."""
    kind = MANIFESTS[story.media_type]
    if story.kind != "model" or any(one.relation == "parentOf" for one in given):
        return []
    return [] if source_types(file, kind) is None else [Ingredient(story.title, kind, "parentOf", file)]


def _ingredients(run: "Run", story: Story, handles: Sequence[str], stack: ExitStack) -> Iterator[Ingredient]:
    for one, handle in zip(story.inputs, handles, strict=True):
        path, format = run.path(handle), MANIFESTS.get(one.media_type)
        file = stack.enter_context(path.open("rb")) if format and path.stat().st_size <= most_bytes(format) else None
        yield Ingredient(one.name, format or NO_FORMAT, one.relation, file)


def _told_types(path: Path, known: Input, *, looks: bool) -> set[str]:
    """Return what an input is by its manifest, else by its metadata, and by what the library knows of it."""
    kind = MANIFESTS.get(known.media_type)
    reads = looks and kind and path.stat().st_size <= most_bytes(kind)
    with path.open("rb") as file:
        found = source_types(file, kind) if kind and reads else None
        if found is None:
            found = [said_in(ends_of(file)).get("DigitalSourceType", "").rpartition("/")[2]]
    return {one for one in [*found, known.source_type] if one}


def _source_type(story: Story, types: Sequence[set[str]], *, looked: bool) -> str:
    """Return where a file comes from, now that it is known where its inputs do."""
    by_model = [is_by_model(one) for one in types]
    if story.kind == "composite":
        return PART_BY_MODEL if any(by_model) else COMPOSED if looked else ""
    if story.kind != "edit":
        return story.source_type
    # A part of what a model made, and of nothing else, is what a model made; of an original nothing is claimed.
    if types and all(one == {BY_MODEL} for one in types):
        return BY_MODEL
    return PART_BY_MODEL if any(by_model) else ""


def _tagged(file: BinaryIO, story: Story) -> tuple[list[Piece], str]:
    """Return the file with its metadata, or as it is and why."""
    whole: list[Piece] = [Part(0, size_of(file))]
    if not _is_of_kind(file, story.media_type):
        return whole, "it is of another kind than is said of it"
    try:
        write = TAGS.get(story.media_type)
        return (write(file, story), "") if write else (whole, "its format has no place for it")
    except CannotTag as error:
        return whole, str(error)
    except (ArithmeticError, LookupError, ValueError, struct.error):  # what is in it is not what is said of it
        return whole, "it is damaged"


def _is_of_kind(file: BinaryIO, media_type: str) -> bool:
    """Return whether a file begins as its kind does: what is written into another one would destroy it."""
    found = sniff(file).media_type
    if media_type == "image/svg+xml":
        return found.startswith("text/")
    if media_type == "audio/midi":  # which is not sniffed, but looked at as it is written
        return found == "application/octet-stream"
    return any({found, media_type} <= one for one in _ALIKE) or found == media_type


def _sign(file: BinaryIO, out: BinaryIO, story: Story, pen: Pen, given: Sequence[Ingredient]) -> None:
    if story.media_type == "image/tiff" and may_have_pages(file):
        # c2pa 0.38 copies the first page alone, and what is left points to nothing.
        raise MediaError("No signed manifest could be put in: of a TIFF with several pages only one would be left.")
    if would_tear(file):
        raise MediaError("No signed manifest could be put in: the one that it came with stands behind its media.")
    try:
        sign(file, out, replace(story, media_type=MANIFESTS[story.media_type]), pen, given)
    except native.c2pa().C2paError as error:
        raise MediaError(f"No signed manifest could be put in: {error}") from error
    if size_of(out) < size_of(file):
        raise MediaError("No signed manifest could be put in: a part of the file would be lost.")
