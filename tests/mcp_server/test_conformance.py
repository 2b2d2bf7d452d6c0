"""The protocol's own conformance suite and Inspector, where they are installed: they need Node 22 and npm packages.

npm i node@22 && npm i @modelcontextprotocol/conformance@0.2.0-alpha.12
PATH=$PWD/node_modules/.bin:$PATH npm i @modelcontextprotocol/inspector@2.12.0
SENSORIUM_MCP_SUITE=$PWD/node_modules .venv/bin/pytest tests/mcp_server/test_conformance.py
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder with the npm packages."""
    named = os.environ.get("SENSORIUM_MCP_SUITE")
    if not named:
        pytest.skip("SENSORIUM_MCP_SUITE does not name a node_modules folder with the suite")
    return Path(named).absolute()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Our server with the tools that the suite calls by name."""
    home = tmp_path_factory.mktemp("conformance")
    command = [sys.executable, str(HERE / "conformance_server.py"), str(home)]
    with (home / "log").open("w") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process:
        try:
            assert process.stdout
            port = process.stdout.readline().decode().strip()
            assert port, (home / "log").read_text()
            yield f"http://localhost:{port}/mcp"
            assert process.poll() is None, (home / "log").read_text()
        finally:
            process.terminate()


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_every_scored_scenario_passes(modules: Path, address: str, revision: str, tmp_path: Path) -> None:
    suite = modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    command = [str(modules / ".bin" / "node"), str(suite), "server", "--url", address, "--requirements", revision]
    ended = subprocess.run([*command, "-o", str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[ended.stdout.find("=== SUMMARY") :]


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_has_no_complaint(
    modules: Path, films: Path, tmp_path: Path, environment: Callable[[Path], dict[str, str]], era: str
) -> None:
    env = {
        **environment(tmp_path / "home"),
        "PATH": os.pathsep.join([str(modules / ".bin"), os.environ["PATH"]]),
        "MCP_CATALOG_PATH": str(tmp_path / "catalog.json"),
    }
    server = [sys.executable, "-m", "sensorium.mcp_server", "--allow-dir", str(films), "--tools", "all"]
    command = ["mcp-inspector", "--cli", "--method", "tools/list", "--strict", "--protocol-era", era, "--", *server]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Warning:" not in ended.stdout + ended.stderr
