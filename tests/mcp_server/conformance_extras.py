"""What the suite's scenarios that decide no score ask for: a wide input schema, and a stream that is taken up again."""

from functools import partial
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.types import JSONRPCMessage

NOTE = "For the conformance suite."
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class Memory(EventStore):
    """The events of all streams, in their order."""

    def __init__(self) -> None:
        self._events: list[tuple[str, JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: str, message: JSONRPCMessage | None) -> str:
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        last = int(last_event_id)
        stream, _ = self._events[last - 1]
        for number, (of, message) in enumerate(self._events[last:], last + 1):
            if of == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


def add_extras(server: MCPServer[Any]) -> None:
    """Register the two tools, and let the application that is made of the server remember events."""

    @server.tool(description=NOTE)
    async def test_reconnection(context: Context[Any, Any]) -> str:
        await context.close_sse_stream()
        return "Reconnection test completed successfully"

    @server.tool(description=NOTE)
    async def json_schema_2020_12_tool() -> str:
        return "done"

    # A schema that no signature has; the products' own tools set theirs in the same place.
    server._tool_manager._tools["json_schema_2020_12_tool"].parameters = SCHEMA
    # Our own application keeps no events: jobs outlive a connection, and 2026-07-28 has no resumption.
    server.streamable_http_app = partial(server.streamable_http_app, event_store=Memory(), retry_interval=50)  # type: ignore[method-assign]
