"""Speaks with an MCP server at an address: what it may be sent, and how much is taken from it."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..base.errors import UnavailableError
from ..base.outward import is_loopback, is_this_machine, refusal
from .configured import Server

if TYPE_CHECKING:
    import httpx2
    from mcp.client._transport import TransportStreams

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 30.0
"""The longest silence of a server, beyond the time that a call may take: who waits gives up before."""
MOST_BODY_BYTES = 64 * 2**20
"""Of one answer; a call with some large pictures in base64 is shorter."""
MOST_EVENT_BYTES = 48 * 2**20
MOST_EVENT_LINES = 80_000
"""Of one answer that comes in events: about 20,000 of them."""
MOST_STREAMS = 100
"""That one connection opens for what a server says unasked."""
_UNREACHABLE = 599
"""Stands for an answer that never came: an exception would end the other calls of the connection with this one."""


@dataclass
class Delivery:
    """What became of one request."""

    was_sent: bool = False
    """Whether the server may have it."""
    status: int | None = None
    why: str = ""
    """Why there was no answer."""


delivery: ContextVar[Delivery | None] = ContextVar("delivery", default=None)
"""Of the request that is sent inside."""


@asynccontextmanager
async def speaking(server: Server, *, local_only: bool, last: Delivery) -> "AsyncGenerator[TransportStreams, None]":
    """Give the streams of messages to and from the server.

    Args:
        server: Where it is, and what goes with each request.
        local_only: Let nothing leave this machine.
        last: Is told of each request, whoever made it: why a connection could not be made.
    """
    from mcp.client.streamable_http import streamable_http_client

    async with (
        _client(server, local_only=local_only, last=last) as client,
        streamable_http_client(server.url, http_client=client, max_sse_event_size=MOST_EVENT_BYTES) as streams,
    ):
        yield streams


def _client(server: Server, *, local_only: bool, last: Delivery) -> "httpx2.AsyncClient":
    import httpx2

    class Client(httpx2.AsyncClient):
        """Sends nothing elsewhere, and takes no more than it should."""

        streams_opened = 0

        async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
            if local_only and not is_this_machine(request.url.host):
                raise refusal(request.url.host)
            self.streams_opened += request.method == "GET"
            if self.streams_opened > MOST_STREAMS:
                # The SDK opens it again whenever a server ends it, as soon as that server likes.
                return httpx2.Response(_UNREACHABLE, request=request)
            told = [last, *filter(None, [delivery.get()])]
            request.extensions = {
                **request.extensions,
                "trace": _watched(told, request.url.host, local_only=local_only),
            }
            try:
                response = await super().send(request, **options)
            except httpx2.HTTPError as error:
                for one in told:
                    one.why = f"{type(error).__name__}: {str(error) or error.__context__ or ''}".rstrip(": ")
                return httpx2.Response(_UNREACHABLE, request=request)
            for one in told:
                one.status = response.status_code
            if response.headers.get("content-encoding", "identity") != "identity":
                await response.aclose()
                for one in told:
                    one.why = "it packed its answer, though it was asked not to"
                return httpx2.Response(_UNREACHABLE, request=request)
            if isinstance(response.stream, httpx2.AsyncByteStream):
                is_events = response.headers.get("content-type", "").startswith("text/event-stream")
                response.stream = _limited(response.stream, MOST_EVENT_LINES if is_events else None)
            return response

    try:
        return Client(
            # Of what is packed it is not known how large it is before it is there.
            headers={**server.headers, "accept-encoding": "identity", "user-agent": "sensorium"},
            timeout=httpx2.Timeout(server.timeout_seconds + SILENT_SECONDS, connect=CONNECT_SECONDS),
            trust_env=not (server.is_local or local_only),  # no proxy leads to this machine
            follow_redirects=False,  # what goes with a request is for the address that was set
        )
    except (ImportError, ValueError) as error:
        reason = str(error) if isinstance(error, ImportError) else "it is no proxy's address"
        raise UnavailableError(
            f"The proxy in `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` cannot be used: {reason}. Change or unset it."
        ) from None


def _watched(told: list[Delivery], host: str, *, local_only: bool) -> Any:
    """Return what is told of the steps of a request, and stops one that would leave this machine."""

    async def watch(event: str, about: Mapping[str, Any]) -> None:
        if local_only and event == "connection.connect_tcp.complete":
            stream = about["return_value"]
            peer = stream.get_extra_info("server_addr")
            if not (isinstance(peer, tuple) and is_loopback(str(peer[0]))):
                await stream.aclose()
                raise refusal(host)
        if event.endswith("send_request_headers.started"):
            for one in told:
                one.was_sent = True

    return watch


def _limited(stream: "httpx2.AsyncByteStream", most_lines: int | None) -> "httpx2.AsyncByteStream":
    import httpx2

    class Limited(httpx2.AsyncByteStream):
        """A body that breaks off where it is too long; a connection that breaks looks the same."""

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = lines = 0
            try:
                async for piece in stream:
                    size += len(piece)
                    lines += piece.count(b"\n")
                    if most_lines is not None and lines > most_lines:
                        raise httpx2.StreamError(f"the answer has more than {most_lines:,} lines of events")
                    if size > MOST_BODY_BYTES:
                        raise httpx2.StreamError(f"the answer has more than {MOST_BODY_BYTES:,} bytes")
                    yield piece
            except httpx2.TransportError as error:
                raise httpx2.StreamError(f"the answer broke off: {error}") from error

        async def aclose(self) -> None:
            await stream.aclose()

    return Limited()
