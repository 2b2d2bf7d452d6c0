"""Results as a chat model reads them."""

from pathlib import Path
from types import ModuleType
from typing import Any

from sensorium.agent.tidy import file_names, tidy, written
from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run

HANDLE = "artifact://sha256/" + "a" * 64
SOURCE = {"tool": "t", "provider": "sensorium", "quality": "measured"}


def moment(text: str, start: float | None = 83.0, end: float | None = 90.5, **more: Any) -> dict[str, Any]:
    return {"id": "", "kind": "speech", "start_seconds": start, "end_seconds": end, "text": text, "media": HANDLE,
            "artifact": None, "box": None, "confidence": None, "source": SOURCE} | more  # fmt: skip


def test_a_moment_is_a_line_with_its_id_and_its_time() -> None:
    moments = [
        moment("the\nbudget", id="talk.m1"),
        moment("a guess", end=None, confidence=0.3),
        moment("5 MB", start=None, kind="fact"),
        moment("a cat", kind="picture", box=(0.1, 0.2, 0.5, 0.75)),
    ]
    assert tidy({"moments": moments}, "talk", {})["moments"] == [
        "[talk.m1] 1:23-1:30.5 speech: the budget",
        "1:23 speech: a guess (unsure)",
        "fact: 5 MB",
        "1:23-1:30.5 picture: a cat at [0.1, 0.2, 0.5, 0.75]",
    ]


def test_files_are_what_a_plan_calls_them() -> None:
    picture = {"handle": HANDLE, "media_type": "image/png", "bytes": 3, "name": "f.png", "facts": {}}
    clip = {**picture, "media_type": "video/mp4", "name": "c.mp4",
            "facts": {"width_pixels": 640, "height_pixels": 360, "seconds": 61.5}}  # fmt: skip
    other = "artifact://sha256/" + "b" * 64
    result = {"items": [{"picture": picture}], "clip": clip, "media": other, "again": HANDLE}
    assert tidy(result, "frames", file_names(["x", other])) == {
        "items": [{"picture": "$frames.items[0].picture (f.png, image/png)"}],
        "clip": "$frames.clip (c.mp4, video/mp4, 640x360, 1:01.5)",
        "media": "$files[1]",
        "again": "$frames.clip",
    }


def test_what_moments_say_is_not_said_again() -> None:
    result = {
        "text": "one two",
        "lines": ["two", "one"],
        "other": ["three"],
        "moments": [moment("one"), moment("two")],
        "measures": [{"name": "words", "value": 2.0, "unit": "words", "media": HANDLE, "evidence": []}],
        "coverage": {"seconds": 90.0, "looked_at": [], "heard": [[0.0, 60.0]], "frames": 0},
        "limits": ["A draft."],
        "partial": False,
    }
    assert tidy(result, "talk", {}) == {
        "other": ["three"],
        "measures": {"words": "2 words"},
        "coverage": "heard 0:00-1:00; of 1:30",
        "limits": ["A draft."],
        "moments": ["1:23-1:30.5 speech: one", "1:23-1:30.5 speech: two"],
    }


def test_a_moment_that_is_only_a_picture_is_where_the_picture_is() -> None:
    picture = {"handle": HANDLE, "media_type": "image/png", "bytes": 3, "name": "f.png", "facts": {}}
    result = {"items": [{"picture": picture, "at_seconds": 83.0}], "moments": [moment("", artifact=HANDLE)]}
    assert tidy(result, "frames", {}).keys() == {"items", "moments"} - {"moments"}


def test_what_is_too_deep_is_left_out() -> None:
    deep: Any = "bottom"
    for _ in range(30):
        deep = {"in": deep}
    assert written(tidy(deep, "x", {})).count("in") == 7


async def test_the_results_of_real_tools_are_a_third_as_long_and_keep_every_word(
    run: Run, tmp_path: Path, making: ModuleType
) -> None:
    slides = [making.slide("Kites\nand wind"), making.slide("Bridges\nand rivers")]
    talk = making.video(tmp_path / "talk.mp4", lambda n: slides[n // 20], seconds=4)
    found = (await call("read_text", {"media": str(talk)}, run)).model_dump(mode="json")
    told = tidy(found, "text", file_names([found["media"]]))
    assert len(written(told)) < len(written(found)) / 3
    assert {"Kites", "and wind", "Bridges", "and rivers"} <= {one["text"] for one in found["moments"]}
    assert all(one["text"] in written(told) for one in found["moments"])
    assert "artifact://" not in written(told)
