"""Text to speech."""

import re
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field

from .base.budget import OverBudget
from .base.dialogue import Line, read_dialogue
from .base.errors import ArgumentError, MediaError, ProviderError, SettingsError, UnavailableError
from .base.estimate import Estimate, between, exactly
from .base.models import Manner, Spoken, Voice
from .base.paying_once import left_to_ask
from .base.run import Run
from .base.tool import tool
from .base.words import guess_language, is_han, split_sentences, tokens
from .base.workspace import Artifact
from .credentials.keeping import Kind, Making, keep

MAX_CHARACTERS = 50_000
"""About an hour of speech."""
MAX_PAUSE_SECONDS = 60.0
"""A longer one is cut to this."""
MAX_PAUSES_SECONDS = 600.0
"""All of a text together: a few characters must not make hours of silence."""
MOST_EMOTION_LETTERS = 100

_PAUSE = re.compile(r"<#\s*(\d+(?:\.\d+)?)\s*#>")
# Between two pieces, after what the first one ends with: the engine itself ends at the last sound.
_BREATHS_SECONDS = (("。！？!?.…", 0.35), ("，,；;：:、—", 0.18))
_BREATH_SECONDS = 0.04
_TURN_SECONDS = 0.45
"""Between two speakers."""
_SEXES = {"male": 0, "female": 1}
"""What may be said instead of a voice -> which of the voices of an engine that has several throats."""
_INAUDIBLE = 16
"""Of 32,767: 66 dB below full scale."""
# What is said at once, so that a cancellation is noticed soon.
_PIECE_CHARACTERS = 600


class Turn(BaseModel):
    """What is said in one go: a line of a dialogue, or what stands between two marks of pauses."""

    speaker: str = Field("", description="Empty where it is no dialogue, or for who tells what no one says.")
    voice: str | None = Field(None, description="As it was asked for; None is the engine's usual one.")
    text: str
    start_seconds: float
    end_seconds: float


class SpokenText(BaseModel):
    """Speech that was made of a text."""

    audio: Artifact = Field(description="A WAV file.")
    seconds: float
    text: str = Field(description="What is said, without the marks of pauses and the names of speakers.")
    languages: list[str] = Field(description="ISO 639-1 codes, in the order they are first heard.")
    engine: str
    turns: list[Turn] = Field(default_factory=list, description="Who says what, and when.")
    limits: list[str] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Something to say in one language, or a pause."""

    text: str = ""
    language: str = ""
    pause_seconds: float = 0.0
    turn: int = 0
    """Which one of the turns it belongs to."""


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    text = args.get("text")
    return exactly(characters=len(text)) if isinstance(text, str) else between(1, 500, 20_000, "characters")


@tool(effect="pure", resource="cpu", version=2, roles=("speak",), units=_units)
async def speak(
    text: Annotated[
        str, Field(description="What to say. `<#0.5#>` is a pause of half a second; `NAME: …` a line of `voices`.")
    ],
    language: Annotated[
        str | None,
        Field(description="ISO 639-1 code, for example `en`, `zh` or `fr`; told from the script (en, zh) if left out."),
    ] = None,
    words_per_minute: Annotated[int, Field(ge=80, le=450, description="Speed.")] = 160,
    voice: Annotated[
        str | None,
        Field(
            description="Name of one of the engine's voices, for example `en-gb` or `en-us+f3`; it says everything. Or "
            "`female` or `male`, where the engine tells."
        ),
    ] = None,
    *,
    emotion: Annotated[
        str | None, Field(description="How it sounds, such as `happy` or `sad`; only models of speech can.")
    ] = None,
    voices: Annotated[
        dict[str, str] | None,
        Field(
            description='A dialogue: speaker -> voice, such as `{"Tom": "en-gb", "Mia": "en-us+f3"}`; `{}` where the '
            "speakers are found in `text`, and the engine chooses."
        ),
    ] = None,
    run: Run,
) -> SpokenText:
    """Say a text aloud, or a dialogue in several voices, and return the sound as a WAV file, with the times of turns.

    English and Chinese may be mixed: each part is said in its own language. In a dialogue each line of `text` begins
    with a speaker of `voices` and a colon. A voice that `clone_voice` made is one of its provider's voices.
    """
    _check(text, emotion)
    lines = read_dialogue(text, voices)
    tried: list[str] = []
    waiting = run.models.ladder("speak")
    while waiting:
        engine = waiting.pop(0)
        if reason := engine.missing():
            tried.append(f"{engine.identity}: {reason}")
            continue
        script = _script(lines, language, engine, one_voice=voice is not None)
        stands_in = bool(tried) and "speak" in run.settings.models
        kept, cast = (voice if voice in _SEXES else None, {}) if stands_in else (voice, voices or {})
        usual = Manner(voice=kept, emotion=emotion, words_per_minute=words_per_minute)
        manners = _manners(lines, cast, usual, engine, language)
        served, ordered = len(run.call.providers), len(run.call.payments)
        try:
            said = await _say(engine, script, manners, language, run)
        except (OverBudget, ProviderError, SettingsError, MediaError) as error:
            waiting = left_to_ask(waiting, error, run.call.payments[ordered:], "speak", run.settings)
            if not run.settings.degrade or not waiting:
                raise
            tried.append(f"{engine.identity}: {error}")
            continue
        if len(run.call.providers) == served:  # what is behind an endpoint says so itself, for it may be its fallback
            run.used(engine.identity)
        break
    else:
        raise UnavailableError(f"Nothing here can speak. {' '.join(tried)}")
    by_model: Kind = "algorithm" if engine.identity.startswith("espeak") else "model"
    with run.workspace.scratch() as folder:
        seconds = await run.thread(_write, folder / "speech.wav", said)
        audio = await keep(
            run,
            folder / "speech.wav",
            name="speech.wav",
            media_type="audio/wav",
            making=Making(kind=by_model, provider=run.call.providers[-1], task="speech"),
            facts={"seconds": round(seconds, 3)},
        )
    return SpokenText(
        audio=audio,
        seconds=round(seconds, 3),
        text=" ".join(" ".join(_PAUSE.sub(" ", one.text).split()) for one in lines),
        languages=list(dict.fromkeys(piece.language for piece in script if piece.text)),
        engine=engine.description,
        turns=_turns(lines, script, said, manners),
        limits=[
            *(f"Another voice than {run.settings.models.get('speak')} speaks. {one}" for one in tried),
            *_left_out(engine, emotion, [None if kept else voice, *(voices or {}).values()] if stands_in else []),
            *_of_any_sex(engine, [kept, *cast.values()]),
            *_of_one_voice(engine, lines, manners),
            *_shortened(text),
        ],
    )


def _check(text: str, emotion: str | None) -> None:
    """See that there is something to say, and not too much.

    Raises:
        ArgumentError: There is not.
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
    if emotion is not None and (not emotion.strip() or len(emotion) > MOST_EMOTION_LETTERS):
        raise ArgumentError(
            f"`emotion` is {emotion[:40]!r}. Give a word such as `happy`, `sad` or `calm`, of at most "
            f"{MOST_EMOTION_LETTERS} letters, or leave it out."
        )


def _shortened(text: str) -> list[str]:
    """Say which pause is not as long as it was asked for."""
    longest = max(map(float, _PAUSE.findall(text)), default=0.0)
    if longest <= MAX_PAUSE_SECONDS:
        return []
    return [f"A pause of {longest:g} s was made {MAX_PAUSE_SECONDS:g} s, which is the longest."]


def _script(lines: Sequence[Line], language: str | None, engine: Voice, *, one_voice: bool) -> list[Piece]:
    """Return what is to be said, with the pauses between speakers.

    Raises:
        ArgumentError: A speaker has a line without a word.
    """
    script: list[Piece] = []
    for number, line in enumerate(lines):
        pieces = list(
            split_text(line.text, language, one_voice=one_voice or engine.multilingual, most=engine.most_characters)
        )
        if not any(tokens(piece.text) for piece in pieces):
            raise ArgumentError(
                f"A line of {line.speaker or 'nobody'!r} in `text` is {line.text[:40]!r}, which has no word to say."
            )
        if len(lines) > 1:
            pieces = [replace(piece, turn=number) for piece in pieces]
        if script and not script[-1].pause_seconds:
            script.append(Piece(pause_seconds=_TURN_SECONDS, turn=number))
        script += pieces
    return script


def _manners(
    lines: Sequence[Line], voices: Mapping[str, str], usual: Manner, engine: Voice, language: str | None
) -> list[Manner]:
    """Return how each line is said; for a speaker without a voice the engine chooses one."""
    cast = list(dict.fromkeys([one.speaker for one in lines if one.speaker]))
    known = {name.strip(): voice for name, voice in voices.items()}
    found = []
    for line in lines:
        voice = known.get(line.speaker, usual.voice)
        if line.speaker and line.speaker not in known:
            voice = engine.stand_in(cast.index(line.speaker), guess_language(_PAUSE.sub(" ", line.text))) or voice
        if voice in _SEXES:
            voice = engine.stand_in(_SEXES[voice], language or guess_language(_PAUSE.sub(" ", line.text)))
        found.append(replace(usual, voice=voice))
    return found


async def _say(
    engine: Voice, script: Sequence[Piece], manners: Sequence[Manner], language: str | None, run: Run
) -> list[Spoken | float]:
    """Return what is said and how long is paused, in order.

    Raises:
        MediaError: No sound came of all the words.
    """
    said: list[Spoken | float] = []
    for number, piece in enumerate(script):
        run.progress(number / len(script), "speaking")
        if not piece.text:
            said.append(piece.pause_seconds)
            continue
        # A voice of several languages hears them, and a wrong word for one would bend all of it.
        told = language or "" if engine.multilingual else piece.language
        manner = replace(manners[piece.turn if len(manners) > 1 else 0], language=told)
        manner = manner if engine.has_emotions else replace(manner, emotion=None)
        said.append(await engine.speak(piece.text, manner=manner, run=run))
    if not any(isinstance(one, Spoken) and abs(one.samples).max(initial=0) > _INAUDIBLE for one in said):
        words = next(piece.text for piece in script if piece.text)
        raise MediaError(
            f"{engine.description} made no sound of {words[:40]!r}. It may not know the script: say its `language`, or "
            "set another voice with `SENSORIUM_SPEAK`."
        )
    return said


def _turns(
    lines: Sequence[Line], script: Sequence[Piece], said: Sequence[Spoken | float], manners: Sequence[Manner]
) -> list[Turn]:
    """Return when each turn begins and ends: from its first sound to its last."""
    found: list[Turn] = []
    at, before = 0.0, -1
    for piece, one in zip(script, said, strict=True):
        length = one if isinstance(one, float) else len(one.samples) / one.rate
        if piece.text:
            is_dialogue = len(lines) > 1 or bool(lines[0].speaker)
            if piece.turn == before:
                joined = f"{found[-1].text} {piece.text}"
                found[-1] = found[-1].model_copy(update={"text": joined, "end_seconds": round(at + length, 3)})
            else:
                found.append(
                    Turn(
                        speaker=lines[piece.turn].speaker if is_dialogue else "",
                        voice=manners[piece.turn if is_dialogue else 0].voice,
                        text=piece.text,
                        start_seconds=round(at, 3),
                        end_seconds=round(at + length, 3),
                    )
                )
            before = piece.turn
        at += length
    return found


def _left_out(engine: Voice, emotion: str | None, replaced: Sequence[str | None]) -> list[str]:
    notes = []
    if emotion and not engine.has_emotions:
        notes.append(f"{engine.description} takes no emotion; {emotion!r} was left out.")
    if names := [one for one in replaced if one]:
        notes.append(f"It has not the voices that were named ({', '.join(names)}), and speaks with its own.")
    return notes


def _of_any_sex(engine: Voice, asked: Sequence[str | None]) -> list[str]:
    """Say that a voice was not chosen by its sex, of which the engine tells nothing."""
    if not (sexes := [one for one in asked if one in _SEXES]) or engine.stand_in(0, "en"):
        return []
    return [
        f"{engine.description} does not say which of its voices are {sexes[0]}, so its usual one speaks; name one in "
        "`voice`."
    ]


def _of_one_voice(engine: Voice, lines: Sequence[Line], manners: Sequence[Manner]) -> list[str]:
    """Say that speakers cannot be told apart whose voices the engine was to choose."""
    speakers = dict.fromkeys(one.speaker for one in lines if one.speaker)
    if len(speakers) < 2 or any(one.voice for one in manners):
        return []
    return [f"{engine.description} says all lines in one voice: name those of {', '.join(speakers)} in `voices`."]


def split_text(
    text: str, language: str | None = None, *, one_voice: bool = False, most: int = _PIECE_CHARACTERS
) -> Iterator[Piece]:
    """Yield what to say and when to pause: split at pause marks, between scripts and between sentences.

    Args:
        text: May hold pause marks.
        language: Of the text; English and Chinese are told apart inside both.
        one_voice: Leave the scripts together.
        most: Characters of a piece.
    """
    main = language or guess_language(_PAUSE.sub(" ", text))
    breath = 0.0
    for number, part in enumerate(_PAUSE.split(text)):
        turn = number // 2
        if number % 2:  # the seconds between two marks
            yield Piece(pause_seconds=min(float(part), MAX_PAUSE_SECONDS), turn=turn)
            breath = 0.0
            continue
        runs = [(part, main)] if one_voice or main not in ("en", "zh") else _scripts(part, main)
        for stretch, its_language in runs:
            for piece in _short(stretch, most):
                if breath:
                    yield Piece(pause_seconds=breath, turn=turn)
                yield Piece(text=piece, language=its_language, turn=turn)
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


def _short(text: str, most: int) -> Iterator[str]:
    """Yield pieces that end with a sentence where they can; what has no word in it is dropped."""
    current = ""
    for start, end in split_sentences(text):
        sentence = text[start:end]
        if current and len(current) + 1 + len(sentence) > most:
            yield current
            current = ""
        current = f"{current} {sentence}".strip()
        while len(current) > most:
            cut = current.rfind(" ", 1, most)
            cut = cut if cut > 0 else most
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
