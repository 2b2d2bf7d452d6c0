"""The command, under both its names, and what it imports."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"langgraph", "langchain_core", "openai", "av", "cv2", "numpy", "onnxruntime", "PIL", "matplotlib"}


@pytest.mark.parametrize("module", ["sensorium.mcp_server", "sensorium"])
def test_the_options_are_the_same_under_both_names(module: str) -> None:
    command = [sys.executable, "-m", module, *(["mcp"] if module == "sensorium" else []), "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("usage: sensorium-mcp")
    assert all(one in ended.stdout for one in ("--allow-dir", "--http", "--token-file", "--images", "--tools"))


def test_sensorium_lists_it() -> None:
    ended = subprocess.run([sys.executable, "-m", "sensorium", "--help"], capture_output=True, text=True, check=True)
    assert "over MCP" in ended.stdout


def test_a_server_that_lists_its_tools_imported_nothing_heavy(tmp_path: Path) -> None:
    code = f"""
import asyncio, json, sys
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
print(json.dumps(sorted({{one.partition('.')[0] for one in sys.modules}})))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(json.loads(ended.stdout.splitlines()[-1])) & HEAVY == set()


def test_the_usual_start_imports_only_the_tools_it_offers() -> None:
    code = """
import sys
from sensorium.mcp_server.faces import FACES
from sensorium.tools.base.catalog import some_tools
assert "read_text" in some_tools(FACES)
print(*[one for one in sys.modules if one.startswith("sensorium.tools.") and one.count(".") == 2])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "sensorium.tools.read_text" in ended.stdout.split()
    assert "sensorium.tools.write_report" not in ended.stdout.split()
