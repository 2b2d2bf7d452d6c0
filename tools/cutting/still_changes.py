"""Change a still picture, or make a film of one that moves."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ..base.errors import ArgumentError, MediaError
from ..credentials.keeping import Making, keep
from .animations import film_of
from .formats import FORMATS, format_for
from .sizes import crop_box, scaled_size
from .stills import StillEdit, edit_still
from .survey import survey
from .writing import Done, Writing

if TYPE_CHECKING:
    from ..film.encoders import Container

_NOT_OF_FILMS = ("start_seconds", "end_seconds", "width_pixels", "frames_per_second", "max_bytes")
"""What `convert` does not do while an animated picture becomes a film."""


async def change_still(job: Writing) -> Done:
    """Crop, scale, turn or convert a picture.

    Raises:
        ArgumentError, MediaError: It cannot be had of a picture.
    """
    asked, run, source = job.asked, job.run, job.source
    own = format_for(source.facts.media_type, "picture")
    form = FORMATS[asked.format] if asked.format else own
    if form.video_encoder:
        if asked.task != "convert":
            raise ArgumentError(f"`{asked.task}` leaves {job.name!r} a picture. `convert` it to a film first.")
        if odd := [name for name in _NOT_OF_FILMS if getattr(asked, name) is not None]:
            raise ArgumentError(f"{job.name!r} becomes a film as it is: leave `{odd[0]}` out, and edit that film then.")
        output = job.output("film", form)
        film = await run.decode(film_of, run.path(job.media), job.name, output, cast("Container", form.name), run)
        return await job.keep(output, form, "film", film.seconds, picture=True, sound=False)
    if not form.is_picture:
        raise MediaError(f"{job.name!r} is a picture and has no sound for {form.name}.")
    if asked.start_seconds is not None or asked.end_seconds is not None or asked.frames_per_second is not None:
        raise ArgumentError(f"{job.name!r} is a still picture: it has no seconds to choose from.")
    most = job.own_bytes(asked.max_bytes) if asked.max_bytes else None
    edit = StillEdit(format=form.name, max_bytes=most, degrees=asked.degrees, mirror=asked.mirror)
    if asked.task == "crop":
        left, top, width, height, notes = crop_box(asked, source, job.name, even_sizes=False)
        job.notes += notes
        edit = replace(edit, crop=(left, top, width, height))
    elif asked.task == "scale" or asked.width_pixels is not None:
        edit = replace(edit, size=scaled_size(asked, source))
    output = job.output(asked.task, form)
    made = await run.decode(edit_still, run.path(job.media), job.name, output, edit)
    job.notes += [one for one in made.notes if one not in job.notes]
    proof = await run.decode(survey, output.path, output.path.name)
    if (proof.width_pixels, proof.height_pixels) != (made.width_pixels, made.height_pixels):
        raise MediaError(f"{job.name!r} was written with another size than it was made with. Its file is damaged.")
    file = await keep(
        run,
        output.path,
        name=job.file_name(asked.task, form),
        media_type=form.media_type,
        making=Making(kind="edit", inputs=job.inputs()),
        facts={"width_pixels": made.width_pixels, "height_pixels": made.height_pixels},
    )
    job.weigh(file)
    return Done(file=file, way="encoded")
