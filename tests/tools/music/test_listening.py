from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sensorium.tools.music.levels import levels
from sensorium.tools.music.listening import listen
from sensorium.tools.music.telling import Part, parts
from sensorium.tools.music.tunes import key_of, tempo_of

RATE = 16_000


@pytest.fixture
def heard(tmp_path: Path, making: ModuleType, quiet: Any) -> Callable[..., Any]:
    """Listen to mono samples."""

    def hear(samples: np.ndarray, rate: int = RATE) -> Any:
        return listen(making.wav(tmp_path / "a.wav", samples.astype(np.float32), rate=rate), "a.wav", quiet)

    return hear


def noise(seconds: float, colour: float = 0.0) -> np.ndarray:
    """Return noise that falls by so many times 6 dB an octave."""
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(count))
    made = np.fft.irfft(spectrum / np.maximum(np.fft.rfftfreq(count), 1e-4) ** colour, count)
    return 0.2 * made / np.abs(made).max()


def test_a_tone_has_its_level_pitch_and_brightness(heard: Callable[..., Any], making: ModuleType) -> None:
    measured = heard(making.tone(3.0, hertz=220.0, level=0.5))
    middle = slice(10, 80)
    assert measured.seconds == pytest.approx(3.0, abs=0.01)
    assert np.allclose(measured.levels_db[middle], 20 * np.log10(0.5 / np.sqrt(2)), atol=0.2)
    assert np.allclose(measured.pitches_hertz[middle], 220, rtol=0.02)
    assert np.allclose(measured.brightness_hertz[middle], 220, rtol=0.1)
    assert measured.flatness[middle].max() < 0.01 and measured.tonal[middle].min() > 0.7
    assert measured.chroma[1].argmax() == 9


def test_noise_has_no_pitch_and_is_flat(heard: Callable[..., Any]) -> None:
    measured = heard(noise(3.0))
    assert (measured.pitches_hertz == 0).all()
    assert np.median(measured.flatness) > 0.4 and np.median(measured.tonal) < 0.05
    assert key_of(measured.chroma) is None or key_of(measured.chroma).lead < 0.2


def test_silence_and_nothing_are_measured(heard: Callable[..., Any]) -> None:
    measured = heard(np.zeros(RATE * 6))
    assert measured.levels_db.max() < -90
    assert (key_of(measured.chroma), tempo_of(measured.onsets)) == (None, None)
    assert [one.what for one in parts(measured, [])] == ["silence"]
    assert len(heard(np.zeros(160)).levels_db) == 1


def test_clicks_have_a_tempo_and_one_chord_a_key(heard: Callable[..., Any]) -> None:
    at = np.arange(RATE * 12) / RATE
    clicks = np.exp(-((at % 0.6) / 0.01)) * np.sin(2 * np.pi * 900 * at) * 0.5
    found = tempo_of(heard(clicks).onsets)
    assert found is not None and found.beats_per_minute == pytest.approx(100, rel=0.02)
    chord = sum(0.1 * np.sin(2 * np.pi * hertz * at) for hertz in (196.0, 246.94, 293.66, 392.0, 587.33))
    key = key_of(heard(chord).chroma)
    assert key is not None and key.key.name == "G major"


def test_parts_follow_each_other_from_start_to_end(heard: Callable[..., Any], played: Callable[..., Any]) -> None:
    import wave

    with wave.open(str(played("happy")[2]), "rb") as file:
        music = np.frombuffer(file.readframes(8 * 44_100), dtype="<i2").reshape(-1, 2).mean(axis=1) / 32768
    music = np.interp(np.arange(8 * RATE) / RATE, np.arange(len(music)) / 44_100, music)
    at = np.arange(4 * RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * at)
    sound = np.concatenate([np.zeros(3 * RATE), music, noise(4.0, 0.5), tone])
    found = parts(heard(sound), [])
    assert [one.what for one in found] == ["silence", "music", "noise", "tone"]
    for part, border in zip(found[1:], (3.0, 11.0, 15.0), strict=True):
        assert part.start_seconds == pytest.approx(border, abs=1.0)
    assert found[0].start_seconds == 0 and found[-1].end_seconds == pytest.approx(19.0, abs=0.01)
    assert all(one.end_seconds == two.start_seconds for one, two in pairwise(found))


def test_what_a_voice_model_says_is_speech(heard: Callable[..., Any]) -> None:
    measured = heard(noise(6.0, 1.5))
    assert [one.what for one in parts(measured, [])] == ["sound"], "rules cannot name it"
    assert parts(measured, [(0.0, 3.0)])[0] == Part("speech", 0.0, 3.0)


def test_levels_of_stereo_are_measured(tmp_path: Path, quiet: Any) -> None:
    import wave

    at = np.arange(48_000 * 3) / 48_000
    left = np.clip(1.6 * np.sin(2 * np.pi * 440 * at), -1, 1)
    left[: 48_000 * 2] *= 0.25
    stereo = np.stack([left, -0.5 * left], axis=1)
    with wave.open(str(tmp_path / "s.wav"), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes((stereo * 32767).astype("<i2").tobytes())
    found = levels(tmp_path / "s.wav", "s.wav", quiet)
    assert (found.channels, found.samples_per_second) == (2, 48_000)
    assert found.correlation == pytest.approx(-1, abs=0.001)
    assert found.balance_db == pytest.approx(-6.02, abs=0.05)
    assert found.true_peak_db == pytest.approx(0.3, abs=0.5)
    assert found.clipped_samples > 10_000
    [(start, end)] = found.clipped_spans
    assert (start, end) == (pytest.approx(2.0, abs=0.05), pytest.approx(3.0, abs=0.05))


@pytest.mark.parametrize("channels", [1, 3, 8, 16])
def test_any_number_of_channels_is_measured(tmp_path: Path, quiet: Any, channels: int) -> None:
    import wave

    with wave.open(str(tmp_path / "many.wav"), "wb") as file:
        file.setparams((channels, 2, RATE, 0, "NONE", ""))
        file.writeframes((noise(1.0 * channels) * 32767).astype("<i2").tobytes())
    found = levels(tmp_path / "many.wav", "many.wav", quiet)
    assert found.channels == channels and found.loudness_lufs is not None
    assert listen(tmp_path / "many.wav", "many.wav", quiet).seconds == pytest.approx(1.0, abs=0.01)


def test_levels_of_silence_are_none(tmp_path: Path, making: ModuleType, quiet: Any) -> None:
    found = levels(making.wav(tmp_path / "z.wav", np.zeros(32_000, dtype=np.float32)), "z.wav", quiet)
    assert (found.loudness_lufs, found.true_peak_db, found.clipped_samples) == (None, None, 0)
    assert (found.correlation, found.balance_db) == (None, None)


def test_the_samples_are_heard_as_what_they_are(samples: Path, quiet: Any) -> None:
    music = listen(samples / "audio" / "music_cc0.mp3", "music", quiet)
    assert [one.what for one in parts(music, [])] == ["music"]
    speech = listen(samples / "audio" / "jfk.flac", "jfk", quiet)
    assert "music" not in {one.what for one in parts(speech, [])}
    assert key_of(speech.chroma) is None
