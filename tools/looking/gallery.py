"""What is shown to a model: the whole at a glance, then the windows and the parts that it wants."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..base.models import Vision
from ..base.moments import Box, Span
from ..base.run import Run
from ..base.workspace import Artifact
from .asked import Task, Wanted
from .boxes import as_fractions, inside
from .film import first_times, full_frames, opened, small_frames, window_times
from .views import MOST_CELLS, Plate, View, crop, keep, plate, sheet, sheet_tokens

SHEET_SHARE, MOST_SHEETS = 0.5, 2
"""How much of what is left the first sheets may take."""
STILLS_SHARE = 0.7
"""How much of what is left the first look at still pictures may take; the rest is for parts of them."""
FRAME_SIDE_PIXELS, STILL_SIDE_PIXELS, FINE_SIDE_PIXELS = 1024, 1568, 2048
MOST_A_LOOK = 8
"""Pictures of one request after the first."""
LINE_TOKENS = 40
"""Of what the prompt says of one picture."""
_WINDOW_FRAMES, _MOST_WINDOW_FRAMES = 3, 6
_MARGIN = 0.08
"""What is wanted is shown with a little around it: boxes are not exact."""
_FINE: frozenset[Task] = frozenset({"read", "chart"})


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is looked at: still pictures, or a part of a video."""

    media: tuple[str, ...]
    region: Box | None = None
    span: Span | None = None
    """Of the video; None of still pictures."""

    @property
    def moves(self) -> bool:
        return self.span is not None


@dataclass
class Gallery:
    """The pictures of one call of `look_at`, by the numbers the model knows them by."""

    subject: Subject
    eye: Vision
    task: Task
    run: Run
    shown: list[View] = field(default_factory=list)
    unshown: int = 0
    """Pictures that did not fit into what was left of the budget."""

    async def first(self, left: int) -> list[Plate]:
        """Return the whole at a glance, in at most so many tokens."""
        if self.subject.span is not None:
            return await self._first_sheets(self.subject.span, left)
        plates = []
        most = left // len(self.subject.media) - LINE_TOKENS
        share = int(most * STILLS_SHARE)
        for number, handle in enumerate(self.subject.media, 1):
            picture = await opened(self.run.artifact(handle), self.subject.region, self.run)
            view = View(number=number, media=handle, name=self.run.name(handle), part=self.subject.region)
            side = FINE_SIDE_PIXELS if self.task in _FINE else STILL_SIDE_PIXELS
            for tokens in (share, most):
                made = await self.run.thread(
                    plate, picture, view, count=self.eye.picture_tokens, most_tokens=tokens, most_side_pixels=side
                )
                if made is not None:
                    plates.append(made)
                    break
            else:
                self.unshown += 1
        return plates

    async def _first_sheets(self, span: Span, left: int) -> list[Plate]:
        media, share = self.subject.media[0], int(left * SHEET_SHARE)
        affordable = min(MOST_SHEETS, max(1, share // sheet_tokens(self.eye.picture_tokens)))
        times = await first_times(media, span, self.run, most=affordable * MOST_CELLS)
        cells = []
        for number, (at, frame) in enumerate(await small_frames(media, times, self.run), 1):
            view = View(
                number=number,
                media=media,
                name=self.run.name(media),
                at_seconds=at,
                part=self.subject.region,
                on_sheet=True,
                artifact=frame,
            )
            cells.append((view, await opened(frame, self.subject.region, self.run)))
        if len(cells) == 1:
            return await self._frames([(cells[0][0].at_seconds or 0.0, self.subject.region)], left)
        each = -(-len(cells) // affordable) if len(cells) > MOST_CELLS else len(cells)
        plates: list[Plate] = []
        for first in range(0, len(cells), each):
            few = cells[first : first + each]
            made = await self.run.thread(sheet, few, count=self.eye.picture_tokens, most_tokens=share)
            if made is None and not plates:  # a small one is better than none, though nothing is left then
                made = await self.run.thread(sheet, few, count=self.eye.picture_tokens, most_tokens=left)
            if made is not None:
                plates.append(made)
                share -= made.tokens
        return plates

    async def wanted(self, want: Sequence[Wanted], left: int) -> list[Plate]:
        """Return what the model wants to see and has not seen, as far as it fits into so many tokens."""
        if self.subject.span is None:
            return await self._parts(want, left)
        frames = [one for wanted in want for one in self._of_film(wanted, self.subject.span)]
        return await self._frames(list(dict.fromkeys(frames))[: 2 * MOST_A_LOOK], left)

    def _of_film(self, wanted: Wanted, span: Span) -> list[tuple[float, Box | None]]:
        """Return times and parts of frames."""
        view = self._view(wanted.picture)
        if view is not None and view.at_seconds is not None and wanted.start_seconds is None:
            return [(view.at_seconds, self._part(wanted, view))]
        if wanted.start_seconds is None:
            return []
        start = min(max(wanted.start_seconds, span[0]), span[1])
        end = min(max(start, start if wanted.end_seconds is None else wanted.end_seconds), span[1])
        if end - start < 1e-3:
            return [(start, self.subject.region)]
        frames = min(_MOST_WINDOW_FRAMES, max(1, wanted.frames or _WINDOW_FRAMES))
        return [(at, self.subject.region) for at in window_times((start, end), frames)]

    async def _frames(self, wanted: Sequence[tuple[float, Box | None]], left: int) -> list[Plate]:
        if not wanted:
            return []
        media = self.subject.media[0]
        taken = await full_frames(media, sorted({at for at, _ in wanted}), self.run)
        seen = {(one.at_seconds, one.part) for one in self.shown if not one.on_sheet}
        plates: list[Plate] = []
        for at, part in wanted:
            # The frame on display at a time has a time of its own, a little earlier.
            shown_at, frame = taken[at]
            if (shown_at, part) in seen or len(plates) == MOST_A_LOOK:
                continue
            seen.add((shown_at, part))
            view = View(
                number=self._next(plates), media=media, name=self.run.name(media), at_seconds=shown_at, part=part
            )
            picture = await opened(frame, part, self.run)
            made = await self.run.thread(
                plate,
                picture,
                view,
                count=self.eye.picture_tokens,
                most_tokens=left - LINE_TOKENS,
                most_side_pixels=FRAME_SIDE_PIXELS if part is None and self.task not in _FINE else STILL_SIDE_PIXELS,
            )
            if made is None:
                self.unshown += 1
                break
            left -= made.tokens + LINE_TOKENS
            plates.append(_with(made, frame if part is None else await self.run.thread(keep, picture, view, self.run)))
        return plates

    async def _parts(self, want: Sequence[Wanted], left: int) -> list[Plate]:
        """Return parts of still pictures at their full resolution."""
        plates: list[Plate] = []
        for wanted in want[:MOST_A_LOOK]:
            view = self._view(wanted.picture)
            part = self._part(wanted, view) if view is not None else None
            if view is None or part is None or any(one.media == view.media and one.part == part for one in self.shown):
                continue
            picture = crop(await opened(self.run.artifact(view.media), None, self.run), part)
            larger = View(number=self._next(plates), media=view.media, name=view.name, part=part)
            made = await self.run.thread(
                plate,
                picture,
                larger,
                count=self.eye.picture_tokens,
                most_tokens=left - LINE_TOKENS,
                most_side_pixels=STILL_SIDE_PIXELS,
            )
            if made is None:
                self.unshown += 1
                break
            left -= made.tokens + LINE_TOKENS
            plates.append(_with(made, await self.run.thread(keep, picture, larger, self.run)))
        return plates

    def _view(self, number: int | None) -> View | None:
        return next((one for one in self.shown if one.number == number), None)

    def _part(self, wanted: Wanted, view: View) -> Box | None:
        """Return the part of the whole picture that is wanted of a view."""
        if wanted.box is None:
            return view.part
        box = as_fractions(wanted.box, self.eye.boxes, view.width_pixels, view.height_pixels)
        if box is None:
            return view.part
        wide, high = _MARGIN * (box[2] - box[0]), _MARGIN * (box[3] - box[1])
        around = (max(0.0, box[0] - wide), max(0.0, box[1] - high), min(1.0, box[2] + wide), min(1.0, box[3] + high))
        return inside(view.part, around)

    def _next(self, plates: Sequence[Plate]) -> int:
        return 1 + max((one.number for one in self.shown), default=0) + len(plates)


def _with(made: Plate, artifact: Artifact) -> Plate:
    return replace(made, views=tuple(replace(one, artifact=artifact) for one in made.views))
