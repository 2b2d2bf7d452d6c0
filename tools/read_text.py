"""Text in pictures and videos, with its place and its times."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from .base.errors import ArgumentError, UnavailableError
from .base.estimate import Estimate, exactly, part_of, spread
from .base.media import MediaFacts, examine
from .base.models import TextLine, TextReader
from .base.moments import Coverage, Findings, Measure, Moment, Source, Span, Stretch
from .base.picture_files import open_picture
from .base.pictures import clock
from .base.run import Run
from .base.text_in_video import VideoText, read_video
from .base.tool import Seen, tool
from .base.watching import view
from .base.words import letters
from .base.workspace import Artifact

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_CONFIDENCE = 0.5
LONG_LINES = 200
"""From this many lines on, there is a JSON file of them too."""
MOST_MOMENTS = 1000
SCRIPTS = "Text is read in Latin letters, Chinese and Japanese; other scripts are missed or misread."


class Slide(BaseModel):
    """Lines of text that stood together."""

    start_seconds: float
    end_seconds: float
    title: str = Field(description="Its topmost large line.")
    lines: list[str] = Field(description="The other lines, in reading order.")
    picture: Artifact = Field(description="The slide when it was complete.")


class TextFound(Findings):
    """The text in a picture or a video."""

    text: list[str] = Field(description="Every distinct line once, in order of appearance.")
    slides: list[Slide] = Field(default_factory=list)
    frames_read: int = Field(0, description="Frames that text recognition ran on.")
    pictures: list[Artifact] = Field(default_factory=list, description="The frames that the moments point to.")
    listing: Artifact | None = Field(None, description="All lines as a text file.")
    details: Artifact | None = Field(None, description="All lines with boxes and times as JSON, when they are many.")


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    facts = files.get("media", {})
    if facts.get("kind") == "picture":
        return exactly(pictures=1)
    # Frames that are read: those that changed, 0.1 to 0.6 a second in measured films.
    often = 1 / max(0.1, args["every_seconds"]) if isinstance(args.get("every_seconds"), int | float) else 0.5
    return spread(part_of(args, facts), often / 20, often / 3, often, most=args.get("max_frames") or 120)


@tool(effect="pure", resource="cpu", roles=("read",), units=_units)
async def read_text(
    media: Annotated[Seen, Field(description="A picture or a video.")],
    *,
    between_seconds: Annotated[
        tuple[float, float] | None, Field(description="Read only this part of a video: start and end.")
    ] = None,
    every_seconds: Annotated[
        float | None,
        Field(ge=0.1, description="How often to look while the picture moves; 2 s when left out, 10 s in long films."),
    ] = None,
    language: Annotated[
        str | None, Field(description="ISO 639-1 code of the text; an error tells when it cannot be read.")
    ] = None,
    max_frames: Annotated[int, Field(ge=1, le=2000, description="Most frames to run text recognition on.")] = 120,
    scenes: Annotated[
        list[Stretch] | None, Field(description="Scenes from `find_scenes`, so that their cuts are not searched again.")
    ] = None,
    run: Run,
) -> TextFound:
    """Read the text in a picture, or on the slides, captions and screens of a video, with places and times.

    Of a video only frames that changed are read. Each line gets the time it appears and disappears, and lines that
    stand together become slides with a title. Use `transcribe` for what is said.
    """
    reader = _reader(run, language)
    run.used(reader.identity)
    cuts = [scene.start_seconds for scene in scenes or []]
    how = _How(between_seconds=between_seconds, every_seconds=every_seconds, max_frames=max_frames, cuts=cuts)
    return await run.decode(_read, media, reader, how, run)


@dataclass(frozen=True, kw_only=True)
class _How:
    """How a video is to be read."""

    between_seconds: Span | None
    every_seconds: float | None
    max_frames: int
    cuts: list[float]


def _read(media: str, reader: TextReader, how: _How, run: Run) -> TextFound:
    facts = examine(run.path(media), run.name(media))
    if facts.kind == "picture":
        return _in_picture(media, reader, run)

    def read(image: "NDArray[np.uint8]") -> list[TextLine]:
        run.check()
        return _sure(reader.read(image))

    found = read_video(
        run.path(media),
        run.name(media),
        facts,
        read,
        span=_span(how.between_seconds, facts, run.name(media)),
        every_seconds=how.every_seconds,
        max_frames=how.max_frames,
        cuts=how.cuts,
        run=run,
    )
    return _in_video(media, facts, found, reader.identity, run)


def _reader(run: Run, language: str | None) -> TextReader:
    usable: list[TextReader] = run.models.usable("read")
    if not usable:
        missing = "; ".join(str(one.missing()) for one in run.models.ladder("read"))
        raise UnavailableError(f"Nothing here can read text in pictures: {missing}")
    if language is None:
        return usable[0]
    code = language.lower().replace("_", "-").split("-")[0]
    for one in usable:
        if code in one.languages:
            return one
    raise UnavailableError(
        f"Text in {language!r} cannot be read: no model for it is installed here, and none is downloaded. "
        f"`{usable[0].identity}` reads: {', '.join(sorted(usable[0].languages))}."
    )


def _span(between: tuple[float, float] | None, facts: MediaFacts, name: str) -> Span:
    length = facts.seconds or 0.0
    if between is None:
        return 0.0, length
    start, end = between
    if not 0 <= start < min(end, length):
        raise ArgumentError(
            f"`between_seconds` is {start:g} to {end:g}, and {name!r} has {length:.1f} s. "
            "Give a start that lies before the end and inside the video."
        )
    return start, min(end, length)


def _sure(lines: list[TextLine]) -> list[TextLine]:
    """Drop what is probably no text: guesses, and marks without a letter or figure."""
    return [one for one in lines if one.confidence >= LEAST_CONFIDENCE and any(map(str.isalnum, one.text))]


def _in_picture(media: str, reader: TextReader, run: Run) -> TextFound:
    import numpy as np

    image = np.asarray(open_picture(run.path(media), run.name(media)))
    lines = _sure(reader.read(image))
    picture = run.put(view(image), name=f"{run.name(media)}.jpg", media_type="image/jpeg")
    source = Source(tool="read_text", provider=reader.identity, quality="good")
    moments = [
        Moment(
            kind="text",
            text=line.text,
            media=media,
            artifact=picture.handle,
            box=line.box,
            confidence=round(line.confidence, 3),
            source=source,
        )
        for line in lines
    ]
    return TextFound(
        media=media,
        moments=moments,
        measures=[Measure(name="text_lines", value=len(lines), unit="lines", media=media)],
        coverage=Coverage(frames=1),
        limits=[SCRIPTS],
        text=_distinct([line.text for line in lines]),
        frames_read=1,
        pictures=[picture],
        **_files(moments, run),
    )


def _in_video(media: str, facts: MediaFacts, found: VideoText, provider: str, run: Run) -> TextFound:
    shown: dict[int, Artifact] = {}

    def picture(reading: int) -> Artifact:
        if reading not in shown:
            at = found.readings[reading].at_seconds
            shown[reading] = run.put(
                found.readings[reading].view,
                name=f"{at:08.2f}s.jpg",
                media_type="image/jpeg",
                facts={"at_seconds": at},
            )
        return shown[reading]

    slides = [
        Slide(
            start_seconds=round(one.start_seconds, 3),
            end_seconds=round(one.end_seconds, 3),
            title=one.title,
            lines=one.lines,
            picture=picture(one.reading),
        )
        for one in found.slides
    ]
    source = Source(tool="read_text", provider=provider, quality="good")
    lines = sorted(found.lines, key=lambda line: line.start_seconds)
    moments = [
        Moment(
            kind="text",
            start_seconds=round(line.start_seconds, 3),
            end_seconds=round(line.end_seconds, 3),
            text=line.text,
            media=media,
            artifact=picture(line.shown).handle,
            box=line.box,
            confidence=round(line.confidence, 3),
            source=source,
        )
        for line in lines
    ]
    limits = [*facts.limits, *found.limits, SCRIPTS]
    files = _files(moments, run)
    if len(moments) > MOST_MOMENTS:
        limits.append(f"Of {len(moments):,} lines the first {MOST_MOMENTS:,} are listed here; all are in the files.")
    return TextFound(
        media=media,
        moments=moments[:MOST_MOMENTS],
        measures=[
            Measure(name="text_lines", value=len(lines), unit="lines", media=media),
            Measure(name="slides", value=len(slides), unit="slides", media=media),
        ],
        coverage=found.coverage,
        limits=limits,
        partial=facts.partial,
        text=_distinct([line.text for line in lines])[:MOST_MOMENTS],
        slides=slides,
        frames_read=len(found.readings),
        pictures=list(shown.values()),
        **files,
    )


def _distinct(texts: list[str]) -> list[str]:
    return list({letters(text): text for text in reversed(texts)}.values())[::-1]


def _files(moments: list[Moment], run: Run) -> dict[str, Artifact]:
    """Store the lines as a text file, and as JSON when they are many."""
    if not moments:
        return {}
    written = [
        one.text
        if one.start_seconds is None or one.end_seconds is None
        else f"[{clock(one.start_seconds)}–{clock(one.end_seconds)}] {one.text}"
        for one in moments
    ]
    text = "\n".join(written) + "\n"
    files = {"listing": run.put(text.encode(), name="text.txt", media_type="text/plain")}
    if len(moments) > LONG_LINES:
        plain = [one.model_dump(mode="json", exclude={"id", "media", "source"}) for one in moments]
        content = json.dumps(plain, ensure_ascii=False, indent=1).encode()
        files["details"] = run.put(content, name="text.json", media_type="application/json")
    return files
