"""Clients of endpoints, one a process: what they may send and to whom, noted as it is sent."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .contents import Contents
from .egress import Egress
from .endpoints import Endpoint, ServedModel
from .errors import SettingsError
from .outward import is_loopback, is_this_machine, refusal

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

CONNECT_SECONDS = 10.0
# What a server needs; the SDK adds telemetry, and for every server what OPENAI_ORG_ID and its like hold.
_HEADERS = frozenset(
    ("host", "authorization", "content-type", "content-length", "accept", "accept-encoding", "connection", "user-agent")
)
_Keeper = AsyncGenerator["AsyncOpenAI", None]
# A connection belongs to its loop, so "one client a process" is one for each loop; programs have one.
_kept: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[object, ...], tuple["AsyncOpenAI", _Keeper]]] = (
    WeakKeyDictionary()
)

_kept_plain: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bool, tuple["httpx2.AsyncClient", Any]]] = (
    WeakKeyDictionary()
)
STAYS = "sensorium_stays"
"""The extension of a request that may not leave this machine."""


class Sending:
    """One try to send a request: whether it left, and what the ledger knows it by."""

    def __init__(self, egress: Egress | None, model: ServedModel, contents: Contents) -> None:
        self._egress = egress
        self._model = model
        self._contents = contents
        self._number: int | None = None

    def begin(self, request: "httpx2.Request") -> None:
        """Note a request that is about to be sent."""
        if self._egress:
            self._number = self._egress.begin(
                role=self._model.role,
                host=request.url.netloc.decode("ascii"),
                to=self._model.full_name,
                bytes=int(request.headers.get("content-length") or 0),
                contents=self._contents,
            )

    def end(self, *, was_sent: bool) -> None:
        """Note how it ended; one that was never ended counts as sent."""
        if self._egress and self._number is not None:
            self._egress.end(self._number, was_sent=was_sent)


_sending: ContextVar[Sending | None] = ContextVar("sending", default=None)


@contextmanager
def noted(sending: Sending) -> Iterator[None]:
    """Let the request that is sent inside be noted."""
    token = _sending.set(sending)
    try:
        yield
    finally:
        _sending.reset(token)


async def client_of(endpoint: Endpoint) -> "AsyncOpenAI":
    """Return this loop's client of an endpoint; making one costs 20 ms."""
    clients = _kept.setdefault(asyncio.get_running_loop(), {})
    identity = (endpoint.base_url, endpoint.secret, endpoint.timeout_seconds, endpoint.local_only)
    if identity not in clients:
        # A loop closes its generators before it ends, and with this one the client's connections.
        keeper = _keep(endpoint, clients, identity)
        clients[identity] = (await anext(keeper), keeper)
    return clients[identity][0]


async def _keep(
    endpoint: Endpoint, clients: dict[tuple[object, ...], Any], identity: tuple[object, ...]
) -> AsyncGenerator["AsyncOpenAI", None]:
    client = _open(endpoint)
    try:
        yield client
    finally:
        del clients[identity]
        await client.close()


def _open(endpoint: Endpoint) -> "AsyncOpenAI":
    import openai

    from .short_bodies import refuse_bombs, shorten

    async def strip(request: "httpx2.Request") -> None:
        for name in [one for one in request.headers if one not in _HEADERS]:
            del request.headers[name]
        if endpoint.secret:
            request.headers["authorization"] = endpoint.authorization
        else:
            del request.headers["authorization"]

    # The last looks at what is really sent, after all that may change it.
    stripping = [] if endpoint.name == "openai" else [strip]
    before = [*stripping, _plainly, *([_stay] if endpoint.local_only else []), _note]
    timeout = openai.Timeout(endpoint.timeout_seconds, connect=CONNECT_SECONDS)
    try:
        http = openai.DefaultAsyncHttpxClient(
            timeout=timeout,
            event_hooks={"request": before, "response": [refuse_bombs, shorten]},
            trust_env=not (endpoint.is_local or endpoint.local_only),  # no proxy leads to this machine
            follow_redirects=False,  # the key goes to the address that was set, and nowhere else
        )
    except (ImportError, ValueError) as error:
        raise _no_proxy(error) from None
    return openai.AsyncOpenAI(
        api_key=endpoint.secret or "none",
        base_url=endpoint.base_url,
        timeout=timeout,
        max_retries=0,
        http_client=http,
    )


async def job_client(endpoint: Endpoint) -> "httpx2.AsyncClient":
    """Return this loop's client of all job APIs: one pool of connections, and another for what is on this machine."""
    clients = _kept_plain.setdefault(asyncio.get_running_loop(), {})
    is_here = endpoint.is_local or endpoint.local_only
    if is_here not in clients:
        keeper = _keep_plain(clients, is_here=is_here)
        clients[is_here] = (await anext(keeper), keeper)
    return clients[is_here][0]


async def _keep_plain(clients: dict[bool, Any], *, is_here: bool) -> AsyncGenerator["httpx2.AsyncClient", None]:
    client = _open_plain(is_here=is_here)
    try:
        yield client
    finally:
        del clients[is_here]
        await client.aclose()


def _open_plain(*, is_here: bool) -> "httpx2.AsyncClient":
    import httpx2

    from .short_bodies import refuse_bombs, shorten

    try:
        client = httpx2.AsyncClient(
            event_hooks={"request": [_plainly, _stay_if_told, _note], "response": [refuse_bombs, shorten]},
            headers={"user-agent": "sensorium", "accept": "application/json"},
            timeout=httpx2.Timeout(60.0, connect=CONNECT_SECONDS),
            trust_env=not is_here,  # no proxy leads to this machine
            follow_redirects=False,  # the key goes to the address that was set, and nowhere else
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=60.0),
        )
    except (ImportError, ValueError) as error:
        raise _no_proxy(error) from None
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


async def _plainly(request: "httpx2.Request") -> None:
    """Let an answer be compressed only as `refuse_bombs` lets it pass."""
    request.headers["accept-encoding"] = "gzip, deflate"


async def _stay_if_told(request: "httpx2.Request") -> None:
    if request.extensions.get(STAYS):
        await _stay(request)


def _no_proxy(error: Exception) -> SettingsError:
    # Only the first is shown: it says which package is missing, the second may show a proxy's password.
    reason = str(error) if isinstance(error, ImportError) else "it is no proxy's address"
    return SettingsError(
        f"The proxy in `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` cannot be used: {reason}. Change or unset it."
    )


async def _note(request: "httpx2.Request") -> None:
    if sending := _sending.get():
        sending.begin(request)


async def _stay(request: "httpx2.Request") -> None:
    """Let a request pass that does not leave this machine.

    Raises:
        LocalOnlyError: It would; nothing was looked up or sent.
    """
    host = request.url.host
    if not is_this_machine(host):
        raise refusal(host)

    async def look_at_peer(event: str, about: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            stream = about["return_value"]
            peer = stream.get_extra_info("server_addr")
            if not (isinstance(peer, tuple) and is_loopback(str(peer[0]))):
                await stream.aclose()
                raise refusal(host)

    # What a name led to a moment ago is not what counts, but who answered when it was dialled.
    request.extensions = {**request.extensions, "trace": look_at_peer}
