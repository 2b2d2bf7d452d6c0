"""What a sound looks like: its level and its frequencies over time, measured in little memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.errors import MediaError
from ..base.run import Run
from ..base.sound_blocks import Reading, stereo_blocks
from .edits import Take

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

RATE = 16_000
"""Samples a second for levels."""
FINE_RATE = 44_100
"""For frequencies, of which half can be seen."""
WINDOW = 4096
LOWEST_HERTZ, HIGHEST_HERTZ = 40.0, 20_000.0
FLOOR_DB = -100.0
_FRAMES_A_COLUMN = 8
"""Spectra that are averaged for a column at most: more change nothing that can be seen."""
_FULL_SCALE = 0.5
"""Amplitude, after the window's mean, of a sine at full scale."""


@dataclass(frozen=True, kw_only=True)
class Levels:
    """The level of a sound, one number a column."""

    low: "NDArray[np.float32]"
    """Least sample of any channel; full scale is -1…1."""
    high: "NDArray[np.float32]"
    mean: "NDArray[np.float32]"
    """Root of the mean square of all channels."""
    start_seconds: float
    seconds: float
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Spectrogram:
    """Level in dB under full scale of a sine: a row a frequency, the highest first, a column a time.

    It is that of the louder channel.
    """

    db: "NDArray[np.float32]"
    lowest_hertz: float
    highest_hertz: float
    start_seconds: float
    seconds: float
    limits: tuple[str, ...] = ()


def levels(part: Take, columns: int, run: Run) -> Levels:
    """Return the level of a part of a sound.

    Raises:
        MediaError: There is no sound, or nothing of it can be decoded.
    """
    import numpy as np

    low, high = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
    power, counts = np.zeros(columns), np.zeros(columns)
    reading = Reading()
    each = part.seconds * RATE / columns
    for at, block in _blocks(part, RATE, run, reading):
        samples = block.shape[1]
        where = np.minimum(((at + np.arange(samples)) / each).astype(np.int64), columns - 1)
        first = np.flatnonzero(np.diff(where, prepend=-1))
        which = where[first]
        low[which] = np.minimum(low[which], np.minimum.reduceat(block.min(axis=0), first))
        high[which] = np.maximum(high[which], np.maximum.reduceat(block.max(axis=0), first))
        power[which] += np.add.reduceat(np.square(block, dtype=np.float64).mean(axis=0), first)
        counts[which] += np.diff(np.append(first, samples))
    mean = np.sqrt(power / np.maximum(counts, 1)).astype(np.float32)
    _spread(low, high, mean, counts)
    return Levels(
        low=low,
        high=high,
        mean=mean,
        start_seconds=part.start_seconds,
        seconds=part.seconds,
        limits=tuple(reading.limits),
    )


def _spread(low: "Numbers", high: "Numbers", mean: "Numbers", counts: "NDArray[np.float64]") -> None:
    """Give columns that are narrower than a sample the level of the one before."""
    import numpy as np

    known = np.flatnonzero(counts)
    if len(known):
        source = known[np.maximum(np.searchsorted(known, np.arange(len(counts)), side="right") - 1, 0)]
        gap = (counts == 0) & (np.arange(len(counts)) - source <= 2)
        for numbers in (low, high, mean):
            numbers[gap] = numbers[source[gap]]


def spectrogram(part: Take, columns: int, rows: int, run: Run) -> Spectrogram:
    """Return the frequencies of a part of a sound, on a logarithmic scale.

    Raises:
        MediaError: There is no sound, nothing of it can be decoded, or it is too short.
    """
    import numpy as np

    total = max(1, round(part.seconds * FINE_RATE))
    step = max(total / columns / _FRAMES_A_COLUMN, min(total / columns, WINDOW / 8))
    window = np.hanning(WINDOW).astype(np.float32)
    powers = np.zeros((WINDOW // 2 + 1, columns), np.float64)
    counts = np.zeros(columns)
    reading = Reading()
    ending = np.zeros((2, WINDOW // 2), np.float32)
    held, held_at, number = ending, -WINDOW // 2, 0
    for _, block in _and_last(_blocks(part, FINE_RATE, run, reading), ending):
        held = np.concatenate([held, block], axis=1)
        while (at := round(number * step) - WINDOW // 2 - held_at) + WINDOW <= held.shape[1]:
            spectra = np.fft.rfft(held[:, at : at + WINDOW] * window)
            column = min(int(number * step / total * columns), columns - 1)
            powers[:, column] += np.square(np.abs(spectra)).max(axis=0)
            counts[column] += 1
            number += 1
        cut = max(0, min(held.shape[1], round(number * step) - WINDOW // 2 - held_at))
        held, held_at = held[:, cut:], held_at + cut
    if not number:
        raise MediaError(f"{part.name!r} is too short for a spectrogram.")
    powers /= np.maximum(counts, 1)
    known = np.flatnonzero(counts)
    powers = powers[:, known[np.abs(known[:, None] - np.arange(columns)).argmin(axis=0)]]
    amplitude = np.sqrt(powers) / (window.sum() * _FULL_SCALE)
    highest = min(HIGHEST_HERTZ, FINE_RATE / 2)
    db = np.maximum(20 * np.log10(_rows(amplitude, rows, highest) + 1e-9), FLOOR_DB)
    return Spectrogram(
        db=db.astype(np.float32),
        lowest_hertz=LOWEST_HERTZ,
        highest_hertz=highest,
        start_seconds=part.start_seconds,
        seconds=part.seconds,
        limits=tuple(reading.limits),
    )


def _rows(amplitude: "NDArray[np.float64]", rows: int, highest: float) -> "NDArray[np.float64]":
    """Return rows of equal musical height: the loudest of the bins in one, or between two bins what lies there."""
    import numpy as np

    edges = np.geomspace(LOWEST_HERTZ, highest, rows + 1) / (FINE_RATE / WINDOW)
    found = np.empty((rows, amplitude.shape[1]))
    for row in range(rows):
        low, high = edges[row], edges[row + 1]
        first, last = int(np.ceil(low)), int(np.floor(high))
        middle = (low + high) / 2
        below = int(middle)
        between = amplitude[below] + (amplitude[min(below + 1, len(amplitude) - 1)] - amplitude[below]) * (
            middle - below
        )
        found[row] = np.maximum(between, amplitude[first : last + 1].max(axis=0)) if last >= first else between
    return found[::-1]


def _blocks(part: Take, rate: int, run: Run, reading: Reading) -> "Iterator[tuple[int, Numbers]]":
    """Yield blocks of two channels of a part with their place in it."""
    first, last = round(part.start_seconds * rate), round(part.end_seconds * rate)
    at = 0
    for block in stereo_blocks(part.path, part.name, run, rate, reading, same_level=True):
        start, end = max(first - at, 0), min(last - at, block.shape[1])
        if start < end:
            run.progress(min(1.0, (at + start - first) / max(1, last - first)), "listening")
            yield at + start - first, block[:, start:end]
        at += block.shape[1]
        if at >= last:
            return


def _and_last(found: "Iterator[tuple[int, Numbers]]", ending: "Numbers") -> "Iterator[tuple[int, Numbers]]":
    end = 0
    for at, block in found:
        end = at + block.shape[1]
        yield at, block
    yield end, ending


def bands(block: "Numbers", count: int, rate: int) -> "Numbers":
    """Return how loud so many bands of frequencies are in a block (channels, samples), 0…1, the lowest first.

    60 dB are seen, of the louder channel.
    """
    import numpy as np

    length = block.shape[1]
    spectrum = np.abs(np.fft.rfft(block * np.hanning(length))).max(axis=0) / (length * _FULL_SCALE * _FULL_SCALE)
    edges = np.geomspace(50.0, 14_000.0, count + 1) * length / rate
    low = edges[:-1].astype(int)
    high = np.maximum(edges[1:].astype(int), low + 1)
    loud = np.array([spectrum[first:last].max() for first, last in zip(low, high, strict=True)])
    # Voices and instruments fall by 3 to 6 dB an octave; to the eye they are even so.
    tilt = np.geomspace(1.0, 6.0, count)
    return np.clip((20 * np.log10(loud * tilt + 1e-9) + 60) / 60, 0, 1).astype(np.float32)
