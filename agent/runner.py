"""One run from its request to its answer: its lease, its graph, its checkpoints, and how it ended."""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from ..tools.base.budget import Spent
from ..tools.base.catalog import offered
from ..tools.base.errors import SensoriumError, StorageError
from ..tools.base.journal import Journal, RunRow
from ..tools.base.labels import trusted
from ..tools.base.library import cannot_write
from ..tools.base.run import Run
from ..tools.base.secret_logs import logger_of
from ..tools.base.secrets import redact_told
from ..tools.base.settings import Settings
from ..tools.base.threads import Threads
from ..tools.base.tool import Tool
from ..tools.base.user_facts import UserFacts
from .act import Executor
from .answer import Answer, Options, Status, answer_of, told_answer
from .approval import Approve, Ask, DecisionError, Request, decide, waiting_text
from .events import ApprovalAsked, Event, RunFailed, RunFinished, RunStarted, Spending, TextDelta
from .last_words import unsettled

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    from .context import Context
    from .state import State

logger = logger_of(__name__)

OnEvent = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True)
class Runner:
    """What every run of an assistant works with."""

    settings: Settings
    base: Run
    journal: Journal
    threads: Threads
    facts: UserFacts
    own_brain: "BaseChatModel | None"
    """A chat model to plan with that the settings do not name."""
    own_tools: Mapping[str, Tool] | None

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The tools to plan with, by name."""
        return offered(self.settings) if self.own_tools is None else self.own_tools

    async def ask_servers(self, *, plan_is_given: bool = False) -> None:
        """Ask other MCP servers for their tools, where that is not known yet; a plan can be made of known ones only.

        Args:
            plan_is_given: There is a plan, so that it does not matter who plans; what is embedded plans with our own.
        """
        plans_with_them = plan_is_given or self.own_brain or self.settings.models.get("think", "embedded") != "embedded"
        if self.settings.servers and self.own_tools is None and plans_with_them:
            from ..tools.servers.offering import ask_servers

            for why in (await ask_servers(self.settings)).values():
                logger.warning("%s", why)

    def begin(self, run: str, options: Options, on_spent: Callable[[Spent], None] = lambda spent: None) -> Run:
        """Return what the tools of a run are handed."""
        return self.base.begin(run, caps=options.caps(self.settings), on_spent=on_spent)

    async def work(self, row: RunRow, on_event: OnEvent | None, approve: Approve | None, *, resumed: bool) -> Answer:
        """Take a run to its answer, from its start or from where it was interrupted; hold it meanwhile."""
        emit = _in_loop(on_event or (lambda event: None))
        options = Options(**row.options)

        def spent(so_far: Spent) -> None:
            emit(Spending(spent=so_far, cap_usd=options.caps(self.settings).usd))

        run = self.begin(row.run, options, spent)
        with self.journal.lease(row.run):
            started = time.perf_counter()

            def elapsed() -> float:
                return row.seconds + time.perf_counter() - started

            thread = self.threads.of(row.run)
            emit(RunStarted(run_id=row.run, request=row.request, resumed=resumed, thread=thread))
            if row.status == "done":
                answer = told_answer(row)
                emit(TextDelta(text=answer.text))
                emit(RunFinished(answer=answer))
                return answer
            run = replace(run, session=f"thread {thread}", session_lost=self._ran_code(row.run))
            with self._recording(row, run, emit, elapsed):
                await self.ask_servers()
                context = self.context(run, emit, options, elapsed)
                try:
                    state, asked = await self._walk(row, context, approve)
                finally:
                    await context.executor.early.drop()
                answer = answer_of(row, state, context.executor, elapsed(), thread=thread)
                if asked:
                    told = waiting_text(row.request, asked)
                    answer = replace(answer, status="waiting", text=told, asked=asked.plain())
                if told := unsettled(row.request, run.budget.spent):
                    emit(TextDelta(text=told))
                    answer = replace(answer, text=answer.text + told)
                context.keep(state)
                self.journal.end(row.run, answer.status, answer.plain(), answer.seconds)
            if answer.status == "done":
                await self.forget(row.run)
            emit(RunFinished(answer=answer))
            return answer

    def context(self, run: Run, emit: OnEvent, options: Options, elapsed: Callable[[], float]) -> "Context":
        """Return what the nodes of the graph work with."""
        from .brain import open_brain
        from .context import Context
        from .history import turn_of

        tools = self.tools
        executor = Executor(
            run=run,
            journal=self.journal,
            catalog=tools,
            emit=emit,
            elapsed=elapsed,
            own_brain=self.own_brain is not None,
        )
        brain = self.own_brain or open_brain(self.settings, run.budget)
        return Context(
            brain=brain,
            catalog=tools,
            executor=executor,
            emit=emit,
            max_steps=options.max_steps,
            keep=lambda state: self.threads.keep(turn_of(run.id, state)),
        )

    def _ran_code(self, run: str) -> bool:
        """Tell whether a run, or one before it in its thread, ran code, whose variables go with its process."""
        code = {name for name, one in self.tools.items() if one.effect == "runs_code"}
        runs = [*self.threads.before(run).runs, run] if code else []
        return any(step.record.get("tool") in code for one in runs for step in self.journal.steps(one))

    async def forget(self, run: str) -> None:
        """Delete the checkpoints of a run of which nothing is left to resume."""
        with suppress(sqlite3.OperationalError):  # they only take space
            async with self._checkpoints() as checkpoints:
                await checkpoints.adelete_thread(run)

    @contextmanager
    def _recording(self, row: RunRow, run: Run, emit: OnEvent, elapsed: Callable[[], float]) -> Iterator[None]:
        """Note in the library how a run that does not reach its answer ended."""
        try:
            yield
        except asyncio.CancelledError:
            run.cancelled.set()
            self._note(row, "cancelled", "", elapsed())
            emit(RunFailed(message="The run was cancelled.", code="cancelled"))
            raise
        except Exception as error:
            code, told = type(error).__name__ if isinstance(error, SensoriumError) else "Bug", redact_told(str(error))
            self._note(row, "waiting" if isinstance(error, DecisionError) else "failed", told, elapsed())
            emit(RunFailed(message=told, code=code))
            raise

    def _note(self, row: RunRow, status: Status, text: str, seconds: float) -> None:
        """Record an end without an answer; an answer that an earlier attempt gave is kept."""
        with suppress(StorageError):  # the disk may be what failed
            if row.answer.get("artifacts") or (status == "waiting" and row.answer):
                self.journal.end(row.run, row.status, row.answer, seconds)
            else:
                self.journal.end(row.run, status, {"text": text}, seconds)

    async def _walk(self, row: RunRow, context: "Context", approve: Approve | None) -> "tuple[State, Request | None]":
        """Run the graph from the start, or from its last checkpoint after an interruption.

        Returns:
            Its last state, and what it waits for when that is an answer that nobody could give.
        """
        from langchain_core.runnables import RunnableConfig
        from langgraph.types import Command

        from .graph import build
        from .history import messages_of
        from .spending import retire_useless
        from .untraced import untraced

        config = RunnableConfig(configurable={"thread_id": row.run}, recursion_limit=200)
        context = replace(context, said=tuple(messages_of(self.threads.before(row.run))))
        start = self.start(row)
        try:
            async with self._checkpoints() as checkpoints:
                graph = build().copy({"checkpointer": checkpoints})
                known = await graph.aget_state(config)
                if known.created_at and not known.next:  # it had ended: what failed is tried again
                    retire_useless(cast("State", known.values), context.executor.run.budget)
                    await checkpoints.adelete_thread(row.run)
                    known = await graph.aget_state(config)
                begin: Any = None if known.next else start
                while True:
                    with untraced():
                        walked = await graph.ainvoke(begin, config, context=context, durability="sync")
                    if not (interrupts := walked.pop("__interrupt__", ())):
                        return cast("State", walked), None
                    asks = tuple(Ask.of(one) for one in walked["gate"]["asked"])
                    request = Request(run_id=row.run, id=interrupts[0].id, asks=asks)
                    if (decisions := await self._decisions(request, context, approve, row)) is None:
                        return cast("State", walked), request
                    begin = Command(resume=decisions)
        except sqlite3.OperationalError as error:
            raise cannot_write(error) from error

    async def _decisions(
        self, request: Request, context: "Context", approve: Approve | None, row: RunRow
    ) -> dict[str, Any] | None:
        """Return what is decided about a request, as the gate takes it; None when nobody can for now."""
        yes = Options(**row.options).yes
        if approve and not yes:
            context.emit(ApprovalAsked(request=request))
        decided = await decide(request, approve, yes=yes)
        return None if decided is None else {"decisions": [one.plain() for one in decided]}

    def start(self, row: RunRow) -> "State":
        """Return what a run starts from: its request, and what is known of the turns before it."""
        from .history import read_in

        before = self.threads.before(row.run)
        given = Options(**row.options).given
        asked = [row, *map(self.journal.get, reversed(before.runs))]
        # The words of a recipe may be somebody else's.
        own = [one for one in asked if "plan" not in Options(**one.options).given]
        return {
            "request": row.request,
            "paths": [os.fsencode(one) for one in row.files],
            "files": before.files,
            "earlier": before.records,
            "read": sorted(read_in(before)),
            "words": [one.request for one in own],
            "planned": sorted({tool for one in own for tool in self._planned(one.run)}),
            "facts": list(self.facts.all().values()),
            "given": given,
        }

    def _planned(self, run: str) -> Iterator[str]:
        """Yield the tools of the plans of a run that were written on the user's words alone."""
        for plan, read in zip(self.journal.plans(run), self.journal.read_before(run), strict=True):
            if trusted(read):
                yield from (step["tool"] for step in plan["steps"])

    @asynccontextmanager
    async def _checkpoints(self) -> "AsyncIterator[AsyncSqliteSaver]":
        import aiosqlite
        from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

        async with aiosqlite.connect(self.settings.home / "checkpoints.db") as connection:
            # After a loss of power the last checkpoints may be gone; the journal and the ledger, which repeat nothing
            # and pay nothing twice, are not. Waiting for the disk at each node would take as long as all else of it.
            await connection.execute("PRAGMA synchronous=NORMAL")
            # None allows langgraph's own safe types only: a checkpoint must not name what is to be imported.
            serde = JsonPlusSerializer(allowed_msgpack_modules=None)
            yield AsyncSqliteSaver(connection, serde=serde)


def _in_loop(on_event: OnEvent) -> OnEvent:
    """Return `on_event` so that it may be called from any thread and always runs in this loop's."""
    loop = asyncio.get_running_loop()

    def emit(event: Event) -> None:
        try:
            inside = asyncio.get_running_loop() is loop
        except RuntimeError:
            inside = False
        if inside:
            on_event(event)
        else:
            loop.call_soon_threadsafe(on_event, event)

    return emit
