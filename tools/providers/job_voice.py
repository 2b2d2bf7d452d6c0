"""Speech from a provider's job API, as any other voice."""

from functools import cached_property
from typing import TYPE_CHECKING

from ..base.endpoints import served_model
from ..base.errors import SettingsError
from ..base.makers import Maker, Value, ValueName, Wish
from ..base.models import Manner, Spoken
from ..base.settings import Settings
from ..jobs.by_name import operations_of
from ..jobs.shapes import Operation
from ..making.proof import prove_made
from .decoded_voice import decoded
from .remote_maker import provider as remote_maker

if TYPE_CHECKING:
    from ..base.run import Run

USUAL_WORDS_PER_MINUTE = 160
USUAL_CHARACTERS = 2_000
"""Of one piece, where nothing is said of the model: a provider's voice flows best over whole paragraphs."""


def job_voice(settings: Settings, model: str) -> "JobVoice | None":
    """Return the voice of a model that a job API speaks with; None where its endpoint has none for it."""
    try:
        served = served_model(model, "speak", settings.endpoints)
    except SettingsError:
        return None
    if served.endpoint.jobs is None:
        return None
    speaks = [one for one in operations_of(served.endpoint.jobs, served.name, "speak") if one.task == "speech"]
    return JobVoice(settings, model, speaks[0]) if speaks else None


class JobVoice:
    """A model that speaks, somewhere else, and takes an order for it."""

    multilingual = True

    def __init__(self, settings: Settings, model: str, operation: Operation) -> None:
        self._settings = settings
        self._model = model
        self._operation = operation

    @cached_property
    def maker(self) -> Maker:
        """Who takes the orders."""
        return remote_maker(self._settings, self._model, "speak")

    @property
    def identity(self) -> str:
        return self._model

    @property
    def description(self) -> str:
        return self._model

    def missing(self) -> str | None:
        return self.maker.missing()

    @property
    def most_characters(self) -> int:
        take = self._operation.takes.get("text")
        return min(USUAL_CHARACTERS, int(take.span.most)) if take and take.span.most else USUAL_CHARACTERS

    @property
    def has_emotions(self) -> bool:
        return "emotion" in self._operation.takes

    def stand_in(self, number: int, language: str) -> str | None:
        return None

    async def speak(self, text: str, *, manner: Manner, run: "Run") -> Spoken:
        """Order one piece of text; the model hears the language from the words, unless it is said.

        Raises:
            ArgumentError: The model has no such voice, speed or emotion.
            OverBudget, OutcomeUnknown, ProviderError, SettingsError: It could not be ordered.
            MediaError: What came back is not these words as sound; the message names the file.
        """
        speed = round(manner.words_per_minute / USUAL_WORDS_PER_MINUTE, 2)
        asked: dict[ValueName, Value | None] = {
            "text": text,
            "voice": manner.voice,
            "language": manner.language or None,
            "emotion": manner.emotion,
            "speed": speed if speed != 1 else None,
        }
        wish = Wish(task="speech", values={name: value for name, value in asked.items() if value is not None})
        fitted = self.maker.fit(wish)
        made = await prove_made(await self.maker.make(fitted.wish, run=run), fitted.wish, run)
        for note in (*fitted.notes, *made.notes):
            if note not in run.call.notes:
                run.call.notes.append(note)
        return await run.decode(decoded, made.files[0].handle, run)

    async def try_out(self, run: "Run") -> str | None:
        """Let it say one word; None, for any sound will do.

        Raises:
            SensoriumError: It cannot be asked, or gives no sound.
        """
        await self.speak("Ready.", manner=Manner(), run=run)
        return None
