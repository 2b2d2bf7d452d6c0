"""Cuts and other changes of films, sound and pictures."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from .base.errors import MediaError
from .base.run import Run
from .base.tool import AnyFile, Media, Sounding, tool
from .base.workspace import Artifact
from .cutting.asked import OF_PICTURES, Asked, Task
from .cutting.formats import FormatName


class EditedFile(BaseModel):
    """One file that was made."""

    file: Artifact
    seconds: float | None = Field(None, description="How long it is; None of a still picture.")
    start_seconds: float | None = Field(None, description="Where it really begins in the source.")
    end_seconds: float | None = Field(None, description="Where it really ends there.")
    way: Literal["copied", "partly encoded", "encoded"] = Field(
        description="`copied`: without loss; `partly encoded`: only frames at a cut, or the sound, were encoded."
    )
    encoded_frames: int = Field(0, description="How many, where the rest was copied.")


class EditedMedia(BaseModel):
    """What was made of a file."""

    file: Artifact = Field(description="The result; of several, the first.")
    items: list[EditedFile] = Field(description="All results, in order; `split` gives several.")
    files: list[Artifact] = Field(description="Their files alone, for example for `join`.")
    seconds: float | None = Field(None, description="Of all results together.")
    limits: list[str] = Field(default_factory=list)


@tool(effect="pure", resource="cpu", version=1)
async def edit_media(
    task: Annotated[
        Task,
        Field(
            description="`trim` keeps one part; `split` makes several files (at `at_seconds`, `parts`, or silences); "
            "`remove` leaves out `parts`, or silences; `join` puts `files` one behind the other; `convert` changes the "
            "format: also GIF or WebP of a short film."
        ),
    ],
    media: Annotated[Media | None, Field(description="The file to edit; for `join` the first one.")] = None,
    *,
    start_seconds: Annotated[
        float | None,
        Field(
            ge=0, description="trim, mute, extract_sound, convert: from here; replace_sound, mix_sound: begins here."
        ),
    ] = None,
    end_seconds: Annotated[
        float | None, Field(gt=0, description="trim, mute, extract_sound, convert: to here.")
    ] = None,
    at_seconds: Annotated[list[float] | None, Field(max_length=1000, description="split: cut at these times.")] = None,
    parts: Annotated[
        list[tuple[float, float]] | None,
        Field(
            max_length=1000,
            description="[start, end] in seconds: split: the pieces to keep; remove: what to leave out.",
        ),
    ] = None,
    exact: Annotated[
        bool,
        Field(description="Cut to the frame; false: begin at the key frame before, so that nothing is encoded."),
    ] = True,
    silence_db: Annotated[
        float, Field(ge=-90, le=-5, description="split, remove: quieter than this is silence; 0 is full scale.")
    ] = -40.0,
    min_silence_seconds: Annotated[
        float, Field(ge=0.05, le=60, description="split, remove: a shorter pause is none.")
    ] = 0.5,
    keep_seconds: Annotated[
        float, Field(ge=0, le=10, description="split, remove: how much of a silence stays on each side.")
    ] = 0.15,
    files: Annotated[list[Media] | None, Field(description="join: what to put together, in order.")] = None,
    width_pixels: Annotated[int | None, Field(ge=1, le=16384, description="crop, scale, GIF, WebP.")] = None,
    height_pixels: Annotated[int | None, Field(ge=1, le=16384, description="crop, scale.")] = None,
    left_pixels: Annotated[
        int | None, Field(ge=0, description="crop: from the left edge; the middle if left out.")
    ] = None,
    top_pixels: Annotated[
        int | None, Field(ge=0, description="crop: from the upper edge; the middle if left out.")
    ] = None,
    aspect: Annotated[
        str | None, Field(max_length=12, description="crop: the largest part of this shape: `9:16`.")
    ] = None,
    degrees: Annotated[Literal[0, 90, 180, 270], Field(description="rotate: clockwise.")] = 0,
    mirror: Annotated[bool, Field(description="rotate: exchange left and right.")] = False,
    speed: Annotated[
        float | None, Field(ge=0.1, le=20, description="speed: 2 is twice as fast; the pitch of sound is kept.")
    ] = None,
    sound: Annotated[Sounding | None, Field(description="replace_sound, mix_sound: the other sound.")] = None,
    volume_db: Annotated[
        float,
        Field(ge=-60, le=20, description="replace_sound, mix_sound: of the other sound; -15 suits music under speech."),
    ] = 0.0,
    subtitles: Annotated[
        AnyFile | None,
        Field(description="add_subtitles (can be switched off), burn_subtitles: an SRT, WebVTT or ASS file."),
    ] = None,
    language: Annotated[str, Field(max_length=8, description="add_subtitles: ISO 639-1 code, for example `en`.")] = "",
    format: Annotated[
        FormatName | None, Field(description="convert, extract_sound: the new format; else that of `media` is kept.")
    ] = None,
    frames_per_second: Annotated[
        float | None, Field(ge=1, le=50, description="convert to GIF or WebP; 12 if left out.")
    ] = None,
    max_bytes: Annotated[
        int | None, Field(ge=1000, le=100_000_000, description="convert to a picture: made smaller until it fits.")
    ] = None,
    run: Run,
) -> EditedMedia:
    """Cut, join, change or convert a video, a sound or a picture.

    Trim, split at silences or times, leave parts out, crop, scale, rotate, change speed, mute, replace or mix sound,
    extract sound, add subtitles, make a GIF. One `task` a call; each takes only the arguments that name it. Streams are
    copied without loss wherever that gives what was asked; a cut to the frame encodes only the frames around it.
    `crop`, `scale`, `rotate` and `convert` take pictures, too. Use `compose_video` for a film of pictures and words.
    """
    from .cutting.doing import done
    from .cutting.joins import join
    from .cutting.survey import survey
    from .cutting.writing import Writing

    asked = Asked(
        task=task,
        start_seconds=start_seconds,
        end_seconds=end_seconds,
        at_seconds=at_seconds,
        parts=parts,
        exact=exact,
        silence_db=silence_db,
        min_silence_seconds=min_silence_seconds,
        keep_seconds=keep_seconds,
        left_pixels=left_pixels,
        top_pixels=top_pixels,
        width_pixels=width_pixels,
        height_pixels=height_pixels,
        aspect=aspect,
        degrees=degrees,
        mirror=mirror,
        speed=speed,
        files=files,
        sound=sound,
        volume_db=volume_db,
        subtitles=subtitles,
        language=language,
        frames_per_second=frames_per_second,
        max_bytes=max_bytes,
        format=format,
    )
    asked.check(media is not None)
    with run.workspace.scratch() as folder:
        if task == "join":
            joined, notes = await join(run, [*([media] if media else []), *(files or [])], asked, folder)
            results = [joined]
        else:
            assert media is not None
            found = await run.decode(survey, run.path(media), run.name(media))
            job = Writing(run, media, asked, folder, found, notes=list(found.facts.limits))
            if found.facts.kind == "picture" and task not in OF_PICTURES:
                raise MediaError(
                    f"{run.name(media)!r} is a still picture, which `{task}` is not for: "
                    f"{', '.join(sorted(OF_PICTURES))} are."
                )
            results, notes = await done(job), job.notes
    seconds = [one.seconds for one in results if one.seconds is not None]
    return EditedMedia(
        file=results[0].file,
        items=[
            EditedFile(
                file=one.file,
                seconds=one.seconds,
                start_seconds=one.start_seconds,
                end_seconds=one.end_seconds,
                way=one.way,
                encoded_frames=one.encoded_frames,
            )
            for one in results
        ],
        files=[one.file for one in results],
        seconds=round(sum(seconds), 3) if seconds else None,
        limits=notes,
    )
