"""Text to speech."""

import re
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field

from .base.budget import OverBudget
from .base.errors import ArgumentError, MediaError, ProviderError, SettingsError, UnavailableError
from .base.estimate import Estimate, between, exactly
from .base.models import Spoken, Voice
from .base.run import Run
from .base.tool import tool
from .base.words import guess_language, is_han, split_sentences, tokens
from .base.workspace import Artifact

MAX_CHARACTERS = 50_000
"""About an hour of speech."""
MAX_PAUSE_SECONDS = 60.0
"""A longer one is cut to this."""
MAX_PAUSES_SECONDS = 600.0
"""All of a text together: a few characters must not make hours of silence."""

_PAUSE = re.compile(r"<#\s*(\d+(?:\.\d+)?)\s*#>")
# Between two pieces, after what the first one ends with: the engine itself ends at the last sound.
_BREATHS_SECONDS = (("。！？!?.…", 0.35), ("，,；;：:、—", 0.18))
_BREATH_SECONDS = 0.04
# What is said at once, so that a cancellation is noticed soon.
_PIECE_CHARACTERS = 600


class SpokenText(BaseModel):
    """Speech that was made of a text."""

    audio: Artifact = Field(description="A WAV file.")
    seconds: float
    text: str = Field(description="What is said, without the marks of pauses.")
    languages: list[str] = Field(description="ISO 639-1 codes, in the order they are first heard.")
    engine: str
    limits: list[str] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Something to say in one language, or a pause."""

    text: str = ""
    language: str = ""
    pause_seconds: float = 0.0


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    text = args.get("text")
    return exactly(characters=len(text)) if isinstance(text, str) else between(1, 500, 20_000, "characters")


@tool(effect="pure", resource="cpu", version=1, roles=("speak",), units=_units)
async def speak(
    text: Annotated[str, Field(description="What to say. `<#0.5#>` is a pause of half a second.")],
    language: Annotated[
        str | None,
        Field(description="ISO 639-1 code, for example `en`, `zh` or `fr`; told from the script (en, zh) if left out."),
    ] = None,
    words_per_minute: Annotated[int, Field(ge=80, le=450, description="Speed.")] = 160,
    voice: Annotated[
        str | None,
        Field(description="Name of one of the engine's voices, for example `en-gb` or `en-us+f3`; it says everything."),
    ] = None,
    *,
    run: Run,
) -> SpokenText:
    """Say a text aloud and return the sound as a WAV file.

    English and Chinese may be mixed: each part is said in its own language.
    """
    if not tokens(_PAUSE.sub(" ", text)):
        raise ArgumentError(f"`text` is {text[:40]!r}, which has no word to say. Give a sentence.")
    if len(text) > MAX_CHARACTERS:
        raise ArgumentError(
            f"`text` has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}, about an hour. Say it in parts."
        )
    pauses = [min(float(seconds), MAX_PAUSE_SECONDS) for seconds in _PAUSE.findall(text)]
    if sum(pauses) > MAX_PAUSES_SECONDS:
        raise ArgumentError(
            f"{len(pauses)} pauses in `text` last {sum(pauses):,.0f} s together; the limit is "
            f"{MAX_PAUSES_SECONDS:,.0f} s. Make them shorter, or say it in parts."
        )
    tried: list[str] = []
    for engine in run.models.ladder("speak"):
        if reason := engine.missing():
            tried.append(f"{engine.identity}: {reason}")
            continue
        pieces = list(split_text(text, language, one_voice=voice is not None or engine.multilingual))
        served = len(run.call.providers)
        try:
            said = await _say(engine, pieces, words_per_minute, voice, run)
        except (OverBudget, ProviderError, SettingsError, MediaError) as error:
            if not run.settings.degrade or engine is run.models.ladder("speak")[-1]:
                raise
            tried.append(f"{engine.identity}: {error}")
            continue
        if len(run.call.providers) == served:  # what is behind an endpoint says so itself, for it may be its fallback
            run.used(engine.identity)
        break
    else:
        raise UnavailableError(f"Nothing here can speak. {' '.join(tried)}")
    with run.workspace.scratch() as folder:
        seconds = await run.thread(_write, folder / "speech.wav", said)
        audio = run.put(
            folder / "speech.wav", name="speech.wav", media_type="audio/wav", facts={"seconds": round(seconds, 3)}
        )
    return SpokenText(
        audio=audio,
        seconds=round(seconds, 3),
        text=" ".join(_PAUSE.sub(" ", text).split()),
        languages=list(dict.fromkeys(piece.language for piece in pieces if piece.text)),
        engine=engine.description,
        limits=[f"Another voice than {run.settings.models.get('speak')} speaks. {one}" for one in tried],
    )


async def _say(
    engine: Voice, pieces: Sequence[Piece], words_per_minute: int, voice: str | None, run: Run
) -> list[Spoken | float]:
    """Return what is said and how long is paused, in order."""
    said: list[Spoken | float] = []
    for number, piece in enumerate(pieces):
        run.progress(number / len(pieces), "speaking")
        said.append(
            await engine.speak(
                piece.text, language=piece.language, words_per_minute=words_per_minute, voice=voice, run=run
            )
            if piece.text
            else piece.pause_seconds
        )
    return said


def split_text(text: str, language: str | None = None, *, one_voice: bool = False) -> Iterator[Piece]:
    """Yield what to say and when to pause: split at pause marks, between scripts and between sentences.

    Args:
        text: May hold pause marks.
        language: Of the text; English and Chinese are told apart inside both.
        one_voice: Leave the scripts together.
    """
    main = language or guess_language(_PAUSE.sub(" ", text))
    breath = 0.0
    for number, part in enumerate(_PAUSE.split(text)):
        if number % 2:  # the seconds between two marks
            yield Piece(pause_seconds=min(float(part), MAX_PAUSE_SECONDS))
            breath = 0.0
            continue
        runs = [(part, main)] if one_voice or main not in ("en", "zh") else _scripts(part, main)
        for stretch, its_language in runs:
            for piece in _short(stretch):
                if breath:
                    yield Piece(pause_seconds=breath)
                yield Piece(text=piece, language=its_language)
                breath = next((seconds for ends, seconds in _BREATHS_SECONDS if piece[-1] in ends), _BREATH_SECONDS)


def _scripts(text: str, main: str) -> list[tuple[str, str]]:
    """Split a text into runs of one script; digits and signs stay with the letters before them."""
    runs: list[tuple[str, str]] = []
    for letter in text:
        its = "zh" if is_han(letter) else "en" if letter.isalpha() else runs[-1][1] if runs else main
        if runs and (runs[-1][1] == its or not any(map(str.isalpha, runs[-1][0]))):
            runs[-1] = (runs[-1][0] + letter, its)
        else:
            runs.append((letter, its))
    return runs


def _short(text: str) -> Iterator[str]:
    """Yield pieces that end with a sentence where they can; what has no word in it is dropped."""
    current = ""
    for start, end in split_sentences(text):
        sentence = text[start:end]
        if current and len(current) + len(sentence) > _PIECE_CHARACTERS:
            yield current
            current = ""
        current = f"{current} {sentence}".strip()
        while len(current) > _PIECE_CHARACTERS:
            cut = current.rfind(" ", 1, _PIECE_CHARACTERS)
            cut = cut if cut > 0 else _PIECE_CHARACTERS
            yield current[:cut]
            current = current[cut:].strip()
    if current:
        yield current


def _write(path: Path, said: Sequence[Spoken | float]) -> float:
    """Write speech and pauses to a WAV file and return its length in seconds."""
    rate = next(one.rate for one in said if isinstance(one, Spoken))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for one in said:
            file.writeframes(
                one.samples.astype("<i2").tobytes() if isinstance(one, Spoken) else bytes(2 * round(one * rate))
            )
        return file.getnframes() / rate
