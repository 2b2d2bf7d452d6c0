"""Pictures from pictures: what is asked of whoever draws, and what is done here without anyone."""

import io
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sensorium.tools.base.call import call, perform
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError, MediaError, UnavailableError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings


@pytest.fixture
def photo(tmp_path: Path, atelier: ModuleType) -> str:
    return str(atelier.lying(tmp_path, "photo.png", atelier.picture(320, 240)))


@pytest.fixture
def mask(tmp_path: Path) -> str:
    drawn = Image.new("L", (320, 240), 0)
    drawn.paste(255, (100, 80, 200, 160))
    drawn.save(tmp_path / "mask.png")
    return str(tmp_path / "mask.png")


def opened(made: Any, run: Run) -> Image.Image:
    return Image.open(io.BytesIO(run.path(made.pictures[0].handle).read_bytes()))


async def test_each_task_asks_for_itself_with_what_it_takes(
    run: Run, atelier: ModuleType, photo: str, mask: str
) -> None:
    one = atelier.Studio(gives=[("image/png", atelier.picture(320, 240))])
    served = atelier.served(run, "draw", [one])
    handle, marks = (run.workspace.adopt(Path(name)).handle for name in (photo, mask))
    args: dict[str, Any]
    for args in (
        {"prompt": "at night", "strength": 0.4, "seed": 3},
        {"task": "inpaint", "prompt": "a hat", "mask": mask},
        {"task": "vary", "strength": 0.2},
        {"task": "blend", "pictures": [photo]},
        {"task": "swap_face", "face": photo},
    ):
        await call("edit_image", {"picture": photo, **args}, served)
        assert one.last.task == args.get("task", "edit")
        assert one.last.files["picture"] == (handle,)
    assert [set(wish.values) for wish in one.wishes] == [
        {"prompt", "strength", "seed"},
        {"prompt"},
        {"strength"},
        set(),
        set(),
    ]
    assert one.wishes[1].files["mask"] == (marks,)
    assert one.wishes[3].files["pictures"] == (handle,)
    assert one.wishes[4].files["face"] == (handle,)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, "`edit` needs `prompt`"),
        ({"task": "inpaint", "prompt": "a hat"}, "`inpaint` needs `mask`"),
        ({"task": "blend"}, "`blend` needs `pictures`"),
        ({"task": "blend", "pictures": []}, "`blend` needs `pictures`"),
        ({"task": "pick"}, "`pick` needs `index`"),
        ({"task": "pick", "index": 5}, "index"),
        ({"task": "swap_face"}, "`swap_face` needs `face`"),
        ({"task": "outpaint", "prompt": "more"}, "`outpaint` needs to know how far"),
        ({"task": "outpaint", "left_pixels": 0}, "`outpaint` needs to know how far"),
        ({"task": "describe", "prompt": "a hat"}, "`prompt` has no place in `describe`"),
        ({"prompt": "a hat", "scale": 2}, "`scale` has no place in `edit`"),
        ({"prompt": "a hat", "index": 2}, "With these, `task` may be: `vary`"),
        ({"prompt": " "}, "`prompt` has no word in it"),
        ({"task": "upscale", "scale": 1}, "scale"),
        ({"prompt": "a hat", "strength": 1.5}, "strength"),
        ({"task": "erase"}, "task"),
    ],
)
async def test_what_does_not_fit_together_is_told_before_anyone_is_asked(
    args: dict[str, Any], told: str, run: Run, atelier: ModuleType, photo: str
) -> None:
    one = atelier.Studio(gives=[("image/png", atelier.picture())])
    with pytest.raises(ArgumentError) as refused:
        await call("edit_image", {"picture": photo, **args}, atelier.served(run, "draw", [one]))
    assert told in str(refused.value)
    assert one.wishes == []


async def test_a_mask_must_lie_on_its_picture_and_mark_something(
    run: Run, atelier: ModuleType, photo: str, tmp_path: Path
) -> None:
    one = atelier.Studio(gives=[("image/png", atelier.picture(320, 240))])
    run = atelier.served(run, "draw", [one])
    args = {"picture": photo, "task": "inpaint", "prompt": "a hat"}
    small = atelier.lying(tmp_path, "small.png", atelier.picture(160, 120))
    with pytest.raises(ArgumentError, match=r"'small.png' has 160×120 px.*'photo.png' has 320×240.*Nothing was sent"):
        await call("edit_image", {**args, "mask": small}, run)
    dark = atelier.lying(tmp_path, "dark.png", atelier.picture(320, 240, colour="black"))
    with pytest.raises(ArgumentError, match=r"'dark.png' has no white in it"):
        await call("edit_image", {**args, "mask": dark}, run)
    Image.new("RGBA", (320, 240), (0, 0, 0, 0)).save(tmp_path / "hole.png")
    await call("edit_image", {**args, "mask": str(tmp_path / "hole.png")}, run)
    assert len(one.wishes) == 1


@pytest.mark.parametrize("kind", ["hole in a photo", "white paint on nothing", "hole in black", "white beside a hole"])
async def test_a_mask_with_transparency_marks_what_it_means(
    kind: str, run: Run, atelier: ModuleType, photo: str, tmp_path: Path
) -> None:
    one = atelier.Studio(gives=[("image/png", atelier.picture(320, 240))])
    clear, black, white = (0, 0, 0, 0), (0, 0, 0, 255), (255, 255, 255, 255)
    drawn = Image.open(io.BytesIO(atelier.picture(320, 240))).convert("RGBA")
    if kind != "hole in a photo":
        drawn.paste(clear if kind.startswith("white paint") else black, (0, 0, 320, 240))
    drawn.paste(white if kind.startswith("white paint") else clear, (50, 60, 150, 120))
    if kind == "white beside a hole":
        drawn.paste(white, (50, 60, 100, 120))
    drawn.save(tmp_path / "mask.png")
    args = {"picture": photo, "task": "inpaint", "prompt": "a hat", "mask": str(tmp_path / "mask.png")}
    await call("edit_image", args, atelier.served(run, "draw", [one]))
    with Image.open(run.path(one.last.files["mask"][0])) as mask:
        assert mask.mode == "L"
        assert (mask.point(lambda level: 255 - level).getbbox(), mask.getbbox()) == (
            (0, 0, 320, 240),
            (50, 60, 150, 120),
        )
        assert mask.histogram()[255] == 100 * 60


@pytest.mark.parametrize("task", ["edit", "inpaint", "upscale", "pick", "blend"])
async def test_what_is_no_picture_is_told_by_its_name(
    task: str, run: Run, atelier: ModuleType, photo: str, tmp_path: Path
) -> None:
    one = atelier.Studio(gives=[("image/png", atelier.picture())])
    more: dict[str, Any] = {
        "edit": {"prompt": "x"},
        "inpaint": {"prompt": "x", "mask": photo},
        "upscale": {},
        "pick": {"index": 1},
        "blend": {"pictures": [photo]},
    }[task]
    for name, content in (
        ("words.png", b"no picture"),
        ("cut.png", atelier.picture(320, 240)[:700]),
        ("head.jpg", b"\xff\xd8\xff\xe0" + bytes(400)),
    ):
        bad = atelier.lying(tmp_path, name, content)
        with pytest.raises(MediaError, match=name):
            await call("edit_image", {"picture": bad, "task": task, **more}, atelier.served(run, "draw", [one]))
    assert one.wishes == []


async def test_one_of_a_grid_is_cut_out_here_pixel_by_pixel_and_free(
    run: Run, atelier: ModuleType, tmp_path: Path
) -> None:
    grid = atelier.lying(tmp_path, "grid.png", atelier.picture(202, 101))
    whole = np.asarray(Image.open(grid))
    one = atelier.Studio(gives=[("image/png", atelier.picture())])
    parts = {1: whole[:50, :101], 2: whole[:50, 101:], 3: whole[51:, :101], 4: whole[51:, 101:]}
    for index, part in parts.items():
        made = await perform(
            "edit_image", {"picture": grid, "task": "pick", "index": index}, atelier.served(run, "draw", [one])
        )
        assert np.array_equal(np.asarray(opened(made.result, run)), part)
        assert (made.cost_usd, made.provider) == (0, "cards")
        assert made.result.limits[0].startswith("It was cut out of the grid")
    assert one.wishes == []
    tiny = atelier.lying(tmp_path, "tiny.png", atelier.picture(20, 20))
    with pytest.raises(ArgumentError, match="too small to be a grid"):
        await call("edit_image", {"picture": tiny, "task": "pick", "index": 1}, run)


async def test_a_grid_that_the_provider_knows_is_gone_on_from_there(settings: Settings, atelier: ModuleType) -> None:
    run = Run.open(replace(settings, models={"draw": "house:studio"}))
    one = atelier.Studio(gives=[("image/png", atelier.picture(200, 100))], job="mj-77")
    run = atelier.served(run, "draw", [one])
    grid = (await call("make_image", {"prompt": "a fox"}, run)).pictures[0]
    await call("edit_image", {"picture": grid.handle, "task": "pick", "index": 3}, run)
    assert dict(one.last.values) == {"index": 3, "job": "mj-77"}
    elsewhere = atelier.Studio(identity="other:studio", gives=one.gives)
    other = replace(run, settings=replace(run.settings, models={"draw": "other:studio"}))
    await call(
        "edit_image", {"picture": grid.handle, "task": "pick", "index": 2}, atelier.served(other, "draw", [elsewhere])
    )
    assert elsewhere.wishes == []
    run.library.close()


async def test_of_a_ladder_only_who_was_named_is_said_not_to_have_made_it(settings: Settings, photo: str) -> None:
    house = Endpoint(name="house", base_url="http://127.0.0.1:9/v1")
    run = Run.open(replace(settings, models={"draw": "house:gpt-image-1"}, endpoints={"house": house}))
    made = await call("edit_image", {"picture": photo, "task": "upscale"}, run)
    first, *more = made.limits
    assert first.startswith("Another than `house:gpt-image-1` made it. house:gpt-image-1: it has no task `upscale`")
    assert "diffusers" not in first and more == ["It was resampled: no detail was added."]
    run.library.close()


async def test_without_a_model_a_picture_is_enlarged_by_resampling_and_says_so(
    run: Run, atelier: ModuleType, photo: str, tmp_path: Path
) -> None:
    made = await perform("edit_image", {"picture": photo, "task": "upscale", "scale": 1.5}, run)
    assert opened(made.result, run).size == (480, 360)
    assert made.result.limits == ["It was resampled: no detail was added."]
    assert (await perform("edit_image", {"picture": photo, "task": "upscale", "scale": 1.5}, run)).cached
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    clear = await call("edit_image", {"picture": str(tmp_path / "clear.png"), "task": "upscale"}, run)
    assert opened(clear, run).size == (80, 60)
    assert "What was transparent is white." in clear.limits
    large = atelier.lying(tmp_path, "large.png", atelier.picture(4000, 3000, colour="teal"))
    with pytest.raises(ArgumentError, match=r"4,000×3,000 px, and 8 times that.*`scale` of at most 2.04"):
        await call("edit_image", {"picture": large, "task": "upscale", "scale": 8}, run)


async def test_who_enlarges_must_enlarge_and_who_extends_must_extend(run: Run, atelier: ModuleType, photo: str) -> None:
    same = atelier.Studio(gives=[("image/png", atelier.picture(320, 240))])
    run = atelier.served(run, "draw", [same])
    with pytest.raises(MediaError, match=r"320×240 px, and 640×480 px were ordered"):
        await call("edit_image", {"picture": photo, "task": "upscale", "scale": 2}, run)
    with pytest.raises(MediaError, match=r"320×240 px, and 420×240 px were ordered"):
        await call("edit_image", {"picture": photo, "task": "outpaint", "left_pixels": 100}, run)
    same.gives = [("image/png", atelier.picture(420, 240))]
    made = await call("edit_image", {"picture": photo, "task": "outpaint", "left_pixels": 100, "seed": 2}, run)
    assert made.pictures[0].facts["width_pixels"] == 420


async def test_a_description_is_words_and_none_is_no_result(run: Run, atelier: ModuleType, photo: str) -> None:
    one = atelier.Studio(gives=[("image/png", atelier.picture())], each=0, texts=("a fox in the snow",))
    run = atelier.served(run, "draw", [one])
    told = await call("edit_image", {"picture": photo, "task": "describe"}, run)
    assert (told.texts, told.pictures) == (["a fox in the snow"], [])
    one.texts = (" ",)
    with pytest.raises(MediaError, match="without any words"):
        await call("edit_image", {"picture": photo, "task": "describe", "seed": 1}, run)


async def test_what_nobody_here_does_names_who_would(run: Run, photo: str) -> None:
    with pytest.raises(UnavailableError, match=r"Nothing here changes pictures.*SENSORIUM_DRAW=openai"):
        await call("edit_image", {"picture": photo, "prompt": "at night"}, run)
