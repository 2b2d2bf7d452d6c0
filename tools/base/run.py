"""Run: what a tool is handed."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from .approvals import Approvals
from .budget import Budget, Caps, Payment, Spent
from .egress import Egress
from .errors import ArgumentError, Cancelled, ToolError
from .labels import NOTHING, Labels, of_web
from .ledger import Ledger
from .library import Library
from .memo import Memo
from .models import Models
from .secrets import known, redact, redact_bytes, redact_plain
from .settings import Settings
from .workspace import PREFIX, Artifact, Fact, Provenance, Workspace

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a call is."""

    call_id: str
    tool: str
    fraction: float | None
    """0…1, or None when unknown."""
    note: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """The call a tool is in: what its artifacts come from."""

    id: str
    tool: str
    arguments: Mapping[str, Any]
    inputs: list[str]
    stop: threading.Event = field(default_factory=threading.Event)
    providers: list[str] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    """What it ordered from providers, or took from the ledger."""
    notes: list[str] = field(default_factory=list)
    """What its result must say of how it was made."""
    labels: set[str] = field(default_factory=set)
    """Who had a part in what it gives: in its arguments and files, and in what it met on the way."""
    idle_roles: set[str] = field(default_factory=set)
    """Of the tool's roles those that had nothing to do, so that its result does not depend on who has them."""
    is_approved: bool = False
    """The user approved it, and with it what it calls itself."""


_MOST_TEXT_BYTES = 64 * 2**20
"""Of a text that is looked through for secrets; a longer one is no text for people."""
_TEXTUAL = ("text/", "application/json", "application/xml", "image/svg", "application/x-subrip")
_NO_CALL = Call(id="", tool="user", arguments={}, inputs=[])


@dataclass(frozen=True, kw_only=True)
class Run:
    """The workspace, the models, and the way to report progress and to notice a cancellation."""

    id: str
    settings: Settings
    library: Library
    workspace: Workspace
    memo: Memo
    models: Models
    budget: Budget
    on_progress: Callable[[Progress], None] = lambda progress: None
    cancelled: threading.Event = field(default_factory=threading.Event)
    call: Call = _NO_CALL
    reach: set[str] | None = None
    """Handles of what calls may use, where a model plans them: the user's files, and what was made of them.

    None: any artifact and any file, for the user's own calls.
    """
    approvals: Approvals | None = None
    """Calls that may be made though the policy asks about them; None: all of them, for the user's own calls."""
    labels: Labels = NOTHING
    """What had been read when the plan was written that calls belong to; nothing for the user's own calls."""
    planned: frozenset[str] = frozenset()
    """Tools of the plans of this run, and before it in its thread, that were written on the user's words alone."""
    words: tuple[str, ...] = ()
    """What the user said, in this run and before it in its thread."""
    session: str = ""
    """Whose variables code sees: a conversation, or who is connected; empty: this run's alone."""
    session_lost: bool = False
    """Another process made variables in this session, and is gone: what is new here lacks them."""

    @classmethod
    def open(cls, settings: Settings, *, run_id: str | None = None, follow_links: bool = True) -> "Run":
        """Open the library of these settings and start a run in it; see `Workspace` for links."""
        library = Library(settings.home)
        workspace = Workspace(settings.home, library, max_bytes=settings.max_bytes, follow_links=follow_links)
        run_id = run_id or new_run_id()
        return cls(
            id=run_id,
            settings=settings,
            library=library,
            workspace=workspace,
            memo=Memo(library, workspace),
            models=Models(settings),
            budget=Budget(Ledger(library), run_id, settings.caps),
        )

    def begin(
        self, run_id: str, *, caps: Caps | None = None, on_spent: Callable[[Spent], None] = lambda spent: None
    ) -> "Run":
        """Return another run over the same library, with a budget of its own; the settings' unless caps are given."""
        budget = Budget(self.budget.ledger, run_id, self.settings.caps if caps is None else caps, on_spent)
        return replace(self, id=run_id, budget=budget, cancelled=threading.Event())

    def within(self, call: Call) -> "Run":
        """Return this run as one call sees it."""
        return replace(self, call=call)

    def artifact(self, handle: str) -> Artifact:
        """Return a known artifact: its type, size, name and facts.

        Raises:
            ArgumentError: It is unknown, or out of reach here.
        """
        if not self.reaches(handle):
            raise ArgumentError(
                f"{handle!r} is not among the files that the user named and what was made of them, and a plan uses no "
                "others. Name a file as `$files[0]`, or the step that made it."
            )
        return self.workspace.get(handle)

    def path(self, handle: str) -> Path:
        """Return where an artifact's content lies, to be read only."""
        return self.workspace.path(self.artifact(handle).handle)

    def name(self, handle: str) -> str:
        """Return a file's name for messages."""
        return self.artifact(handle).name

    def names_of(self, handle: str) -> tuple[str, ...]:
        """Return what else a file is called, for the rules of a policy: its name and where it lies."""
        if handle.startswith(PREFIX):
            with suppress(ToolError):
                return self.workspace.get(handle).name, str(self.workspace.path(handle))
        return ()

    def put(
        self, content: Path | bytes, *, name: str, media_type: str, facts: Mapping[str, Fact] | None = None
    ) -> Artifact:
        """Store what a tool made, text without any secret in it; where it came from is noted."""
        if media_type.startswith(_TEXTUAL):
            content = _without_secrets(content)
        provenance = Provenance(
            run=self.id,
            tool=self.call.tool,
            arguments=redact_plain(dict(self.call.arguments)),
            inputs=self.call.inputs,
            provider=self.call.providers[-1] if self.call.providers else "sensorium",
            labels=frozenset(self.call.labels),
        )
        stored = self.workspace.put(
            content, name=redact(name), media_type=media_type, facts=facts, provenance=provenance
        )
        self.admit([stored.handle])
        return stored

    def reaches(self, named: str) -> bool:
        """Return whether a call may use a file, named by its handle or, where nothing is out of reach, its path."""
        return self.reach is None or named in self.reach

    def admit(self, handles: Iterable[str]) -> None:
        """Let calls use these artifacts from now on."""
        if self.reach is not None:
            self.reach.update(handles)

    @property
    def egress(self) -> Egress:
        """Where what this call sends out of this machine is written down, before it is sent."""
        return Egress(self.library, self.id, self.call.id)

    def used(self, provider: str) -> None:
        """Note which provider served this call."""
        self.call.providers.append(provider)

    def comes_from_web(self, host: str) -> None:
        """Note that a web host had a part in what this call gives; before anything of it is stored."""
        self.call.labels.add(of_web(host))

    def pay(self, payment: Payment) -> None:
        """Note what this call has paid; what another call paid before costs it nothing."""
        is_new = all(one.number != payment.number for one in self.call.payments)
        if is_new and payment.order.call == payment.call:
            self.call.payments.append(payment)

    def progress(self, fraction: float | None, note: str) -> None:
        """Say how far the call is; may be called from any thread."""
        self.check()
        self.on_progress(Progress(call_id=self.call.id, tool=self.call.tool, fraction=fraction, note=redact(note)))

    def check(self) -> None:
        """Raise `Cancelled` when the run was cancelled or the call's time is up; call it in every long loop."""
        if self.cancelled.is_set() or self.call.stop.is_set():
            raise Cancelled(f"`{self.call.tool}` was stopped.")

    async def thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking work in a thread, so that other steps go on."""
        return await asyncio.to_thread(function, *args, **kwargs)

    async def decode(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what opens media, a function at the top of a module of ours, in a process that may end of it.

        A `Run` among the arguments is there as much of one as `lent_run.LentRun` has, a path is an open file.

        Raises:
            MediaError: The file ended the decoder, or made it hang or lie.
        """
        from .decoding import Decoding

        work = Decoding(self, function, args, kwargs)
        try:
            return await asyncio.to_thread(work.result)
        except asyncio.CancelledError:
            work.stop()
            raise


def _without_secrets(content: Path | bytes) -> Path | bytes:
    if isinstance(content, bytes):
        return redact_bytes(content)
    if not known() or content.stat().st_size > _MOST_TEXT_BYTES:
        return content
    text = content.read_bytes()
    struck = redact_bytes(text)
    return content if struck is text else struck


def new_run_id() -> str:
    return uuid.uuid4().hex[:12]
