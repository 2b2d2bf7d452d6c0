"""Notes as sound: block after block, so that a long piece takes no more memory than a short one."""

import random
import wave
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..base.loudness import StereoMeter
from .composing import notes
from .drums import stroke
from .limiting import gains
from .moods import Part
from .score import Drum, Note, Plan
from .timbres import RATE, SOUNDS, Notes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.run import Run

    Stereo = NDArray[np.float32]
    """Shape (2, n)."""

LOUDNESS_LUFS = -16.0
CEILING = 10 ** (-1.2 / 20)
BLOCK = 1 << 17
"""Samples made at once: as long as the longest echo, 3 s."""
CHUNK = 64
"""Samples that share one gain of the limiter."""
_LATEST_SECONDS = 0.006
"""Nobody plays quite on the beat."""
_FADE_SECONDS = 0.6
_LEVELS: dict[Part, float] = {"lead": 0.62, "chords": 0.5, "pad": 0.17, "bass": 0.8, "drums": 0.8}
_HELD = 0.65
"""What is bowed or blown does not fade, and so is louder in a melody than in the scale that it was measured with."""
_PANS: dict[Part, float] = {"lead": 0.08, "chords": -0.25, "pad": 0.0, "bass": 0.0, "drums": 0.0}
_SENDS: dict[Part, float] = {"lead": 1.0, "chords": 0.9, "pad": 1.2, "bass": 0.12, "drums": 0.35}
"""How much of a part goes into the room."""
_DRUM_PANS: dict[Drum, float] = {
    "hat": 0.3,
    "open hat": 0.3,
    "shaker": -0.35,
    "tom": 0.25,
    "low tom": -0.15,
    "rim": -0.2,
}


@dataclass(frozen=True)
class Rendered:
    """What came of a plan."""

    seconds: float
    loudness_lufs: float | None


def render(plan: Plan, path: Path, raw: Path, run: "Run") -> Rendered:
    """Write a piece as a WAV file, 44.1 kHz stereo, at about −16 LUFS.

    Args:
        plan: What is played.
        path: The file to write.
        raw: A file for what is not yet at its loudness: 350 kB a second.
        run: Tells when to stop.
    """
    import numpy as np

    meter, peaks = StereoMeter(RATE), array("f")
    total = round(plan.seconds * RATE)
    with raw.open("wb") as file:
        done = 0
        for block in _blocks(plan, total):
            run.progress(0.85 * done / total, "playing")
            meter.hear_block(block)
            chunks = np.pad(np.abs(block).max(axis=0), (0, -block.shape[1] % CHUNK)).reshape(-1, CHUNK)
            peaks.extend(chunks.max(axis=1).tolist())
            file.write(np.ascontiguousarray(block.T).tobytes())
            done += block.shape[1]
    measured = meter.integrated_lufs()
    gain = 1.0 if measured is None else 10 ** ((LOUDNESS_LUFS - measured) / 20)
    curve = gains(np.frombuffer(peaks, dtype=np.float32), gain, CEILING)
    final = StereoMeter(RATE)
    with raw.open("rb") as file, wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.setnframes(total)
        for levelled in _levelled(file, curve):
            run.check()
            final.hear_block(levelled)
            out.writeframes((levelled.T * 32767).round().astype("<i2").tobytes())
    return Rendered(total / RATE, final.integrated_lufs())


def _levelled(file: BinaryIO, curve: "NDArray[np.float32]") -> "Iterator[Stereo]":
    """Yield raw samples with the limiter's gain, which is between two chunks where they are."""
    import numpy as np

    places = (np.arange(len(curve)) + 0.5) * CHUNK
    at = 0
    while content := file.read(BLOCK * 8):
        block = np.frombuffer(content, dtype=np.float32).reshape(-1, 2).T
        first, last = at // CHUNK, (at + block.shape[1]) // CHUNK + 2
        near = slice(max(0, first - 1), last)
        gain = np.interp(np.arange(at, at + block.shape[1]), places[near], curve[near]).astype(np.float32)
        yield np.clip(block * gain, -1.0, 1.0)
        at += block.shape[1]


def _blocks(plan: Plan, total: int) -> "Iterator[Stereo]":
    """Yield the whole piece in blocks of `BLOCK` samples, the last one shorter."""
    import numpy as np

    room = Room(plan.style.reverb_seconds, plan.seed)
    dry = _Strip(total)
    wet = _Strip(total)
    band = _Band(plan)
    waiting: list[tuple[int, Note]] = []
    coming = notes(plan)
    exhausted = False
    for first in range(0, total, BLOCK):
        last = min(first + BLOCK, total)
        # Notes come bar by bar; one bar beyond the block holds all that may still fall into it.
        while not exhausted and (not waiting or waiting[-1][0] < last + 8 * RATE):
            one = next(coming, None)
            if one is None:
                exhausted = True
            else:
                waiting.append((band.at(one), one))
        now = [one for one in waiting if one[0] < last]
        waiting = [one for one in waiting if one[0] >= last]
        for at, one in now:
            sound, pan, send = band.play(one, at, total)
            dry.add(at, sound, pan, 1.0)
            wet.add(at, sound, pan, send)
        made = dry.take(last - first) + plan.style.wet * room.answer(wet.take(last - first))
        if last > total - round(_FADE_SECONDS * RATE):
            # The room has nearly fallen silent by now; the last of it goes softly.
            before_end = (total - np.arange(first, last)) / (_FADE_SECONDS * RATE)
            made *= (0.5 - 0.5 * np.cos(np.pi * np.clip(before_end, 0, 1))).astype(np.float32)
        yield made


class _Strip:
    """Sound that is still growing, from where the current block begins on."""

    def __init__(self, total: int) -> None:
        import numpy as np

        self._samples: Stereo = np.zeros((2, BLOCK), dtype=np.float32)
        self._first = 0
        self._total = total

    def add(self, at: int, sound: "NDArray[np.float32]", pan: float, level: float) -> None:
        import numpy as np

        start = at - self._first
        sound = sound[: max(0, self._total - at)]
        if start + len(sound) > self._samples.shape[1]:
            more = start + len(sound) - self._samples.shape[1]
            self._samples = np.concatenate([self._samples, np.zeros((2, more), dtype=np.float32)], axis=1)
        angle = (pan + 1) * np.pi / 4
        self._samples[0, start : start + len(sound)] += np.float32(level * np.cos(angle)) * sound
        self._samples[1, start : start + len(sound)] += np.float32(level * np.sin(angle)) * sound

    def take(self, count: int) -> "Stereo":
        """Return the next samples, and forget them."""
        import numpy as np

        taken, rest = self._samples[:, :count], self._samples[:, count:]
        if taken.shape[1] < count:
            taken = np.pad(taken, ((0, 0), (0, count - taken.shape[1])))
        self._samples = rest.copy()
        self._first += count
        return taken.copy()


class _Band:
    """Who plays: when exactly, how loud and from where."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._notes = Notes()
        self._chance = random.Random(f"band/{plan.seed}")

    def at(self, note: Note) -> int:
        """Return the sample at which a note begins."""
        late = self._chance.uniform(0, _LATEST_SECONDS) if note.part in ("lead", "chords") else 0.0
        return max(0, round((self._plan.at_seconds(note.start) + late) * RATE))

    def play(self, note: Note, at: int, total: int) -> "tuple[NDArray[np.float32], float, float]":
        """Return a note's samples, its place from left (-1) to right (1), and how much of it the room gets."""
        import numpy as np

        level = _LEVELS[note.part] * self._plan.style.mix.get(note.part, 1.0)
        if note.drum is not None:
            sound = stroke(note.drum) * np.float32(level * note.velocity)
            return sound, _DRUM_PANS.get(note.drum, 0.0), _SENDS["drums"] * (note.drum not in ("kick", "hat"))
        seconds = self._plan.at_seconds(note.start + note.beats) - self._plan.at_seconds(note.start)
        left = (total - at) / RATE
        timbre = self._plan.timbres[note.part]
        if note.part == "lead" and not SOUNDS[timbre].decay:
            level *= _HELD
        sound = self._notes.note(timbre, note.pitch, max(0.03, min(seconds, left)), note.velocity)
        if note.fades:
            sound = sound * (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, len(sound)))).astype(np.float32)
        pan = _PANS[note.part]
        if note.part in ("pad", "chords"):  # high notes to the right, as the strings of a piano lie
            pan += (note.pitch - 62) / 40
        return sound * np.float32(level), max(-0.8, min(0.8, pan)), _SENDS[note.part]


class Room:
    """The echo of a room: noise that fades, sooner in the highs; the same for the same seed."""

    def __init__(self, seconds: float, seed: int) -> None:
        import numpy as np

        count = min(BLOCK, round(seconds * RATE))
        at = np.arange(count) / RATE
        chance = np.random.RandomState(seed % 2**32)
        spectra = []
        for _side in range(2):
            noise = chance.standard_normal(count)
            bright, dark = np.exp(-6.9 * at / (0.45 * seconds)), np.exp(-6.9 * at / seconds)
            smooth = np.convolve(noise, np.hanning(24) / 12, mode="same")
            echo = 0.35 * noise * bright + smooth * dark
            echo[: round(0.012 * RATE)] = 0  # the walls are some steps away
            echo[-256:] *= np.linspace(1, 0, 256)
            echo /= np.sqrt(np.square(echo).sum())
            spectra.append(np.fft.rfft(echo, 2 * BLOCK))
        self._spectra = spectra
        self._rest = np.zeros((2, BLOCK))

    def answer(self, sound: "Stereo") -> "Stereo":
        """Return what the room gives back during a block."""
        import numpy as np

        count = sound.shape[1]
        made = np.empty((2, count), dtype=np.float32)
        for side in range(2):
            whole = np.fft.irfft(np.fft.rfft(sound[side], 2 * BLOCK) * self._spectra[side], 2 * BLOCK)
            whole[:BLOCK] += self._rest[side]
            made[side] = whole[:count]
            self._rest[side] = whole[BLOCK:]
        return made
