"""What is the same in two files, and what is not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, Field

from .base.changed_regions import changed_regions, marked
from .base.fact_rows import Row, fact_rows
from .base.likeness import likeness
from .base.media import MediaFacts, examine
from .base.moments import Box, Coverage, Findings, Measure, Moment, Source, flatten
from .base.picture_files import open_picture
from .base.pictures import clock
from .base.run import Run
from .base.side_by_side import side_by_side
from .base.tool import Media, tool
from .base.watching import view
from .base.word_differences import Passage, lines_only_in, moments_of, speech_only_in
from .base.workspace import Artifact

if TYPE_CHECKING:
    from PIL.Image import Image

SOURCE = Source(tool="compare_media")
MOST_SCALING = 4
"""A thumbnail has too little left to tell where it differs."""
MOST_PASSAGES = 200

FindingsList = Annotated[
    list[Findings] | None, BeforeValidator(lambda value: None if value is None else flatten([value]))
]


class Difference(BaseModel):
    """A stretch in which two videos show different pictures."""

    start_seconds: float
    end_seconds: float
    changed_share: float = Field(description="Part of the picture that differs at most, 0…1.")


class OnlyIn(BaseModel):
    """Words that only one of the files has."""

    text: str
    start_seconds: float | None = None
    end_seconds: float | None = None


class Comparison(Findings):
    """Two files side by side; `media` is the first one."""

    second: str = Field(description="Handle of the second file.")
    identical: bool = Field(description="True when they are the same, byte by byte.")
    rows: list[Row] = Field(description="Facts of both files.")
    near_duplicate: bool | None = Field(None, description="For two pictures: the same but for size, quality or light.")
    changed_share: float | None = Field(None, description="For two pictures: part that differs, 0…1.")
    changed: list[Box] = Field(default_factory=list, description="Where two pictures of one size differ.")
    marked: Artifact | None = Field(None, description="The second picture with these places framed in red.")
    differences: list[Difference] = Field(default_factory=list, description="For two videos.")
    text_only_in_first: list[OnlyIn] = Field(default_factory=list)
    text_only_in_second: list[OnlyIn] = Field(default_factory=list)
    speech_only_in_first: list[OnlyIn] = Field(default_factory=list)
    speech_only_in_second: list[OnlyIn] = Field(default_factory=list)


@tool(effect="pure", resource="cpu", version=2)
async def compare_media(
    first: Annotated[Media, Field(description="A video, a picture or a sound.")],
    second: Annotated[Media, Field(description="The file to compare it with.")],
    *,
    first_findings: Annotated[
        FindingsList,
        Field(description="What `read_text` and `transcribe` found in the first, to compare the words too."),
    ] = None,
    second_findings: Annotated[FindingsList, Field(description="The same for the second.")] = None,
    run: Run,
) -> Comparison:
    """Compare two files: their facts side by side, where two pictures or videos differ, and words only one has.

    Two videos are compared at equal times from their start. Give the findings of `read_text` and `transcribe` for both
    files to learn which text and which speech is in only one.
    """
    result = await run.decode(_compare, first, second, run)
    if first_findings and second_findings:
        await run.thread(_words, result, first_findings, second_findings, run)
    elif first_findings or second_findings:
        result.limits.append("Words were not compared: findings were given for only one of the files.")
    return result


def _compare(first: str, second: str, run: Run) -> Comparison:
    facts = examine(run.path(first), run.name(first)), examine(run.path(second), run.name(second))
    result = Comparison(
        media=first,
        second=second,
        identical=first == second,  # handles are hashes of the content
        rows=fact_rows(*facts),
        limits=[*facts[0].limits, *facts[1].limits],
        partial=facts[0].partial or facts[1].partial,
    )
    for row in result.rows:
        if not row.same:
            _tell(result, f"{row.name}: {_said(row.first)} in the first, {_said(row.second)} in the second")
    if result.identical:
        _tell(result, "Both files are the same, byte by byte")
    elif facts[0].kind == facts[1].kind == "picture":
        _pictures(result, run)
    elif facts[0].video and facts[1].video:
        _videos(result, facts, run)
    elif facts[0].kind == facts[1].kind == "audio":
        result.limits.append(
            "The sound itself was not compared. Give findings of `transcribe` to compare what is said."
        )
    return result


def _said(value: str | float | bool | None) -> str:
    if value is None:
        return "none"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _pictures(result: Comparison, run: Run) -> None:
    import numpy as np

    assert result.media is not None
    pictures = [open_picture(run.path(one), run.name(one)) for one in (result.media, result.second)]
    alike = likeness(*pictures)
    result.near_duplicate, result.changed_share = alike.near_duplicate, alike.changed_share
    result.coverage = Coverage(frames=1)
    result.measures.append(Measure(name="hash_bits", value=alike.hash_bits, unit="of 64", media=result.media))
    run.check()
    fitted = _fitted(pictures[0], pictures[1], result)
    if fitted is None:
        _tell(result, "The pictures have different shapes or sizes, so places were not compared")
    else:
        pixels = np.asarray(fitted)
        found = changed_regions(np.asarray(pictures[0]), pixels)
        result.changed_share, result.changed = found.share, found.boxes
        if found.boxes:
            result.marked = run.put(view(marked(pixels, found.boxes)), name="differences.jpg", media_type="image/jpeg")
            noun = "place" if len(found.boxes) == 1 else "places"
            _tell(result, f"{found.share:.1%} of the picture differs, in {len(found.boxes)} {noun}")
            for box in found.boxes:
                _tell(result, "A place that differs", box=box)
        else:
            _tell(result, "No visible difference between the pictures")
    result.measures.append(
        Measure(name="changed_share", value=round(100 * result.changed_share, 2), unit="%", media=result.media)
    )


def _fitted(one: "Image", other: "Image", result: Comparison) -> "Image | None":
    """Return the second picture at the size of the first, or None when they differ too much in shape or size."""
    if one.size == other.size:
        return other
    if abs(one.width / one.height - other.width / other.height) > 0.01 * one.width / one.height:
        return None
    if not 1 / MOST_SCALING <= other.width / one.width <= MOST_SCALING:
        return None
    result.limits.append(
        f"The second picture was scaled from {other.width} × {other.height} to {one.width} × {one.height} pixels to "
        "compare places; fine lines may count as changed."
    )
    return other.resize(one.size)


def _videos(result: Comparison, facts: tuple[MediaFacts, MediaFacts], run: Run) -> None:
    assert result.media is not None
    lengths = [one.seconds or 0.0 for one in facts]
    compared = side_by_side(
        (run.path(result.media), run.name(result.media)),
        (run.path(result.second), run.name(result.second)),
        seconds=min(lengths),
        run=run,
    )
    result.differences = [
        Difference(start_seconds=round(start, 2), end_seconds=round(end, 2), changed_share=share)
        for start, end, share in compared.differing()
    ]
    differing = sum(not sample.same for sample in compared.samples)
    count = len(compared.samples)
    for one in result.differences:
        _tell(
            result,
            f"The pictures differ from {clock(one.start_seconds)} to {clock(one.end_seconds)}",
            span=(one.start_seconds, one.end_seconds),
        )
    if not differing:
        _tell(result, f"The pictures are alike at all {count} times that were compared")
    elif differing == count:
        result.limits.append("They differ at every time; if one of them begins earlier, this does not say so.")
    result.limits.append(
        f"The pictures were compared at {count} times, {compared.step_seconds:.1f} s apart, counted from the start of "
        "each; a shorter difference may be missed, and the sound was not compared."
    )
    result.coverage = Coverage(seconds=facts[0].seconds, frames=count)
    result.measures += [
        Measure(name="pictures_compared", value=count, unit="pairs", media=result.media),
        Measure(name="pictures_that_differ", value=differing, unit="pairs", media=result.media),
    ]


def _words(result: Comparison, first: Sequence[Findings], second: Sequence[Findings], run: Run) -> None:
    texts = moments_of(first, "text"), moments_of(second, "text")
    speech = moments_of(first, "speech"), moments_of(second, "speech")
    result.text_only_in_first = _passages(
        lines_only_in(texts[0], texts[1], run), "Text only in the first", result, True
    )
    result.text_only_in_second = _passages(
        lines_only_in(texts[1], texts[0], run), "Text only in the second", result, False
    )
    result.speech_only_in_first = _passages(
        speech_only_in(speech[0], speech[1]), "Said only in the first", result, True
    )
    result.speech_only_in_second = _passages(
        speech_only_in(speech[1], speech[0]), "Said only in the second", result, False
    )
    if any(one.source.quality == "draft" for one in (*speech[0], *speech[1])):
        result.limits.append("A transcript is a draft: many words that differ were said alike and recognised wrongly.")


def _passages(passages: Sequence[Passage], what: str, result: Comparison, in_first: bool) -> list[OnlyIn]:
    if len(passages) > MOST_PASSAGES:
        result.limits.append(f"{what}: {len(passages)} passages, of which {MOST_PASSAGES} are given.")
    kept = [
        OnlyIn(text=one.text, start_seconds=one.start_seconds, end_seconds=one.end_seconds)
        for one in passages[:MOST_PASSAGES]
    ]
    for one in kept:
        span = None if one.start_seconds is None else (one.start_seconds, one.end_seconds or one.start_seconds)
        _tell(result, f"{what}: {one.text}", span=span, media=result.media if in_first else result.second)
    return kept


def _tell(
    result: Comparison,
    text: str,
    *,
    box: Box | None = None,
    span: tuple[float, float] | None = None,
    media: str | None = None,
) -> None:
    """Add a moment that a report can cite."""
    result.moments.append(
        Moment(
            kind="fact",
            start_seconds=span[0] if span else None,
            end_seconds=span[1] if span else None,
            text=text,
            media=media or result.media,
            artifact=result.marked.handle if result.marked and box else None,
            box=box,
            source=SOURCE,
        )
    )
