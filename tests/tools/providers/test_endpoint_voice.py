"""Speech made behind an endpoint: what it is asked to say, and the sound that comes back."""

import io
import re
import struct
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sensorium.tools import call
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import MediaError, ProviderError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings


@pytest.fixture
def speaking(settings: Settings, server: Any) -> Iterator[Callable[..., Run]]:
    """Open a run that speaks through the scripted server."""
    opened: list[Run] = []

    def open_run(degrade: bool = True) -> Run:
        endpoint = Endpoint(name="house", base_url=server.url, timeout_seconds=20.0)
        models, endpoints = {"speak": "house:voice"}, {"house": endpoint}
        opened.append(Run.open(replace(settings, models=models, endpoints=endpoints, degrade=degrade)))
        return opened[-1]

    yield open_run
    for run in opened:
        run.library.close()


def tone(seconds: float, *, streamed: bool = False) -> bytes:
    """Return a WAV file; a streamed one does not know its length, as OpenAI sends it."""
    out = io.BytesIO()
    samples = 0.4 * np.sin(2 * np.pi * 500 * np.arange(int(seconds * 24_000)) / 24_000)
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    made = bytearray(out.getvalue())
    if streamed:
        made[4:8] = made[40:44] = struct.pack("<I", 0xFFFFFFFF)
    return bytes(made)


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_text_is_said_in_one_voice_with_its_pauses(
    speaking: Callable[..., Run], server: Any, script: ModuleType, streamed: bool
) -> None:
    run = speaking()
    server.play(script.Reply(body=tone(1.0, streamed=streamed)), script.Reply(body=tone(0.5, streamed=streamed)))
    spoken = await call("speak", {"text": "Hello 你好 there. <#2#> Goodbye.", "words_per_minute": 240}, run)
    assert [one["input"] for one in server.requests] == ["Hello 你好 there.", "Goodbye."]
    asked = {name: server.requests[0][name] for name in ("model", "voice", "response_format", "speed")}
    assert asked == {"model": "voice", "voice": "alloy", "response_format": "wav", "speed": 1.5}
    assert spoken.seconds == pytest.approx(3.5, abs=0.05)
    assert (spoken.engine, spoken.limits) == ("house:voice", [])
    with wave.open(str(run.path(spoken.audio.handle)), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float32) / 32768
    loud = np.abs(samples) > 0.05
    assert loud[: 24_000 - 500].mean() > 0.8 and not loud[25_000:71_000].any() and loud[73_000:83_000].mean() > 0.8
    assert run.budget.spent.units["characters"] == len("Hello 你好 there.") + len("Goodbye.")
    assert await call("speak", {"text": "Hello 你好 there. <#2#> Goodbye.", "words_per_minute": 240}, run) == spoken
    assert len(server.requests) == 2, "asked again it is free"


async def test_another_voice_speaks_and_says_so_when_it_fails_unless_that_is_forbidden(
    speaking: Callable[..., Run], server: Any, script: ModuleType
) -> None:
    broken = script.Reply(status=500, body={"error": {"message": "out of order"}})
    server.play(broken)
    spoken = await call("speak", {"text": "Hello."}, speaking())
    assert spoken.engine.startswith("espeak-ng")
    assert spoken.limits[0].startswith("Another voice than house:voice speaks. house:voice: `house` failed (500): out")
    server.play(broken)
    with pytest.raises(ProviderError, match="out of order"):
        await call("speak", {"text": "Hello."}, speaking(degrade=False))


def without_numbers() -> bytes:
    """A WAV file of a second whose samples are not numbers."""
    samples = np.full(24_000, np.nan, dtype="<f4").tobytes()
    form = struct.pack("<IHHIIHH", 16, 3, 1, 24_000, 96_000, 4, 32)
    head = b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " + form
    return head + b"data" + struct.pack("<I", len(samples)) + samples


@pytest.mark.parametrize(
    "body",
    ["<html><title>Sign in</title></html>", {"error": {"message": "no voice"}}, b"\x00\x01", without_numbers()],
    ids=["page", "error", "bytes", "no-numbers"],
)
async def test_what_is_no_sound_is_not_played(
    speaking: Callable[..., Run], server: Any, script: ModuleType, body: Any
) -> None:
    server.play(script.Reply(body=body))
    spoken = await call("speak", {"text": "Hello."}, speaking())
    assert spoken.engine.startswith("espeak-ng") and "house:voice" in spoken.limits[0]


LONG = "The pendulum swings from one side to the other, a little lower each time. " * 4


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        ("Hello.", 0, "its sound is silence"),
        (LONG, 1, r"something is heard for 1\.5 s, and its 232 letters take 5 s at least"),
        ("钟摆从一边摆到另一边，一次低一点。" * 5, 1, r"something is heard for 1\.5 s, and its 75 letters take 5 s at"),
    ],
    ids=["silence", "cut-off", "cut-off-hanzi"],
)
async def test_silence_and_a_part_of_the_words_are_refused_and_kept(
    speaking: Callable[..., Run], server: Any, script: ModuleType, *, text: str, level: int, words: str
) -> None:
    sound = tone(1.5)
    sound = sound if level else sound[:44] + bytes(len(sound) - 44)
    server.play(script.Reply(body=sound))
    run = speaking(degrade=False)
    with pytest.raises(MediaError, match=words) as refused:
        await call("speak", {"text": text}, run)
    kept = re.search(r"kept as (artifact://sha256/[0-9a-f]{64})", str(refused.value))
    assert kept is not None and run.path(kept[1]).read_bytes() == sound
    assert len(server.requests) == 1


async def test_fast_speech_is_as_short_as_it_was_ordered(
    speaking: Callable[..., Run], server: Any, script: ModuleType
) -> None:
    server.play(script.Reply(body=tone(5)))
    spoken = await call("speak", {"text": LONG, "words_per_minute": 450}, speaking())
    assert (spoken.engine, spoken.limits) == ("house:voice", [])


@pytest.mark.parametrize(("seconds", "is_told"), [(8.0, True), (16.0, False)])
async def test_speech_of_which_half_may_be_missing_is_given_with_a_note(
    speaking: Callable[..., Run], server: Any, script: ModuleType, *, seconds: float, is_told: bool
) -> None:
    server.play(script.Reply(body=tone(seconds)))
    spoken = await call("speak", {"text": LONG}, speaking())
    told = "Its 232 letters are heard in 8.0 s, in which few could say them: a part may be missing."
    assert (spoken.engine, spoken.limits) == ("house:voice", [told] if is_told else [])


async def test_a_model_that_tells_nothing_of_its_voices_has_its_usual_one_and_that_is_said(
    speaking: Callable[..., Run], server: Any, script: ModuleType
) -> None:
    server.play(script.Reply(body=tone(0.5)))
    spoken = await call("speak", {"text": "One.", "voice": "female"}, speaking())
    assert server.requests[0]["voice"] == "alloy"
    assert "house:voice does not say which of its voices are female" in spoken.limits[0]


async def test_speakers_of_a_dialogue_are_voices_of_the_model(
    speaking: Callable[..., Run], server: Any, script: ModuleType
) -> None:
    server.play(*[script.Reply(body=tone(0.5))] * 2)
    asked = {"text": "A: One 一.\nB: Two.", "voices": {"A": "echo", "B": "nova"}}
    spoken = await call("speak", asked, speaking())
    assert [(one["voice"], one["input"]) for one in server.requests] == [("echo", "One 一."), ("nova", "Two.")]
    times = [(one.speaker, one.start_seconds, one.end_seconds) for one in spoken.turns]
    assert times == [("A", 0.0, 0.5), ("B", 0.95, 1.45)]


async def test_who_stands_in_speaks_with_voices_of_its_own(
    speaking: Callable[..., Run], server: Any, script: ModuleType
) -> None:
    server.play(script.Reply(status=500, body={"error": {"message": "out of order"}}))
    asked = {"text": "A: One.\nB: 二。", "voices": {"A": "echo", "B": "nova"}}
    spoken = await call("speak", asked, speaking())
    assert [one.voice for one in spoken.turns] == ["en-us", "cmn+f3"]
    assert "It has not the voices that were named (echo, nova), and speaks with its own." in spoken.limits


async def test_an_emotion_is_told_to_models_that_take_instructions(
    speaking: Callable[..., Run], server: Any, script: ModuleType
) -> None:
    server.play(*[script.Reply(body=tone(0.5))] * 2)
    run = speaking()
    spoken = await call("speak", {"text": "One.", "emotion": "sad"}, run)
    assert "instructions" not in server.requests[0]
    assert spoken.limits == ["house:voice takes no emotion; 'sad' was left out."]
    told = replace(run.settings, models={"speak": "house:gpt-4o-mini-tts"})
    other = Run.open(told)
    spoken = await call("speak", {"text": "One.", "emotion": "sad"}, other)
    other.library.close()
    assert server.requests[1]["instructions"] == "Sound sad."
    assert spoken.limits == []
