"""One call of a tool of another server: noted before it is sent, sent once, its answer read."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..base.budget import Order, OutcomeUnknown
from ..base.contents import Contents
from ..base.endpoints import Endpoint, ServedModel
from ..base.errors import ToolError, TransientError, UnavailableError
from ..base.labels import of_mcp
from ..base.memo import canonical, digest
from ..base.price import Quote
from ..base.run import Run
from ..base.secrets import redact_model
from .answer import RemoteAnswer
from .configured import Server
from .connection import Connection, NotSent, root_of
from .files import refuse_handles, with_paths
from .link import Link, link_to
from .listing import Listed
from .offering import why_not_offered
from .over_http import Delivery, delivery
from .reading import answer_of, words_of
from .wording import on_a_line, quoted

if TYPE_CHECKING:
    from mcp import MCPError
    from mcp.shared.dispatcher import ProgressFnT

MOST_SENT_BYTES = 4 * 2**20
"""Of the arguments of one call."""
_MOST_SAID = 1_000
_NOTE_SECONDS = 0.2
"""Between two words of how far a call is."""
ROLE = "mcp"


async def call_remote(server: Server, listed: Listed, given: Mapping[str, Any], run: Run) -> RemoteAnswer:
    """Call a tool of a server, and return what it gave.

    Args:
        server: Whose tool it is.
        listed: The tool.
        given: Its arguments under our names, files as handles.
        run: What the call belongs to.

    Raises:
        OutcomeUnknown: It was sent, and no answer came: it is not sent again.
        ToolError: The server refuses it, or answers with something that cannot be used.
        TransientError: It could not be sent.
        UnavailableError: The server cannot be used.
    """
    if why := why_not_offered(server, run.settings):
        raise UnavailableError(f"`{listed.name}` cannot be called: {why}")
    run.call.labels.add(of_mcp(server.name))
    run.used(f"mcp:{server.name}")
    link = link_to(server, run.settings.home, local_only=run.settings.local_only)
    base = digest(ROLE, run.call.id, server.identity, listed.remote, dict(given))
    async with link.turns.setdefault(base, asyncio.Lock()):
        order = _order(server, listed, f"{base}#{link.done.get(base, 0)}", run.call.id)
        if known := _known(order, run):
            return known
        with run.workspace.scratch() as folder:
            sent = {listed.names[name]: one for name, one in given.items()}
            refuse_handles(sent, server, listed.name)
            sent, files = await run.thread(with_paths, sent, server, folder, run)
            if len(written := canonical(sent).encode("utf-8", "replace")) > MOST_SENT_BYTES:
                raise ToolError(
                    f"The arguments of `{listed.name}` have {len(written):,} bytes, and at most {MOST_SENT_BYTES:,} "
                    "are sent. Give less, or a file where the tool takes one."
                )
            contents = Contents(characters=len(written.decode()), **files)
            answer = await _ordered(order, link, listed, sent, run, size=len(written), contents=contents)
        link.done[base] = link.done.get(base, 0) + 1
        return answer


def _order(server: Server, listed: Listed, key: str, call: str) -> Order:
    endpoint = Endpoint(name=server.name, base_url=server.url or f"program:{server.name}")
    return Order(served=ServedModel(endpoint=endpoint, name=listed.remote_shown, role=ROLE), key=key,
                 quote=Quote.free(), call=call)  # fmt: skip


def _known(order: Order, run: Run) -> RemoteAnswer | None:
    """Return the answer that the same call gave before this process died; None when it is to be sent.

    Raises:
        OutcomeUnknown: It was sent, and its answer never came.
    """
    known = run.budget.ledger.find(run.budget.run, order.key)
    if known is None:
        return None
    if known.state == "done" and known.outcome is not None:
        answer = RemoteAnswer.model_validate(known.outcome)
        run.admit(one.handle for one in [*answer.files, answer.text_file, answer.data_file] if one)
        return answer
    if known.state != "done" and run.budget.takes_again(order.key):
        return None
    raise _unknown(order, "this run was interrupted meanwhile")


def _unknown(order: Order, when: str) -> OutcomeUnknown:
    server, tool = order.served.endpoint.name, order.served.name
    return OutcomeUnknown(
        f"`{tool}` was sent to the MCP server `{server}`, and no answer that can be read came: {when.rstrip('.')}. "
        "Whether it did its work is not known, so it was not sent again.",
        order,
    )


async def _ordered(
    order: Order, link: Link, listed: Listed, sent: dict[str, Any], run: Run, *, size: int, contents: Contents
) -> RemoteAnswer:
    """Send a call, written down before as an intent and after with its outcome."""
    ledger, server = run.budget.ledger, link.server
    who: Any = {"call": order.call, "role": ROLE, "provider": server.name, "model": listed.remote_shown}
    connection = await _connected(link)
    number = ledger.intend(run.budget.run, order.key, units={}, usd=0.0, **who)
    told = run.egress.begin(
        role=ROLE, host=_host(server), to=f"{server.name}:{listed.remote_shown}", bytes=size, contents=contents
    )
    delivered = Delivery()
    try:
        raw = await _sent(_Message(listed, sent, run, delivered), connection, link)
    except BaseException as error:
        was_answered = isinstance(error, ToolError) and not isinstance(error, NotSent | _Lost)
        is_open = delivered.was_sent and not was_answered
        ledger.close(number, "unknown" if is_open else "refunded")
        run.egress.end(told, was_sent=delivered.was_sent)
        if isinstance(error, _Lost) and is_open:
            raise _unknown(order, str(error)) from error
        if isinstance(error, _Lost | NotSent):
            raise TransientError(str(error)) from error
        raise
    run.egress.end(told, was_sent=True)
    try:
        if raw.get("isError"):
            ledger.close(number, "refunded")  # it says itself that nothing came of it, and may be asked again
            raise ToolError(
                f"The MCP server `{server.name}` answered `{listed.remote_shown}` with an error. Its words: "
                f"{quoted(words_of(raw), _MOST_SAID) or 'none'}."
            )
        answer = redact_model(await run.thread(answer_of, raw, server, listed, run))
    except BaseException:
        if not raw.get("isError"):
            ledger.settle(number, units={}, usd=0.0, outcome=None)
        raise
    ledger.settle(number, units={}, usd=0.0, outcome=answer.model_dump(mode="json"))
    return answer


class _Lost(ToolError):
    """A call was handed over, and no answer will come."""


async def _connected(link: Link) -> Connection:
    try:
        return await link.connected()
    except NotSent as error:
        raise TransientError(str(error)) from error


@dataclass(frozen=True)
class _Message:
    """What is sent, and what becomes of it."""

    listed: Listed
    given: dict[str, Any]
    run: Run
    delivered: Delivery


async def _sent(message: _Message, connection: Connection, link: Link) -> dict[str, Any]:
    """Send a call and return its answer as it came.

    Raises:
        NotSent: The server does not have it.
        _Lost: The connection broke, or the time was up.
        ToolError: The server refuses it.
    """
    from mcp import MCPError
    from mcp_types import HEADER_MISMATCH

    delivered, server = message.delivered, link.server
    for is_last in (False, True):
        token = delivery.set(delivered)
        try:
            async with asyncio.timeout(server.timeout_seconds):
                return await _asked(message, connection)
        except TimeoutError as error:
            connection.doubt()
            why = f"it took longer than {server.timeout_seconds:g} s (`timeout_seconds`)"
            raise (_Lost if delivered.was_sent else NotSent)(why) from error
        except MCPError as error:
            if error.error.code == HEADER_MISMATCH and not is_last:
                with suppress(Exception):  # then it is refused once more
                    async with asyncio.timeout(server.timeout_seconds):
                        await connection.list_tools()
            elif _is_forgotten(connection, delivered) and not is_last:
                await connection.close()
                connection, delivered.was_sent = await _connected(link), False
            else:
                raise _failure(error, message, connection) from error
        except asyncio.CancelledError:
            connection.doubt()
            raise
        except ToolError:
            raise
        except Exception as error:
            raise _Lost(f"it answered with something that is no result of a tool ({type(root_of(error)).__name__})"
                        ) from error  # fmt: skip
        finally:
            delivery.reset(token)
    raise AssertionError("unreachable")


def _is_forgotten(connection: Connection, delivered: Delivery) -> bool:
    """Tell whether a server was started again since, and knows nothing of the session: so it did nothing."""
    return delivered.status == HTTPStatus.NOT_FOUND and not connection.is_modern


def _failure(error: "MCPError", message: _Message, connection: Connection) -> ToolError:
    """Return what an error of the protocol, or of the SDK in the place of an answer, means for a call."""
    from mcp_types import CONNECTION_CLOSED, PARSE_ERROR

    delivered, server, said = message.delivered, connection.server, quoted(error.error.message, _MOST_SAID)
    status = delivered.status or 0
    if error.error.code == CONNECTION_CLOSED or delivered.why or not connection.is_alive:
        why = on_a_line(delivered.why, 200) or (
            connection.why_ended() if server.is_program else f"it ended with {said}"
        )
        return (_Lost if delivered.was_sent else NotSent)(why)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return UnavailableError(f"The MCP server `{server.name}` is elsewhere now: {said}. Change its `url`.")
    is_unread = error.error.code == PARSE_ERROR or error.error.message.startswith("Unexpected content type")
    if is_unread or status == HTTPStatus.ACCEPTED:
        return _Lost(f"it answered with something that is no result of a tool ({said})")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _Lost(f"it answered with status {status}")
    at = f" with status {status}" if status >= HTTPStatus.BAD_REQUEST else ""
    return ToolError(f"The MCP server `{server.name}` refuses `{message.listed.remote_shown}`{at}. It says {said}.")


async def _asked(message: _Message, connection: Connection) -> dict[str, Any]:
    from mcp_types import CallToolRequest, CallToolRequestParams
    from pydantic import RootModel

    request = CallToolRequest(params=CallToolRequestParams(name=message.listed.remote, arguments=message.given))
    async with connection.using() as client:
        if connection.server.is_program:
            message.delivered.was_sent = True  # what is in a pipe may have been read
        # As plain data: the SDK would check it against a schema of the server's own, with whatever patterns that has.
        telling = _progress(message.run)
        raw = (await client.session.send_request(request, RootModel[dict[str, Any]], progress_callback=telling)).root
    if raw.get("resultType") == "input_required":
        raise ToolError(
            f"`{message.listed.remote_shown}` of the MCP server `{connection.server.name}` asks its user something, "
            "and Sensorium answers no server's questions. Give it all that it needs as arguments, or use it elsewhere."
        )
    if (kind := raw.get("resultType", "complete")) != "complete":
        raise _Lost(f"it answered with something that is no result of a tool ({quoted(str(kind), 40)})")
    return raw


def _progress(run: Run) -> "ProgressFnT":
    last = 0.0

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        nonlocal last
        if time.monotonic() - last < _NOTE_SECONDS:
            return
        last = time.monotonic()
        fraction = min(1.0, max(0.0, progress / total)) if total and total > 0 else None
        with suppress(ToolError):  # that it was stopped is noticed by who waits
            run.progress(fraction, on_a_line(message or "", 200))

    return tell


def _host(server: Server) -> str:
    """Return what the ledger calls it: a program may send on what it gets, so it is not this machine."""
    return f"mcp-program:{server.name}" if server.is_program else urlsplit(server.url).netloc
