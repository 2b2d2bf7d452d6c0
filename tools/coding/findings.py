"""What the linter ruff finds in Python source."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RULES = ("E4", "E7", "E9", "F", "B", "C4", "PERF", "S")
"""Errors, likely bugs, what is slow, and what is unsafe; not style."""
IGNORED = ("S101",)
"""`assert` is fine in scripts."""
MOST_SECONDS = 3.0
MOST_MEMORY_BYTES = 2**30
MOST_CPU_SECONDS = 5
MOST_OUTPUT_BYTES = 20_000_000


class NotLinted(Exception):
    """The linter did not come to an end."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that the linter found."""

    rule: str
    message: str
    line: int
    column: int


def find_problems(text: str, folder: Path) -> list[Problem]:
    """Return what ruff finds, in order of lines.

    It reads the source from its input, no settings of anybody, and writes nothing.

    Args:
        text: Python source.
        folder: An empty folder to run in.

    Raises:
        NotLinted: It is not there, ran into a limit or crashed; the message says which.
    """
    said = _ask(_command(), text.encode(), folder)
    try:
        listed = json.loads(said)
    except ValueError as error:
        raise NotLinted("what ruff wrote cannot be read") from error
    problems = [_problem(one) for one in listed if isinstance(one, dict)]
    return sorted(problems, key=lambda one: (one.line, one.column, one.rule))


def _command() -> Sequence[str]:
    from ruff import find_ruff_bin

    try:
        program = find_ruff_bin()
    except FileNotFoundError as error:
        raise NotLinted("ruff is not installed: `pip install ruff`") from error
    select, ignore = ",".join(RULES), ",".join(IGNORED)
    return (
        program, "check", "--isolated", "--no-cache", "--no-fix", "--exit-zero", "--quiet", "--output-format", "json",
        "--select", select, "--ignore", ignore, "--ignore-noqa", "--stdin-filename", "code.py", "-",
    )  # fmt: skip


def _ask(command: Sequence[str], source: bytes, folder: Path) -> bytes:
    """Return what a program writes when it is given the source, within limits."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={"PATH": "", "RUFF_NO_CACHE": "1", "RAYON_NUM_THREADS": "1"},
        )
    except OSError as error:
        raise NotLinted(f"ruff could not be started: {error.strerror}") from error
    with process:
        _limit(process.pid)  # before it has read anything of the source
        try:
            said, _ = process.communicate(source, timeout=MOST_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise NotLinted(f"ruff did not end within {MOST_SECONDS:g} s") from error
    if process.returncode:
        raise NotLinted(f"ruff ended with status {process.returncode}")
    if len(said) > MOST_OUTPUT_BYTES:
        raise NotLinted(f"ruff found more than fits into {MOST_OUTPUT_BYTES:,} bytes")
    return said


def _limit(process: int) -> None:
    if sys.platform == "linux":
        import resource

        resource.prlimit(process, resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
        resource.prlimit(process, resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))


def _problem(found: dict[str, Any]) -> Problem:
    place = found.get("location") or {}
    return Problem(
        rule=str(found.get("code") or "syntax-error")[:40],
        message=" ".join(str(found.get("message", "")).split())[:300],
        line=int(place.get("row") or 1),
        column=int(place.get("column") or 1),
    )
