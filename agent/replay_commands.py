"""`sensorium replay`."""

import argparse
import asyncio

from ..tools.base.settings import Settings
from .assistant import Assistant
from .printing import say, say_json


def replay(chosen: argparse.Namespace) -> int:
    """Run a run again from its record, and say whether it went the same way."""
    with Assistant(Settings.read()) as assistant:
        replayed = asyncio.run(assistant.replay(chosen.run_id))
    if chosen.json:
        say_json(replayed.plain(), indent=1)
    elif replayed.same:
        answers = f"{replayed.answers} answers of the model, " if replayed.answers else ""
        say(f"same: {answers}{replayed.steps} calls and the answer are as they were")
    else:
        say(f"different: {replayed.differences[0]}")
        if more := len(replayed.differences) - 1:
            say(f"and {more} more, which may only follow from it: `--json` has all")
    return 0 if replayed.same else 1
