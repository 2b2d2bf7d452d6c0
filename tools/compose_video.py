"""Films out of pictures, clips, speech and music."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from .base.call import perform
from .base.errors import ArgumentError, MediaError
from .base.estimate import Estimate, between, exactly
from .base.outputs import OutputFile
from .base.run import Run
from .base.subtitle_files import read_subtitles
from .base.subtitles import Cue, srt
from .base.tool import AnyFile, Sounding, tool
from .base.words import guess_language
from .base.workspace import Artifact
from .credentials.keeping import Making, keep
from .film.captions import Style, draw_caption, draw_title, face_for, without
from .film.composing import compose
from .film.encoders import MEDIA_TYPES, Container
from .film.given import given_lines
from .film.proving import Proof, look_at_film
from .film.scene import Scene, Transition
from .film.shots import Film, Line, Shot
from .film.survey import Found, Wanted, survey
from .film.timeline import Part, Sound, check_clips, lay_out
from .speak import SpokenText

Aspect = Literal["16:9", "9:16", "1:1"]
Shown = Literal["drawn", "soft", "both", "none"]
MOST_SCENES = 300
MOST_FILES = 450
"""Different ones: each that is open takes a descriptor of the decoder."""
_LETTERS, _MANY_LETTERS = (100.0, 5_000.0), (500.0, 20_000.0)
"""Likely and at most, of what a scene says, or all of them, before that is known."""
_LENGTH_SECONDS = 0.25
"""How far a film's length may be from what was laid out."""


class ComposedVideo(BaseModel):
    """A film that was put together."""

    video: Artifact
    seconds: float
    width_pixels: int
    height_pixels: int
    frames_per_second: int
    has_sound: bool
    loudness_lufs: float | None = Field(description="Integrated loudness (EBU R128) as measured in the film.")
    srt: Artifact | None = Field(description="The captions as SubRip; none without captions.")
    scene_starts_seconds: list[float] = Field(description="When each scene begins.")
    limits: list[str] = Field(default_factory=list)


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    if not isinstance(scenes := args.get("scenes"), list):
        return between(0, *_MANY_LETTERS, "characters")  # they are what another step gives
    takes = exactly(characters=0.0)
    for one in scenes:
        words = one.get("say", "") if isinstance(one, Mapping) else None
        takes += exactly(characters=len(words)) if isinstance(words, str) else between(0, *_LETTERS, "characters")
    return takes


@tool(effect="pure", resource="cpu", version=1, roles=("speak",), units=_units, calls=("speak",))
async def compose_video(
    scenes: Annotated[
        list[Scene],
        Field(
            min_length=1,
            max_length=MOST_SCENES,
            description="In order, each a `picture`, a `video` or a `title`, with what is said and captioned over it.",
        ),
    ],
    narration: Annotated[Sounding | None, Field(description="A recording that is heard over the whole film.")] = None,
    music: Annotated[
        Sounding | None, Field(description="Plays to the end, again and again if it is short; softer under speech.")
    ] = None,
    captions: Annotated[
        AnyFile | None,
        Field(description="Subtitles of the whole film as .srt, .vtt or .ass, for example `srt` of `transcribe`."),
    ] = None,
    *,
    aspect: Annotated[Aspect, Field(description="Shape of the picture.")] = "16:9",
    height_pixels: Annotated[
        int | None, Field(ge=144, le=2160, description="720, and 1280 of an upright film, when left out.")
    ] = None,
    transition: Annotated[Transition, Field(description="Between scenes that do not say it.")] = "fade",
    transition_seconds: Annotated[float, Field(gt=0, le=5, description="How long a fade takes.")] = 0.5,
    show_captions: Annotated[
        Shown, Field(description="In the picture, as a track that players show when asked to, both, or not at all.")
    ] = "drawn",
    caption_style: Annotated[Style, Field(description="Letters with a dark edge, or on a dark box.")] = "outline",
    language: Annotated[
        str | None, Field(description="ISO 639-1 code of what is said and captioned; told from the words if left out.")
    ] = None,
    voice: Annotated[str | None, Field(description="Of what scenes `say`; see `speak`.")] = None,
    music_gain_db: Annotated[float, Field(ge=-40, le=20, description="Louder or softer music than usual.")] = 0.0,
    loudness_lufs: Annotated[float, Field(ge=-31, le=-12, description="Of the whole film (EBU R128).")] = -16.0,
    frames_per_second: Annotated[int, Field(ge=10, le=60, description="Of the film.")] = 25,
    container: Annotated[Container, Field(description="Of the file.")] = "mp4",
    run: Run,
) -> ComposedVideo:
    """Put a film together out of pictures, clips, title cards, recordings and music, with captions.

    Pictures move slowly and are never distorted, scenes fade over, music gets softer under speech, and the loudness is
    even. Nothing is invented: use `make_image`, `make_video`, `speak` and `make_music` for what goes into it.
    """
    _check_files(scenes)
    width, height = _size(aspect, height_pixels)
    shown = await _looked_at([one for scene in scenes for one in _files_of(scene)], (width, height), run)
    whole = await _looked_at([one for one in (_heard(narration), _heard(music)) if one], (width, height), run)
    check_clips([Part(scene=scene, seen=_found(scene, shown), name=_name(scene, run)) for scene in scenes])
    # Whatever may be wrong with the files and words of a film is known before a voice is paid.
    are_drawn = show_captions in ("drawn", "both")
    spoken = [one.say if one.caption is None else one.caption for one in scenes] if are_drawn else []
    face_for("".join([*(f"{one.title}{one.text}" for one in scenes), *spoken]))
    subtitles = await run.thread(read_subtitles, run.path(captions), run.name(captions)) if captions else None
    said = await _said(scenes, language, voice, (width, height), run)
    parts = [
        Part(
            scene=scene,
            seen=_found(scene, shown),
            name=_name(scene, run),
            narration=said.get(number) or _sound(scene.narration, shown, run),
        )
        for number, scene in enumerate(scenes)
    ]
    timeline = lay_out(
        parts,
        _sound(narration, whole, run),
        _sound(music, whole, run),
        transition=transition,
        transition_seconds=transition_seconds,
        music_gain_db=music_gain_db,
    )
    limits = [limit for part in parts for limit in part.seen.limits] + list(timeline.limits)
    lines = list(timeline.lines)
    if subtitles is not None:
        lines = given_lines(subtitles.subtitles, timeline.seconds)
        limits += subtitles.limits
    film = Film(
        width_pixels=width,
        height_pixels=height,
        frames_per_second=frames_per_second,
        seconds=timeline.seconds,
        shots=timeline.shots,
        strips=timeline.strips,
        container=container,
        language=language or guess_language(" ".join(line.text for line in lines)),
        has_soft_lines=bool(lines) and show_captions in ("soft", "both"),
        loudness_lufs=loudness_lufs,
    )
    film, left_out = await run.thread(_written, film, [part.scene for part in parts], lines, caption_style, are_drawn)
    if left_out:
        limits.append(f"No font here has {left_out!r}, so these signs were left out of what is drawn.")
    handles = _handles(film)
    name = f"film.{container}"
    with run.workspace.scratch() as folder:
        output = OutputFile(path=folder / name, max_bytes=min(run.settings.max_bytes, _raw_bytes(film)))
        composed = await run.decode(compose, film, handles, output, run)
        limits += filter(None, composed.limits)
        run.progress(0.98, "looking at the film")
        proof = await run.decode(look_at_film, output.path, name, run)
        _prove(film, proof, has_sound=composed.gain_db is not None)
        if film.strips and composed.gain_db is None:
            limits.append("Nothing can be heard in the recordings: the film is silent.")
        video = await keep(
            run,
            output.path,
            name=name,
            media_type=MEDIA_TYPES[container],
            making=Making(kind="composite", inputs=tuple(handles)),
            facts={
                "seconds": proof.seconds,
                "width_pixels": proof.width_pixels,
                "height_pixels": proof.height_pixels,
                "frames_per_second": frames_per_second,
            },
        )
    return ComposedVideo(
        video=video,
        seconds=proof.seconds,
        width_pixels=proof.width_pixels,
        height_pixels=proof.height_pixels,
        frames_per_second=frames_per_second,
        has_sound=bool(film.strips),
        loudness_lufs=proof.loudness_lufs,
        srt=_srt(film.lines, run) if film.lines else None,
        scene_starts_seconds=[round(shot.start_seconds, 3) for shot in film.shots],
        limits=list(dict.fromkeys(limits)),
    )


def _check_files(scenes: Sequence[Scene]) -> None:
    files = {file for one in scenes for file in (one.picture, one.video, one.narration) if file}
    if len(files) > MOST_FILES:
        raise ArgumentError(f"The scenes name {len(files)} files; {MOST_FILES} fit in one film. Make it in two parts.")


async def _said(
    scenes: Sequence[Scene], language: str | None, voice: str | None, size: tuple[int, int], run: Run
) -> dict[int, Sound]:
    """Return what is spoken here, by the number of the scene."""
    said: dict[int, SpokenText] = {}
    for number, scene in enumerate(scenes):
        if not scene.say.strip():
            continue
        run.progress(None, f"speaking for scene {number + 1}")
        given = {"text": scene.say, "language": language, "voice": voice}
        spoken = await perform("speak", {name: one for name, one in given.items() if one is not None}, run)
        assert isinstance(spoken.result, SpokenText)
        said[number] = spoken.result
        run.used(spoken.provider)
    if not said:
        run.call.idle_roles.add("speak")
        return {}
    found = await _looked_at([Wanted(handle=one.audio.handle, use="sound") for one in said.values()], size, run)
    return {
        number: Sound(
            handle=one.audio.handle,
            name=f"what scene {number + 1} says",
            found=found[Wanted(handle=one.audio.handle, use="sound")],
            words=one.text,
        )
        for number, one in said.items()
    }


async def _looked_at(wanted: Sequence[Wanted], size: tuple[int, int], run: Run) -> dict[Wanted, Found]:
    """Return what is known of files."""
    once = list(dict.fromkeys(wanted))
    if not once:
        return {}
    handles = list(dict.fromkeys(one.handle for one in once))
    return dict(zip(once, await run.decode(survey, once, handles, size, run), strict=True))


def _files_of(scene: Scene) -> list[Wanted]:
    return [one for one in (_seen(scene), _heard(scene.narration)) if one]


def _found(scene: Scene, shown: Mapping[Wanted, Found]) -> Found:
    seen = _seen(scene)
    return shown[seen] if seen else Found()


def _name(scene: Scene, run: Run) -> str:
    return run.name(scene.picture or scene.video or "") if scene.picture or scene.video else ""


def _sound(handle: str | None, known: Mapping[Wanted, Found], run: Run) -> Sound | None:
    heard = _heard(handle)
    return Sound(handle=heard.handle, name=run.name(heard.handle), found=known[heard]) if heard else None


def _seen(scene: Scene) -> Wanted | None:
    if scene.picture:
        return Wanted(handle=scene.picture, use="picture")
    if scene.video:
        return Wanted(handle=scene.video, use="clip", from_seconds=scene.start_seconds, to_seconds=scene.end_seconds)
    return None


def _heard(handle: str | None) -> Wanted | None:
    return Wanted(handle=handle, use="sound") if handle else None


def _size(aspect: Aspect, height_pixels: int | None) -> tuple[int, int]:
    wide, high = map(int, aspect.split(":"))
    height = (height_pixels or (1280 if high > wide else 720)) // 2 * 2
    return round(height * wide / high / 2) * 2, height


def _written(
    film: Film, scenes: Sequence[Scene], lines: Sequence[Line], style: Style, are_drawn: bool
) -> tuple[Film, str]:
    """Return a film with its words drawn, and the signs that had to be left out.

    Raises:
        UnavailableError: No font here has the letters.
    """
    titles = [f"{scene.title}{scene.text}" for scene in scenes]
    face, gone = face_for("".join([*titles, *(line.text for line in lines if are_drawn)]))
    size = {"width_pixels": film.width_pixels, "height_pixels": film.height_pixels}

    def titled(shot: Shot, scene: Scene) -> Shot:
        title, text = without(scene.title, gone), without(scene.text, gone)
        if not (title or text):
            return shot
        return replace(shot, words=draw_title(title, text, face, over_picture=shot.kind != "card", **size))

    def lettered(line: Line) -> Line:
        drawn = draw_caption(without(line.text, gone), face, style=style, **size) if are_drawn else None
        return replace(line, drawn=drawn)

    shots = tuple(titled(shot, scene) for shot, scene in zip(film.shots, scenes, strict=True))
    return replace(film, shots=shots, lines=tuple(map(lettered, lines))), gone


def _raw_bytes(film: Film) -> int:
    """Return what a film takes that is not compressed at all; no encoder makes it larger."""
    return film.frames * film.width_pixels * film.height_pixels * 3 // 2 + (64 << 20)


def _handles(film: Film) -> list[str]:
    """Return the files of a film, each once."""
    named = [*(shot.handle for shot in film.shots), *(strip.handle for strip in film.strips)]
    return list(dict.fromkeys(filter(None, named)))


def _prove(film: Film, proof: Proof, *, has_sound: bool) -> None:
    """Check that a film is what was laid out.

    Raises:
        MediaError: It is not.
    """
    wrong = []
    if (proof.width_pixels, proof.height_pixels) != (film.width_pixels, film.height_pixels):
        wrong.append(f"a picture of {proof.width_pixels}×{proof.height_pixels}")
    if abs(proof.seconds - film.seconds) > _LENGTH_SECONDS or proof.frames != film.frames:
        wrong.append(f"{proof.frames} frames in {proof.seconds:.2f} s instead of {film.frames} in {film.seconds:.2f} s")
    if film.strips and abs(proof.sound_seconds - film.seconds) > _LENGTH_SECONDS:
        wrong.append(f"{proof.sound_seconds:.2f} s of sound")
    if has_sound and proof.loudness_lufs is None and film.seconds > 1:
        wrong.append("silence")
    if proof.subtitle_tracks != int(film.has_soft_lines):
        wrong.append(f"{proof.subtitle_tracks} tracks of subtitles")
    if proof.bad_frames:
        wrong.append(f"{proof.bad_frames} frames that cannot be decoded")
    if wrong:
        raise MediaError(f"The film that was made has {'; '.join(wrong)}: it was not kept. Please report this.")


def _srt(lines: Sequence[Line], run: Run) -> Artifact:
    cues = [
        Cue(
            start_milliseconds=round(line.start_seconds * 1000),
            end_milliseconds=round(line.end_seconds * 1000),
            lines=tuple(line.text.split("\n")),
        )
        for line in lines
    ]
    return run.put(srt(cues).encode(), name="captions.srt", media_type="application/x-subrip")
