"""Put files one behind the other: copied where they are alike, else encoded like the first."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import ArgumentError, MediaError
from .asked import MOST_SECONDS, Asked
from .joining import Whole, try_joining
from .parts import MOST_PIECES
from .survey import survey
from .writing import Done, Writing, whole_take

if TYPE_CHECKING:
    from ..base.run import Run


async def join(run: "Run", handles: Sequence[str], asked: Asked, folder: Path) -> tuple[Done, list[str]]:
    """Put files one behind the other.

    Raises:
        ArgumentError: There are too few or too many.
        MediaError: One of them cannot be decoded, or is a picture.
    """
    if len(handles) < 2:
        raise ArgumentError("`join` needs at least two files: `media` and `files`, or two or more `files`.")
    if len(handles) > MOST_PIECES:
        raise ArgumentError(f"{len(handles)} files are too many to join at once; the limit is {MOST_PIECES}.")
    found = [await run.decode(survey, run.path(one), run.name(one)) for one in handles]
    for handle, one in zip(handles, found, strict=True):
        if one.facts.kind == "picture":
            raise MediaError(
                f"{run.name(handle)!r} is a still picture, which lasts for no time. Use `compose_video` to show it."
            )
    films = [one for one in found if one.facts.video is not None]
    if films and found[0].facts.video is None:
        raise MediaError(
            f"{run.name(handles[0])!r} is sound, and other files have pictures. Put a film first, or mix the sound in "
            "with `mix_sound`."
        )
    if films and len(films) < len(found):
        sound_only = next(h for h, one in zip(handles, found, strict=True) if one.facts.video is None)
        raise MediaError(f"{run.name(sound_only)!r} has no picture to show. Make a film of it with `picture_sound`.")
    if sum(one.seconds for one in found) > MOST_SECONDS:
        raise ArgumentError("The files last more than 12 hours together. Join fewer.")
    limits = [
        f"{run.name(handle)!r}: {limit}"
        for handle, one in zip(handles, found, strict=True)
        for limit in one.facts.limits
    ]
    editing = Writing(run, handles[0], asked, folder, found[0], notes=list(dict.fromkeys(limits)))
    form = editing.form()
    output = editing.output("joined", form)
    wholes = [
        Whole(path=run.path(handle), name=run.name(handle), seconds=one.seconds)
        for handle, one in zip(handles, found, strict=True)
    ]
    tried = await run.decode(try_joining, wholes, output, form, run)
    has_sound = any(one.facts.audio is not None for one in found)
    if tried.copied is not None:
        seconds = tried.copied.pieces[-1].end_seconds
        done = await editing.keep(output, form, "joined", seconds, picture=bool(films), sound=has_sound)
        return replace(done, way="copied"), editing.notes
    output.remove()
    editing.note(f"All of it was encoded anew: {tried.reason}.")
    if films and len({(one.width_pixels, one.height_pixels) for one in films}) > 1:
        size = found[0].width_pixels, found[0].height_pixels
        editing.note(
            f"Films of another size stand between black bars in {size[0]}×{size[1]} px, the size of the first."
        )
    if has_sound and any(one.facts.audio is None for one in found):
        editing.note("Where a file has no sound, it is silent.")
    edit = editing.edit([whole_take(run, handle, one) for handle, one in zip(handles, found, strict=True)])
    edit = replace(
        edit,
        look=replace(edit.look, bars=True) if edit.look else None,
        has_sound=has_sound,
        channels=1 if all(one.channels <= 1 for one in found) else 2,
    )
    return await editing.render_film(edit, form, "joined"), editing.notes
