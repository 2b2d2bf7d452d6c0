"""Make a narrated film out of a text: slides, voice, captions and music, without any key.

python examples/explainer.py notes.md film/
"""

import asyncio
import sys
from pathlib import Path

from sensorium import Assistant
from sensorium.agent.recipes import HOUSE


async def main(text: Path, folder: Path) -> None:
    with Assistant() as assistant:
        # Parameters are set by name; `sensorium make` lists what each recipe takes.
        values = {"aspect": "9:16", "theme": "sea", "height_pixels": "640"}
        answer = await assistant.run("", [text], recipe=HOUSE / "explainer.toml", values=values)
        delivered = assistant.save(answer, folder)
        print(f"{answer.status}: {', '.join(one.name for one in delivered.files)}")


asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
