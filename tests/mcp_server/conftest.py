"""A server with some tools that misbehave beside those of the catalog."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mcp.server import MCPServer
from mcp.types import CallToolResult

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.mcp_server.faces import ALL
from sensorium.mcp_server.service import Options
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool


@pytest.fixture(scope="session")
def misbehaving() -> Iterator[Mapping[str, Tool]]:
    """Tools in a module that worker processes find too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        patch.syspath_prepend(str(Path(__file__).parent))
        module = importlib.import_module("misbehaving_tools")
        yield {name: one for name, one in vars(module).items() if isinstance(one, Tool)}
        sys.modules.pop("misbehaving_tools")


@pytest.fixture
def films(tmp_path: Path, making: ModuleType) -> Path:
    """An allowed folder with a short film and a picture."""
    folder = tmp_path / "films"
    folder.mkdir()
    slides = [making.slide("First slide"), making.slide("Second slide", colour="navy", ink="white")]
    making.video(folder / "talk.mp4", lambda n: slides[n // 20], seconds=4, sound=making.tone(4))
    making.slide("A picture\nwith two lines", width=1600, height=900).save(folder / "slide.png")
    return folder


@pytest.fixture
def serve(settings: Settings, films: Path, misbehaving: Mapping[str, Tool]) -> Callable[..., MCPServer[Any]]:
    """Build a server with all tools; keyword arguments are its options."""

    def build(**options: Any) -> MCPServer[Any]:
        given = replace(Options(groups=frozenset({ALL})), **options)
        return build_server(settings, {**catalog(), **misbehaving}, Access.to([films], private=settings.home), given)

    return build


@pytest.fixture
def body() -> Callable[[CallToolResult], dict[str, Any]]:
    """Return the JSON of a result's first text."""

    def read(result: CallToolResult) -> dict[str, Any]:
        first = result.content[0]
        assert first.type == "text", result
        plain = json.loads(first.text)
        assert isinstance(plain, dict)
        return plain

    return read
