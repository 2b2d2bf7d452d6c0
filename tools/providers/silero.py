"""When somebody speaks, found by Silero's voice model inside the faster-whisper wheel."""

from typing import TYPE_CHECKING

from ..base.models import Heard, Utterance, installed
from ..base.moments import Span, merge_spans
from ..base.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.run import Run

RATE = 16_000
# The model's working memory grows with what it is given at once: 0.2 GB for ten minutes, 0.08 GB for two.
_BLOCK_SECONDS = 120


def provider(settings: Settings) -> "Silero":
    return Silero()


class Silero:
    """Knows that somebody speaks, and no word of it."""

    identity = "silero-vad"

    def missing(self) -> str | None:
        for package in ("faster_whisper", "onnxruntime"):
            if not installed(package):
                return f"The package `{package}` is not installed. Run `pip install faster-whisper onnxruntime`."
        return None

    async def transcribe(self, sound: "NDArray[np.float32]", *, language: str | None, run: "Run") -> Heard:
        """Return one utterance without text for each stretch of speech."""
        spans = await run.thread(speech_spans, sound, run, pause_seconds=1.0)
        return Heard(
            utterances=[Utterance(text="", start_seconds=start, end_seconds=end) for start, end in spans],
            language=None,
            quality="draft",
        )


def speech_spans(
    sound: "NDArray[np.float32]",
    run: "Run",
    *,
    pause_seconds: float = 0.5,
    pad_seconds: float = 0.2,
    longest_seconds: float = float("inf"),
) -> list[Span]:
    """Return when somebody speaks, in seconds.

    Args:
        sound: Mono, 16 000 samples a second.
        run: Where to look for a cancellation.
        pause_seconds: A shorter silence belongs to the speech around it.
        pad_seconds: Added before and after, because words begin softly.
        longest_seconds: A longer stretch is split at its last short silence.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        min_speech_duration_ms=250,
        min_silence_duration_ms=round(pause_seconds * 1000),
        speech_pad_ms=round(pad_seconds * 1000),
        max_speech_duration_s=longest_seconds,
    )
    found: list[Span] = []
    for first in range(0, len(sound), _BLOCK_SECONDS * RATE):
        run.check()
        for part in get_speech_timestamps(sound[first : first + _BLOCK_SECONDS * RATE], options):
            found.append(((first + part["start"]) / RATE, min(first + part["end"], len(sound)) / RATE))
    # Only what a block's border cut apart touches; splitting by length must stay.
    return found if longest_seconds < float("inf") else merge_spans(found)
