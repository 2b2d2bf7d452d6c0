"""Write parts of files anew: decoded, changed, and encoded, in step and in little memory."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..base.errors import MediaError
from ..base.footage import Footage, open_video
from ..base.outputs import OutputFile
from ..base.run import Run
from ..film.captions import Drawn, Overlay
from ..film.planes import Planes
from ..film.writer import Container, PictureTrack, SoundTrack, SubtitleTrack, Writer
from .looks import Changer, Look
from .sounding import RATE, Heard, at_tempo, mixed

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from .sounding import Block

REVERSED_BYTES = 96 << 20
"""Of the frames that are held at once to play them backwards."""
# Of a frame; a little more, so that times in the middle of two are all rounded the same way.
_HALF = 0.5001
# Of several frames in the time of one, the first is shown; times are rounded by less than this share of a frame.
_JITTER = 0.1
_STEP_SECONDS = 0.25
"""How far picture and sound are apart at most while they are written."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """A part of a file."""

    path: Path
    name: str
    start_seconds: float
    end_seconds: float
    origin_seconds: float = 0.0
    has_picture: bool = True
    has_sound: bool = True

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.start_seconds


@dataclass(frozen=True, kw_only=True)
class Words:
    """A subtitle, at its time in what is written."""

    start_seconds: float
    end_seconds: float
    text: str = ""
    drawn: Drawn | None = None


@dataclass(frozen=True, kw_only=True)
class Other:
    """Sound from another file."""

    take: Take
    way: Literal["replace", "mix"]
    gain: float = 1.0
    delay_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What is to be written."""

    takes: tuple[Take, ...]
    look: Look | None
    """None: no picture."""
    frames_per_second: float = 25.0
    steady: bool = True
    """Each frame is shown for as long as the next."""
    speed: float = 1.0
    backwards: bool = False
    has_sound: bool = True
    silent: tuple[tuple[float, float], ...] = ()
    """Spans of what is written in which nothing is heard."""
    channels: Literal[1, 2] = 2
    other: Other | None = None
    burned: tuple[Words, ...] = ()
    soft: tuple[Words, ...] = ()
    language: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.takes) / self.speed

    @property
    def rate(self) -> Fraction:
        return exact_rate(self.frames_per_second)


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What was written."""

    seconds: float
    frames: int
    samples: int
    damaged: int
    """Packets that could not be decoded."""


def render(output: OutputFile, container: Container, edit: Edit, run: Run) -> Rendered:
    """Write a film.

    Raises:
        MediaError: A file cannot be decoded.
    """
    return _Rendering(edit, run).write(output, container)


@dataclass(eq=False)
class _Rendering:
    edit: Edit
    run: Run
    _damaged: int = field(default=0, init=False)

    def write(self, output: OutputFile, container: Container) -> Rendered:
        edit, look = self.edit, self.edit.look
        assert look is not None
        rate = edit.rate
        picture = PictureTrack(
            width_pixels=look.width_pixels,
            height_pixels=look.height_pixels,
            frames_per_second=rate,
            is_steady=edit.steady,
            options={"crf": "20"} if container != "webm" else None,
        )
        with Writer(
            output,
            container,
            picture=picture,
            sound=SoundTrack(channels=edit.channels) if edit.has_sound else None,
            subtitles=[SubtitleTrack(language=edit.language)] if edit.soft else [],
            tags=edit.tags,
        ) as film:
            sound = sounds(edit, self.run) if edit.has_sound else iter(())
            heard, soft = 0.0, list(edit.soft)
            for number, (at, frame) in enumerate(self._frames()):
                if number % 16 == 0:
                    self.run.check()
                    self.run.progress(min(1.0, at / max(edit.seconds, 0.001)), "writing")
                while heard < at + _STEP_SECONDS and (block := next(sound, None)) is not None:
                    film.hear(block)
                    heard = film.samples / RATE
                while soft and soft[0].start_seconds <= at:
                    words = soft.pop(0)
                    film.subtitle(0, words.start_seconds, words.end_seconds, words.text)
                film.show(frame, at)
            for block in sound:
                film.hear(block)
            for words in soft:
                film.subtitle(0, words.start_seconds, words.end_seconds, words.text)
            if not film.pictures:
                raise MediaError(f"No frame of {edit.takes[0].name!r} can be decoded. It is damaged; copy it again.")
            return Rendered(seconds=edit.seconds, frames=film.pictures, samples=film.samples, damaged=self._damaged)

    def _frames(self) -> "Iterator[tuple[float, VideoFrame]]":
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
                self._damaged += footage.errors
                stays = 1 / edit.frames_per_second
                # A film ends with the last time that is written: a frame that stays long is shown once more.
                if last is not None and position - last[0] > 1.5 * stays:
                    yield position - stays, last[1]

    def _forwards(self, footage: Footage, take: Take) -> "Iterator[tuple[float, VideoFrame]]":
        """Yield the frames of a part, from its start."""
        before: VideoFrame | None = None
        for at, frame in footage.frames(take.start_seconds):
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
        size = footage.width_pixels * footage.height_pixels * 3 // 2
        stretch = max(4, REVERSED_BYTES // size) / self.edit.frames_per_second
        end = take.end_seconds
        following = take.end_seconds
        while end > take.start_seconds + 1e-3:
            start = max(take.start_seconds, end - stretch)
            held: list[tuple[float, VideoFrame]] = []
            for at, frame in footage.frames(start):
                if at >= end - 1e-3:
                    break
                if at >= start - 1e-3:
                    held.append((at, frame.reformat(format="yuv420p")))
            for at, frame in reversed(held):
                self.run.check()
                # It is shown until the one that came before it.
                yield max(0.0, take.end_seconds - following), frame
                following = at
            end = start


def exact_rate(frames_per_second: float) -> Fraction:
    """Return the rate that was rounded to three digits: of 29.97, which is American television's, 30000/1001."""
    american = Fraction(round(frames_per_second * 1.001) * 1000, 1001)
    if abs(frames_per_second - american) < 1e-3:
        return american
    return Fraction(frames_per_second).limit_denominator(1001)


def snapped(seconds: float, rate: Fraction) -> float:
    """Return the time nearest to this at which a frame begins; of two, the earlier one."""
    return float(math.ceil(Fraction(seconds) * rate - Fraction(1, 2)) / rate)


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


def sounds(edit: Edit, run: Run, rate: int = RATE) -> "Iterator[Block]":
    """Yield the sound of an edit, from its start to its end."""
    blocks: Iterator[Block] = chain.from_iterable(
        _of(take, edit, run, rate) for take in (reversed(edit.takes) if edit.backwards else edit.takes)
    )
    if edit.other is not None and edit.other.way == "replace":
        blocks = iter(())
    elif edit.speed != 1:
        blocks = at_tempo(blocks, edit.speed, edit.channels, rate)
    if edit.other is not None:
        added = _delayed(edit.other, edit, run, rate)
        blocks = added if edit.other.way == "replace" else mixed(blocks, added, edit.other.gain)
    return _exactly(_hushed(blocks, edit.silent, rate), edit, rate)


def _of(take: Take, edit: Edit, run: Run, rate: int) -> "Iterator[Block]":
    import numpy as np

    if not take.has_sound:
        left = round(take.seconds * rate)
        while left > 0:
            yield np.zeros((edit.channels, min(left, rate)), np.float32)
            left -= rate
        return
    if not edit.backwards:
        yield from _heard(take, take.start_seconds, take.seconds, edit, rate).blocks(run)
        return
    end = take.end_seconds
    while end > take.start_seconds + 0.5 / rate:
        start = max(take.start_seconds, end - 30.0)
        whole = np.concatenate(list(_heard(take, start, end - start, edit, rate).blocks(run)), axis=1)
        yield np.ascontiguousarray(whole[:, ::-1])
        end = start


def _heard(take: Take, start: float, seconds: float, edit: Edit, rate: int) -> Heard:
    return Heard(
        path=take.path,
        name=take.name,
        start_seconds=start,
        seconds=seconds,
        origin_seconds=take.origin_seconds,
        channels=edit.channels,
        rate=rate,
    )


def _delayed(other: Other, edit: Edit, run: Run, rate: int) -> "Iterator[Block]":
    import numpy as np

    left = round(other.delay_seconds * rate)
    while left > 0:
        yield np.zeros((edit.channels, min(left, rate)), np.float32)
        left -= rate
    yield from _heard(other.take, other.take.start_seconds, other.take.seconds, edit, rate).blocks(run)


def _hushed(blocks: "Iterator[Block]", silent: Sequence[tuple[float, float]], rate: int) -> "Iterator[Block]":
    at = 0
    for block in blocks:
        for start, end in silent:
            first, last = round(start * rate) - at, round(end * rate) - at
            if last > 0 and first < block.shape[1]:
                block = block.copy()  # noqa: PLW2901 - others may hold it
                block[:, max(0, first) : last] = 0
        at += block.shape[1]
        yield block


def _exactly(blocks: "Iterator[Block]", edit: Edit, rate: int) -> "Iterator[Block]":
    """Yield sound cut, or filled up with silence, to the length of the edit."""
    import numpy as np

    left = round(edit.seconds * rate)
    for block in blocks:
        if left <= 0:
            return
        yield block[:, :left]
        left -= block.shape[1]
    while left > 0:
        yield np.zeros((edit.channels, min(left, rate)), np.float32)
        left -= rate
