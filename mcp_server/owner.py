"""Who calls, and what they may do: by their token over HTTP, and this machine's user on standard input."""

from mcp.server.auth.middleware.auth_context import get_access_token

from .scopes import SCOPES, Scope

LOCAL = "local"


def owner() -> str:
    """Return to whom this request's jobs and artifacts belong."""
    token = get_access_token()
    return token.client_id if token else LOCAL


def scopes() -> frozenset[Scope]:
    """Return what this request may do; on standard input everything that the server offers."""
    token = get_access_token()
    return frozenset(one for one in SCOPES if token is None or one in token.scopes)
