import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound
from sensorium.tools.providers import silero
from sensorium.tools.providers.silero import speech_spans


async def voice(run: Run, text: str) -> np.ndarray:
    audio = (await call("speak", {"text": text}, run)).audio
    return decode_sound(run.path(audio.handle), audio.name, run).samples


async def test_speech_is_found_between_tone_noise_and_silence(run: Run, making: ModuleType) -> None:
    said = await voice(run, "The pendulum swings from one side to the other.")
    noise = np.random.default_rng(1).normal(0, 0.02, 48_000).astype(np.float32)
    sound = np.concatenate([making.tone(3.0, level=0), said, noise, making.tone(3.0)])
    [(start, end)] = speech_spans(sound, run)
    assert start == pytest.approx(3.0, abs=0.3)
    assert end == pytest.approx(3.0 + len(said) / 16_000, abs=0.5)


async def test_what_a_block_cuts_apart_is_joined(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said = await voice(run, "The pendulum swings from one side to the other, again and again.")
    whole = speech_spans(said, run)
    monkeypatch.setattr(silero, "_BLOCK_SECONDS", 2)
    assert speech_spans(said, run) == [pytest.approx(whole[0], abs=0.2)]


async def test_long_speech_is_split_on_request(run: Run) -> None:
    said = await voice(run, "The pendulum swings from one side to the other. " * 8)
    spans = speech_spans(said, run, longest_seconds=8.0)
    assert len(spans) > 1
    assert all(end - start <= 8.0 for start, end in spans)


def test_mandarin_is_speech_too(run: Run, samples: Path) -> None:
    path = samples / "audio" / "aishell-BAC009S0724W0121.wav"
    [(start, end)] = speech_spans(decode_sound(path, path.name, run).samples, run)
    assert 0.1 < start < 0.6 and 3.3 < end < 4.28


def test_music_is_no_speech(run: Run, samples: Path) -> None:
    path = samples / "audio" / "music_cc0.mp3"
    assert speech_spans(decode_sound(path, path.name, run).samples, run) == []


def test_a_package_that_another_thread_is_importing_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    # At first a module in the making says nothing about where it comes from.
    monkeypatch.setitem(sys.modules, "onnxruntime", ModuleType("onnxruntime"))
    assert silero.Silero().missing() is None
