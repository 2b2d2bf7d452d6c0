"""Makes sessions of confined code as one user and tells what came of every call; started by `attacking.py`.

    <- {"namespaces": {…}, "parallel": 2, "jobs": [{"name", "limits", "steps": [{"code", "seconds", "files", …}, …]}]}
    -> {"refused": why} or {"jobs": {name: [outcome, …, of the end]}, "host": {"before", "after"}}

No attack runs here: before each session is given anything, it must prove that it shares no namespace with the host.
"""

import base64
import dataclasses
import json
import os
import re
import sys
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sensorium.tools.base.settings import Settings
from sensorium.tools.sandbox.isolation import find_isolation
from sensorium.tools.sandbox.limits import Limits
from sensorium.tools.sandbox.session import CodeSession

GUARD = """
import os
__shared = [one for one in {namespaces!r} if os.readlink('/proc/self/ns/' + one) == {namespaces!r}[one]]
(os.readlink('/proc/self/ns/pid'), __shared, os.getuid())
"""


class NotConfined(BaseException):
    """A session shares something with the host."""


class Attack:
    """One session and what is done in it."""

    def __init__(self, job: dict[str, Any], namespaces: dict[str, str]) -> None:
        self.job = job
        self.guard = GUARD.format(namespaces=namespaces)
        self.namespaces: dict[str, int] = {}
        """Those of processes, by what proc calls them. They are held open: the number of a lost one is given anew."""
        self.session = CodeSession(limits=Limits(**job["limits"]))
        self.told: list[dict[str, Any]] = []

    def run(self) -> list[dict[str, Any]]:
        """Do all steps, then end the session; return what came of each."""
        try:
            for step in self.job["steps"]:
                self.prove()
                self.told.append(self.call(step))
            self.prove()
        finally:
            started = time.monotonic()
            self.session.close()
            ended = time.monotonic() - started
        self.told.append({"close_seconds": ended, "survivors": survivors(self.namespaces)})
        for one in self.namespaces.values():
            os.close(one)
        return self.told

    def prove(self) -> None:
        """Make sure that what runs next runs in a sandbox; remember in which."""
        for tries in range(3):
            outcome = self.session.execute(self.guard, {}, 10)
            if self.told and not tries:
                self.told[-1]["after"] = [plain(outcome)]
            if found := re.fullmatch(r"\('(pid:\[\d+\])', \[\], (\d+)\)", str(outcome.value)):
                break
            if tries:
                # The attack before spoilt its own interpreter for good.
                self.session.close()
        namespace, uid = found.groups() if found else ("", "0")
        if uid == "0":
            raise NotConfined(plain(outcome))
        if namespace not in self.namespaces:
            inside = survivors([namespace])
            if roots := [one for one in inside if 0 in _ids(one)]:
                raise NotConfined(f"{roots} are root's, as the host sees them")
            self.namespaces[namespace] = os.open(f"/proc/{inside[0]}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def call(self, step: dict[str, Any]) -> dict[str, Any]:
        """Run the code of a step and return what came of it."""
        files = {}
        for name, text in step.get("files", {}).items():
            files[name] = Path(os.environ["HOME"]) / f"{self.job['name']}-{len(files)}"
            files[name].write_text(text)
        killer = None
        if "kill_after_seconds" in step:
            kill = self.kill_supervisor if step.get("supervisor") else self.kill_worker
            killer = threading.Timer(step["kill_after_seconds"], kill)
            killer.start()
        started = time.monotonic()
        outcome = self.session.execute(step["code"], files, step["seconds"])
        seconds = time.monotonic() - started
        if killer:
            killer.join()
        if step.get("kill_afterwards"):
            self.kill_worker()
        time.sleep(step.get("pause_seconds", 0))
        running = len(survivors(self.namespaces))
        return {**plain(outcome), "wall_seconds": seconds, "running_after_pause": running}

    def kill_supervisor(self) -> None:
        """Kill the process outside that made the namespace and waits for it."""
        first = min(survivors(self.namespaces))
        os.kill(int(Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[1]), 9)

    def kill_worker(self) -> None:
        """Kill what runs in the newest namespace of this session, as an administrator or the kernel may."""
        for pid in sorted(survivors(self.namespaces), reverse=True):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue


def _ids(pid: int) -> set[int]:
    """Return the users and groups of a process, as this process sees them."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {int(one) for line in lines if line.startswith(("Uid:", "Gid:", "Groups:")) for one in line.split()[1:]}


def survivors(namespaces: Collection[str]) -> list[int]:
    """Return the processes that are still in these namespaces; one that has ended and waits to be counted is not."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                inside = str((one / "ns" / "pid").readlink()) in namespaces
                if inside and (one / "stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X"):
                    found.append(int(one.name))
            except OSError:
                continue
    return found


def plain(outcome: Any) -> dict[str, Any]:
    """Return an outcome as plain data."""
    told = dataclasses.asdict(outcome)
    told["cells"] = len(outcome.cells)
    told["artifacts"] = [{"name": name, "data": base64.b64encode(data).decode()} for name, data in outcome.artifacts]
    return told


def own_state() -> dict[str, Any]:
    """Return what this process holds."""
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - one process, one number
        "threads": threading.active_count(),
        "scratch": sorted(str(one) for one in Path(os.environ["TMPDIR"]).rglob("*")),
        "peak_bytes": _peak_bytes(),
        "uid": os.getuid(),
    }


def _peak_bytes() -> int:
    # Not `ru_maxrss`, in which the process counts that this one was forked from.
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def main() -> None:
    """Do the jobs that standard input names."""
    asked = json.load(sys.stdin)
    isolation = find_isolation(Settings(home=Path(os.environ["SENSORIUM_HOME"]), offline=True))
    if isolation.name != "bubblewrap" or not isolation.works:
        print(json.dumps({"refused": f"{isolation.name}: {isolation.why}"}))
        return
    warm = Attack({"limits": {}, "steps": []}, asked["namespaces"])
    warm.run()
    before = own_state()
    attacks = {job["name"]: Attack(job, asked["namespaces"]) for job in asked["jobs"]}
    with ThreadPoolExecutor(asked["parallel"]) as pool:
        running = {name: pool.submit(attack.run) for name, attack in attacks.items()}
        jobs: dict[str, Any] = {}
        for name, one in running.items():
            try:
                jobs[name] = one.result()
            except Exception as error:
                jobs[name] = [*attacks[name].told, {"failed": f"{type(error).__name__}: {error}"}]
    print(json.dumps({"jobs": jobs, "host": {"before": before, "after": own_state()}}))


if __name__ == "__main__":
    main()
