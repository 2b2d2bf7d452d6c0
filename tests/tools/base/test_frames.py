"""Frames come exact to the frame, upright, and with their true time."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from types import ModuleType, SimpleNamespace

import av
import numpy as np
import pytest

from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.footage import open_video
from sensorium.tools.base.frames import Picked, decode_between, frames_at, key_frames
from sensorium.tools.base.run import Run

At = Callable[..., list[Picked]]


@pytest.fixture
def at(run: Run) -> At:
    """Take the frames at some times."""

    def take(path: Path, times: list[float], width_pixels: int | None = None) -> list[Picked]:
        return list(frames_at(path, path.name, times, width_pixels=width_pixels, run=run))

    return take


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mov", "libx264"),
        ("a.mkv", "libx264"),
        ("a.ts", "libx264"),
        ("a.avi", "libx264"),
        ("b.avi", "mpeg4"),
        ("b.mp4", "mpeg4"),
        ("a.webm", "libvpx"),
    ],
)
def test_the_frame_on_display_is_returned_in_any_container(
    name: str, codec: str, broken: ModuleType, tmp_path: Path, at: At
) -> None:
    path = broken.numbered(tmp_path / name, 150, codec=codec, gop=24, options={"bf": "2"} if "26" in codec else {})
    random = Random(7)
    times = sorted([0.0, 0.04, 5.959, 5.96, *(random.uniform(0, 6) for _ in range(25))])
    got = at(path, times)
    shown = [min(149, int(time * 25 + 1e-6)) for time in times]
    assert [broken.number_in(one.image) for one in got] == shown
    assert [one.at_seconds for one in got] == pytest.approx([number / 25 for number in shown], abs=1e-3)
    assert [one.asked_seconds for one in got] == times


def test_a_time_past_the_end_gives_the_last_frame(broken: ModuleType, tmp_path: Path, at: At) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 20)
    assert [broken.number_in(one.image) for one in at(path, [0.79, 1e9])] == [19, 19]
    for late in (1e9, 1e300, 1e308):
        (alone,) = at(path, [late])
        assert (broken.number_in(alone.image), alone.at_seconds) == (19, 0.76)


def test_a_file_in_which_no_place_can_be_found_is_named(
    broken: ModuleType, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 3)
    with open_video(path, "a.mp4") as footage:

        def refuse(*_: object, **__: object) -> None:
            raise av.InvalidDataError(1, "Invalid data found")

        monkeypatch.setattr(footage, "container", SimpleNamespace(format=footage.container.format, seek=refuse))
        with pytest.raises(MediaError, match=r"'a\.mp4' cannot be read from 1\.5 s on"):
            footage.seek(1.5)


def test_a_frames_own_time_finds_it_again(broken: ModuleType, tmp_path: Path, at: At) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 60, rate=Fraction(30_000, 1001))
    first = at(path, [number * 1001 / 30_000 + 0.01 for number in range(60)])
    again = at(path, [one.at_seconds for one in first])
    assert [one.at_seconds for one in again] == [one.at_seconds for one in first]
    assert [broken.number_in(one.image) for one in again] == list(range(60))


def test_frames_of_a_variable_rate_are_told_by_their_own_times(broken: ModuleType, tmp_path: Path, at: At) -> None:
    shown = [0, 40, 80, 1000, 1010, 1500, 4000, 4040]
    path = broken.numbered(tmp_path / "a.mkv", 8, times_ms=shown)
    got = at(path, [0.5, 0.999, 1.0, 1.4, 3.9, 4.0, 9.0])
    assert [broken.number_in(one.image) for one in got] == [2, 2, 3, 4, 5, 6, 7]
    assert [one.at_seconds for one in got] == [0.08, 0.08, 1.0, 1.01, 1.5, 4.0, 4.04]


def test_times_count_from_the_first_frame(broken: ModuleType, tmp_path: Path, at: At) -> None:
    path = broken.numbered(tmp_path / "a.mkv", 50, times_ms=[7_000 + 40 * number for number in range(50)])
    got = at(path, [0.0, 1.0])
    assert [(broken.number_in(one.image), one.at_seconds) for one in got] == [(0, 0.0), (25, 1.0)]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
def test_pictures_are_upright(turn: int, mirror: bool, broken: ModuleType, tmp_path: Path, at: At) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 10, turn=turn, mirror=mirror)
    (got,) = at(path, [0.2])
    assert got.image.shape == (broken.HEIGHT, broken.WIDTH, 3)
    assert broken.number_in(got.image) == 5


def test_the_pixel_aspect_is_applied_and_pictures_are_scaled_down_only(
    broken: ModuleType, tmp_path: Path, at: At
) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 10, aspect=Fraction(3, 2))
    assert at(path, [0])[0].image.shape == (96, 240, 3)
    assert at(path, [0], 120)[0].image.shape == (48, 120, 3)
    assert at(path, [0], 999)[0].image.shape == (96, 240, 3)


def test_a_video_of_one_frame_has_one(broken: ModuleType, tmp_path: Path, at: At) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 1)
    assert [one.at_seconds for one in at(path, [0.0, 0.02, 5.0])] == [0.0, 0.0, 0.0]


def test_of_a_file_that_was_cut_off_the_last_whole_frame_is_returned(
    broken: ModuleType, tmp_path: Path, at: At
) -> None:
    whole = broken.remuxed(broken.numbered(tmp_path / "a.mp4", 200), tmp_path / "b.mp4", movflags="faststart")
    got = at(broken.halved(whole, tmp_path / "c.mp4"), [0.4, 7.9])
    assert broken.number_in(got[0].image) == 10
    assert 2.0 < got[1].at_seconds < 7.0
    assert broken.number_in(got[1].image) == round(got[1].at_seconds * 25)


def test_key_frames_come_alone_and_small(broken: ModuleType, tmp_path: Path, run: Run) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 100, gop=20, options={"sc_threshold": "0"})
    got = list(key_frames(path, "a.mp4", width_pixels=80, run=run))
    assert [one.at_seconds for one in got] == [0.0, 0.8, 1.6, 2.4, 3.2]
    assert [broken.number_in(one.image) for one in got] == [0, 20, 40, 60, 80]
    assert got[0].image.shape == (48, 80, 3)


def test_decode_between_yields_every_frame_on_display(broken: ModuleType, tmp_path: Path, run: Run) -> None:
    path = broken.numbered(tmp_path / "a.mp4", 100)
    got = list(decode_between(path, "a.mp4", 1.01, 1.2, run=run))
    assert [broken.number_in(one.image) for one in got] == [25, 26, 27, 28, 29]
    assert all(one.at_seconds < other.at_seconds for one, other in pairwise(got))


def test_sound_alone_has_no_frames(making: ModuleType, tmp_path: Path, run: Run) -> None:
    path = making.wav(tmp_path / "a.wav", np.zeros(16_000, np.float32))
    with pytest.raises(MediaError, match=r"'a.wav' has no moving picture; it has: audio \(pcm_s16le\)"):
        list(frames_at(path, "a.wav", [0.0], run=run))
