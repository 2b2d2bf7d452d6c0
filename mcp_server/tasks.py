"""The official Tasks extension: a call that takes long is answered with a task, which is our job by another name."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver import require_client_extension
from mcp.shared.inbound import MCP_NAME_HEADER, decode_header_value
from mcp.types import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    CallToolRequestParams,
    CallToolResult,
    ElicitResult,
)

from ..tools.base.errors import ArgumentError, SensoriumError
from .asking import request_of, takes_forms
from .job import Standing
from .job_store import KEPT_SECONDS
from .owner import owner
from .questions import Question, cannot_ask
from .service import Service
from .task_call import INSTANT_SECONDS, TaskCall
from .task_wire import IDENTIFIER, TaskParams, TaskStatus, TaskView, UpdateParams, answer_to, plain_result, unknown

ERA = frozenset({"2026-07-28"})
LEAST_POLL_SECONDS, MOST_POLL_SECONDS = 0.2, 5.0
"""How often to ask for a task: often while it is young, for most calls are short, and then ever less."""
_POLL_SHARE = 0.1
"""Of what a task took so far: it may be told of its end as much later."""
_STATUSES: Mapping[str, TaskStatus] = {
    "running": "working",
    "asking": "input_required",
    "done": "completed",
    "failed": "completed",
    "cancelled": "cancelled",
}
AnyRequest = ServerRequestContext[Any, Any]


class Tasks(Extension):
    """Answers calls of clients that declare the extension with tasks, and what they ask about these."""

    identifier = IDENTIFIER

    def __init__(self, service: Service) -> None:
        self._service = service

    def methods(self) -> Sequence[MethodBinding]:
        """Return `tasks/get`, `tasks/update` and `tasks/cancel`."""
        return (
            MethodBinding("tasks/get", TaskParams, self._get, ERA),
            MethodBinding("tasks/update", UpdateParams, self._update, ERA),
            MethodBinding("tasks/cancel", TaskParams, self._cancel, ERA),
        )

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: AnyRequest, call_next: CallNext
    ) -> HandlerResult:
        """Return the result of a call, or the task that it became."""
        if not declares_tasks(ctx):
            return await call_next(ctx)
        call = TaskCall(self._service.tasks)
        with call.present():
            work = call.task.start(_result(call_next, ctx))
        beginning = asyncio.ensure_future(call.task.began.wait())
        try:
            await asyncio.wait({work, beginning}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await asyncio.wait({work}, timeout=INSTANT_SECONDS)
        except BaseException:
            call.tasks.forget(call.task)
            raise
        finally:
            beginning.cancel()
        if not work.done():
            call.tasks.keep(call.task)
            return created(call.task.view())
        call.tasks.forget(call.task)
        result: HandlerResult = work.result()
        return created(view_of(call.standing)) if call.standing else result

    async def view(self, task: str, *, asks: bool) -> TaskView:
        """Return how a task of the present owner stands.

        Args:
            task: Its id.
            asks: The client can ask its user; for one that cannot, what nobody else is shown is declined.

        Raises:
            MCPError: There is none.
        """
        if found := self._service.tasks.get(task, owner()):
            return found.view()
        jobs = self._service.jobs
        try:
            standing = await jobs.status(task, owner(), 0.0, _unheard)
        except SensoriumError as error:
            # One that a server left behind was not begun again; how it stands is known all the same.
            return view_of(await self._look(task), str(error))
        if standing.question and asks:
            jobs.show(standing.question)
        elif standing.question:
            if not jobs.is_shown(standing.question):
                await jobs.reply(task, owner(), await cannot_ask(standing.question))
            standing = replace(standing, status="running", question=None)
        return view_of(standing)

    async def knows(self, task: str) -> bool:
        """Return whether the present owner has a task."""
        try:
            return bool(self._service.tasks.get(task, owner()) or await self._look(task))
        except MCPError:
            return False

    async def _look(self, task: str) -> Standing:
        try:
            return await self._service.jobs.look(task, owner())
        except ArgumentError:
            raise unknown(task) from None
        except SensoriumError as error:
            raise MCPError(INTERNAL_ERROR, str(error)) from None

    async def _get(self, ctx: AnyRequest, params: TaskParams) -> HandlerResult:
        check_request(ctx, params)
        return (await self.view(params.task_id, asks=asks_user(ctx))).whole()

    async def _update(self, ctx: AnyRequest, params: UpdateParams) -> HandlerResult:
        check_request(ctx, params)
        if found := self._service.tasks.get(params.task_id, owner()):
            found.answer(params.input_responses)
            return {}
        question = (await self._look(params.task_id)).question
        if question and question.key in params.input_responses:
            given = answer_to(_request(question), question.key, params.input_responses[question.key])
            assert isinstance(given, ElicitResult)
            answer = question.answered(given.action, given.content)
            await self._service.jobs.reply(params.task_id, owner(), answer)
        return {}

    async def _cancel(self, ctx: AnyRequest, params: TaskParams) -> HandlerResult:
        check_request(ctx, params)
        if found := self._service.tasks.get(params.task_id, owner()):
            found.cancel()
            return {}
        if not (await self._look(params.task_id)).is_over:
            await self._service.jobs.cancel(params.task_id, owner())
        return {}


def declares_tasks(ctx: AnyRequest) -> bool:
    """Return whether the client of a request takes tasks."""
    declared = ctx.session.client_capabilities
    return ctx.protocol_version in ERA and bool(declared and IDENTIFIER in (declared.extensions or {}))


def asks_user(ctx: AnyRequest) -> bool:
    """Return whether the client of a request can ask its user to fill in a form."""
    return takes_forms(ctx.session.client_capabilities)


def check_request(ctx: AnyRequest, params: TaskParams) -> None:
    """Refuse a request about a task that no client with this extension sends.

    Raises:
        MCPError: The header that it is routed by names another task, or the extension was not declared.
    """
    headers = getattr(ctx.request, "headers", None)
    if headers is not None and decode_header_value(headers.get(MCP_NAME_HEADER)) != params.task_id:
        raise MCPError(HEADER_MISMATCH, f"{MCP_NAME_HEADER} header does not match the body's 'taskId'")
    require_client_extension(ctx, IDENTIFIER)


def created(view: TaskView) -> dict[str, Any]:
    """Return the answer to a call that became a task."""
    return {"resultType": "task", **view.head()}


def view_of(standing: Standing, note: str = "") -> TaskView:
    """Return how a job stands as a task."""
    result = None if standing.result is None else plain_result(CallToolResult.model_validate(standing.result))
    took = standing.changed - standing.created if standing.is_over else standing.seconds
    return TaskView(
        task=standing.job,
        status=_STATUSES[standing.status],
        created=standing.created,
        changed=standing.changed,
        kept_seconds=KEPT_SECONDS,
        poll_seconds=min(max(_POLL_SHARE * took, LEAST_POLL_SECONDS), MOST_POLL_SECONDS),
        note=note or _note(standing),
        requests={standing.question.key: _request(standing.question)} if standing.question else {},
        result=result,
    )


def _request(question: Question) -> dict[str, Any]:
    return request_of(question).model_dump(by_alias=True, mode="json", exclude_none=True)


def _note(standing: Standing) -> str:
    if standing.is_over:
        return ""
    if standing.fraction is None:
        return standing.note
    return f"{standing.note} ({standing.fraction:.0%})".lstrip()


async def _result(call_next: CallNext, ctx: AnyRequest) -> HandlerResult:
    return await call_next(ctx)


async def _unheard(fraction: float | None, note: str) -> None:
    """Progress is said to whoever asks for the task."""
