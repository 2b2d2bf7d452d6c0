"""The page about MCP says what is so."""

import argparse
import asyncio
import json
import os
import re
import shlex
import sys
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.mcp_server.command import parser
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings

PAGE = (Path(__file__).parent.parent.parent / "docs" / "mcp.md").read_text(encoding="utf-8")
SET_UPS = [line.strip() for line in re.findall(r"^ {4}(\S.*)$", PAGE, re.MULTILINE)]


@dataclass(frozen=True)
class Start:
    """How a program that was set up comes to the server: it starts a command, or calls an address."""

    command: tuple[str, ...] = ()
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def _start(line: str) -> Start | None:
    """Return what a program makes of a line of the page; none when the line is for a shell or a browser."""
    if line.startswith("claude mcp add "):
        return _claude(shlex.split(line)[3:])
    if line.startswith("code --add-mcp "):
        return _configured(json.loads(shlex.split(line)[2]))
    if line.startswith("vscode:mcp/install?"):
        return _configured(json.loads(unquote(line.partition("?")[2])))
    if line.startswith("cursor://anysphere.cursor-deeplink/mcp/install?"):
        asked = parse_qs(urlsplit(line).query, strict_parsing=True)
        return _configured({**json.loads(b64decode(asked["config"][0], validate=True)), "name": asked["name"][0]})
    if line.startswith("{"):
        ((kind, servers),) = json.loads(line).items()
        assert kind in ("mcpServers", "context_servers")
        ((name, config),) = servers.items()
        return _configured({**config, "name": name})
    return None


def _claude(words: list[str]) -> Start:
    """Read a line as Claude Code does: options first, `--header` takes all that follows, `--` begins the command."""
    before, command = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    options = argparse.ArgumentParser(exit_on_error=False)
    options.add_argument("--scope", choices=("local", "project", "user"))
    options.add_argument("--transport", choices=("stdio", "http", "sse"), default="stdio")
    options.add_argument("--header", nargs="+", default=[])
    options.add_argument("name", choices=["sensorium"])
    options.add_argument("url", nargs="?")
    given = options.parse_args(before)
    assert (given.transport == "http") == bool(given.url) != bool(command)
    headers = tuple((name, value.strip()) for name, _, value in (one.partition(":") for one in given.header))
    return Start(tuple(command), given.url or "", headers)


def _configured(config: dict[str, Any]) -> Start:
    """Read an entry of a settings file."""
    assert config.pop("name") == "sensorium"
    if "command" in config:
        assert config.keys() == {"command", "args"}
        return Start((config["command"], *config["args"]))
    assert config.pop("type", "http") == "http"
    url = config.pop("url", None) or config.pop("serverUrl")
    assert config.keys() == {"headers"}
    return Start(url=url, headers=tuple(config["headers"].items()))


@pytest.fixture
def home(tmp_path: Path, making: ModuleType) -> Path:
    """A user's home with the folder of the examples in it."""
    (tmp_path / "Movies").mkdir()
    making.slide("A slide", width=160, height=90).save(tmp_path / "Movies" / "slide.png")
    return tmp_path


@pytest.fixture
def user(home: Path, environment: Callable[[Path], dict[str, str]]) -> dict[str, str]:
    """The environment of that user, who finds the command."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**environment(home / "sensorium"), "HOME": str(home), "USERPROFILE": str(home), "PATH": path}


async def _looks(client: Client) -> None:
    looked = await client.call_tool("probe_media", {"media": "slide.png"})
    assert looked.structured_content and looked.structured_content["width_pixels"] == 160


async def test_every_program_is_told_to_start_the_server_and_it_starts(user: dict[str, str]) -> None:
    told = [start.command for line in SET_UPS if (start := _start(line)) and start.command]
    assert len(told) == 6
    (command,) = set(told)
    server = StdioServerParameters(command=command[0], args=list(command[1:]), env=user)
    async with Client(server) as client:
        await _looks(client)


async def test_every_program_is_told_how_to_reach_the_server_over_http(home: Path, user: dict[str, str]) -> None:
    told = [start for line in SET_UPS if (start := _start(line)) and start.url]
    assert len(told) == 5
    (start,) = set(told)
    assert (start.url, start.headers) == ("http://127.0.0.1:8000/mcp", (("Authorization", "Bearer TOKEN"),))
    (line,) = [one for one in SET_UPS if one.startswith("sensorium-mcp ") and one.endswith("--http 127.0.0.1:8000")]
    command = shlex.split(line.replace("~", str(home)).replace(":8000", ":0"))  # a shell's part, and a free port
    program = await asyncio.create_subprocess_exec(*command, env=user, stderr=asyncio.subprocess.PIPE)
    try:
        assert program.stderr
        said = (await program.stderr.readline()).decode()
        token = (home / "sensorium" / "mcp-token").read_text(encoding="utf-8").split()[-1]
        address = re.findall(r"http://127\.0\.0\.1:\d+/mcp", said)[0]
        headers = {name: value.replace("TOKEN", token) for name, value in start.headers}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            await _looks(client)
    finally:
        program.terminate()
        await program.communicate()


def test_every_option_it_names_exists() -> None:
    known = {one for action in parser()._actions for one in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert named - {"--scope", "--transport", "--header", "--add-mcp"} <= known


async def test_its_table_has_the_tools_that_are_offered(settings: Settings, tmp_path: Path) -> None:
    table = PAGE[PAGE.index("| tool | for |") : PAGE.index("`look_at`, a question")]
    offered = {one.name for one in await build_server(settings, catalog(), Access.to([tmp_path])).list_tools()}
    assert set(re.findall(r"`([a-z_]+)`", table)) == offered


@pytest.mark.parametrize("name", ["video_report", "meeting_minutes", "compare_pictures", "storyboard", "subtitle"])
def test_it_names_every_prompt(name: str) -> None:
    assert f"`{name}`" in PAGE
