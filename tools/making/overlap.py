"""Whether what is heard in one recording is heard in another, however it was cut, encoded or made louder."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 2_000
"""Samples a second that tell voices apart by their waves: most of the power of speech lies below 1 kHz."""
_PIECE_SECONDS = 1
_MOST_PIECES = 12
_LEAST_ALIKE = 0.8
"""Correlation from which two pieces are the same sound; of different speech it stays below 0.6, also of one voice."""
_LEAST_SHARE = 0.5
"""Of the loudest pieces: a word that is said twice in the same way is not the same recording."""


def overlap(one: "NDArray[np.float32]", other: "NDArray[np.float32]") -> bool:
    """Tell whether at least half of the shorter of two sounds is in the longer one.

    Args:
        one: Mono, at `RATE`.
        other: Likewise.
    """
    import numpy as np

    short, long = sorted((one, other), key=len)
    size = _PIECE_SECONDS * RATE
    pieces = short[: len(short) // size * size].reshape(-1, size).astype(np.float64)
    energies = np.square(pieces).sum(axis=1)
    loud = [at for at in np.argsort(energies)[::-1][:_MOST_PIECES] if energies[at] > 0.1 * energies.max()]
    if not loud or not energies.max():
        return False
    # Correlated through the spectrum, and divided by the energy of what each piece is laid on.
    length = len(long) + size
    spectrum = np.fft.rfft(long, length)
    running = np.concatenate([[0.0], np.cumsum(np.square(long, dtype=np.float64))])
    under = running[size:] - running[:-size]
    heard = 0
    for at in loud:
        laid = np.fft.irfft(spectrum * np.conj(np.fft.rfft(pieces[at], length)), length)[: len(under)]
        alike = laid / np.sqrt(np.maximum(under * energies[at], 1e-12))
        heard += bool(alike.max() >= _LEAST_ALIKE)
    return heard >= _LEAST_SHARE * len(loud)
