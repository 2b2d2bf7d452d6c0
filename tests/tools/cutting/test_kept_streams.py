"""What a film has beside one picture and one sound stays, whether its picture is copied or encoded, or is named."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run

RATE, FPS, FRAMES = 48_000, 25, 50


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory, broken: ModuleType) -> Path:
    """Two seconds with sound in two languages, one of them 5.1, subtitles, chapters and a title."""
    path = tmp_path_factory.mktemp("rich") / "film.mkv"
    rng = np.random.default_rng(5)
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "bf": "2"})
        picture.width, picture.height, picture.pix_fmt = broken.WIDTH, broken.HEIGHT, "yuv420p"
        picture.gop_size = 20
        sounds = []
        for layout, language in (("5.1", "eng"), ("stereo", "deu")):
            sound = container.add_stream("aac", rate=RATE, layout=layout)
            sound.metadata["language"] = language
            sounds.append((sound, layout))
        words = container.add_mux_stream("subrip")
        words.time_base, words.metadata["language"] = Fraction(1, 1000), "fra"
        container.metadata["title"] = "A wedding"
        tick = Fraction(1, 1000)
        chapters = [(0, 1000, "Church"), (1000, 2000, "Cake")]
        container.set_chapters(
            [
                {"id": number, "start": start, "end": end, "time_base": tick, "metadata": {"title": title}}
                for number, (start, end, title) in enumerate(chapters, 1)
            ]
        )
        packets: list[Any] = []
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(broken.painted(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            packets += picture.encode(frame)
        packets += picture.encode(None)
        for sound, layout in sounds:
            channels = 6 if layout == "5.1" else 2
            for start in range(0, 2 * RATE, 1024):
                block = rng.uniform(-0.3, 0.3, (channels, 1024)).astype(np.float32)
                heard = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
                heard.sample_rate, heard.pts, heard.time_base = RATE, start, Fraction(1, RATE)
                packets += sound.encode(heard)
            packets += sound.encode(None)
        for start, text in ((200, b"Oui"), (1200, b"Merci")):
            packet = av.Packet(text)
            packet.stream, packet.time_base, packet.pts, packet.dts, packet.duration = words, tick, start, start, 600
            packets.append(packet)
        for packet in sorted(packets, key=lambda one: float((one.dts or 0) * one.time_base)):
            container.mux(packet)
    return path


def held(path: Path) -> Iterator[str]:
    with av.open(str(path)) as container:
        for stream in container.streams:
            if stream.type != "video":
                layout = stream.layout.name if stream.type == "audio" else ""
                yield " ".join(filter(None, (stream.type, stream.language, layout)))
        yield from (one["metadata"]["title"] for one in container.chapters())
        yield container.metadata["title"]


ALL = ["audio eng 5.1", "audio deu stereo", "subtitle fra", "Church", "Cake", "A wedding"]


@pytest.mark.parametrize(
    ("task", "arguments", "way"),
    [
        ("trim", {"start_seconds": 0.32, "end_seconds": 1.6}, "partly encoded"),
        ("crop", {"aspect": "1:1"}, "encoded"),
        ("rotate", {"mirror": True}, "encoded"),
    ],
)
async def test_streams_are_copied_beside_a_picture_that_is_encoded(
    run: Run, rich: Path, task: str, arguments: dict[str, Any], way: str
) -> None:
    made = await call("edit_media", {"task": task, "media": str(rich), **arguments}, run)
    assert (made.items[0].way, made.limits) == (way, [])
    assert list(held(run.path(made.file.handle))) == ALL


async def test_what_is_lost_is_named(run: Run, rich: Path) -> None:
    arguments = {"task": "mute", "media": str(rich), "start_seconds": 0.4, "end_seconds": 0.8}
    made = await call("edit_media", arguments, run)
    assert made.limits == ["Not taken over: audio (aac, deu).", "The 6 channels of sound were mixed to stereo."]
    assert next(held(run.path(made.file.handle))) == "subtitle fra"
    assert "audio eng stereo" in held(run.path(made.file.handle))
    web = await call("edit_media", {"task": "convert", "media": str(rich), "format": "webm"}, run)
    assert "Not taken over: audio (aac, deu), subtitle (subrip, fra)." in web.limits
    fast = await call("edit_media", {"task": "speed", "media": str(rich), "speed": 2}, run)
    assert fast.limits[0] == (
        "What was encoded anew does not have any more: another track of sound, a track of subtitles, 2 chapters."
    )


async def test_that_a_file_was_cut_off_is_said_of_what_is_made_of_it(
    run: Run, broken: ModuleType, tmp_path: Path
) -> None:
    part = broken.halved(broken.numbered(tmp_path / "film.mkv", 100, gop=10), tmp_path / "part.mkv")
    made = await call("edit_media", {"task": "convert", "media": str(part), "format": "mp4"}, run)
    assert made.limits[0].startswith("The file is cut off: ")
    whole = str(broken.numbered(tmp_path / "other.mkv", 10))
    both = await call("edit_media", {"task": "join", "files": [whole, str(part)]}, run)
    assert both.limits[0].startswith("'part.mkv': The file is cut off: ")


async def test_a_high_dynamic_range_stays_with_its_colours(run: Run, broken: ModuleType, tmp_path: Path) -> None:
    screen = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
    more = "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:profile=main10"
    options = {"preset": "ultrafast", "x265-params": f"{more}:{screen}"}
    source = tmp_path / "film.mp4"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx265", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = broken.WIDTH, broken.HEIGHT, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, 16, 9, 1
        for number in range(8):
            frame = av.VideoFrame.from_ndarray(broken.painted(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    made = await call("edit_media", {"task": "scale", "media": str(source), "width_pixels": 80}, run)
    assert (made.items[0].way, made.limits) == ("encoded", [])
    with av.open(str(run.path(made.file.handle))) as container, av.open(str(source)) as given:
        context = container.streams.video[0].codec_context
        frames = [next(one.decode(video=0)) for one in (container, given)]
        told = [{one.type.name: bytes(one) for one in frame.side_data} for frame in frames]
    assert (context.pix_fmt, context.codec_tag, context.width) == ("yuv420p10le", "hvc1", 80)
    assert (context.color_primaries, context.color_trc, context.colorspace) == (9, 16, 9)
    for name in ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"):
        assert told[0][name] == told[1][name]


@pytest.mark.parametrize(
    ("pixels", "form", "was", "now"),
    [
        ("yuv422p10le", "mp4", "4:2:2 with 10 bits", "4:2:0 with 10 bits"),
        ("yuv444p", "mp4", "4:4:4 with 8 bits", "4:2:0 with 8 bits"),
        ("yuv420p10le", "webm", "4:2:0 with 10 bits", "4:2:0 with 8 bits"),
    ],
)
async def test_colours_that_are_lost_are_named(  # noqa: PLR0917
    run: Run, broken: ModuleType, tmp_path: Path, pixels: str, form: str, was: str, now: str
) -> None:
    source = tmp_path / "film.mp4"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = broken.WIDTH, broken.HEIGHT, pixels
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(broken.painted(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    small = {"task": "scale", "width_pixels": 80} if form == "mp4" else {"task": "convert", "format": form}
    made = await call("edit_media", {**small, "media": str(source)}, run)
    assert f"The colours were in {was}, and are in {now} now." in made.limits
    cut = await call("edit_media", {"task": "trim", "media": str(source), "start_seconds": 0.04}, run)
    assert cut.items[0].way != "copied" and cut.limits == []


async def test_a_part_behind_the_end_of_the_sound_is_cut_all_the_same(
    run: Run, making: ModuleType, broken: ModuleType, tmp_path: Path
) -> None:
    from PIL import Image

    source = making.video(
        tmp_path / "film.mkv",
        lambda number: Image.fromarray(broken.painted(number)),
        seconds=3,
        fps=FPS,
        sound=making.tone(1.0, rate=RATE),
        rate=RATE,
    )
    made = await call("edit_media", {"task": "trim", "media": str(source), "start_seconds": 2.0}, run)
    assert made.seconds == pytest.approx(1.0, abs=0.05)
    assert made.limits == ["No sound lies in this part; its track is empty."]
    parts = [(0.2, 0.6), (2.2, 2.6)]
    short = await call("edit_media", {"task": "remove", "media": str(source), "parts": parts}, run)
    assert (short.seconds, short.limits) == (pytest.approx(2.2, abs=0.05), [])
    heard = await call("edit_media", {"task": "extract_sound", "media": str(source)}, run)
    assert heard.items[0].way == "copied"
    assert heard.seconds == pytest.approx(1.0, abs=0.05)
    assert len(heard.limits) == 1 and heard.limits[0].startswith("There is sound only from 0.00 s to 1.0")


async def test_what_is_transparent_stays_where_nothing_is_encoded(run: Run, broken: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "film.webm"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=FPS, options={"deadline": "realtime", "cpu-used": "8"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 160, 96, "yuva420p", 5
        for number in range(15):
            picture = np.dstack([broken.painted(number), np.full((96, 160), 128, np.uint8)])
            frame = av.VideoFrame.from_ndarray(picture, format="rgba")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    arguments = {"task": "trim", "media": str(source), "start_seconds": 0.21, "exact": False}
    once = await call("edit_media", arguments, run)
    again = await call("edit_media", {**arguments, "media": once.file.handle}, run)
    for made in (once, again):
        assert (made.items[0].way, made.limits) == ("copied", [])
        with av.open(str(run.path(made.file.handle))) as container:
            assert all(list(packet.iter_sidedata()) for packet in container.demux(video=0) if packet.size)
    exact = await call(
        "edit_media", {**arguments, "media": again.file.handle, "exact": True, "start_seconds": 0.1}, run
    )
    assert "The picture is transparent in parts, which was not kept." in exact.limits
