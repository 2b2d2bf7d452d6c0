"""Speech recognition behind an endpoint: what sound it is sent, and where its words stand in the whole."""

import io
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sensorium.tools import call
from sensorium.tools.base.abilities import Ability
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ProviderError, SettingsError
from sensorium.tools.base.languages import language_code
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.providers.endpoint_speech import MOST_SEGMENTS, MOST_WORDS, next_part, utterances_of

RATE = 16_000
TALKS = ((2.0, 6.0), (20.0, 26.0), (50.0, 55.0))
"""When somebody speaks in the recording, in seconds."""


@pytest.fixture
def hearing(settings: Settings, server: Any) -> Iterator[Callable[..., Run]]:
    """Open a run that hears through the scripted server."""
    opened: list[Run] = []

    def open_run(degrade: bool = True, transcripts: Any = "segments", **more: Any) -> Run:
        known = Ability(pattern="ears", transcripts=transcripts)
        endpoint = Endpoint(name="house", base_url=server.url, timeout_seconds=20.0, models=(known,), **more)
        models, endpoints = {"hear": "house:ears"}, {"house": endpoint}
        opened.append(Run.open(replace(settings, models=models, endpoints=endpoints, degrade=degrade)))
        return opened[-1]

    yield open_run
    for run in opened:
        run.library.close()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    """A minute of silence in which somebody speaks three times, each time louder than before."""
    import asyncio

    folder = tmp_path_factory.mktemp("recording")
    run = Run.open(Settings(home=folder / "home", offline=True))
    text = "The pendulum swings from one side to the other side, and it never comes back any higher than it started."
    spoken = asyncio.run(call("speak", {"text": text}, run))
    with wave.open(str(run.path(spoken.audio.handle)), "rb") as file:
        rate = file.getframerate()
        voice = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float32) / 32768
    run.library.close()
    voice = np.interp(np.arange(0, len(voice) / rate, 1 / RATE), np.arange(len(voice)) / rate, voice)
    samples = np.zeros(60 * RATE, dtype=np.float32)
    for number, (start, end) in enumerate(TALKS):
        length = int((end - start) * RATE)
        samples[int(start * RATE) : int(start * RATE) + length] = np.resize(voice, length) * (0.3 + 0.3 * number)
    path: Path = making.wav(folder / "talks.wav", samples)
    return path


@pytest.fixture(scope="module")
def beginning(recording: Path, making: ModuleType) -> Path:
    """What is said first, for what hears here: that takes its time."""
    with wave.open(str(recording), "rb") as file:
        samples = np.frombuffer(file.readframes(5 * RATE), dtype="<i2").astype(np.float32) / 32768
    path: Path = making.wav(recording.with_name("beginning.wav"), samples)
    return path


def heard(form: dict[str, Any]) -> np.ndarray:
    """Return the sound of a form."""
    with wave.open(io.BytesIO(form["file"]), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float32) / 32768


def loud(samples: np.ndarray) -> list[tuple[float, float]]:
    """Return when it is loud, as a recognizer would: stretches with less than a second of silence in them."""
    at = np.flatnonzero(np.abs(samples) > 0.02) / RATE
    if not len(at):
        return []
    breaks = np.flatnonzero(np.diff(at) > 1.0)
    starts, ends = [at[0], *at[breaks + 1]], [*at[breaks], at[-1]]
    return [(float(start), float(end)) for start, end in zip(starts, ends, strict=True)]


def detailed(script: ModuleType) -> Callable[[dict[str, Any]], Any]:
    """Answer like Whisper: a segment for each stretch of sound, and two words in it."""

    def hook(form: dict[str, Any]) -> Any:
        samples = heard(form)
        segments, words = [], []
        for start, end in loud(samples):
            peak = float(np.abs(samples[int(start * RATE) : int(end * RATE)]).max())
            segments.append({"start": start, "end": end + 9, "text": f" level {peak:.1f}", "avg_logprob": -0.1})
            middle = (start + end) / 2
            words += [
                {"word": "level", "start": start, "end": middle},
                {"word": f"{peak:.1f}", "start": middle, "end": end},
            ]
        text = "".join(one["text"] for one in segments)
        return script.Reply(body={"language": "english", "text": text, "segments": segments, "words": words})

    return hook


async def test_what_is_said_stands_at_its_time_in_the_whole(
    hearing: Callable[..., Run], server: Any, script: ModuleType, recording: Path
) -> None:
    run = hearing()
    server.hearing = detailed(script)
    said = await call("transcribe", {"media": str(recording)}, run)
    (form,) = server.requests
    assert (form["model"], form["response_format"]) == ("ears", "verbose_json")
    assert sorted(form["timestamp_granularities[]"]) == ["segment", "word"]
    assert len(heard(form)) / RATE < 56, "the silence before and after is not sent"
    assert (said.engine, said.quality, said.language, said.tried) == ("house:ears", "good", "en", [])
    assert len(said.moments) == 3
    for moment, (start, end) in zip(said.moments, TALKS, strict=True):
        assert moment.start_seconds == pytest.approx(start, abs=0.3)
        assert (moment.end_seconds or 0) >= end - 0.5
        assert moment.confidence == pytest.approx(0.905, abs=0.01)
    assert said.srt is not None
    assert (await call("transcribe", {"media": str(recording)}, run)) == said
    assert len(server.requests) == 1, "asked again it is free"


HUGE = int("9" * 400)
"""A whole number that no float can hold."""


@pytest.mark.parametrize(
    ("segments", "found"),
    [
        (5, [("all of it", 0.0, 10.0)]),
        ({"a": 1}, [("all of it", 0.0, 10.0)]),
        ([{"text": "", "start": 0, "end": 1}], [("all of it", 0.0, 10.0)]),
        ([{"text": "one"}, {"text": "two", "start": float("nan"), "end": 3}], [("one", 0.0, 10.0), ("two", 0.0, 10.0)]),
        (
            [{"text": "a", "start": 0, "end": 1}, {"text": "b"}, {"text": "c", "start": 5, "end": 6}],
            [("a", 0.0, 1.0), ("b", 1.0, 5.0), ("c", 5.0, 6.0)],
        ),
        ([{"text": "back", "start": 3, "end": 1}], [("back", 1.0, 3.0)]),
        ([{"text": "early", "start": -5, "end": 1}], [("early", 0.0, 1.0)]),
        ([{"text": "late", "start": 50, "end": HUGE}], [("late", 0.0, 10.0)]),
        ([{"text": "words", "start": "0.5", "end": "1.5"}], [("words", 0.5, 1.5)]),
        (
            [{"text": "b", "start": 5, "end": 7}, {"text": "a", "start": 0, "end": 6}],
            [("a", 0.0, 6.0), ("b", 5.0, 7.0)],
        ),
        ([{"text": "sure", "start": 0, "end": 1, "avg_logprob": 1000}], [("sure", 0.0, 1.0)]),
        ([{"text": "sure", "start": 0, "end": 1, "avg_logprob": HUGE}], [("sure", 0.0, 1.0)]),
        ([{"text": "hum", "start": 0, "end": 1, "no_speech_prob": 1, "avg_logprob": -2}], []),
    ],
)
def test_no_word_is_lost_for_a_time_that_is_none(segments: Any, found: list[tuple[str, float, float]]) -> None:
    said = utterances_of({"text": "all of it", "segments": segments}, (0.0, 10.0))
    assert [(one.text, one.start_seconds, one.end_seconds) for one in said] == found


@pytest.mark.parametrize("limits", [{"audio_minutes": 0.4}, {"bytes": 24 * RATE * 2}])
async def test_long_sound_is_cut_in_pauses_into_parts_the_provider_takes(
    hearing: Callable[..., Run], server: Any, script: ModuleType, *, recording: Path, limits: dict[str, float]
) -> None:
    run = hearing(limits={"*": limits})
    server.hearing = detailed(script)
    said = await call("transcribe", {"media": str(recording)}, run)
    lengths = [len(heard(form)) / RATE for form in server.requests]
    assert len(lengths) >= 2 and max(lengths) <= 24
    for form in server.requests:
        samples = np.abs(heard(form))
        assert samples[:400].max() < 0.02 and samples[-400:].max() < 0.02, "no part begins or ends in a word"
    for start, _ in TALKS:
        assert any(one.start_seconds == pytest.approx(start, abs=0.3) for one in said.moments)
    assert run.budget.spent.orders == len(lengths)
    assert run.budget.spent.units["audio_minutes"] == pytest.approx(sum(lengths) / 60, abs=0.01)


async def test_a_model_that_gives_text_alone_is_asked_in_short_parts_and_its_times_are_those_of_the_parts(
    hearing: Callable[..., Run], server: Any, script: ModuleType, recording: Path
) -> None:
    run = hearing(transcripts="text")
    server.hearing = lambda form: script.Reply(body={"text": f"{len(loud(heard(form)))} stretches"})
    said = await call("transcribe", {"media": str(recording), "language": "en"}, run)
    assert [(form["response_format"], form["language"]) for form in server.requests] == [("json", "en")] * 2
    assert [one.text for one in said.moments] == ["2 stretches", "1 stretches"]
    assert said.moments[0].start_seconds == pytest.approx(1.5, abs=0.5)
    assert said.moments[1].start_seconds == pytest.approx(49.5, abs=0.6)
    assert "gives no times" in said.limits[0]


async def test_a_server_that_does_not_know_verbose_json_is_asked_without_it(
    hearing: Callable[..., Run], server: Any, script: ModuleType, recording: Path
) -> None:
    run = hearing(transcripts=None)

    def hook(form: dict[str, Any]) -> Any:
        if form["response_format"] == "verbose_json":
            message = (
                "response_format 'verbose_json' is not compatible with model 'ears'. Use 'json' or 'text' instead."
            )
            return script.Reply(status=400, body={"error": {"message": message}})
        return script.Reply(body={"text": "words"})

    server.hearing = hook
    said = await call("transcribe", {"media": str(recording)}, run)
    assert said.text == "words words"
    assert [form["response_format"] for form in server.requests] == ["verbose_json", "json", "json"]


async def test_when_it_fails_what_is_embedded_hears_and_that_is_said_unless_it_is_forbidden(
    hearing: Callable[..., Run], server: Any, script: ModuleType, beginning: Path
) -> None:
    server.hearing = lambda form: script.Reply(status=500, body={"error": {"message": "out of order"}})
    said = await call("transcribe", {"media": str(beginning)}, hearing())
    assert (said.engine, said.quality) == ("pocketsphinx:en-us", "draft")
    assert said.tried[0].startswith("house:ears: `house` failed (500): out of order")
    assert any(one.startswith("Another engine than house:ears recognized the speech.") for one in said.limits)
    with pytest.raises(ProviderError, match="out of order"):
        await call("transcribe", {"media": str(beginning)}, hearing(degrade=False))


async def test_a_missing_key_is_named_before_anything_is_sent(settings: Settings, beginning: Path, server: Any) -> None:
    endpoint = Endpoint(name="far", base_url="https://far.test/v1", key="FAR_KEY")
    run = Run.open(replace(settings, models={"hear": "far:ears"}, endpoints={"far": endpoint}))
    said = await call("transcribe", {"media": str(beginning)}, run)
    run.library.close()
    assert "Set `FAR_KEY`" in said.tried[0]


async def test_silence_is_not_sent(
    hearing: Callable[..., Run], server: Any, making: ModuleType, tmp_path: Path
) -> None:
    path = making.wav(tmp_path / "silence.wav", making.tone(5.0, level=0.0))
    said = await call("transcribe", {"media": str(path)}, hearing())
    assert (said.text, said.engine, server.requests) == ("", "house:ears", [])


async def test_who_comes_after_it_in_the_settings_is_asked_next(
    settings: Settings, server: Any, script: ModuleType, recording: Path
) -> None:
    endpoint = Endpoint(name="house", base_url=server.url)
    server.hearing = lambda form: script.Reply(status=500, body={})
    chosen = replace(settings, models={"hear": "house:ears"}, endpoints={"house": endpoint})
    run = Run.open(replace(chosen, fallbacks={"hear": ("silero",)}))
    said = await call("transcribe", {"media": str(recording)}, run)
    run.library.close()
    assert (said.engine, [one.split(":")[0] for one in said.tried]) == ("silero-vad", ["house"])


def test_what_is_neither_here_nor_an_endpoint_is_refused(settings: Settings) -> None:
    run = Run.open(replace(settings, models={"hear": "nowhere:ears"}))
    with pytest.raises(SettingsError, match=r"nowhere:ears.*faster-whisper.*or `provider:model` of an endpoint"):
        run.models.ladder("hear")
    run.library.close()


def test_parts_end_in_pauses() -> None:
    spans = [(1.0, 9.0), (9.0, 18.0), (30.0, 39.0), (50.0, 51.0)]
    assert next_part(spans, 0, 20.0, 60.0) == ((0.5, 18.5), 2)
    assert next_part(spans, 2, 20.0, 60.0) == ((29.5, 39.5), 3)
    assert next_part(spans, 1, 5.0, 60.0) == ((9.0, 18.5), 2), "a stretch is never cut here"
    assert next_part(spans, 3, 20.0, 51.2) == ((49.5, 51.2), 4)


@pytest.mark.parametrize(
    ("named", "code"),
    [("english", "en"), ("en-US", "en"), ("Chinese", "zh"), ("yue", "zh"), ("klingon", None), (None, None)],
)
def test_languages_have_codes(named: str | None, code: str | None) -> None:
    assert language_code(named) == code


def test_of_a_transcript_without_end_no_more_is_read_than_can_be_said() -> None:
    answer = {"segments": [{"text": "so", "words": [{"word": "so", "start": 1, "end": 2}]}] * 50_000}
    assert len(utterances_of(answer, (0.0, 600.0))) == MOST_SEGMENTS
    answer = {
        "segments": [{"text": "so", "start": 0, "end": 9}],
        "words": [{"word": "so", "start": 1, "end": 2}] * 50_000,
    }
    assert len(utterances_of(answer, (0.0, 600.0))[0].words) == MOST_WORDS
