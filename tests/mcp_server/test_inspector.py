"""The protocol's Inspector, a client that others wrote, against the real server: both transports, both eras."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ERAS = ("legacy", "modern")
Environment = Callable[[Path], dict[str, str]]


@dataclass(frozen=True)
class Inspector:
    """Calls one method of a server, in a process of its own."""

    command: tuple[str, ...]
    env: dict[str, str]
    server: tuple[str, ...]
    """What tells it how to find the server; last, because it ends in the server's own options."""

    def __call__(self, era: str, method: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        # A loaded machine takes longer to start a server than the fifteen seconds that the Inspector gives it.
        given = [
            "--method",
            method,
            "--protocol-era",
            era,
            "--format",
            "json",
            "--connect-timeout",
            "60000",
            *arguments,
        ]
        command = [*self.command, *given, *self.server]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120, check=False)

    def result(self, era: str, method: str, *arguments: str) -> dict[str, Any]:
        """Return what the server answered."""
        ended = self(era, method, *arguments)
        assert ended.returncode == 0, ended.stderr
        answer = json.loads(ended.stdout)["result"]
        assert isinstance(answer, dict)
        return answer


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    """An allowed folder with one picture."""
    folder = tmp_path_factory.mktemp("pictures").resolve()
    making.slide("A slide", width=320, height=180).save(folder / "slide.png")
    return folder


@pytest.fixture(scope="module")
def env(npm_modules: Path, tmp_path_factory: pytest.TempPathFactory, environment: Environment) -> dict[str, str]:
    """An environment with an empty home, for the server and for the Inspector."""
    home = tmp_path_factory.mktemp("inspector")
    path = os.pathsep.join([str(npm_modules / ".bin"), os.environ["PATH"]])
    return {**environment(home / "home"), "PATH": path, "MCP_CATALOG_PATH": str(home / "catalog.json")}


@pytest.fixture(scope="module")
def address(env: dict[str, str], pictures: Path) -> Iterator[tuple[str, ...]]:
    """The real server over HTTP: its address, and the header that it asks for."""
    command = [sys.executable, "-m", "sensorium.mcp_server", "--allow-dir", str(pictures), "--tools", "all"]
    with subprocess.Popen([*command, "--http", "127.0.0.1:0"], env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            line = process.stderr.readline()
            assert line.startswith("Serving http://"), line + process.stderr.read()
            token = (Path(env["SENSORIUM_HOME"]) / "mcp-token").read_text(encoding="utf-8").split()[-1]
            yield "--server-url", line.split()[1].rstrip(";"), "--header", f"Authorization: Bearer {token}"
            assert process.poll() is None
        finally:
            process.terminate()


@pytest.fixture(scope="module", params=["stdio", "http"])
def inspect(
    request: pytest.FixtureRequest, npm_modules: Path, env: dict[str, str], address: tuple[str, ...], pictures: Path
) -> Inspector:
    """The Inspector for one transport."""
    # It hands a server that it starts no more than a few variables of its own environment.
    kept = [f"{name}={value}" for name, value in env.items() if name.startswith(("SENSORIUM_", "HF_", "PYTHONPATH"))]
    given = [part for one in kept for part in ("-e", one)]
    command = [sys.executable, "-m", "sensorium.mcp_server", "--allow-dir", str(pictures), "--tools", "all"]
    launcher = npm_modules / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"
    return Inspector(
        command=(str(npm_modules / ".bin" / "node"), str(launcher), "--cli"),
        env=env,
        server=(*given, "--", *command) if request.param == "stdio" else address,
    )


@pytest.mark.parametrize("era", ERAS)
def test_it_has_no_complaint_about_any_tool(inspect: Inspector, era: str) -> None:
    ended = inspect(era, "tools/list", "--strict")
    assert ended.returncode == 0, ended.stderr
    assert "Warning:" not in ended.stderr
    assert len(json.loads(ended.stdout)["result"]["tools"]) > 12


@pytest.mark.parametrize("era", ERAS)
def test_two_hundred_calls_ten_at_a_time_have_no_error(inspect: Inspector, pictures: Path, era: str) -> None:
    call = ("--tool-name", "probe_media", "--tool-arg", f"media={pictures / 'slide.png'}")
    load = ("--load", "--load-requests", "200", "--load-concurrency", "10")
    result = inspect.result(era, "tools/call", *call, *load)
    counted = {name: result[name] for name in ("requests", "ok", "toolErrors", "errors")}
    assert counted == {"requests": 200, "ok": 200, "toolErrors": 0, "errors": 0}


@pytest.mark.parametrize("inspect", ["http"], indirect=True)
@pytest.mark.parametrize("era", ERAS)
def test_it_reads_resources_and_prompts_and_sees_a_picture(inspect: Inspector, pictures: Path, era: str) -> None:
    limits = json.loads(inspect.result(era, "resources/read", "--uri", "config://limits")["contents"][0]["text"])
    assert limits["allowed_folders"] == [str(pictures)]
    call = ("--tool-name", "view_media", "--tool-arg", f"media={pictures / 'slide.png'}")
    seen = inspect.result(era, "tools/call", *call)
    assert [one["type"] for one in seen["content"]][:2] == ["text", "image"]
    listed = [one["uri"] for one in inspect.result(era, "resources/list")["resources"]]
    assert "config://limits" in listed
    assert any(one.startswith("artifact://") for one in listed)
    prompts = {one["name"] for one in inspect.result(era, "prompts/list")["prompts"]}
    assert "video_report" in prompts
    got = inspect.result(era, "prompts/get", "--prompt-name", "video_report", "--prompt-args", "path=talk.mp4")
    assert "talk.mp4" in got["messages"][0]["content"]["text"]
