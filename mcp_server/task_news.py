"""Tells those who listen how their tasks stand, so that they need not ask: `notifications/tasks`."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp.types import (
    INVALID_PARAMS,
    RequestId,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
)
from pydantic import BaseModel

from .owner import owner
from .service import Service
from .task_wire import TaskView
from .tasks import AnyRequest, Tasks, asks_user, declares_tasks

MOST_WATCHED = 100
"""Tasks that all streams of an owner tell of; those after them are to be asked for."""
PAUSE_SECONDS = 0.5
_FIELD = "taskIds"


class _News(BaseModel):
    """A notification, as the session sends it."""

    params: dict[str, Any]
    method: str = "notifications/tasks"


class _Session:
    """The session of a stream, which is told with the acknowledgement which tasks it will hear of."""

    def __init__(self, session: Any, tasks: list[str]) -> None:
        self._session = session
        self._tasks = tasks
        self.is_acknowledged = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def send_notification(self, notification: Any, related_request_id: RequestId | None = None) -> None:
        if isinstance(notification, SubscriptionsAcknowledgedNotification):
            params = notification.params.model_dump(by_alias=True, exclude_none=True)
            params["notifications"][_FIELD] = self._tasks
            told = SubscriptionsAcknowledgedNotificationParams.model_validate(params)
            notification = SubscriptionsAcknowledgedNotification(params=told)
        await self._session.send_notification(notification, related_request_id)
        self.is_acknowledged.set()


class TaskNews:
    """Middleware that adds an owner's tasks to what the SDK's `subscriptions/listen` tells of."""

    def __init__(self, tasks: Tasks, service: Service) -> None:
        self._tasks = tasks
        self._service = service
        self._watched: Counter[str] = Counter()
        """How many tasks each owner hears of."""

    async def __call__(self, ctx: AnyRequest, call_next: CallNext) -> HandlerResult:
        """Serve a stream; pass on all that is none, or has no task in it."""
        if ctx.method != "subscriptions/listen" or (asked := _asked(ctx)) is None or not declares_tasks(ctx):
            return await call_next(ctx)
        who, asks = owner(), asks_user(ctx)
        heard = list(dict.fromkeys(asked))[: max(0, MOST_WATCHED - self._watched[who])]
        self._watched[who] += len(heard)
        watching: list[asyncio.Task[None]] = []
        try:
            known = [one for one in heard if await self._tasks.knows(one)]
            session = _Session(ctx.session, known)
            watching += [asyncio.create_task(self._tell(one, session, ctx.request_id, asks=asks)) for one in known]
            return await call_next(replace(ctx, session=cast(Any, session)))
        finally:
            self._watched[who] -= len(heard)
            for one in watching:
                one.cancel()

    async def _tell(self, task: str, session: _Session, stream: RequestId | None, *, asks: bool) -> None:
        await session.is_acknowledged.wait()
        async for view in self._news(task, asks=asks):
            params = {**view.whole(), "_meta": {SUBSCRIPTION_ID_META_KEY: stream}}
            await session.send_notification(_News(params=params), stream)

    async def _news(self, task: str, *, asks: bool) -> AsyncIterator[TaskView]:
        """Give how a task stands, again whenever that changes, until it has ended."""
        told: Any = None
        while True:
            kept = self._service.tasks.get(task, owner())
            changed = kept.news if kept else asyncio.Event()
            try:
                view = await self._tasks.view(task, asks=asks)
            except MCPError:  # it was forgotten
                return
            if (now := (view.status, view.note, sorted(view.requests))) != told:
                told = now
                yield view
            if view.is_over:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), None if kept else PAUSE_SECONDS)


def _asked(ctx: AnyRequest) -> list[str] | None:
    """Return the tasks that a stream is to tell of.

    Raises:
        MCPError: They are no list of ids.
    """
    wanted = (ctx.params or {}).get("notifications")
    asked = wanted.get(_FIELD) if isinstance(wanted, dict) else None
    if asked is not None and not (isinstance(asked, list) and all(isinstance(one, str) for one in asked)):
        raise MCPError(INVALID_PARAMS, f"`{_FIELD}` must be a list of strings")
    return asked
