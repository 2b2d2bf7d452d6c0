"""Change how a film looks, how fast it runs, or what it is written as."""

from dataclasses import replace

from ..base.errors import ArgumentError, MediaError
from ..base.moments import Span
from ..credentials.keeping import Making, keep
from .animations import FRAMES_PER_SECOND, MAX_BYTES, MOST_FRAMES, MOST_SECONDS, WIDTH_PIXELS, Animation, animate
from .formats import FORMATS, Format
from .looks import even
from .sizes import crop_box, scaled_size
from .sound_changes import extract_sound
from .subtitling import drawn_subtitles
from .writing import BEYOND_SECONDS, Done, Writing


async def convert(job: Writing) -> Done:
    """Write a file, or a part of it, in another format."""
    asked, source = job.asked, job.source
    assert asked.format is not None
    form = FORMATS[asked.format]
    span = asked.span(source.seconds, job.name)
    if form.name in ("gif", "webp"):
        return await to_animation(job, form, span)
    if form.is_picture:
        raise ArgumentError(
            f"{job.name!r} moves, and {form.name} is a still picture. Take frames with `extract_frames`."
        )
    if asked.frames_per_second or asked.max_bytes or asked.width_pixels:
        raise ArgumentError(
            "`width_pixels`, `frames_per_second` and `max_bytes` are for GIF, WebP and pictures. Use the task "
            "`scale` for another size of a film."
        )
    if not form.video_encoder:
        return await extract_sound(job)
    if source.facts.video is None:
        raise MediaError(
            f"{job.name!r} has no picture for {form.name}. Give a format of sound (m4a, mp3, wav, flac, opus, "
            "ogg), or make a film of it with `picture_sound`."
        )
    whole = span == (0.0, source.seconds)
    parts = [(0.0, source.seconds + BEYOND_SECONDS) if whole else span]
    copies_sound = source.facts.audio is None or source.audio_codec in form.audio
    edit = None if copies_sound else job.edit([job.take(*span)], picture=False)
    copying = job.copying(form, sound=copies_sound, edit=edit)
    copied, output = await job.copy_parts(copying, parts, "as")
    if copied is None:
        return await job.render_film(job.edit([job.take(*span)]), form, "as")
    new_sound = not copies_sound
    return await job.keep_copied(output, copied, form, "as", span[1] - span[0], new_sound=new_sound)


async def to_animation(job: Writing, form: Format, span: Span) -> Done:
    """Write a short part of a film as an animated picture."""
    asked, run = job.asked, job.run
    if job.source.facts.video is None:
        raise MediaError(f"{job.name!r} has no moving picture for {form.name}; it is sound.")
    seconds = span[1] - span[0]
    rate = asked.frames_per_second or FRAMES_PER_SECOND
    if seconds > MOST_SECONDS or seconds * rate > MOST_FRAMES:
        raise ArgumentError(
            f"{seconds:.1f} s at {rate:g} frames a second are too much for {form.name}: the limits are "
            f"{MOST_SECONDS:g} s and {MOST_FRAMES:,} frames. Give a part with `start_seconds` and `end_seconds`."
        )
    animation = Animation(
        take=job.take(*span),
        form=form.name,
        frames_per_second=rate,
        width_pixels=asked.width_pixels or min(WIDTH_PIXELS, job.source.width_pixels),
        max_bytes=job.own_bytes(asked.max_bytes or MAX_BYTES),
    )
    output = job.output("animated", form)
    made = await run.decode(animate, output, animation, run)
    if made.width_pixels < min(animation.width_pixels, job.source.width_pixels):
        most = asked.max_bytes or MAX_BYTES
        job.note(f"It was made {made.width_pixels} px wide to keep to {most:,} bytes.")
    file = await keep(
        run,
        output.path,
        name=job.file_name("animated", form),
        media_type=form.media_type,
        making=Making(kind="edit", inputs=job.inputs()),
        facts={"seconds": made.seconds, "width_pixels": made.width_pixels, "height_pixels": made.height_pixels},
    )
    job.weigh(file)
    return Done(file=file, way="encoded", seconds=made.seconds, start_seconds=span[0], end_seconds=span[1])


async def turn(job: Writing) -> Done:
    """Have a film shown turned: by a mark in the file where it has one, so that nothing is encoded."""
    form, source = job.form(), job.source
    if source.facts.video is None:
        raise MediaError(f"{job.name!r} has no picture to turn; it is sound.")
    if form.name in ("mp4", "mov"):
        copying = replace(job.copying(form), turned_degrees=job.asked.degrees)
        copied, output = await job.copy_parts(copying, [(0.0, source.seconds + BEYOND_SECONDS)], "turned")
        if copied is not None:
            return await job.keep_copied(output, copied, form, "turned", source.seconds)
    return await change(job)


async def change(job: Writing) -> Done:
    """Encode the whole film with another look or speed, or with words on it."""
    asked, source = job.asked, job.source
    if source.facts.video is None:
        raise MediaError(f"{job.name!r} has no picture to {asked.task.replace('_', ' ')}; it is sound.")
    edit = job.edit([job.take()])
    look = job.look()
    if asked.task == "crop":
        left, top, width, height, notes = crop_box(asked, source, job.name, even_sizes=True)
        job.notes += notes
        look = replace(look, width_pixels=width, height_pixels=height, crop=(left, top, width, height))
    elif asked.task == "scale":
        width, height = scaled_size(asked, source)
        look = replace(look, width_pixels=even(width), height_pixels=even(height), bars=True)
        if (look.width_pixels, look.height_pixels) != (width, height):
            job.note(f"The size was made even, as encoders need it: {look.width_pixels}×{look.height_pixels} px.")
        if abs(look.width_pixels / look.height_pixels / (source.width_pixels / source.height_pixels) - 1) > 0.02:
            job.note("The picture has another shape than the size; it stands between black bars. Use `crop` first.")
        if job.shrinks and source.picture_bits_per_second:
            # More for each pixel than the source has, but fewer in all; half as many where it is half as wide.
            share = (look.width_pixels * look.height_pixels / (source.width_pixels * source.height_pixels)) ** 0.5
            edit = replace(edit, most_bits_per_second=round(source.picture_bits_per_second * min(0.9, share)))
    elif asked.task == "rotate":
        width, height = look.width_pixels, look.height_pixels
        size = (height, width) if asked.degrees % 180 else (width, height)
        look = replace(look, width_pixels=size[0], height_pixels=size[1], degrees=asked.degrees, mirror=asked.mirror)
    elif asked.task == "speed":
        assert asked.speed is not None
        edit = replace(edit, speed=asked.speed)
    elif asked.task == "reverse":
        edit = replace(edit, backwards=True)
    elif asked.task == "burn_subtitles":
        edit = replace(edit, burned=await drawn_subtitles(job, look))
    suffix = {"burn_subtitles": "subtitled", "speed": "speed", "reverse": "reversed"}.get(asked.task, asked.task)
    return await job.render_film(replace(edit, look=look), job.form(), suffix)
