"""`sensorium run`, `resume`, `runs` and `plan`."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..tools.base.errors import ArgumentError, SensoriumError
from ..tools.base.settings import Settings
from ..tools.servers.link import leaving
from .answer import Answer, Options, Planned
from .approval import Approve, Decisions
from .approver import open_approver
from .assistant import Assistant
from .deliver import Delivered, prepare
from .events import AguiWriter, Event, RunFailed, RunFinished, RunStarted
from .plan_text import show_planned
from .printing import ClosedPipe, fit, say, say_json, tell
from .terminal import View, watching
from .tool_commands import columns, read_arguments

Start = Callable[[Callable[[Event], None], Approve | None], Coroutine[Any, Any, Answer]]
"""Starts a run, given who hears its events and who answers what it asks."""

EXIT_CODES = {"done": 0, "failed": 1, "partial": 5, "waiting": 5, "cancelled": 130}


def run(chosen: argparse.Namespace) -> int:
    """Answer a request about some files."""
    if chosen.output and not chosen.plan_only:
        prepare(chosen.output)
    output = str(chosen.output.absolute()) if chosen.output else None
    options = Options(max_steps=chosen.max_steps, budget_usd=chosen.budget_usd, yes=chosen.yes, output=output)
    if chosen.plan_only:
        return _plan(chosen, options)
    with Assistant(Settings.read(local_only=chosen.local_only)) as assistant:
        return answer(
            assistant,
            lambda on_event, approve: assistant.run(
                chosen.request,
                chosen.files,
                thread=chosen.thread,
                recipe=chosen.recipe,
                options=options,
                on_event=on_event,
                approve=approve,
            ),
            as_json=chosen.json,
        )


def resume(chosen: argparse.Namespace) -> int:
    """Go on with an interrupted run, or with one that waits for an approval."""
    given = None
    if chosen.decisions is not None:
        given = read_arguments(chosen.decisions, name="--decisions", example='{"decisions": [{"type": "approve"}]}')
    with Assistant(Settings.read(local_only=chosen.local_only)) as assistant:
        row = assistant.journal.get(chosen.run_id)
        if given is not None and row.status != "waiting":
            raise ArgumentError(
                f"The run {row.run} is {row.status} and waits for no decision. To go on, leave out `--decisions`."
            )
        return answer(
            assistant,
            lambda on_event, approve: assistant.resume(
                chosen.run_id, budget_usd=chosen.budget_usd, yes=chosen.yes, on_event=on_event, approve=approve
            ),
            as_json=chosen.json,
            folder=chosen.output,
            given=given,
        )


def plan(chosen: argparse.Namespace) -> int:
    """Show the plan for a request."""
    return _plan(chosen, Options())


def _plan(chosen: argparse.Namespace, options: Options) -> int:
    with Assistant(Settings.read(local_only=chosen.local_only)) as assistant:
        thread = getattr(chosen, "thread", None)  # `plan` has no conversation to go on with
        if getattr(chosen, "recipe", None):
            planned = planned_by(chosen.recipe, chosen.files, {}, assistant, options)
        else:
            planned = asyncio.run(leaving(assistant.plan(chosen.request, chosen.files, thread=thread, options=options)))
    return show_planned(planned, as_json=chosen.json)


def planned_by(
    recipe: Path, files: Sequence[str | Path], values: Mapping[str, str], assistant: Assistant, options: Options
) -> Planned:
    """Return the plan of a recipe for some files and values, with its price, and whether the budget pays for it."""
    from ..tools.base.run import new_run_id
    from .quote import beyond_budget, quote_plan

    fitted, settings = asyncio.run(assistant.fit(recipe, files, values)), assistant.settings
    quote = quote_plan(fitted.plan, assistant.tools, settings, fitted.facts)
    budget = assistant.runner.begin(new_run_id(), options).budget
    return Planned(
        plan=fitted.plan, text="", quote=quote, findings=beyond_budget(quote, budget, degrade=settings.degrade)
    )


def runs(chosen: argparse.Namespace) -> int:
    """List the latest runs."""
    with Assistant(Settings.read()) as assistant:
        rows = assistant.runs()
    if chosen.json:
        shown = [
            {"run_id": one.run, "request": one.request, "files": one.files, "status": one.status,
             "created": one.created, "seconds": one.seconds}
            for one in rows
        ]  # fmt: skip
        say_json(shown, indent=1)
        return 0
    if not rows:
        tell("There is no run yet. Start one with `sensorium run`.")
    room = max(20, columns() - 39) if sys.stdout.isatty() else 80
    for one in rows:
        when = time.strftime("%m-%d %H:%M", time.localtime(one.created))
        say(f"{one.run[:12]:<13}{when:<13}{one.status:<13}{fit(one.request, room)}")
    return 0


def answer(
    assistant: Assistant, start: Start, *, as_json: bool, folder: Path | None = None, given: Decisions | None = None
) -> int:
    """Run to the answer, show how it goes, hand over what was made, and return the exit code.

    Args:
        assistant: Who runs.
        start: Starts the run.
        as_json: Print events instead of the answer.
        folder: Where the files go; where the run was told to put them, when left out.
        given: The answer to what the run asks first.
    """
    with watching() as view:
        listener = Listener(view, as_json=as_json, approve=open_approver(view, as_json=as_json, given=given))
        try:
            told = asyncio.run(leaving(listener.listen(start)))
        except KeyboardInterrupt:
            view.close()
            tell(f"Stopped. To go on: sensorium resume {listener.run_id or 'last'}")
            return 130
        except asyncio.CancelledError:
            raise ClosedPipe from None  # nobody reads the events any more
        except SensoriumError as error:
            if as_json and not listener.ended:
                listener.heard(RunFailed(message=str(error), code=type(error).__name__))
            raise
    row = assistant.show(told.run_id).row
    folder = folder or (Path(row.options["output"]) if row.options.get("output") else None)
    try:
        delivered = assistant.save(told, folder) if folder else None
    finally:  # the answer is not lost with its files
        if not as_json:
            say(told.text)
    _say_files(told, delivered)
    return exit_code_of(told)


class Listener:
    """Shows the events of a run, and prints them where that is asked for."""

    def __init__(self, view: View, *, as_json: bool, approve: Approve | None) -> None:
        self._view = view
        self._approve = approve
        self._writer = AguiWriter() if as_json else None
        self._task: asyncio.Task[Any] | None = None
        self.run_id = ""
        self.ended = False

    async def listen(self, start: Start) -> Answer:
        self._task = asyncio.current_task()
        try:
            return await start(self.heard, self._approve)
        except asyncio.CancelledError:
            # Threads are asked to stop, which may take a moment; who presses Ctrl-C again does not want to wait.
            signal.signal(signal.SIGINT, lambda *_: os._exit(130))
            raise

    def heard(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.run_id = event.run_id
        self.ended = isinstance(event, RunFinished | RunFailed)
        self._view.show(event)
        if self._writer:
            try:
                for line in self._writer.lines(event):
                    say_json(line)
            except ClosedPipe:
                self._writer = None
                if self._task:
                    self._task.cancel()


def _say_files(given: Answer, delivered: Delivered | None) -> None:
    """Say on standard error where the files are, or how to get them."""
    if delivered:
        for note in delivered.notes:
            tell(note)
        tell(f"{delivered.folder}: {', '.join(one.name for one in delivered.files) or 'nothing was made'}")
    elif given.artifacts:
        names = ", ".join(dict.fromkeys(one.name for one in given.artifacts))
        tell(fit(f"Add `-o DIR` to get the files: {names}", 200))


def exit_code_of(given: Answer) -> int:
    """Return 0, 1, 5 or 130 as the run ended; 3 or 4 when all that failed is for want of a setting or a provider."""
    errors = {step["error"]["type"] for step in given.steps if step["status"] == "failed" and step["error"]}
    if given.status == "failed" and errors:
        wanting, down = {"UnavailableError", "SettingsError", "LocalOnlyError"}, {"TransientError", "ProviderError"}
        for code, kinds in ((3, wanting), (4, down)):
            if errors <= kinds:
                return code
    return EXIT_CODES[given.status]
