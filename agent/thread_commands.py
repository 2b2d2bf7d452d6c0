"""`sensorium threads` and `sensorium facts`."""

import argparse
import asyncio
import time

from ..tools.base.errors import ArgumentError
from ..tools.base.settings import Settings
from ..tools.base.threads import Thread
from .assistant import Assistant
from .printing import fit, say, say_json, tell
from .tool_commands import columns


def threads(chosen: argparse.Namespace) -> int:
    """List the conversations, name one, or delete it."""
    action, *rest = chosen.words or ["list"]
    with Assistant(Settings.read()) as assistant:
        match action, rest:
            case "list", []:
                _list(assistant, as_json=chosen.json)
            case "rename", [id, *title] if " ".join(title).strip():
                known = assistant.threads.get(id)
                assistant.threads.rename(known.id, " ".join(title))
                tell(f"{known.id[:12]} is now called: {assistant.threads.get(known.id).title}")
            case "delete", [id]:
                gone = asyncio.run(assistant.delete_thread(id))
                tell(f"Deleted {gone.id[:12]} with its {_turns(gone)}. Files that were made are kept.")
            case _:
                raise ArgumentError("Write `sensorium threads`, `threads rename ID TITLE` or `threads delete ID`.")
    return 0


def _list(assistant: Assistant, *, as_json: bool) -> None:
    known = assistant.threads.latest()
    if as_json:
        shown = [
            {"thread": one.id, "title": one.title, "runs": one.runs, "created": one.created, "changed": one.changed}
            for one in known
        ]
        say_json(shown, indent=1)
    elif not known:
        tell("There is no conversation yet. Start one with `sensorium chat` or `sensorium run`.")
    else:
        for one in known:
            when = time.strftime("%m-%d %H:%M", time.localtime(one.changed))
            say(f"{one.id[:12]:<13}{when:<13}{_turns(one):<10}{fit(one.title, max(20, columns() - 37))}")


def _turns(thread: Thread) -> str:
    return f"{len(thread.turns)} turn{'s' * (len(thread.turns) != 1)}"


def facts(chosen: argparse.Namespace) -> int:
    """List what the user asked to be remembered, add to it, or delete it."""
    action, *rest = chosen.words or ["list"]
    with Assistant(Settings.read()) as assistant:
        match action, rest:
            case "list", []:
                known = assistant.facts.all()
            case "add", [_, *_] if " ".join(rest).strip():
                assistant.facts.add(" ".join(rest))
                known = assistant.facts.all()
            case "delete", [number] if number.isdecimal():
                tell(f"Forgotten: {assistant.facts.delete(int(number))}")
                known = assistant.facts.all()
            case _:
                raise ArgumentError("Write `sensorium facts`, `facts add TEXT` or `facts delete N`.")
    if chosen.json:
        say_json([{"number": number, "text": text} for number, text in known.items()], indent=1)
        return 0
    if not known:
        tell('Nothing is remembered of you. Add something: sensorium facts add "I prefer short answers"')
    for number, text in known.items():
        say(f"{number:>3}  {text}")
    return 0
