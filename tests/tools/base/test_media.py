"""Facts are measured, and hostile files are refused with a reason."""

from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace

import av
import numpy as np
import pytest

from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.length import end_of
from sensorium.tools.base.media import audio_stream, examine, open_media, video_stream


@pytest.fixture
def whole(broken: ModuleType, tmp_path: Path) -> Path:
    """Eight seconds of video with the index at the front."""
    path: Path = broken.remuxed(broken.numbered(tmp_path / "a.mp4", 200), tmp_path / "whole.mp4", movflags="faststart")
    return path


def test_a_video_is_described_as_it_is_displayed(broken: ModuleType, tmp_path: Path) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 50, turn=90, aspect=Fraction(3, 2))
    facts = examine(path, "a.mp4")
    assert (facts.kind, facts.container, facts.seconds, facts.seconds_are) == ("video", "mp4", 2.0, "declared")
    assert facts.video is not None and facts.audio is None
    assert (facts.video.codec, facts.video.frames_per_second, facts.video.variable_rate) == ("h264", 25.0, False)
    # Stored 96 wide and 160 high with pixels half as wide again, then turned.
    assert (facts.video.width_pixels, facts.video.height_pixels, facts.video.rotation_degrees) == (160, 144, 90)
    assert (facts.partial, facts.limits) == (False, ())


def test_sound_is_described_and_a_cover_picture_is_no_video(samples: Path) -> None:
    facts = examine(samples / "audio" / "music_cc0.mp3", "music.mp3")
    assert (facts.kind, facts.seconds, facts.video) == ("audio", 30.0, None)
    assert facts.audio is not None
    assert (facts.audio.codec, facts.audio.channels, facts.audio.samples_per_second) == ("mp3float", 2, 44_100)
    assert facts.streams == ("audio: mp3float", "cover picture: png")


def test_a_variable_frame_rate_is_noticed(broken: ModuleType, tmp_path: Path) -> None:
    times = [0, 40, 80, 120, 1000, 1040, 3000, 3500, 3540, 6000]
    facts = examine(broken.numbered(tmp_path / "a.mp4", 10, times_ms=times), "a.mp4")
    assert facts.video is not None
    assert facts.video.variable_rate


@pytest.mark.parametrize("ticks", [0, 1, 0xFFFFFFF0, 0xFFFFFFFF])
@pytest.mark.parametrize("box", [b"mvhd", b"mdhd"])
def test_an_absurd_declared_length_is_not_believed(
    box: bytes, ticks: int, whole: Path, broken: ModuleType, tmp_path: Path
) -> None:
    facts = examine(broken.declaring(whole, tmp_path / "b.mp4", box=box, ticks=ticks), "b.mp4")
    assert facts.seconds == pytest.approx(8.0, abs=0.01)
    assert facts.video is not None and facts.video.frames_per_second == pytest.approx(25.0, rel=0.01)
    assert not facts.partial


def test_a_length_that_the_header_lies_about_is_measured(whole: Path, broken: ModuleType, tmp_path: Path) -> None:
    facts = examine(broken.declaring(whole, tmp_path / "b.mp4", box=b"mvhd", ticks=3_600_000), "b.mp4")
    assert (facts.seconds, facts.seconds_are, facts.declared_seconds) == (8.0, "measured", 3600.0)
    assert facts.limits == ("The file declares 3,600.0 s; its packets end at 8.0 s, and that is used.",)


def test_a_live_recording_without_a_length_is_measured(whole: Path, broken: ModuleType, tmp_path: Path) -> None:
    facts = examine(broken.streamed(whole, tmp_path / "b.mkv"), "b.mkv")
    assert (facts.seconds, facts.seconds_are, facts.declared_seconds) == (8.0, "measured", None)


@pytest.mark.parametrize("name", ["b.mp4", "b.mkv", "b.wmv"])
def test_a_file_that_was_cut_off_is_partial(name: str, whole: Path, broken: ModuleType, tmp_path: Path) -> None:
    if name == "b.wmv":
        copy = broken.numbered(tmp_path / "a.wmv", 200, codec="wmv2")
        assert not examine(copy, "a.wmv").partial
    else:
        copy = whole if name == "b.mp4" else broken.remuxed(whole, tmp_path / "a.mkv")
    facts = examine(broken.halved(copy, tmp_path / name), name)
    assert facts.partial
    assert facts.seconds_are == "measured" and facts.seconds is not None and 2 < facts.seconds < 7
    assert facts.limits[0].startswith("The file is cut off: ")


def test_a_matroska_file_cut_off_in_its_header_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.webm"
    path.write_bytes(b"\x1a\x45\xdf\xa3\x84webm\x18\x53\x80\x67")
    with pytest.raises(MediaError, match=r"'cut\.webm' "):
        examine(path, "cut.webm")


def test_a_file_cut_off_before_its_index_cannot_be_read(broken: ModuleType, tmp_path: Path) -> None:
    path = broken.halved(broken.numbered(tmp_path / "a.mp4", 200), tmp_path / "b.mp4")
    with pytest.raises(MediaError, match=r"'b.mp4' begins like video/mp4 .* its index \(`moov`\) is missing"):
        examine(path, "b.mp4")


def test_sound_that_was_cut_off_is_partial(making: ModuleType, broken: ModuleType, tmp_path: Path) -> None:
    path = broken.halved(making.wav(tmp_path / "a.wav", making.tone(4)), tmp_path / "b.wav")
    facts = examine(path, "b.wav")
    assert facts.partial
    assert facts.seconds == pytest.approx(2.0, abs=0.01)


TEXTS = {
    "renamed.mp4": ("just words\n" * 50, "its content is text"),
    "list.m3u8": ("#EXTM3U\n#EXTINF:8,\nwhole.mp4\n", "it is a playlist"),
    "script.mp4": ("ffconcat version 1.0\nfile whole.mp4\n", "its content is text"),
    "drawing.svg": ('<svg xmlns="http://www.w3.org/2000/svg"><image href="whole.mp4"/></svg>', "its content is text"),
    "manifest.mpd": ('<?xml version="1.0"?><MPD><BaseURL>whole.mp4</BaseURL></MPD>', "its content is text"),
    "session.sdp": ("v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n", "its content is text"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_never_opened_as_media(name: str, whole: Path, tmp_path: Path) -> None:
    text, found = TEXTS[name]
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(MediaError, match=f"{name!r} is not audio or video: {found}"):
        examine(path, name)


@pytest.mark.parametrize(
    "head", [b"", b"\0\0\0\x18ftypisom\0\0\0\0isommp42", b"\x1aE\xdf\xa3", b"RIFF\xff\xff\0\0AVI ", b"OggS", b"fLaC"]
)
def test_noise_is_refused(head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(head + np.random.default_rng(1).integers(0, 256, 300_000, dtype=np.uint8).tobytes())
    with pytest.raises(MediaError, match=r"'noise.mp4'"):
        examine(path, "noise.mp4")


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"rate": 2_000_000_000}, "2,000,000,000 samples a second; 8,000 to 192,000 are supported"),
        ({"rate": 100}, "100 samples a second"),
        ({"channels": 200}, "200 channels of sound; the limit is 32"),
    ],
)
def test_absurd_sound_is_refused(claims: dict[str, int], found: str, broken: ModuleType, tmp_path: Path) -> None:
    path = broken.wav_header(tmp_path / "a.wav", **claims)
    with pytest.raises(MediaError, match=found):
        examine(path, "a.wav")


def test_a_gigantic_frame_is_refused_before_it_is_decoded(broken: ModuleType, tmp_path: Path) -> None:
    path = broken.one_large_frame(tmp_path / "a.avi", 8000, 5200)
    with pytest.raises(MediaError, match=r"a picture of 8,000×5,200 pixels; the limit is 40,000,000"):
        examine(path, "a.avi")
    larger = broken.one_large_frame(tmp_path / "b.avi", 16_000, 8_000)
    with pytest.raises(MediaError, match=r"neither picture nor sound that can be decoded. It has 'video: mjpeg"):
        examine(larger, "b.avi")


def test_the_decoder_never_learns_where_the_file_lies(whole: Path) -> None:
    with open_media(whole, "whole.mp4") as container:
        assert str(whole) not in container.name
        video = video_stream(container)
        assert video is not None and video.codec_context.name == "h264"
        assert audio_stream(container) is None


def test_times_count_from_the_first_picture_where_sound_begins_before_it(making: ModuleType, tmp_path: Path) -> None:
    film = making.video(tmp_path / "a.mp4", lambda _: making.slide(""), seconds=3, fps=10, sound=making.tone(3))
    with av.open(str(film)) as old, av.open(str(tmp_path / "b.mkv"), "w") as new:
        copies = {one.index: new.add_stream_from_template(one) for one in old.streams}
        for packet in old.demux():
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            late = round(1 / packet.time_base) if packet.stream.type == "video" else 0
            packet.pts, packet.dts = packet.pts + late, packet.dts + late
            packet.stream = copies[packet.stream.index]
            new.mux(packet)
    facts = examine(tmp_path / "b.mkv", "b.mkv")
    assert facts.origin_seconds == pytest.approx(1.0, abs=0.1)
    assert facts.seconds == pytest.approx(3.0, abs=0.05)


def test_a_packet_of_a_day_is_a_wrong_number() -> None:
    def packet(pts: int, duration: int) -> SimpleNamespace:
        return SimpleNamespace(pts=pts, dts=pts, duration=duration, time_base=Fraction(1, 48_000))

    # What libav's Ogg demuxer gives of Vorbis behind a seek: a length of -128.
    packets = [packet(336_000, (1 << 32) - 128), packet(383_168, 832)]
    container = SimpleNamespace(demux=lambda _: packets, seek=lambda *_, **__: None, format=SimpleNamespace(name="ogg"))
    found = end_of(container, SimpleNamespace(time_base=Fraction(1, 48_000)), 8.0)  # type: ignore[arg-type]
    assert (found.seconds, found.reached) == (8.0, True)
