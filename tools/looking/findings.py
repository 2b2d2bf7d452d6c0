"""What a model said of pictures, as evidence: with the file, the time and the place of each thing."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..base.models import Vision
from ..base.moments import Coverage, Measure, Moment, Series, Source, merge_spans, missing_spans
from .asked import MOST, ChartAnswer, CountAnswer, GroundAnswer, Noticed, RawChart, RawCount, RawSeries, ReadAnswer
from .boxes import as_fractions, inside
from .looking import MOST_LOOKS, Looking, Reply
from .result import Axis, ChartRead, Counted, Glance, Looked, Place, Table
from .views import View

TOOL = "look_at"
FRAME_SECONDS = 1.0
"""What a frame stands for: half of it before and half after."""
_KINDS = {"line", "bar", "scatter", "pie", "area"}


def as_findings(looking: Looking, *, seconds: float | None, partial: bool, tried: Sequence[str]) -> Looked:
    """Return everything that was said in all looks, and what was looked at for it.

    Args:
        looking: What was done.
        seconds: Length of the video; None of pictures.
        partial: Whether the file could be read only in part.
        tried: Better ones than who looked, and why they did not serve.
    """
    gallery, replies = looking.gallery, looking.replies
    engine = gallery.run.call.providers[-1]
    source = Source(tool=TOOL, provider=engine, quality="good")
    media, span, last = gallery.subject.media[0], gallery.subject.span, replies[-1].answer
    at_frames = [one.at_seconds for one in gallery.shown if one.at_seconds is not None]
    looked_at = merge_spans([(max(0.0, at - FRAME_SECONDS / 2), at + FRAME_SECONDS / 2) for at in at_frames])
    if seconds:
        looked_at = [(start, min(end, seconds)) for start, end in looked_at]
    not_looked_at = []
    if span is not None:
        own = [(start - span[0], end - span[0]) for start, end in looked_at]
        gaps = missing_spans(own, span[1] - span[0])
        not_looked_at = [(round(start + span[0], 3), round(end + span[0], 3)) for start, end in gaps]
    reader = _Reader(gallery.eye, source)
    typed = reader.typed(replies)
    sure = last.enough and not looking.broken
    moments = list(dict.fromkeys([*reader.moments(replies), *reader.lines(replies)]))
    cited = {one.artifact for one in moments}
    stored = {one.artifact.handle: one for one in gallery.shown if one.artifact is not None}
    return Looked(
        media=media,
        moments=moments,
        pictures=[
            one.artifact for handle, one in stored.items() if one.artifact and (handle in cited or not one.on_sheet)
        ],
        measures=list(_measures(typed.get("counts", []), media)),
        coverage=Coverage(
            seconds=seconds, looked_at=looked_at, frames=len({*at_frames}) if span is not None else len(gallery.shown)
        ),
        limits=[*_limits(looking, engine, sure, len(set(at_frames)), "chart" in typed)],
        partial=partial or bool(looking.broken),
        task=gallery.task,
        question=looking.question,
        answer=next((one.answer.answer for one in reversed(replies) if one.answer.answer), ""),
        enough=sure,
        glances=[_glance(one) for one in gallery.shown],
        not_looked_at=not_looked_at,
        spent=looking.account.spent(),
        engine=engine,
        quality="good",
        tried=list(tried),
        **typed,
    )


def _limits(looking: Looking, engine: str, sure: bool, frames: int, charted: bool) -> Iterator[str]:
    span = looking.gallery.subject.span
    if span is not None:
        yield (
            f"A model looked at {frames} of the frames of {span[1] - span[0]:.1f} s of video; what is shown only "
            "between them is missed."
        )
    if looking.broken:
        yield f"Looking ended early, and the answer is what was seen until then. {looking.broken}"
    elif not sure and looking.gallery.unshown:
        yield (
            f"The budget of {looking.account.budget_tokens} tokens was used before {engine} had seen enough; "
            "`budget_tokens` gives more."
        )
    elif not sure and looking.replies[-1].answer.want and len(looking.replies) == MOST_LOOKS:
        yield f"{engine} wanted to see more after {MOST_LOOKS} looks; ask about a part of it."
    elif not sure:
        yield f"{engine} was not sure of what it saw."
    if looking.left_out:
        yield f"{looking.left_out} lines of what was said and read did not fit into what the model was told."
    if charted:
        yield "The values of the chart were read off a picture by a model; they are about right."


class _Reader:
    """Turns what a model wrote into places in files."""

    def __init__(self, eye: Vision, source: Source) -> None:
        self._eye = eye
        self._source = source

    def typed(self, replies: Sequence[Reply]) -> dict[str, Any]:
        """Return the fields of the task: what is listed is joined over all looks, of one thing the last word counts."""
        said: dict[str, Any] = {}
        for reply in replies:
            answer = reply.answer
            match answer:
                case ReadAnswer():
                    said.setdefault("lines", []).extend(one.text for one in answer.lines if one.text.strip())
                    said.setdefault("tables", []).extend(self._tables(reply, answer))
                    said.setdefault("formulas", []).extend(one.latex for one in answer.formulas if one.latex.strip())
                case ChartAnswer(chart=RawChart() as chart):
                    said["chart"] = _chart(chart)
                case CountAnswer() if answer.counts:
                    said["counts"] = [
                        Counted(what=one.what, number=number, places=list(self._places(reply, one.boxes, one.what)))
                        for one in answer.counts
                        if (number := _counted(one)) is not None
                    ]
                case GroundAnswer():
                    said.setdefault("found", []).extend(self._places(reply, answer.found, ""))
        for name, values in said.items():
            if isinstance(values, list) and name != "counts":
                said[name] = _each_once(values)
        return said

    def moments(self, replies: Sequence[Reply]) -> Iterator[Moment]:
        """Yield what was seen, each once, with the picture that shows it; the answer where nothing was listed."""
        any_seen = False
        for reply in replies:
            listed: list[Noticed] = list(reply.answer.seen)
            if isinstance(reply.answer, GroundAnswer):
                listed += reply.answer.found
            if isinstance(reply.answer, CountAnswer):
                listed += [
                    one if one.text else one.model_copy(update={"text": each.what})
                    for each in reply.answer.counts
                    for one in each.boxes
                ]
            for one in listed:
                if one.text.strip() and (view := reply.views.get(one.picture)):
                    any_seen = True
                    yield self._moment("picture", one, view)
        if not any_seen and (answer := replies[-1].answer.answer.strip()):
            view = next(iter(replies[-1].views.values()))
            if view.at_seconds is None:
                yield self._moment("picture", Noticed(text=answer), view)

    def lines(self, replies: Sequence[Reply]) -> Iterator[Moment]:
        """Yield the lines of text that were read."""
        for reply in replies:
            for one in reply.answer.lines if isinstance(reply.answer, ReadAnswer) else []:
                if one.text.strip() and (view := reply.views.get(one.picture)):
                    yield self._moment("text", one, view)

    def _moment(self, kind: Any, noticed: Noticed, view: View) -> Moment:
        return Moment(
            kind=kind,
            start_seconds=view.at_seconds,
            end_seconds=view.at_seconds,
            text=" ".join(noticed.text.split()),
            media=view.media,
            artifact=view.artifact.handle if view.artifact else view.media,
            box=self._box(noticed, view),
            source=self._source,
        )

    def _box(self, noticed: Noticed, view: View) -> tuple[float, float, float, float] | None:
        """Return where something is in the whole picture; a cell of a sheet is too small to say."""
        if noticed.box is None or view.on_sheet:
            return None
        box = as_fractions(noticed.box, self._eye.boxes, view.width_pixels, view.height_pixels)
        return None if box is None else inside(view.part, box)

    def _places(self, reply: Reply, noticed: Sequence[Noticed], what: str) -> Iterator[Place]:
        for one in noticed:
            view = reply.views.get(one.picture)
            if view is not None and (box := self._box(one, view)):
                yield Place(what=one.text or what, media=view.media, at_seconds=view.at_seconds, box=box)

    def _tables(self, reply: Reply, answer: ReadAnswer) -> Iterator[Table]:
        for one in answer.tables:
            view = reply.views.get(one.picture)
            if view is not None and one.rows:
                yield Table(title=one.title, rows=one.rows, media=view.media, at_seconds=view.at_seconds)


def _counted(raw: RawCount) -> int | None:
    """Return how many there are; None where the model gives no number that can be one."""
    number = raw.number if raw.number is not None else len(raw.boxes) or None
    return None if number is None or number < 0 else number


def _chart(raw: RawChart) -> ChartRead:
    kind = raw.kind.lower().removesuffix(" chart").strip()
    return ChartRead.model_validate(
        {
            "title": raw.title,
            "kind": kind if kind in _KINDS else "bar" if kind in ("column", "histogram") else "other",
            "x_axis": Axis(**raw.x_axis.model_dump()),
            "y_axis": Axis(**raw.y_axis.model_dump()),
            "series": [series for one in raw.series if (series := _series(one)) is not None],
            "trend": raw.trend,
            "insights": [one for one in raw.insights if one.strip()],
        }
    )


def _series(raw: RawSeries) -> Series | None:
    """Return the points that have a value; none when no position goes with any."""
    points = [(x, y) for x, y in zip(raw.x, raw.y, strict=False) if y is not None and x is not None]
    if not points:
        return None
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) and abs(x) <= MOST for x, _ in points)
    places: list[Any] = [float(x) if numbers else str(x) for x, _ in points]
    return Series(name=raw.name, x=places, y=[y for _, y in points])


def _measures(counts: Sequence[Counted], media: str) -> Iterator[Measure]:
    for number, one in enumerate(counts, 1):
        word = re.sub(r"[^a-z0-9]+", "_", one.what.lower()).strip("_")
        yield Measure(name=f"seen_{word or number}", value=one.number, unit=one.what, media=media)


def _glance(view: View) -> Glance:
    return Glance(
        number=view.number,
        media=view.media,
        at_seconds=view.at_seconds,
        box=view.part,
        on_sheet=view.on_sheet,
    )


def _each_once(values: Sequence[Any]) -> list[Any]:
    kept: list[Any] = []
    for one in values:
        if one not in kept:
            kept.append(one)
    return kept
