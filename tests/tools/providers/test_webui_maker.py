"""Pictures of a Stable Diffusion WebUI: what it is asked, how far it is, and that it is stopped."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, Cancelled, MediaError, ProviderError, SettingsError
from sensorium.tools.base.makers import Made, Maker, Wish
from sensorium.tools.base.run import Call, Progress, Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.making.ordering import make
from sensorium.tools.providers import webui_maker
from sensorium.tools.providers.webui_answers import info_of, seed_of

Opening = Callable[..., Run]


@pytest.fixture
def webui(webui_media: ModuleType) -> Iterator[Any]:
    with webui_media.serving() as running:
        yield running


@pytest.fixture
def drawing(settings: Settings) -> Iterator[Opening]:
    """Open a run whose pictures a WebUI draws."""
    opened: list[Run] = []

    def open_run(server: Any, model: str = "default", *, secret: str | None = None, **more: Any) -> Run:
        key = "WEBUI_LOGIN" if secret else None
        endpoint = Endpoint(name="webui", base_url=server.url, wire="webui", key=key, secret=secret)
        chosen = replace(settings, models={"draw": f"webui:{model}"}, endpoints={"webui": endpoint}, degrade=False)
        call = Call(id="c1", tool="make_image", arguments={}, inputs=[])
        opened.append(replace(Run.open(chosen), call=call, **more))
        return opened[-1]

    yield open_run
    for run in opened:
        run.library.close()


def maker(run: Run) -> Maker:
    found: Maker = run.models.ladder("draw")[0]
    return found


def picture(run: Run, path: Path, size: tuple[int, int] = (200, 100)) -> str:
    Image.linear_gradient("L").resize(size).convert("RGB").save(path)
    return run.workspace.adopt(path).handle


def mask(run: Run, path: Path, size: tuple[int, int] = (200, 100)) -> str:
    drawn = Image.new("L", size, 0)
    drawn.paste(255, (0, 0, size[0] // 2, size[1]))
    drawn.save(path)
    return run.workspace.adopt(path).handle


def size_of(made: Made, run: Run) -> tuple[int, int]:
    with Image.open(run.path(made.files[0].handle)) as opened:
        return opened.size


async def test_pictures_are_drawn_with_a_checkpoint_and_keep_how_they_were_made(drawing: Opening, webui: Any) -> None:
    run = drawing(webui, "dreamy_v2")
    values = {
        "prompt": "A cat", "negative_prompt": "dogs", "style": "ink", "seed": 7, "count": 2, "width_pixels": 500,
        "height_pixels": 300,
    }  # fmt: skip
    made = await make("draw", Wish(task="image", values=values), run)
    (sent,) = webui.asked("/sdapi/v1/txt2img")
    assert len(sent.pop("force_task_id")) == 32
    assert sent == {
        "prompt": "A cat, ink",
        "negative_prompt": "dogs",
        "seed": 7,
        "n_iter": 2,
        "save_images": False,
        "override_settings": {"sd_model_checkpoint": "dreamy_v2.safetensors [abc123]"},
        "width": 504,
        "height": 304,
    }
    assert (made.seed, size_of(made, run), len(made.files)) == (7, (504, 304), 2)
    assert "500×300" in made.notes[0]
    assert made.files[1].facts["infotext"] == "A cat, ink\nSteps: 20, Seed: 8, Model: dreamy_v2.safetensors [abc123]"
    assert run.budget.spent.usd == 0
    assert await make("draw", Wish(task="image", values=values), run) == made
    assert len(webui.asked("/sdapi/v1/txt2img")) == 1, "the same order of a run is not drawn twice"


async def test_a_checkpoint_that_is_not_there_is_refused_before_anything_is_drawn(drawing: Opening, webui: Any) -> None:
    with pytest.raises(SettingsError, match=r"no checkpoint 'nothing'\. It has: dreamy_v2, photo.*`webui:default`"):
        await make("draw", Wish(task="image", values={"prompt": "A cat"}), drawing(webui, "nothing"))
    assert [path for path, _ in webui.requests] == ["/sdapi/v1/sd-models"]


async def test_what_a_server_calls_its_checkpoints_steers_no_terminal(
    drawing: Opening, webui: Any, webui_media: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webui_media, "MODELS", [{"title": "\x1b[2J\n" + "x" * 9000}])
    with pytest.raises(SettingsError, match=r"It has: \[2J x+…\. Set") as raised:
        await make("draw", Wish(task="image", values={"prompt": "A cat"}), drawing(webui, "nothing"))
    assert len(str(raised.value)) < 600


async def test_an_answer_that_goes_on_for_ever_is_broken_off(
    drawing: Opening, webui: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webui_maker, "MOST_LIST", 10)
    with pytest.raises(ProviderError, match="goes on after 10 bytes"):
        await make("draw", Wish(task="image", values={"prompt": "A cat"}), drawing(webui, "dreamy_v2"))
    assert [path for path, _ in webui.requests] == ["/sdapi/v1/sd-models"]


@pytest.mark.parametrize("info", [{"seed": 1}, ["x"], 5, "[" * 100_000, "no JSON", None])
def test_what_a_server_says_oddly_of_a_picture_loses_no_picture(info: Any) -> None:
    assert info_of({"info": info}) == {}


@pytest.mark.parametrize(
    ("info", "seed"),
    [
        ({"all_seeds": [7, 8]}, 7),
        ({"seed": 9}, 9),
        ({"seed": 10**40}, None),
        ({"seed": -1}, None),
        ({"seed": True}, None),
    ],
)
def test_a_seed_is_a_number_that_can_be_given_again(info: Any, seed: int | None) -> None:
    assert seed_of(info) == seed


async def test_a_picture_is_changed_with_a_strength(drawing: Opening, webui: Any, tmp_path: Path) -> None:
    run = drawing(webui)
    files = {"picture": (picture(run, tmp_path / "a.png"),)}
    values = {"prompt": "At night", "strength": 0.3}
    made = await make("draw", Wish(task="edit", values=values, files=files), run)
    assert size_of(made, run) == (200, 100), "as large as the one that was given"
    (sent,) = webui.asked("/sdapi/v1/img2img")
    assert (sent["denoising_strength"], sent["width"], sent["height"]) == (0.3, 208, 104)
    assert webui.picture("init_images").size == (200, 100)
    assert "mask" not in sent and "override_settings" not in sent


async def test_what_is_white_in_a_mask_is_drawn_anew(drawing: Opening, webui: Any, tmp_path: Path) -> None:
    run = drawing(webui)
    files = {"picture": (picture(run, tmp_path / "a.png"),), "mask": (mask(run, tmp_path / "m.png"),)}
    await make("draw", Wish(task="inpaint", values={"prompt": "A door"}, files=files), run)
    (sent,) = webui.asked("/sdapi/v1/img2img")
    assert (sent["inpainting_mask_invert"], sent["denoising_strength"]) == (0, 0.75)
    sent_mask = webui.picture("mask")
    assert (sent_mask.mode, sent_mask.getpixel((10, 10)), sent_mask.getpixel((190, 10))) == ("L", 255, 0)


async def test_a_picture_is_drawn_on_by_the_pixels_that_were_asked(
    drawing: Opening, webui: Any, tmp_path: Path
) -> None:
    run = drawing(webui)
    values = {"prompt": "A beach", "left_pixels": 60, "bottom_pixels": 31}
    files = {"picture": (picture(run, tmp_path / "a.png"),)}
    made = await make("draw", Wish(task="outpaint", values=values, files=files), run)
    (sent,) = webui.asked("/sdapi/v1/img2img")
    assert webui.picture("init_images").size == webui.picture("mask").size == (sent["width"], sent["height"])
    drawn_mask = webui.picture("mask")
    assert [drawn_mask.getpixel(at) for at in ((5, 5), (100, 50), (200, 125))] == [255, 0, 255]
    assert size_of(made, run) == (260, 131)


async def test_a_picture_is_enlarged_with_the_best_that_is_there_and_described(
    drawing: Opening, webui: Any, tmp_path: Path
) -> None:
    run = drawing(webui)
    files = {"picture": (picture(run, tmp_path / "a.png"),)}
    made = await make("draw", Wish(task="upscale", values={"scale": 3}, files=files), run)
    assert size_of(made, run) == (600, 300)
    assert webui.asked("/sdapi/v1/extra-single-image")[0]["upscaler_1"] == "R-ESRGAN 4x+"
    told = await make("draw", Wish(task="describe", files=files), run)
    assert (told.texts, told.files) == (("a grey gradient, minimalism",), ())


async def test_a_grid_before_the_pictures_is_none_of_them(drawing: Opening, webui: Any) -> None:
    webui.faults = ["grid"]
    run = drawing(webui)
    made = await make("draw", Wish(task="image", values={"prompt": "A cat", "count": 2}), run)
    assert [one.facts["width_pixels"] for one in made.files] == [512, 512]


async def test_progress_is_told_while_it_draws(drawing: Opening, webui: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webui_maker, "LOOK_SECONDS", 0.01)
    webui.faults = ["hold"]
    told: list[Progress] = []

    def note(progress: Progress) -> None:
        told.append(progress)
        webui.interrupted.set()  # which lets it end

    await make("draw", Wish(task="image", values={"prompt": "A cat"}), drawing(webui, on_progress=note))
    assert (told[0].fraction, told[0].note) == (0.4, "drawing, step 8 of 20")


@pytest.mark.parametrize("way", ["run", "task"])
async def test_a_call_that_is_stopped_stops_the_server(
    drawing: Opening, webui: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(webui_maker, "LOOK_SECONDS", 0.01)
    webui.faults = ["hold"]
    run = drawing(webui)
    asking = asyncio.ensure_future(make("draw", Wish(task="image", values={"prompt": "A cat"}), run))
    assert await asyncio.to_thread(webui.looked.wait, 20)
    if way == "run":
        run.cancelled.set()
    else:
        asking.cancel()
    with pytest.raises((Cancelled, asyncio.CancelledError)):
        await asking
    assert await asyncio.to_thread(webui.interrupted.wait, 20)
    assert webui.requests[-1][0] == "/sdapi/v1/interrupt"


async def test_a_login_goes_along_as_basic_authorization(drawing: Opening, webui_media: ModuleType) -> None:
    with webui_media.serving("me:secret") as server:
        run = drawing(server, secret="me:secret")
        made = await make("draw", Wish(task="image", values={"prompt": "A cat"}), run)
        assert len(made.files) == 1
        with pytest.raises(SettingsError, match="asks for a key") as caught:
            await make("draw", Wish(task="image", values={"prompt": "A cat"}), drawing(server))
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("out of memory", ProviderError, "CUDA out of memory"),
        ("wrong type", MediaError, "artifact://sha256/"),
        ("nothing", ProviderError, "answered with nothing"),
    ],
)
async def test_what_goes_wrong_there_is_said(
    drawing: Opening, webui: Any, fault: Any, error: type[Exception], words: str
) -> None:
    webui.faults = [fault]
    with pytest.raises(error, match=words):
        await make("draw", Wish(task="image", values={"prompt": "A cat"}), drawing(webui))


async def test_a_server_without_its_api_is_told_apart(drawing: Opening, openai_media: ModuleType) -> None:
    with openai_media.serving() as other, pytest.raises(SettingsError, match="started with `--api`"):
        await make("draw", Wish(task="image", values={"prompt": "A cat"}), drawing(other))


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(task="image", values={"prompt": ""}), "`prompt` is empty"),
        (Wish(task="image", values={"prompt": "A", "count": 17}), "at most 16"),
        (Wish(task="image", values={"prompt": "A", "seed": -2}), "`seed` is -2"),
        (Wish(task="image", values={"prompt": "A"}, files={"pictures": ("x",)}), "at most 0 pictures"),
        (Wish(task="edit", values={"prompt": "A", "strength": 2}, files={"picture": ("x",)}), "from 0"),
        (Wish(task="upscale", values={"scale": 9}, files={"picture": ("x",)}), "at most 8"),
        (Wish(task="outpaint", values={"prompt": "A"}, files={"picture": ("x",)}), "how far to draw on"),
        (Wish(task="blend", values={"prompt": "A"}, files={"pictures": ("x", "y")}), "does not 'blend'; it can: desc"),
    ],
)
def test_what_cannot_be_had_is_said(drawing: Opening, webui: Any, wish: Wish, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        maker(drawing(webui)).fit(wish)


async def test_it_is_tried_out_without_drawing(drawing: Opening, webui: Any) -> None:
    run = drawing(webui)
    assert await maker(run).try_out(run) is None  # type: ignore[attr-defined]
    assert [path for path, _ in webui.requests] == ["/sdapi/v1/sd-models"]
