"""Mix the sound of a film in blocks: speech and clips, music that gets softer under them, one loudness, no clipping."""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..base.sound_blocks import Reading, stereo_blocks
from .shots import Strip

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.run import Run

    Block = NDArray[np.float32]
    """(2, samples), -1…1."""

RATE = 48_000
BLOCK_SECONDS = 0.4
"""What is mixed at once; music gets softer that much before speech begins, so that no word is lost."""
_BLOCK = round(BLOCK_SECONDS * RATE)
_HOP = RATE // 50
_SPEECH_DB = -42.0
"""What is louder than this, for 20 ms, is speech or the sound of a clip; a recording's silence is below."""
_HOLD_SECONDS = 0.7
"""Music stays soft in shorter pauses of speech."""
_ATTACK_SECONDS, _RELEASE_SECONDS = 0.12, 0.55


class Mixer:
    """Gives the sound of a film in blocks of equal length, one after the other."""

    def __init__(
        self,
        strips: Sequence[Strip],
        seconds: float,
        open_path: Callable[[str], Path],
        run: "Run",
        *,
        duck_db: float,
    ) -> None:
        self._waiting = sorted(strips, key=lambda strip: strip.at_seconds, reverse=True)
        self._playing: list[_Playing] = []
        self._samples = round(seconds * RATE)
        self._open, self._run = open_path, run
        self._under_speech, self._under_all = Ducking(duck_db), Ducking(duck_db)
        """A clip's own sound under what is said over it, and music under both."""

    def blocks(self) -> "Iterator[Block]":
        """Yield stereo blocks to the end of the film."""
        at = 0
        ready: tuple[Block, Block, Block] | None = None
        while at < self._samples or ready is not None:
            # One block ahead: what is said next tells how loud music is now.
            coming = self._next(at) if at < self._samples else None
            if ready is not None:
                (spoken, clips, music), (said_next, clips_next, _) = ready, coming or (None, None, None)
                heard = spoken + clips * self._under_speech.gain(spoken, said_next)
                next_heard = said_next + clips_next if said_next is not None and clips_next is not None else None
                yield heard + music * self._under_all.gain(heard, next_heard)
            ready, at = coming, at + _BLOCK

    def _next(self, at: int) -> "tuple[Block, Block, Block]":
        import numpy as np

        count = min(_BLOCK, self._samples - at)
        while self._waiting and self._waiting[-1].at_seconds * RATE < at + count:
            strip = self._waiting.pop()
            self._playing.append(_Playing(strip, self._open(strip.handle), self._run))
        spoken, clips, music = (np.zeros((2, count), np.float32) for _ in range(3))
        buses = {"speech": spoken, "clip": clips, "music": music}
        self._playing = [one for one in self._playing if one.mix_into(buses[one.strip.kind], at)]
        return spoken, clips, music


class _Playing:
    """A strip whose file is being read."""

    def __init__(self, strip: Strip, path: Path, run: "Run") -> None:
        self.strip = strip
        self._start = round(strip.at_seconds * RATE)
        self._samples = round(strip.seconds * RATE)
        self._blocks = stereo_blocks(path, strip.name, run, RATE, Reading(), from_seconds=strip.from_seconds)
        self._rest: Block | None = None
        self._done = 0
        self._gain = 10 ** (strip.gain_db / 20)

    def mix_into(self, bus: "Block", at: int) -> bool:
        """Add what belongs to a block that starts at a sample of the film; return whether there is more to come."""
        offset = max(0, self._start + self._done - at)
        wanted = min(bus.shape[1] - offset, self._samples - self._done)
        while wanted > 0:
            if self._rest is None or not self._rest.shape[1]:
                self._rest = next(self._blocks, None)
                if self._rest is None:
                    return False
            part = self._rest[:, :wanted]
            self._rest = self._rest[:, part.shape[1] :]
            bus[:, offset : offset + part.shape[1]] += part * self._envelope(part.shape[1])
            self._done, offset, wanted = self._done + part.shape[1], offset + part.shape[1], wanted - part.shape[1]
        return self._done < self._samples

    def _envelope(self, count: int) -> "Block | float":
        """Return the gain of the next samples: they rise at the start of a strip and fall at its end."""
        import numpy as np

        rise, fall = max(1, round(self.strip.rise_seconds * RATE)), max(1, round(self.strip.fall_seconds * RATE))
        if self._done >= rise and self._done + count <= self._samples - fall:
            return self._gain
        number = np.arange(self._done, self._done + count)
        up, down = np.clip((number + 1) / rise, 0, 1), np.clip((self._samples - number) / fall, 0, 1)
        # By its power: two strips that meet are together as loud as one.
        return cast("Block", (self._gain * np.sin(math.pi / 2 * np.minimum(up, down))).astype(np.float32))


class Ducking:
    """Makes music softer where something is said."""

    def __init__(self, duck_db: float) -> None:
        self._duck_db = duck_db
        self._level_db = 0.0
        self._hold = 0.0

    def gain(self, spoken: "Block", coming: "Block | None") -> "Block":
        """Return the gain of music for each sample of a block.

        Args:
            spoken: What is said meanwhile.
            coming: What is said next.
        """
        import numpy as np

        count = spoken.shape[1]
        # What is said in the next block is ducked for from now on.
        active = _is_loud(spoken)
        soon = coming is not None and bool(_is_loud(coming).any())
        levels = [self._level_db]
        for is_loud in active:
            self._hold = _HOLD_SECONDS if is_loud or soon else self._hold - _HOP / RATE
            target = self._duck_db if self._hold > 0 else 0.0
            slowness = _ATTACK_SECONDS if target < self._level_db else _RELEASE_SECONDS
            self._level_db += (target - self._level_db) * (1 - math.exp(-_HOP / RATE / slowness))
            levels.append(self._level_db)
        places = np.minimum(np.arange(len(levels)) * _HOP, count)
        return cast("Block", (10 ** (np.interp(np.arange(count), places, levels) / 20)).astype(np.float32))


def _is_loud(block: "Block") -> "NDArray[np.bool_]":
    import numpy as np

    power = np.square(block).mean(axis=0)
    starts = np.arange(0, len(power), _HOP)
    sums = np.add.reduceat(power, starts)
    lengths = np.minimum(_HOP, len(power) - starts)
    loud: NDArray[np.bool_] = sums / lengths > 10 ** (_SPEECH_DB / 10)
    return loud
