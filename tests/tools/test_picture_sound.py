"""A sound is drawn where and as loud as it is."""

import wave
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import ArgumentError, MediaError
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound
from sensorium.tools.cutting.edits import Take
from sensorium.tools.cutting.spectra import bands, levels, spectrogram
from sensorium.tools.picture_sound import SoundPicture

RATE = 44_100


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    """A second of silence, one of 1 kHz at -6 dB, and one of 5 kHz at -26 dB."""
    quiet, low = making.tone(1, level=0, rate=RATE), making.tone(1, hertz=1_000, level=0.5, rate=RATE)
    high = making.tone(1, hertz=5_000, level=0.05, rate=RATE)
    path: Path = making.wav(
        tmp_path_factory.mktemp("sound") / "tones.wav", np.concatenate([quiet, low, high]), rate=RATE
    )
    return path


@pytest.fixture
def draw(run: Run) -> Callable[..., Any]:
    async def do(media: Path, form: str, **more: Any) -> SoundPicture:
        drawn: SoundPicture = await call("picture_sound", {"media": str(media), "form": form, **more}, run)
        return drawn

    return do


def part(path: Path, start: float = 0.0, end: float = 3.0) -> Take:
    return Take(path=path, name="tones", start_seconds=start, end_seconds=end)


def test_levels_are_those_of_the_sound(recording: Path, run: Run) -> None:
    found = levels(part(recording), 300, run)
    assert np.abs(found.high[:95]).max() < 0.001
    assert found.high[110:190] == pytest.approx(0.5, abs=0.01)
    assert found.low[110:190] == pytest.approx(-0.5, abs=0.01)
    assert found.mean[110:190] == pytest.approx(0.5 / np.sqrt(2), abs=0.01)
    later = levels(part(recording, 1.5, 2.5), 100, run)
    assert later.high[10:45] == pytest.approx(0.5, abs=0.01)
    assert later.high[60:90] == pytest.approx(0.05, abs=0.005)


def test_frequencies_stand_where_they_belong_and_in_db(recording: Path, run: Run) -> None:
    found = spectrogram(part(recording), 300, 400, run)

    def loudest(column: int) -> tuple[float, float]:
        row = int(found.db[:, column].argmax())
        share = 1 - (row + 0.5) / 400
        return found.lowest_hertz * (found.highest_hertz / found.lowest_hertz) ** share, float(found.db[row, column])

    assert loudest(150) == (pytest.approx(1_000, rel=0.02), pytest.approx(-6, abs=1))
    assert loudest(250) == (pytest.approx(5_000, rel=0.02), pytest.approx(-26, abs=1))
    assert found.db[:, 40].max() < -80


@pytest.mark.parametrize(
    ("right", "mean"),
    [(1.0, 0.5 / np.sqrt(2)), (-1.0, 0.5 / np.sqrt(2)), (0.0, 0.25)],
    ids=["both", "opposite", "left"],
)
def test_two_channels_are_as_loud_as_the_louder(tmp_path: Path, run: Run, right: float, mean: float) -> None:
    left = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE)
    path = tmp_path / "two.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.stack([left, right * left], axis=1) * 32_767).astype("<i2").tobytes())
    found = levels(part(path, 0, 1), 100, run)
    assert (found.low[10:90].min(), found.high[10:90].max()) == pytest.approx((-0.5, 0.5), abs=0.01)
    assert found.mean[10:90] == pytest.approx(mean, abs=0.01)
    assert spectrogram(part(path, 0, 1), 100, 400, run).db[:, 50].max() == pytest.approx(-6, abs=1)


def test_bars_rise_where_the_sound_is() -> None:
    times = np.arange(2048) / 48_000
    found = bands(np.sin(2 * np.pi * 800 * times).astype(np.float32)[None], 48, 48_000)
    expected = int(np.log(800 / 50) / np.log(14_000 / 50) * 48)
    assert abs(int(found.argmax()) - expected) <= 1
    assert found.max() > 0.9 and found[-5:].max() < 0.2
    assert bands(np.zeros((2, 2048), np.float32), 48, 48_000).max() == 0


async def test_a_waveform_is_drawn_with_its_axes(draw: Callable[..., Any], run: Run, recording: Path) -> None:
    drawn = await draw(recording, "waveform", title="Two tones", width_pixels=900, height_pixels=300)
    assert (drawn.width_pixels, drawn.height_pixels, drawn.seconds) == (900, 300, 3.0)
    with Image.open(run.path(drawn.file.handle)) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    blue = pixels[:, :, 2] > 150
    heights = blue[60:230].sum(axis=0)
    wide = np.flatnonzero(heights[80:880] > 20) + 80
    assert 0.30 < (wide[0] - 80) / 800 < 0.37 and 0.62 < (wide[-1] - 80) / 800 < 0.70
    assert (pixels[:45].max(axis=2) > 180).any(), "the title"


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_spectrogram_has_a_scale(draw: Callable[..., Any], run: Run, recording: Path, language: str) -> None:
    from sensorium.tools.base.fonts import find_cjk_font

    if language == "zh" and find_cjk_font() is None:
        pytest.skip("no font with Chinese letters is installed")
    drawn = await draw(recording, "spectrogram", language=language, width_pixels=800, height_pixels=400)
    with Image.open(run.path(drawn.file.handle)) as picture:
        assert picture.size == (800, 400)
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    rows = np.flatnonzero(pixels[:, 400].sum(axis=1) > 500)
    assert len(rows) and rows[-1] - rows[0] < 60, "one bright line at 1 kHz"


@pytest.mark.parametrize("motion", ["bars", "waveform"])
async def test_a_film_moves_with_the_sound_and_has_it(
    draw: Callable[..., Any], run: Run, recording: Path, motion: str
) -> None:
    drawn = await draw(recording, "video", motion=motion, width_pixels=320, height_pixels=200)
    path = run.path(drawn.file.handle)
    with av.open(str(path)) as container:
        frames = [one.to_ndarray(format="gray").astype(int) for one in container.decode(video=0)]
    assert len(frames) == 90
    sound = decode_sound(path, "film", run).samples
    assert np.abs(sound[:15_000]).max() < 0.01
    assert np.abs(sound[17_000:31_000]).max() == pytest.approx(0.5, abs=0.03)
    bright = [int((one > 90).sum()) for one in frames]
    if motion == "bars":
        upper = [int((one[:140] > 90).sum()) for one in frames]
        assert max(upper[:28]) == 0 and min(upper[35:58]) > 50
    else:
        assert bright[80] > bright[45] > bright[5]


async def test_the_sound_of_a_film_is_drawn_too(
    draw: Callable[..., Any], making: ModuleType, broken: ModuleType, tmp_path: Path
) -> None:
    film = making.video(tmp_path / "film.mp4", lambda _: Image.new("RGB", (64, 64)), seconds=1, sound=making.tone(1))
    assert (await draw(film, "waveform")).seconds == pytest.approx(1.0, abs=0.1)
    with pytest.raises(MediaError, match="has no sound to draw"):
        await draw(broken.numbered(tmp_path / "mute.mp4", 10), "waveform")


@pytest.mark.parametrize("form", ["waveform", "spectrogram"])
async def test_nothing_is_cut_off_at_the_edges(draw: Callable[..., Any], run: Run, recording: Path, form: str) -> None:
    drawn = await draw(recording, form)
    with Image.open(run.path(drawn.file.handle)) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert np.ptp(edges, axis=0).max() <= 2


async def test_what_cannot_be_drawn_is_refused(draw: Callable[..., Any], recording: Path) -> None:
    with pytest.raises(ArgumentError, match=r"lasts 3\.00 s"):
        await draw(recording, "waveform", start_seconds=10)
    with pytest.raises(ArgumentError, match="too short"):
        await draw(recording, "waveform", start_seconds=1, end_seconds=1.01)
