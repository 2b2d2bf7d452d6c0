"""Say ten seconds of English with the embedded voice, all in: through the door, with credentials, stored.

python benchmarks/speech.py

The tool is warm: one other text was said before in the same process. Each text is said once, since asked again it is
free.
"""

import asyncio
import statistics
import time
from dataclasses import replace
from typing import Any

from apart import a_run

from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run

TIMES = 15
SENTENCE = (
    "Take {number} of this: the pendulum swings from one side to the other, and each time it comes back a little "
    "lower than before, because the air and the string take some of its energy away."
)


def main() -> None:
    run = a_run()
    bare = replace(run, settings=replace(run.settings, credentials=replace(run.settings.credentials, enabled=False)))
    print(f"10 s of English by espeak-ng; medians of {TIMES}, warm\n")
    print("| what | ms | seconds of sound |")
    print("|---|---|---|")
    first = 0
    for name, one in (("`speak`, all in (reach 60)", run), ("without credentials in the file", bare)):
        taken, seconds = asyncio.run(timed(one, first))
        first += TIMES + 1
        print(f"| {name} | {statistics.median(taken) * 1000:.0f} | {statistics.median(seconds):.1f} |")
    asyncio.run(_said(run, 0))
    started = time.perf_counter()
    asyncio.run(_said(run, 0))
    print(f"| asked again | {(time.perf_counter() - started) * 1000:.1f} | |")


async def timed(run: Run, first: int) -> tuple[list[float], list[float]]:
    await _said(run, first)
    taken, seconds = [], []
    for number in range(first + 1, first + 1 + TIMES):
        started = time.perf_counter()
        made = await _said(run, number)
        taken.append(time.perf_counter() - started)
        seconds.append(made.seconds)
    return taken, seconds


async def _said(run: Run, number: int) -> Any:
    return await call("speak", {"text": SENTENCE.format(number=number)}, run)


if __name__ == "__main__":
    main()
