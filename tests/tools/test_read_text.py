"""The tool `read_text`."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ArgumentError, Cancelled, MediaError, UnavailableError
from sensorium.tools.base.run import Progress, Run


@pytest.fixture(scope="module")
def talk(making: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s: a slide that gets a second line at 3.2 s and a third at 6 s; another slide from 8.5 s on."""
    built = ["How it works", "How it works\nCollect the facts", "How it works\nCollect the facts\nCheck each sentence"]
    slides = [making.slide(text) for text in built]
    last = making.slide("Questions?\nTalk to us", colour="navy", ink="white")

    def paint(number: int) -> Image.Image:
        return last if number >= 85 else slides[(number >= 32) + (number >= 60)]

    return Path(making.video(tmp_path_factory.mktemp("talk") / "talk.mp4", paint, seconds=12, gop=250))


def timeline(found: Any) -> list[tuple[str, float, float]]:
    return [(one.text, one.start_seconds, one.end_seconds) for one in found.moments]


async def test_lines_of_a_video_get_the_times_they_appear_and_disappear(run: Run, talk: Path) -> None:
    found = await call("read_text", {"media": str(talk)}, run)
    assert timeline(found) == [
        ("How it works", 0.0, 8.5),
        ("Collect the facts", 3.2, 8.5),
        ("Check each sentence", 6.0, 8.5),
        ("Questions?", 8.5, 12.0),
        ("Talk to us", 8.5, 12.0),
    ]
    assert found.frames_read <= 5
    assert found.coverage.looked_at == [(0.0, 12.0)]
    assert found.text == ["How it works", "Collect the facts", "Check each sentence", "Questions?", "Talk to us"]


async def test_lines_that_stand_together_are_a_slide_with_a_title_and_its_last_picture(run: Run, talk: Path) -> None:
    found = await call("read_text", {"media": str(talk)}, run)
    first, second = found.slides
    assert (first.title, first.lines) == ("How it works", ["Collect the facts", "Check each sentence"])
    assert (first.start_seconds, first.end_seconds) == (0.0, 8.5)
    assert (second.title, second.lines) == ("Questions?", ["Talk to us"])
    with Image.open(run.path(first.picture.handle)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (640, 360))
    # Each moment leads to a picture with the line in its box: dark letters on white.
    checked = next(one for one in found.moments if one.text == "Check each sentence")
    with Image.open(run.path(checked.artifact)) as picture:
        left, top, right, bottom = checked.box
        cropped = picture.convert("L").crop((int(left * 640), int(top * 360), int(right * 640), int(bottom * 360)))
    assert np.asarray(cropped).min() < 80


async def test_asked_again_nothing_is_read(run: Run, talk: Path) -> None:
    first = await perform("read_text", {"media": str(talk)}, run)
    again = await perform("read_text", {"media": str(talk)}, run)
    assert (first.cached, again.cached) == (False, True)
    assert again.result == first.result
    assert first.provider.startswith("rapidocr:")


async def test_only_a_part_is_read(run: Run, talk: Path) -> None:
    found = await call("read_text", {"media": str(talk), "between_seconds": [7.0, 10.0]}, run)
    assert timeline(found)[0] == ("How it works", 7.0, 8.5)
    assert timeline(found)[-1] == ("Talk to us", 8.5, 10.0)
    assert found.coverage.looked_at == [(7.0, 10.0)]
    with pytest.raises(ArgumentError, match=r"`between_seconds` is 20 to 30, and 'talk\.mp4' has 12\.0 s"):
        await call("read_text", {"media": str(talk), "between_seconds": [20, 30]}, run)


async def test_known_scenes_give_the_time_of_a_cut(run: Run, talk: Path) -> None:
    scenes = [{"start_seconds": 0.0, "end_seconds": 8.4}, {"start_seconds": 8.4, "end_seconds": 12.0}]
    found = await call("read_text", {"media": str(talk), "scenes": scenes}, run)
    assert ("Questions?", 8.4, 12.0) in timeline(found)


async def test_captions_over_a_moving_picture_are_placed_to_the_frame(
    run: Run, making: ModuleType, tmp_path: Path
) -> None:
    random = np.random.default_rng(5)
    field = Image.fromarray(random.integers(0, 200, (60, 100, 3), dtype=np.uint8)).resize((1600, 960))
    font = ImageFont.load_default(size=30)

    def paint(number: int) -> Image.Image:
        view = field.crop((6 * number, 3 * number, 6 * number + 640, 3 * number + 360))
        if 24 <= number < 51:
            draw = ImageDraw.Draw(view)
            draw.text((120, 300), "You were not listening to me", "white", font, stroke_width=3, stroke_fill="black")
        return view

    video = making.video(tmp_path / "film.mp4", paint, seconds=8)
    found = await call("read_text", {"media": str(video)}, run)
    ((text, start, end),) = timeline(found)
    assert text == "You were not listening to me"
    assert start == pytest.approx(2.4, abs=0.1)
    assert end == pytest.approx(5.1, abs=0.1)
    assert found.slides == []
    assert any("about every 2 s" in limit for limit in found.limits)


async def test_what_was_not_read_is_said(run: Run, making: ModuleType, tmp_path: Path) -> None:
    slides = [making.slide(f"Slide number {'abcdefghijkl'[number]}") for number in range(12)]
    video = making.video(tmp_path / "many.mp4", lambda number: slides[number // 20], seconds=24)
    found = await call("read_text", {"media": str(video), "max_frames": 2}, run)
    assert found.frames_read == 2
    assert any("were not read, because `max_frames` is 2" in limit for limit in found.limits)
    looked = sum(end - start for start, end in found.coverage.looked_at)
    assert looked < 12
    assert found.coverage.seconds == 24


async def test_a_picture_gives_its_lines_with_boxes(run: Run, making: ModuleType, tmp_path: Path) -> None:
    making.slide("Invoice 4711\nTotal 128.50 euros").save(tmp_path / "invoice.png")
    found = await call("read_text", {"media": str(tmp_path / "invoice.png")}, run)
    assert found.text == ["Invoice 4711", "Total 128.50 euros"]
    assert [one.start_seconds for one in found.moments] == [None, None]
    assert all(one.box and one.artifact == found.pictures[0].handle for one in found.moments)
    assert run.path(found.listing.handle).read_text(encoding="utf-8") == "Invoice 4711\nTotal 128.50 euros\n"


async def test_a_picture_and_a_video_without_text_are_normal(run: Run, making: ModuleType, tmp_path: Path) -> None:
    empty = Image.new("RGB", (320, 180), "grey")
    empty.save(tmp_path / "empty.png")
    video = making.video(tmp_path / "empty.mp4", lambda number: empty, seconds=0.1)
    for path in (tmp_path / "empty.png", video):
        found = await call("read_text", {"media": str(path)}, run)
        assert (found.text, found.moments, found.listing, found.partial) == ([], [], None, False)


async def test_many_lines_are_also_given_as_json(run: Run, tmp_path: Path) -> None:
    page = Image.new("RGB", (500, 7000), "white")
    for number in range(210):
        ImageDraw.Draw(page).text((30, 20 + 33 * number), f"Row {number}", "black", ImageFont.load_default(size=22))
    page.save(tmp_path / "page.png")
    found = await call("read_text", {"media": str(tmp_path / "page.png")}, run)
    rows = json.loads(run.path(found.details.handle).read_text(encoding="utf-8"))
    assert [row["text"] for row in rows] == [one.text for one in found.moments]
    assert len(rows) >= 205


async def test_a_cut_off_recording_is_read_as_far_as_it_goes(run: Run, making: ModuleType, tmp_path: Path) -> None:
    slides = [making.slide("The first half"), making.slide("The second half")]
    whole = making.video(tmp_path / "whole.mkv", lambda number: slides[number >= 30], seconds=6, gop=10)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 45 // 100])
    found = await call("read_text", {"media": str(cut)}, run)
    assert found.text == ["The first half"]
    assert found.partial
    assert any("cut off" in limit for limit in found.limits)


async def test_a_language_that_cannot_be_read_is_refused_with_those_that_can(
    run: Run, making: ModuleType, tmp_path: Path
) -> None:
    making.slide("Hello").save(tmp_path / "hello.png")
    found = await call("read_text", {"media": str(tmp_path / "hello.png"), "language": "zh-CN"}, run)
    assert found.text == ["Hello"]
    with pytest.raises(UnavailableError, match=r"Text in 'ru' cannot be read.* reads: af, .*zh"):
        await call("read_text", {"media": str(tmp_path / "hello.png"), "language": "ru"}, run)


async def test_sound_has_no_text(run: Run, making: ModuleType, tmp_path: Path) -> None:
    sound = making.wav(tmp_path / "tone.wav", making.tone(0.5))
    with pytest.raises(MediaError, match=r"'tone\.wav' is audio/wav, and `read_text` needs video or picture"):
        await call("read_text", {"media": str(sound)}, run)


async def test_it_stops_when_it_is_cancelled(run: Run, talk: Path) -> None:
    stop = threading.Event()
    told: list[Progress] = []

    def on_progress(progress: Progress) -> None:
        told.append(progress)
        stop.set()

    with pytest.raises(Cancelled):
        await call("read_text", {"media": str(talk)}, replace(run, cancelled=stop, on_progress=on_progress))
    assert len(told) == 1


@pytest.fixture(scope="module")
def truth(samples: Path) -> Iterator[dict[str, Any]]:
    yield json.loads((samples / "video" / "talk_slides_en.json").read_text(encoding="utf-8"))


async def test_the_sample_talk_gives_its_slides(run: Run, samples: Path, truth: dict[str, Any]) -> None:
    found = await call("read_text", {"media": str(samples / "video" / "talk_slides_en.mp4")}, run)
    expected = [(one["title"], *one["lines"]) for one in truth["slides"]]
    # Each slide also has its number, which the ground truth leaves out.
    assert [(one.title, *one.lines[:-1]) for one in found.slides] == expected
    assert [one.start_seconds for one in found.slides] == [one["start"] for one in truth["slides"]]
    assert found.frames_read <= 8


async def test_a_film_without_text_gives_none(run: Run, samples: Path) -> None:
    found = await call("read_text", {"media": str(samples / "video" / "friday.mp4")}, run)
    assert (found.text, found.slides, found.pictures) == ([], [], [])
    assert found.frames_read <= 5
