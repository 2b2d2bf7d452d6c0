"""`sensorium tools` and `sensorium tool NAME ARGS`."""

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tools.base.errors import ArgumentError, ProviderError, SensoriumError, SettingsError
from ..tools.base.home import names_servers
from ..tools.base.listing import Listed, listing
from .printing import pad, say, say_json, tell

if TYPE_CHECKING:
    from ..tools.base.budget import Spent
    from ..tools.base.call import Outcome
    from ..tools.base.run import Run
    from ..tools.base.settings import Settings
    from ..tools.base.tool import Tool

NARROW_COLUMNS = 60
"""How wide a list is where nobody says how wide the terminal is."""


def tools(chosen: argparse.Namespace) -> int:
    """List the tools."""
    remote = _Remote() if names_servers() else None
    if chosen.json:
        from ..tools.base.catalog import catalog

        say_json([describe(one) for one in (*catalog().values(), *(remote.tools if remote else ()))], indent=1)
        return 0
    listed = [*listing(), *(remote.listed if remote else ())]
    names = max(len(one.name) for one in listing()) + 2
    width = columns()
    for one in listed:
        first, *more = textwrap.wrap(one.sentence, width - names)
        # Those of servers may be longer than any of ours.
        begun = pad(one.name, names) if len(one.name) < names else f"{one.name}\n{' ' * names}"
        say("\n".join([begun + first, *(" " * names + line for line in more)]))
    for line in remote.not_offered if remote else ():
        tell(line)
    return 0


class _Remote:
    """The tools of other MCP servers, as a list shows them; servers whose tools are not known are asked."""

    def __init__(self) -> None:
        from ..tools.base.settings import Settings
        from ..tools.servers import showing
        from ..tools.servers.offering import remote_tools

        settings = Settings.read()
        showing.asked(settings)
        self.tools = list(remote_tools(settings).values())
        self.listed = [Listed(one.name, showing.sentence(one)) for one in self.tools]
        self.not_offered = list(showing.not_offered(settings))


def columns(most: int = 100) -> int:
    """Return how many columns a list may have."""
    try:
        return min(max(os.get_terminal_size(sys.stdout.fileno()).columns, NARROW_COLUMNS), most)
    except (OSError, ValueError):
        return NARROW_COLUMNS


def describe(tool: Any) -> dict[str, Any]:
    """Return what a client must know of a tool, as JSON data."""
    return {
        "name": tool.name,
        "summary": tool.summary,
        "description": tool.description,
        "effect": tool.effect,
        "cost": tool.cost,
        "resource": tool.resource,
        "roles": list(tool.roles),
        "version": tool.version,
        "input_schema": tool.input_schema,
        "output_schema": tool.output_schema,
    }


def tool(chosen: argparse.Namespace) -> int:
    """Call one tool through the door."""
    from ..tools.base.catalog import SEPARATOR, find_tool

    try:
        found = _find_remote(chosen) if SEPARATOR in chosen.name else find_tool(chosen.name)
        if chosen.args is None:
            from ..tools.base.document import section

            say("\n".join(section(found)))
            return 0
        example = json.dumps(dict.fromkeys(found.input_schema.get("required", []), "…"), ensure_ascii=False)
        outcome = _call(chosen, read_arguments(chosen.args, example=example))
    except SensoriumError as error:
        if not chosen.json:
            raise
        say_json({"ok": False, "error": {"type": type(error).__name__, "message": str(error)}})
        return 3 if isinstance(error, SettingsError) else 4 if isinstance(error, ProviderError) else 1
    if chosen.json:
        say_json(
            {
                "ok": True,
                "result": outcome.result.model_dump(mode="json"),
                "artifacts": [one.model_dump(mode="json") for one in outcome.artifacts],
                "cached": outcome.cached,
                "cost_usd": outcome.cost_usd,
                "seconds": round(outcome.seconds, 3),
            }
        )
    else:
        say_json(outcome.result.model_dump(mode="json", exclude_none=True), indent=1)
    return 0


def _find_remote(chosen: argparse.Namespace) -> "Tool":
    """Return a tool of another MCP server; it is asked for its tools where these are not known."""
    from ..tools.base.catalog import find_tool
    from ..tools.base.settings import Settings
    from ..tools.servers.showing import asked

    settings = Settings.read(local_only=chosen.local_only)
    asked(settings, chosen.name)
    return find_tool(chosen.name, settings)


def read_arguments(text: str, *, name: str = "ARGS", example: str = '{"media": "talk.mp4"}') -> Mapping[str, Any]:
    """Return the JSON object that `{…}`, `@file` or `-` stands for.

    Args:
        text: What was given.
        name: What that is called on the command line.
        example: What could be given, for messages.

    Raises:
        ArgumentError: They cannot be read, or are no JSON object.
    """
    where = {"-": "Standard input", "@": repr(text[1:])}.get(text[:1], name)
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{where} cannot be read: {error}.") from error
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"{where} is not JSON: {error}. Write for example '{example}'.") from error
    if not isinstance(arguments, dict):
        raise ArgumentError(f"{where} must be a JSON object, for example '{example}'.")
    return arguments


def _call(chosen: argparse.Namespace, arguments: Mapping[str, Any]) -> "Outcome":
    import asyncio

    from ..tools.base.run import Run
    from ..tools.base.settings import Settings
    from ..tools.servers.link import leaving
    from .deliver import deliver, prepare
    from .sent_text import sent_lines

    if chosen.output:
        prepare(chosen.output)
    run = Run.open(Settings.read(local_only=chosen.local_only))
    try:
        try:
            outcome = asyncio.run(leaving(_perform(chosen.name, arguments, run)))
        finally:  # what failed may have sent something all the same
            for line in sent_lines(run.egress.rows(), columns() - len("sent")):
                tell(f"sent{line}")
        if chosen.output:
            sources = _sources(chosen.name, arguments, run.settings)
            delivered = deliver(outcome.artifacts, run.workspace, sources, chosen.output)
            for note in delivered.notes:
                tell(note)
            tell(f"{delivered.folder}: {', '.join(one.name for one in delivered.files) or 'no files were made'}")
        return outcome
    finally:
        run.library.close()


def _sources(name: str, arguments: Mapping[str, Any], settings: "Settings") -> list[Path]:
    """Return the user's files among the arguments of a call."""
    from ..tools.base.catalog import find_tool
    from ..tools.base.workspace import at_home

    return [at_home(Path(one)) for one in find_tool(name, settings).files_in(arguments) if one]


async def _perform(name: str, arguments: Mapping[str, Any], run: "Run") -> "Outcome":
    """Call the tool and show on standard error how far it is."""
    from dataclasses import replace

    from ..tools.base.call import perform
    from ..tools.base.run import Progress
    from .events import Spending, StepEnded, StepProgress, StepStarted
    from .terminal import watching

    def progressed(progress: Progress) -> None:
        view.show(StepProgress(call_id="", step=name, tool=name, fraction=progress.fraction, note=progress.note))

    def spent(so_far: "Spent") -> None:
        view.show(Spending(spent=so_far, cap_usd=run.budget.caps.usd))

    with watching() as view:
        view.show(StepStarted(call_id="", step=name, tool=name))
        watched = run.begin(run.id, on_spent=spent)
        outcome = await perform(name, arguments, replace(watched, on_progress=progressed))
        view.show(
            StepEnded(call_id="", step=name, tool=name, status="done", seconds=outcome.seconds, cached=outcome.cached)
        )
        return outcome
