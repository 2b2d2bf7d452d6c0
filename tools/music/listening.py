"""What is heard in sound, window by window: level, colour, harmony and onsets."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.run import Run
from ..base.sound_blocks import Reading, blocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 16_000
HOP = 512
"""Samples between two windows: 32 ms."""
HOPS_A_SECOND = RATE / HOP
_WINDOW = 1024
_WIDE = 4096
"""Of the windows that tell notes apart: 4 Hz between two bins."""
_BLOCK_HOPS = 1024
_FLOOR = 1e-10
_LOWEST_NOTE, _HIGHEST_NOTE = 65.0, 2_100.0
_LOWEST_PITCH, _HIGHEST_PITCH = 60.0, 1_000.0
_PERIODIC = 0.8
_LOUDEST = 8.0


@dataclass(frozen=True, kw_only=True)
class Listened:
    """Numbers for each window of 32 ms; the chroma for each second."""

    seconds: float
    levels_db: "NDArray[np.float32]"
    """RMS; 0 is full scale."""
    flatness: "NDArray[np.float32]"
    """0 is a tone, near 1 is white noise."""
    brightness_hertz: "NDArray[np.float32]"
    """Centre of the spectrum."""
    onsets: "NDArray[np.float32]"
    """How much sets in."""
    pitches_hertz: "NDArray[np.float32]"
    """0 where there is none, or several."""
    tonal: "NDArray[np.float32]"
    """Share of the energy that stands in narrow peaks, of a window of 256 ms."""
    chroma: "NDArray[np.float32]"
    """Shape (seconds, 12): how strong each note is, from C on."""
    partial: bool
    limits: tuple[str, ...]


def listen(path: Path, name: str, run: Run) -> Listened:
    """Decode the sound of a file block by block, and measure it.

    Raises:
        MediaError: It has no audio track, or nothing of it can be decoded.
    """
    import numpy as np

    reading = Reading()
    rows: list[NDArray[np.float32]] = []
    colours: list[NDArray[np.float32]] = []
    before = np.zeros(_WINDOW // 2 + 1, dtype=np.float32)
    length = [0]
    for piece in _pieces(blocks(path, name, run, RATE, reading), length):
        run.check()
        row, colour, before = _measured(piece, before)
        rows.append(row)
        colours.append(colour)
    count = -(-length[0] // HOP)
    table = np.concatenate(rows, axis=1)[:, :count] if rows else np.zeros((6, 0), dtype=np.float32)
    return Listened(
        seconds=length[0] / RATE,
        levels_db=table[0],
        flatness=table[1],
        brightness_hertz=table[2],
        onsets=table[3],
        pitches_hertz=table[4],
        tonal=table[5],
        chroma=_by_second(np.concatenate(colours)[:count] if colours else np.zeros((0, 12), dtype=np.float32)),
        partial=bool(reading.limits),
        limits=tuple(reading.limits),
    )


def _pieces(coming: "Iterator[NDArray[np.float32]]", length: list[int]) -> "Iterator[NDArray[np.float32]]":
    """Yield stretches of `_BLOCK_HOPS` windows with what the last ones reach into; count the samples in `length`."""
    import numpy as np

    step, need = _BLOCK_HOPS * HOP, _BLOCK_HOPS * HOP + _WIDE
    waiting: list[NDArray[np.float32]] = []
    held = 0
    for block in coming:
        length[0] += len(block)
        waiting.append(block)
        held += len(block)
        while held >= need:
            whole = np.concatenate(waiting)
            yield _believable(whole[:need])
            waiting, held = [whole[step:]], held - step
    if held:
        whole = _believable(np.concatenate(waiting))
        yield np.pad(whole, (0, -len(whole) % HOP + _WIDE))


def _believable(samples: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return samples without what is no number in damaged sound, nor far beyond full scale."""
    import numpy as np

    return np.clip(np.nan_to_num(samples), -_LOUDEST, _LOUDEST)


def _measured(
    piece: "NDArray[np.float32]", before: "NDArray[np.float32]"
) -> "tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]":
    """Return six numbers and the chroma of each window, and the last spectrum, which onsets go on from."""
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    count = (len(piece) - _WIDE) // HOP
    narrow = sliding_window_view(piece, _WINDOW)[::HOP][:count]
    level = 10 * np.log10(np.square(narrow).mean(axis=1) + _FLOOR)
    spectrum = np.abs(np.fft.rfft(narrow * np.hanning(_WINDOW).astype(np.float32), axis=1)).astype(np.float32)
    power = np.square(spectrum) + _FLOOR
    hertz = np.fft.rfftfreq(_WINDOW, 1 / RATE).astype(np.float32)
    heard = power[:, 4:]  # what lies below 60 Hz is hum
    flatness = np.exp(np.log(heard).mean(axis=1)) / heard.mean(axis=1)
    brightness = (power @ hertz) / power.sum(axis=1)
    logarithms = np.log1p(50 * spectrum)
    rises = np.diff(np.concatenate([before[None], logarithms]), axis=0)
    onsets = np.maximum(rises, 0).mean(axis=1)
    tonal, chroma = _notes(piece, count)
    row = np.stack([level, flatness, brightness, onsets, _pitches(narrow, level), tonal]).astype(np.float32)
    return row, chroma, logarithms[-1]


def _pitches(windows: "NDArray[np.float32]", level: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return the pitch of each window by its autocorrelation; 0 where it does not repeat itself."""
    import numpy as np

    centred = windows - windows.mean(axis=1, keepdims=True)
    spectrum = np.square(np.abs(np.fft.rfft(centred, 2 * _WINDOW, axis=1)))
    alike = np.fft.irfft(spectrum, axis=1)[:, : _WINDOW // 2]
    # Of two shifted windows ever less lies on each other.
    alike = alike / (alike[:, :1] + _FLOOR) * (_WINDOW / (_WINDOW - np.arange(_WINDOW // 2)))
    shortest, longest = int(RATE / _HIGHEST_PITCH), int(RATE / _LOWEST_PITCH)
    near = alike[:, shortest : longest + 1]
    top = near.max(axis=1)
    peaks = (near[:, 1:-1] >= near[:, :-2]) & (near[:, 1:-1] >= near[:, 2:]) & (near[:, 1:-1] > 0.92 * top[:, None])
    # The first of the highest peaks: the others are whole numbers of periods.
    lag = peaks.argmax(axis=1) + 1 + shortest
    is_voiced = peaks.any(axis=1) & (top > _PERIODIC) & (level > -50)
    found: NDArray[np.float32] = np.where(is_voiced, RATE / lag, 0.0).astype(np.float32)
    return found


def _notes(piece: "NDArray[np.float32]", count: int) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
    """Return of each window of 256 ms the share of narrow peaks, and how strong each of the twelve notes is."""
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    hertz = np.fft.rfftfreq(_WIDE, 1 / RATE)
    inside = (hertz >= _LOWEST_NOTE) & (hertz <= _HIGHEST_NOTE)
    # Each peak counts for its nearest note.
    note = np.round(69 + 12 * np.log2(np.maximum(hertz, 1) / 440)).astype(int) % 12
    belongs = np.zeros((len(hertz), 12), dtype=np.float32)
    belongs[np.flatnonzero(inside), note[inside]] = 1
    window = np.hanning(_WIDE).astype(np.float32)
    tonal = np.zeros(count, dtype=np.float32)
    chroma = np.zeros((count, 12), dtype=np.float32)
    wide = sliding_window_view(piece, _WIDE)[::HOP][:count]
    # Every second window is enough: each is eight steps long. A few at a time: 128 of them are 2 MB.
    for first in range(0, count, 128):
        rows = np.arange(first, min(first + 128, count), 2)
        spectrum = np.abs(np.fft.rfft(wide[rows] * window, axis=1)).astype(np.float32)
        middle = spectrum[:, 1:-1]
        is_peak = (middle > spectrum[:, :-2]) & (middle >= spectrum[:, 2:])
        around = _mean_around(spectrum)[:, 1:-1]
        is_peak &= middle > 4 * around
        peaks = np.zeros_like(spectrum)
        peaks[:, 1:-1] = np.where(is_peak, middle, 0)
        power = np.square(spectrum)[:, 8:]
        # A pure tone has its energy in the three bins of its peak.
        spread = np.square(peaks) + np.square(np.where(peaks > 0, spectrum, 0)) * 0.5
        share = np.minimum(1.0, spread[:, 8:].sum(axis=1) / (power.sum(axis=1) + _FLOOR))
        strengths = np.sqrt(peaks) @ belongs
        for offset in (0, 1):
            at = rows + offset
            fits = at < count
            tonal[at[fits]] = share[fits]
            chroma[at[fits]] = strengths[fits]
    return tonal, chroma


def _mean_around(spectrum: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return for each bin the mean of the 24 on either side."""
    import numpy as np

    width = 49
    padded = np.pad(spectrum, ((0, 0), (width // 2 + 1, width // 2)), mode="edge").cumsum(axis=1, dtype=np.float64)
    mean: NDArray[np.float32] = ((padded[:, width:] - padded[:, :-width]) / width).astype(np.float32)
    return mean


def _by_second(chroma: "NDArray[np.float32]") -> "NDArray[np.float32]":
    import numpy as np

    count = -(-len(chroma) // round(HOPS_A_SECOND))
    found = np.zeros((count, 12), dtype=np.float32)
    for second in range(count):
        start, end = round(second * HOPS_A_SECOND), round((second + 1) * HOPS_A_SECOND)
        found[second] = chroma[start:end].sum(axis=0)
    return found
