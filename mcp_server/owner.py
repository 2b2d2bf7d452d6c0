"""Who calls: the name behind a token over HTTP, and this machine's user on standard input."""

from mcp.server.auth.middleware.auth_context import get_access_token

LOCAL = "local"


def owner() -> str:
    """Return to whom this request's jobs and artifacts belong."""
    token = get_access_token()
    return token.client_id if token else LOCAL
