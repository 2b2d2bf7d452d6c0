"""Report on every video of a folder; stopped and started again, it goes on with what is left.

python examples/folder.py videos/ reports/
"""

import asyncio
import sys
from pathlib import Path

from sensorium import Assistant


async def main(videos: list[Path], reports: Path) -> None:
    with Assistant() as assistant:
        for video in videos:
            # What was done before is remembered, so asking again for a finished video costs almost nothing.
            answer = await assistant.run("Analyze this video and write a report", [video])
            print(f"{video.name}: {answer.status}, {answer.seconds:.1f} s")
            assistant.save(answer, reports / video.stem)


asyncio.run(main(sorted(Path(sys.argv[1]).glob("*.mp4")), Path(sys.argv[2])))
