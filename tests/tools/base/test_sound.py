import wave
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

from sensorium.tools.base.errors import Cancelled, MediaError
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound, loudness_lufs, silences
from sensorium.tools.base.sound_blocks import Reading


def beep(making: ModuleType, *, at: float, seconds: float, rate: int = 16_000) -> np.ndarray:
    """A second of tone in silence."""
    samples = np.zeros(int(seconds * rate), dtype=np.float32)
    samples[int(at * rate) : int((at + 1) * rate)] = making.tone(1.0, rate=rate)
    return samples


def starts_at(samples: np.ndarray, rate: int) -> float:
    return float(np.flatnonzero(np.abs(samples) > 0.1)[0] / rate)


def remux(
    source: Path, target: Path, *, shift_sound_seconds: float = 0.0, options: dict[str, str] | None = None
) -> Path:
    """Copy the packets, the sound later by some seconds."""
    with av.open(str(source)) as given, av.open(str(target), "w", options=options or {}) as made:
        copies = {stream.index: made.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "audio":
                shift = round(shift_sound_seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = copies[packet.stream.index]
            made.mux(packet)
    return target


def test_a_wav_is_decoded_to_the_asked_rate(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = making.wav(tmp_path / "a.wav", making.tone(2.0, rate=44_100), rate=44_100)
    sound = decode_sound(path, "a.wav", run)
    assert (sound.rate, sound.partial, sound.limits) == (16_000, False, ())
    assert sound.seconds == pytest.approx(2.0, abs=0.001)
    assert sound.samples.dtype == np.float32
    assert len(sound.samples) == round(sound.seconds * 16_000)
    assert np.abs(sound.samples).max() == pytest.approx(0.3, abs=0.01)


def test_sound_that_starts_after_the_picture_keeps_its_time(run: Run, making: ModuleType, tmp_path: Path) -> None:
    picture = making.slide("A")
    source = making.video(tmp_path / "a.mp4", lambda n: picture, seconds=4, sound=beep(making, at=0.5, seconds=2))
    late = remux(source, tmp_path / "late.mkv", shift_sound_seconds=1.5)
    assert starts_at(decode_sound(source, "a", run).samples, 16_000) == pytest.approx(0.5, abs=0.07)
    assert starts_at(decode_sound(late, "late", run).samples, 16_000) == pytest.approx(2.0, abs=0.07)


def test_a_hole_in_the_sound_is_silence(run: Run, making: ModuleType, tmp_path: Path) -> None:
    source = making.video(tmp_path / "a.mp4", lambda n: making.slide("A"), seconds=3, sound=making.tone(3.0))
    target = tmp_path / "hole.mkv"
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        copies = {stream.index: made.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if packet.dts is None or (packet.stream.type == "audio" and 1.0 < packet.pts * packet.time_base < 2.0):
                continue
            packet.stream = copies[packet.stream.index]
            made.mux(packet)
    assert decode_sound(target, "hole", run).seconds == pytest.approx(3.0, abs=0.1)
    [(start, end)] = silences(target, "hole", run)
    assert (start, end) == (pytest.approx(1.0, abs=0.12), pytest.approx(2.0, abs=0.12))


def test_sound_beyond_the_limit_is_left_out_everywhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensorium.tools.base.sound_blocks.MAX_SECONDS", 3600)
    path = tmp_path / "gaps.mka"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for number in range(4):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 160), np.int16), format="s16", layout="mono")
            frame.sample_rate = 8000
            for packet in stream.encode(frame):
                packet.time_base = Fraction(1, 1000)
                packet.pts = packet.dts = number * 1_500_000
                container.mux(packet)
    sound = decode_sound(path, "gaps.mka", run)
    assert (sound.seconds, sound.limits) == (3600.0, ("Only the first 1 hours of sound were decoded.",))
    reading = Reading()
    assert silences(path, "gaps.mka", run, reading) == [(0.0, 3600.0)]
    assert reading.limits == ["Only the first 1 hours of sound were decoded."]


def test_a_file_cut_off_half_way_is_partial(run: Run, making: ModuleType, tmp_path: Path) -> None:
    source = making.video(tmp_path / "a.mp4", lambda n: making.slide(str(n)), seconds=8, sound=making.tone(8.0))
    for target, options in ((tmp_path / "b.mkv", {}), (tmp_path / "c.mp4", {"movflags": "faststart"})):
        whole = remux(source, target, options=options).read_bytes()
        target.write_bytes(whole[: len(whole) // 2])
        sound = decode_sound(target, target.name, run)
        assert sound.partial
        assert 1 < sound.seconds < 7
        assert "cut off" in sound.limits[-1]


def test_a_wav_cut_off_half_way_is_partial(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = making.wav(tmp_path / "a.wav", making.tone(8.0))
    path.write_bytes(path.read_bytes()[:100_000])
    sound = decode_sound(path, "a.wav", run)
    assert sound.partial
    assert sound.limits == ("The file is cut off: 156,044 bytes are missing; the sound ends at 3.1 s.",)


def test_a_video_whose_sound_ends_early_is_whole(run: Run, making: ModuleType, tmp_path: Path) -> None:
    source = making.video(tmp_path / "a.mp4", lambda n: making.slide("A"), seconds=6, sound=making.tone(2.0))
    sound = decode_sound(remux(source, tmp_path / "a.mkv"), "a.mkv", run)
    assert not sound.partial
    assert sound.seconds == pytest.approx(2.0, abs=0.2)


def test_a_video_without_sound_says_what_it_has(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = making.video(tmp_path / "a.mp4", lambda n: making.slide("A"), seconds=2)
    with pytest.raises(MediaError, match=r"'a.mp4' has no audio track.*It has: video \(h264, 2\.0 s\)\."):
        decode_sound(path, "a.mp4", run)


def test_silences_are_found_to_a_twentieth_of_a_second(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = making.wav(tmp_path / "a.wav", beep(making, at=1.0, seconds=4))
    assert silences(path, "a.wav", run) == [pytest.approx((0.0, 1.0), abs=0.05), pytest.approx((2.0, 4.0), abs=0.05)]
    assert silences(path, "a.wav", run, at_least_seconds=1.5) == [pytest.approx((2.0, 4.0), abs=0.05)]


def test_loudness_follows_the_level(run: Run, making: ModuleType, tmp_path: Path) -> None:
    loud = loudness_lufs(making.wav(tmp_path / "a.wav", making.tone(3, hertz=1000, level=0.5)), "a", run)
    soft = loudness_lufs(making.wav(tmp_path / "b.wav", making.tone(3, hertz=1000, level=0.05)), "b", run)
    # A mono 1 kHz sine of amplitude a has 20 log10(a) - 3.0 LUFS (BS.1770).
    assert loud == pytest.approx(-9.0, abs=0.2)
    assert soft == pytest.approx(-29.0, abs=0.2)


def test_silence_has_no_loudness(run: Run, making: ModuleType, tmp_path: Path) -> None:
    assert loudness_lufs(making.wav(tmp_path / "a.wav", making.tone(3, level=0)), "a", run) is None


def test_decoding_stops_when_cancelled(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = making.wav(tmp_path / "a.wav", making.tone(2.0))
    run.cancelled.set()
    with pytest.raises(Cancelled):
        decode_sound(path, "a.wav", run)


def test_thirty_two_channels_are_refused_in_words(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(32)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(bytes(32 * 2 * 44_100))
    with pytest.raises(MediaError, match=r"'a\.wav' has sound that cannot be mixed.*Convert it to stereo"):
        decode_sound(path, "a.wav", run)
