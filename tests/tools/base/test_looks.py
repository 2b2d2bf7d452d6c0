"""Frames are compared by what they show, not by light, grain or where the camera points."""

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from PIL import Image

from sensorium.tools.base.looks import Look, difference, look, overlap, tones_moved, view


def scene(seed: int) -> np.ndarray:
    """Return a picture of 960×540 with detail at several scales."""
    random = np.random.default_rng(seed)
    layers = np.zeros((540, 960, 3), np.float32)
    for scale, weight in ((6, 0.3), (30, 0.6), (120, 1.0)):
        coarse = random.random((540 // scale + 1, 960 // scale + 1, 3), dtype=np.float32)
        grown = Image.fromarray((coarse * 255).astype(np.uint8)).resize((960, 540), Image.Resampling.BICUBIC)
        layers += weight * np.asarray(grown, dtype=np.float32)
    return (255 * (layers - layers.min()) / (layers.max() - layers.min())).astype(np.uint8)


def part(picture: np.ndarray, left: int = 0, top: int = 0) -> av.VideoFrame:
    cut = np.ascontiguousarray(picture[top : top + 360, left : left + 640])
    return av.VideoFrame.from_ndarray(cut, format="rgb24")


def seen(frame: av.VideoFrame) -> Look:
    return look(frame, VideoReformatter())


def fits(one: av.VideoFrame, other: av.VideoFrame) -> float:
    return overlap(view(one, VideoReformatter()), view(other, VideoReformatter()))


def test_another_scene_differs_in_structure() -> None:
    found = difference(seen(part(scene(1))), seen(part(scene(2))))
    assert found.structure > 0.6
    assert found.exceeds(0.25, 2.0)


def test_a_change_of_light_changes_the_level_but_not_the_structure() -> None:
    dimmed = (scene(1) * 0.5).astype(np.uint8)
    found = difference(seen(part(scene(1))), seen(part(dimmed)))
    assert found.level > 10 and found.light > 20
    assert found.structure < 0.02
    assert not found.exceeds(0.25, 2.0)


def test_grain_is_no_difference() -> None:
    noise = np.random.default_rng(0).normal(0, 4, scene(1).shape)
    grainy = np.clip(scene(1) + noise, 0, 255).astype(np.uint8)
    assert not difference(seen(part(scene(1))), seen(part(grainy))).exceeds(0.1, 1.0)


@pytest.mark.parametrize(("level", "differs"), [(10, False), (120, True)])
def test_plain_pictures_are_told_apart_by_their_level_alone(level: int, differs: bool) -> None:
    plain = [np.full((360, 640, 3), value, np.uint8) for value in (60, 60 + level)]
    assert difference(*(seen(part(one)) for one in plain)).exceeds(0.25, 2.0) is differs


def test_what_a_camera_moves_over_overlaps() -> None:
    picture = scene(3)
    assert fits(part(picture), part(picture, left=200, top=60)) > 0.9
    assert difference(seen(part(picture)), seen(part(picture, left=200, top=60))).structure > 0.5


def test_different_places_do_not_overlap() -> None:
    assert max(fits(part(scene(one)), part(scene(one + 1))) for one in range(10, 20)) < 0.8


def test_a_plain_picture_overlaps_with_nothing() -> None:
    plain = part(np.full((360, 640, 3), 90, np.uint8))
    assert fits(plain, part(scene(4))) < 0.3


def test_tones_stay_when_a_camera_moves_and_change_with_the_place() -> None:
    dark = (scene(6) * 0.3).astype(np.uint8)
    assert tones_moved(seen(part(scene(5))), seen(part(scene(5), left=100))) < 0.2
    assert tones_moved(seen(part(scene(5))), seen(part(dark))) > 0.5
