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
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any, BinaryIO

from pydantic import TypeAdapter

from ..tools.base.approvals import Approvals
from ..tools.base.errors import ArgumentError, SensoriumError, StorageError
from ..tools.base.journal import Journal
from ..tools.base.run import Progress, Run, new_run_id
from ..tools.base.secret_logs import guard_process
from ..tools.base.secrets import know
from ..tools.base.settings import Settings
from .asker import Asker
from .belongings import Belongings
from .doing import done
from .failures import failed
from .job import end_of
from .job_store import JobStore
from .order import Given, Order
from .questions import Answer
from .worker_process import end_group, whole_lines

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
            for line in whole_lines(orders):
                loop.call_soon_threadsafe(lines.put_nowait, line)
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
                await asyncio.to_thread(self._store.ended, self._job, end_of(given.result), given.result)
        finally:  # the server writes it down too, and a client waits
            ended, self._job = self._job, None
            self._asker.keep(None)
            self._holding.close()
            self._say_given(given)
            if ended:
                self._journal.forget(f"job-{ended}")

    async def _given(self, order: Order) -> Given:
        run = replace(
            self._base.begin(order.run or new_run_id()),
            on_progress=self._progressed,
            approvals=None if order.approved else Approvals(),
            session=order.session or "",
            session_lost=order.session_lost,
        )
        return await done(order, run, self._belongings, self._asker.ask)

    def _progressed(self, progress: Progress) -> None:
        note = " ".join(progress.note.split())[:LONGEST_NOTE]
        self._say({"progress": [progress.fraction, note]})
        if self._job and time.monotonic() - self._recorded >= RECORD_SECONDS:
            self._recorded = time.monotonic()
            with suppress(StorageError):  # a full disk is told of by what cannot do without it
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


if __name__ == "__main__":
    main()
