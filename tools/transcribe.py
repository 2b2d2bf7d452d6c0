"""Speech to text."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from .base.budget import OverBudget
from .base.errors import ArgumentError, ProviderError, SettingsError, UnavailableError
from .base.estimate import Estimate, between, length_of
from .base.models import Heard, Speech, Utterance, as_served
from .base.moments import Coverage, Findings, Measure, Moment, Source
from .base.paying_once import left_to_ask
from .base.run import Run
from .base.sound import Sound, decode_sound
from .base.subtitles import cues, srt, vtt
from .base.tool import Sounding, tool
from .base.words import count_words, join
from .base.workspace import Artifact


class Transcript(Findings):
    """What is said, and when."""

    text: str = Field(description="Everything that is said.")
    language: str | None = Field(None, description="ISO 639-1 code; None when it is not known.")
    seconds: float = Field(description="Length of the sound.")
    engine: str = Field(description="Who recognized it.")
    quality: Literal["good", "draft"] = Field(description="A draft has many wrong words.")
    tried: list[str] = Field(default_factory=list, description="Better engines, and why they did not serve.")
    transcript: Artifact = Field(description="All of it as JSON: segments, and words where they have times.")
    text_file: Artifact | None = Field(None, description="The words alone; None when there are none.")
    srt: Artifact | None = Field(None, description="Subtitles as SubRip; None when there are no words.")
    vtt: Artifact | None = Field(None, description="Subtitles as WebVTT; None when there are no words.")


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    facts = files.get("media", {})
    if facts.get("has_sound") is False:
        return Estimate()
    low, likely, high = (one / 60 for one in length_of(facts))
    return between(low, likely, high, "audio_minutes")


@tool(effect="pure", resource="cpu", version=1, roles=("hear",), units=_units)
async def transcribe(
    media: Annotated[Sounding, Field(description="Audio, or a video with sound.")],
    language: Annotated[
        str | None, Field(description="ISO 639-1 code of the speech, for example `en` or `zh`; detected if left out.")
    ] = None,
    *,
    run: Run,
) -> Transcript:
    """Write down what is said, with times, as text and as subtitles (SRT, WebVTT).

    Without a speech model the words are a draft (English), or only the times of speech are known; the result says
    which. Use `read_text` for what is written on the screen, `measure_speech` for speed and pauses.
    """
    code = _code(language)
    sound = await run.decode(decode_sound, run.path(media), run.name(media), run)
    tried: list[str] = []
    waiting = run.models.ladder("hear")
    while waiting:
        engine = waiting.pop(0)
        if reason := engine.missing():
            tried.append(f"{_name(engine)}: {reason}")
            continue
        # Only now is it known who serves: that one may have heard this file before.
        key = run.memo.key(transcribe, run.call.arguments, as_served({"hear": engine.identity}))
        if tried and (known := run.memo.get(transcribe, key)):
            run.used(engine.identity)
            return known[0].model_copy(update={"tried": tried})  # type: ignore[return-value]
        served, ordered = len(run.call.providers), len(run.call.payments)
        try:
            heard = await engine.transcribe(sound.samples, language=code, run=run)
        except (OverBudget, ProviderError, SettingsError, UnavailableError) as error:
            waiting = left_to_ask(waiting, error, run.call.payments[ordered:], "hear", run.settings)
            if not run.settings.degrade:
                raise
            tried.append(f"{_name(engine)}: {error}")
            continue
        if len(run.call.providers) == served:  # what is behind an endpoint says so itself, for it may be its fallback
            run.used(engine.identity)
        heard = replace(heard, language=heard.language or code, limits=[*heard.limits, *_instead(tried, run)])
        return _transcript(media, sound, heard, tried, run)
    raise UnavailableError(f"Nothing here can listen. Tried: {' '.join(tried)}")


def _instead(tried: Sequence[str], run: Run) -> list[str]:
    """Say that an engine which was asked for did not serve."""
    asked = run.settings.models.get("hear")
    return [f"Another engine than {asked} recognized the speech. {one}" for one in tried if one.startswith(f"{asked}:")]


def _name(engine: Speech) -> str:
    return engine.identity.split("@")[0].split(" ")[0]


def _code(language: str | None) -> str | None:
    """Return the ISO 639-1 code of a language tag such as `en-US`."""
    if language is None:
        return None
    code = re.split("[-_]", language.strip().lower())[0]
    if not re.fullmatch("[a-z]{2,3}", code):
        raise ArgumentError(f"`language` is {language!r}; give an ISO 639-1 code such as `en`, `zh` or `fr`.")
    return {"cmn": "zh", "eng": "en"}.get(code, code)


def _transcript(media: str, sound: Sound, heard: Heard, tried: list[str], run: Run) -> Transcript:
    engine = run.call.providers[-1]
    source = Source(tool="transcribe", provider=engine, quality=heard.quality)
    utterances = [one for one in heard.utterances if one.end_seconds > one.start_seconds]
    written = [one for one in utterances if one.text]
    texts = [one.text for one in written]
    # Without punctuation the line breaks are all there is to read by.
    text = join(texts) if heard.quality == "good" else "\n".join(texts)
    subtitles = cues(written)
    detail = {
        "language": heard.language,
        "engine": engine,
        "quality": heard.quality,
        "seconds": round(sound.seconds, 3),
        "segments": [_plain(asdict(one)) for one in utterances],
    }
    spoken_seconds = sum(one.end_seconds - one.start_seconds for one in utterances)
    measures = [Measure(name="speech_seconds", value=round(spoken_seconds, 1), unit="s", media=media)]
    if texts:
        measures.append(Measure(name="words_spoken", value=float(count_words(text)), unit="words", media=media))
    return Transcript(
        media=media,
        moments=[
            Moment(
                kind="speech",
                start_seconds=round(one.start_seconds, 3),
                end_seconds=round(one.end_seconds, 3),
                text=one.text,
                media=media,
                confidence=None if one.confidence is None else round(one.confidence, 3),
                source=source,
            )
            for one in utterances
        ],
        measures=measures,
        coverage=Coverage(seconds=round(sound.seconds, 3), heard=[(0.0, round(sound.seconds, 3))]),
        limits=[*sound.limits, *heard.limits, *_silent(utterances, texts, sound)],
        partial=sound.partial,
        text=text,
        language=heard.language,
        seconds=round(sound.seconds, 3),
        engine=engine,
        quality=heard.quality,
        tried=tried,
        transcript=run.put(
            json.dumps(detail, ensure_ascii=False, indent=1).encode(),
            name="transcript.json",
            media_type="application/json",
        ),
        text_file=run.put("\n".join([*texts, ""]).encode(), name="transcript.txt", media_type="text/plain")
        if texts
        else None,
        srt=run.put(srt(subtitles).encode(), name="transcript.srt", media_type="application/x-subrip")
        if texts
        else None,
        vtt=run.put(vtt(subtitles).encode(), name="transcript.vtt", media_type="text/vtt") if texts else None,
    )


def _plain(value: Any) -> Any:
    """Round the times and leave out what is not known."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if part not in (None, ())}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return round(value, 3) if isinstance(value, float) else value


def _silent(utterances: Sequence[Utterance], texts: Sequence[str], sound: Sound) -> list[str]:
    """Say what a transcript without words means."""
    if texts:
        return []
    if not utterances:
        return [f"No speech was found in {sound.seconds:.1f} s of sound."]
    if len(utterances) <= 3:
        found = ", ".join(f"from {one.start_seconds:.1f} s to {one.end_seconds:.1f} s" for one in utterances)
    else:
        spoken = sum(one.end_seconds - one.start_seconds for one in utterances)
        found = (
            f"{spoken:.0f} s in {len(utterances)} stretches between {utterances[0].start_seconds:.1f} s "
            f"and {utterances[-1].end_seconds:.1f} s"
        )
    return [
        f"Speech {found}, not transcribed: nothing here could write it down. Set `SENSORIUM_HEAR=faster-whisper:small` "
        "(needs one download), or name a model's folder there."
    ]
