"""Add subtitles to a film: as a track, or drawn into its pictures."""

from collections.abc import Sequence
from dataclasses import replace

from ..base.errors import MediaError
from ..base.subtitle_files import one_at_a_time, read_subtitles
from ..drawing.faces import Face
from ..film.captions import draw_caption, face_for
from ..film.captions import without as without_signs
from .edits import Words
from .looks import Look
from .writing import BEYOND_SECONDS, Done, Writing


async def add_subtitles(job: Writing) -> Done:
    """Add a track of subtitles; nothing is encoded."""
    form = job.form()
    if job.source.facts.video is None or not form.subtitle_codec:
        raise MediaError(f"{job.name!r} has no picture, so nobody would see subtitles. Make a film of it first.")
    words = await subtitles_of(job)
    edit = replace(job.edit([job.take()], picture=False), has_sound=False, soft=words)
    edit = replace(edit, language=job.asked.language)
    copying = job.copying(form, edit=edit)
    copied, output = await job.copy_parts(copying, [(0.0, job.source.seconds + BEYOND_SECONDS)], "subtitled")
    if copied is None:
        edit = replace(job.edit([job.take()]), soft=words, language=job.asked.language)
        return await job.render_film(edit, form, "subtitled")
    return await job.keep_copied(output, copied, form, "subtitled", job.source.seconds)


async def subtitles_of(job: Writing) -> tuple[Words, ...]:
    """Return the subtitles that lie in the file."""
    handle = job.asked.subtitles
    assert handle is not None
    name = job.run.name(handle)
    read = await job.run.thread(read_subtitles, job.run.path(handle), name)
    for limit in read.limits:
        job.note(limit)
    found = one_at_a_time(read.subtitles)
    words = [
        Words(start_seconds=one.start_seconds, end_seconds=min(one.end_seconds, job.source.seconds), text=one.text)
        for one in found
        if one.start_seconds < job.source.seconds - 0.01
    ]
    if not words:
        raise MediaError(
            f"The first subtitle of {name!r} is at {found[0].start_seconds:.1f} s, and {job.name!r} lasts "
            f"{job.source.seconds:.1f} s. Are they of this film?"
        )
    if len(words) < len(found):
        job.note(f"{len(found) - len(words)} of {len(found)} subtitles come after the end, and were left out.")
    return tuple(words)


async def drawn_subtitles(job: Writing, look: Look) -> tuple[Words, ...]:
    """Return the subtitles as they are laid on pictures of this look."""
    words = await subtitles_of(job)
    face, gone = await job.run.thread(face_for, "".join(one.text for one in words))
    if gone:
        job.note(f"No font here has {gone[:20]!r}; these signs were left out.")
    return await job.run.thread(draw_all, job, words, look, face, gone)


def draw_all(job: Writing, words: Sequence[Words], look: Look, face: Face, gone: str) -> tuple[Words, ...]:
    """Draw subtitles; blocking."""
    drawn = []
    for number, one in enumerate(words):
        job.run.progress(0.1 * number / len(words), "drawing subtitles")
        text = without_signs(one.text, gone)
        picture = draw_caption(text, face, width_pixels=look.width_pixels, height_pixels=look.height_pixels)
        drawn.append(replace(one, drawn=picture))
    return tuple(drawn)
