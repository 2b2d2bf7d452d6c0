"""Our server with what the conformance suite calls by name: python conformance_server.py HOME. It prints its port.

The suite's own tools are registered on `build_server()` and served behind our guard, so that headers, errors, caching
and protection are ours. The suite cannot send a token, so one is added to each request before the guard sees it.
"""

import asyncio
import base64
import socket
import sys
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from conformance_extras import add_extras
from conformance_rounds import add_rounds
from conformance_tasks import add_tasks
from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.types import (
    AudioContent,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import Field

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.mcp_server.serve import web_app
from sensorium.mcp_server.tokens import Tokens
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings

AnyContext = Context[Any, Any]
TOKEN = "token-for-the-suite"
NOTE = "For the conformance suite."
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WAV = base64.b64encode(b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0\x80>\0\0\2\0\x10\0data\0\0\0\0").decode()
TEXT_SCHEMA = {"type": "string"}
DEFAULTS = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
TITLED = [{"const": f"value{n}", "title": f"{word} Option"} for n, word in enumerate(("First", "Second", "Third"), 1)]
ENUMS = {
    "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
    "titledSingle": {"type": "string", "oneOf": TITLED},
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
    "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
}


def resource(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    """Return a text inside a result."""
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


def add_contents(server: MCPServer[Any]) -> None:
    """Register the tools that give one kind of content each."""
    picture = ImageContent(type="image", data=PNG, mime_type="image/png")

    @server.tool(description=NOTE)
    async def test_simple_text() -> list[TextContent]:
        return [TextContent(type="text", text="This is a simple text response for testing.")]

    @server.tool(description=NOTE)
    async def test_image_content() -> list[ImageContent]:
        return [picture]

    @server.tool(description=NOTE)
    async def test_audio_content() -> list[AudioContent]:
        return [AudioContent(type="audio", data=WAV, mime_type="audio/wav")]

    @server.tool(description=NOTE)
    async def test_embedded_resource() -> list[EmbeddedResource]:
        return [resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")]

    @server.tool(description=NOTE)
    async def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
        mixed = resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
        return [TextContent(type="text", text="Multiple content types test:"), picture, mixed]

    @server.tool(description=NOTE)
    async def test_error_handling() -> str:
        raise ToolError("This tool intentionally returns an error for testing")

    @server.tool(description=NOTE)
    async def test_header(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
        return region


def add_talk(server: MCPServer[Any]) -> None:
    """Register the tools that talk to the client while they run; most of it is gone in 2026-07-28."""

    @server.tool(description=NOTE)
    async def test_tool_with_progress(context: AnyContext) -> str:
        for progress in (0, 50, 100):
            await context.report_progress(progress, 100)
            await asyncio.sleep(0.05)
        return "done"

    @server.tool(description=NOTE)
    async def test_tool_with_logging(context: AnyContext) -> str:
        for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await context.info(text)
            await asyncio.sleep(0.05)
        return "done"

    @server.tool(description=NOTE)
    async def test_sampling(prompt: str, context: AnyContext) -> str:
        message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
        given = await context.session.create_message([message], max_tokens=100)
        return f"LLM response: {getattr(given.content, 'text', given.content)}"

    async def elicited(context: AnyContext, message: str, properties: dict[str, Any], required: list[str]) -> str:
        schema = {"type": "object", "properties": properties, "required": required}
        given = await context.session.elicit_form(message, schema, context.request_context.request_id)
        return f"Elicitation completed: action={given.action}, content={given.content}"

    @server.tool(description=NOTE)
    async def test_elicitation(message: str, context: AnyContext) -> str:
        return await elicited(context, message, {"username": TEXT_SCHEMA, "email": TEXT_SCHEMA}, ["username", "email"])

    @server.tool(description=NOTE)
    async def test_elicitation_sep1034_defaults(context: AnyContext) -> str:
        return await elicited(context, "Check these", DEFAULTS, [])

    @server.tool(description=NOTE)
    async def test_elicitation_sep1330_enums(context: AnyContext) -> str:
        return await elicited(context, "Choose", ENUMS, [])

    @server.tool(description=NOTE)
    async def test_missing_capability(context: AnyContext) -> str:
        if context.client_capabilities and context.client_capabilities.sampling is not None:
            return "sampling is there"
        raise MCPError(-32021, "Sampling is needed", {"requiredCapabilities": {"sampling": {}}})

    @server.tool(description=NOTE)
    async def test_trigger_tool_change(context: AnyContext) -> str:
        await context.notify_tools_changed()
        return "told"

    @server.tool(description=NOTE)
    async def test_trigger_prompt_change(context: AnyContext) -> str:
        await context.notify_prompts_changed()
        return "told"


def add_texts(server: MCPServer[Any]) -> None:
    """Register the suite's resources and prompts."""

    @server.resource("test://static-text", mime_type="text/plain")
    async def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    async def static_binary() -> bytes:
        return base64.b64decode(PNG)

    @server.resource("test://watched-resource", mime_type="text/plain")
    async def watched() -> str:
        return "watched"

    @server.resource("test://template/{id}/data", mime_type="application/json")
    async def template(id: str) -> str:
        return f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'

    @server.prompt(description=NOTE)
    async def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt(description=NOTE)
    async def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt(name="test_prompt_with_embedded_resource", description=NOTE)
    async def embedded(resourceUri: str) -> list[UserMessage]:
        content = resource(resourceUri, "text/plain", "Embedded resource content for testing.")
        return [UserMessage(content), UserMessage("Please process the embedded resource above.")]

    @server.prompt(description=NOTE)
    async def test_prompt_with_image() -> list[UserMessage]:
        picture = ImageContent(type="image", data=PNG, mime_type="image/png")
        return [UserMessage(picture), UserMessage("Please analyze the image above.")]


def add_old_methods(server: MCPServer[Any]) -> None:
    """Register three methods that `MCPServer` leaves out and the suite for 2025-11-25 calls."""

    async def nothing(context: Any, params: Any) -> EmptyResult:
        return EmptyResult()

    for method, kind in (
        ("logging/setLevel", SetLevelRequestParams),
        ("resources/subscribe", SubscribeRequestParams),
        ("resources/unsubscribe", UnsubscribeRequestParams),
    ):
        server._lowlevel_server.add_request_handler(method, kind, nothing)


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = build_server(Settings(home=Path(sys.argv[1]), offline=True), catalog(), Access())
    for add in (add_contents, add_talk, add_texts, add_old_methods, add_rounds, add_tasks, add_extras):
        add(server)
    hosts = [f"localhost:{port}", f"127.0.0.1:{port}"]
    origins = [f"http://{one}" for one in hosts]
    app = web_app(server, Tokens.of({TOKEN: "suite"}), hosts=hosts, origins=origins, max_upload_bytes=1000)

    async def with_token(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            token = (b"authorization", f"Bearer {TOKEN}".encode())
            scope = {**scope, "headers": [*scope["headers"], token]}
        await app(scope, receive, send)

    print(port, flush=True)
    uvicorn.Server(uvicorn.Config(with_token, log_level="warning")).run(sockets=[listening])


if __name__ == "__main__":
    main()
