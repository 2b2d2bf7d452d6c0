"""Make a film: paint its pictures, mix its sound, write both; in a decoder process, since its files are untrusted."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.loudness import StereoMeter
from ..base.outputs import OutputFile
from .captions import Overlay
from .encoders import PictureTrack, SoundTrack
from .limiting import Limiter
from .mixing import RATE, Mixer
from .planes import Planes
from .shots import Film, Line, Shot
from .sources import Source, open_source
from .word_tracks import SubtitleTrack
from .writer import Writer

if TYPE_CHECKING:
    from ..base.run import Run
    from .mixing import Block

PEAK_DB = -2.2
"""Highest true peak before encoding: AAC and Opus may go 1 dB beyond what they are given."""
MOST_GAIN_DB = 30.0
"""What is softer was not meant to be heard."""
_NEAR_LU = 0.3
"""How near to the wished loudness is near enough."""
_THREADS = 2
"""For moving pictures: more wait for each other."""
_LARGE_BYTES = 3 << 19
"""Of memory: a frame of 720p, of which 25 come and go each second, is smaller; what is kept of a picture is not."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


@dataclass(frozen=True, kw_only=True)
class Composed:
    """What came of it."""

    frames: int
    gain_db: float | None
    """None for a film without sound."""
    is_limited: bool
    limits: list[str]


def compose(film: Film, handles: Sequence[str], output: OutputFile, run: "Run") -> Composed:
    """Write a film to a file.

    Args:
        film: What is in it.
        handles: Its files, which the process may open.
        output: Where it is written.
        run: Gives the files, and is told how far it is.

    Raises:
        MediaError: A file cannot be decoded.
        StorageError: The disk is full.
    """
    import cv2

    cv2.setNumThreads(_THREADS)
    _keep_large_blocks_apart()
    files = _Files(run)
    gain = _gain(film, files, run) if film.strips else None
    limiter = Limiter(gain or 0.0, PEAK_DB)
    sound = _sound(film, files, run, limiter) if film.strips else None
    picture = PictureTrack(
        width_pixels=film.width_pixels, height_pixels=film.height_pixels, frames_per_second=film.rate
    )
    are_drawn = any(line.drawn for line in film.lines)
    with Writer(
        output,
        film.container,
        picture=picture,
        sound=SoundTrack(rate=RATE) if sound else None,
        subtitles=[SubtitleTrack(language=film.language, is_shown=not are_drawn)] if film.has_soft_lines else [],
    ) as writer:
        lines = list(reversed(film.lines)) if film.has_soft_lines else []
        limits: list[str] = []
        for number, painted in enumerate(_pictures(film, files, limits)):
            at = number / film.frames_per_second
            while lines and lines[-1].start_seconds <= at:
                line = lines.pop()
                writer.subtitle(0, line.start_seconds, line.end_seconds, line.text)
            writer.show(painted.data, at)
            while sound and writer.samples < (at + 1) * RATE and (block := next(sound, None)) is not None:
                writer.hear(block)
            if number % film.frames_per_second == 0:
                run.progress(0.1 + 0.88 * number / film.frames, f"{at:.0f} of {film.seconds:.0f} s")
    return Composed(frames=writer.pictures, gain_db=gain, is_limited=limiter.reduced, limits=limits)


class _Files:
    """The files of a film, each asked for once: an open one takes a descriptor."""

    def __init__(self, run: "Run") -> None:
        self._run, self._open = run, dict[str, Path]()

    def path(self, handle: str) -> Path:
        if handle not in self._open:
            self._open[handle] = self._run.path(handle)
        return self._open[handle]


def _pictures(film: Film, files: _Files, limits: list[str]) -> Iterator[Planes]:
    """Yield the pictures of a film, each of which is changed when the next is asked for, and note what is damaged."""
    import cv2

    first, second = (Planes.blank(film.width_pixels, film.height_pixels) for _ in range(2))
    captions = _Captions(film.lines)
    shots = list(reversed(film.shots))
    playing: list[tuple[Shot, Source]] = []
    try:
        for number in range(film.frames):
            at = number / film.frames_per_second
            while shots and (not playing or shots[-1].start_seconds - shots[-1].fade_seconds / 2 <= at + 1e-6):
                shot = shots.pop()
                playing.append((shot, open_source(shot, film, files.path(shot.handle) if shot.handle else None)))
            while len(playing) > 1 and at >= playing[1][0].start_seconds + playing[1][0].fade_seconds / 2 - 1e-6:
                limits.append(playing.pop(0)[1].close())
            shot, source = playing[0]
            source.paint(at - shot.start_seconds, first)
            if len(playing) > 1:
                shot, source = playing[1]
                source.paint(at - shot.start_seconds, second)
                share = (at - shot.start_seconds) / shot.fade_seconds + 0.5
                cv2.addWeighted(first.data, 1 - share, second.data, share, 0, dst=first.data)
            captions.lay_on(first, at)
            yield first
    finally:
        for _, source in playing:
            limits.append(source.close())


class _Captions:
    """Draws what is said at a time."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._waiting = [line for line in reversed(lines) if line.drawn]
        self._shown: list[tuple[Line, Overlay]] = []

    def lay_on(self, picture: Planes, at_seconds: float) -> None:
        at = at_seconds + 1e-6
        while self._waiting and self._waiting[-1].start_seconds <= at:
            line = self._waiting.pop()
            assert line.drawn is not None
            self._shown.append((line, Overlay(line.drawn)))
        self._shown = [(line, overlay) for line, overlay in self._shown if line.end_seconds > at]
        for _, overlay in self._shown:
            overlay.lay_on(picture)


def _mixed(film: Film, files: _Files, run: "Run") -> "Iterator[Block]":
    return Mixer(film.strips, film.seconds, files.path, run, duck_db=film.duck_db).blocks()


def _sound(film: Film, files: _Files, run: "Run", limiter: Limiter) -> "Iterator[Block]":
    for block in _mixed(film, files, run):
        yield limiter.limit(block)
    yield limiter.finish()


def _gain(film: Film, files: _Files, run: "Run") -> float | None:
    """Return how much louder the mixed sound must be; None for silence."""
    meter = StereoMeter(RATE)
    highest = 0.0
    run.progress(0.05, "measuring the sound")
    for block in _mixed(film, files, run):
        meter.hear_block(block)
        highest = max(highest, float(abs(block).max()))
    if (loudness := meter.integrated_lufs()) is None:
        return None
    gain = min(MOST_GAIN_DB, film.loudness_lufs - loudness)
    if highest * 10 ** (gain / 20) < 10 ** (PEAK_DB / 20) / 2:
        return gain  # the limiter will have nothing to do
    # What it takes away at peaks is made up for.
    meter = StereoMeter(RATE)
    run.progress(0.08, "measuring the sound")
    for block in _sound(film, files, run, Limiter(gain, PEAK_DB)):
        meter.hear_block(block)
    limited = meter.integrated_lufs()
    lacking = film.loudness_lufs - limited if limited is not None else 0.0
    return gain + lacking if abs(lacking) > _NEAR_LU else gain


def _keep_large_blocks_apart() -> None:
    """Have each large block of memory go back to the system when it is freed.

    After the first large picture, the C library would take its size for a usual one, and keep the holes between others.
    """
    if sys.platform != "linux":
        return
    import ctypes

    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        set_option(_M_TRIM_THRESHOLD, 2 * _LARGE_BYTES)  # what is smaller is soon wanted again
