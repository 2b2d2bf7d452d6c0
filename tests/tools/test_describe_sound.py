import base64
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sensorium.tools.base.abilities import Ability
from sensorium.tools.base.call import call, perform
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, MediaError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.describe_sound import SoundDescription


async def described(run: Run, media: Path | str, **more: Any) -> SoundDescription:
    found: SoundDescription = await call("describe_sound", {"media": str(media), **more}, run)
    return found


def values(found: SoundDescription) -> dict[str, float]:
    return {one.name: one.value for one in found.measures}


@pytest.fixture
async def mixed(run: Run, making: ModuleType, tmp_path: Path) -> Path:
    """Three seconds of silence, some speech, and eight seconds of music."""
    parts = [np.zeros(3 * 16_000)]
    spoken = await call("speak", {"text": "The pendulum swings from one side to the other, and back again."}, run)
    music = await call("make_music", {"description": "happy in D major, 120 bpm", "seconds": 12}, run)
    for made, most in ((spoken, 60.0), (music, 8.0)):
        with wave.open(str(run.path(made.audio.handle)), "rb") as file:
            rate, channels = file.getframerate(), file.getnchannels()
            sound = np.frombuffer(file.readframes(round(most * rate)), dtype="<i2").reshape(-1, channels).mean(axis=1)
        parts.append(
            np.interp(np.arange(0, len(sound) / rate, 1 / 16_000), np.arange(len(sound)) / rate, sound) / 32768
        )
    path: Path = making.wav(tmp_path / "mixed.wav", np.concatenate(parts).astype(np.float32))
    return path


async def test_the_parts_of_a_recording_are_told_apart(run: Run, mixed: Path) -> None:
    found = await described(run, mixed)
    assert [one.what for one in found.parts] == ["silence", "speech", "music"]
    silence, speech, music = found.parts
    assert silence.end_seconds == pytest.approx(3.0, abs=0.6)
    assert speech.end_seconds == music.start_seconds and music.end_seconds == pytest.approx(found.seconds, abs=0.01)
    assert [(one.kind, one.text, one.source.quality) for one in found.moments] == [
        ("fact", "Silence", "measured"),
        ("fact", "Speech", "measured"),
        ("fact", "Music", "measured"),
    ]
    assert found.key == "D major"
    assert found.beats_per_minute == pytest.approx(120, rel=0.03)
    assert found.coverage is not None and found.coverage.heard == [(0.0, found.seconds)]
    assert found.engine == "sensorium (measured)" and found.answer == ""
    assert "Its music is in D major by its notes." in found.summary
    assert any("name no instrument" in one for one in found.limits)


async def test_a_key_that_is_taken_for_its_relative_is_called_doubtful(run: Run) -> None:
    music = await call("make_music", {"description": "epic in E minor", "seconds": 24, "seed": 8}, run)
    found = await described(run, music.audio.handle)
    assert found.key in ("E minor", "G major")
    assert f"The key may be another than {found.key}: the next one fits nearly as well." in found.limits
    assert "or half, double or one and a half times that." in found.summary


async def test_levels_and_clipping_are_measured(run: Run, making: ModuleType, tmp_path: Path) -> None:
    tone = making.tone(5.0, hertz=440.0, level=0.5)
    tone[32_000:48_000] = np.clip(tone[32_000:48_000] * 4, -1, 1)
    found = await described(run, making.wav(tmp_path / "tone.wav", tone))
    measured = values(found)
    assert measured["clipped_samples"] > 5_000
    assert -9 < measured["loudness_lufs"] < -4
    assert measured["pitch_low_hertz"] == pytest.approx(440, rel=0.05)
    assert measured["sound_silence_seconds"] == 0
    assert "It is clipped:" in found.summary and "from 2.0 s on" in found.summary
    assert "It is mono." in found.summary
    assert found.parts[0].what == "tone"


async def test_silence_is_described_as_silence(run: Run, making: ModuleType, tmp_path: Path) -> None:
    found = await described(run, making.wav(tmp_path / "none.wav", np.zeros(32_000, dtype=np.float32)))
    assert [one.what for one in found.parts] == ["silence"]
    assert (found.key, found.beats_per_minute) == (None, None)
    assert found.summary == "2.0 s: silence 2.0 s. It is mono."
    assert "loudness_lufs" not in values(found)


async def test_a_question_without_a_model_that_listens_is_not_answered_and_said(run: Run, mixed: Path) -> None:
    found = await described(run, mixed, question="Which instrument plays?")
    assert found.answer == ""
    assert any("The question was not answered: no model that listens is set" in one for one in found.limits)


async def test_asked_again_nothing_is_decoded(run: Run, mixed: Path) -> None:
    outcomes = [await perform("describe_sound", {"media": str(mixed)}, run) for _ in range(2)]
    assert [one.cached for one in outcomes] == [False, True]
    assert outcomes[0].provider == "sensorium"


@pytest.fixture
def listening(settings: Settings, server: Any) -> Iterator[Callable[..., Run]]:
    """Open a run whose model for `hear` takes sound in a chat."""
    opened: list[Run] = []

    def open_run(takes: tuple[str, ...] = ("audio",), degrade: bool = True) -> Run:
        ability = Ability(pattern="ears*", takes=takes)  # type: ignore[arg-type]
        endpoint = Endpoint(name="house", base_url=server.url, timeout_seconds=20.0, models=(ability,))
        models, endpoints = {"hear": "house:ears"}, {"house": endpoint}
        opened.append(Run.open(replace(settings, models=models, endpoints=endpoints, degrade=degrade)))
        return opened[-1]

    yield open_run
    for run in opened:
        run.library.close()


def says(script: ModuleType, text: str) -> Any:
    return script.Reply(body={"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": {}})


async def test_a_model_that_listens_is_quoted_as_a_model(
    listening: Callable[..., Run], server: Any, script: ModuleType, making: ModuleType, tmp_path: Path
) -> None:
    server.play(says(script, "A low hum, as of a fridge."))
    run = listening()
    media = making.wav(tmp_path / "hum.wav", making.tone(3.0, hertz=100.0))
    found = await described(run, media, question="What hums?")
    [asked] = server.requests
    [text, sound] = asked["messages"][0]["content"]
    assert text == {"type": "text", "text": "What hums?"}
    assert (sound["type"], sound["input_audio"]["format"]) == ("input_audio", "wav")
    sent = base64.b64decode(sound["input_audio"]["data"])
    assert sent[:4] == b"RIFF" and len(sent) == pytest.approx(3 * 32_000, abs=200)
    assert (found.answer, found.engine) == ("A low hum, as of a fridge.", "house:ears")
    quoted = found.moments[-1]
    assert (quoted.text, quoted.source.provider, quoted.source.quality) == (found.answer, "house:ears", "model")
    assert "`answer` is what a model says of the sound; nothing has measured it." in found.limits
    assert await described(run, media, question="What hums?") == found
    assert len(server.requests) == 1, "asked again it is free"


async def test_a_model_that_takes_no_sound_is_not_asked(
    listening: Callable[..., Run], server: Any, making: ModuleType, tmp_path: Path
) -> None:
    media = making.wav(tmp_path / "hum.wav", making.tone(1.0))
    assert (await described(listening(takes=("picture",)), media)).answer == ""
    assert server.requests == []


async def test_measures_are_given_when_the_model_fails(
    listening: Callable[..., Run], server: Any, script: ModuleType, making: ModuleType, tmp_path: Path
) -> None:
    server.play(script.Reply(status=500, body={"error": {"message": "out of order"}}))
    found = await described(listening(), making.wav(tmp_path / "hum.wav", making.tone(3.0)))
    assert found.answer == "" and found.parts
    assert any("`house:ears` did not answer" in one and "out of order" in one for one in found.limits)


async def test_a_failure_is_not_remembered(
    listening: Callable[..., Run], server: Any, script: ModuleType, making: ModuleType, tmp_path: Path
) -> None:
    media, run = making.wav(tmp_path / "hum.wav", making.tone(1.0)), listening()
    server.play(script.Reply(status=400, body={"error": {"message": "not now"}}), says(script, "A hum."))
    assert (await described(run, media)).answer == ""
    assert (await described(run, media)).answer == "A hum."


@pytest.mark.parametrize("question", [" ", "x" * 2001])
async def test_an_empty_or_endless_question_is_refused(run: Run, mixed: Path, question: str) -> None:
    with pytest.raises(ArgumentError, match="`question` has"):
        await described(run, mixed, question=question)


async def test_a_film_without_sound_is_refused(run: Run, making: ModuleType, tmp_path: Path) -> None:
    film = making.video(tmp_path / "film.mp4", lambda _: making.slide("A", width=64, height=64), seconds=1, fps=2)
    with pytest.raises(MediaError, match=r"'film\.mp4' has no audio track"):
        await described(run, film)


async def test_the_samples_are_described_as_what_they_are(run: Run, samples: Path) -> None:
    assert [one.what for one in (await described(run, samples / "audio" / "jfk.flac")).parts] == ["speech"]
    music = await described(run, samples / "audio" / "music_cc0.mp3")
    assert [one.what for one in music.parts] == ["music"]
    assert values(music)["loudness_lufs"] == pytest.approx(-18.8, abs=0.2)
