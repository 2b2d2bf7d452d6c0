"""Servers that are programs or lie on loopback, honest and strange ones, and runs that have them in their settings."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.servers.configured import Server, read_servers

STRANGE = Path(__file__).with_name("strange.py")
Table = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the strange server writes down what it hears."""
    made = tmp_path / "heard"
    made.mkdir()
    return made


@pytest.fixture
def heard(folder: Path) -> Callable[[], list[str]]:
    """Return what the strange server wrote down."""
    return lambda: (folder / "heard.txt").read_text().splitlines() if (folder / "heard.txt").exists() else []


@pytest.fixture
def strange(folder: Path) -> Callable[..., Table]:
    """Return the table of a strange server."""
    return lambda *more, **fields: {
        "command": sys.executable, "args": ["-I", "-S", str(STRANGE), str(folder), *more], **fields
    }  # fmt: skip


@pytest.fixture
def servers() -> Callable[..., dict[str, Server]]:
    """Read tables of servers as the settings do."""
    return lambda **tables: read_servers({"servers": tables}, os.environ)


@pytest.fixture
def settings_with(settings: Settings, servers: Callable[..., dict[str, Server]]) -> Callable[..., Settings]:
    """Return settings with these servers."""
    return lambda **tables: replace(settings, servers=servers(**tables))


@pytest.fixture
def open_run() -> Iterator[Callable[[Settings], Run]]:
    """Open a run, which is closed in the end."""
    opened: list[Run] = []

    def open_one(settings: Settings) -> Run:
        opened.append(Run.open(settings))
        return opened[-1]

    yield open_one
    for one in opened:
        one.library.close()
