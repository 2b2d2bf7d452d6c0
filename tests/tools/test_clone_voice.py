"""A voice is learnt from a sample, and only with a recorded statement of its speaker."""

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, MediaError, UnavailableError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.speak import speak

SAMPLE = "The pendulum swings from one side to the other. Each time it comes back a little lower than it was before."
STATEMENT = "I consent to my voice being cloned by this program."


@pytest.fixture
def learns(studio: Any, job_server: ModuleType) -> Any:
    """The studio, which learns every voice under one name."""
    studio.answering = lambda asked: job_server.Reply(body={"code": 0, "voice": "voice-77"})
    return studio


@pytest.fixture
def spoken(settings: Settings) -> Any:
    """Say a text with the embedded voice, and return the file."""
    runs: list[Run] = []

    async def say(text: str, **more: Any) -> Path:
        run = Run.open(replace(settings, home=settings.home / "speaking"))
        runs.append(run)
        made = await call(speak, {"text": text, **more}, run)
        return run.path(made.audio.handle)

    yield say
    for run in runs:
        run.library.close()


def hearing(studio: Any, server: Any, script: ModuleType, words: str, language: str = "english") -> Run:
    """Return a run over the studio's settings whose recogniser hears these words."""
    server.hearing = lambda asked: script.Reply(body={"text": words, "language": language})
    ears = Endpoint(name="ears", base_url=server.url, timeout_seconds=20.0)
    settings = studio.run.settings
    return Run.open(
        replace(
            settings,
            models={**settings.models, "hear": "ears:whisper"},
            endpoints={**settings.endpoints, "ears": ears},
        )
    )


async def test_a_voice_is_learnt_and_its_consent_kept(
    learns: Any, spoken: Any, server: Any, script: ModuleType
) -> None:
    run = hearing(learns, server, script, STATEMENT)
    sample, consent = await spoken(SAMPLE), await spoken(STATEMENT)
    made = await call("clone_voice", {"sample": str(sample), "consent": str(consent), "name": "Tom"}, run)
    assert (made.voice, made.name, made.provider) == ("voice-77", "Tom", "studio:say-1")
    [asked] = learns.asked
    assert asked.path == "/learn" and asked.body["sample"][:4] == b"RIFF"
    assert made.sample_seconds > 5
    assert run.path(made.statement.handle).read_bytes() == consent.read_bytes()
    record = json.loads(run.path(made.record.handle).read_text())
    assert (record["voice"], record["consent"]["recording"]) == ("voice-77", made.statement.handle)
    assert record["consent"]["words"] == STATEMENT
    assert any("Its words speak of consent" in one for one in made.checks)
    assert any("was not checked: no tool here knows speakers" in one for one in made.checks)
    assert not any("`title`" in one for one in made.limits)
    run.library.close()


async def test_without_consent_it_is_refused_and_nothing_is_sent(learns: Any, spoken: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`consent` is missing: .* 'I consent to my voice being cloned'"):
        await call("clone_voice", {"sample": str(await spoken(SAMPLE))}, learns.run)
    assert learns.asked == []


async def test_a_statement_is_a_recording_of_its_own(learns: Any, spoken: Any) -> None:
    sample = await spoken(SAMPLE)
    both = await spoken(f"{SAMPLE} {STATEMENT}")
    cut = await call("edit_media", {"task": "trim", "media": str(sample), "start_seconds": 0.83}, learns.run)
    small = await call("edit_media", {"task": "convert", "media": cut.file, "format": "mp3"}, learns.run)
    for consent, words in ((sample, "the same file"), (small.file, "two parts of the same recording")):
        with pytest.raises(ArgumentError, match=rf"{words}\. Consent is a recording of its own"):
            await call("clone_voice", {"sample": str(sample), "consent": consent}, learns.run)
    end = await call("edit_media", {"task": "trim", "media": str(both), "start_seconds": 5.9}, learns.run)
    with pytest.raises(ArgumentError, match="two parts of the same recording"):
        await call("clone_voice", {"sample": str(both), "consent": end.file}, learns.run)
    assert learns.asked == []


@pytest.mark.parametrize("words", ["I do not consent to my voice being cloned.", "Revenue grew twelve percent."])
async def test_words_that_are_no_consent_are_refused(
    words: str, learns: Any, spoken: Any, server: Any, script: ModuleType
) -> None:
    run = hearing(learns, server, script, words)
    asked = {"sample": str(await spoken(SAMPLE)), "consent": str(await spoken(words))}
    with pytest.raises(ArgumentError, match=f"hears '{words}' in it: that is no consent"):
        await call("clone_voice", asked, run)
    assert learns.asked == [] and run.budget.spent.orders == 1, "only the recogniser was asked"
    run.library.close()


async def test_a_statement_that_nothing_can_write_down_is_kept_and_said_so(learns: Any, spoken: Any) -> None:
    run = Run.open(replace(learns.run.settings, models={**learns.run.settings.models, "hear": "silero"}))
    asked = {"sample": str(await spoken(SAMPLE)), "consent": str(await spoken(STATEMENT))}
    made = await call("clone_voice", asked, run)
    assert any(one.startswith("Its words were not checked") for one in made.checks)
    run.library.close()


async def test_words_of_another_language_are_kept_and_not_judged(
    learns: Any, spoken: Any, server: Any, script: ModuleType
) -> None:
    run = hearing(learns, server, script, "Je consens au clonage.", "french")
    asked = {"sample": str(await spoken(SAMPLE)), "consent": str(await spoken(STATEMENT))}
    made = await call("clone_voice", asked, run)
    assert "They are in 'fr', in which consent is not known here: 'Je consens au clonage.'." in made.checks
    run.library.close()


async def test_a_statement_without_a_voice_is_refused(
    learns: Any, spoken: Any, making: ModuleType, tmp_path: Path
) -> None:
    tone = making.wav(tmp_path / "tone.wav", making.tone(4.0))
    with pytest.raises(ArgumentError, match=r"'tone\.wav', in which 0\.0 s are speech: that is no statement"):
        await call("clone_voice", {"sample": str(await spoken(SAMPLE)), "consent": str(tone)}, learns.run)
    assert learns.asked == []


async def test_too_short_a_sample_is_refused(learns: Any, spoken: Any) -> None:
    asked = {"sample": str(await spoken("Hello.")), "consent": str(await spoken(STATEMENT))}
    with pytest.raises(ArgumentError, match=r"s of speech in .* a sample needs at least 5 s of one voice"):
        await call("clone_voice", asked, learns.run)
    assert learns.asked == []


async def test_a_file_without_sound_is_refused(learns: Any, spoken: Any, making: ModuleType, tmp_path: Path) -> None:
    film = making.video(tmp_path / "film.mp4", lambda _: making.slide("A", width=64, height=64), seconds=1, fps=2)
    with pytest.raises(MediaError, match=r"'film\.mp4' has no audio track"):
        await call("clone_voice", {"sample": str(film), "consent": str(await spoken(STATEMENT))}, learns.run)


async def test_noise_and_clipping_of_a_sample_are_said(
    learns: Any, spoken: Any, making: ModuleType, tmp_path: Path
) -> None:
    import wave

    with wave.open(str(await spoken(f"{SAMPLE} <#1#> {SAMPLE}")), "rb") as file:
        clean = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768
    noisy = np.clip(12 * clean, -1, 1) * 0.9999 + np.random.default_rng(1).standard_normal(len(clean)) * 0.15
    sample = making.wav(tmp_path / "noisy.wav", noisy.astype(np.float32), rate=22_050)
    run = Run.open(replace(learns.run.settings, models={**learns.run.settings.models, "hear": "silero"}))
    made = await call("clone_voice", {"sample": str(sample), "consent": str(await spoken(STATEMENT))}, run)
    assert any(one.startswith("The sample is clipped") for one in made.limits)
    run.library.close()


async def test_who_learns_no_voices_says_who_does(run: Run, spoken: Any) -> None:
    asked = {"sample": str(await spoken(SAMPLE)), "consent": str(await spoken(STATEMENT))}
    with pytest.raises(UnavailableError, match=r"no provider of speech is set\. Set `SENSORIUM_SPEAK=minimax:"):
        await call("clone_voice", asked, run)
    house = Endpoint(name="house", base_url="http://127.0.0.1:9/v1")
    other = Run.open(replace(run.settings, models={"speak": "house:voice"}, endpoints={"house": house}))
    with pytest.raises(UnavailableError, match="`house:voice` learns no voices"):
        await call("clone_voice", asked, other)
    other.library.close()
