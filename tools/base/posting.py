"""Sends requests to endpoints: one retry layer, what is sent is noted, and errors can be acted on."""

import asyncio
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from . import faults
from .breaker import breaker_of
from .clients import CONNECT_SECONDS, Sending, client_of, noted
from .contents import Contents, contents_of
from .egress import Egress
from .endpoints import ServedModel
from .errors import LocalOnlyError, ProviderError, SensoriumError, StorageError
from .form_files import Files, parts_of
from .outward import refuse_endpoint
from .secret_logs import logger_of

if TYPE_CHECKING:
    import httpx2

logger = logger_of(__name__)

Answer = TypeVar("Answer")
MAX_TRIES = 4
MAX_WAIT_SECONDS = 60.0
"""A server that asks for a longer pause is not waited for."""
TOTAL_WAIT_SECONDS = 120.0
"""All pauses of one request together."""
BUSY_WAITS_SECONDS = (1.0, 2.0, 4.0)
"""Pauses after 429 from a server that names none."""
REFUSED_WAITS_SECONDS = (0.2, 1.0)
"""Pauses when no connection could be made: a local server may just be starting."""


@asynccontextmanager
async def post(
    model: ServedModel,
    path: str,
    body: Mapping[str, Any] | bytes,
    *,
    files: Files | None = None,
    egress: Egress | None = None,
) -> AsyncIterator["httpx2.Response"]:
    """Give the response to one request, its body still to be read.

    Args:
        model: Who is asked.
        path: Below the endpoint's `base_url`.
        body: JSON data, or the same already written; with files, the other fields of the form.
        files: Sent as a form with several parts.
        egress: Where what is sent is written down, each try for itself; None: nowhere.

    Raises:
        LocalOnlyError: It would leave this machine, and nothing may.
        SettingsError: The key, the model or the address is wrong; the message names the setting.
        ProviderError: The endpoint is down, refuses, or breaks off while it is read.
    """
    contents = contents_of(body, files) if egress else Contents()
    async with _asking(
        model, "post", path, _written(body, files), sending=lambda: Sending(egress, model, contents)
    ) as response:
        yield response


@asynccontextmanager
async def get(model: ServedModel, path: str, *, egress: Egress | None = None) -> AsyncIterator["httpx2.Response"]:
    """Give the response to a request that asks for something, such as the state of work; else as `post`."""
    async with _asking(model, "get", path, {}, sending=lambda: Sending(egress, model, Contents())) as response:
        yield response


async def read_whole(model: ServedModel, response: "httpx2.Response", most_bytes: int) -> bytes:
    """Return the body of a response.

    Raises:
        ProviderError: It is longer than it may be; some never end.
    """
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > most_bytes:
            raise faults.broken_off(model, f"it goes on after {most_bytes} bytes")
    return b"".join(parts)


@asynccontextmanager
async def _asking(
    model: ServedModel,
    method: Literal["get", "post"],
    path: str,
    written: Mapping[str, Any],
    *,
    sending: Callable[[], Sending],
) -> AsyncIterator["httpx2.Response"]:
    import httpx2

    refuse_endpoint(model.endpoint)
    # The SDK's errors hold the request with its key and what the server repeated of it, so none is chained.
    with breaker_of(model.endpoint).trying(model):
        response = await _accepted(model, method, path, written, sending)
        try:
            yield response
        except httpx2.TimeoutException:
            raise faults.silent(model) from None
        except httpx2.RequestError as error:
            raise faults.broken_off(model, str(error) or type(error).__name__) from None
        finally:
            await response.aclose()


def _written(body: Mapping[str, Any] | bytes, files: Files | None) -> dict[str, Any]:
    """Return a request's body as the client's arguments."""
    if isinstance(body, bytes):
        return {"content": body, "options": {"headers": {"content-type": "application/json"}}}
    if files:
        return {
            "body": dict(body),
            "files": parts_of(files),
            "options": {"headers": {"content-type": "multipart/form-data"}},
        }
    return {"body": dict(body)}


async def _accepted(
    model: ServedModel,
    method: Literal["get", "post"],
    path: str,
    written: Mapping[str, Any],
    open_sending: Callable[[], Sending],
) -> "httpx2.Response":
    """Send the request with the SDK, whose errors are no more than what it was told."""
    import httpx2
    import openai

    client = await client_of(model.endpoint)

    async def ask() -> "httpx2.Response":
        try:
            # Not `chat.completions.create`, which walks all messages and tools: 16 ms at 40 turns against 1.
            sent = getattr(client, method)(
                path, **written, cast_to=httpx2.Response, stream=True, stream_cls=openai.AsyncStream[Any]
            )
            return cast("httpx2.Response", await sent)
        except openai.APIStatusError as error:
            return error.response
        except openai.APIConnectionError as error:
            raise _Unanswered from error

    return await accepted(model, ask, open_sending, lambda response, tries: _refused(model, response, tries))


class _Unanswered(Exception):
    """A request got no answer; its causes say why."""


async def accepted(
    model: ServedModel,
    ask: Callable[[], Awaitable[Answer]],
    open_sending: Callable[[], Sending],
    judge: Callable[[Answer, int], tuple[SensoriumError, float | None] | None],
) -> Answer:
    """Return an answer that was let pass; a request that was certainly not worked on is sent again.

    Args:
        model: Who is asked.
        ask: Sends the request once.
        open_sending: Gives what notes one try.
        judge: Returns None for an answer that passes, else its error, and the pause before it is asked again where that
            may be; it is told how often it was asked before.

    Raises:
        SensoriumError: As `judge` says, or the endpoint gives no answer.
    """
    import httpx2

    waited = 0.0
    for tries in range(MAX_TRIES):
        sending = open_sending()
        try:
            with noted(sending):
                answer = await ask()
            sending.end(was_sent=True)
            if (judged := judge(answer, tries)) is None:
                return answer
            fault, wait = judged
        except (_Unanswered, httpx2.RequestError) as error:
            causes = list(_causes(error))
            if refused := next((one for one in causes if isinstance(one, LocalOnlyError | StorageError)), None):
                sending.end(was_sent=False)
                raise refused from None
            sending.end(was_sent=not any(isinstance(one, _not_sent()) for one in causes))
            fault, wait = _unanswered(model, error, tries)
        if wait is None or tries + 1 == MAX_TRIES or wait > MAX_WAIT_SECONDS or waited + wait > TOTAL_WAIT_SECONDS:
            if isinstance(fault, ProviderError):
                fault.wait_seconds = wait
            raise fault from None
        wait *= random.uniform(1.0, 1.1)
        logger.info("`%s` is asked again in %.1f s", model.endpoint.name, wait)
        await asyncio.sleep(wait)
        waited += wait
    raise AssertionError("unreachable")


def _refused(model: ServedModel, response: "httpx2.Response", tries: int) -> tuple[SensoriumError, float | None] | None:
    """Return the error of a request that was answered, and the pause before it is sent again; None when it passes."""
    if response.has_redirect_location:
        return faults.moved(model, response.status_code, response.headers["location"]), None
    if response.is_success:
        return None
    return faults.refused(model, response.status_code, response.text), _pause(response, tries)


def _pause(response: "httpx2.Response", tries: int) -> float | None:
    """Return how long to wait before a refused request is sent again; None when it must not be."""
    asked = retry_after(response.headers)
    if response.status_code == 429 and not faults.is_out_of_credit(response.text):
        return BUSY_WAITS_SECONDS[min(tries, len(BUSY_WAITS_SECONDS) - 1)] if asked is None else asked
    return asked if response.status_code == 503 else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the pause a server asks for: seconds, a date, or OpenAI's milliseconds."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        if not (asked := headers.get("retry-after")):
            return None
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)).total_seconds())
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _unanswered(model: ServedModel, error: Exception, tries: int) -> tuple[SensoriumError, float | None]:
    """Return the error of a request without an answer, and the pause before it is sent again."""
    import httpx2

    causes = list(_causes(error))
    if any(isinstance(one, ssl.SSLError) for one in causes):
        if "WRONG_VERSION_NUMBER" in str(causes[-1]):  # OpenSSL's words for an answer that is not TLS at all
            return faults.unreachable(model, "it speaks no TLS; its address may begin with `http://`"), None
        return faults.unreachable(model, f"its certificate is not accepted ({causes[-1]})"), None
    if any(isinstance(one, socket.gaierror) for one in causes):
        return faults.unreachable(model, "its name is not known, or there is no network"), None
    if any(isinstance(one, httpx2.ConnectTimeout) for one in causes):
        return faults.unreachable(model, f"no connection within {CONNECT_SECONDS:g} s"), None
    if any(isinstance(one, httpx2.ConnectError) for one in causes):
        wait = REFUSED_WAITS_SECONDS[tries] if tries < len(REFUSED_WAITS_SECONDS) else None
        return faults.unreachable(model, "the connection was refused"), wait
    if any(isinstance(one, httpx2.ProxyError) for one in causes):
        return faults.unreachable(model, f"the proxy refused ({causes[-1]})"), None
    if any(isinstance(one, httpx2.TimeoutException) for one in causes):
        return faults.silent(model), None
    return faults.broken_off(model, str(causes[-1]) or type(causes[-1]).__name__), None


def _not_sent() -> tuple[type[Exception], ...]:
    """Return the errors after which nothing of a request has left: there was no connection."""
    import httpx2

    return (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything it was raised from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):
            for one in seen.exceptions:
                yield from _causes(one)
        seen = seen.__cause__ or seen.__context__
