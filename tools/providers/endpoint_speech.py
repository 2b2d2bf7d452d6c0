"""Speech recognition through `/audio/transcriptions` of an OpenAI-compatible endpoint."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..base.endpoints import ServedModel
from ..base.errors import ProviderError
from ..base.languages import language_code
from ..base.models import Heard, Utterance, Word
from ..base.moments import Span
from ..base.paid import request_json
from ..base.price import quote_of
from ..base.settings import Settings
from ..base.wav import wav_bytes
from .at_endpoint import AtEndpoint
from .silero import RATE, speech_spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.run import Run

MOST_BYTES = 25_000_000
"""OpenAI's limit for a file; `bytes` in `[providers.NAME.limits]` says another."""
PART_SECONDS = 600.0
"""A longer part is answered late, and all of it is lost when it fails."""
TEXT_PART_SECONDS = 45.0
"""From a model that gives text without times, the times are those of the parts."""
MOST_SEGMENTS, MOST_WORDS = 1_200, 6_000
"""Of one part: two sentences and ten words a second; each word is looked for in each sentence."""
_STRETCH_SECONDS = 30.0
"""Longer stretches of speech are split at a short pause, so that a part can end there."""
_BEFORE_SECONDS = 0.5
_HEADER_BYTES, _SAMPLE_BYTES = 44, 2
# Whisper's own rule for what is not speech: `no_speech_threshold`, `logprob_threshold`.
_NO_SPEECH, _UNSURE = 0.6, -1.0


def provider(settings: Settings, model: str) -> "EndpointSpeech":
    return EndpointSpeech(settings, model)


class EndpointSpeech(AtEndpoint):
    """A model that writes down speech, somewhere else."""

    role = "hear"

    async def transcribe(self, sound: "NDArray[np.float32]", *, language: str | None, run: "Run") -> Heard:
        """Write down speech, part by part; what is silent is not sent.

        Raises:
            OverBudget, OutcomeUnknown, ProviderError, SettingsError: A part could not be ordered.
        """
        served = self._served()
        asking = _Asking(served, language, timed=served.ability.transcripts)
        stretch = max(1.0, min(_STRETCH_SECONDS, asking.longest_seconds - 2 * _BEFORE_SECONDS))
        spans = await run.thread(speech_spans, sound, run, longest_seconds=stretch)
        utterances: list[Utterance] = []
        seconds = len(sound) / RATE
        at, coarse = 0, False
        while at < len(spans):
            part, at = next_part(spans, at, asking.longest_seconds, seconds)
            run.progress(part[0] / seconds, "speech is being recognized")
            first, last = round(part[0] * RATE), round(part[1] * RATE)
            answer = await asking.ask(await run.thread(wav_bytes, sound[first:last], RATE), part, run)
            coarse = coarse or not any(_span(one, part) for one in _segments(answer))
            utterances += utterances_of(answer, part)
        return Heard(
            utterances=utterances,
            language=asking.language if utterances else None,
            quality="good",
            limits=[f"{self._model} gives no times: those of a sentence are those of up to {TEXT_PART_SECONDS:.0f} s."]
            if coarse and utterances
            else [],
        )

    async def try_out(self, run: "Run") -> str | None:
        """Send it one second of a tone; None, for any transcript of that will do.

        Raises:
            SensoriumError: It cannot be asked.
        """
        import numpy as np

        tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
        served = self._served()
        asking = _Asking(served, None, timed=served.ability.transcripts)
        answer = await asking.ask(wav_bytes(tone.astype(np.float32), RATE), (0.0, 1.0), run)
        return None if "text" in answer else "its answer has no `text`"


class _Asking:
    """How the endpoint is asked, as far as its answers have told."""

    def __init__(self, served: ServedModel, language: str | None, *, timed: str | None) -> None:
        self._served = served
        self._asked_language = language
        self.language = language
        self._timed = timed

    @property
    def longest_seconds(self) -> float:
        """The longest part to send next; short while it is not known whether times come back."""
        limits = self._served.limits
        by_bytes = (limits.get("bytes", MOST_BYTES) - _HEADER_BYTES) / (RATE * _SAMPLE_BYTES)
        wanted = PART_SECONDS if self._timed == "segments" else TEXT_PART_SECONDS
        return min(wanted, by_bytes, limits.get("audio_minutes", math.inf) * 60)

    async def ask(self, content: bytes, part: Span, run: "Run") -> dict[str, Any]:
        """Return the transcript of one part."""
        answer = await self._send(content, part, run)
        if self._timed is None:
            self._timed = "segments" if _segments(answer) else "text"
        self.language = self.language or language_code(answer.get("language"))
        return answer

    async def _send(self, content: bytes, part: Span, run: "Run") -> dict[str, Any]:
        units = {"calls": 1.0, "audio_minutes": round((part[1] - part[0]) / 60, 4)}
        quote = quote_of(self._served, units)
        files = {"file": ("speech.wav", content, "audio/wav")}
        body: dict[str, Any] = {"model": self._served.name, **self._served.endpoint.quirks.body}
        if self._asked_language:
            body["language"] = self._asked_language
        detailed = {"response_format": "verbose_json", "timestamp_granularities": ["segment", "word"]}
        path = "/audio/transcriptions"
        if self._timed != "text":
            try:
                return await request_json(run, self._served, path, {**body, **detailed}, quote=quote, files=files)
            except ProviderError as error:
                # Refused for a field, so nothing was worked on.
                refused = any(name in str(error) for name in ("response_format", "timestamp_granularities", "verbose"))
                if error.may_be_paid or not refused:
                    raise
                self._timed = "text"
        body["response_format"] = "json"
        return await request_json(run, self._served, path, body, quote=quote, files=files)


def next_part(spans: Sequence[Span], first: int, longest_seconds: float, seconds: float) -> tuple[Span, int]:
    """Return the part from a stretch of speech on, and the number of the stretch after it.

    It ends in a pause, and begins a moment before the speech, where that is silent.
    """
    before = spans[first - 1][1] if first else 0.0
    start = max(before, spans[first][0] - _BEFORE_SECONDS)
    after = first + 1
    while after < len(spans) and spans[after][1] - start <= longest_seconds:
        after += 1
    rest = spans[after][0] if after < len(spans) else seconds
    return (start, min(spans[after - 1][1] + _BEFORE_SECONDS, rest)), after


def utterances_of(answer: Mapping[str, Any], part: Span) -> list[Utterance]:
    """Return what was said in a part, at its times in the whole, in order; no word is lost for a time that is none."""
    words = list(_words(answer.get("words"), part))
    segments = _segments(answer)
    heard = [one for one in segments if str(one.get("text") or "").strip() and not _is_no_speech(one)]
    if not heard:
        text = answer.get("text")
        if isinstance(text, str) and text.strip() and not any(map(_is_no_speech, segments)):
            return [Utterance(text=text.strip(), start_seconds=part[0], end_seconds=part[1], words=tuple(words))]
        return []
    found = []
    for one, span in zip(heard, _filled([_span(one, part) for one in heard], part), strict=True):
        own = list(_words(one.get("words"), part)) or [
            word for word in words if span[0] <= (word.start_seconds + word.end_seconds) / 2 < span[1]
        ]
        text = str(one["text"]).strip()
        found.append(
            Utterance(
                text=text, start_seconds=span[0], end_seconds=span[1], confidence=_confidence(one), words=tuple(own)
            )
        )
    return sorted(found, key=lambda one: one.start_seconds)


def _segments(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = answer.get("segments")
    return [one for one in listed[:MOST_SEGMENTS] if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _filled(spans: Sequence[Span | None], part: Span) -> list[Span]:
    """Return spans where those without times are as long as what lies between the one before and the one after."""
    found: list[Span] = []
    before = part[0]
    for at, span in enumerate(spans):
        after = next((one[0] for one in spans[at:] if one is not None), part[1])
        found.append(span or (before, max(before, after)))
        before = span[1] if span else before
    return found


def _words(listed: Any, part: Span) -> Iterator[Word]:
    for one in listed[:MOST_WORDS] if isinstance(listed, list) else []:
        text = str(one.get("word") or "").strip() if isinstance(one, Mapping) else ""
        if text and (span := _span(one, part)) is not None:
            yield Word(text=text, start_seconds=span[0], end_seconds=span[1])


def _span(timed: Mapping[str, Any], part: Span) -> Span | None:
    """Return times of a part as times of the whole; None when they are no times."""
    start, end = _number(timed.get("start")), _number(timed.get("end"))
    if start is None or end is None:
        return None
    # Models let the last sentence end after the sound does.
    first, last = (min(part[0] + max(0.0, one), part[1]) for one in sorted((start, end)))
    return first, last


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    with suppress(ValueError, OverflowError):
        number = float(value)
        return number if math.isfinite(number) else None
    return None


def _is_no_speech(segment: Mapping[str, Any]) -> bool:
    silence, sure = _number(segment.get("no_speech_prob")), _number(segment.get("avg_logprob"))
    return silence is not None and sure is not None and silence > _NO_SPEECH and sure < _UNSURE


def _confidence(segment: Mapping[str, Any]) -> float | None:
    sure = _number(segment.get("avg_logprob"))
    return None if sure is None else math.exp(min(0.0, sure))
