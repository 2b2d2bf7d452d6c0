"""What a recording of a voice is like, before it is given to anybody."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.errors import UnavailableError
from ..base.sound import decode_sound
from ..music.levels import levels
from ..music.listening import HOPS_A_SECOND, listen
from ..providers.silero import Silero, speech_spans

if TYPE_CHECKING:
    from ..base.run import Run

MOST_STATEMENT_SECONDS = 120.0
_LEAST_PITCHES = 8


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Measures of a voice."""

    seconds: float
    speech_seconds: float
    above_noise_db: float | None
    """How much louder speech is than what lies between; None where nothing lies between."""
    clipped_samples: int
    pitch_hertz: float | None
    """The median; None where too little of it has one."""


async def heard_voice(handle: str, run: "Run") -> Heard:
    """Measure the voice in a recording.

    Raises:
        MediaError: It has no sound, or is damaged.
        UnavailableError: Nothing here can tell speech from other sound.
    """
    import numpy as np

    if missing := Silero().missing():
        raise UnavailableError(f"Whether anybody speaks in a recording cannot be told here. {missing}")
    path, name = run.path(handle), run.name(handle)
    sound = await run.decode(decode_sound, path, name, run)
    spans = await run.thread(speech_spans, sound.samples, run)
    measured = await run.decode(listen, path, name, run)
    loud = await run.decode(levels, path, name, run)
    spoken = np.zeros(len(measured.levels_db), dtype=bool)
    for start, end in spans:
        spoken[round(start * HOPS_A_SECOND) : round(end * HOPS_A_SECOND)] = True
    pitches = measured.pitches_hertz[spoken & (measured.pitches_hertz > 0)]
    between = measured.levels_db[~spoken]
    return Heard(
        seconds=sound.seconds,
        speech_seconds=sum(end - start for start, end in spans),
        above_noise_db=float(np.percentile(measured.levels_db[spoken], 80) - np.median(between))
        if len(between) >= HOPS_A_SECOND / 4 and spoken.any()
        else None,
        clipped_samples=loud.clipped_samples,
        pitch_hertz=float(np.median(pitches)) if len(pitches) >= _LEAST_PITCHES else None,
    )
