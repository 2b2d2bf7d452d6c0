"""A job of this server: a call that is under way, and how it stands."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from .job_store import JobRow, Status
from .order import Order
from .questions import Question
from .worker_process import WorkerProcess

ASKING_NOTE = "waiting for an answer of the user"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a job stands."""

    job: str
    tool: str
    status: Status
    """`asking`: it waits for the answer to `question`, which `Jobs.reply` takes."""
    fraction: float | None = None
    note: str = ""
    seconds: float = 0.0
    created: float = 0.0
    changed: float = 0.0
    """When it was ordered and when there was news of it last, as Unix time."""
    result: dict[str, Any] | None = None
    lasting: Sequence[str] | None = None
    """The artifacts that the result names, where the same call may be given it again."""
    question: Question | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.status not in ("running", "asking")


@dataclass(eq=False, kw_only=True)
class Job:
    """A call that this server has begun."""

    id: str
    key: str
    order: Order
    began: float
    task: "asyncio.Task[dict[str, Any]]" = field(init=False)
    changed: float = field(init=False)
    fraction: float | None = None
    note: str = ""
    worker: WorkerProcess | None = None
    question: Question | None = None
    """What it asks now, and nobody has answered."""
    turned: "asyncio.Future[None]" = field(init=False)
    """Done when what it asks changes; then there is another one."""
    waiting: int = 0
    """How many calls wait for it."""
    is_awaited: bool = False
    """A client was given its question, and calls again with the answer."""
    is_told: bool = False
    """A client knows its id."""
    written: bool = False
    """It is in the library, or is just being written."""
    end: tuple[Status, dict[str, Any] | None] | None = None
    """How it ended."""
    lasting: Sequence[str] | None = None
    promised: bool = False
    """It goes on without a call that waits, and without this server."""
    forgetting: asyncio.TimerHandle | None = None
    """Forgets it when it has ended, unless somebody fetches its result."""
    holding: ExitStack = field(default_factory=ExitStack)
    """Holds a promised job until a worker does."""

    def __post_init__(self) -> None:
        self.changed = self.began
        self.turned = asyncio.get_running_loop().create_future()

    def progressed(self, fraction: float | None, note: str) -> None:
        """Note how far it is."""
        self.fraction, self.note, self.changed = fraction, note, time.time()

    def ask(self, question: Question | None) -> None:
        """Note what it asks, and let those know who wait for it."""
        if question == self.question:
            return
        self.question, self.changed = question, time.time()
        self.note = ASKING_NOTE if question else self.note
        self.turned.set_result(None)
        self.turned = self.turned.get_loop().create_future()

    @property
    def news(self) -> set["asyncio.Future[Any]"]:
        """What is done when it ends, or when what it asks changes."""
        return {self.task, self.turned}

    def standing(self) -> Standing:
        """Return how it stands."""
        seconds = max(0.0, time.time() - self.began)  # a clock may be set back
        if not self.task.done():
            return Standing(
                job=self.id,
                tool=self.order.tool,
                status="asking" if self.question else "running",
                fraction=self.fraction,
                note=self.note,
                seconds=seconds,
                created=self.began,
                changed=self.changed,
                question=self.question,
            )
        result = None if self.task.cancelled() else self.task.result()
        return Standing(
            job=self.id,
            tool=self.order.tool,
            status="cancelled" if result is None else end_of(result),
            seconds=seconds,
            created=self.began,
            changed=self.changed,
            result=result,
            lasting=self.lasting,
        )


def end_of(result: dict[str, Any]) -> Status:
    """Return how a job with this result ended."""
    return "failed" if result.get("isError") else "done"


def standing_of(row: JobRow) -> Standing:
    """Return how a job stands by what the library knows of it."""
    return Standing(
        job=row.job,
        tool=row.order.tool,
        status=row.standing,
        fraction=row.fraction,
        note=ASKING_NOTE if row.question else row.note,
        seconds=max(0.0, time.time() - row.created),
        created=row.created,
        changed=row.changed,
        result=row.result,
        question=row.question if row.standing == "asking" else None,
    )
