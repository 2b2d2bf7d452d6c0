"""Call tools one by one, through the same door as everything else.

python examples/one_tool.py talk.mp4
"""

import asyncio
import sys

from sensorium.tools import Run, call
from sensorium.tools.base.settings import Settings


async def main(media: str) -> None:
    run = Run.open(Settings.read())
    facts = await call("probe_media", {"media": media}, run)
    print(f"{facts.kind}, {facts.seconds:.1f} s")
    scenes = await call("find_scenes", {"media": media}, run)
    for moment in scenes.moments:
        if moment.kind == "cut":
            print(f"a cut at {moment.start_seconds:.2f} s")
    frames = await call("extract_frames", {"media": media, "count": 4}, run)
    for moment in frames.moments:
        if moment.artifact:
            print(f"the frame at {moment.start_seconds:.2f} s is {run.path(moment.artifact)}")


asyncio.run(main(sys.argv[1]))
