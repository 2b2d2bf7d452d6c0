"""Speech from a provider's job API: what is ordered there, and what comes of it."""

import io
import wave
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sensorium.tools import call
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, MediaError, ProviderError
from sensorium.tools.base.run import Run


def said(seconds: float, hertz: float = 300.0) -> bytes:
    """Return a WAV file."""
    out = io.BytesIO()
    samples = 0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * 24_000)) / 24_000)
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return out.getvalue()


@pytest.fixture
def speaks(studio: Any, job_server: ModuleType) -> Any:
    """The studio, which says each text for half a second."""
    studio.answering = lambda asked: job_server.Reply(body={"code": 0, "sound": said(0.5).hex()})
    return studio


def asked_of(studio: Any) -> list[dict[str, Any]]:
    return [one.body for one in studio.asked]


async def test_a_job_api_speaks_as_any_voice(speaks: Any) -> None:
    spoken = await call("speak", {"text": "Hello 你好. <#1#> Goodbye.", "words_per_minute": 240}, speaks.run)
    assert asked_of(speaks) == [
        {"text": "Hello 你好.", "voice": "narrator", "speed": 1.5},
        {"text": "Goodbye.", "voice": "narrator", "speed": 1.5},
    ]
    assert (spoken.engine, spoken.limits, spoken.seconds) == ("studio:say-1", [], pytest.approx(2.0, abs=0.01))
    assert speaks.run.budget.spent.usd == pytest.approx(0.5)
    assert await call("speak", {"text": "Hello 你好. <#1#> Goodbye.", "words_per_minute": 240}, speaks.run) == spoken
    assert len(speaks.asked) == 2, "asked again it is free"


async def test_voices_and_emotions_go_along(speaks: Any) -> None:
    text = "Tom: One.\nMia: Two."
    spoken = await call("speak", {"text": text, "voices": {"Tom": "t1", "Mia": "m1"}, "emotion": "Sad"}, speaks.run)
    assert [(one["voice"], one["emotion"]) for one in asked_of(speaks)] == [("t1", "sad"), ("m1", "sad")]
    assert [(one.speaker, one.start_seconds) for one in spoken.turns] == [("Tom", 0.0), ("Mia", 0.95)]


async def test_speakers_whose_voices_nobody_names_are_not_told_apart_and_that_is_said(speaks: Any) -> None:
    spoken = await call("speak", {"text": "Tom: One.\nMia: Two.", "voices": {}}, speaks.run)
    assert [one["text"] for one in asked_of(speaks)] == ["One.", "Two."]
    assert spoken.limits[-1] == "studio:say-1 says all lines in one voice: name those of Tom, Mia in `voices`."


async def test_a_text_is_parted_at_sentences_to_what_is_taken(speaks: Any) -> None:
    sentences = [f"Sentence {number} has just forty letters in it." for number in range(5)]
    await call("speak", {"text": " ".join(sentences)}, speaks.run)
    assert [one["text"] for one in asked_of(speaks)] == sentences


async def test_what_it_does_not_take_is_refused_before_anything_is_paid(speaks: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`studio:say-1` knows no `emotion` 'bored'\. It takes: happy, sad"):
        await call("speak", {"text": "One.", "emotion": "bored"}, speaks.run)
    with pytest.raises(ArgumentError, match=r"takes from 0\.5 to 2 as `speed`, and 2\.5 was asked for"):
        await call("speak", {"text": "One.", "words_per_minute": 400}, speaks.run)
    assert speaks.asked == [] and speaks.run.budget.spent.orders == 0


async def test_another_speaks_when_it_fails_unless_that_is_forbidden(studio: Any, job_server: ModuleType) -> None:
    studio.answering = lambda asked: job_server.Reply(status=500, body={"code": 5, "message": "out of order"})
    spoken = await call("speak", {"text": "Tom: One.", "voices": {"Tom": "t1"}}, studio.run)
    assert spoken.engine.startswith("espeak-ng")
    assert spoken.limits[0].startswith("Another voice than studio:say-1 speaks.")
    strict = replace(studio.run.settings, degrade=False)
    run = Run.open(strict)
    with pytest.raises(ProviderError, match="out of order"):
        await call("speak", {"text": "One."}, run)
    run.library.close()


@pytest.mark.parametrize("job_first", [True, False])
async def test_job_apis_and_endpoints_stand_in_for_each_other(
    studio: Any, job_server: ModuleType, server: Any, script: ModuleType, job_first: bool
) -> None:
    house = Endpoint(name="house", base_url=server.url, timeout_seconds=20.0)
    names = ["studio:say-1", "house:voice"] if job_first else ["house:voice", "studio:say-1"]
    settings = studio.run.settings
    run = Run.open(
        replace(
            settings,
            models={"speak": names[0]},
            fallbacks={"speak": (names[1],)},
            endpoints={**settings.endpoints, "house": house},
        )
    )
    broken = {"error": {"message": "out of order"}}
    if job_first:
        studio.answering = lambda asked: job_server.Reply(status=500, body={"code": 5, "message": "out of order"})
        server.play(script.Reply(body=said(0.5)))
    else:
        studio.answering = lambda asked: job_server.Reply(body={"code": 0, "sound": said(0.5).hex()})
        server.play(script.Reply(status=500, body=broken))
    spoken = await call("speak", {"text": "One."}, run)
    assert spoken.engine == names[1] and spoken.seconds == pytest.approx(0.5, abs=0.01)
    assert spoken.limits[0].startswith(f"Another voice than {names[0]} speaks.")
    assert [one.path for one in studio.asked] == ["/say"] * len(studio.asked)
    run.library.close()


@pytest.mark.parametrize(
    ("status", "priced", "asked_next"), [(500, True, False), (400, True, True), (500, False, True)]
)
async def test_nobody_else_is_paid_for_what_may_have_been_paid(
    studio: Any, job_server: ModuleType, server: Any, *, script: ModuleType, status: int, priced: bool, asked_next: bool
) -> None:
    price = {"prices": {"*": {"characters": 1e-5}}} if priced else {}
    house = Endpoint(name="house", base_url=server.url, timeout_seconds=20.0, **price)
    endpoints = {**studio.run.settings.endpoints, "house": house}
    models, fallbacks = {"speak": "studio:say-1"}, {"speak": ("house:voice",)}
    run = Run.open(replace(studio.run.settings, models=models, fallbacks=fallbacks, endpoints=endpoints))
    studio.answering = lambda asked: job_server.Reply(status=status, body={"code": 5, "message": "out of order"})
    server.play(script.Reply(body=said(0.5)))
    spoken = await call("speak", {"text": "One."}, run)
    assert spoken.engine.startswith("house" if asked_next else "espeak-ng")
    assert spoken.limits[0].startswith("Another voice than studio:say-1 speaks.")
    run.library.close()


async def test_silence_that_was_paid_is_named_and_nobody_else_is_paid(
    studio: Any, job_server: ModuleType, server: Any
) -> None:
    house = Endpoint(name="house", base_url=server.url, prices={"*": {"characters": 1e-5}})
    endpoints = {**studio.run.settings.endpoints, "house": house}
    models, fallbacks = {"speak": "studio:say-1"}, {"speak": ("house:voice",)}
    run = Run.open(replace(studio.run.settings, models=models, fallbacks=fallbacks, endpoints=endpoints))
    silence = said(0.5)[:44] + bytes(24_000)
    studio.answering = lambda asked: job_server.Reply(body={"code": 0, "sound": silence.hex()})
    spoken = await call("speak", {"text": "One."}, run)
    assert spoken.engine.startswith("espeak-ng") and server.requests == [] and len(studio.asked) == 1
    assert "its sound is silence. It is kept as artifact://sha256/" in spoken.limits[0]
    run.library.close()


async def test_a_dialogue_of_which_a_part_was_paid_is_not_paid_again_elsewhere(
    studio: Any, job_server: ModuleType, server: Any, script: ModuleType
) -> None:
    house = Endpoint(name="house", base_url=server.url, timeout_seconds=20.0, prices={"*": {"characters": 1e-5}})
    endpoints = {**studio.run.settings.endpoints, "house": house}
    models, fallbacks = {"speak": "studio:say-1"}, {"speak": ("house:voice",)}
    run = Run.open(replace(studio.run.settings, models=models, fallbacks=fallbacks, endpoints=endpoints))
    replies = [
        job_server.Reply(body={"code": 0, "sound": said(0.5).hex()}),
        job_server.Reply(status=400, body={"code": 5, "message": "not this one"}),
    ]
    studio.answering = lambda asked: replies.pop(0)
    spoken = await call("speak", {"text": "One. <#1#> Two."}, run)
    assert (spoken.engine[:9], server.requests) == ("espeak-ng", [])
    run.library.close()


async def test_what_is_no_sound_is_not_played(studio: Any, job_server: ModuleType) -> None:
    studio.answering = lambda asked: job_server.Reply(body={"code": 0, "sound": b"<html>no</html>".hex()})
    run = Run.open(replace(studio.run.settings, degrade=False))
    with pytest.raises(MediaError):
        await call("speak", {"text": "One."}, run)
    run.library.close()


async def test_it_is_tried_out_with_one_word(speaks: Any) -> None:
    [voice, *_] = speaks.run.models.ladder("speak")
    assert voice.missing() is None and await voice.try_out(speaks.run) is None
    assert asked_of(speaks) == [{"text": "Ready.", "voice": "narrator"}]
