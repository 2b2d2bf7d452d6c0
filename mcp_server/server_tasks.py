"""Tasks of tools that run in the server itself: in memory, for the owner that made them."""

import asyncio
import secrets
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp import MCPError
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import INTERNAL_ERROR, CallToolResult
from pydantic import BaseModel

from ..tools.base.secret_logs import logger_of
from .task_wire import TaskStatus, TaskView, answer_to, plain_result

logger = logger_of(__name__)

KEPT_SECONDS = 900.0
"""How long a task is there, from its creation; one that has not ended by then is cancelled."""
POLL_SECONDS = 0.5
MOST_TASKS = 1000
"""Tasks of one owner that are kept at once."""
TASK_ID_BYTES = 16


@dataclass(eq=False)
class ServerTask:
    """A tool call that goes on after its request was answered."""

    owner: str
    id: str = field(default_factory=lambda: secrets.token_hex(TASK_ID_BYTES))
    created: float = field(default_factory=time.time)
    changed: float = field(default_factory=time.time)
    status: TaskStatus = "working"
    note: str = ""
    began: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the tool says that its client need not wait."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at each change, and replaced then."""
    _work: "asyncio.Task[Any] | None" = None
    _requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    _answers: dict[str, BaseModel] = field(default_factory=dict)
    _result: dict[str, Any] | None = None
    _error: dict[str, Any] | None = None

    def view(self) -> TaskView:
        """Return how it stands."""
        return TaskView(
            task=self.id,
            status=self.status,
            created=self.created,
            changed=self.changed,
            kept_seconds=KEPT_SECONDS,
            poll_seconds=POLL_SECONDS,
            note=self.note,
            requests=self._requests,
            result=self._result,
            error=self._error,
        )

    def tell(self, note: str) -> None:
        """Say what is being done."""
        self.note = note
        self._change()

    async def ask(self, requests: Mapping[str, BaseModel]) -> dict[str, BaseModel]:
        """Return the client's answers to some requests, each under a key that this task has not used before."""
        self._answers = {}
        self._requests = {
            key: one.model_dump(by_alias=True, mode="json", exclude_none=True) for key, one in requests.items()
        }
        self.status = "input_required"
        self._change()
        while self._requests:
            await self.news.wait()
        return self._answers

    def answer(self, responses: Mapping[str, Any]) -> None:
        """Take the answers to what is still open; others are passed over.

        Raises:
            MCPError: An answer does not fit its request; then none is taken.
        """
        open_ = self._requests
        fitting = {key: answer_to(open_[key], key, one) for key, one in responses.items() if key in open_}
        if not fitting:
            return
        self._answers.update(fitting)
        self._requests = {key: one for key, one in self._requests.items() if key not in fitting}
        if not self._requests:
            self.status = "working"
        self._change()

    def start(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Begin to work."""
        self._work = asyncio.create_task(work)
        return self._work

    def keep(self) -> None:
        """Note how the work ends, from now on."""
        assert self._work
        self._work.add_done_callback(self._ended)

    def cancel(self) -> None:
        """Stop the work; what has ended stays as it ended."""
        if self._work and not self._work.done():
            self._end("cancelled")
            self._work.cancel()

    def _ended(self, work: "asyncio.Task[Any]") -> None:
        if self.status == "cancelled":
            return
        if work.cancelled():
            self._end("cancelled")
        elif (error := work.exception()) is None and isinstance(result := work.result(), CallToolResult):
            self._result = plain_result(result)
            self._end("completed")
        else:
            if isinstance(error, MCPError):
                self._error = error.error.model_dump(mode="json", exclude_none=True)
            else:
                # What it says may hold anything; it is for whoever runs the server.
                logger.error("a task ended without a result", exc_info=error)
                self._error = {"code": INTERNAL_ERROR, "message": "Internal error"}
            self._end("failed")

    def _end(self, status: TaskStatus) -> None:
        self.status, self._requests = status, {}
        self._change()

    def _change(self) -> None:
        self.changed = max(time.time(), self.changed)
        news, self.news = self.news, asyncio.Event()
        news.set()


class ServerTasks:
    """The tasks that are in memory."""

    def __init__(self) -> None:
        self._tasks: dict[str, ServerTask] = {}

    def begin(self, task: ServerTask) -> None:
        """Let a call be a task from here on.

        Raises:
            ToolError: Its owner has too many.
        """
        if task.id in self._tasks:
            return
        if sum(one.owner == task.owner for one in self._tasks.values()) >= MOST_TASKS:
            raise ToolError(
                f"You have {MOST_TASKS} tasks, and this server keeps no more. Each is forgotten after "
                f"{KEPT_SECONDS / 60:.0f} minutes: try again later."
            )
        self._tasks[task.id] = task
        task.began.set()

    def keep(self, task: ServerTask) -> None:
        """Keep a task for its time: its client is told of it now."""
        task.keep()
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self.forget, task)

    def forget(self, task: ServerTask) -> None:
        """Forget a task, and stop its work."""
        task.cancel()
        self._tasks.pop(task.id, None)

    def get(self, task: str, owner: str) -> ServerTask | None:
        """Return a task of this owner; another's is as unknown as one that never was."""
        found = self._tasks.get(task)
        return found if found and found.owner == owner else None

    def close(self) -> None:
        """Stop all work."""
        for task in list(self._tasks.values()):
            self.forget(task)
