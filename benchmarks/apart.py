"""Run one of a script's functions in a process of its own, so that its CPU time and peak memory are its own."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sensorium.tools.base.run import Run

Job = Callable[..., Any]


@dataclass(frozen=True)
class Cost:
    """What a job gave and what it cost, without starting Python and importing packages."""

    value: Any
    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    """Of the whole process, packages included."""


def apart(job: Job, *arguments: Any) -> Cost:
    """Call a function of the main script in a new process; its arguments and result must be JSON."""
    command = [sys.executable, sys.argv[0], "--job", job.__name__, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{job.__name__}{arguments} failed:\n{done.stderr}")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def median_of(times: int, job: Job, *arguments: Any) -> Cost:
    """Return the run of median CPU time, of several."""
    costs = sorted((apart(job, *arguments) for _ in range(times)), key=lambda cost: cost.cpu_seconds)
    return costs[len(costs) // 2]


def serve(*jobs: Job) -> None:
    """In the new process, do the job and end; elsewhere, return. Call it first in `main`."""
    if sys.argv[1:2] != ["--job"]:
        return
    job = {one.__name__: one for one in jobs}[sys.argv[2]]
    # What every job needs is loaded before the clock starts.
    import av  # noqa: F401
    import cv2  # noqa: F401
    import numpy  # noqa: F401
    import scenedetect  # noqa: F401

    from sensorium.tools.base import cuts, frames, media, sound  # noqa: F401
    from sensorium.tools.base.catalog import catalog

    catalog()
    _decode_here()
    wall, cpu = time.perf_counter(), time.process_time()
    value = job(*json.loads(sys.argv[3]))
    cost = {
        "value": value,
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
        "peak_mb": _peak_bytes() / 1e6,
    }
    print(json.dumps(cost))
    sys.exit()


def _decode_here() -> None:
    """Open media in this process, whose processor time and memory are seen; `decode.py` measures what another costs."""
    from sensorium.tools.base.run import Run

    Run.decode = Run.thread  # type: ignore[method-assign]


def a_run() -> "Run":
    """Return a run in an empty library."""
    from sensorium.tools.base.run import Run
    from sensorium.tools.base.settings import Settings

    return Run.open(Settings(home=Path(tempfile.mkdtemp()), offline=True))


def _peak_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # Not `ru_maxrss`: on Linux it starts at what the parent process had.
        return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if "VmHWM" in line)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
