"""Kill a run with SIGKILL at random moments, resume it, and compare the report with that of a run nobody killed.

python benchmarks/resume.py [TRIES]
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from videos import slides

REQUEST = "Analyze this video and write a report"


def main() -> None:
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    video = slides("talk", seconds=120, count=7).path
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        expected = report(run(["run", REQUEST, str(video)], Path(folder) / "whole"))
        whole = time.perf_counter() - started
        moments = random.Random(5)
        same = again = kills = 0
        while kills < tries:
            home = Path(tempfile.mkdtemp(dir=folder))
            command = [sys.executable, "-m", "sensorium", "run", REQUEST, str(video)]
            if not killed(command, environment(home), after_seconds=moments.uniform(0.5, whole)):
                continue
            kills += 1
            before = finished(home)
            began = (home / "library.db").exists()
            resumed = report(run(["resume", "last"] if began else ["run", REQUEST, str(video)], home))
            after = finished(home)
            again += sum(after[step] != ended for step, ended in before.items())
            same += resumed == expected
    print("| what | figure |")
    print("|---|---|")
    print(f"| a run of {whole:.1f} s killed at {tries} random moments and resumed: same report | {same} of {tries} |")
    print(f"| finished steps that ran again | {again} |")


def killed(command: Sequence[str], env: Mapping[str, str], *, after_seconds: float) -> bool:
    """Kill a command after some seconds and return whether it was still running."""
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
        time.sleep(after_seconds)
        running = one.poll() is None
        one.kill()
    return running


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "SENSORIUM_HOME": str(home), "SENSORIUM_OFFLINE": "1"}


def run(arguments: list[str], home: Path) -> Path:
    """Run a command to its end and return the folder with its report."""
    out = home / "out"
    command = [sys.executable, "-m", "sensorium", *arguments, "-o", str(out)]
    subprocess.run(command, env=environment(home), check=True, capture_output=True)
    return out


def report(folder: Path) -> dict[str, Any]:
    """Return a report without its run's id and times."""
    made = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {name: part for name, part in made.items() if name not in ("run", "run_id")}


def finished(home: Path) -> dict[str, float]:
    """Return when each finished step of a library's runs ended."""
    if not (home / "library.db").exists():
        return {}
    with sqlite3.connect(home / "library.db") as db:
        return dict(db.execute("SELECT step, created FROM steps").fetchall())


if __name__ == "__main__":
    main()
