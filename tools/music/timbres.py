"""What instruments sound like: one note of each as samples."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .moods import Timbre

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

RATE = 44_100
_HIGHEST_HERTZ = 12_000.0
_CACHE_BYTES = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Sound:
    """The recipe of an instrument: partials that fade, and what is around them."""

    partials: tuple[float, ...]
    """Strength of each harmonic of a loud note."""
    program: int
    """Of General MIDI, from 0."""
    attack: float = 0.004
    """Seconds until it is fully there."""
    release: float = 0.12
    """Seconds in which it ends."""
    decay: float = 0.0
    """By how many times e a second the first harmonic fades; 0: it is held."""
    damping: float = 0.0
    """How much faster each further harmonic fades."""
    stretch: float = 0.0
    """Stiffness: how much too high the upper harmonics are."""
    ratios: tuple[float, ...] = ()
    """Where the partials stand, if not on harmonics: bars and bells."""
    cents: tuple[float, ...] = (0.0,)
    """Several strings or players, each a little off."""
    vibrato: float = 0.0
    """Depth in cents."""
    breath: float = 0.0
    """Noise beside the tone."""
    dark: float = 0.6
    """How much of the upper harmonics a soft note loses."""
    gain: float = 1.0
    """So that all are as loud: a scale of quarter notes at 120 a minute measures -22 LUFS at 0.7."""


def _falling(count: int, power: float, step: int = 1) -> tuple[float, ...]:
    return tuple(1 / (n**power) if (n - 1) % step == 0 else 0.0 for n in range(1, count + 1))


SOUNDS: dict[Timbre, Sound] = {
    "piano": Sound(
        partials=(1.0, 0.62, 0.38, 0.3, 0.17, 0.12, 0.08, 0.06, 0.04, 0.03, 0.02),
        program=0, attack=0.003, release=0.25, decay=1.1, damping=0.42, stretch=0.0004, cents=(-0.8, 0.8), gain=0.98,
    ),
    "electric piano": Sound(
        partials=(1.0, 0.22, 0.06, 0.1, 0.03, 0.02, 0.05), program=4, attack=0.004, release=0.3, decay=0.9,
        damping=0.6, cents=(-2.0, 2.0), gain=0.69,
    ),
    "guitar": Sound(
        partials=(1.0, 0.7, 0.5, 0.25, 0.3, 0.2, 0.12, 0.1, 0.06, 0.04), program=24, attack=0.002, release=0.15,
        decay=2.2, damping=0.5, stretch=0.0001, gain=0.87,
    ),
    "harp": Sound(
        partials=(1.0, 0.5, 0.28, 0.16, 0.1, 0.05, 0.03), program=46, attack=0.003, release=0.5, decay=1.6,
        damping=0.6, gain=0.63,
    ),
    "music box": Sound(
        partials=(1.0, 0.35, 0.2, 0.08), ratios=(1.0, 2.0, 5.4, 8.9), program=10, attack=0.002, release=0.5,
        decay=2.2, damping=1.2, gain=0.64,
    ),
    "vibraphone": Sound(
        partials=(1.0, 0.04, 0.22, 0.07), ratios=(1.0, 2.0, 4.0, 10.0), program=11, attack=0.003, release=0.4,
        decay=1.3, damping=2.0, gain=0.48,
    ),
    "strings": Sound(
        partials=_falling(14, 1.25), program=48, attack=0.09, release=0.28, cents=(-7.0, 0.0, 6.0), vibrato=7.0,
        breath=0.004, gain=0.45,
    ),
    "pad": Sound(partials=_falling(8, 1.8), program=89, attack=0.45, release=0.9, cents=(-6.0, 6.0), gain=0.39),
    "flute": Sound(
        partials=(1.0, 0.32, 0.14, 0.04, 0.02), program=73, attack=0.06, release=0.12, vibrato=9.0,
        breath=0.02, gain=0.37,
    ),
    "clarinet": Sound(
        partials=(1.0, 0.04, 0.5, 0.05, 0.28, 0.04, 0.14, 0.03, 0.07), program=71, attack=0.03, release=0.09,
        vibrato=3.0, breath=0.006, gain=0.43,
    ),
    "brass": Sound(
        partials=(0.8, 1.0, 0.85, 0.6, 0.45, 0.3, 0.2, 0.13, 0.08, 0.05), program=61, attack=0.05, release=0.16,
        cents=(-4.0, 4.0), vibrato=4.0, dark=0.85, gain=0.55,
    ),
    "organ": Sound(
        partials=(1.0, 0.7, 0.35, 0.4, 0.05, 0.15, 0.0, 0.2), program=19, attack=0.02, release=0.12, dark=0.0,
        gain=0.38,
    ),
    "synth": Sound(
        partials=_falling(16, 1.1), program=81, attack=0.006, release=0.12, decay=1.4, damping=0.25,
        cents=(-8.0, 0.0, 8.0), gain=0.83,
    ),
    "chip": Sound(partials=_falling(19, 1.0, 2), program=80, attack=0.003, release=0.03, decay=0.8, dark=0.0, gain=0.5),
    "soft bass": Sound(
        partials=(1.0, 0.38, 0.12, 0.05, 0.02), program=33, attack=0.008, release=0.12, decay=0.7, damping=0.7,
        gain=0.47,
    ),
    "synth bass": Sound(
        partials=_falling(9, 1.4), program=38, attack=0.005, release=0.08, decay=0.6, damping=0.5, cents=(-3.0, 3.0),
        gain=1.06,
    ),
    "plucked bass": Sound(
        partials=(1.0, 0.55, 0.3, 0.14, 0.06, 0.03), program=32, attack=0.005, release=0.1, decay=2.0, damping=0.7,
        gain=0.65,
    ),
}  # fmt: skip


class Notes:
    """Makes notes and keeps those that come again, in a fixed amount of memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Timbre, int, int, int], Samples] = OrderedDict()
        self._bytes = 0

    def note(self, timbre: Timbre, pitch: int, seconds: float, velocity: float) -> "Samples":
        """Return one note, mono, with its end; a loud one peaks near 1."""
        key = (timbre, pitch, round(seconds * 50), round(velocity * 12))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = tone(timbre, pitch, key[2] / 50, key[3] / 12)
        self._kept[key] = made
        self._bytes += made.nbytes
        while self._bytes > _CACHE_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return made


def tone(timbre: Timbre, pitch: int, seconds: float, velocity: float) -> "Samples":
    """Return one note of an instrument; it begins and ends at 0."""
    import numpy as np

    sound = SOUNDS[timbre]
    count = max(1, round((seconds + sound.release) * RATE))
    at = np.arange(count) / RATE
    base = 440.0 * 2 ** ((pitch - 69) / 12)
    total = np.zeros(count, dtype=np.float32)
    for player, cents in enumerate(sound.cents):
        hertz = base * 2 ** (cents / 1200)
        # In periods; the players of a group are not in step.
        cycles = hertz * (at + _vibrato(at, sound.vibrato, player)) + 0.37 * player
        for number, strength in enumerate(sound.partials):
            ratio = sound.ratios[number] if sound.ratios else (number + 1) * (1 + sound.stretch * number**2) ** 0.5
            if strength <= 0 or ratio * hertz > _HIGHEST_HERTZ:
                continue
            turns = cycles * ratio
            turns -= np.floor(turns)
            wave = np.sin((2 * np.pi * turns).astype(np.float32))
            # A softer touch is darker, not only softer.
            level = strength * (1 - sound.dark * (1 - velocity)) ** number
            if sound.decay:
                # Low strings ring longer than high ones.
                rate = sound.decay * (1 + sound.damping * number) * (base / 262) ** 0.45
                wave *= np.exp(-rate * at).astype(np.float32)
            total += np.float32(level) * wave
    if sound.breath:
        total += sound.breath * _hiss(count, pitch)
    total *= np.float32(sound.gain * velocity / (len(sound.cents) ** 0.5 * sum(sound.partials) ** 0.6))
    return _shaped(total, sound.attack, sound.release)


def _vibrato(at: "NDArray[np.float64]", cents: float, player: int) -> "NDArray[np.float64] | float":
    """Return by how many seconds the tone runs ahead; it sets in slowly, as players do."""
    import numpy as np

    if not cents:
        return 0.0
    hertz = 5.1 + 0.4 * player
    depth = (2 ** (cents / 1200) - 1) / (2 * np.pi * hertz)
    moved: NDArray[np.float64] = depth * np.minimum(1.0, at / 0.6) * np.sin(2 * np.pi * hertz * at)
    return moved


def _hiss(count: int, seed: int) -> "Samples":
    """Return noise without its lowest part; the same for the same seed, on every version of numpy."""
    import numpy as np

    noise = np.random.RandomState(seed).standard_normal(count + 1).astype(np.float32)
    high: Samples = noise[1:] - noise[:-1]
    return high


def _shaped(samples: "Samples", attack: float, release: float) -> "Samples":
    """Let samples begin and end without a click."""
    import numpy as np

    rise = min(len(samples), max(2, round(attack * RATE)))
    fall = min(len(samples), max(2, round(release * RATE)))
    samples[:rise] *= (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, rise))).astype(np.float32)
    samples[-fall:] *= (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, fall))).astype(np.float32)
    return samples
