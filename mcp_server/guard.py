"""Stops a request at the door of the HTTP server: wrong host, foreign page, no token, not allowed."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import DEFAULT_MAX_REQUEST_BODY_SIZE
from mcp.types import INVALID_REQUEST
from starlette.authentication import AuthCredentials
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Request

from ..tools.base.secret_logs import logger_of
from .authenticator import Authenticator
from .principals import KeysError, Principal, TokenError
from .scopes import SCOPES, Scope, missing, needed

logger = logger_of(__name__)

LARGEST_HEAD_BYTES = 32 * 1024
"""Of an address and its headers; tokens have up to 8 KiB."""
EACH = 128
"""Requests of one caller's that may be open at a time, streams too: half of the server's connections."""
BODY_SECONDS = 60.0
"""How long the body of a request may take; uploads have limits of their own."""
RETRY_SECONDS = 30
"""When to come again, while the keys of the issuer cannot be read."""
_EXPOSED = ("Mcp-Session-Id", "WWW-Authenticate", "Content-Disposition")


class Guard:
    """Lets a request through when Host, Origin, token and scope are right; no body is read before.

    The SDK checks Host and Origin only on loopback binds, its `:*` patterns are prefixes, and the routes beside `/mcp`
    are not checked by it at all; so here every route is, by exact names.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator,
        path: str,
        tools: Mapping[str, Scope],
        hosts: Collection[str],
        origins: Collection[str],
    ) -> None:
        """Stand before an application.

        Args:
            app: What is guarded.
            authenticator: Knows whose tokens are believed.
            path: Of the protocol; all else are files.
            tools: What each tool asks for.
            hosts: The names of this server.
            origins: The pages that may call.
        """
        self._app = AuthContextMiddleware(app)
        self._outside = app
        self._authenticator = authenticator
        self._path = path
        self._tools = tools
        self._open: Counter[str] = Counter()
        self._hosts = frozenset(one.lower() for one in hosts)
        self._origins = frozenset(one.lower() for one in origins)
        foreign = sorted(one for one in self._origins if one.partition("://")[2] not in self._hosts)
        # A browser asks first, without a token, whether a page of another origin may call, and lets it read no answer
        # that does not say so.
        self._inside: ASGIApp = self._admit
        if foreign:
            self._inside = CORSMiddleware(
                self._admit,
                allow_origins=foreign,
                allow_methods=("GET", "POST", "DELETE"),
                allow_headers=("*",),
                expose_headers=_EXPOSED,
            )

    async def __call__(self, scope: Request, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._outside(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # a websocket: not accepted, so it is closed
        # The HTTP library has a limit, too, but sees only what does not come at once.
        head = [
            scope.get("raw_path") or b"",
            scope["query_string"],
            *(part for one in scope["headers"] for part in one),
        ]
        if sum(map(len, head)) > LARGEST_HEAD_BYTES:
            await _refuse(send, 431, f"An address and its headers may have {LARGEST_HEAD_BYTES:,} bytes in all.")
            return
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            await _refuse(send, 421, "This server does not have that name. Start it with `--allow-host NAME`.")
        elif any(one.lower() not in self._origins for one in origins) or len(origins) > 1:
            await _refuse(send, 403, "Pages of that origin may not call. Start the server with `--allow-origin URL`.")
        elif not scope["path"].isprintable():
            # A line break at its end is the same path to some routers, and another one to us.
            await _refuse(send, 404, "There is nothing here.")
        elif "content-length" in headers and "transfer-encoding" in headers:
            # RFC 9112, 6.3: whoever stands before this server may have seen another end of it.
            await _refuse(send, 400, "Say the length of a body, or send it in chunks.", {"connection": "close"})
        else:
            # Many write a slash at its end.
            path = self._path if scope["path"] == f"{self._path}/" else scope["path"]
            await self._inside({**scope, "path": path}, receive, send)

    async def _admit(self, scope: Request, receive: Receive, send: Send) -> None:
        headers, resource = Headers(scope=scope), self._authenticator.resource
        if resource and resource.is_at(scope["path"]) and scope["method"] in ("GET", "HEAD"):
            await _send(send, 200, resource.document(headers["host"]))
            return
        try:
            principal = await self._authenticator.principal(headers)
        except TokenError as error:
            logger.info("Refused %s: %s", scope["path"][:100].encode("unicode_escape").decode(), error)
            challenge = {} if "authorization" not in headers else {"error": "invalid_token"}
            # RFC 6750: who gave no token is told no error code.
            await _refuse(send, 401, str(error), self._challenge(headers, challenge, str(error)))
            return
        except KeysError:
            told = "The keys of the issuer of tokens cannot be read at present. Try again."
            await _refuse(send, 503, told, {"retry-after": str(RETRY_SECONDS)})
            return
        if self._open[principal.name] >= EACH:
            told = f"{EACH} of your requests are open. Wait until some have ended."
            await _refuse(send, 429, told, {"retry-after": "1"})
            return
        self._open[principal.name] += 1
        try:
            await self._serve(principal, scope, receive, send)
        finally:
            self._open[principal.name] -= 1
            if not self._open[principal.name]:
                del self._open[principal.name]

    async def _serve(self, principal: Principal, scope: Request, receive: Receive, send: Send) -> None:
        headers, messages = Headers(scope=scope), list[Message]()
        if scope["path"] == self._path and scope["method"] == "POST":
            try:
                messages = await _body(receive)
            except TimeoutError:
                told = f"The body of a request must be there within {BODY_SECONDS:g} s."
                await _refuse(send, 408, told, {"connection": "close"})
                return
            if messages[-1]["type"] == "http.disconnect":
                return  # nobody reads an answer
            receive = _again(messages, receive)
        asked, request = self._asked(scope, messages, principal)
        if asked and asked not in principal.scopes:
            logger.info("Refused %s to %s: its token does not allow %s", scope["method"], principal.name, asked)
            # What it has already is named too: a client that asks for less loses it.
            wanted = " ".join(sorted({*principal.scopes, asked}))
            challenge = {"error": "insufficient_scope", "scope": wanted}
            told = missing(asked)
            await _refuse(send, 403, told, self._challenge(headers, challenge, told), request=request)
            return
        # The token itself is kept nowhere.
        user = AuthenticatedUser(AccessToken(token="", client_id=principal.name, scopes=sorted(principal.scopes)))
        listens = scope["method"] == "GET" or headers.get("mcp-method") == "subscriptions/listen"
        if principal.until is not None and scope["path"] == self._path and listens:
            receive, send = _ending(principal.until, receive, send)
        await self._app({**scope, "user": user, "auth": AuthCredentials(user.scopes)}, receive, send)

    def _asked(
        self, scope: Request, messages: list[Message], principal: Principal
    ) -> tuple[Scope | None, dict[str, Any] | None]:
        """Return what a body asks for, and the request in it.

        Whoever may do everything is not looked at. The server checks again what it understood (see `app`).
        """
        if principal.scopes == SCOPES:
            return None, None
        if scope["path"] != self._path:
            return "media:read", None
        if scope["method"] != "POST":
            return None, None
        try:
            request = json.loads(b"".join(one.get("body", b"") for one in messages))
            asked = needed(request["method"], request.get("params") or {}, self._tools)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            return None, None  # refused where it is understood
        return asked, request

    def _challenge(self, headers: Headers, said: Mapping[str, str], description: str) -> dict[str, str]:
        said = {"realm": "sensorium", **said}
        if "error" in said:
            said["error_description"] = description.replace('"', "'").replace("`", "'")
        if resource := self._authenticator.resource:
            said.setdefault("scope", " ".join(sorted(resource.scopes)))
            said["resource_metadata"] = resource.metadata_url(headers["host"])
        return {"www-authenticate": "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items())}


async def _body(receive: Receive) -> list[Message]:
    """Return the messages of a body, or as many of them as show that it is too large.

    Raises:
        TimeoutError: It does not come.
    """
    messages, size, more = list[Message](), 0, True
    async with asyncio.timeout(BODY_SECONDS):
        while more and size <= DEFAULT_MAX_REQUEST_BODY_SIZE:  # a larger one is refused
            messages.append(message := await receive())
            size += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
    return messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Return what gives these messages first."""
    rest = iter(messages)

    async def give() -> Message:
        return next(rest, None) or await receive()

    return give


def _ending(until: float, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Return what ends a stream of news with the token that it was opened with, as if its client had left."""
    deadline = asyncio.get_running_loop().time() + until - time.time()
    is_open = has_ended = False

    async def hear() -> Message:
        nonlocal has_ended
        try:
            async with asyncio.timeout_at(deadline):
                return await receive()
        except TimeoutError:
            has_ended = True
            if is_open:
                await send({"type": "http.response.body", "body": b""})
            return {"type": "http.disconnect"}

    async def tell(message: Message) -> None:
        nonlocal is_open
        if not has_ended:
            is_open = message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

    return hear, tell


async def _refuse(
    send: Send,
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    request: Mapping[str, Any] | None = None,
) -> None:
    body: dict[str, Any] = {"error": message}
    if request is not None and isinstance(number := request.get("id"), str | int):
        # A client hands it to whoever made the call.
        body = {"jsonrpc": "2.0", "id": number, "error": {"code": INVALID_REQUEST, "message": message}}
    await _send(send, status, body, headers)


async def _send(send: Send, status: int, body: Mapping[str, Any], more: Mapping[str, str] | None = None) -> None:
    content = json.dumps(body).encode()
    headers = {"content-type": "application/json", "content-length": str(len(content)), **(more or {})}
    listed = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": content})
