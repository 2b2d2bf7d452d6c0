"""Why there is no connection to a server, or none any more, for who set it and for who called."""

from ..base.errors import SensoriumError, ToolError, UnavailableError
from .configured import Server
from .over_http import Delivery
from .program import Program
from .wording import on_a_line, quoted


class NotSent(ToolError):
    """A server could not be connected to, so that it was not asked anything."""


def not_connected(server: Server, why: str) -> NotSent:
    """Return what to raise where a server cannot be connected to."""
    return NotSent(
        f"The MCP server `{server.name}` ({server.place}) could not be connected to: {why.rstrip('.')}. "
        "See `sensorium doctor`."
    )


def not_opened(error: BaseException, server: Server, program: Program | None, last: Delivery) -> SensoriumError:
    """Return what an error means that came while a connection was opened.

    Args:
        error: As the SDK raised it, whatever it is.
        server: Its settings.
        program: The server, where it is a program.
        last: What became of the last request, where it is an address.
    """
    found = root_of(error)
    if isinstance(found, SensoriumError):
        return found
    if last.status in (401, 403):
        return UnavailableError(
            f"The MCP server `{server.name}` at {server.place} answered with status {last.status}: it wants another "
            f"key. Set `key` or `headers` in `[mcp.servers.{server.name}]` of sensorium.toml."
        )
    is_gone = program.ended_by_itself or program.why if program else last.why or (last.status or 0) >= 400
    return not_connected(server, why_ended(program, last) if is_gone or _is_closed(found) else f"{_named(found)}.")


def why_ended(program: Program | None, last: Delivery) -> str:
    """Say why a connection is gone, as far as is known."""
    if program:
        return f"{program.why or 'the program ended'}.{program.last_words()}"
    if last.why:
        return f"{on_a_line(last.why, 200)}."
    return f"it answered with status {last.status}." if (last.status or 0) >= 400 else "it broke off."


def root_of(error: BaseException) -> BaseException:
    """Return the first error of a group, which is what went wrong."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _is_closed(error: BaseException) -> bool:
    from mcp import MCPError
    from mcp_types import CONNECTION_CLOSED

    return isinstance(error, MCPError) and error.error.code == CONNECTION_CLOSED


def _named(error: BaseException) -> str:
    from mcp import MCPError
    from mcp_types import PARSE_ERROR

    if isinstance(error, MCPError) and error.error.code != PARSE_ERROR:
        return f"it says {quoted(error.error.message, 300)}"
    return f"its answer is not one of an MCP server ({flaw_of(error)})"


def flaw_of(error: BaseException) -> str:
    """Say what the SDK has against an answer: for who wrote that server, and can mend it."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return quoted(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", 200)
    # Of the SDK, for a revision of the protocol that there is not.
    return quoted(str(error), 200) if isinstance(error, RuntimeError) else type(error).__name__
