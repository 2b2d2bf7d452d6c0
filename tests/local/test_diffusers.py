"""Pictures from a diffusion model on this machine: the real loading code, on a tiny random model."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("diffusers", reason="the extra `local` is not installed")

from sensorium.tools.base.errors import ArgumentError, Cancelled, UnavailableError
from sensorium.tools.base.makers import Made, Wish
from sensorium.tools.base.media import examine
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.local.rules import LocalRules
from sensorium.tools.providers.diffusers import Diffusers

QUICK = LocalRules(device="cpu", steps=2)


def draws(settings: Settings, folder: Path, **local: object) -> Diffusers:
    models = {"draw": f"diffusers:{folder}"}
    return Diffusers(replace(settings, models=models, local=replace(QUICK, **local)), "draw")


async def made(maker: Diffusers, run: Run, wish: Wish) -> Made:
    return await maker.make(maker.fit(wish).wish, run=run)


def picture(run: Run, made: Made, number: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(run.path(made.files[number].handle).read_bytes()))


def stored(run: Run, image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return run.put(file.getvalue(), name="given.png", media_type="image/png").handle


async def test_a_prompt_becomes_pictures_of_the_size_that_was_asked_for(
    settings: Settings, run: Run, tiny_diffusion: Path
) -> None:
    maker = draws(settings, tiny_diffusion)
    assert maker.missing() is None
    wish = Wish(task="image", values={"prompt": "a red fox", "width_pixels": 96, "height_pixels": 64, "count": 2})
    found = await made(maker, run, wish)
    assert [picture(run, found, number).size for number in range(2)] == [(96, 64)] * 2
    assert found.served_by == maker.identity and found.served_by.startswith("diffusers:tiny-diffusion")
    assert "cpu" in found.notes[0]


async def test_the_same_seed_gives_the_same_picture(settings: Settings, run: Run, tiny_diffusion: Path) -> None:
    maker = draws(settings, tiny_diffusion)
    values = {"prompt": "狐狸", "width_pixels": 64, "height_pixels": 64}
    one, again, other = [
        await made(maker, run, Wish(task="image", values={**values, "seed": seed})) for seed in (7, 7, 8)
    ]
    pixels = [picture(run, found).tobytes() for found in (one, again, other)]
    assert pixels[0] == pixels[1] != pixels[2]
    assert one.seed == 7


async def test_an_aspect_is_fitted_to_what_the_model_was_trained_on(settings: Settings, tiny_diffusion: Path) -> None:
    values = (
        draws(settings, tiny_diffusion).fit(Wish(task="image", values={"prompt": "x", "aspect": "16:9"})).wish.values
    )
    width, height = int(values["width_pixels"]), int(values["height_pixels"])
    assert 0.5 < width * height / 64**2 * 4 < 8 and 1.4 < width / height < 2.1
    assert width % 16 == height % 16 == 0


@pytest.mark.parametrize("task", ["edit", "vary"])
async def test_a_picture_is_drawn_anew(settings: Settings, run: Run, tiny_diffusion: Path, task: str) -> None:
    given = stored(run, Image.new("RGB", (64, 96), (200, 30, 30)))
    wish = Wish(task=task, values={"prompt": "blue", "strength": 0.9}, files={"picture": (given,)})  # type: ignore[arg-type]
    found = await made(draws(settings, tiny_diffusion), run, wish)
    assert picture(run, found).size == (64, 96)


async def test_sides_that_are_not_kept_are_told(settings: Settings, run: Run, tiny_diffusion: Path) -> None:
    given = stored(run, Image.new("RGB", (70, 96), (200, 30, 30)))
    for task, more in (("edit", {}), ("outpaint", {"right_pixels": 32})):
        wish = Wish(task=task, values={"prompt": "blue", **more}, files={"picture": (given,)})
        found = await made(draws(settings, tiny_diffusion), run, wish)
        width, height = picture(run, found).size
        asked = f"{70 + more.get('right_pixels', 0)}×96"
        assert f"{width}×{height} pixels were made of the {asked} that were asked for" in found.notes[1]


async def test_only_the_white_of_a_mask_is_drawn_anew(settings: Settings, run: Run, tiny_diffusion: Path) -> None:
    given = stored(run, Image.new("RGB", (64, 64), (200, 30, 30)))
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (32, 0, 64, 64))
    wish = Wish(task="inpaint", values={"prompt": "x"}, files={"picture": (given,), "mask": (stored(run, mask),)})
    found = await made(draws(settings, tiny_diffusion), run, wish)
    assert picture(run, found).size == (64, 64)
    small = stored(run, mask.resize((32, 32)))
    with pytest.raises(ArgumentError, match="32×32 pixels and the picture 64×64"):
        await made(draws(settings, tiny_diffusion), run, replace(wish, files={"picture": (given,), "mask": (small,)}))


async def test_a_picture_grows_beyond_its_edges(settings: Settings, run: Run, tiny_diffusion: Path) -> None:
    given = stored(run, Image.new("RGB", (64, 64), (200, 30, 30)))
    wish = Wish(task="outpaint", values={"prompt": "x", "left_pixels": 32}, files={"picture": (given,)})
    assert picture(run, await made(draws(settings, tiny_diffusion), run, wish)).size == (96, 64)


async def test_a_cancelled_run_stops_between_two_steps(settings: Settings, run: Run, tiny_diffusion: Path) -> None:
    run.cancelled.set()
    with pytest.raises(Cancelled):
        await made(draws(settings, tiny_diffusion), run, Wish(task="image", values={"prompt": "x"}))


@pytest.mark.parametrize("aspect", ["2x1", "2：1", "2 : 1"])
def test_an_aspect_is_read_as_everywhere_else(settings: Settings, tiny_diffusion: Path, aspect: str) -> None:
    size = draws(settings, tiny_diffusion).fit(Wish(task="image", values={"aspect": aspect})).wish.values
    assert size["width_pixels"] == pytest.approx(2 * float(size["height_pixels"]), abs=16)


async def test_what_cannot_be_had_is_told_before_anything_is_loaded(settings: Settings, tiny_diffusion: Path) -> None:
    maker = draws(settings, tiny_diffusion)
    with pytest.raises(ArgumentError, match="At most 8"):
        maker.fit(Wish(task="image", values={"prompt": "x", "count": 9}))
    with pytest.raises(ArgumentError, match="sides are from 32 to 4096"):
        maker.fit(Wish(task="image", values={"prompt": "x", "width_pixels": 8, "height_pixels": 8}))


async def test_weights_that_are_programs_are_not_loaded(
    settings: Settings, run: Run, tiny_diffusion: Path, tmp_path: Path
) -> None:
    (tmp_path / "model_index.json").write_bytes((tiny_diffusion / "model_index.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    maker = draws(settings, tmp_path)
    assert "safetensors" in (maker.missing() or "")
    with pytest.raises(UnavailableError, match="they can run code"):
        await made(maker, run, Wish(task="image", values={"prompt": "x"}))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("", "names no model"),
        ("/no/such/model", "names the folder '/no/such/model', which is not there"),
        ("someone/some-model", "is not on this machine, and downloads are switched off"),
    ],
)
def test_what_is_missing_is_told_with_what_adds_it(settings: Settings, model: str, says: str) -> None:
    assert says in (Diffusers(replace(settings, models={"draw": f"diffusers:{model}"}), "draw").missing() or "")


async def test_words_become_a_video_of_the_size_and_length_that_was_asked_for(
    settings: Settings, run: Run, tiny_film: Path
) -> None:
    maker = Diffusers(replace(settings, models={"film": f"diffusers:{tiny_film}"}, local=QUICK), "film")
    assert maker.missing() is None
    values = {"prompt": "a fox runs", "width_pixels": 32, "height_pixels": 32, "seconds": 0.5}
    found = await made(maker, run, Wish(task="video", values=values))
    facts = examine(run.path(found.files[0].handle), "video.mp4")
    assert facts.video is not None and (facts.video.width_pixels, facts.video.height_pixels) == (32, 32)
    assert facts.seconds == pytest.approx(9 / 16, abs=0.01)


async def test_a_model_of_words_takes_no_first_frame(settings: Settings, run: Run, tiny_film: Path) -> None:
    maker = Diffusers(replace(settings, models={"film": f"diffusers:{tiny_film}"}, local=QUICK), "film")
    given = stored(run, Image.new("RGB", (32, 32), (200, 30, 30)))
    with pytest.raises(ArgumentError, match="it takes no first frame"):
        await made(maker, run, Wish(task="animate", values={"prompt": "x"}, files={"picture": (given,)}))
