"""The tool that runs code is as tight as the sandbox: through the command line, and through the server."""

import asyncio
import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mcp import Client

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import MediaServer, build_server
from sensorium.mcp_server.service import Options
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings
from sensorium.tools.sandbox.isolation import find_isolation

ESCAPES = ("files", "identity")
"""Of the groups of probes, those that the home and the environment of the command make a difference to."""
# What only a session that was made with other limits shows.
ELSEWHERE = {"limits_are_those_asked_for", "folders_of_work_are_ours"}
NO_PACKAGES = (
    "no_such_package", "os; import os", "../x", "numpy==1.0", "git+https://127.0.0.1/x", "-r /etc/passwd", "", " ",
    "numpy\n", "\0", "x" * 500_000, "numpy, pandas", "--index-url=http://127.0.0.1", "__main__", "/etc", "\u202enumpy",
)  # fmt: skip
HARD_TO_READ = (
    "(" * 100_000, "-" * 200_000 + "1", "lambda:" * 50_000 + "1", "[" * 300 + "]" * 300, "9" * 400_000,
    "a." * 200_000 + "a", "# -*- coding: rot13 -*-\ncevag('k')", "\0", "x = 1\0", "if 1:\n\tx\n        y", "\x0c\x0c",
    "\ufeff1", "'\\N{no such}'", "f'" + "{" * 200, "def f():\n" + " if 1:\n" * 150, "class A:\n  " + "x=1;" * 100_000,
    "await x", "return", "yield 1", "import __main__; __main__.__dict__.clear()", "del __builtins__",
    "__builtins__ = {}", "__name__ = 5",
)  # fmt: skip
STEERING = (
    r"print('\x1b]0;title\x07\x1b[2J\u202e\u2066'); open('out/\x1b[2J\u202e.txt', 'w'); '\x1b[2J\u2066'",
    r"raise ValueError('\x1b[2J\u202e')",
)


def _told(
    attacking: ModuleType, user: str, bait: Any, arguments: dict[str, Any], *options: str
) -> tuple[int, bytes, bytes]:
    """Call the tool on the command line; return its status and what it printed."""
    with tempfile.TemporaryDirectory(prefix="sensorium-attacker-") as home:
        line = ("sensorium", "tool", "run_python", "-", *options)
        with attacking.started(user, Path(home), bait, *line) as process:
            out, said = process.communicate(json.dumps(arguments).encode(), timeout=120)
        return process.returncode, out, said


@pytest.fixture(scope="module")
def bait(
    attacking: ModuleType, or_excused: Callable[[Exception], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    isolation = find_isolation(Settings(home=tmp_path_factory.mktemp("home"), offline=True))
    if isolation.name != "bubblewrap" or not isolation.works:
        or_excused(attacking.Unable(isolation.why))
    with attacking.baited({}) as laid:
        yield laid


@pytest.mark.parametrize("group", ESCAPES)
def test_no_probe_gets_through_the_command_line(
    attacking: ModuleType, user: str, bait: Any, group: str, or_excused: Callable[[Exception], None]
) -> None:
    probes = [one for one in attacking.probes(group) if one not in ELSEWHERE]
    every = ", ".join(f"{name!r}: {name}" for name in probes)
    through = f"{{name: found for name, found in _prelude.report({{{every}}}).items() if found}}"
    code = attacking.attack(group, bait.facts, through)
    try:
        status, out, said = _told(attacking, user, bait, {"code": code, "timeout_seconds": 60}, "--json")
    except attacking.Unable as error:
        or_excused(error)
    assert status == 0, said.decode()
    told = json.loads(out)["result"]
    assert (told["ended"], told["value"], told["isolation"]) == ("done", "{}", "bubblewrap"), told
    assert bait.secret.encode() not in out + said
    assert bait.visitors() == []
    assert bait.changed() + bait.droppings() == []


@pytest.mark.parametrize("code", STEERING, ids=["done", "error"])
def test_what_code_says_does_not_steer_the_terminal(attacking: ModuleType, bait: Any, code: str) -> None:
    _, out, said = _told(attacking, attacking.attackers()[0], bait, {"code": code})
    assert out
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set((out + said).decode())


@pytest.fixture
def server(settings: Settings, tmp_path: Path, bait: Any) -> MediaServer:
    """A server that may read one folder, in which there are traps."""
    allowed = tmp_path / "allowed"
    (allowed / "folder").mkdir(parents=True)
    (allowed / "numbers.txt").write_text("1 2 3")
    (allowed / "link.txt").symlink_to(bait.facts["secret_files"][0])
    (allowed / "folder-link").symlink_to(bait.facts["secret_folders"][0])
    (allowed / "zero").symlink_to("/dev/zero")
    (allowed / "environment").symlink_to("/proc/self/environ")
    os.mkfifo(allowed / "pipe")
    options = Options(groups=frozenset({"code"}))
    return build_server(settings, catalog(), Access.to([allowed], private=settings.home), options)


async def _called(client: Client, **arguments: Any) -> tuple[bool, str]:
    """Return whether a call was refused, and all of what came of it."""
    async with asyncio.timeout(60):
        ended = await client.call_tool("run_python", arguments)
    return bool(ended.is_error), json.dumps([one.model_dump(mode="json") for one in ended.content])


async def test_files_outside_of_what_is_allowed_are_not_given(server: MediaServer, bait: Any) -> None:
    async with Client(server) as client:
        secret = bait.facts["secret_files"][0]
        tricks = [
            *(f"{before}{secret}" for before in ("", "./", "../" * 7, "file://", "folder" + "/.." * 7)),
            "link.txt", "folder-link/secret.txt", "folder-link", "folder", "environment", "zero", "pipe", ".", "~root",
            "|id", "$(id)", "/proc/self/environ", "/dev/zero", "/etc/shadow", "http://169.254.169.254/latest/meta-data/",
            f"http://127.0.0.1:{bait.facts['tcp_port']}/", "data:text/plain,x", "artifact://sha256/../../etc/passwd",
            "artifact://sha256/" + "0" * 64, "", "\0", "numbers.txt\0", "x" * 100_000,
        ]  # fmt: skip
        for one in tricks:
            refused, told = await _called(
                client, code="[open(f'in/{x}').read() for x in __import__('os').listdir('in')]", files=[one]
            )
            assert refused, f"{one[:60]!r}: {told[:300]}"
            assert bait.secret not in told
            assert len(told) < 20_000
        assert bait.visitors() == []
        assert not (await _called(client, code="open('in/numbers.txt').read()", files=["numbers.txt"]))[0]


async def test_a_file_that_becomes_a_link_is_not_followed(server: MediaServer, tmp_path: Path, bait: Any) -> None:
    async with Client(server) as client:
        swapped, ended = tmp_path / "allowed" / "swap.txt", threading.Event()
        swapped.write_text("mine")

        def swap() -> None:
            while not ended.is_set():
                for make in (lambda at: at.symlink_to(bait.facts["secret_files"][0]), lambda at: at.write_text("mine")):
                    with suppress(OSError):
                        make(tmp_path / "next")
                        (tmp_path / "next").rename(swapped)
                time.sleep(0)

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            for _ in range(15):
                _, told = await _called(client, code="open('in/swap.txt').read()", files=["swap.txt"])
                assert bait.secret not in told
        finally:
            ended.set()
            thread.join()


async def test_no_time_without_end_can_be_asked_for(server: MediaServer) -> None:
    async with Client(server) as client:
        for seconds in (0, -1, 1e9, 1e308, "x", [], {}, "1e999", "NaN"):
            refused, told = await _called(client, code="1", timeout_seconds=seconds)
            assert refused, (seconds, told)


async def test_packages_are_names_of_what_is_installed(server: MediaServer, bait: Any) -> None:
    async with Client(server) as client:
        for names in [*([one] for one in NO_PACKAGES), [f"package{number}" for number in range(1000)]]:
            refused, told = await _called(client, code="print('ran')", packages=names)
            assert refused, (names[0][:100], told[:500])
            assert "ran\\n" not in told
            assert len(told) < 20_000
    assert bait.visitors() == []


async def test_code_that_is_hard_to_read_ends_and_the_next_is_run(server: MediaServer) -> None:
    async with Client(server) as client:
        for code in HARD_TO_READ:
            refused, told = await _called(client, code=code, timeout_seconds=5)
            assert refused or '\\"ended\\":' in told, (code[:50], told[:500])
            assert len(told) < 200_000
            # The first one after may find an interpreter that the code before has spoilt.
            for _ in range(2):
                refused, told = await _called(client, code="6 * 7")
            assert not refused, (code[:50], told)
            assert '\\"42\\"' in told, (code[:50], told)


async def test_names_of_files_stay_in_their_folder(server: MediaServer, tmp_path: Path) -> None:
    names = [
        "a\nb.txt",
        "-rf",
        "..hidden",
        "ü" * 120,
        "con.txt",
        "sitecustomize.py",
        "numpy.py",
        "'; id; '.txt",
        "\u202e.txt",
    ]
    code = "import numpy, os\n[open(f'in/{one}').read() for one in os.listdir('in')]"
    async with Client(server) as client:
        for name in names:
            (tmp_path / "allowed" / name).write_text("content")
            refused, told = await _called(client, code=code, files=[name])
            assert refused or "'content'" in told, (name, told)
            if not refused:
                (place,) = json.loads(json.loads(told)[0]["text"])["inputs"]
                assert re.fullmatch(r"/\w+/in/[^/\n\x1b\u202e]+", place), place
                assert not place.endswith("/..")
