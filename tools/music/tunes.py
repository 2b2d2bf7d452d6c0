"""The key and the tempo of music that was listened to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .listening import HOPS_A_SECOND
from .theory import Key, Mode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# How often each note comes in music of a key, from its tonic on: Aarden 2003, from the Essen collection of folk songs.
_PROFILES: dict[Mode, tuple[float, ...]] = {
    "major": (17.77, 0.15, 14.93, 0.16, 19.80, 11.36, 0.29, 22.06, 0.15, 8.15, 0.23, 4.95),
    "minor": (18.26, 0.74, 14.05, 16.86, 0.70, 14.44, 0.70, 18.62, 4.57, 1.93, 7.38, 1.76),
}
_LEAST_FIT = 0.6
_SLOWEST, _FASTEST, _USUAL = 50.0, 200.0, 100.0
_LEAST_SECONDS = 5.0
_LEAST_BEAT = 0.12


@dataclass(frozen=True, kw_only=True)
class FoundKey:
    """A key, and how surely it is that one."""

    key: Key
    fit: float
    """Correlation with the key's profile, up to 1."""
    lead: float
    """How much better it fits than the next one; below 0.1 it may be the other."""


@dataclass(frozen=True, kw_only=True)
class FoundTempo:
    """A tempo, and how clear the beat is."""

    beats_per_minute: float
    strength: float
    """0…1: how much the onsets repeat after a beat."""


def key_of(chroma: "NDArray[np.float32]") -> FoundKey | None:
    """Return the key of the strengths of the twelve notes, second by second; None where none fits."""
    import numpy as np

    # A loud second says no more of the key than a soft one.
    total = (chroma / (chroma.sum(axis=1, keepdims=True) + 1e-9)).sum(axis=0)
    if total.max() <= 0 or total.std() == 0:
        return None
    fits = sorted(
        (
            (float(np.corrcoef(np.roll(profile, tonic), total)[0, 1]), tonic, mode)
            for mode, profile in _PROFILES.items()
            for tonic in range(12)
        ),
        reverse=True,
    )
    (best, tonic, mode), (second, *_) = fits[:2]
    return FoundKey(key=Key(tonic, mode), fit=best, lead=best - second) if best >= _LEAST_FIT else None


def tempo_of(onsets: "NDArray[np.float32]") -> FoundTempo | None:
    """Return the tempo that onsets repeat in; None where they do not, or in less than 5 s."""
    import numpy as np

    if len(onsets) < _LEAST_SECONDS * HOPS_A_SECOND:
        return None
    # Ten minutes tell as much as more do.
    onsets = onsets[: round(600 * HOPS_A_SECOND)]
    strengths = onsets - np.convolve(onsets, np.ones(31) / 31, mode="same")
    strengths = np.maximum(strengths, 0)
    strengths = strengths - strengths.mean()
    size = 1 << (2 * len(strengths) - 1).bit_length()
    # Padded spectra: the autocorrelation is read between the hops, which are too coarse for a tempo.
    alike = np.fft.irfft(np.square(np.abs(np.fft.rfft(strengths, size))))[: len(strengths)]
    if alike[0] <= 0:
        return None
    alike = alike / alike[0] * (len(strengths) / (len(strengths) - np.arange(len(strengths))))
    tempos = np.exp(np.arange(np.log(_SLOWEST), np.log(_FASTEST), 0.002))
    lags = 60 * HOPS_A_SECOND / tempos
    score = np.zeros(len(tempos))
    for times, weight in ((1, 1.0), (2, 0.6), (4, 0.5), (8, 0.3)):
        reached = lags * times
        if reached.max() < 0.75 * len(alike):
            score += weight * np.interp(reached, np.arange(len(alike)), alike)
    # Of a tempo, its half and its double, people tap the one in the middle (Parncutt 1994).
    score *= np.exp(-0.5 * np.square(np.log2(tempos / _USUAL) / 0.9))
    best = int(score.argmax())
    strength = float(np.interp(lags[best], np.arange(len(alike)), alike))
    if strength < _LEAST_BEAT:
        return None
    return FoundTempo(beats_per_minute=float(tempos[best]), strength=min(1.0, strength))
