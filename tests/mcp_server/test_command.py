"""The command, under both its names, and what it imports."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sensorium.mcp_server.command import parser
from sensorium.mcp_server.groups import ALL, DEFAULT_GROUPS, GROUPS

After = Callable[[str], set[str]]


@pytest.mark.parametrize("module", ["sensorium.mcp_server", "sensorium"])
def test_the_options_are_the_same_under_both_names(module: str) -> None:
    command = [sys.executable, "-m", module, *(["mcp"] if module == "sensorium" else []), "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("usage: sensorium-mcp")
    assert all(one in ended.stdout for one in ("--allow-dir", "--http", "--token-file", "--images", "--tools"))


def test_every_group_can_be_chosen() -> None:
    assert parser().parse_args([]).tools == DEFAULT_GROUPS
    for group in (*GROUPS, ALL):
        assert parser().parse_args(["--tools", group]).tools == {group}
        assert group in parser().format_help()


def test_sensorium_lists_it() -> None:
    ended = subprocess.run([sys.executable, "-m", "sensorium", "--help"], capture_output=True, text=True, check=True)
    assert "over MCP" in ended.stdout


def test_a_server_that_lists_its_tools_imported_nothing_heavy(
    tmp_path: Path, modules_after: After, heavy: frozenset[str]
) -> None:
    code = f"""
import asyncio
from pathlib import Path
from mcp import Client
from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings

async def main():
    server = build_server(Settings(home=Path({str(tmp_path)!r}), offline=True), catalog(), Access())
    async with Client(server) as client:
        assert len((await client.list_tools()).tools) > 5

asyncio.run(main())
"""
    assert modules_after(code) & heavy == set()


def test_the_usual_start_imports_only_the_tools_it_offers_and_nothing_of_http(
    tmp_path: Path, modules_after: After, heavy: frozenset[str]
) -> None:
    code = f"""
from sensorium.mcp_server.command import _build, parser
server = _build(parser().parse_args(["--allow-dir", {str(tmp_path)!r}]))
assert server._tool_manager.get_tool("read_text")
"""
    after = modules_after(code)
    assert "sensorium.tools.read_text" in after
    for unneeded in ("sensorium.tools.write_report", "sensorium.tools.fetch_url", "sensorium.tools.run_python"):
        assert unneeded not in after
    assert not {"sensorium.mcp_server.serve", "sensorium.mcp_server.files_http", "sensorium.mcp_server.guard"} & after
    assert after & (heavy | {"jsonschema", "jwt"}) == set()


def test_garbage_is_looked_for_after_the_start(tmp_path: Path) -> None:
    code = """
import gc
from sensorium.mcp_server.command import _start
with _start():
    assert not gc.isenabled()
    kept = [[]]
assert gc.isenabled() and gc.get_freeze_count() > 0
try:
    with _start():
        raise KeyboardInterrupt
except KeyboardInterrupt:
    assert gc.isenabled()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
