"""Run a command and measure it: wall and CPU seconds, peak memory of it and all its children."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """What a command cost."""

    code: int
    stdout: str
    stderr: str
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    """The most that the process and its children held at one moment, sampled every 20 ms (Linux only, else 0)."""


def measure(command: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None) -> Measured:
    """Run a command to its end and return what it cost.

    Args:
        command: What to run.
        env: Its environment.
        cwd: Its folder.
    """
    before = _children_cpu()
    started = time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = [0]
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, done))
    watcher.start()
    stdout, stderr = process.communicate()
    wall = time.perf_counter() - started
    done.set()
    watcher.join()
    return Measured(process.returncode, stdout, stderr, wall, _children_cpu() - before, peak[0])


def _children_cpu() -> float:
    import os

    times = os.times()
    return times.children_user + times.children_system


def _watch(pid: int, peak: list[int], done: threading.Event) -> None:
    while not done.wait(0.02):
        peak[0] = max(peak[0], _tree_bytes(pid))


def _tree_bytes(pid: int) -> int:
    """Return the resident bytes of a process and its children; pages that they share count in each of them."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            status = Path(f"/proc/{one}/status").read_text()
            total += next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, StopIteration, ValueError):
            continue  # it ended meanwhile
    return total
