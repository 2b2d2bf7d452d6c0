"""The tool `compare_media`."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.call import call
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.run import Run


def rows(compared: Any) -> dict[str, tuple[Any, Any, bool]]:
    return {row.name: (row.first, row.second, row.same) for row in compared.rows}


async def test_two_pictures_are_compared_by_place(run: Run, making: ModuleType, tmp_path: Path) -> None:
    making.slide("Total\n128.50 euros").save(tmp_path / "before.png")
    making.slide("Total\n129.50 euros").save(tmp_path / "after.png")
    compared = await call(
        "compare_media", {"first": str(tmp_path / "before.png"), "second": str(tmp_path / "after.png")}, run
    )
    assert not compared.identical
    ((left, top, right, bottom),) = compared.changed
    # The third figure of the second line; that line lies at 110 to 144 of 360 pixels.
    assert 0.1 < left < right < 0.2
    assert 110 / 360 - 0.02 < top < bottom < 150 / 360
    assert compared.changed_share < 0.01
    with Image.open(run.path(compared.marked.handle)) as marked:
        red = np.asarray(marked.convert("RGB")).astype(int)
        assert ((red[..., 0] > 180) & (red[..., 1] < 90)).any()
    assert any(one.box == compared.changed[0] for one in compared.moments)


async def test_a_recompressed_copy_has_no_visible_difference(run: Run, making: ModuleType, tmp_path: Path) -> None:
    slide = making.slide("The same words")
    slide.save(tmp_path / "one.png")
    slide.save(tmp_path / "two.jpg", quality=70)
    compared = await call(
        "compare_media", {"first": str(tmp_path / "one.png"), "second": str(tmp_path / "two.jpg")}, run
    )
    assert (compared.identical, compared.near_duplicate, compared.changed, compared.marked) == (False, True, [], None)
    assert any(one.text == "No visible difference between the pictures" for one in compared.moments)
    assert rows(compared)["Type"] == ("image/png", "image/jpeg", False)


async def test_the_same_file_is_the_same(run: Run, making: ModuleType, tmp_path: Path) -> None:
    making.slide("Twice").save(tmp_path / "one.png")
    making.slide("Twice").save(tmp_path / "two.png")
    compared = await call(
        "compare_media", {"first": str(tmp_path / "one.png"), "second": str(tmp_path / "two.png")}, run
    )
    assert compared.identical
    assert [one.text for one in compared.moments] == ["Both files are the same, byte by byte"]


async def test_pictures_of_other_shapes_are_not_compared_by_place(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (200, 100), "red").save(tmp_path / "wide.png")
    Image.new("RGB", (100, 200), "red").save(tmp_path / "tall.png")
    compared = await call(
        "compare_media", {"first": str(tmp_path / "wide.png"), "second": str(tmp_path / "tall.png")}, run
    )
    assert (compared.changed, compared.marked) == ([], None)
    assert rows(compared)["Picture size in pixels"] == ("200 × 100", "100 × 200", False)


async def test_videos_are_compared_in_time_and_by_their_facts(run: Run, making: ModuleType, tmp_path: Path) -> None:
    one, other = making.slide("Chapter one"), making.slide("Something else entirely", colour="navy", ink="white")
    first = making.video(tmp_path / "first.mp4", lambda number: one, seconds=8, sound=making.tone(8))
    second = making.video(tmp_path / "second.mp4", lambda number: other if 30 <= number < 50 else one, seconds=8)
    compared = await call("compare_media", {"first": str(first), "second": str(second)}, run)
    (difference,) = compared.differences
    assert difference.start_seconds == pytest.approx(3.0, abs=0.3)
    assert difference.end_seconds == pytest.approx(5.0, abs=0.3)
    assert rows(compared)["Has sound"] == (True, False, False)
    assert rows(compared)["Length in seconds"][2]
    assert any("0.5 s apart" in limit for limit in compared.limits)
    # Those of the first file, which the coverage is about.
    assert compared.coverage.frames == compared.measures[0].value == 16


def found(kind: Any, *texts: str, quality: Any = "good") -> dict[str, Any]:
    source = Source(tool="test", quality=quality)
    moments = [
        Moment(kind=kind, start_seconds=10.0 * number, end_seconds=10.0 * number + 9, text=text, source=source)
        for number, text in enumerate(texts)
    ]
    return Findings(moments=moments).model_dump(mode="json")


async def test_words_that_only_one_file_has(run: Run, making: ModuleType, tmp_path: Path) -> None:
    first, second = (making.wav(tmp_path / f"{name}.wav", making.tone(0.5, hertz=name)) for name in (300, 400))
    compared = await call(
        "compare_media",
        {
            "first": str(first),
            "second": str(second),
            "first_findings": [
                found("speech", "We will ship on Monday.", "Thank you all.", quality="draft"),
                found("text", "Agenda 2026", "Next step: launch"),
            ],
            "second_findings": [
                found("speech", "We will ship on Friday.", "Thank you all."),
                found("text", "Agenda 2027", "Next step: Iaunch", "第二页"),
            ],
        },
        run,
    )
    assert [(one.text, one.start_seconds) for one in compared.speech_only_in_first] == [("Monday", 0.0)]
    assert [one.text for one in compared.speech_only_in_second] == ["Friday"]
    # A misread letter makes no other line; another figure does.
    assert [one.text for one in compared.text_only_in_first] == ["Agenda 2026"]
    assert [one.text for one in compared.text_only_in_second] == ["Agenda 2027", "第二页"]
    assert any(
        one.media == compared.second and one.text == "Text only in the second: 第二页" for one in compared.moments
    )
    assert any("draft" in limit for limit in compared.limits)


async def test_a_picture_and_a_sound_share_nothing_but_are_told_apart(
    run: Run, making: ModuleType, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "p.png")
    sound = making.wav(tmp_path / "s.wav", making.tone(0.5))
    compared = await call("compare_media", {"first": str(tmp_path / "p.png"), "second": str(sound)}, run)
    assert rows(compared)["Kind"] == ("picture", "audio", False)
    assert compared.differences == []
