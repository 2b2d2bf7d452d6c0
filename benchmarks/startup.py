"""CPU time of the commands that must be quick, and which heavy packages each imports.

python benchmarks/startup.py
"""

import resource
import statistics
import subprocess
import sys
from pathlib import Path

COMMANDS = (["--help"], ["tools"], ["tools", "--json"])
HEAVY = ("langgraph", "langchain_core", "openai", "av", "cv2", "numpy", "pydantic", "asyncio", "sqlite3")
RUNS = 15
LIMIT_SECONDS = 0.15


def cpu_seconds(command: list[str]) -> float:
    """Return the CPU time of a command: the median of some runs, because other work disturbs single ones."""
    spent = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=False, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent)


def imported(arguments: list[str]) -> list[str]:
    """Return which of the heavy packages a command imports."""
    code = (
        "import sys; from contextlib import suppress; from sensorium.agent.cli import main\n"
        f"with suppress(SystemExit): main({arguments!r})\n"
        f"print(*[one for one in {HEAVY!r} if one in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return ended.stderr.split("\n")[-2].split()


def main() -> None:
    script = str(Path(sys.executable).with_name("sensorium"))
    print(f"python -c pass: {1000 * cpu_seconds([sys.executable, '-c', 'pass']):.0f} ms CPU (median of {RUNS})")
    for arguments in COMMANDS:
        seconds = cpu_seconds([script, *arguments])
        verdict = (
            f", {'within' if seconds <= LIMIT_SECONDS else 'MISSES'} {LIMIT_SECONDS} s"
            if "--json" not in arguments
            else ""
        )
        heavy = ", ".join(imported(arguments)) or "none of the heavy packages"
        print(f"sensorium {' '.join(arguments)}: {1000 * seconds:.0f} ms CPU{verdict}; imports {heavy}")


if __name__ == "__main__":
    main()
