"""Fixtures for what runs in real cages."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sensorium.tools.sandbox.launcher import launch
from sensorium.tools.sandbox.limits import Limits
from sensorium.tools.sandbox.session import CodeSession

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def bubblewrap(needs_program: Callable[..., str]) -> str:
    """Its path; a test that needs it is skipped where it is not, and fails on CI."""
    return needs_program("bwrap")


@pytest.fixture
def session(bubblewrap: str, tmp_path: Path) -> Iterator[CodeSession]:
    """A session with the usual limits, but less time."""
    opened = CodeSession(limits=Limits(wall_seconds=20), folder=tmp_path / "in")
    yield opened
    opened.close()


@pytest.fixture
def as_ordinary_user(bubblewrap: str, tmp_path: Path) -> Callable[[str], str]:
    """Return what a script prints that another process runs: as an ordinary user, also where the tests run as root."""

    def run(script: str) -> str:
        tmp_path.chmod(0o755)
        output = tmp_path / "printed"
        with output.open("wb") as printed:
            process = launch(
                [sys.executable, "-W", "error", "-c", script],
                [sys.base_prefix, sys.prefix, str(ROOT), str(tmp_path)],
                stdout=printed,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "HOME": "/tmp", "SENSORIUM_OFFLINE": "1"},
                cwd="/tmp",
            )
            status = process.wait(120)
        said = output.read_text()
        assert status == 0, said
        return said

    return run
