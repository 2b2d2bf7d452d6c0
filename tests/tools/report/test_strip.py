"""What a report says was looked at and listened to."""

import pytest

from sensorium.tools.base.moments import Coverage, Measure
from sensorium.tools.report.model import File
from sensorium.tools.report.strip import coverage_words, rows
from sensorium.tools.report.wording import Wording

SIZE = Measure(name="width_pixels", value=160)
SOUND = Measure(name="audio_channels", value=2)
EN = Wording("en")


def video(coverage: Coverage, *measures: Measure) -> File:
    return File(
        handle="a", name="a.mp4", media_type="video/mp4", bytes=9, coverage=coverage, moments=(), measures=measures
    )


@pytest.mark.parametrize(
    ("measures", "about_sound"),
    [((SIZE,), "There is no sound."), ((SIZE, SOUND), "The sound was not listened to.")],
)
def test_no_video_without_sound_is_said_to_have_gone_unheard(measures: tuple[Measure, ...], about_sound: str) -> None:
    seen = video(Coverage(seconds=60.0, looked_at=[(0.0, 60.0)], frames=30), *measures)
    assert coverage_words(seen, EN) == ["All 1:00 were looked at, in 30 frames.", about_sound]
    assert ("Listened to" in [row.label for row in rows(seen, [], EN)]) == (len(measures) == 2)


def test_an_unknown_file_is_not_said_to_be_without_sound() -> None:
    assert coverage_words(video(Coverage(seconds=60.0)), EN)[1] == "The sound was not listened to."


def test_single_frames_are_counted_where_no_stretch_was_looked_at() -> None:
    seen = video(Coverage(seconds=60.0, frames=20), SIZE)
    assert coverage_words(seen, EN)[0] == "Frames looked at: 20."
    assert coverage_words(seen, Wording("zh"))[0] == "查看的帧数：20。"
