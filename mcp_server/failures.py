"""What a client is told of an error that nobody foresaw: that there was one, and nothing of its words."""

from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import INTERNAL_ERROR
from pydantic import ValidationError

from ..tools.base.secret_logs import logger_of
from .shaping import unforeseen

logger = logger_of(__name__)


async def discreet(context: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Answer a request; the words of an error that nobody foresaw stay here, as the SDK lets old clients have them."""
    try:
        return await call_next(context)
    except (MCPError, ValidationError):  # the SDK sends nothing of the latter's words
        raise
    except Exception:
        logger.exception("`%s` raised what it should not", context.method)
        raise MCPError(INTERNAL_ERROR, unforeseen(context.method)) from None
