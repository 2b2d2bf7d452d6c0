"""Run a server over HTTP, for who has a token."""

import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..tools.base.errors import SettingsError
from ..tools.base.outward import is_this_machine
from .authenticator import Authenticator
from .files_http import UploadLimits, add_file_routes
from .guard import LARGEST_HEAD_BYTES, Guard
from .protected_resource import ProtectedResource
from .tokens import Tokens

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from .app import MediaServer
    from .jwt_tokens import JwtTokens

PATH = "/mcp"
USUAL_PORT = 80
MOST_CONNECTIONS = 256


@dataclass(frozen=True, kw_only=True)
class Web:
    """How to serve over HTTP."""

    host: str
    port: int
    token_file: Path | None
    """Lines of tokens; made where there is none. None where only an issuer gives tokens."""
    jwt: "JwtTokens | None" = None
    public_url: str | None = None
    """The protocol's address as clients write it, where a proxy changes more than the name."""
    hosts: Sequence[str] = ()
    """Names under which the server is reached, beside the bind's own."""
    origins: Sequence[str] = ()
    """Web pages that may call, such as `https://app.example`."""
    max_upload_bytes: int = UploadLimits.max_bytes
    upload_quota_bytes: int = UploadLimits.owner_bytes

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_this_machine(self.host)


def web_app(
    server: "MediaServer",
    tokens: Tokens | None,
    *,
    hosts: Sequence[str],
    origins: Sequence[str],
    max_upload_bytes: int,
    uploads: UploadLimits | None = None,
    jwt: "JwtTokens | None" = None,
    public_url: str | None = None,
) -> "ASGIApp":
    """Return the ASGI application: the protocol at `/mcp`, files beside it, the guard in front of all."""
    from mcp.server.transport_security import TransportSecuritySettings

    add_file_routes(server, server.service, limits=replace(uploads or UploadLimits(), max_bytes=max_upload_bytes))
    security = TransportSecuritySettings(allowed_hosts=list(hosts), allowed_origins=list(origins))
    app = server.streamable_http_app(streamable_http_path=PATH, transport_security=security)
    app.router.redirect_slashes = False  # it would lead to an address without TLS where a proxy adds that
    resource = None
    if jwt:
        scopes = {"media:read", *server.tool_scopes.values()}
        resource = ProtectedResource(issuer=jwt.issuer, scopes=scopes, path=PATH, public_url=public_url)
    authenticator = Authenticator(tokens=tokens, jwt=jwt, resource=resource)
    return Guard(app, authenticator=authenticator, path=PATH, tools=server.tool_scopes, hosts=hosts, origins=origins)


def serve_http(server: "MediaServer", web: Web) -> None:
    """Serve until stopped.

    Raises:
        SettingsError: The address cannot be bound, the token file cannot be used, or others than this machine could
            reach the server and its names were not given.
    """
    import uvicorn

    from .patience import ImpatientProtocol

    file = web.token_file
    if not web.is_loopback and not (web.hosts and (web.jwt or (file and _is_there(file)))):
        raise SettingsError(
            f"{web.host!r} can be reached from other machines. Then `--allow-host NAME` (what clients write in the "
            "address) must be given, and `--token-file FILE`, or `--jwks-url` with `--issuer` and `--audience`; and a "
            "proxy with TLS should stand before it."
        )
    tokens = (Tokens.read(file) if _is_there(file) else Tokens.make(file)) if file else None
    bound = _bind(web.host, web.port)
    port = bound.getsockname()[1]
    hosts = [*web.hosts, *(own_hosts(port) if web.is_loopback else ())]
    origins = [*web.origins, *(f"http://{one}" for one in hosts if web.is_loopback)]
    app = web_app(
        server,
        tokens,
        hosts=hosts,
        origins=origins,
        max_upload_bytes=web.max_upload_bytes,
        uploads=UploadLimits(owner_bytes=web.upload_quota_bytes),
        jwt=web.jwt,
        public_url=web.public_url,
    )
    shown = f"[{web.host}]" if ":" in web.host else web.host
    given = [f"the token is in {file}"] if file else []
    given += [f"tokens of {web.jwt.issuer} are believed"] if web.jwt else []
    print(f"Serving http://{shown}:{port}{PATH}; {', and '.join(given)}", file=sys.stderr, flush=True)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        http=ImpatientProtocol,
        ws="none",
        h11_max_incomplete_event_size=LARGEST_HEAD_BYTES,
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run(sockets=[bound])


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # reading it says why it cannot be read
        return True


def own_hosts(port: int) -> list[str]:
    """Return how clients on this machine name the server; they leave out the usual port."""
    names = ("127.0.0.1", "localhost", "[::1]")
    return [*(f"{name}:{port}" for name in names), *(names if port == USUAL_PORT else ())]


def _bind(host: str, port: int) -> socket.socket:
    try:
        # asyncio switches Nagle's algorithm off only where the protocol is named; with it an answer takes 40 ms more.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        family, kind, protocol, _, address = found[0]
        with ExitStack() as opened:
            bound = opened.enter_context(socket.socket(family, kind, protocol))
            if sys.platform != "win32":  # there it would let a second server take the same address
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen()  # who reads that it serves may call at once
            opened.pop_all()
    except (OSError, OverflowError) as error:
        raise SettingsError(f"{host}:{port} cannot be used: {error}. Choose another address or port.") from error
    return bound
