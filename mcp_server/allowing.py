"""Lets a caller see and use what their token allows, whatever way a request came."""

from collections.abc import Mapping
from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.types import INVALID_REQUEST

from ..tools.base.secret_logs import logger_of
from .owner import owner, scopes
from .scopes import Scope, missing, needed

logger = logger_of(__name__)

_JOB_TOOLS = frozenset({"job_status", "job_cancel"})
_KINDS = frozenset({"artifact", "job", "media", "run", "config"})


def allowing(tools: Mapping[str, Scope]) -> ServerMiddleware[Any]:
    """Return what refuses a request that its caller's token does not allow.

    Over HTTP the guard has refused it before, with the status that clients ask for another token on; this one judges
    what was understood in the end.

    Args:
        tools: What each tool asks for.
    """

    async def check(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        asked = needed(ctx.method, ctx.params or {}, tools)
        if asked and asked not in scopes():
            raise MCPError(INVALID_REQUEST, missing(asked))
        if noted := _noted(ctx.method, ctx.params or {}):
            logger.info("%s asked for %s", owner(), noted)
        return await call_next(ctx)

    return check


def _noted(method: str, params: Mapping[str, Any]) -> str | None:
    """Return what to log of a request, never what it says; the other tools log their calls when they end."""
    if method == "tools/call" and params.get("name") in _JOB_TOOLS:
        return str(params["name"])
    if method == "resources/read":
        kind = str(params.get("uri")).partition(":")[0]
        return f"a resource ({kind if kind in _KINDS else 'unknown'})"
    return None
