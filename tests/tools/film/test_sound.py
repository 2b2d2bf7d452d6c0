"""The sound of a film: ducked, limited, looped and measured."""

from itertools import pairwise
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.run import Run
from sensorium.tools.base.sound_blocks import Reading, stereo_blocks
from sensorium.tools.film.limiting import Limiter
from sensorium.tools.film.mixing import RATE, Ducking, Mixer
from sensorium.tools.film.shots import Strip
from sensorium.tools.film.survey import Found
from sensorium.tools.film.timeline import Sound, _music

BLOCK = 19_200


def tone(seconds: float, hertz: float, level: float) -> np.ndarray:
    one = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([one, one]).astype(np.float32)


def limited(sound: np.ndarray, gain_db: float, peak_db: float) -> np.ndarray:
    limiter = Limiter(gain_db, peak_db)
    parts = [limiter.limit(sound[:, at : at + BLOCK]) for at in range(0, sound.shape[1], BLOCK)]
    return np.concatenate([*parts, limiter.finish()], axis=1)


def true_peak_db(sound: np.ndarray) -> float:
    spectrum = np.fft.rfft(sound, axis=1)
    more = np.pad(spectrum, ((0, 0), (0, 3 * (sound.shape[1] // 2))))
    return float(20 * np.log10(np.abs(np.fft.irfft(more, axis=1) * more.shape[1] / spectrum.shape[1]).max()))


@pytest.mark.parametrize("kind", ["steady", "between samples", "bursts", "at once"])
def test_peaks_stay_under_the_limit_and_nothing_is_lost(kind: str) -> None:
    sound = tone(2.1, 997, 0.9)
    if kind == "between samples":
        sound[:] = np.sin(np.pi / 2 * np.arange(sound.shape[1]) + np.pi / 4)
    elif kind == "bursts":
        sound[:, (np.arange(sound.shape[1]) % 24_000) > 800] *= 0.05
    elif kind == "at once":
        sound[:, 4800:] *= 0.1
    out = limited(sound, 6.0, -2.0)
    assert out.shape == sound.shape
    assert true_peak_db(out) < -1.7
    # Steady sound stays what it was, as loud as it may be.
    if kind == "steady":
        assert true_peak_db(out[:, 4800:-4800]) > -2.6
        similar = np.corrcoef(out[0, 4800:-4800], sound[0, 4800:-4800])[0, 1]
        assert similar > 0.9999


def test_what_is_below_the_limit_is_only_made_louder() -> None:
    sound = tone(1.37, 440, 0.1)
    assert np.allclose(limited(sound, 6.0, -2.0), sound * 10**0.3, atol=1e-6)


def test_music_is_soft_before_speech_begins_and_through_its_pauses() -> None:
    silence, speech = np.zeros((2, BLOCK), np.float32), tone(0.4, 200, 0.2)
    ducking = Ducking(-12.0)
    script = [silence] * 3 + [speech] * 3 + [silence] + [speech] * 2 + [silence] * 8
    gains = [ducking.gain(now, after) for now, after in zip(script, [*script[1:], None], strict=True)]
    decibels = [20 * np.log10(one) for one in gains]
    assert decibels[1].min() > -0.1
    assert decibels[2][-1] < -10  # before the first word
    assert max(one.max() for one in decibels[3:9]) < -9.9  # through the pause, too
    assert decibels[-1][-1] > -0.5
    assert max(np.abs(np.diff(np.concatenate(decibels)))) < 0.01  # without a step


def test_strips_are_heard_where_they_belong(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = making.wav(tmp_path / "tone.wav", making.tone(4, hertz=500, level=0.5))
    strips = [
        Strip(kind="speech", handle="x", name="x", at_seconds=1.0, seconds=0.5),
        Strip(kind="speech", handle="x", name="x", at_seconds=2.0, seconds=0.5, from_seconds=1.0, gain_db=-20),
    ]
    mixed = np.concatenate(list(Mixer(strips, 3.1, lambda handle: path, run, duck_db=-12).blocks()), axis=1)
    assert mixed.shape == (2, round(3.1 * RATE))
    loud = np.abs(mixed).max(axis=0)
    heard = np.flatnonzero(loud > 0.02) / RATE
    first, second = heard[heard < 1.8], heard[heard > 1.8]
    assert first[0] == pytest.approx(1.0, abs=0.02) and first[-1] == pytest.approx(1.5, abs=0.02)
    assert second[0] == pytest.approx(2.0, abs=0.02) and second[-1] == pytest.approx(2.5, abs=0.02)
    # One channel goes to both sides with half its power each.
    assert loud[: 2 * RATE].max() == pytest.approx(0.5 / 2**0.5, rel=0.05)
    assert loud[2 * RATE :].max() == pytest.approx(0.05 / 2**0.5, rel=0.05)


@pytest.mark.parametrize("length", [0.9, 3.0, 10.0, 60.0])
def test_music_plays_to_the_end_without_a_gap(length: float) -> None:
    sound = Sound(handle="x", name="x", found=Found(seconds=length, has_sound=True, loudness_lufs=-20.0))
    strips = _music(sound, 25.0, 0.0)
    assert strips[0].at_seconds == 0.0
    last = strips[-1]
    assert last.at_seconds + last.seconds == pytest.approx(25.0)
    for one, after in pairwise(strips):
        overlap = one.at_seconds + one.seconds - after.at_seconds
        assert 0 < overlap <= min(one.fall_seconds, after.rise_seconds) + 1e-6
    assert last.fall_seconds >= min(0.5, last.seconds) or len(strips) == 1
    assert all(one.seconds <= length + 1e-9 and one.gain_db == pytest.approx(-2.0) for one in strips)


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "m4a", "mkv", "ogg", "mp4"])
def test_sound_from_far_into_a_file_is_at_its_place(run: Run, making: ModuleType, tmp_path: Path, ending: str) -> None:
    rate, path = 16_000, tmp_path / f"long.{ending}"
    sound = making.tone(80, hertz=400, level=0.01)
    sound[70 * rate :] *= 50
    if ending == "mp4":
        making.video(path, lambda n: Image.new("RGB", (64, 36)), seconds=80, fps=2, sound=sound)
    else:
        codec = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame", "ogg": "libopus"}.get(ending, "aac")
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=48_000 if codec == "libopus" else rate, layout="mono")
            context = stream.codec_context
            resampler = av.AudioResampler(context.format.name, "mono", context.sample_rate, context.frame_size or 1024)
            whole = av.AudioFrame.from_ndarray((sound[None] * 32767).astype(np.int16), format="s16", layout="mono")
            whole.sample_rate = rate
            for frame in [*resampler.resample(whole), *resampler.resample(None)]:
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))

    def begins_and_ends(from_seconds: float) -> tuple[float, float]:
        blocks = stereo_blocks(path, "long", run, RATE, Reading(), from_seconds=from_seconds)
        heard = np.concatenate(list(blocks), axis=1)
        loud = np.flatnonzero(np.abs(heard[0]) > 0.15)
        return from_seconds + loud[0] / RATE, from_seconds + heard.shape[1] / RATE

    assert begins_and_ends(61.5) == pytest.approx(begins_and_ends(0.0), abs=0.03)
