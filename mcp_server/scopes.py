"""What a caller may be allowed to do, and what a request asks for."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

Scope = Literal["media:read", "media:make", "code:run", "agent:run"]
SCOPES: frozenset[Scope] = frozenset(get_args(Scope))


def needed(method: str, params: Mapping[str, Any], tools: Mapping[str, Scope]) -> Scope | None:
    """Return what a caller must be allowed to do for a request; None where whoever has a token may make it.

    Jobs need nothing but to be one's own: what they do was allowed when they were ordered.

    Args:
        method: Of the protocol.
        params: Its parameters, as they came.
        tools: What each tool asks for.
    """
    if method == "tools/call":
        name = params.get("name")
        return tools.get(name) if isinstance(name, str) else None
    if method in ("resources/read", "resources/subscribe"):
        return None if str(params.get("uri", "")).startswith("job://") else "media:read"
    return None


def missing(scope: Scope) -> str:
    """Return what to tell a caller who may not do this."""
    return f"Your token does not allow `{scope}`, which this needs. Get a token with that scope."
