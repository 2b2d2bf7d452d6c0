"""Sends one call over the connection to its server, and tells what an answer that is none means for it."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ..base.errors import ToolError, TransientError, UnavailableError
from ..base.run import Run
from .connection import Connection
from .failures import NotSent, flaw_of, root_of
from .link import Link
from .listing import Listed
from .over_http import Delivery, delivery
from .wording import on_a_line, quoted

if TYPE_CHECKING:
    from mcp import MCPError
    from mcp.shared.dispatcher import ProgressFnT

MOST_SAID = 1_000
"""Letters of what a server says of an error."""
_NOTE_SECONDS = 0.2
"""Between two words of how far a call is."""


class Lost(ToolError):
    """A call was handed over, and no answer will come."""


@dataclass(frozen=True)
class Message:
    """What is sent, and what becomes of it."""

    listed: Listed
    given: dict[str, Any]
    run: Run
    delivered: Delivery


async def connected(link: Link) -> Connection:
    """Return a connection that works as far as is known.

    Raises:
        TransientError: None can be made now; one may be later.
        UnavailableError: None can be made before something is changed.
    """
    try:
        return await link.connected()
    except NotSent as error:
        raise TransientError(str(error)) from error


async def send(message: Message, connection: Connection, link: Link) -> dict[str, Any]:
    """Send a call and return its answer as it came.

    Raises:
        NotSent: The server does not have it.
        Lost: The connection broke, or the time was up.
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
            raise (Lost if delivered.was_sent else NotSent)(why) from error
        except MCPError as error:
            if error.error.code == HEADER_MISMATCH and not is_last:
                with suppress(Exception):  # then it is refused once more
                    async with asyncio.timeout(server.timeout_seconds):
                        await connection.list_tools()
            elif _is_forgotten(connection, delivered) and not is_last:
                await connection.close()
                connection, delivered.was_sent = await connected(link), False
            else:
                raise _failure(error, message, connection) from error
        except asyncio.CancelledError:
            connection.doubt()
            raise
        except ToolError:
            raise
        except Exception as error:
            raise Lost(f"it answered with something that is no result of a tool ({flaw_of(root_of(error))})"
                        ) from error  # fmt: skip
        finally:
            delivery.reset(token)
    raise AssertionError("unreachable")


def _is_forgotten(connection: Connection, delivered: Delivery) -> bool:
    """Tell whether a server was started again since, and knows nothing of the session: so it did nothing."""
    return delivered.status == HTTPStatus.NOT_FOUND and not connection.is_modern


def _failure(error: "MCPError", message: Message, connection: Connection) -> ToolError:
    """Return what an error of the protocol, or of the SDK in the place of an answer, means for a call."""
    from mcp_types import CONNECTION_CLOSED, PARSE_ERROR

    delivered, server, said = message.delivered, connection.server, quoted(error.error.message, MOST_SAID)
    status = delivered.status or 0
    if error.error.code == CONNECTION_CLOSED or delivered.why or not connection.is_alive:
        why = on_a_line(delivered.why, 200) or (
            connection.why_ended() if server.is_program else f"it ended with {said}"
        )
        return (Lost if delivered.was_sent else NotSent)(why)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return UnavailableError(f"The MCP server `{server.name}` is elsewhere now: {said}. Change its `url`.")
    is_unread = error.error.code == PARSE_ERROR or error.error.message.startswith("Unexpected content type")
    if is_unread or status == HTTPStatus.ACCEPTED:
        return Lost(f"it answered with something that is no result of a tool ({said})")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Lost(f"it answered with status {status}")
    at = f" with status {status}" if status >= HTTPStatus.BAD_REQUEST else ""
    return ToolError(f"The MCP server `{server.name}` refuses `{message.listed.remote_shown}`{at}. It says {said}.")


async def _asked(message: Message, connection: Connection) -> dict[str, Any]:
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
        raise Lost(f"it answered with something that is no result of a tool ({quoted(str(kind), 40)})")
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
