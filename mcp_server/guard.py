"""Stops a request at the door of the HTTP server: wrong host, foreign page, no token."""

import json
from collections.abc import Collection

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.authentication import AuthCredentials
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .scopes import SCOPES
from .tokens import Tokens


class Guard:
    """Lets a request through when Host, Origin and token are right; its body is not read before.

    The SDK checks Host and Origin only on loopback binds, its `:*` patterns are prefixes, and the routes beside `/mcp`
    are not checked by it at all; so here every route is, by exact names.
    """

    def __init__(self, app: ASGIApp, *, tokens: Tokens, hosts: Collection[str], origins: Collection[str]) -> None:
        self._app = AuthContextMiddleware(app)
        self._outside = app
        self._tokens = tokens
        self._hosts = frozenset(one.lower() for one in hosts)
        self._origins = frozenset(one.lower() for one in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._outside(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # a websocket: not accepted, so it is closed
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            await _refuse(send, 421, "This server does not have that name. Start it with `--allow-host NAME`.")
        elif any(one.lower() not in self._origins for one in origins):
            await _refuse(send, 403, "Pages of that origin may not call. Start the server with `--allow-origin URL`.")
        elif owner := self._owner(headers):
            user = AuthenticatedUser(AccessToken(token="", client_id=owner, scopes=sorted(SCOPES)))
            await self._app({**scope, "user": user, "auth": AuthCredentials([])}, receive, send)
        else:
            await _refuse(send, 401, "Send `Authorization: Bearer TOKEN`; the token is in the server's token file.")

    def _owner(self, headers: Headers) -> str | None:
        given = headers.getlist("authorization")
        kind, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        return self._tokens.owner(token.strip()) if kind.lower() == "bearer" else None


async def _refuse(send: Send, status: int, message: str) -> None:
    content = json.dumps({"error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="sensorium"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
