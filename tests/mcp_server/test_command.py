"""The command, under both its names, and what it imports."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sensorium.mcp_server.command import issuer_tokens, parser
from sensorium.mcp_server.groups import ALL, DEFAULT_GROUPS, GROUPS
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.settings import Settings

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


@pytest.mark.parametrize(
    ("option", "good", "bad"),
    [
        ("--allow-dir", ["."], ["", " "]),
        ("--out-dir", ["made"], [""]),
        (
            "--allow-host",
            ["media.example", "media.example:8000", "[::1]:80"],
            ["https://media.example", "a b", "*", ""],
        ),
        (
            "--allow-origin",
            ["https://page.example", "http://localhost:3000/"],
            ["*", "null", "page.example", "https://a/b"],
        ),
        (
            "--public-url",
            ["https://media.example/a/mcp"],
            ["media.example", 'https://a/"', "https://a/?b=c", "ftp://a"],
        ),
    ],
)
def test_a_name_that_would_never_fit_is_refused(
    option: str, good: list[str], bad: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for value in good:
        assert parser().parse_args([option, value])
    for value in bad:
        with pytest.raises(SystemExit):
            parser().parse_args([option, value])
        assert f"{value!r} must be" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given",
    [
        ["--issuer", "https://issuer.example"],
        ["--audience", "x"],
        ["--jwks-url", "https://issuer.example/keys"],
        ["--jwks-url", "https://issuer.example/keys", "--issuer", "https://issuer.example"],
        ["--public-url", "https://media.example/mcp"],
        ["--jwks-url", "https://a/k", "--jwks-file", "k", "--issuer", "https://a", "--audience", "x"],
    ],
)
def test_an_issuer_is_named_as_a_whole_or_not_at_all(given: list[str], settings: Settings) -> None:
    with pytest.raises(ArgumentError, match="`--issuer`, `--audience`"):
        issuer_tokens(parser().parse_args(given), settings)


def test_nobody_is_believed_who_is_not_named(settings: Settings) -> None:
    assert issuer_tokens(parser().parse_args(["--http", "127.0.0.1:0"]), settings) is None
