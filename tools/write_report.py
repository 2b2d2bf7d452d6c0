"""A report from what the other tools found."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from .base.errors import ArgumentError, ToolError
from .base.moments import Coverage, Findings, flatten
from .base.run import Run
from .base.tool import AnyFile, Picture, tool
from .base.words import Language, answer_language
from .base.workspace import Artifact
from .report.check import check_report, strike
from .report.draft import draft
from .report.illustrations import MOST_PICTURES, left_out
from .report.model import Chapter, Draft, Given, RunFacts
from .report.render import render
from .report.timeline import media_of
from .report.wording import Wording, clean, clock


def _exists(run: Run) -> Callable[[str], bool]:
    @cache
    def exists(handle: str) -> bool:
        try:
            return run.path(handle).is_file()
        except ToolError:
            return False

    return exists


def _brief(made: Draft) -> str:
    """Return title, summary, chapters and limits as plain text."""
    say = Wording(made.language)
    parts = [clean(made.title), "\n".join(one.text for one in made.summary)]
    if made.chapters:
        parts.append("\n".join([say("contents"), *(_listed(one, made) for one in made.chapters)]))
    if made.limits:
        parts.append("\n".join([say("limits"), *(f"- {one}" for one in made.limits)]))
    return "\n\n".join(parts)


def _listed(chapter: Chapter, made: Draft) -> str:
    names = {file.handle: clean(file.name) for file in made.files}
    home = f"{names[chapter.media]}, " if len(names) > 1 else ""
    return f"{clock(chapter.start_seconds):>7}  {home}{clean(chapter.title)}"


class Report(BaseModel):
    """A report as Markdown, HTML and JSON."""

    title: str
    language: Language
    summary: list[str] = Field(description="Sentences; each is proven in the report.")
    text: str = Field(description="The report in brief, for a terminal or a chat.")
    chapters: list[str] = Field(description="Title of each chapter with its time.")
    limits: list[str] = Field(description="What a reader must know before trusting it.")
    coverage: list[Coverage] = Field(description="For each file, what was looked at and listened to.")
    markdown: Artifact
    html: Artifact = Field(description="One page that loads nothing from elsewhere; plays the media beside it.")
    data: Artifact = Field(description="The same as JSON, `sensorium.report/1`.")
    pictures: list[Artifact] = Field(description="What the Markdown shows.")


@tool(effect="pure", resource="cpu", version=3)
async def write_report(
    findings: Annotated[
        list[Findings],
        BeforeValidator(flatten),
        Field(description="Results of other tools (probe_media, find_scenes, read_text, transcribe, …), in any order."),
    ],
    request: Annotated[str, Field(description="What the user asked, in the user's words.")] = "",
    media: Annotated[
        list[AnyFile] | None, Field(description="The files it is about; those of the findings when left out.")
    ] = None,
    *,
    title: Annotated[str | None, Field(description="Made from the content when left out.")] = None,
    language: Annotated[Language | None, Field(description="That of the request when left out.")] = None,
    pictures: Annotated[list[Picture] | None, Field(description="Further pictures to show, such as charts.")] = None,
    run_facts: Annotated[RunFacts | None, Field(description='What ran; in a plan give "$run".')] = None,
    sentences: Annotated[
        list[Given] | None,
        Field(
            description="What you say of it, once you know the findings: in place of the drafted summary.",
            json_schema_extra={"planned": False},
        ),
    ] = None,
    author: Annotated[
        str | None,
        Field(description="Who wrote `sentences`, for example a model.", json_schema_extra={"planned": False}),
    ] = None,
    run: Run,
) -> Report:
    """Write a report with a summary, chapters, key terms, measures and limits, as Markdown, HTML and JSON.

    Every sentence leads to its evidence: a second of the video, a frame, a line of the transcript. It is refused when
    one has none. Call it last, with the findings of all other steps.
    """
    handles = media_of(findings, media or [])
    if not handles:
        raise ArgumentError("There is nothing to report on. Give `findings` of other tools, or the files in `media`.")
    facts = run_facts or RunFacts(run_id=run.id)
    return await run.thread(
        _write,
        findings,
        handles,
        pictures or [],
        run,
        asked=request or facts.request,
        title=title,
        language=language,
        facts=facts,
        sentences=sentences or [],
        author=author or "model",
    )


def _write(
    findings: list[Findings],
    handles: list[str],
    pictures: list[str],
    run: Run,
    *,
    asked: str,
    title: str | None,
    language: Language | None,
    facts: RunFacts,
    sentences: list[Given],
    author: str,
) -> Report:
    made = draft(
        request=asked,
        findings=findings,
        artifacts=[run.artifact(handle) for handle in handles],
        language=language or answer_language(asked),
        title=title,
        run=facts,
        sentences=sentences,
        author=author,
    )
    exists = _exists(run)
    made, struck = strike(made, exists=exists)
    if struck:
        made = replace(made, limits=(*made.limits, Wording(made.language)("limit_struck", count=struck)))
    if unshown := left_out(made, pictures):
        line = Wording(made.language)("limit_pictures", count=unshown, most=MOST_PICTURES)
        made = replace(made, limits=(*made.limits, line))
    if facts.run_id == run.id and facts.steps:  # those of another run are not in this run's ledger
        sent = tuple(run.egress.totals())
        made = replace(made, sent=None if facts.own_brain and not sent else sent)
    check_report(made, exists=exists)
    run.progress(0.5, "writing")
    written = render(made, pictures, run)
    return Report(
        title=made.title,
        language=made.language,
        summary=[one.text for one in made.summary],
        text=_brief(made),
        chapters=[" ".join(_listed(one, made).split()) for one in made.chapters],
        limits=list(made.limits),
        coverage=[one.coverage for one in made.files],
        markdown=written.markdown,
        html=written.html,
        data=written.data,
        pictures=written.pictures,
    )
