"""Frames are taken as asked: when, how many, and how large."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ArgumentError, MediaError
from sensorium.tools.base.run import Run
from sensorium.tools.extract_frames import Frames

Extract = Callable[..., "Frames"]


@pytest.fixture
def numbers(broken: ModuleType, tmp_path: Path) -> Path:
    """Eight seconds whose frames carry their number, 25 a second."""
    path: Path = broken.numbered(tmp_path / "numbers.mp4", 200, options={"sc_threshold": "0"})
    return path


@pytest.fixture(scope="module")
def talk(making: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three slides, the first of them again at the end: 0, 8, 15 and 24 to 30 s."""
    slides = [
        making.slide(text, width=320, height=180) for text in ("Energy\nof a ball", "Work\n= m g h", "The\n\nEnd?")
    ]
    order = [0] * 80 + [1] * 70 + [2] * 90 + [0] * 60
    path: Path = making.video(
        tmp_path_factory.mktemp("talk") / "talk.mp4", lambda n: slides[order[n]], seconds=30, fps=10
    )
    return path


def opened(frames: Frames, run: Run) -> list[Image.Image]:
    return [load(one.picture.handle, run) for one in frames.items]


def load(handle: str, run: Run) -> Image.Image:
    with Image.open(run.path(handle)) as picture:
        picture.load()
        return picture


async def test_frames_at_times_are_exact(numbers: Path, broken: ModuleType, run: Run) -> None:
    got: Frames = await call("extract_frames", {"media": str(numbers), "times": [4.03, 0, 7.97]}, run)
    assert [broken.number_in(np.asarray(one)) for one in opened(got, run)] == [0, 100, 199]
    assert [(one.at_seconds, one.asked_seconds) for one in got.items] == [(0.0, 0.0), (4.0, 4.03), (7.96, 7.97)]
    assert [one.picture.name for one in got.items] == ["frame-0000.0s.jpg", "frame-0004.0s.jpg", "frame-0008.0s.jpg"]
    assert got.items[1].picture.facts == {"width_pixels": 160, "height_pixels": 96, "at_seconds": 4.0}
    assert [(one.kind, one.start_seconds, one.artifact) for one in got.moments] == [
        ("picture", one.at_seconds, one.picture.handle) for one in got.items
    ]
    assert got.coverage is not None and (got.coverage.frames, got.coverage.seconds) == (3, 8.0)


async def test_a_count_is_spread_evenly(numbers: Path, broken: ModuleType, run: Run) -> None:
    got: Frames = await call("extract_frames", {"media": str(numbers), "count": 4}, run)
    assert [broken.number_in(np.asarray(one)) for one in opened(got, run)] == [25, 75, 125, 175]


async def test_a_key_frame_near_by_will_do_for_a_count(broken: ModuleType, tmp_path: Path, run: Run) -> None:
    # Key frames at 0, 1.04, 2.08, … s; a twentieth of the 4 s between the frames is 0.2 s.
    path = broken.numbered(tmp_path / "a.mp4", 200, gop=26, options={"sc_threshold": "0"})
    got: Frames = await call("extract_frames", {"media": str(path), "count": 2}, run)
    assert [(one.at_seconds, one.asked_seconds) for one in got.items] == [(2.08, 2.0), (6.0, 6.0)]


async def test_an_interval_starts_at_the_start(numbers: Path, run: Run) -> None:
    got: Frames = await call("extract_frames", {"media": str(numbers), "every_seconds": 2.5}, run)
    assert [one.asked_seconds for one in got.items] == [0.0, 2.5, 5.0, 7.5]


async def test_a_part_of_the_video_can_be_chosen(numbers: Path, run: Run) -> None:
    part = {"media": str(numbers), "between_seconds": [2, 4]}
    counted: Frames = await call("extract_frames", {**part, "count": 2}, run)
    timed: Frames = await call("extract_frames", {**part, "every_seconds": 1}, run)
    assert [one.at_seconds for one in counted.items] == [2.48, 3.48]
    assert [one.at_seconds for one in timed.items] == [2.0, 3.0]


async def test_scenes_are_taken_when_they_have_settled(talk: Path, run: Run) -> None:
    # One second into the scene, or at a key frame in its first half: there is one every 5 s.
    scenes = (await call("find_scenes", {"media": str(talk)}, run)).model_dump()["scenes"]
    got: Frames = await call("extract_frames", {"media": str(talk), "scenes": scenes}, run)
    assert [one.at_seconds for one in got.items] == [1.0, 10.0, 16.0, 25.0]
    fewer: Frames = await call("extract_frames", {"media": str(talk), "scenes": scenes, "count": 2}, run)
    assert [one.at_seconds for one in fewer.items] == [1.0, 16.0]
    assert fewer.limits == ["Of 4 scenes, 2 have a picture; `count` gives more."]


async def test_each_thing_shown_is_taken_once(talk: Path, run: Run) -> None:
    got: Frames = await call("extract_frames", {"media": str(talk)}, run)
    assert [round(one.at_seconds or 0) for one in got.items] == [0, 8, 16]
    assert "that show the same as another are left out" in got.limits[0]
    assert got.coverage is not None and got.coverage.looked_at == [(0.0, 30.0)]
    longest: Frames = await call("extract_frames", {"media": str(talk), "changed": True, "count": 1}, run)
    assert [round(one.at_seconds or 0) for one in longest.items] == [0]
    assert longest.limits[1].startswith("2 pictures of what is shown most briefly are left out")


async def test_a_change_within_a_group_of_pictures_is_seen(making: ModuleType, tmp_path: Path, run: Run) -> None:
    slides = [making.slide(text, width=320, height=180) for text in ("Energy\nof a ball", "Work\n= m g h")]
    path = making.video(
        tmp_path / "a.mp4", lambda n: slides[30 <= n < 60], seconds=12, gop=500, options={"sc_threshold": "0"}
    )
    got: Frames = await call("extract_frames", {"media": str(path)}, run)
    assert [one.at_seconds for one in got.items] == [0.5, 3.5]


async def test_a_contact_sheet_shows_all_frames(talk: Path, run: Run) -> None:
    got: Frames = await call("extract_frames", {"media": str(talk), "count": 5, "contact_sheet": True}, run)
    assert got.sheet is not None
    sheet = load(got.sheet.handle, run)
    assert (sheet.width, got.sheet.name) == (3 * 320 + 4 * 8, "contact-sheet.jpg")
    assert sheet.height > 2 * 180


async def test_pictures_are_scaled_down_and_written_as_asked(numbers: Path, run: Run) -> None:
    asked = {"media": str(numbers), "times": [1], "width_pixels": 80, "format": "png"}
    got: Frames = await call("extract_frames", asked, run)
    (picture,) = opened(got, run)
    assert (picture.format, picture.size) == ("PNG", (80, 48))
    assert (got.items[0].picture.media_type, got.items[0].picture.name) == ("image/png", "frame-0001.0s.png")


async def test_where_frames_come_from_is_noted(numbers: Path, run: Run) -> None:
    got: Frames = await call("extract_frames", {"media": str(numbers), "count": 1}, run)
    (made,) = run.workspace.provenance(got.items[0].picture.handle)
    assert (made.tool, made.inputs, made.arguments["count"]) == ("extract_frames", [got.media], 1)


async def test_frames_asked_for_again_are_not_decoded_again(numbers: Path, run: Run) -> None:
    asked = {"media": str(numbers), "count": 3}
    first = await perform("extract_frames", asked, run)
    again = await perform("extract_frames", {**asked, "media": first.result.media}, run)
    assert (first.cached, again.cached) == (False, True)
    assert again.result == first.result


async def test_frames_close_together_have_names_of_their_own(numbers: Path, run: Run) -> None:
    got: Frames = await call("extract_frames", {"media": str(numbers), "times": [1.0, 1.04]}, run)
    assert [one.picture.name for one in got.items] == ["frame-0001.000s.jpg", "frame-0001.040s.jpg"]


async def test_a_still_picture_is_its_own_frame(making: ModuleType, tmp_path: Path, run: Run) -> None:
    making.slide("Chart", width=300, height=200).save(tmp_path / "a.png")
    got: Frames = await call("extract_frames", {"media": str(tmp_path / "a.png"), "width_pixels": 150}, run)
    assert [one.size for one in opened(got, run)] == [(150, 100)]
    assert (got.items[0].at_seconds, got.moments[0].start_seconds) == (None, None)


async def test_a_video_of_one_frame_has_one(broken: ModuleType, tmp_path: Path, run: Run) -> None:
    path = broken.numbered(tmp_path / "one.mp4", 1)
    for way in ({}, {"count": 1}, {"every_seconds": 5}, {"times": [0]}):
        got: Frames = await call("extract_frames", {"media": str(path), **way}, run)
        assert [one.at_seconds for one in got.items] == [0.0]


async def test_a_time_past_the_end_gives_the_last_frame_and_says_so(numbers: Path, run: Run) -> None:
    got: Frames = await call("extract_frames", {"media": str(numbers), "times": [90]}, run)
    assert got.items[0].at_seconds == 7.96
    assert got.limits == ["The video has 8.0 s; for 90 s its last frame is given."]


async def test_of_a_file_that_was_cut_off_the_readable_part_is_given(
    numbers: Path, broken: ModuleType, tmp_path: Path, run: Run
) -> None:
    whole = broken.remuxed(numbers, tmp_path / "whole.mp4", movflags="faststart")
    half = broken.halved(whole, tmp_path / "half.mp4")
    got: Frames = await call("extract_frames", {"media": str(half), "count": 4}, run)
    assert got.partial and got.limits[0].startswith("The file is cut off")
    assert len(got.items) == 4 and all((one.at_seconds or 0) < 7 for one in got.items)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"times": [1], "every_seconds": 2}, "was given `times` and `every_seconds`"),
        ({"times": [1], "count": 2}, "was given `times` and `count`"),
        ({"changed": True, "scenes": [{"start_seconds": 0, "end_seconds": 1}]}, "was given `scenes` and `changed`"),
        ({"times": []}, "`times` of `extract_frames` is empty"),
        ({"times": [-1]}, "must be seconds from 0 on; it has -1"),
        ({"scenes": []}, "`scenes` of `extract_frames` is empty"),
        ({"every_seconds": 0.001}, "gives 8,000 of 8.0 s; at most 500 .* Use 1 s or more"),
        ({"between_seconds": [9, 10]}, "`between_seconds` is 9 to 10, and 'numbers.mp4' has 8.0 s"),
        ({"between_seconds": [3, 2]}, "`between_seconds` is 3 to 2"),
        ({"scenes": [{"start_seconds": 50, "end_seconds": 60}]}, "None of the 1 scenes lies between 0 s and 8 s"),
        ({"number": 3}, "`number`: Extra inputs are not permitted"),
    ],
)
async def test_contradictions_are_refused(arguments: dict[str, object], found: str, numbers: Path, run: Run) -> None:
    with pytest.raises(ArgumentError, match=found):
        await call("extract_frames", {"media": str(numbers), **arguments}, run)


async def test_sound_has_no_frames(making: ModuleType, tmp_path: Path, run: Run) -> None:
    with pytest.raises(MediaError, match="is audio/wav, and `extract_frames` needs video or picture"):
        await call("extract_frames", {"media": str(making.wav(tmp_path / "a.wav", making.tone(1)))}, run)


async def test_the_slides_of_a_real_talk_are_taken_once_each(samples: Path, run: Run) -> None:
    got: Frames = await call("extract_frames", {"media": str(samples / "video" / "talk_slides_en.mp4")}, run)
    assert [round((one.at_seconds or 0) / 5) * 5 for one in got.items] == [0, 20, 55, 95, 150]


async def test_frames_of_what_a_model_made_are_known_as_such(talk: Path, run: Run) -> None:
    handle = run.workspace.adopt(talk).handle
    run.workspace.add_facts(handle, {"digital_source_type": "trainedAlgorithmicMedia"})
    got: Frames = await call("extract_frames", {"media": handle, "times": [1.0]}, run)
    assert got.items[0].picture.facts["digital_source_type"] == "trainedAlgorithmicMedia"
