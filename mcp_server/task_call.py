"""The present call of a client that takes tasks: how a tool finds out, and lets its call be one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mcp.server.mcpserver import Context, require_client_extension

from .job import Standing
from .owner import owner
from .server_tasks import ServerTask, ServerTasks
from .task_wire import IDENTIFIER

INSTANT_SECONDS = 0.05
"""What has its result by then is answered with it: a task costs its client at least another request."""


class TaskCall:
    """A call of a client that takes a task instead of a result."""

    def __init__(self, tasks: ServerTasks) -> None:
        self.tasks = tasks
        self.standing: Standing | None = None
        """Of the job that the call became."""
        self.task = ServerTask(owner())

    @contextmanager
    def present(self) -> Iterator[None]:
        """Let what is begun inside find this call."""
        token = _CALL.set(self)
        try:
            yield
        finally:
            _CALL.reset(token)


_CALL: ContextVar[TaskCall | None] = ContextVar("task_call", default=None)


def task_call() -> TaskCall | None:
    """Return the present call if its client takes tasks."""
    return _CALL.get()


def begin_task(context: Context[Any, Any], *, required: bool = False) -> ServerTask | None:
    """Let this call be a task from here on, for a tool that runs in the server; what it asked first is answered.

    Returns:
        The task, or nothing where the client knows no tasks and waits.

    Raises:
        MCPError: The tool is of no use without tasks, and the client knows none.
        ToolError: The client has too many.
    """
    if required:
        require_client_extension(context.request_context, IDENTIFIER)
    if call := task_call():
        call.tasks.begin(call.task)
        return call.task
    return None
