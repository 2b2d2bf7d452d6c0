"""Do what an edit was asked for."""

from .cuts import cut, parts_left, pieces_of
from .film_changes import change, convert, turn
from .sound_changes import change_sound, extract_sound
from .still_changes import change_still
from .subtitling import add_subtitles
from .writing import Done, Writing


async def done(job: Writing) -> list[Done]:
    """Return what was made.

    Raises:
        ArgumentError: It cannot be had of this file; the message says what can.
        MediaError: The file cannot be decoded.
    """
    task = job.asked.task
    if job.source.facts.kind == "picture":
        return [await change_still(job)]
    if task == "split":
        return [await cut(job, [part], f"part-{number:02d}") for number, part in enumerate(await pieces_of(job), 1)]
    if task == "trim":
        return [await cut(job, [job.asked.span(job.source.seconds, job.name)], "trim")]
    if task == "remove":
        return [await cut(job, await parts_left(job), "cut")]
    if task == "convert":
        return [await convert(job)]
    if task == "extract_sound":
        return [await extract_sound(job)]
    if task in ("mute", "replace_sound", "mix_sound"):
        return [await change_sound(job)]
    if task == "add_subtitles":
        return [await add_subtitles(job)]
    if task == "rotate" and not job.asked.mirror:
        return [await turn(job)]
    if task in ("speed", "reverse") and not job.source.facts.video:
        return [await job.render_sound(job.edit([job.take()]), job.sound_form(), task)]
    return [await change(job)]
