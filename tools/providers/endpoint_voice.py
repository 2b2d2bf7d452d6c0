"""Speech synthesis through `/audio/speech` of an OpenAI-compatible endpoint."""

from typing import TYPE_CHECKING, Any

from ..base.errors import MediaError
from ..base.models import Spoken
from ..base.paid import request_sound
from ..base.price import quote_of
from ..base.settings import Settings
from ..base.sound import decode_sound
from .at_endpoint import AtEndpoint

if TYPE_CHECKING:
    from ..base.run import Run

VOICE = "alloy"
"""OpenAI's first; servers that are compatible mostly know it."""
USUAL_WORDS_PER_MINUTE = 160
_RATE = 24_000
_SLOWEST, _FASTEST = 0.25, 4.0


def provider(settings: Settings, model: str) -> "EndpointVoice":
    return EndpointVoice(settings, model)


class EndpointVoice(AtEndpoint):
    """A model that speaks, somewhere else."""

    role = "speak"

    multilingual = True

    @property
    def description(self) -> str:
        return self._model

    async def speak(self, text: str, *, language: str, words_per_minute: int, voice: str | None, run: "Run") -> Spoken:
        """Say one piece of text; the model hears the language from the words.

        Raises:
            OverBudget, OutcomeUnknown, ProviderError, SettingsError: It could not be ordered.
            MediaError: What came back is no sound that can be decoded.
        """
        served = self._served()
        speed = min(_FASTEST, max(_SLOWEST, round(words_per_minute / USUAL_WORDS_PER_MINUTE, 2)))
        body: dict[str, Any] = {
            "model": served.name,
            "input": text,
            "voice": voice or VOICE,
            "response_format": "wav",
            **({"speed": speed} if speed != 1 else {}),
            **served.endpoint.quirks.body,
        }
        quote = quote_of(served, {"calls": 1.0, "characters": float(len(text))})
        sound = await request_sound(run, served, "/audio/speech", body, quote=quote, name="said.wav")
        return await run.decode(_decoded, sound.handle, run)

    async def try_out(self, run: "Run") -> str | None:
        """Let it say one word; None, for any sound will do.

        Raises:
            SensoriumError: It cannot be asked, or gives no sound.
        """
        await self.speak("Ready.", language="en", words_per_minute=USUAL_WORDS_PER_MINUTE, voice=None, run=run)
        return None


def _decoded(handle: str, run: "Run") -> Spoken:
    import numpy as np

    sound = decode_sound(run.path(handle), run.name(handle), run, rate=_RATE)
    if not np.isfinite(sound.samples).all():
        raise MediaError(f"{run.name(handle)!r} is damaged: some of its samples are no numbers. Ask for it again.")
    samples = (np.clip(sound.samples, -1.0, 1.0) * 32767).astype(np.int16)
    return Spoken(samples=samples, rate=_RATE)
