"""Pictures through the tools and the real wires: each task on an OpenAI endpoint and on Stable Diffusion WebUI."""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sensorium.tools.base.call import perform
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings


@pytest.fixture
def studios(settings: Settings, openai_media: ModuleType, webui_media: ModuleType) -> Iterator[dict[str, Any]]:
    """Wire -> a server that draws, and a run that it serves."""
    with ExitStack() as stack:
        servers = {
            "openai": stack.enter_context(openai_media.serving()),
            "webui": stack.enter_context(webui_media.serving()),
        }
        opened = {}
        for wire, server in servers.items():
            endpoint = Endpoint(name="house", base_url=server.url, wire=wire, timeout_seconds=20.0)
            model = "gpt-image-1" if wire == "openai" else "default"
            chosen = replace(settings, home=settings.home / wire, endpoints={"house": endpoint}, degrade=False)
            run = Run.open(replace(chosen, models={"draw": f"house:{model}"}))
            stack.callback(run.library.close)
            opened[wire] = (server, run)
        yield opened


@pytest.fixture
def photo(tmp_path: Path, atelier: ModuleType) -> str:
    return str(atelier.lying(tmp_path, "photo.png", atelier.picture(256, 192)))


@pytest.fixture
def mask(tmp_path: Path) -> str:
    drawn = Image.new("L", (256, 192), 0)
    drawn.paste(255, (64, 64, 128, 128))
    drawn.save(tmp_path / "mask.png")
    return str(tmp_path / "mask.png")


@pytest.mark.parametrize("wire", ["openai", "webui"])
@pytest.mark.parametrize(
    ("task", "args", "size"),
    [
        ("image", {"prompt": "a fox", "aspect": "1:1"}, None),
        ("image", {"prompt": "一只狐狸", "count": 2}, None),
        ("edit", {"prompt": "at night"}, None),
        ("inpaint", {"prompt": "a hat"}, None),
        ("outpaint", {"prompt": "more sky", "top_pixels": 64}, (256, 256)),
        ("vary", {}, None),
    ],
)
async def test_each_task_goes_through_the_tools_to_the_wire_and_back(
    wire: str, task: str, args: dict[str, Any], size: Any, *, studios: Any, photo: str, mask: str
) -> None:
    server, run = studios[wire]
    tool = "make_image" if task == "image" else "edit_image"
    given = args if task == "image" else {"picture": photo, "task": task, **args}
    given = {**given, "mask": mask} if task == "inpaint" else given
    made = await perform(tool, given, run)
    assert made.result.engine.startswith("house:")
    assert len(made.result.pictures) == args.get("count", 1)
    for one in made.result.pictures:
        drawn = Image.open(io.BytesIO(run.path(one.handle).read_bytes()))
        assert drawn.size == (one.facts["width_pixels"], one.facts["height_pixels"])
        assert size is None or drawn.size == size
    asked = len(server.requests)
    assert (await perform(tool, given, run)).cached
    assert len(server.requests) == asked


@pytest.mark.parametrize("wire", ["openai", "webui"])
async def test_a_mask_of_another_size_reaches_no_wire(wire: str, studios: Any, photo: str, tmp_path: Path) -> None:
    server, run = studios[wire]
    Image.new("L", (128, 96), 255).save(tmp_path / "small.png")
    args = {"picture": photo, "task": "inpaint", "prompt": "a hat", "mask": str(tmp_path / "small.png")}
    with pytest.raises(ArgumentError, match="Nothing was sent"):
        await perform("edit_image", args, run)
    assert server.requests == []
