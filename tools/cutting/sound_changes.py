"""Take the sound out of a file, silence it, or put other sound into it; pictures are copied."""

from dataclasses import replace

from ..base.errors import ArgumentError, MediaError
from ..base.moments import Span
from .asked import sound_format
from .edits import Other
from .proving import OFF_SECONDS, sound_end
from .survey import survey
from .writing import BEYOND_SECONDS, Done, Writing, whole_take


async def extract_sound(job: Writing) -> Done:
    """Write the sound of a file alone, as it is where the format takes that.

    Raises:
        MediaError: There is none.
    """
    asked, source = job.asked, job.source
    job.need_sound("extract")
    form = sound_format(source, asked.format)
    if form.video_encoder or form.is_picture:
        raise ArgumentError(f"{form.name} is no format of sound. Give m4a, mp3, wav, flac, opus or ogg.")
    span = asked.span(source.seconds, job.name)
    whole = span == (0.0, source.seconds)
    if source.audio_codec in form.audio and not (source.is_lossless and form.name in ("wav", "flac") and not whole):
        start, end = await _heard_span(job, span)
        copying = job.copying(form, picture=False)
        parts = [(start, source.seconds + BEYOND_SECONDS if whole else span[1])]
        copied, output = await job.copy_parts(copying, parts, "sound")
        if copied is not None:
            done = await job.keep(output, form, "sound", end - start, picture=False, sound=True)
            return replace(done, way="copied", start_seconds=start, end_seconds=end)
    done = await job.render_sound(job.edit([job.take(*span)], picture=False), form, "sound")
    return replace(done, start_seconds=span[0], end_seconds=span[1])


async def _heard_span(job: Writing, span: Span) -> Span:
    """Return what of a part has sound; it may begin later than the picture, and end earlier.

    Raises:
        MediaError: Nothing has.
    """
    facts = job.source.facts
    assert facts.audio is not None
    last = await job.run.decode(sound_end, job.run.path(job.media), job.name, facts)
    start, end = max(span[0], round(facts.audio.start_seconds - facts.origin_seconds, 3)), min(span[1], round(last, 3))
    if end <= start:
        raise MediaError(f"{job.name!r} has sound from {start:.2f} s to {last:.2f} s, none of it in this part.")
    if start - span[0] > OFF_SECONDS or span[1] - end > OFF_SECONDS:
        job.note(f"There is sound only from {start:.2f} s to {end:.2f} s; the file holds that.")
    return start, end


async def change_sound(job: Writing) -> Done:
    """Mute, replace or mix sound: the picture is copied."""
    asked, source = job.asked, job.source
    seconds = source.seconds
    has_sound = source.facts.audio is not None
    edit = job.edit([job.take()], picture=False)
    if asked.task == "mute":
        job.need_sound("mute")
        span = asked.span(seconds, job.name)
        if span == (0.0, seconds):
            if source.facts.video is None:
                raise ArgumentError(f"{job.name!r} is sound alone: muted, nothing would be left.")
            edit = replace(edit, has_sound=False)
        else:
            edit = replace(edit, silent=(span,))
    else:
        other = await other_sound(job)
        if other.way == "mix" and not has_sound:
            job.note(f"{job.name!r} had no sound of its own; it has only the new one.")
            other = replace(other, way="replace")
        if other.delay_seconds + other.take.seconds < seconds - 0.1 and other.way == "replace":
            job.note(f"The new sound ends at {other.delay_seconds + other.take.seconds:.2f} s; then it is silent.")
        tags = edit.sound_tags if other.way == "mix" else {}
        edit = replace(edit, has_sound=True, other=other, channels=2, sound_tags=tags)
    suffix = {"mute": "muted", "replace_sound": "new-sound", "mix_sound": "mixed"}[asked.task]
    form = job.form()
    if source.facts.video is None:
        return await job.render_sound(edit, job.sound_form(), suffix)
    copying = job.copying(form, sound=False, edit=edit)
    copied, output = await job.copy_parts(copying, [(0.0, seconds + BEYOND_SECONDS)], suffix)
    if copied is None:
        return await job.render_film(replace(edit, look=job.look()), form, suffix)
    expected = seconds if edit.has_sound else copied.pieces[0].end_seconds
    return await job.keep_copied(output, copied, form, suffix, expected, sound=edit.has_sound, new_sound=edit.has_sound)


async def other_sound(job: Writing) -> Other:
    """Return the sound that is to be put in.

    Raises:
        MediaError: Its file has none.
    """
    asked, run = job.asked, job.run
    assert asked.sound is not None
    found = await run.decode(survey, run.path(asked.sound), run.name(asked.sound))
    if found.facts.audio is None:
        raise MediaError(f"{run.name(asked.sound)!r} has no sound to use. It has: {'; '.join(found.facts.streams)}.")
    delay = asked.start_seconds or 0.0
    if delay >= job.source.seconds:
        raise ArgumentError(
            f"`start_seconds` is {delay:g}, where the new sound begins, and {job.name!r} lasts "
            f"{job.source.seconds:.2f} s."
        )
    return Other(
        take=whole_take(run, asked.sound, found),
        way="mix" if asked.task == "mix_sound" else "replace",
        gain=10 ** (asked.volume_db / 20),
        delay_seconds=delay,
    )
