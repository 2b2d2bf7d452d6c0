"""Lets a caller see and use what their token allows, whatever way a request came."""

from collections.abc import Mapping
from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.types import INVALID_REQUEST

from .owner import scopes
from .scopes import Scope, missing, needed


def allowing(tools: Mapping[str, Scope]) -> ServerMiddleware[Any]:
    """Return what refuses a request that its caller's token does not allow.

    Over HTTP the guard has refused it before, with the status that clients ask for another token on; this one judges
    what was understood in the end.

    Args:
        tools: What each tool asks for.
    """

    async def check(context: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        asked = needed(context.method, context.params or {}, tools)
        if asked and asked not in scopes():
            raise MCPError(INVALID_REQUEST, missing(asked))
        return await call_next(context)

    return check
