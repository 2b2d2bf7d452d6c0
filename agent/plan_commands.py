"""`sensorium plan`: the plan for a request, or a check of a plan that another program made."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from ..tools.base.errors import ArgumentError
from ..tools.base.settings import Settings
from .answer import Planned
from .lint import errors, mend
from .plan_text import show_planned


def plan(chosen: argparse.Namespace) -> int:
    """Show the plan for a request, or check one."""
    if chosen.check is None:
        from .commands import plan as plan_request

        return plan_request(chosen)
    settings = Settings.read(local_only=chosen.local_only)
    given = _plan(chosen.check)
    facts = asyncio.run(_facts(chosen.files, settings)) if chosen.files else None
    if chosen.catalog:
        catalog = _catalog(chosen.catalog)
        mended = mend(given, catalog, facts=facts, bold=chosen.bold)
        planned = Planned(plan=mended.plan, text="", findings=mended.findings, repairs=mended.repairs)
    else:
        planned = _check_own(given, facts, settings, bold=chosen.bold)
    show_planned(planned, as_json=chosen.json)
    return 1 if errors([*planned.findings, *planned.repairs]) else 0


def _check_own(given: Any, facts: list[dict[str, Any]] | None, settings: Settings, *, bold: bool) -> Planned:
    from ..tools.base.catalog import catalog
    from ..tools.servers.offering import remote_tools
    from .quote import quote_plan

    tools = {**catalog(), **remote_tools(settings)}
    mended = mend(given, tools, facts=facts, bold=bold)
    quote = None
    if mended.plan and not errors(mended.findings):
        quote = quote_plan(mended.plan, tools, settings, facts or ())
    return Planned(plan=mended.plan, text="", findings=mended.findings, repairs=mended.repairs, quote=quote)


def _plan(path: Path) -> Any:
    """Return the plan of a file as data; what is no JSON is read as models write it."""
    text = _read(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


async def _facts(files: list[Path], settings: Settings) -> list[dict[str, Any]]:
    from ..tools.base.run import Run
    from .ingest import ingest_files

    run = Run.open(settings)
    try:
        return await ingest_files([str(one) for one in files], run)
    finally:
        run.library.close()


def _catalog(path: Path) -> Any:
    try:
        found = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"The catalog {str(path)!r} is not JSON: {error}.") from error
    if not found or not isinstance(found, list | dict):
        raise ArgumentError(
            f"The catalog {str(path)!r} holds no tools. Give a list of `{{name, inputs, outputs}}`, or an object of "
            "name -> tool."
        )
    return found


def _read(path: Path) -> str:
    """Return the text of a file, or of standard input for `-`."""
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{str(path)!r} is no text: {error.reason} at byte {error.start}.") from error
    except OSError as error:
        raise ArgumentError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
