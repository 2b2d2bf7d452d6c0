"""A film whose frames carry their number and whose sound is known, and what measures them."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound
from sensorium.tools.edit_media import EditedMedia

FILM_RATE = 48_000
Edit = Callable[..., Any]
Shown = list[tuple[float, int]]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edit")


@pytest.fixture(scope="session")
def beeps(making: ModuleType, measuring: ModuleType) -> np.ndarray:
    sound = np.zeros(measuring.SECONDS * FILM_RATE, np.float32)
    for at in measuring.BEEPS:
        start = round(at * FILM_RATE)
        sound[start : start + round(0.4 * FILM_RATE)] = making.tone(0.4, rate=FILM_RATE)
    return sound


@pytest.fixture(scope="session")
def film(folder: Path, making: ModuleType, broken: ModuleType, measuring: ModuleType, beeps: np.ndarray) -> Path:
    """Six seconds whose frames carry their number, with B-frames, and beeps."""
    path: Path = making.video(
        folder / "film.mp4",
        lambda number: Image.fromarray(broken.painted(number)),
        seconds=measuring.SECONDS,
        fps=measuring.FPS,
        sound=beeps,
        rate=FILM_RATE,
        options={"preset": "veryfast", "bf": "2", "sc_threshold": "0"},
        gop=measuring.GOP,
    )
    return path


@pytest.fixture(scope="session")
def tone(folder: Path, making: ModuleType) -> Path:
    path: Path = making.wav(folder / "tone.wav", making.tone(3, hertz=880))
    return path


@pytest.fixture
def edit(run: Run) -> Edit:
    async def do(task: str, media: object = None, **more: Any) -> EditedMedia:
        given = {"task": task, **more} | ({} if media is None else {"media": str(media)})
        made: EditedMedia = await call("edit_media", given, run)
        return made

    return do


@pytest.fixture
def shown(run: Run, broken: ModuleType) -> Callable[[EditedMedia], Shown]:
    """Return the times and numbers of all frames of a result."""

    def read(made: EditedMedia, item: int = 0) -> Shown:
        found: Shown = []
        with av.open(str(run.path(made.items[item].file.handle))) as container:
            for frame in container.decode(video=0):
                picture = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
                found.append((frame.time, broken.number_in(picture)))
        return found

    return read


@pytest.fixture
def heard(run: Run, measuring: ModuleType) -> Callable[..., np.ndarray]:
    def read(made: EditedMedia, item: int = 0) -> np.ndarray:
        handle = made.items[item].file.handle
        return decode_sound(run.path(handle), "made", run, rate=measuring.RATE).samples

    return read
