"""Tells those who listen what became of their jobs and artifacts, so that they need not look again and again."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.subscriptions import ResourceUpdated, ServerEvent

from ..tools.base.errors import SensoriumError
from .owner import owner

if TYPE_CHECKING:
    from .service import Service

MOST_WATCHED = 100
"""Jobs that one stream tells of."""
PAUSE_SECONDS = 0.5
_JOB = "job://"


class News:
    """The SDK's bus of events, on which what is an owner's reaches nobody else."""

    def __init__(self) -> None:
        self._listeners: dict[object, tuple[str, Callable[[ServerEvent], None]]] = {}

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Let whoever makes this request listen; return what ends that."""
        token = object()
        self._listeners[token] = owner(), listener

        def unsubscribe() -> None:
            self._listeners.pop(token, None)

        return unsubscribe

    async def publish(self, event: ServerEvent) -> None:
        """Tell everybody."""
        for _, listener in list(self._listeners.values()):
            listener(event)
        await asyncio.sleep(0)  # so that a burst is read before it overflows

    def tell(self, who: str, event: ServerEvent) -> None:
        """Tell an owner."""
        for own, listener in list(self._listeners.values()):
            if own == who:
                listener(event)


class JobNews:
    """Middleware that watches the jobs of which a stream of `subscriptions/listen` wants to hear."""

    def __init__(self, service: "Service") -> None:
        self._service = service

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Serve a stream; pass on all that is none."""
        if ctx.method != "subscriptions/listen":
            return await call_next(ctx)
        watching = [asyncio.create_task(self._watch(one, owner())) for one in _jobs_in(ctx.params or {})]
        try:
            return await call_next(ctx)
        finally:
            for one in watching:
                one.cancel()

    async def _watch(self, job_id: str, who: str) -> None:
        """Tell how a job stands now, and whenever that changes, until it has ended."""
        told: Any = None
        is_over = False
        while not is_over:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                standing = await self._service.jobs.look(job_id, who)
            except SensoriumError:
                return  # it is somebody else's, or was forgotten
            is_over = standing.is_over
            if (now := (standing.status, standing.fraction, standing.note)) != told:
                told = now
                self._service.news.tell(who, ResourceUpdated(uri=f"{_JOB}{job_id}"))


def _jobs_in(params: Mapping[str, Any]) -> list[str]:
    """Return the ids of the jobs that a stream wants to hear of; what is malformed, the SDK refuses."""
    wanted = params.get("notifications")
    uris = wanted.get("resourceSubscriptions") if isinstance(wanted, Mapping) else None
    named = [one for one in uris if isinstance(one, str)] if isinstance(uris, list) else []
    return [one.removeprefix(_JOB) for one in dict.fromkeys(named) if one.startswith(_JOB)][:MOST_WATCHED]
