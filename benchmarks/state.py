"""Checkpoint size of a run over 200 frames.

python benchmarks/state.py
"""

import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage
from videos import numbered

from sensorium.agent.assistant import Assistant
from sensorium.tools.base.settings import Settings

PLAN = {
    "goal": "Look at 200 frames",
    "steps": [
        {"id": "frames", "tool": "extract_frames", "args": {"media": "$files[0]", "count": 200}},
        {"id": "facts", "tool": "image_facts", "for_each": "$frames.items", "args": {"media": "$item.picture"}},
    ],
}


class Scripted(FakeMessagesListChatModel):
    """A brain that answers with the messages it was given."""

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> "Scripted":
        return self


async def main() -> None:
    call = {"name": "make_plan", "args": PLAN, "id": "call-1"}
    brain = Scripted(responses=[AIMessage("", tool_calls=[call]), AIMessage("Done.")])
    with tempfile.TemporaryDirectory() as folder:
        video = numbered(10)
        with Assistant(Settings(home=Path(folder) / "home", offline=True), brain=brain) as assistant:
            answer = await assistant.run("Look at 200 frames", [video])
        with sqlite3.connect(Path(folder) / "home" / "checkpoints.db") as db:
            db.execute("VACUUM")
        size = (Path(folder) / "home" / "checkpoints.db").stat().st_size
    done = [step for step in answer.steps if step["status"] == "done"]
    if len(done) != 2:
        sys.exit(f"the run did not do what is measured: {answer.steps}")
    print("| what | figure |")
    print("|---|---|")
    print(f"| checkpoints of a run over 200 frames | {size / 1000:.0f} kB |")


asyncio.run(main())
