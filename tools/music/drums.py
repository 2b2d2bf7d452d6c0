"""What drums sound like."""

from functools import cache
from typing import TYPE_CHECKING

from .score import Drum
from .timbres import RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

KEYS: dict[Drum, int] = {
    "kick": 36, "snare": 38, "hat": 42, "open hat": 46, "tom": 45, "low tom": 41, "shaker": 70, "rim": 37, "clap": 39,
    "crash": 49,
}  # fmt: skip
"""Of the percussion of General MIDI."""
# Seconds until it has faded by 60 dB.
_SECONDS: dict[Drum, float] = {
    "kick": 0.32, "snare": 0.26, "hat": 0.07, "open hat": 0.3, "tom": 0.5, "low tom": 0.9, "shaker": 0.09, "rim": 0.07,
    "clap": 0.22, "crash": 1.6,
}  # fmt: skip
_LEVELS: dict[Drum, float] = {
    "kick": 0.95, "snare": 0.5, "hat": 0.16, "open hat": 0.16, "tom": 0.6, "low tom": 0.95, "shaker": 0.12, "rim": 0.3,
    "clap": 0.38, "crash": 0.2,
}  # fmt: skip


@cache
def stroke(drum: Drum) -> "Samples":
    """Return one stroke at full strength, mono."""
    import numpy as np

    seconds = _SECONDS[drum]
    count = round(seconds * 1.15 * RATE)
    at = np.arange(count) / RATE
    fade = np.exp(-6.9 * at / seconds)
    noise = np.random.RandomState(sum(map(ord, drum))).standard_normal(count)
    if drum in ("kick", "tom", "low tom"):
        low, sweep = {"kick": (48.0, 110.0), "tom": (105.0, 45.0), "low tom": (62.0, 50.0)}[drum]
        # The head is tighter when it is just struck, so the tone falls.
        turns = low * at + sweep * 0.03 * (1 - np.exp(-at / 0.03))
        skin = _bandpassed(noise, 80.0, 900.0) * np.exp(-at / 0.02) * (0.25 if drum == "kick" else 0.5)
        made = np.sin(2 * np.pi * turns) * fade + skin
    elif drum == "snare":
        body = np.sin(2 * np.pi * 185 * at) * np.exp(-at / 0.045)
        made = 0.7 * body + 0.9 * _bandpassed(noise, 900.0, 9_000.0) * fade
    elif drum == "clap":
        bursts = sum(np.where(at >= late, np.exp(-np.maximum(0, at - late) / 0.006), 0) for late in (0, 0.011, 0.022))
        made = _bandpassed(noise, 800.0, 5_000.0) * (bursts + 0.6 * fade * (at > 0.022))
    elif drum == "rim":
        made = np.sin(2 * np.pi * 820 * at) * fade + 0.5 * _bandpassed(noise, 1_500.0, 6_000.0) * fade**2
    else:
        lowest = {"hat": 7_000.0, "open hat": 6_500.0, "shaker": 4_500.0, "crash": 3_000.0}[drum]
        made = _bandpassed(noise, lowest, 14_000.0) * fade
        if drum == "shaker":
            made *= np.minimum(1.0, at / 0.02)
    rise, fall = round(0.001 * RATE), round(0.01 * RATE)
    made[:rise] *= np.linspace(0, 1, rise)
    made[-fall:] *= np.linspace(1, 0, fall)
    samples: Samples = (_LEVELS[drum] * made / np.abs(made).max()).astype(np.float32)
    return samples


def _bandpassed(noise: "NDArray[np.float64]", lowest: float, highest: float) -> "NDArray[np.float64]":
    """Return noise without what lies below and above, at the strength it had."""
    import numpy as np

    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum *= 1 / (1 + (lowest / np.maximum(hertz, 1)) ** 4) / (1 + (hertz / highest) ** 4)
    made = np.fft.irfft(spectrum, len(noise))
    kept: NDArray[np.float64] = made / (np.abs(made).std() + 1e-9) * 0.5
    return kept
