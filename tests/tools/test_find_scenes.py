"""Scenes are found to the frame, and what is no change of scene is not found."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.run import Run
from sensorium.tools.find_scenes import Scenes

Paint = Callable[[int], Image.Image]
FPS = 25
ENCODED = {
    "key frames at cuts": {},
    "fixed groups of pictures": {"sc_threshold": "0", "g": "60", "keyint_min": "60"},
    "one group of pictures": {"sc_threshold": "0", "g": "10000", "bf": "3"},
}


def scenery(seed: int, *, width: int = 480, height: int = 300, low: int = 0, high: int = 255) -> Image.Image:
    """Return a picture with detail at several scales."""
    random = np.random.default_rng(seed)
    layers = np.zeros((height, width, 3), np.float32)
    for scale, weight in ((5, 0.2), (20, 0.6), (70, 1.0)):
        coarse = random.random((height // scale + 1, width // scale + 1, 3), dtype=np.float32)
        grown = Image.fromarray((coarse * 255).astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
        layers += weight * np.asarray(grown, dtype=np.float32)
    layers = (layers - layers.min()) / (layers.max() - layers.min())
    return Image.fromarray((low + layers * (high - low)).astype(np.uint8))


def still(seed: int) -> Paint:
    picture = scenery(seed).crop((0, 0, 320, 180))
    return lambda n: picture


def panned(seed: int, **contrast: int) -> Paint:
    picture = scenery(seed, **contrast)
    return lambda n: picture.crop((n % 150, n // 3 % 100, n % 150 + 320, n // 3 % 100 + 180))


def zoomed(seed: int) -> Paint:
    picture = scenery(seed)
    return lambda n: picture.resize((320, 180), box=(n / 3, n / 5, 480 - n / 3, 300 - n / 5))


@pytest.fixture
def film(making: ModuleType, tmp_path: Path) -> Callable[..., Path]:
    """Write a video of shots, each a painter and a number of frames."""

    def write(*shots: tuple[Paint, int], **options: str) -> Path:
        pictures = [(paint, number) for paint, frames in shots for number in range(frames)]
        path: Path = making.video(
            tmp_path / "film.mp4",
            lambda n: pictures[n][0](pictures[n][1]),
            seconds=len(pictures) / FPS,
            fps=FPS,
            gop=250,
            options={"preset": "veryfast", **options},
        )
        return path

    return write


async def cuts(path: Path, run: Run, **arguments: object) -> list[float]:
    """Return where scenes begin, but for the first."""
    found: Scenes = await call("find_scenes", {"media": str(path), **arguments}, run)
    return [one.start_seconds for one in found.scenes[1:]]


@pytest.mark.parametrize("encoded", ENCODED)
async def test_cuts_are_placed_to_the_frame(encoded: str, film: Callable[..., Path], run: Run) -> None:
    shots = [(panned(1), 93), (still(2), 71), (zoomed(3), 118), (panned(4, low=30, high=60), 64), (still(5), 87)]
    path = film(*shots, **ENCODED[encoded])
    assert await cuts(path, run) == pytest.approx([93 / FPS, 164 / FPS, 282 / FPS, 346 / FPS], abs=0.001)


@pytest.mark.parametrize("encoded", ENCODED)
async def test_shots_of_like_tones_are_told_apart(encoded: str, film: Callable[..., Path], run: Run) -> None:
    dim = [panned(seed, low=40, high=90) for seed in (11, 12, 13)]
    path = film((dim[0], 80), (dim[1], 70), (dim[2], 90), **ENCODED[encoded])
    assert await cuts(path, run) == pytest.approx([80 / FPS, 150 / FPS], abs=0.001)


@pytest.mark.parametrize("encoded", ENCODED)
async def test_slides_that_share_a_design_are_told_apart(
    encoded: str, film: Callable[..., Path], run: Run, making: ModuleType
) -> None:
    texts = [
        "Conservation\nof energy\nA pendulum",
        "Work against\ngravity: m g h\n150 joules",
        "Questions?\n\nThank you",
    ]
    slides = [making.slide(text, width=320, height=180) for text in texts]
    path = film(*((lambda n, slide=slide: slide, 110) for slide in slides), **ENCODED[encoded])
    assert await cuts(path, run) == pytest.approx([110 / FPS, 220 / FPS], abs=0.001)


async def test_plain_colours_are_scenes(film: Callable[..., Path], run: Run) -> None:
    plain = [Image.new("RGB", (320, 180), colour) for colour in ("red", "blue", "black", "green")]
    path = film(*((lambda n, one=one: one, 50) for one in plain))
    assert await cuts(path, run) == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("encoded", ENCODED)
async def test_a_moving_camera_is_no_cut(encoded: str, film: Callable[..., Path], run: Run) -> None:
    path = film((panned(21), 150), **ENCODED[encoded])
    assert await cuts(path, run) == []


@pytest.mark.parametrize("encoded", ENCODED)
async def test_a_slow_zoom_is_no_cut(encoded: str, film: Callable[..., Path], run: Run) -> None:
    assert await cuts(film((zoomed(22), 250), **ENCODED[encoded]), run) == []


@pytest.mark.parametrize("encoded", ENCODED)
async def test_a_change_of_light_is_no_cut(encoded: str, film: Callable[..., Path], run: Run) -> None:
    lit = np.asarray(still(23)(0), dtype=np.float32)
    path = film(
        (lambda n: Image.fromarray((lit * (0.55 + 0.45 * np.cos(n / 30))).astype(np.uint8)), 250), **ENCODED[encoded]
    )
    assert await cuts(path, run) == []


@pytest.mark.parametrize("encoded", ENCODED)
async def test_a_flash_is_no_cut(encoded: str, film: Callable[..., Path], run: Run) -> None:
    shown, white = still(24), Image.new("RGB", (320, 180), "white")
    path = film((lambda n: white if n in (75, 76) else shown(n), 160), **ENCODED[encoded])
    assert await cuts(path, run) == []


@pytest.mark.parametrize("encoded", ENCODED)
@pytest.mark.parametrize("frames", [10, 35])
async def test_a_fade_from_slide_to_slide_is_found_once_in_its_middle(
    frames: int, encoded: str, film: Callable[..., Path], run: Run, making: ModuleType
) -> None:
    slides = [making.slide(text, width=320, height=180) for text in ("First\nslide", "Second\n\nand last")]

    def paint(n: int) -> Image.Image:
        return Image.blend(slides[0], slides[1], min(1.0, max(0.0, (n - 120) / frames)))

    path = film((paint, 260), **ENCODED[encoded])
    found: Scenes = await call("find_scenes", {"media": str(path)}, run)
    assert [one.begins_with for one in found.scenes] == ["start", "fade"]
    assert found.scenes[1].start_seconds == pytest.approx((120 + frames / 2) / FPS, abs=0.15)


async def test_scenes_cover_the_video_without_a_gap(film: Callable[..., Path], run: Run) -> None:
    path = film((still(1), 50), (still(2), 50))
    found: Scenes = await call("find_scenes", {"media": str(path)}, run)
    assert [(one.start_seconds, one.end_seconds, one.begins_with) for one in found.scenes] == [
        (0.0, 2.0, "start"),
        (2.0, 4.0, "cut"),
    ]
    assert [(one.kind, one.start_seconds, one.source.tool) for one in found.moments] == [("cut", 2.0, "find_scenes")]
    assert found.coverage is not None and found.coverage.looked_at == [(0.0, 4.0)]
    assert found.method == "key frames" and "on 2 key frames, one every 2.0 s" in found.limits[0]
    assert not found.partial


async def test_every_frame_is_looked_at_when_it_is_to_be_exact(film: Callable[..., Path], run: Run) -> None:
    path = film((panned(1), 60), (panned(2), 60))
    found: Scenes = await call("find_scenes", {"media": str(path), "exact": True}, run)
    assert [one.start_seconds for one in found.scenes] == [0.0, 2.4]
    assert found.method == "PySceneDetect" and found.moments[0].source.provider.startswith("scenedetect-0.")
    assert found.coverage is not None and found.coverage.frames == 120


async def test_sensitivity_decides_about_small_changes(film: Callable[..., Path], run: Run) -> None:
    first = still(31)(0)
    second = first.copy()
    second.paste(still(32)(0).crop((0, 0, 110, 110)), (60, 30))
    path = film((lambda n: first, 60), (lambda n: second, 60))
    assert await cuts(path, run, sensitivity="low") == []
    assert await cuts(path, run, sensitivity="high") == [2.4]


async def test_short_scenes_are_joined_when_asked(film: Callable[..., Path], run: Run) -> None:
    path = film((still(1), 60), (still(2), 20), (still(3), 60))
    assert await cuts(path, run) == [2.4, 3.2]
    assert await cuts(path, run, min_scene_seconds=1.0) == [2.4]


async def test_a_video_of_one_frame_is_one_scene(film: Callable[..., Path], run: Run) -> None:
    found: Scenes = await call("find_scenes", {"media": str(film((still(1), 1)))}, run)
    assert [(one.start_seconds, one.end_seconds) for one in found.scenes] == [(0.0, 0.04)]


async def test_of_a_file_that_was_cut_off_the_first_part_is_looked_at(
    film: Callable[..., Path], broken: ModuleType, tmp_path: Path, run: Run
) -> None:
    whole = broken.remuxed(film((panned(1), 30), (panned(2), 170)), tmp_path / "whole.mp4", movflags="faststart")
    found: Scenes = await call("find_scenes", {"media": str(broken.halved(whole, tmp_path / "half.mp4"))}, run)
    assert found.partial and found.limits[0].startswith("The file is cut off")
    assert [one.start_seconds for one in found.scenes] == [0.0, 1.2]
    assert 1.2 < found.scenes[-1].end_seconds < 7.0


async def test_sound_has_no_scenes(making: ModuleType, tmp_path: Path, run: Run) -> None:
    with pytest.raises(MediaError, match="is audio/wav, and `find_scenes` needs video"):
        await call("find_scenes", {"media": str(making.wav(tmp_path / "a.wav", making.tone(1)))}, run)


async def test_the_slides_of_a_real_talk_are_found(samples: Path, run: Run) -> None:
    truth = json.loads((samples / "video" / "talk_slides_en.json").read_text())
    starts = [one["start"] if "start" in one else one["start_seconds"] for one in truth["slides"]]
    assert await cuts(samples / "video" / "talk_slides_en.mp4", run) == pytest.approx(starts[1:], abs=0.05)


async def test_film_of_people_talking_is_one_scene(samples: Path, run: Run) -> None:
    assert await cuts(samples / "video" / "friday.mp4", run) == []
