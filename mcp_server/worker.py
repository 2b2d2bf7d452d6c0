"""A process that makes tool calls for the server: it can be killed, and what it imports the server need not.

It is told what to do in lines of JSON on its standard input and answers in lines on its standard output:

    <- {"settings": …, "secrets": [text]}      first; the latter are to be struck from all that is said
    <- {"order": …, "job": null or id}         one call at a time
    <- {"keep": id}                            the client was told of a job: go on even when the server ends
    -> {"ask": question or null}               something must be known first; null: it is, or nobody answered
    <- {"answer": answer}
    <- {"on": true}                            after null: there is a place again, go on
    -> {"progress": [fraction or null, note]}
    -> {"done": result, "lasting": null or [handle]}   see `Given`
    -> {"taken": id}                           instead: another process has the job
"""

import asyncio
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import TypeAdapter

from ..tools.base.approvals import Approvals
from ..tools.base.call import Outcome
from ..tools.base.catalog import catalog
from ..tools.base.errors import ArgumentError, SensoriumError
from ..tools.base.journal import Journal
from ..tools.base.policy import Rule
from ..tools.base.run import Progress, Run, new_run_id
from ..tools.base.secret_logs import guard_process, logger_of
from ..tools.base.secrets import know
from ..tools.base.settings import Settings
from ..tools.base.tool import Tool
from ..tools.base.workspace import PREFIX
from .access import Access
from .asker import Asker, asking
from .belongings import Belongings
from .consent import performed
from .faces import face_of
from .job_store import JobStore, Status
from .order import Given, Order
from .questions import Answer, Question
from .scopes import missing
from .shaping import failed, shaped, unforeseen
from .worker_process import end_group

logger = logger_of(__name__)

RECORD_SECONDS = 1.0
"""How often the progress of a kept job is written down."""
NICENESS = 5
"""Work on media takes what is left, so that the server and its clients stay quick."""
LONGEST_NOTE = 200


def main() -> None:
    """Serve until the server closes its end."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    guard_process()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    orders, answers = _take_streams()
    first = json.loads(orders.readline())
    know(*first["secrets"])
    settings = TypeAdapter(Settings).validate_python(first["settings"])
    # The server has resolved and allowed what clients name: a link that stands there by now leads elsewhere.
    asyncio.run(Worker(Run.open(settings, follow_links=False), answers).serve(orders))


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return the server's ends; libraries that print or read get standard error and nothing instead."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, answers


class Worker:
    """Makes one call after another."""

    def __init__(self, base: Run, answers: BinaryIO) -> None:
        self._base = base
        self._answers = answers
        self._sending = threading.Lock()
        self._store = JobStore(base.library)
        self._belongings = Belongings(base.library)
        self._journal = Journal(base.library, base.settings.home)
        self._asker = Asker(self._say, self._store)
        self._call: asyncio.Task[None] | None = None
        self._job: str | None = None
        self._holding = ExitStack()
        self._recorded = 0.0

    async def serve(self, orders: BinaryIO) -> None:
        """Do what the lines say."""
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

        def read() -> None:
            for line in orders:
                loop.call_soon_threadsafe(lines.put_nowait, json.loads(line))
            loop.call_soon_threadsafe(lines.put_nowait, None)

        threading.Thread(target=read, daemon=True).start()
        while (line := await lines.get()) is not None:
            if "order" in line:
                self._call = asyncio.create_task(self._answer(Order.of(line["order"]), line["job"]))
            elif self._call and not self._call.done():
                self._hear(line)
        self._asker.go_alone()
        if self._call and self._job:
            await self._call
        elif self._call and not self._call.done():
            end_group(os.getpid())  # with what the tool started: nobody waits for it
        # Threads that look at nothing any more must not hold the process.
        os._exit(0)

    def _hear(self, line: Mapping[str, Any]) -> None:
        if "keep" in line:
            self._keep(line["keep"])
        elif "answer" in line:
            self._asker.hear(Answer.of(line["answer"]))
        else:
            self._asker.let_on()

    def _keep(self, job: str) -> bool:
        """Hold a job: whoever finds it unfinished and not held knows that it was interrupted.

        Returns:
            Whether it is to be done: not when another process holds it, or when it has ended.
        """
        if self._job is not None:
            return True
        try:
            self._holding.enter_context(self._journal.lease(f"job-{job}"))
        except ArgumentError:
            return False
        if not self._store.begun(job, os.getpid()):
            self._holding.close()
            return False
        self._job = job
        self._asker.keep(job)
        return True

    async def _answer(self, order: Order, job: str | None) -> None:
        try:
            if job and not self._keep(job):
                self._say({"taken": job})
                return
        except SensoriumError as error:
            self._say_given(Given(result=failed(str(error))))
            return
        given = await self._given(order)
        try:
            if self._job:
                status: Status = "failed" if given.result.get("isError") else "done"
                await asyncio.to_thread(self._store.ended, self._job, status, given.result)
        finally:  # the server writes it down too, and a client waits
            ended, self._job = self._job, None
            self._asker.keep(None)
            self._holding.close()
            self._say_given(given)
            if ended:
                self._journal.forget(f"job-{ended}")

    async def _given(self, order: Order) -> Given:
        approvals = None if order.approved else Approvals()
        run = replace(
            self._base.begin(new_run_id()),
            on_progress=self._progressed,
            approvals=approvals,
            session=order.session or "",
            session_lost=order.session_lost,
        )
        if not order.runs_code:
            run = replace(run, settings=_without_code(run.settings))

        is_free = True  # of questions

        async def ask(question: Question) -> Answer:
            nonlocal is_free
            is_free = False
            return await self._asker.ask(replace(question, message=_told(question.message, order, run)))

        asking.set(ask)
        try:
            tool = order.load()
            arguments = await asyncio.to_thread(_opened, tool, order, run)
            outcome = await performed(tool, arguments, run, ask)
            if outcome.cached and not outcome.artifacts:  # nothing to lay out or to draw: another thread costs more
                given = self._handed_over(outcome, tool, arguments, order, run)
            else:
                given = await asyncio.to_thread(self._handed_over, outcome, tool, arguments, order, run)
            return given if is_free else replace(given, lasting=None)
        except SensoriumError as error:
            return Given(result=failed(_told(str(error), order, run)))
        except (Exception, asyncio.CancelledError):
            # Nobody cancels here, the whole process is ended: a tool says so of itself.
            logger.exception("`%s` raised what it should not", order.tool)
            return Given(result=failed(unforeseen(order.tool)))

    def _handed_over(self, outcome: Outcome, tool: Tool, arguments: Mapping[str, Any], order: Order, run: Run) -> Given:
        """Return a call's result in shape, after what it names was made its owner's."""
        things = _things(outcome, tool, arguments)
        if not (outcome.cached and self._belongings.has_all(order.owner, things)):
            self._belongings.give(order.owner, things)
        result = shaped(outcome, order, face_of(tool), run)
        return Given(result=result, lasting=things if _lasts(outcome, order) else None)

    def _progressed(self, progress: Progress) -> None:
        note = " ".join(progress.note.split())[:LONGEST_NOTE]
        self._say({"progress": [progress.fraction, note]})
        if self._job and time.monotonic() - self._recorded >= RECORD_SECONDS:
            self._recorded = time.monotonic()
            self._store.progressed(self._job, progress.fraction, note)

    def _say_given(self, given: Given) -> None:
        self._say({"done": given.result, "lasting": given.lasting})

    def _say(self, line: Mapping[str, Any]) -> None:
        content = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            with self._sending:
                self._answers.write(content)
                self._answers.flush()
        except (OSError, ValueError):
            pass  # the server is gone; a kept job goes on and is read from the library


def _without_code(settings: Settings) -> Settings:
    """Return settings under which nothing that runs code may be called, whatever else they say."""
    reason = missing("code:run")
    denied = [one.name for one in catalog().values() if one.effect == "runs_code"]
    rules = [Rule(tool=name, decision="deny", reason=reason) for name in denied]
    return replace(settings, policy=replace(settings.policy, rules=(*rules, *settings.policy.rules)))


def _told(error: str, order: Order, run: Run) -> str:
    """Return an error as the client may read it: one on another machine learns no path of this one."""
    if order.output is None:
        for folder in (*order.folders, run.settings.home):
            error = error.replace(f"{folder}{os.sep}", "")
    return error


def _opened(tool: Tool, order: Order, run: Run) -> dict[str, Any]:
    """Return the arguments with handles for paths, refusing a file that is no longer where it was allowed."""
    access = Access(tuple(map(Path, order.folders)), is_told=order.output is not None)
    arguments = dict(order.arguments)
    for argument in tool.media_arguments:
        if (value := arguments.get(argument.name)) is not None:
            opened = [_adopted(one, access, run) for one in (value if argument.many else [value])]
            arguments[argument.name] = opened if argument.many else opened[0]
    return arguments


def _adopted(named: Any, access: Access, run: Run) -> Any:
    if not isinstance(named, str) or named.startswith(PREFIX):
        return named
    artifact = run.workspace.adopt(Path(named))
    # The server allowed the path a moment ago; what it led to when it was opened is what counts.
    location = run.path(artifact.handle)
    if not location.is_relative_to(run.settings.home):
        access.check(location)
    return artifact.handle


def _lasts(outcome: Outcome, order: Order) -> bool:
    """Return whether the same call may be given the same again without asking the door, which took it from its memory.

    Copies that are laid out for a client are looked after by each call, and a part of a file may be whole next time.
    """
    has_copies = order.output is not None and bool(outcome.artifacts)
    return outcome.cached and not has_copies and not getattr(outcome.result, "partial", False)


def _things(outcome: Outcome, tool: Tool, arguments: Mapping[str, Any]) -> list[str]:
    """Return what the client may name from now on: handles of what it gave and got, and `run:ID`."""
    given = [arguments.get(one.name) for one in tool.media_arguments]
    handles = [one for value in given for one in (value if isinstance(value, list) else [value]) if one]
    run = getattr(outcome.result, "run_id", None)
    made = [one.handle for one in outcome.artifacts]
    return [*dict.fromkeys([*handles, *made]), *([f"run:{run}"] if isinstance(run, str) else [])]


if __name__ == "__main__":
    main()
