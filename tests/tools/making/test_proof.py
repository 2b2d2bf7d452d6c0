"""What was made, held against what was ordered: length, sound and words."""

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
