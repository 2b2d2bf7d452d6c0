"""The page about MCP says what is so."""

import json
import re
import shlex
from pathlib import Path

import pytest

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.mcp_server.command import parser
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings

PAGE = (Path(__file__).parent.parent.parent / "docs" / "mcp.md").read_text(encoding="utf-8")
SET_UPS = [line.strip() for line in re.findall(r"^ {4}(\S.*)$", PAGE, re.MULTILINE)]


def _commands() -> list[list[str]]:
    """Return the arguments with which the set-ups start the server."""
    found = []
    for line in SET_UPS:
        if line.startswith("{"):
            servers = next(iter(json.loads(line).values()))
            found.append([servers["sensorium"]["command"], *servers["sensorium"]["args"]])
        elif line.startswith("code --add-mcp "):
            plain = json.loads(shlex.split(line)[2])
            found.append([plain["command"], *plain["args"]])
        elif "sensorium-mcp" in line:
            words = shlex.split(line)
            found.append(words[words.index("sensorium-mcp") :])
    return found


def test_every_set_up_starts_the_server_with_options_that_it_has() -> None:
    assert len(_commands()) == 5
    for program, *arguments in _commands():
        assert program == "sensorium-mcp"
        assert [str(one) for one in parser().parse_args(arguments).allow_dir] == ["~/Movies"]


def test_every_option_it_names_exists() -> None:
    known = {one for action in parser()._actions for one in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert named - {"--scope", "--transport", "--header", "--add-mcp"} <= known


async def test_its_table_has_the_tools_that_are_offered(settings: Settings, tmp_path: Path) -> None:
    table = PAGE[PAGE.index("| tool | for |") : PAGE.index("`--tools` chooses")]
    offered = {one.name for one in await build_server(settings, catalog(), Access.to([tmp_path])).list_tools()}
    assert set(re.findall(r"`([a-z_]+)`", table)) == offered


@pytest.mark.parametrize("name", ["video_report", "meeting_minutes", "compare_pictures", "storyboard", "subtitle"])
def test_it_names_every_prompt(name: str) -> None:
    assert f"`{name}`" in PAGE
