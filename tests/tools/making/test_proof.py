"""What was made, held against what was ordered: length, sound and words."""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.makers import Made, Wish
from sensorium.tools.base.run import Run
from sensorium.tools.making.proof import prove_made


def made(run: Run, *paths: Path, texts: tuple[str, ...] = ()) -> Made:
    return Made(files=tuple(run.workspace.adopt(one) for one in paths), served_by="house:studio", texts=texts)


@pytest.fixture
def sounds(tmp_path: Path, making: ModuleType) -> dict[str, Path]:
    return {
        "tone": making.wav(tmp_path / "tone.wav", making.tone(3.0)),
        "silence": making.wav(tmp_path / "silence.wav", np.zeros(48_000, dtype=np.float32)),
        "film": making.video(tmp_path / "film.mp4", lambda at: making.slide(str(at)), seconds=1.0),
    }


async def test_sound_has_the_length_that_was_ordered_within_what_models_are_off(
    run: Run, sounds: dict[str, Path]
) -> None:
    for seconds in (2.6, 3.0, 3.3):
        proved = await prove_made(made(run, sounds["tone"]), Wish(task="music", values={"seconds": seconds}), run)
        assert proved.files[0].facts["seconds"] == 3.0
    for seconds in (2.0, 4.0):
        with pytest.raises(MediaError, match=rf"it lasts 3.0 s, and {seconds:g} s were ordered"):
            await prove_made(made(run, sounds["tone"]), Wish(task="music", values={"seconds": seconds}), run)
    # What goes on from a sample may count the sample, too.
    await prove_made(made(run, sounds["tone"]), Wish(task="continue", values={"seconds": 2.0}), run)


async def test_silence_and_film_are_no_music(run: Run, sounds: dict[str, Path]) -> None:
    with pytest.raises(MediaError, match="its sound is silence"):
        await prove_made(made(run, sounds["silence"]), Wish(task="music"), run)
    with pytest.raises(MediaError, match=r"a film \(video/mp4\) came, and sound was ordered"):
        await prove_made(made(run, sounds["film"]), Wish(task="music"), run)


async def test_sound_that_is_hardly_there_is_no_music(run: Run, tmp_path: Path, making: ModuleType) -> None:
    click = np.concatenate([making.tone(0.1), np.zeros(5 * 16_000, dtype=np.float32)])
    with pytest.raises(MediaError, match=r"its sound is silence but for 0\.1 of 5\.1 s"):
        await prove_made(made(run, making.wav(tmp_path / "click.wav", click)), Wish(task="music"), run)


@pytest.fixture
def rolling(making: ModuleType) -> Callable[[int], Image.Image]:
    """Paint frames in which everything moves, and that take much to encode."""
    noise = np.random.default_rng(1).integers(0, 255, (96, 160, 3), dtype=np.uint8)
    return lambda number: Image.fromarray(np.roll(noise, 5 * number, 1))


def damaged(path: Path, begin: float, end: float) -> Path:
    """Write zeros over a part of a file."""
    content = bytearray(path.read_bytes())
    first, last = int(len(content) * begin), int(len(content) * end)
    content[first:last] = bytes(last - first)
    path.write_bytes(content)
    return path


async def test_what_cannot_be_decoded_in_the_middle_is_no_result(
    run: Run, tmp_path: Path, making: ModuleType, rolling: Callable[[int], Image.Image]
) -> None:
    film = making.video(tmp_path / "film.mp4", rolling, seconds=6.0, fps=30, gop=5)
    whole = await prove_made(made(run, film), Wish(task="video"), run)
    assert whole.notes == ()
    with pytest.raises(MediaError, match=r"\d+% of it cannot be decoded"):
        await prove_made(made(run, damaged(film, 0.4, 0.6)), Wish(task="video"), run)
    # So little is worth a word, and not another order.
    making.video(film, rolling, seconds=6.0, fps=30, gop=5)
    nearly = await prove_made(made(run, damaged(film, 0.5, 0.53)), Wish(task="video"), run)
    assert [one for one in nearly.notes if re.fullmatch(r"[1-4]\.\d% of it cannot be decoded\.", one)]


async def test_sound_and_pictures_of_a_film_last_as_long_as_it(
    run: Run, tmp_path: Path, making: ModuleType, rolling: Callable[[int], Image.Image]
) -> None:
    def film(seconds: float, heard: float) -> Made:
        path = tmp_path / f"{seconds}-{heard}.mp4"
        return made(run, making.video(path, rolling, seconds=seconds, sound=making.tone(heard)))

    ordered = Wish(task="video", values={"with_sound": True})
    with pytest.raises(MediaError, match=r"it has sound for 1\.\d of its 5\.0 s only"):
        await prove_made(film(5.0, 1.0), ordered, run)
    with pytest.raises(MediaError, match=r"it has pictures for 1\.0 of its 5\.\d s only"):
        await prove_made(film(1.0, 5.0), ordered, run)
    early = await prove_made(film(5.0, 4.0), ordered, run)
    assert early.notes == ("It has sound for 4.0 of its 5.0 s only.",)
    assert (await prove_made(film(5.0, 4.8), ordered, run)).notes == ()


async def test_a_film_in_which_nothing_moves_is_noted(run: Run, tmp_path: Path, making: ModuleType) -> None:
    still = making.video(tmp_path / "still.mp4", lambda number: making.slide("A kite"), seconds=2.0)
    proved = await prove_made(made(run, still), Wish(task="video"), run)
    assert proved.notes == ("Nothing moves in it: it looks the same all of its 2.0 s.",)

    def speaking(number: int) -> Image.Image:
        picture = making.slide("A kite")
        picture.paste("black", (300, 300, 320, 301 + 3 * (number % 7)))
        return picture

    moving = making.video(tmp_path / "moving.mp4", speaking, seconds=2.0)
    assert (await prove_made(made(run, moving), Wish(task="video"), run)).notes == ()


async def test_a_pixel_is_no_picture(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), "red").save(tmp_path / "pixel.png")
    pixel = made(run, tmp_path / "pixel.png")
    with pytest.raises(MediaError, match="it has 1×1 px, which is no picture"):
        await prove_made(pixel, Wish(task="image", values={"prompt": "a kite", "aspect": "1:1"}), run)
    await prove_made(pixel, Wish(task="image", values={"prompt": "a dot", "width_pixels": 1, "height_pixels": 1}), run)


async def test_a_voice_that_was_learnt_has_a_name_and_needs_no_file(run: Run) -> None:
    learnt = Made(files=(), served_by="house:studio", texts=("voice-1",))
    assert await prove_made(learnt, Wish(task="clone"), run) == learnt
    with pytest.raises(MediaError, match="without any words"):
        await prove_made(Made(files=(), served_by="house:studio"), Wish(task="clone"), run)


async def test_facts_are_noted_only_of_what_was_proved(run: Run, sounds: dict[str, Path]) -> None:
    handle = run.workspace.adopt(sounds["silence"]).handle
    with pytest.raises(MediaError, match=handle):
        await prove_made(made(run, sounds["silence"]), Wish(task="music"), run)
    assert run.artifact(handle).facts == {}


async def test_a_picture_that_grew_is_whole_blocks_of_pixels(run: Run, tmp_path: Path) -> None:
    for name, size in {"given": (250, 250), "blocks": (304, 256), "other": (304, 270)}.items():
        Image.new("RGB", size, "red").save(tmp_path / f"{name}.png")
    given = run.workspace.adopt(tmp_path / "given.png").handle
    wish = Wish(task="outpaint", values={"right_pixels": 50}, files={"picture": (given,)})
    await prove_made(made(run, tmp_path / "blocks.png"), wish, run)
    with pytest.raises(MediaError, match="304×270 px, and 300×250 px were ordered"):
        await prove_made(made(run, tmp_path / "other.png"), wish, run)
