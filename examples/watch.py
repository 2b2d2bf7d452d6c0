"""Watch a run: each event as it happens.

python examples/watch.py talk.mp4
"""

import asyncio
import sys

from sensorium import Assistant
from sensorium.agent.events import RunFinished, StepEnded


async def main(media: str) -> None:
    with Assistant() as assistant:
        async for event in assistant.stream("Transcribe it and list the chapters", [media]):
            if isinstance(event, StepEnded):
                print(f"{event.tool}: {event.status} after {event.seconds:.1f} s")
            elif isinstance(event, RunFinished):
                print(event.answer.text)


asyncio.run(main(sys.argv[1]))
