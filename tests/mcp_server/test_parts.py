"""Files that stand in the parts of an argument, such as the scenes of a film, are guarded as any other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from PIL import Image

from sensorium.mcp_server import faces
from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.faces import Face

FILM = {"height_pixels": 144, "frames_per_second": 10}


@pytest.fixture(autouse=True)
def is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tool offered, whatever it looks like to clients."""
    monkeypatch.setitem(faces.FACES, "compose_video", Face(title="Compose", group="make", gives="media", nested=True))  # type: ignore[attr-defined]


async def test_a_scene_names_files_of_an_allowed_folder(
    serve: Callable[..., MediaServer], body: Callable[[Any], dict[str, Any]]
) -> None:
    scenes = [{"picture": "slide.png", "seconds": 0.4}, {"video": "talk.mp4", "end_seconds": 0.4}]
    async with Client(serve()) as client:
        film = body(await client.call_tool("compose_video", {"scenes": scenes, **FILM}))
        assert film["seconds"] == pytest.approx(0.8, abs=0.11)
        again = [{"video": film["video"]["handle"], "end_seconds": 0.4}]
        assert body(await client.call_tool("compose_video", {"scenes": again, **FILM}))["seconds"] < 0.6


@pytest.mark.parametrize("field", ["picture", "video", "narration"])
@pytest.mark.parametrize("way", ["path", "up", "link", "dict", "handle"])
async def test_a_scene_names_no_other_file(
    serve: Callable[..., MediaServer], films: Path, tmp_path: Path, field: str, way: str
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    Image.new("RGB", (64, 36), "red").save(private / "own.png")
    (films / "way.png").symlink_to(private / "own.png")
    named: Any = {
        "path": str(private / "own.png"),
        "up": "../private/own.png",
        "link": "way.png",
        "dict": {"handle": str(private / "own.png")},
        "handle": "artifact://sha256/" + "0" * 64,
    }[way]
    scene = {"title": "x", "seconds": 1, field: named}
    async with Client(serve()) as client:
        result = await client.call_tool("compose_video", {"scenes": [{"title": "y", "seconds": 1}, scene], **FILM})
    assert result.is_error
    reason = {
        "path": "not inside the folders",
        "up": "goes up with",
        "link": "not inside the folders",
        "dict": "is neither",
        "handle": "not an artifact that this server gave to you",
    }[way]
    assert reason in str(result.content[0])
