"""A file is described by what it holds, in facts, sentences and measures."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.run import Run
from sensorium.tools.probe_media import MediaReport


async def probe(path: Path, run: Run, **arguments: bool) -> MediaReport:
    found: MediaReport = await call("probe_media", {"media": str(path), **arguments}, run)
    return found


def sentences(found: MediaReport) -> list[str]:
    return [one.text for one in found.moments if one.start_seconds is None]


def measures(found: MediaReport) -> dict[str, float]:
    return {one.name: one.value for one in found.measures}


async def test_a_video_with_sound_is_described(making: ModuleType, tmp_path: Path, run: Run) -> None:
    path = making.video(
        tmp_path / "a.mp4", lambda n: making.slide("Hello", width=320, height=180), seconds=3, sound=making.tone(3)
    )
    found = await probe(path, run)
    assert (found.kind, found.container, found.seconds, found.seconds_are) == ("video", "mp4", 3.0, "declared")
    assert (found.has_pictures, found.has_sound, found.width_pixels, found.height_pixels) == (True, True, 320, 180)
    assert found.streams == ["video: h264", "audio: aac"]
    assert sentences(found) == [
        "Video: h264, 320×180, 10 frames a second.",
        "Sound: aac, mono, 16,000 samples a second.",
        "Length: 3.0 s.",
    ]
    assert all((one.kind, one.source.tool, one.media) == ("fact", "probe_media", found.media) for one in found.moments)
    assert measures(found) == {
        "duration_seconds": 3.0,
        "width_pixels": 320,
        "height_pixels": 180,
        "frames_per_second": 10,
        "audio_channels": 1,
        "audio_samples_per_second": 16_000,
    }
    assert (found.loudness_lufs, found.silences, found.limits, found.partial) == (None, None, [], False)


async def test_a_turned_video_is_described_as_displayed(broken: ModuleType, tmp_path: Path, run: Run) -> None:
    found = await probe(broken.numbered(tmp_path / "a.mp4", 25, turn=90), run)
    assert sentences(found)[:2] == [
        "Video: h264, 160×96, 25 frames a second, turned by 90° for display.",
        "There is no sound.",
    ]
    assert found.video is not None and found.video.rotation_degrees == 90


async def test_a_picture_has_a_size_and_no_length(making: ModuleType, tmp_path: Path, run: Run) -> None:
    making.slide("Hello", width=300, height=200).save(tmp_path / "a.dat", "PNG")
    found = await probe(tmp_path / "a.dat", run)
    assert (found.kind, found.container, found.seconds, found.seconds_are) == ("picture", "png", None, None)
    assert sentences(found) == ["Picture: png, 300×200."]
    assert measures(found) == {"width_pixels": 300, "height_pixels": 200}


async def test_loudness_and_silence_are_measured_when_asked(making: ModuleType, tmp_path: Path, run: Run) -> None:
    sound = np.concatenate([making.tone(4, level=0.5), making.tone(2, level=0), making.tone(4, level=0.5)])
    found = await probe(making.wav(tmp_path / "a.wav", sound), run, loudness=True, silence=True)
    # A sine of amplitude 0.5 at 440 Hz: -9 dB RMS, and about -0.7 dB by the weighting of EBU R128.
    assert found.loudness_lufs == pytest.approx(-9.7, abs=0.5)
    assert found.silences is not None
    (silent,) = found.silences
    assert silent == pytest.approx((4.0, 6.0), abs=0.05)
    assert measures(found)["silence_seconds"] == pytest.approx(2.0, abs=0.1)
    assert [one.text for one in found.moments if one.start_seconds is not None] == ["silence"]


async def test_nothing_can_be_measured_of_sound_that_is_not_there(broken: ModuleType, tmp_path: Path, run: Run) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 25)
    with pytest.raises(MediaError, match=r"'a.mp4' has no sound to measure. It has: video: h264."):
        await probe(path, run, loudness=True)


async def test_a_measured_length_says_what_the_file_declares(broken: ModuleType, tmp_path: Path, run: Run) -> None:
    path = broken.declaring(broken.numbered(tmp_path / "a.mp4", 100), tmp_path / "b.mp4", box=b"mvhd", ticks=3_600_000)
    found = await probe(path, run)
    assert (found.seconds, found.seconds_are, found.declared_seconds) == (4.0, "measured", 3600.0)
    assert sentences(found)[-1] == "Length: 4.0 s (measured; the file declares 3,600.0 s)."


async def test_a_file_that_was_cut_off_is_partial(broken: ModuleType, tmp_path: Path, run: Run) -> None:
    whole = broken.remuxed(broken.numbered(tmp_path / "a.mp4", 200), tmp_path / "b.mp4", movflags="faststart")
    found = await probe(broken.halved(whole, tmp_path / "c.mp4"), run)
    assert found.partial and found.limits[0].startswith("The file is cut off: ")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"#EXTM3U\n#EXTINF:1,\nother.mp4\n", "text/x-playlist"),
        (b"plain words", "text/plain"),
        (bytes(range(256)) * 20, "application/octet-stream"),
    ],
)
async def test_what_is_no_media_is_refused_by_its_content(content: bytes, found: str, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=f"'film.mp4' is {found}"):
        await probe(path, run)


async def test_real_files_are_described(samples: Path, run: Run) -> None:
    talk = await probe(samples / "video" / "talk_slides_en.mp4", run)
    assert sentences(talk)[0] == "Video: h264, 640×360, 10 frames a second."
    assert talk.seconds == 203.3
    music = await probe(samples / "audio" / "music_cc0.mp3", run)
    assert (music.kind, music.has_pictures, music.seconds) == ("audio", False, 30.0)
