"""Pictures and film of ComfyUI: workflows with named nodes, its queue, what it refuses, and what a kill leaves."""

import asyncio
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from sensorium.tools.base.call import perform
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, Cancelled, MediaError, ProviderError, SettingsError
from sensorium.tools.base.makers import Made, Maker, Wish
from sensorium.tools.base.models import Models
from sensorium.tools.base.run import Call, Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.making.ordering import make
from sensorium.tools.providers import comfyui_queue

Opening = Callable[..., Run]


def node(kind: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title or kind}}


DRAWING = {
    "4": node("CheckpointLoaderSimple", ckpt_name="dreamy_v2.safetensors"),
    "5": node("EmptyLatentImage", "width_pixels, height_pixels, count", width=512, height=512, batch_size=1),
    "6": node("CLIPTextEncode", "prompt", text="nothing", clip=["4", 1]),
    "7": node("CLIPTextEncode", "negative_prompt", text="", clip=["4", 1]),
    "3": node(
        "KSampler", "seed, strength", model=["4", 0], positive=["6", 0], negative=["7", 0], latent_image=["5", 0],
        seed=1, steps=20, cfg=7, sampler_name="euler", scheduler="normal", denoise=1.0,
    ),
    "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
    "9": node("SaveImage", images=["8", 0], filename_prefix="ComfyUI"),
    "10": node("PreviewImage", images=["8", 0]),
}  # fmt: skip
PAINTING = {
    "1": node("LoadImage", "picture", image="example.png"),
    "2": node("LoadImageMask", "mask", image="example.png", channel="red"),
    "6": node("CLIPTextEncode", "prompt", text="", clip=["4", 1]),
    "4": node("CheckpointLoaderSimple", ckpt_name="dreamy_v2.safetensors"),
    "9": node("SaveImage", "result", images=["1", 0], filename_prefix="ComfyUI"),
}
FILMING = {
    "1": node("LoadImage", "picture", image="example.png"),
    "6": node("CLIPTextEncode", "prompt", text="", clip=["1", 0]),
    "10": node("PreviewImage", images=["1", 0]),
    "9": node("SaveVideo", video=["1", 0], filename_prefix="film"),
}


@pytest.fixture
def comfyui(comfyui_media: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(comfyui_queue, "FIRST_SECONDS", 0.01)
    with comfyui_media.serving() as running:
        yield running


@pytest.fixture
def opening(settings: Settings, comfyui: Any) -> Iterator[Opening]:
    """Open a run with a workflow of this server."""
    opened: list[Run] = []

    def open_run(workflow: Any, role: str = "draw", *, run_id: str | None = None) -> Run:
        folder = settings.home / "workflows"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mine.json").write_text(workflow if isinstance(workflow, str) else json.dumps(workflow))
        endpoint = Endpoint(name="comfyui", base_url=comfyui.url, wire="comfyui")
        models = {role: "comfyui:mine"}
        chosen = replace(settings, models=models, endpoints={"comfyui": endpoint}, degrade=False)
        call = Call(id="c1", tool="make_image", arguments={}, inputs=[])
        opened.append(Run.open(chosen, run_id=run_id).within(call))
        return opened[-1]

    yield open_run
    for run in opened:
        run.library.close()


def maker(run: Run, role: str = "draw") -> Maker:
    found: Maker = run.models.ladder(role)[0]
    return found


def picture(run: Run, path: Path, size: tuple[int, int] = (96, 64)) -> str:
    Image.linear_gradient("L").resize(size).convert("RGB").save(path)
    return run.workspace.adopt(path).handle


def sizes(made: Made) -> list[tuple[Any, Any]]:
    return [(one.facts["width_pixels"], one.facts["height_pixels"]) for one in made.files]


async def test_named_nodes_get_what_was_wished_and_the_saved_pictures_come(opening: Opening, comfyui: Any) -> None:
    run = opening(DRAWING)
    values = {
        "prompt": "A cat", "negative_prompt": "dogs", "style": "ink", "seed": 7, "count": 2, "aspect": "16:9",
        "width_pixels": 640,
    }  # fmt: skip
    made = await make("draw", Wish(task="image", values=values), run)
    (sent,) = comfyui.workflows
    assert sent["6"]["inputs"] == {"text": "A cat, ink", "clip": ["4", 1]}
    assert sent["7"]["inputs"]["text"] == "dogs"
    assert sent["5"]["inputs"] == {"width": 640, "height": 360, "batch_size": 2}
    assert (sent["3"]["inputs"]["seed"], sent["3"]["inputs"]["denoise"]) == (7, 1.0)
    assert (made.seed, sizes(made), len({one.handle for one in made.files})) == (7, [(640, 360)] * 2, 2)
    assert all(one.name.startswith("image-") for one in made.files)
    assert run.budget.spent.usd == 0
    again = await make("draw", Wish(task="image", values=values), run)
    assert (again.files, len(comfyui.workflows)) == (made.files, 1), "the same order of a run is not drawn twice"


async def test_a_changed_workflow_is_another_one_for_what_is_remembered(opening: Opening, comfyui: Any) -> None:
    one = opening(DRAWING)
    identities = [maker(one).identity]
    other = opening({**DRAWING, "3": {**DRAWING["3"], "_meta": {"title": "seed"}}})
    identities.append(maker(other).identity)
    assert len(set(identities)) == 2 and all(name.startswith("comfyui:mine#") for name in identities)
    args = {"prompt": "A cat", "seed": 4}
    first, second = [await perform("make_image", args, run) for run in (one, one)]
    assert (first.cached, second.cached, first.provider) == (False, True, identities[0])


async def test_without_a_seed_each_run_draws_another_picture(opening: Opening, comfyui: Any) -> None:
    wish = Wish(task="image", values={"prompt": "A cat"})
    one, other = await make("draw", wish, opening(DRAWING)), await make("draw", wish, opening(DRAWING))
    assert one.seed != other.seed and one.files != other.files


async def test_several_pictures_of_a_workflow_that_makes_one_have_seeds_of_their_own(
    opening: Opening, comfyui: Any
) -> None:
    single = {**DRAWING, "5": node("EmptyLatentImage", width=64, height=64, batch_size=1)}
    run = opening(single)
    made = await make("draw", Wish(task="image", values={"prompt": "A cat", "count": 2, "seed": 5}), run)
    assert [one["3"]["inputs"]["seed"] for one in comfyui.workflows] == [5, 6]
    assert len({one.handle for one in made.files}) == 2
    assert maker(run).fit(Wish(task="image", values={"prompt": "A", "width_pixels": 99})).notes == (
        "The workflow of `comfyui:mine` has no nodes titled `width_pixels` and `height_pixels`: the size is its own.",
    )


async def test_a_picture_and_its_mask_are_put_into_the_inputs_without_their_names(
    opening: Opening, comfyui: Any, tmp_path: Path
) -> None:
    run = opening(PAINTING)
    mask = Image.new("L", (96, 64), 0)
    mask.paste(255, (0, 0, 48, 64))
    mask.save(tmp_path / "secret mask.png")
    files = {
        "picture": (picture(run, tmp_path / "my face.png"),),
        "mask": (run.workspace.adopt(tmp_path / "secret mask.png").handle,),
    }
    made = await make("draw", Wish(task="inpaint", values={"prompt": "A door"}, files=files), run)
    (sent,) = comfyui.workflows
    names = [sent[number]["inputs"]["image"] for number in ("1", "2")]
    assert set(names) == set(comfyui.inputs) and not any("face" in one or "secret" in one for one in names)
    drawn = Image.open(io.BytesIO(comfyui.inputs[names[1]]))
    assert [drawn.getpixel(at) for at in ((10, 10), (90, 10))] == [(255, 255, 255, 0), (0, 0, 0, 255)]
    assert sizes(made) == [(96, 64)]
    wide = await make(
        "draw",
        Wish(task="outpaint", values={"prompt": "More", "left_pixels": 32}, files={"picture": files["picture"]}),
        run,
    )
    assert sizes(wide) == [(128, 64)]


async def test_film_is_taken_before_the_pictures_beside_it(opening: Opening, comfyui: Any, tmp_path: Path) -> None:
    run = opening(FILMING, "film")
    assert maker(run, "film").tasks() == {"animate"}
    files = {"picture": (picture(run, tmp_path / "a.png"),)}
    made = await make("film", Wish(task="animate", values={"prompt": "It moves"}, files=files), run)
    assert [(one.media_type, one.name) for one in made.files] == [("video/mp4", "video-1.mp4")]
    assert made.files[0].facts["seconds"] == pytest.approx(1.0, abs=0.1)


async def test_a_workflow_that_saves_files_without_end_is_stopped(
    opening: Opening, comfyui: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comfyui_queue, "MOST_FILES", 0)
    with pytest.raises(MediaError, match=r"gives 1 files, and at most 0 are taken\. Title the node `result`"):
        await make("draw", Wish(task="image", values={"prompt": "A cat"}), opening(DRAWING))


async def test_an_answer_that_goes_on_for_ever_is_broken_off(
    opening: Opening, comfyui: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comfyui_queue, "MOST_ANSWER", 10)
    with pytest.raises(ProviderError, match="goes on after 10 bytes"):
        await make("draw", Wish(task="image", values={"prompt": "A cat"}), opening(DRAWING))


async def test_an_id_that_leads_elsewhere_is_not_asked_for(
    opening: Opening, comfyui: Any, comfyui_media: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comfyui_media, "uuid", SimpleNamespace(uuid4=lambda: "../queue?x=\r\n"))
    with pytest.raises(SettingsError, match="something else"):
        await make("draw", Wish(task="image", values={"prompt": "A cat"}), opening(DRAWING))
    assert [path for path, _ in comfyui.requests] == ["/prompt"]


async def test_what_the_server_does_not_take_is_told_node_by_node(opening: Opening, comfyui: Any) -> None:
    wrong = {**DRAWING, "4": node("CheckpointLoaderSimple", "my model", ckpt_name="gone.safetensors")}
    run = opening(wrong)
    with pytest.raises(SettingsError, match=r"'my model' \(node 4\): Value not in list, ckpt_name: 'gone.safetensors'"):
        await make("draw", Wish(task="image", values={"prompt": "A cat"}), run)
    assert [row.state for row in run.budget.ledger.orders(run.id)] == ["refunded"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("fails", r"'seed, strength' \(node 3\): OutOfMemoryError: 20 GiB"),
        ("nothing", "ended without a file"),
        ("forgets", "forgot what it was making"),
        ("wrong type", "artifact://sha256/"),
    ],
)
async def test_what_fails_is_said_and_asked_again_it_is_made_again(
    opening: Opening, comfyui: Any, fault: Any, words: str
) -> None:
    comfyui.faults = [fault]
    run = opening(DRAWING)
    wish = Wish(task="image", values={"prompt": "A cat", "seed": 3})
    with pytest.raises(MediaError, match=words):
        await make("draw", wish, run)
    if fault != "wrong type":
        assert len((await make("draw", wish, run)).files) == 1
        assert len(comfyui.workflows) == 2


async def test_a_killed_run_goes_on_with_what_is_in_the_queue(opening: Opening, comfyui: Any) -> None:
    comfyui.faults = ["hold"]
    run = opening(DRAWING, run_id="aaa")
    wish = Wish(task="image", values={"prompt": "A cat"})
    asking = asyncio.ensure_future(make("draw", wish, run))
    assert await asyncio.to_thread(comfyui.held.wait, 20)
    (job,) = [row.job for row in run.budget.ledger.orders("aaa")]
    assert job == comfyui.running[0][1], "it is written down while the workflow is still waiting"
    resumed = opening(DRAWING, run_id="aaa")  # as another process finds it
    comfyui.release()
    made = await make("draw", wish, resumed)
    assert (len(made.files), len(comfyui.workflows)) == (1, 1)
    await asking


async def test_a_call_that_is_stopped_takes_its_workflow_out(opening: Opening, comfyui: Any) -> None:
    comfyui.faults = ["hold"]
    run = opening(DRAWING)
    comfyui.pending.append([999, "of somebody else", {}, {}, []])
    asking = asyncio.ensure_future(make("draw", Wish(task="image", values={"prompt": "A cat"}), run))
    assert await asyncio.to_thread(comfyui.held.wait, 20)
    run.cancelled.set()
    with pytest.raises(Cancelled):
        await asking
    assert (comfyui.running, [one[1] for one in comfyui.pending]) == ([], ["of somebody else"])
    assert [row.state for row in run.budget.ledger.orders(run.id)] == ["refunded"]


@pytest.mark.parametrize(
    ("workflow", "words"),
    [
        ("no json", "cannot be read"),
        ({"nodes": [], "links": []}, r"Export \(API\)"),
        ({"1": {"inputs": {}}}, "is no workflow"),
        ({"1": node("SaveImage", images=["2", 0], filename_prefix="a")}, "no node whose title names"),
        ({"1": node("CLIPTextEncode", "prompt", words="a")}, r"no input 'text' or .* It has: words.*`prompt=INPUT`"),
        ({"1": node("CLIPTextEncode", "prompt", text=["2", 0])}, "gets its `text` from another node"),
        ({"1": node("LoadAudio", "sound", audio="a.wav")}, "takes sound, which is nothing that `draw` is asked for"),
    ],
)
def test_a_workflow_that_cannot_be_used_says_what_to_change(opening: Opening, workflow: Any, words: str) -> None:
    assert re.search(words, str(maker(opening(workflow)).missing()))


@pytest.mark.parametrize("name", ["nothing", "../mine", "a/b"])
def test_a_name_without_a_file_says_where_it_belongs(opening: Opening, name: str) -> None:
    run = opening(DRAWING)
    settings = replace(run.settings, models={"draw": f"comfyui:{name}"})
    reason = Models(settings).ladder("draw")[0].missing()
    assert "There is no workflow" in reason and "There are: mine" in reason


@pytest.mark.parametrize(
    ("workflow", "wish", "words"),
    [
        (DRAWING, Wish(task="image", values={"prompt": ""}), "`prompt` is empty"),
        (DRAWING, Wish(task="edit", values={"prompt": "A"}), "does not 'edit'; it can: image"),
        (DRAWING, Wish(task="image", values={"prompt": "A", "count": 17}), "at most 16"),
        (DRAWING, Wish(task="image", values={"prompt": "A"}, files={"pictures": ("x",)}), "takes 0 of `pictures`"),
        (PAINTING, Wish(task="inpaint", values={"prompt": "A"}, files={"picture": ("x",)}), "needs 1 of `mask`"),
        (PAINTING, Wish(task="outpaint", values={"prompt": "A"}, files={"picture": ("x",)}), "how far to draw on"),
    ],
)
def test_what_a_workflow_does_not_take_is_said(opening: Opening, workflow: Any, wish: Wish, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        maker(opening(workflow)).fit(wish)
