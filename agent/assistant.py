"""The assistant: a request and files in, an answer with its evidence out."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tools.base.errors import SettingsError
from ..tools.base.journal import Journal, RunRow
from ..tools.base.labels import condensed, of_model
from ..tools.base.run import Run, new_run_id
from ..tools.base.secrets import redact
from ..tools.base.settings import Settings
from ..tools.base.threads import Thread, Threads
from ..tools.base.tool import Tool
from ..tools.base.user_facts import UserFacts
from ..tools.base.words import answer_language
from ..tools.base.workspace import at_home
from .answer import Answer, Options, Planned, RunView
from .approval import Approve
from .deliver import Delivered, deliver, prepare
from .events import Event
from .given_files import is_address
from .remember import asked_to_remember, noted
from .runner import OnEvent, Runner

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from .recipe import FittedRecipe, Recipe
    from .replay import Replayed

MOST_REQUEST_LETTERS = 500
"""Of a conversation, in the recipe of one of its runs."""


class Assistant:
    """Plans, runs and answers. Use it as a context manager, or call `close`."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        brain: "BaseChatModel | None" = None,
        tools: Mapping[str, Tool] | None = None,
        follow_links: bool = True,
    ) -> None:
        """Open the library.

        Args:
            settings: Read from the environment and `sensorium.toml` when left out.
            brain: A chat model to plan with, instead of the one the settings name.
            tools: The tools to plan with; when left out the catalog, without tools that need a model where none is set.
            follow_links: Whether files may be named through links; false for paths that somebody else has resolved.

        Raises:
            SettingsError: A setting cannot be understood.
            StorageError: The library cannot be opened.
        """
        self.settings = settings or Settings.read()
        self._follow_links = follow_links
        self._base = Run.open(self.settings, follow_links=follow_links)
        self.journal = Journal(self._base.library, self.settings.home)
        self.threads = Threads(self._base.library)
        self.facts = UserFacts(self._base.library)
        self.runner = Runner(
            settings=self.settings,
            base=self._base,
            journal=self.journal,
            threads=self.threads,
            facts=self.facts,
            own_brain=brain,
            own_tools=tools,
        )

    def __enter__(self) -> "Assistant":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._base.library.close()

    async def run(
        self,
        request: str,
        files: str | Path | Sequence[str | Path] = (),
        *,
        thread: str | None = None,
        recipe: Path | None = None,
        values: Mapping[str, str] | None = None,
        options: Options | None = None,
        on_event: OnEvent | None = None,
        approve: Approve | None = None,
        run_id: str | None = None,
    ) -> Answer:
        """Answer a request about some files.

        Args:
            request: What is wanted, in English or Chinese.
            files: Path of the user's media, or several; those of earlier turns of the thread need not be named again.
            thread: The conversation to go on with: its id, the start of it, that of any of its runs, or `last`; a new
                one when left out, whose id is in the answer.
            recipe: What is done instead of asking who plans, as `export` wrote it; it brings its request.
            values: What of the recipe is set by name, as it is written: its parameters, and files as their paths.
            options: Limits of this run.
            on_event: Called with each event, in the loop's thread.
            approve: Decides about calls that the policy asks about. Gives it None, the answer's status is `waiting`.
                Left out, such calls are refused, and the run goes on without them.
            run_id: What the run is called, for one who must find it again after a crash; no run may have that name.

        Raises:
            SensoriumError: The run could not start; a step that fails is part of the answer instead.
        """
        options = options or Options()
        if options.local_only and not self.settings.local_only:
            with self._local() as closed:
                return await closed.run(
                    request,
                    files,
                    thread=thread,
                    recipe=recipe,
                    values=values,
                    options=options,
                    on_event=on_event,
                    approve=approve,
                    run_id=run_id,
                )
        own_brain = self.runner.own_brain is not None
        options = replace(options, local_only=self.settings.local_only, own_brain=own_brain)
        self._check_budget(options)
        request = redact(request)  # it is kept, and shown to models
        known = self.threads.get(thread).id if thread else None
        if recipe:
            fitted = await self.fit(recipe, files, values)
            request, files = fitted.request, fitted.files
            options = replace(options, given={"plan": fitted.plan.model_dump(), "labels": sorted(fitted.labels)})
        elif options.remember:
            options = self._noted(request, options)
        run_id = run_id or new_run_id()
        self.journal.begin(run_id, request, _absolute(files), asdict(options))
        self.threads.begin(run_id, request, known, is_listed=options.remember)
        return await self.runner.work(self.journal.get(run_id), on_event, approve, resumed=False)

    def _local(self) -> "Assistant":
        """Return an assistant over the same library that lets nothing leave this machine."""
        settings = replace(self.settings, local_only=True)
        return Assistant(
            settings, brain=self.runner.own_brain, tools=self.runner.own_tools, follow_links=self._follow_links
        )

    def _noted(self, request: str, options: Options) -> Options:
        """Keep what the user asks to be remembered; where nothing else is asked, that is the answer."""
        found, rest = asked_to_remember(request)
        for one in found:
            self.facts.add(one)
        if not found or rest:
            return options
        return replace(options, given={"text": noted(found, answer_language(request))})

    async def fit(
        self, recipe: Path, files: str | Path | Sequence[str | Path], values: Mapping[str, str] | None = None
    ) -> "FittedRecipe":
        """Return a recipe as it is done with some files and values.

        Raises:
            SettingsError: It is no recipe, or does not fit the files; the message says why and what to change.
        """
        from .foreseeing import foreseen
        from .ingest import ingest_files
        from .recipe import FittedRecipe, fit, read_recipe

        made = read_recipe(recipe)
        await self.runner.ask_servers(plan_is_given=True)
        paths = _absolute(files)
        inputs = {one.name for one in made.inputs}
        given = {name: value for name, value in (values or {}).items() if name in inputs}
        paths += [one for one in dict.fromkeys(_absolute(list(given.values()))) if one not in paths]
        facts = await ingest_files(paths, self._base)
        named = {name: paths.index(_absolute(path)[0]) for name, path in given.items()}
        others = {name: value for name, value in (values or {}).items() if name not in given}
        plan = fit(made, facts, self.tools, values=others, named=named)
        if found := foreseen(plan, self.tools, self._base.models):
            raise SettingsError(f"The step `{found[0].step}` of the recipe cannot be had: {found[0].message}")
        return FittedRecipe(request=made.request, plan=plan, labels=made.labels, files=paths, facts=facts)

    def export(self, run_id: str) -> "Recipe":
        """Return what a run did as a recipe that can be done with other files.

        Raises:
            ArgumentError: There is no such run, or it did nothing that could be done again.
        """
        from .recipe import recipe_of

        row = self.journal.get(run_id)
        turn, before = self.threads.turn(row.run), self.threads.before(row.run)
        earlier = [plan for run in before.runs for plan in self.journal.plans(run)]
        plans = self.journal.plans(row.run)
        labels = {
            step["id"]: condensed(read, of_model(run))
            for run in [*before.runs, row.run]
            for plan, read in zip(self.journal.plans(run), self.journal.read_before(run), strict=True)
            for step in plan["steps"]
        }
        # "Now only the second half" says nothing without what it changed.
        request = " / ".join([*(self.journal.get(run).request for run in before.runs), row.request])
        request = request[-MOST_REQUEST_LETTERS:]
        return recipe_of(request, plans, earlier, turn.records, turn.files, catalog=self.tools, labels=labels)

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The tools to plan with, by name."""
        return self.runner.tools

    async def stream(
        self,
        request: str,
        files: Sequence[str | Path] = (),
        *,
        thread: str | None = None,
        options: Options | None = None,
        approve: Approve | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Answer a request and yield each event as it happens; the last is RunFinished or RunFailed.

        Who may leave the loop early writes `async with contextlib.aclosing(assistant.stream(…)) as events:`, which
        ends only when the run was stopped.
        """
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        work = asyncio.create_task(
            self.run(request, files, thread=thread, options=options, on_event=events.put_nowait, approve=approve)
        )
        work.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def resume(
        self,
        run_id: str,
        *,
        budget_usd: float | None = None,
        yes: bool = False,
        on_event: OnEvent | None = None,
        approve: Approve | None = None,
    ) -> Answer:
        """Go on with a run that was interrupted or failed in part; finished steps do not run again.

        Args:
            run_id: Its id, the start of it, or `last`.
            budget_usd: The most it may cost from now on, with what it has cost; as before when left out.
            yes: Approve from now on what would be asked.
            on_event: Called with each event, in the loop's thread.
            approve: As for `run`.

        Raises:
            ArgumentError: There is no such run, or another process works on it.
            SettingsError: The budget cannot be held.
        """
        row = self.journal.get(run_id)
        if row.options.get("local_only") and not self.settings.local_only:
            with self._local() as closed:
                return await closed.resume(row.run, budget_usd=budget_usd, yes=yes, on_event=on_event, approve=approve)
        if budget_usd is not None:
            row = replace(row, options=row.options | {"budget_usd": budget_usd})
        if yes:
            row = replace(row, options=row.options | {"yes": True})
        if row.status != "done":
            self._check_budget(Options(**row.options))
        return await self.runner.work(row, on_event, approve, resumed=True)

    async def plan(
        self,
        request: str,
        files: Sequence[str | Path] = (),
        *,
        thread: str | None = None,
        options: Options | None = None,
    ) -> Planned:
        """Return the plan for a request, checked, without running it; `thread` as for `run`."""
        from .addresses import named_in
        from .foreseeing import foreseen
        from .history import messages_of
        from .ingest import ingest_files, together
        from .lint import errors
        from .messages import user_message
        from .offer import tool_schemas
        from .proposal import read_proposal
        from .quote import beyond_budget, quote_plan
        from .rendering import reader_of, to_send
        from .untraced import untraced

        options = options or Options()
        self._check_budget(options)
        run = self._base.begin(new_run_id(), caps=options.caps(self.settings))
        await self.runner.ask_servers()
        context = self.runner.context(run, lambda event: None, options, time.perf_counter)
        before = self.threads.get(thread) if thread else None
        earlier_files, paths = before.files if before else [], _absolute(files)
        paths += named_in(request, context.brain, earlier_files, paths)
        known = together(earlier_files, await ingest_files(paths, self._base))
        asked = user_message(request, known, facts=list(self.facts.all().values()))
        model = context.brain.bind_tools(tool_schemas(context.catalog))
        said = [*(messages_of(before) if before else ()), asked]
        sent = await to_send(said, reader_of(context.brain, context.catalog), run)
        with untraced():
            answer = await model.ainvoke(sent)
        if not (answer.tool_calls or answer.invalid_tool_calls):
            return Planned(plan=None, text=str(answer.text))
        earlier = self._results(before) if before else {}
        proposal = read_proposal(answer, {}, context.catalog, context.max_steps, earlier=earlier, facts=known)
        quote, findings = None, list(proposal.findings)
        if proposal.plan and not errors(findings):
            quote = quote_plan(proposal.plan, context.catalog, self.settings, known)
            findings += foreseen(proposal.plan, context.catalog, run.models)
            findings += beyond_budget(quote, run.budget, degrade=self.settings.degrade)
        return Planned(
            plan=proposal.plan, text=str(answer.text), findings=findings, repairs=proposal.repairs, quote=quote
        )

    def _results(self, thread: Thread) -> dict[str, Any]:
        """Return what the steps of a thread gave, by their names."""
        rows = {row.key: row.result for run in thread.runs for row in self.journal.steps(run)}
        return {
            name: rows[one["key"]] if isinstance(one["key"], str) else [rows[key] for key in one["key"]]
            for name, one in thread.records.items()
        }

    def _check_budget(self, options: Options) -> None:
        if self.runner.own_brain is None:
            from .brain import check_budget

            check_budget(self.settings, options.caps(self.settings))

    def runs(self) -> list[RunRow]:
        """Return the latest runs, newest first."""
        return self.journal.latest()

    def show(self, run_id: str) -> RunView:
        """Return everything recorded of a run; `last` is the latest."""
        row = self.journal.get(run_id)
        return RunView(
            row=row,
            thread=self.threads.of(row.run),
            plans=self.journal.plans(row.run),
            decisions=self.journal.decisions(row.run),
            steps=self.journal.steps(row.run),
            orders=self._base.budget.ledger.orders(row.run),
            egress=self._base.budget.ledger.egress(row.run).rows(),
        )

    async def replay(self, run_id: str) -> "Replayed":
        """Run a run again from its record, and say whether it went the same way.

        The model's answers come from the ledger and the results of tools from the journal: nothing is asked, decoded,
        paid or written. A changed prompt, tool or plan is a difference.

        Args:
            run_id: Its id, the start of it, or `last`.

        Raises:
            ArgumentError: There is no such run, or it never came to an answer.
        """
        from .replay import replay

        return await replay(self, run_id)

    async def delete_thread(self, thread: str) -> Thread:
        """Delete a conversation with all that was said in it, and return it.

        What its runs made stays among the artifacts, and what they paid in the ledger.

        Raises:
            ArgumentError: There is none, or a process works on one of its runs.
        """
        known = self.threads.get(thread)
        with ExitStack() as held:
            for run in known.runs:
                held.enter_context(self.journal.lease(run))
            for run in known.runs:
                await self.runner.forget(run)
                self._base.budget.ledger.forget(run)
            self.threads.delete(known.id)
        for run in known.runs:
            self.journal.forget(run)
        return known

    def save(self, answer: Answer, folder: Path) -> Delivered:
        """Put what a run made into a folder: a report with its pictures, subtitles …, and its media beside it.

        Raises:
            SensoriumError: The folder cannot be used.
        """
        prepare(folder)
        sources = [Path(one) for one in self.journal.get(answer.run_id).files]
        return deliver(answer.artifacts, self._base.workspace, sources, folder)

    def path(self, handle: str) -> Path:
        """Return where the content of an artifact lies, to be read only."""
        return self._base.path(handle)


async def run(
    request: str, files: str | Path | Sequence[str | Path] = (), *, settings: Settings | None = None
) -> Answer:
    """Answer one request about a file or several; see `Assistant.run`."""
    with Assistant(settings) as assistant:
        return await assistant.run(request, files)


def _absolute(files: str | Path | Sequence[str | Path]) -> list[str]:
    """Return paths that mean the same when the run is resumed from another folder."""
    files = [files] if isinstance(files, str | Path) else files
    return [str(one) if is_address(str(one)) else str(at_home(Path(one)).absolute()) for one in files]
