"""Videos behind OpenAI's API, as a file describes it, in a copy for another server."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.makers import Wish
from sensorium.tools.base.run import Call, Progress, Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.jobs.files import OURS
from sensorium.tools.making.ordering import make

Opening = Callable[..., Run]


@pytest.fixture
def house(openai_media: ModuleType) -> Iterator[Any]:
    with openai_media.serving() as running:
        running.key = "sk-of-the-house-4711"
        yield running


@pytest.fixture
def filming(tmp_path: Path, house: Any) -> Iterator[Opening]:
    """Open a run whose film is made by a server that took over OpenAI's API."""
    home = tmp_path / "home"
    (home / "providers").mkdir(parents=True)
    text = (OURS / "openai.toml").read_text(encoding="utf-8")
    text = text.replace("https://api.openai.com/v1", house.url).replace("OPENAI_API_KEY", "HOUSE_KEY")
    (home / "providers" / "house.toml").write_text(text.replace("seconds = [5, 20]", "seconds = [0.01, 0.02]"))
    environ = {
        "SENSORIUM_HOME": str(home), "SENSORIUM_FILM": "house:sora-2", "HOUSE_KEY": house.key, "SENSORIUM_OFFLINE": "1",
        "SENSORIUM_DEGRADE": "0",
    }  # fmt: skip
    opened: list[Run] = []

    def open_run(**more: Any) -> Run:
        run = Run.open(Settings.read(environ, tmp_path))
        opened.append(replace(run, call=Call(id="c1", tool="make_video", arguments={}, inputs=[]), **more))
        return opened[-1]

    yield open_run
    for run in opened:
        run.library.close()


async def test_a_video_is_ordered_looked_after_and_fetched_with_the_key(filming: Opening, house: Any) -> None:
    told: list[Progress] = []
    values = {"prompt": "A puppy.", "seconds": 5, "aspect": "16:9"}
    made = await make("film", Wish(task="video", values=values), filming(on_progress=told.append))
    assert house.requests[0].fields == {
        "model": "sora-2",
        "prompt": "A puppy.",
        "seconds": "4",
        "size": "1280x720",
    }
    facts = made.files[0].facts
    assert (made.files[0].media_type, facts["width_pixels"], facts["height_pixels"]) == ("video/mp4", 1280, 720)
    assert facts["seconds"] == pytest.approx(4, abs=0.5)
    assert made.job == "video_1"
    assert 0.5 in [one.fraction for one in told]
    assert any("5" in one and "4" in one for one in made.notes)


async def test_a_picture_begins_a_video_and_the_video_is_made_longer(
    filming: Opening, house: Any, tmp_path: Path
) -> None:
    run = filming()
    Image.linear_gradient("L").resize((720, 1280)).convert("RGB").save(tmp_path / "a.png")
    files = {"picture": (run.workspace.adopt(tmp_path / "a.png").handle,)}
    values = {"prompt": "It runs.", "width_pixels": 720, "height_pixels": 1280}
    first = await make("film", Wish(task="animate", values=values, files=files), run)
    assert [name for name, _ in house.requests[0].files] == ["input_reference"]
    longer = {"prompt": "It sleeps.", "seconds": 8, "job": first.job}
    second = await make("film", Wish(task="extend", values=longer), run)
    assert house.videos["video_2"]["seconds"] == "12"
    assert second.files[0].facts["seconds"] == pytest.approx(12, abs=0.5)


@pytest.mark.parametrize("fault", ["policy", "filtered"])
async def test_what_the_policy_refuses_is_said(filming: Opening, house: Any, fault: Any) -> None:
    house.faults = [fault]
    with pytest.raises(ArgumentError, match=r"rules about content.*(safety system|moderation)"):
        await make("film", Wish(task="video", values={"prompt": "Something."}), filming())
