"""Chapters of a video or a recording."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from .base.errors import ArgumentError
from .base.moments import Coverage, Findings, flatten
from .base.run import Run
from .base.subtitles import Cue, vtt
from .base.tool import tool
from .base.words import Language, guess_language
from .base.workspace import Artifact
from .report.chapters import Part
from .report.draft import parts_of
from .report.timeline import gather, media_of
from .report.wording import Wording, clean, clock


class ChapterMark(BaseModel):
    """One chapter."""

    start_seconds: float
    end_seconds: float
    title: str


class Chapters(Findings):
    """A file's chapters, as data and as the files that players and video sites read."""

    chapters: list[ChapterMark]
    text: Artifact = Field(description="One line a chapter, `0:00 Title`.")
    vtt: Artifact = Field(description="WebVTT chapters.")


@tool(effect="pure", resource="cpu", version=2)
async def make_chapters(
    findings: Annotated[
        list[Findings],
        BeforeValidator(flatten),
        Field(description="Results of read_text, transcribe and find_scenes about one file."),
    ],
    language: Annotated[
        Language | None,
        Field(description="For chapters that get no title of their own; that of the content if left out."),
    ] = None,
    *,
    run: Run,
) -> Chapters:
    """Divide a video or a recording into titled chapters, as text and as WebVTT.

    By the slides that `read_text` found, else by the topics of a good transcript, else by cuts. A report has the same
    chapters.
    """
    return await run.thread(_divide, findings, language, run)


def _divide(findings: list[Findings], language: Language | None, run: Run) -> Chapters:
    files = media_of(findings, [])
    if len(files) != 1:
        names = ", ".join(repr(run.name(one)) for one in files) or "none"
        raise ArgumentError(f"Chapters are of one file, and these findings are about: {names}. Call it for each file.")
    file = gather(findings, [run.artifact(files[0])]).files[0]
    if not file.coverage.seconds:
        raise ArgumentError(f"{file.name!r} has no length, so it has no chapters. Give a video or a recording.")
    parts = parts_of(file) or [Part(start_seconds=0.0, end_seconds=file.coverage.seconds, title="")]
    spoken = " ".join(one.text for one in file.moments if one.kind in ("speech", "text"))
    marks = _marks(parts, Wording(language or guess_language(spoken)), file.kind == "video")
    run.check()
    return Chapters(
        media=file.handle,
        # What the titles were taken from; the chapters themselves are no evidence of anything.
        moments=[moment for part in parts for moment in part.headings],
        coverage=Coverage(seconds=file.coverage.seconds),
        limits=_limits(parts, file.name),
        partial=any(one.partial for one in findings),
        chapters=marks,
        text=run.put(_text(marks).encode(), name="chapters.txt", media_type="text/plain"),
        vtt=run.put(vtt([*map(_cue, marks)]).encode(), name="chapters.vtt", media_type="text/vtt"),
    )


def _marks(parts: Sequence[Part], say: Wording, is_video: bool) -> list[ChapterMark]:
    whole = say("whole_video" if is_video else "whole_audio")
    return [
        ChapterMark(
            start_seconds=round(part.start_seconds, 3),
            end_seconds=round(part.end_seconds, 3),
            title=clean(part.title) or (say("chapter", number=number) if len(parts) > 1 else whole),
        )
        for number, part in enumerate(parts, 1)
    ]


def _limits(parts: Sequence[Part], name: str) -> list[str]:
    if len(parts) == 1:
        return [f"Nothing tells parts of {name!r} apart: neither slides nor a good transcript nor cuts were found."]
    if not any(part.title for part in parts):
        return ["The chapters have numbers for titles: no heading on screen and no reliable transcript names them."]
    return []


def _text(marks: Sequence[ChapterMark]) -> str:
    return "".join(f"{clock(mark.start_seconds)} {mark.title}\n" for mark in marks)


def _cue(mark: ChapterMark) -> Cue:
    return Cue(
        start_milliseconds=round(mark.start_seconds * 1000),
        end_milliseconds=round(mark.end_seconds * 1000),
        lines=(mark.title,),
    )
