"""What there is to hear in a recording."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from .base.budget import OverBudget
from .base.errors import ArgumentError, ProviderError, SettingsError
from .base.estimate import Estimate, length_of
from .base.moments import Coverage, Findings, Measure, Moment, Source, Span
from .base.run import Run
from .base.sound import decode_sound
from .base.tool import Sounding, tool
from .base.wav import wav_bytes
from .music.levels import Levels, levels
from .music.listening import Listened, listen
from .music.telling import Part, What, parts
from .music.tunes import FoundKey, FoundTempo, key_of, tempo_of
from .providers.endpoint_listener import ANSWER_TOKENS, MOST_SECONDS, TOKENS_A_SECOND, listener
from .providers.silero import RATE, Silero, speech_spans

MOST_QUESTION_LETTERS = 2_000
_WORDS: dict[What, str] = {
    "speech": "Speech",
    "music": "Music",
    "tone": "A steady tone",
    "noise": "Noise",
    "silence": "Silence",
    "sound": "Sound that rules cannot name",
}
_ASKED = "Describe what there is to hear in this recording: voices, music, instruments, mood, sounds and the place."
_LEAST_SURE = 0.1
"""In 3 of 44 composed pieces the key was wrong, with a lead of 0.03 to 0.08; 10 right ones lead by less than 0.1."""
_LEAST_MUSIC_SECONDS = 4.0


class PartOfSound(BaseModel):
    """A stretch of one kind of sound."""

    what: What = Field(description="`sound` is what rules cannot tell apart: a street, steps, an engine, a crowd.")
    start_seconds: float
    end_seconds: float


class SoundDescription(Findings):
    """What there is to hear, as it is measured; and as a model says, where one listens."""

    seconds: float
    parts: list[PartOfSound] = Field(description="The whole recording, from its start to its end.")
    key: str | None = Field(None, description="Of its music, by its notes; it may be its relative or neighbour.")
    beats_per_minute: float | None = Field(
        None, description="Of its music; half, double or one and a half times may be meant."
    )
    answer: str = Field("", description="What a model that listens says; empty where none was asked.")
    engine: str = Field(description="Who described it.")
    summary: str = Field(description="The measures in words.")


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    low, likely, high = (min(MOST_SECONDS, one) for one in length_of(files.get("media", {})))
    return Estimate(
        low={"calls": 1, "input_tokens": low * TOKENS_A_SECOND / 3, "output_tokens": 20},
        likely={"calls": 1, "input_tokens": likely * TOKENS_A_SECOND, "output_tokens": ANSWER_TOKENS / 4},
        high={"calls": 1, "input_tokens": high * TOKENS_A_SECOND, "output_tokens": ANSWER_TOKENS},
    )


@tool(effect="pure", resource="cpu", version=1, roles=("hear",), units=_units)
async def describe_sound(
    media: Annotated[Sounding, Field(description="Audio, or a video with sound.")],
    question: Annotated[
        str | None, Field(description="What to answer, in the user's language; only a model that listens can.")
    ] = None,
    *,
    run: Run,
) -> SoundDescription:
    """Say what there is to hear: parts of speech, music, noise or silence, loudness, tempo, key, pitch and clipping.

    It measures, and names no instrument or animal. A model that takes sound (`SENSORIUM_HEAR=google:gemini-2.5-flash`)
    is asked to describe it, or to answer `question`. Use `transcribe` for the words that are said.
    """
    if question is not None and not question.strip():
        raise ArgumentError("`question` has no word in it. Ask something, or leave it out.")
    if question and len(question) > MOST_QUESTION_LETTERS:
        raise ArgumentError(f"`question` has {len(question):,} characters; the limit is {MOST_QUESTION_LETTERS:,}.")
    path, name = run.path(media), run.name(media)
    heard = await run.decode(listen, path, name, run)
    run.progress(0.5, "measuring levels")
    loud = await run.decode(levels, path, name, run)
    limits = list(heard.limits)
    sound = await run.decode(decode_sound, path, name, run)
    speech: list[Span] = []
    if missing := Silero().missing():
        limits.append(f"Speech could not be told from other sound. {missing}")
    else:
        speech = await run.thread(speech_spans, sound.samples, run)
    answer, engine_name, more = await _answered(question, sound.samples, run)
    found = parts(heard, speech)
    music = _in(found, "music", heard)
    sung = sum(one.end_seconds - one.start_seconds for one in found if one.what == "music")
    key = key_of(heard.chroma[music["seconds"]]) if sung >= _LEAST_MUSIC_SECONDS else None
    tempo = tempo_of(heard.onsets[music["hops"]]) if sung >= _LEAST_MUSIC_SECONDS else None
    measures = _measures(media, heard, loud, found, tempo)
    return SoundDescription(
        media=media,
        moments=_moments(media, found, answer, engine_name, heard.seconds),
        measures=measures,
        coverage=Coverage(seconds=round(heard.seconds, 3), heard=[(0.0, round(heard.seconds, 3))]),
        limits=[*limits, *more, *_doubts(found, key, loud)],
        partial=heard.partial,
        seconds=round(heard.seconds, 3),
        parts=[
            PartOfSound(what=one.what, start_seconds=round(one.start_seconds, 2), end_seconds=round(one.end_seconds, 2))
            for one in found
        ],
        key=key.key.name if key else None,
        beats_per_minute=round(tempo.beats_per_minute, 1) if tempo else None,
        answer=answer,
        engine=engine_name,
        summary=_summary(heard, loud, found, key, tempo),
    )


async def _answered(question: str | None, samples: Any, run: Run) -> tuple[str, str, list[str]]:
    """Return what a model says of the sound, who described it, and what a reader must know of that."""
    measured = "sensorium (measured)"
    model = listener(run.settings)
    if model is None or model.missing():
        run.call.idle_roles.add("hear")
        why = [model.missing() or ""] if model else []
        if question:
            why.append(
                "The question was not answered: no model that listens is set, and measures are all there is. Set "
                "`SENSORIUM_HEAR=google:gemini-2.5-flash`, or another model that takes sound."
            )
        return "", measured, why
    part = samples[: round(MOST_SECONDS * RATE)]
    why = []
    if len(part) < len(samples):
        why.append(f"`{model.identity}` was given the first {MOST_SECONDS:g} s of the sound only.")
    try:
        said = await model.answer(
            question or _ASKED, await run.thread(wav_bytes, part, RATE), len(part) / RATE, run=run
        )
    except (OverBudget, ProviderError, SettingsError) as error:
        if not run.settings.degrade:
            raise
        return "", measured, [*why, f"`{model.identity}` did not answer: {error}"]
    return said, model.identity, [*why, "`answer` is what a model says of the sound; nothing has measured it."]


def _in(found: Sequence[Part], what: What, heard: Listened) -> dict[str, Any]:
    """Return which windows and which seconds of what was measured are of a kind."""
    import numpy as np

    from .music.listening import HOPS_A_SECOND

    hops, seconds = np.zeros(len(heard.onsets), dtype=bool), np.zeros(len(heard.chroma), dtype=bool)
    for one in found:
        if one.what == what:
            hops[round(one.start_seconds * HOPS_A_SECOND) : round(one.end_seconds * HOPS_A_SECOND)] = True
            seconds[round(one.start_seconds) : max(round(one.start_seconds) + 1, round(one.end_seconds))] = True
    return {"hops": hops, "seconds": seconds}


def _moments(media: str, found: Sequence[Part], answer: str, engine: str, seconds: float) -> list[Moment]:
    source = Source(tool="describe_sound")
    made = [
        Moment(
            kind="fact",
            start_seconds=round(one.start_seconds, 2),
            end_seconds=round(one.end_seconds, 2),
            text=_WORDS[one.what],
            media=media,
            source=source,
        )
        for one in found
    ]
    if answer:
        by_model = Source(tool="describe_sound", provider=engine, quality="model")
        made.append(
            Moment(
                kind="fact",
                start_seconds=0.0,
                end_seconds=round(min(seconds, MOST_SECONDS), 2),
                text=answer,
                media=media,
                source=by_model,
            )
        )
    return made


def _measures(
    media: str, heard: Listened, loud: Levels, found: Sequence[Part], tempo: FoundTempo | None
) -> list[Measure]:
    import numpy as np

    values: list[tuple[str, float | None, str]] = [
        ("loudness_lufs", loud.loudness_lufs, "LUFS"),
        ("loudness_range_lu", loud.range_lu if loud.loudness_lufs is not None else None, "LU"),
        ("true_peak_db", loud.true_peak_db, "dBTP"),
        ("clipped_samples", float(loud.clipped_samples), "samples"),
        ("stereo_correlation", loud.correlation, ""),
        ("stereo_balance_db", loud.balance_db, "dB"),
        ("tempo_beats_per_minute", round(tempo.beats_per_minute, 1) if tempo else None, "beats per minute"),
    ]
    for what in ("speech", "music", "noise", "silence"):
        seconds = sum(one.end_seconds - one.start_seconds for one in found if one.what == what)
        values.append((f"sound_{what}_seconds", round(seconds, 1), "s"))
    audible = heard.levels_db > -50
    if audible.any():
        values.append(("brightness_hertz", round(float(np.median(heard.brightness_hertz[audible])), 0), "Hz"))
    voiced = heard.pitches_hertz[heard.pitches_hertz > 0]
    if len(voiced) >= 10:
        low, high = np.percentile(voiced, [5, 95])
        values += [("pitch_low_hertz", round(float(low), 1), "Hz"), ("pitch_high_hertz", round(float(high), 1), "Hz")]
    return [
        Measure(name=name, value=round(value, 2), unit=unit, media=media)
        for name, value, unit in values
        if value is not None
    ]


def _doubts(found: Sequence[Part], key: FoundKey | None, loud: Levels) -> list[str]:
    """Say what rules cannot tell of this sound."""
    doubts = []
    kinds = {one.what for one in found}
    if kinds & {"music", "sound", "noise"}:
        doubts.append(
            "Parts are told apart by rules: by lines in the spectrum, by noise, by level. They name no instrument, "
            "animal or place, and speech over music counts as speech."
        )
    if key and key.lead < _LEAST_SURE:
        doubts.append(f"The key may be another than {key.key.name}: the next one fits nearly as well.")
    if loud.channels > 2:
        doubts.append(f"It has {loud.channels} channels, which were mixed to one for all but loudness and peaks.")
    return doubts


def _summary(
    heard: Listened, loud: Levels, found: Sequence[Part], key: FoundKey | None, tempo: FoundTempo | None
) -> str:
    said = []
    for what, word in _WORDS.items():
        seconds = sum(one.end_seconds - one.start_seconds for one in found if one.what == what)
        if seconds:
            said.append(f"{word[0].lower()}{word[1:]} {seconds:.1f} s")
    lines = [f"{heard.seconds:.1f} s: {', '.join(said) or 'nothing'}."]
    if loud.loudness_lufs is not None:
        lines.append(f"Loudness {loud.loudness_lufs:.1f} LUFS, true peak {loud.true_peak_db or 0:.1f} dBTP.")
    if loud.clipped_samples:
        places = ", ".join(f"{start:.1f} s" for start, _ in loud.clipped_spans[:5])
        lines.append(f"It is clipped: {loud.clipped_samples:,} samples stand at full scale, from {places} on.")
    if key:
        lines.append(f"Its music is in {key.key.name} by its notes.")
    if tempo:
        lines.append(
            f"The beat is at about {tempo.beats_per_minute:.0f} a minute, or half, double or one and a half times that."
        )
    if loud.channels == 1 or (loud.correlation is not None and loud.correlation > 0.995):
        lines.append("It is mono." if loud.channels == 1 else "Its two channels are the same: it is mono.")
    elif loud.correlation is not None and loud.correlation < 0:
        lines.append("Its channels cancel each other out in mono.")
    return " ".join(lines)
