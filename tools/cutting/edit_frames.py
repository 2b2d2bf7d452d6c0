"""The frames of an edit, each at its new time."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, groupby
from typing import TYPE_CHECKING

from ..base.footage import Footage, open_video
from ..base.run import Run
from ..film.captions import Overlay
from ..film.planes import Planes
from .edits import Edit, Take, Words
from .looks import Changer

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

REVERSED_BYTES = 96 << 20
"""Of the frames that are held at once to play them backwards."""
# Of a frame; a little more, so that times in the middle of two are all rounded the same way.
_HALF = 0.5001
# Of several frames in the time of one, the first is shown; times are rounded by less than this share of a frame.
_JITTER = 0.1
_TICKS = 1_000_000
"""A second, where frames are made whole."""


@dataclass(eq=False)
class Frames:
    """Decodes and changes the frames of an edit."""

    edit: Edit
    run: Run
    damaged: int = field(default=0, init=False)
    """Packets that could not be decoded."""
    interlaced: bool = field(default=False, init=False)
    """Whether pictures of two halves were made whole."""

    def all(self) -> "Iterator[tuple[float, VideoFrame]]":
        """Yield frames at their new times, words burned into them."""
        overlays = _Overlays(self.edit.burned)
        last = -math.inf
        # Of frames that come faster than they are shown, as when the speed is changed, some are left out.
        tick = float(1 / self.edit.rate)
        half = _HALF if self.edit.speed <= 1 else _JITTER
        for at, frame in self._changed():
            moment = math.floor(at / tick + half) * tick if self.edit.steady else at
            if moment - last < (0.5 * tick if self.edit.steady or self.edit.speed > 1 else 1e-6):
                continue
            if self.edit.steady and moment > self.edit.seconds - 0.5 * tick:
                return
            last = moment
            yield moment, overlays.on(frame, moment)

    def _changed(self) -> "Iterator[tuple[float, VideoFrame]]":
        edit = self.edit
        assert edit.look is not None
        position = 0.0
        for take in reversed(edit.takes) if edit.backwards else edit.takes:
            with open_video(take.path, take.name) as footage:
                changer = Changer(edit.look, footage.turn, (footage.width_pixels, footage.height_pixels))
                last: tuple[float, VideoFrame] | None = None
                frames = self._backwards(footage, take) if edit.backwards else self._forwards(footage, take)
                for at, frame in frames:
                    last = position + at / edit.speed, changer.change(frame)
                    yield last
                position += take.seconds / edit.speed
                self.damaged += footage.errors
                stays = 1 / edit.frames_per_second
                # A film ends with the last time that is written: a frame that stays long is shown once more.
                if last is not None and position - last[0] > 1.5 * stays:
                    yield position - stays, last[1]

    def _whole(self, frames: "Iterator[tuple[float, VideoFrame]]") -> "Iterator[tuple[float, VideoFrame]]":
        """Yield frames whose lines were all recorded at once; broadcasts change their size on the way."""
        for _, alike in groupby(frames, lambda one: _source_of(one[1])):
            yield from self._whole_alike(alike)

    def _whole_alike(self, frames: "Iterator[tuple[float, VideoFrame]]") -> "Iterator[tuple[float, VideoFrame]]":
        """Yield frames of one size and format made whole; libavfilter's `bwdif` looks one frame ahead."""
        import av

        first = next(frames, None)
        if first is None:
            return
        frames = chain([first], frames)
        if not first[1].interlaced_frame:
            yield from frames
            return
        self.interlaced = True
        graph, times = _deinterlacer(first[1]), deque[float]()
        for at, frame in chain(frames, [(0.0, None)]):
            if frame is not None:
                times.append(at)
                frame.pts, frame.time_base = round(at * _TICKS), Fraction(1, _TICKS)
            graph.vpush(frame)
            while times:
                try:
                    whole = graph.vpull()
                except (av.error.BlockingIOError, av.error.EOFError):
                    break
                yield times.popleft(), whole

    def _forwards(self, footage: Footage, take: Take) -> "Iterator[tuple[float, VideoFrame]]":
        """Yield the frames of a part, from its start."""
        before: VideoFrame | None = None
        for at, frame in self._whole(footage.frames(take.start_seconds)):
            if at < take.start_seconds - 1e-3:
                before = frame
                continue
            if before is not None and at > take.start_seconds + 1e-3:
                yield 0.0, before
            before = None
            if at >= take.end_seconds - 1e-3:
                return
            yield max(0.0, at - take.start_seconds), frame
        if before is not None:
            yield 0.0, before

    def _backwards(self, footage: Footage, take: Take) -> "Iterator[tuple[float, VideoFrame]]":
        """Yield the frames of a part, from its end; it is decoded in short stretches, each from its key frame."""
        assert self.edit.look is not None
        pixels, is_deep = self.edit.look.pixels, self.edit.look.is_deep
        size = footage.width_pixels * footage.height_pixels * 3 // (1 if is_deep else 2)
        stretch = max(4, REVERSED_BYTES // size) / self.edit.frames_per_second
        end = take.end_seconds
        following = take.end_seconds
        while end > take.start_seconds + 1e-3:
            start = max(take.start_seconds, end - stretch)
            held: list[tuple[float, VideoFrame]] = []
            for at, frame in self._whole(footage.frames(start)):
                if at >= end - 1e-3:
                    break
                if at >= start - 1e-3:
                    held.append((at, frame.reformat(format=pixels)))
            for at, frame in reversed(held):
                self.run.check()
                # It is shown until the one that came before it.
                yield max(0.0, take.end_seconds - following), frame
                following = at
            end = start


def _source_of(frame: "VideoFrame") -> str:
    """Return what libavfilter is told of frames that it is given."""
    size = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
    return f"{size}:time_base=1/{_TICKS}:colorspace={frame.colorspace}:range={frame.color_range}"


def _deinterlacer(frame: "VideoFrame") -> "Graph":
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1
    source = graph.add("buffer", _source_of(frame))
    whole, sink = graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink")
    source.link_to(whole)
    whole.link_to(sink)
    graph.configure()
    return graph


class _Overlays:
    """Lays words on frames."""

    def __init__(self, words: Sequence[Words]) -> None:
        self._words = list(words)
        self._current: tuple[Words, Overlay] | None = None

    def on(self, frame: "VideoFrame", at_seconds: float) -> "VideoFrame":
        import av

        while self._words and self._words[0].end_seconds <= at_seconds + 1e-6:
            self._words.pop(0)
        words = self._words[0] if self._words else None
        if words is None or words.drawn is None or words.start_seconds > at_seconds + 1e-6:
            return frame
        if self._current is None or self._current[0] is not words:
            self._current = words, Overlay(words.drawn)
        planes = Planes.of_frame(frame)
        self._current[1].lay_on(planes)
        made = av.VideoFrame.from_ndarray(planes.data, format="yuv420p")
        made.colorspace, made.color_range = 1, 1
        return made
