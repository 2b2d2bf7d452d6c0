"""Cut parts out of a file: given ones, or those between silences."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import ArgumentError
from ..base.moments import Span
from ..base.sound import silences
from ..base.sound_blocks import Reading
from .copying import Copied
from .parts import MOST_PIECES, checked_parts, loud_parts, pieces_at, without
from .writing import Done, Writing

if TYPE_CHECKING:
    from ..base.run import Run

_LEAST_SECONDS = 0.02


async def pieces_of(job: Writing) -> list[Span]:
    """Return the pieces that a file is split into."""
    asked, seconds = job.asked, job.source.seconds
    if asked.at_seconds:
        return pieces_at(asked.at_seconds, seconds, job.name)
    found = checked_parts(asked, seconds, job.name) if asked.parts else await parts_with_sound(job)
    if len(found) > MOST_PIECES:
        raise ArgumentError(
            f"There would be {len(found)} files; the limit is {MOST_PIECES}. Raise `min_silence_seconds`, or give "
            "fewer `parts`."
        )
    return found


async def parts_left(job: Writing) -> list[Span]:
    """Return what is left when silences, or given parts, are left out."""
    asked, seconds = job.asked, job.source.seconds
    if asked.parts:
        return without(checked_parts(asked, seconds, job.name), seconds, job.name)
    return await parts_with_sound(job)


async def parts_with_sound(job: Writing) -> list[Span]:
    """Return what lies between the silences of a file, in order."""
    job.need_sound("cut at silences; give `at_seconds` or `parts`")
    asked, run = job.asked, job.run
    silent = await run.decode(
        _silences, run.path(job.media), job.name, asked.silence_db, asked.min_silence_seconds, run
    )
    found = loud_parts(silent, job.source.seconds, asked.keep_seconds, job.name)
    if len(found) == 1 and found[0] == (0.0, job.source.seconds):
        job.notes.append(
            f"No silence under {asked.silence_db:g} dB of at least {asked.min_silence_seconds:g} s was found, so "
            "nothing was cut. Raise `silence_db`, or lower `min_silence_seconds`."
        )
    return found


async def cut(job: Writing, parts: Sequence[Span], suffix: str) -> Done:
    """Write parts of the file, one behind the other, as they are."""
    source = job.source
    form = job.form()
    if any(end - start < _LEAST_SECONDS for start, end in parts):
        raise ArgumentError(f"A part of less than {_LEAST_SECONDS:g} s cannot be cut out. Give a longer one.")
    if source.facts.video is None and source.is_lossless and form.name in ("wav", "flac"):
        takes = [job.take(start, end) for start, end in parts]
        done = await job.render_sound(job.edit(takes), form, suffix)
        return replace(done, way="copied", start_seconds=parts[0][0], end_seconds=parts[-1][1])
    copying = job.copying(form, exact=job.asked.exact)
    copied, output = await job.copy_parts(copying, parts, suffix)
    if copied is None:
        edit = job.edit([job.take(start, end) for start, end in parts])
        done = await job.render_film(edit, form, suffix)
        first, last = edit.takes[0].start_seconds, edit.takes[-1].end_seconds
        return replace(done, start_seconds=round(first, 3), end_seconds=round(last, 3))
    return await job.keep_copied(output, copied, form, suffix, length_of(job, copied, parts))


def length_of(job: Writing, copied: Copied, parts: Sequence[Span]) -> float:
    """Return how long what was copied should be."""
    whole = sum(one.end_seconds - one.start_seconds for one in copied.pieces)
    # Sound goes on behind the last frame where the whole rest was asked for.
    behind = min(parts[-1][1], job.source.seconds) - copied.pieces[-1].end_seconds
    return whole + max(0.0, behind)


def _silences(path: Path, name: str, silence_db: float, min_silence_seconds: float, run: "Run") -> list[Span]:
    return silences(path, name, run, Reading(), threshold_db=silence_db, at_least_seconds=min_silence_seconds)
