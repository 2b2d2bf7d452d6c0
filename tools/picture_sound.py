"""A sound as a picture or as a film."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

from pydantic import BaseModel, Field

from .base.errors import ArgumentError, MediaError
from .base.run import Run
from .base.tool import Sounding, tool
from .base.workspace import Artifact

if TYPE_CHECKING:
    from .cutting.edits import Take
    from .cutting.sound_films import Stage
    from .cutting.sound_pictures import Sheet

Form = Literal["waveform", "spectrogram", "video"]
SIZES: dict[Form, tuple[int, int]] = {"waveform": (1600, 500), "spectrogram": (1600, 800), "video": (1280, 720)}
LEAST_SECONDS = 0.05
MOST_FILM_SECONDS = 4 * 3600.0


class SoundPicture(BaseModel):
    """A sound that can be seen."""

    file: Artifact = Field(description="PNG; of the form `video` MP4 with the sound.")
    form: Form
    seconds: float = Field(description="How much of the sound is shown.")
    width_pixels: int
    height_pixels: int
    limits: list[str] = Field(default_factory=list)


@tool(effect="pure", resource="cpu", version=1)
async def picture_sound(
    media: Annotated[Sounding, Field(description="Sound, or a video with sound.")],
    form: Annotated[
        Form,
        Field(
            description="`waveform`: level over time; `spectrogram`: frequencies over time; `video`: a film that moves "
            "with the sound."
        ),
    ] = "waveform",
    title: Annotated[str, Field(max_length=200, description="Stands above it; none when left out.")] = "",
    *,
    motion: Annotated[
        Literal["bars", "waveform"], Field(description="video: bars of the spectrum, or the waveform as it is played.")
    ] = "bars",
    start_seconds: Annotated[float, Field(ge=0, description="Show the sound from here.")] = 0.0,
    end_seconds: Annotated[float | None, Field(gt=0, description="To here; to its end when left out.")] = None,
    width_pixels: Annotated[
        int | None, Field(ge=320, le=4096, description="1600 when left out; of a video 1280.")
    ] = None,
    height_pixels: Annotated[
        int | None, Field(ge=200, le=4096, description="500, of a spectrogram 800, of a video 720 when left out.")
    ] = None,
    language: Annotated[Literal["en", "zh"], Field(description="Of the words at the axes.")] = "en",
    run: Run,
) -> SoundPicture:
    """Draw a sound: as a waveform, as a spectrogram, or as a film that moves with it, with axes in seconds, Hz and dB.

    Use it to show what a recording holds, or to give music and speech a picture that can be published as a video.
    """
    from .cutting.parts import inside
    from .cutting.survey import survey

    found = await run.decode(survey, run.path(media), run.name(media))
    if found.facts.audio is None:
        raise MediaError(f"{run.name(media)!r} has no sound to draw. It has: {'; '.join(found.facts.streams)}.")
    start, end = inside(
        start_seconds, found.seconds if end_seconds is None else end_seconds, found.seconds, run.name(media)
    )
    if end - start < LEAST_SECONDS:
        raise ArgumentError(f"{end - start:.3f} s are too short to draw; the least is {LEAST_SECONDS:g} s.")
    from .cutting.edits import Take

    part = Take(
        path=run.path(media),
        name=run.name(media),
        start_seconds=start,
        end_seconds=end,
        origin_seconds=found.sound_origin_seconds,
    )
    size = width_pixels or SIZES[form][0], height_pixels or SIZES[form][1]
    sheet, notes = await run.thread(_sheet, size, title, language)
    with run.workspace.scratch() as folder:
        if form == "video":
            return await _film(media, part, sheet, motion, notes, folder, run)
        return await _picture(media, part, sheet, form, notes, folder, run)


def _sheet(size: tuple[int, int], title: str, language: Literal["en", "zh"]) -> "tuple[Sheet, list[str]]":
    from .cutting.sound_pictures import Sheet, words_of
    from .film.captions import face_for, without

    face, gone = face_for(words_of(title, language))
    notes = [f"No font here has {gone[:20]!r}; these signs were left out."] if gone else []
    return (
        Sheet(width_pixels=size[0], height_pixels=size[1], title=without(title, gone), language=language, face=face),
        notes,
    )


async def _picture(  # noqa: PLR0917 - what was asked for, and where
    media: str, part: "Take", sheet: "Sheet", form: Form, notes: list[str], folder: Path, run: Run
) -> SoundPicture:
    from .credentials.keeping import Making, keep
    from .cutting.sound_pictures import draw_spectrogram, draw_waveform
    from .cutting.spectra import levels, spectrogram

    if form == "waveform":
        seen = await run.decode(levels, part, sheet.frame(scale=False).width, run)
        image, limits = await run.thread(draw_waveform, sheet, seen), seen.limits
    else:
        frame = sheet.frame(scale=True)
        heard = await run.decode(spectrogram, part, frame.width, frame.height, run)
        image, limits = await run.thread(draw_spectrogram, sheet, heard), heard.limits
    path = folder / "sound.png"
    await run.thread(image.save, path, "PNG")
    file = await keep(
        run,
        path,
        name=f"{Path(run.name(media)).stem[:80]}-{form}.png",
        media_type="image/png",
        making=Making(kind="edit", inputs=(media,)),
        facts={"width_pixels": image.width, "height_pixels": image.height},
    )
    return SoundPicture(
        file=file,
        form=form,
        seconds=round(part.seconds, 3),
        width_pixels=image.width,
        height_pixels=image.height,
        limits=[*notes, *limits],
    )


async def _film(  # noqa: PLR0917 - as above
    media: str, part: "Take", sheet: "Sheet", motion: str, notes: list[str], folder: Path, run: Run
) -> SoundPicture:
    from .base.outputs import OutputFile
    from .credentials.keeping import Making, keep
    from .cutting.proving import prove
    from .cutting.sound_films import film_sound

    if part.seconds > MOST_FILM_SECONDS:
        raise ArgumentError(f"A film of {part.seconds / 3600:.1f} hours is too long; the limit is 4. Give a part.")
    stage = await _stage(part, sheet, motion, run)
    output = OutputFile(path=folder / "sound.mp4", max_bytes=run.settings.max_bytes)
    made = await run.decode(film_sound, output, part, stage, run)
    await run.decode(
        prove, output.path, "sound.mp4", made.seconds, picture=True, sound=True, slack_seconds=0.2, run=run
    )
    height, width = stage.dark.shape[:2]
    file = await keep(
        run,
        output.path,
        name=f"{Path(run.name(media)).stem[:80]}-{motion}.mp4",
        media_type="video/mp4",
        making=Making(kind="edit", inputs=(media,)),
        facts={"seconds": round(made.seconds, 3), "width_pixels": width, "height_pixels": height},
    )
    return SoundPicture(
        file=file, form="video", seconds=round(made.seconds, 3), width_pixels=width, height_pixels=height, limits=notes
    )


async def _stage(part: "Take", sheet: "Sheet", motion: str, run: Run) -> "Stage":
    from .cutting.spectra import levels
    from .cutting.stages import bar_stage, wave_stage

    if motion == "bars":
        return cast("Stage", await run.thread(bar_stage, sheet))
    found = await run.decode(levels, part, sheet.frame(scale=False).width, run)
    return cast("Stage", await run.thread(wave_stage, sheet, found))
