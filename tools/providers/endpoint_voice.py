"""Speech synthesis behind an endpoint: through `/audio/speech`, or through its job API where that speaks."""

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ..base.makers import Made, Wish
from ..base.models import Manner, Spoken
from ..base.paid import request_sound
from ..base.price import quote_of
from ..base.settings import Settings
from ..making.proof import prove_made
from .at_endpoint import AtEndpoint
from .decoded_voice import decoded
from .job_voice import JobVoice, job_voice

if TYPE_CHECKING:
    from ..base.run import Run

VOICE = "alloy"
"""OpenAI's first; servers that are compatible mostly know it."""
USUAL_WORDS_PER_MINUTE = 160
_SLOWEST, _FASTEST = 0.25, 4.0
# OpenAI's field `instructions`; its older models and most servers refuse or ignore it.
_INSTRUCTED = "gpt-*tts*"


def provider(settings: Settings, model: str) -> "EndpointVoice | JobVoice":
    return job_voice(settings, model) or EndpointVoice(settings, model)


class EndpointVoice(AtEndpoint):
    """A model that speaks, somewhere else."""

    role = "speak"

    multilingual = True
    most_characters = 600
    """OpenAI takes 4096; what is short is heard soon, and little is lost when it fails."""

    @property
    def description(self) -> str:
        return self._model

    @property
    def has_emotions(self) -> bool:
        name = self._model.partition(":")[2].rpartition("/")[2].lower()
        return fnmatchcase(name, _INSTRUCTED)

    def stand_in(self, number: int, language: str) -> str | None:
        return None

    async def speak(self, text: str, *, manner: Manner, run: "Run") -> Spoken:
        """Say one piece of text; the model hears the language from the words.

        Raises:
            OverBudget, OutcomeUnknown, ProviderError, SettingsError: It could not be ordered.
            MediaError: What came back is not these words as sound; the message names the file.
        """
        served = self._served()
        speed = min(_FASTEST, max(_SLOWEST, round(manner.words_per_minute / USUAL_WORDS_PER_MINUTE, 2)))
        body: dict[str, Any] = {
            "model": served.name,
            "input": text,
            "voice": manner.voice or VOICE,
            "response_format": "wav",
            **({"speed": speed} if speed != 1 else {}),
            **({"instructions": f"Sound {manner.emotion}."} if manner.emotion and self.has_emotions else {}),
            **served.endpoint.quirks.body,
        }
        quote = quote_of(served, {"calls": 1.0, "characters": float(len(text))})
        sound = await request_sound(run, served, "/audio/speech", body, quote=quote, name="said.wav")
        wish = Wish(task="speech", values={"text": text, "speed": speed})
        made = await prove_made(Made(files=(sound,), served_by=self.identity), wish, run)
        run.call.notes.extend(one for one in made.notes if one not in run.call.notes)
        return await run.decode(decoded, sound.handle, run)

    async def try_out(self, run: "Run") -> str | None:
        """Let it say one word; None, for any sound will do.

        Raises:
            SensoriumError: It cannot be asked, or gives no sound.
        """
        await self.speak("Ready.", manner=Manner(language="en"), run=run)
        return None
