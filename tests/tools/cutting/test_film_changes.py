"""Films are cropped, scaled, turned, sped up, reversed and converted, and nothing else of them changes."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.run import Run

Edit = Callable[..., Any]
Shown = list[tuple[float, int]]


async def test_a_film_is_cropped_where_it_was_asked(edit: Edit, run: Run, making: ModuleType, tmp_path: Path) -> None:
    def paint(_: int) -> Image.Image:
        picture = Image.new("RGB", (320, 180), "#0000ff")
        picture.paste("#00ff00", (100, 40, 201, 141))
        return picture

    source = making.video(tmp_path / "colours.mp4", paint, seconds=1, fps=10)
    made = await edit("crop", source, left_pixels=100, top_pixels=40, width_pixels=101, height_pixels=100)
    with av.open(str(run.path(made.file.handle))) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.shape == (100, 100, 3)
    assert np.abs(picture.astype(int) - (0, 255, 0)).mean() < 6
    assert "made even" in made.limits[0]
    upright = await edit("crop", source, aspect="9:16")
    assert (upright.file.facts["width_pixels"], upright.file.facts["height_pixels"]) == (100, 180)


@pytest.mark.parametrize(
    ("task", "more", "size"),
    [
        ("scale", {"width_pixels": 80}, (80, 48)),
        ("scale", {"height_pixels": 48}, (80, 48)),
        ("rotate", {"degrees": 90}, (96, 160)),
        ("rotate", {"degrees": 180}, (160, 96)),
        ("rotate", {"mirror": True}, (160, 96)),
    ],
)
async def test_films_are_scaled_and_turned(  # noqa: PLR0917
    edit: Edit, run: Run, film: Path, broken: ModuleType, task: str, more: dict[str, Any], size: tuple[int, int]
) -> None:
    from sensorium.tools.base.frames import frame_at

    made = await edit(task, film, **more)
    picture = frame_at(run.path(made.file.handle), "made", 2.0, run).image
    assert picture.shape[:2] == (size[1], size[0])
    back = np.rot90(picture, more.get("degrees", 0) // 90)
    assert broken.number_in(np.fliplr(back) if more.get("mirror") else back) == 50


async def test_a_smaller_picture_takes_fewer_bytes_and_what_takes_more_is_said(
    edit: Edit, making: ModuleType, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    source = making.video(
        tmp_path / "film.mp4",
        lambda number: Image.fromarray(np.roll(noise, 2 * number, axis=1)),
        seconds=2,
        fps=25,
        options={"preset": "veryfast", "crf": "40"},
    )
    small = await edit("scale", source, width_pixels=320)
    assert small.file.bytes < source.stat().st_size
    assert small.limits == []
    large = await edit("convert", source, format="webm")
    assert large.file.bytes > source.stat().st_size
    assert large.limits[-1] == (
        f"It has {large.file.bytes:,} bytes, more than the {source.stat().st_size:,} of 'film.mp4'. A smaller size, a "
        "shorter part or another format has fewer."
    )


async def test_speed_keeps_the_pitch(  # noqa: PLR0917
    edit: Edit,
    film: Path,
    tone: Path,
    shown: Callable[..., Shown],
    heard: Callable[..., np.ndarray],
    measuring: ModuleType,
) -> None:
    fast = await edit("speed", film, speed=2)
    assert fast.seconds == pytest.approx(measuring.SECONDS / 2, abs=0.06)
    assert measuring.onsets(heard(fast)) == pytest.approx([at / 2 for at in measuring.BEEPS], abs=0.06)
    numbers = [number for _, number in shown(fast)]
    assert numbers == list(range(0, 150, 2))
    slow = await edit("speed", tone, speed=0.5)
    assert slow.seconds == pytest.approx(6.0, abs=0.05)
    assert measuring.pitch(heard(slow)[measuring.RATE : 4 * measuring.RATE]) == pytest.approx(880, abs=8)


async def test_a_film_runs_backwards(
    edit: Edit, film: Path, shown: Callable[..., Shown], heard: Callable[..., np.ndarray], measuring: ModuleType
) -> None:
    made = await edit("reverse", film)
    measuring.even(shown(made), list(range(149, -1, -1)))
    ends = sorted(measuring.SECONDS - at - 0.4 for at in measuring.BEEPS)
    assert measuring.onsets(heard(made)) == pytest.approx(ends, abs=0.05)


async def test_what_a_file_says_of_itself_stays(edit: Edit, run: Run, film: Path, tmp_path: Path) -> None:
    source = tmp_path / "told.mkv"
    with av.open(str(film)) as given, av.open(str(source), "w") as out:
        copies = {one.index: out.add_stream_from_template(one, opaque=True) for one in given.streams}
        copies[1].metadata["language"] = "fra"
        out.metadata["title"] = "A film"
        out.set_chapters([_chapter(1, 0, 2000, "one"), _chapter(2, 2000, 6000, "two")])
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    made = await edit("trim", source, start_seconds=1.0, end_seconds=3.0)
    assert made.file.media_type == "video/x-matroska"
    with av.open(str(run.path(made.file.handle))) as container:
        assert container.metadata["title"] == "A film"
        assert container.streams.audio[0].language == "fra"
        chapters = [(one["start"] * one["time_base"], one["metadata"]["title"]) for one in container.chapters()]
    assert [title for _, title in chapters] == ["one", "two"]
    assert [float(at) for at, _ in chapters] == pytest.approx([0, 1], abs=0.03)
    fast = await edit("speed", source, speed=2)
    assert fast.limits == ["What was encoded anew does not have any more: 2 chapters."]


def _chapter(number: int, start: int, end: int, title: str) -> Any:
    from fractions import Fraction

    return {"id": number, "start": start, "end": end, "time_base": Fraction(1, 1000), "metadata": {"title": title}}


@pytest.mark.parametrize(("form", "way"), [("mkv", "copied"), ("mov", "copied"), ("webm", "encoded")])
async def test_films_are_converted_and_encoded_only_where_they_must(
    edit: Edit, film: Path, shown: Callable[..., Shown], form: str, way: str
) -> None:
    made = await edit("convert", film, format=form)
    assert [number for _, number in shown(made)] == list(range(150))
    assert (made.items[0].way, made.file.name) == (way, f"film.{form}")
