"""What a sandbox costs, how soon it ends what will not end, and how many attacks get through.

python benchmarks/sandbox.py [--costs | --attacks]

Attacks are those of `tests/safety`, made as an ordinary user and, when started as root, as root too; they run inside
the sandbox only, and not at all where none works.
"""

import ast
import base64
import importlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from sensorium.tools.sandbox.limits import Limits
from sensorium.tools.sandbox.session import CodeSession

SUITE = Path(__file__).parent.parent / "tests" / "safety"
STARTS = 25
CALLS = 400
LIMIT_SECONDS = 1.0
MIB = 1 << 20
ENDLESS = {
    "a loop": "while True: pass",
    "sleep": "import time; time.sleep(60)",
    "a loop that catches all": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "processes without end": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "a regular expression": "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')",
    "stopping itself": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
}
HELD = ("files", "kernel", "network", "identity")
JUDGED = ("protocol", "artifacts", "exhaustion")
LIMITS = {
    "cpu_seconds": 2,
    "memory_bytes": 400 * MIB,
    "total_memory_bytes": 500 * MIB,
    "file_bytes": 8 * MIB,
    "processes": 32,
    "descriptors": 128,
    "disk_bytes": 48 * MIB,
    "disk_files": 5000,
    "output_killed_bytes": 8 * MIB,
}


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def bare() -> None:
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def cold() -> None:
    """Start a cage, make one call, end it."""
    session = CodeSession()
    assert session.execute("1").value == "1"
    session.close()


def costs() -> None:
    """Print what starting and calling costs; bare and cold starts take turns, so that both meet the same machine."""
    cold()
    turns = [(milliseconds(bare), milliseconds(cold)) for _ in range(STARTS)]
    plain, caged = (statistics.median(column) for column in zip(*turns, strict=True))
    ratio = statistics.median(cold / bare for bare, cold in turns)
    session = CodeSession()
    session.execute("import numpy as np; numbers = np.arange(1000.0)")
    small = sorted(milliseconds(lambda: session.execute("1")) for _ in range(CALLS))
    large = sorted(milliseconds(lambda: session.execute("float(numbers.sum())")) for _ in range(CALLS))
    session.close()
    print("| what | median | reach |\n|---|---|---|")
    print(f"| `python -c pass` | {plain:.0f} ms (of {STARTS}) | |")
    print(f"| cold start, call, kill | {caged:.0f} ms, {ratio:.2f} × in the same turn | ≤ 4 × |")
    print(f"| warm call | {statistics.median(small):.2f} ms, 95 % under {small[int(0.95 * CALLS)]:.2f} | ≤ 0.5 ms |")
    print(f"| warm call with numpy | {statistics.median(large):.2f} ms, 95 % under {large[int(0.95 * CALLS)]:.2f} | |")


def ends() -> None:
    """Print how long after its limit each endless call was over, everything of it gone."""
    print(f"\n| ends after its limit of {LIMIT_SECONDS:g} s (reach ≤ 1 s) | seconds late |\n|---|---|")
    for name, code in ENDLESS.items():
        session = CodeSession(limits=Limits(wall_seconds=LIMIT_SECONDS, processes=32))
        session.execute("1")
        spent = milliseconds(lambda session=session, code=code: session.execute(code)) / 1000
        assert not session.alive
        session.close()
        print(f"| {name} | {spent - LIMIT_SECONDS:.2f} |")


def attacks() -> None:
    """Print what the attacks got, for each user they can be made as."""
    sys.path.insert(0, str(SUITE))
    attacking = importlib.import_module("attacking")
    print(
        "\n| attacks as | made | escapes | survivors | host bytes that came out | forbidden dials | "
        "host files changed | latest end after a limit, s |\n|---|---|---|---|---|---|---|---|"
    )
    for user in attacking.attackers():
        with attacking.baited(LIMITS) as bait:
            try:
                told = attacking.send(user, list(jobs(attacking, bait)), bait, seconds=580)
            except attacking.Unable as error:
                print(f"| {user} | not made: {error} |")
                continue
            print(f"| {user} | {' | '.join(map(str, counted(told, attacking, bait)))} |")


def jobs(attacking: ModuleType, bait: Any) -> Any:
    for group in HELD:
        every = ", ".join(f"{name!r}: {name}" for name in attacking.probes(group))
        code = attacking.attack(group, bait.facts, f"_prelude.report({{{every}}})")
        yield {"name": group, "limits": LIMITS, "steps": [{"code": code, "seconds": 60}]}
    for group in JUDGED:
        for name in attacking.probes(group):
            code = attacking.attack(group, bait.facts, f"{name}()")
            yield {"name": f"{group} {name}", "limits": LIMITS, "steps": [{"code": code, "seconds": LIMIT_SECONDS}]}


def counted(told: dict[str, Any], attacking: ModuleType, bait: Any) -> list[object]:
    """Return the numbers of a row."""
    made, through, survivors, content, late = 0, [], 0, b"", [0.0]
    for name, steps in told["jobs"].items():
        survivors += len(steps[-1].get("survivors", "?"))
        for outcome in steps[:-1]:
            content += outcome["stdout"].encode() + b"".join(
                base64.b64decode(one["data"]) for one in outcome["artifacts"]
            )
            if name in HELD:
                verdicts = ast.literal_eval(outcome["value"])
                made += len(verdicts)
                through += [f"{probe}: {one}" for probe, found in verdicts.items() for one in found]
            else:
                made += 1
                late.append(outcome["wall_seconds"] - LIMIT_SECONDS)
    for one in through:
        print(f"through: {one}", file=sys.stderr)
    dials, changed = bait.visitors(), [*bait.changed(), *bait.droppings(), *told["host"]["after"]["scratch"]]
    secrets = content.count(bait.secret.encode()) * len(bait.secret)
    return [made, len(through), survivors, secrets, len(dials), len(changed), f"{max(late):.2f}"]


def main() -> None:
    if "--attacks" not in sys.argv:
        costs()
        ends()
    if "--costs" not in sys.argv:
        attacks()


if __name__ == "__main__":
    main()
