"""Keeps to itself what an error says that nobody foresaw, and names that are too long to be repeated."""

from typing import Any

from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS
from pydantic import ValidationError

from ..tools.base.secret_logs import logger_of
from .failures import HALF_A_LETTER, unforeseen

logger = logger_of(__name__)

LONGEST_NAME = 16_384
"""Letters of what is named: the longest path there is, each byte of it percent-encoded. Answers repeat names."""


async def discreet(context: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Answer a request; the words of an error that nobody foresaw stay here, as the SDK lets old clients have them."""
    params = context.params or {}
    named = {"method": context.method, **{one: params.get(one) for one in ("name", "uri")}}
    for what, value in named.items():
        if isinstance(value, str) and len(value) > LONGEST_NAME:
            raise MCPError(INVALID_PARAMS, f"`{what}` has {len(value):,} letters, and may have {LONGEST_NAME:,}.")
    try:
        return await call_next(context)
    except (MCPError, ValidationError):  # the SDK sends nothing of the latter's words
        raise
    except UnicodeEncodeError:
        raise MCPError(INVALID_PARAMS, HALF_A_LETTER) from None
    except Exception:
        logger.exception("`%s` raised what it should not", context.method)
        raise MCPError(INTERNAL_ERROR, unforeseen(context.method)) from None
