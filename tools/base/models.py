"""The Protocols a tool asks for, and who serves them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from ..jobs.by_name import takes_jobs
from .endpoints import split_model
from .errors import SettingsError
from .settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydantic import BaseModel

    from .abilities import Boxes
    from .run import Run
    from .showing import Shown
    from .tokens import Detail

T = TypeVar("T", bound="BaseModel")

Quality = Literal["good", "draft"]


class Provider(Protocol):
    """What every provider says about itself, without loading anything heavy."""

    @property
    def identity(self) -> str:
        """Name and what its results depend on, for example `faster-whisper:base`."""
        ...

    def missing(self) -> str | None:
        """Return what is missing and what adds it, or None when it can be tried."""
        ...


@dataclass(frozen=True, kw_only=True)
class Word:
    """A spoken word with its time."""

    text: str
    start_seconds: float
    end_seconds: float
    confidence: float | None = None


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """A stretch of speech; `text` is empty when only the presence of a voice is known."""

    text: str
    start_seconds: float
    end_seconds: float
    confidence: float | None = None
    words: Sequence[Word] = ()


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What speech recognition gives."""

    utterances: Sequence[Utterance]
    language: str | None
    """ISO 639-1 code, or None when unknown."""
    quality: Quality
    limits: Sequence[str] = ()


class Speech(Provider, Protocol):
    """Turns sound into words."""

    async def transcribe(self, sound: "NDArray[np.float32]", *, language: str | None, run: "Run") -> Heard:
        """Write down speech; `sound` is mono, 16 000 samples a second, -1…1."""
        ...


class Voice(Provider, Protocol):
    """Turns words into sound."""

    @property
    def description(self) -> str:
        """What it sounds like, for people."""
        ...

    @property
    def multilingual(self) -> bool:
        """Whether it says several languages in one sentence by itself."""
        ...

    @property
    def most_characters(self) -> int:
        """Of one piece of text."""
        ...

    @property
    def has_emotions(self) -> bool:
        """Whether it can be told how to sound; otherwise no emotion is passed to it."""
        ...

    def stand_in(self, number: int, language: str) -> str | None:
        """Return the voice that speaks for another engine's: the first for number 0; None is the usual one."""
        ...

    async def speak(self, text: str, *, manner: "Manner", run: "Run") -> "Spoken":
        """Say one piece of text.

        Raises:
            ArgumentError: It has no such language or voice; the message names those it has.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a text is said."""

    language: str = ""
    """ISO 639-1 code; empty where a voice that is multilingual tells it from the words."""
    words_per_minute: int = 160
    voice: str | None = None
    """A name that the engine knows; None is its usual one."""
    emotion: str | None = None


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What speech synthesis gives."""

    samples: "NDArray[np.int16]"
    """Mono."""
    rate: int
    """Samples a second."""


@dataclass(frozen=True, kw_only=True)
class TextLine:
    """One line of text in a picture."""

    text: str
    box: tuple[float, float, float, float]
    """Left, top, right, bottom as fractions of the picture."""
    confidence: float


class TextReader(Provider, Protocol):
    """Finds and reads text in a picture."""

    @property
    def languages(self) -> "frozenset[str]":
        """ISO 639-1 codes of what it can read."""
        ...

    def read(self, picture: "NDArray[np.uint8]") -> list[TextLine]:
        """Read an RGB picture of shape (height, width, 3), in reading order; call it in a thread."""
        ...


@dataclass(frozen=True, kw_only=True)
class Viewed(Generic[T]):
    """What a model says of pictures."""

    answer: T
    input_tokens: int | None = None
    """As reported, of all requests that it took; None when the endpoint does not tell."""
    output_tokens: int | None = None
    requests: int = 1


class Vision(Provider, Protocol):
    """Looks at pictures."""

    @property
    def boxes(self) -> "Boxes":
        """How it writes boxes."""
        ...

    def picture_tokens(self, width_pixels: int, height_pixels: int, detail: "Detail") -> int:
        """Return about how many tokens a picture is to it."""
        ...

    async def look(self, prompt: str, pictures: "Sequence[Shown]", *, schema: type[T], run: "Run") -> Viewed[T]:
        """Answer a prompt about pictures, each of which has its label before it, with data of this schema.

        Raises:
            AnswerError: The answer is not what was asked for, nor is a second one.
            ProviderError, SettingsError: The model cannot be asked.
        """
        ...


class Embedder(Provider, Protocol):
    """Knows what texts are about."""

    async def embed(self, texts: Sequence[str], *, run: "Run") -> "NDArray[np.float32]":
        """Return a row of numbers of length 1 for each text; texts about the same have rows that are near.

        Raises:
            ProviderError, SettingsError: The model cannot be asked.
        """
        ...


class PictureFinder(Provider, Protocol):
    """Knows what pictures show."""

    async def nearness(self, query: str, pictures: Sequence[str], *, run: "Run") -> list[float]:
        """Return how near each picture, a handle, is to words: -1 to 1, comparable within one search only.

        Raises:
            UnavailableError: The model is not here or cannot run.
            MediaError: A picture cannot be opened.
        """
        ...


# Role -> the modules of `tools/providers/` that can serve it, best first. Each has `provider(settings) -> Provider`;
# of `ENDPOINTS` it takes the model, too.
LADDERS = {
    "see": ("endpoint_vision", "plain_sight"),
    "hear": ("endpoint_speech", "faster_whisper", "pocketsphinx", "silero"),
    "speak": ("endpoint_voice", "espeak"),
    "read": ("rapidocr",),
    "draw": ("remote_maker", "diffusers", "cards"),
    "film": ("remote_maker", "diffusers"),
    "play": ("remote_maker", "musicgen", "rules_music"),
    "embed": ("endpoint_embeddings", "clip", "words_alone"),
}
ENDPOINTS = frozenset({"endpoint_vision", "endpoint_speech", "endpoint_voice", "endpoint_embeddings", "remote_maker"})
"""Those that any endpoint is behind; they serve only when the settings name one."""
SEVERAL_ROLES = frozenset({"diffusers"})
"""Those here that are told which role they are in."""


@dataclass(frozen=True)
class Models:
    """Who serves which role, under these settings."""

    settings: Settings
    _opened: dict[str, Any] = field(default_factory=dict, repr=False)

    def ladder(self, role: str) -> list[Any]:
        """Return the providers of a role, best first; the same objects each time, so that a loaded model stays.

        Raises:
            SettingsError: The settings name a provider that does not exist for this role.
        """
        if role not in self._opened:
            self._opened[role] = [
                import_module(f"..providers.{name}", __package__).provider(self.settings, *opened)
                for name in self._names(role)
                for opened in self._opened_with(role, name)
            ]
        return list(self._opened[role])

    def _opened_with(self, role: str, name: str) -> list[tuple[str, ...]]:
        """Return what else a provider is opened with: one behind an endpoint, its model; a maker, its role, too.

        A maker asks nobody else, for others take other requests: so there is one for each model that the role names.
        """
        if name not in ENDPOINTS:
            return [(role,)] if name in SEVERAL_ROLES else [()]
        endpoints = self.settings.endpoints
        others = [one for one in self.settings.fallbacks.get(role, ()) if split_model(one)[0] in endpoints]
        models = (self.settings.models[role], *others)
        if name == "remote_maker":
            return [(one, role) for one in models]
        # What speaks an endpoint's own words asks others that do, but none that takes jobs.
        named = [(endpoints[split_model(one)[0]], split_model(one)[1]) for one in models]
        apart = any(takes_jobs(endpoint, model, role) for endpoint, model in named)
        return [(one,) for one in (models if apart else models[:1])]

    def _names(self, role: str) -> tuple[str, ...]:
        """Return the modules of a role from the one that the settings name on."""
        ladder = LADDERS[role]
        names = tuple(name for name in ladder if name not in ENDPOINTS)
        chosen = self.settings.models.get(role)
        if chosen is None:
            return names
        provider = split_model(chosen)[0]
        if len(names) < len(ladder) and provider in self.settings.endpoints:
            # What stands after it in the settings and is no endpoint serves here, when the endpoint does not.
            asked = [split_model(one)[0].replace("-", "_") for one in self.settings.fallbacks.get(role, ())]
            start = next((names.index(one) for one in asked if one in names), 0)
            return (ladder[0], *names[start:]) if self.settings.degrade else ladder[:1]
        first = provider.replace("-", "_")
        if first not in names:
            far = "" if len(names) == len(ladder) else ", or `provider:model` of an endpoint"
            here = ", ".join(name.replace("_", "-") for name in names) or "none here"
            raise SettingsError(
                f"`SENSORIUM_{role.upper()}` is {chosen!r}. Set it to one of: {here}{far}; or leave it out to use the "
                "best there is."
            )
        return names[names.index(first) :]

    def usable(self, role: str) -> list[Any]:
        """Return the providers of a role for which nothing is missing."""
        return [one for one in self.ladder(role) if one.missing() is None]

    def fingerprint(self, roles: Sequence[str]) -> str:
        """Return what the results of these roles depend on now; cheap, part of the memo's key."""
        return as_served({role: self._first(role) for role in roles})

    def served(self, roles: Sequence[str], providers: Sequence[str]) -> str | None:
        """Return what results depended on whose call used these providers; None when a role's is not among them."""
        known = {role: self._all(role) for role in roles}
        by = {role: used for role in roles for used in providers if used in known[role]}
        return as_served(by) if len(by) == len(roles) else None

    def _first(self, role: str) -> str:
        if role == "think":  # which has no ladder: who plans opens it
            return self.settings.models.get(role, "none")
        return str(one[0].identity) if (one := self.usable(role)) else "none"

    def _all(self, role: str) -> set[str]:
        return {self._first(role)} if role == "think" else {one.identity for one in self.ladder(role)}


def as_served(by: Mapping[str, str]) -> str:
    """Write down who serves which role, as part of the memo's key."""
    return " ".join(f"{role}={identity}" for role, identity in by.items())


def installed(package: str) -> bool:
    """Return whether a package is there, without importing it."""
    try:
        return find_spec(package) is not None
    except ValueError:
        return True  # another thread is importing it at this moment
