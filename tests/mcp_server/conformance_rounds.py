"""What the conformance suite asks of results that need input first (2026-07-28), on our server."""

from collections.abc import Callable
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import (
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)

AnyContext = Context[Any, Any]


def ask(message: str, name: str, kind: str = "string") -> ElicitRequest:
    """Return a question with one answer."""
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(text: str, tokens: int) -> CreateMessageRequest:
    """Return a request for a model's words."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=tokens))


def said(text: str) -> CallToolResult:
    """Return a result of one text."""
    return CallToolResult(content=[TextContent(type="text", text=text)])


def answer(context: AnyContext, key: str, name: str) -> Any:
    """Return what was answered to a question, or None when it was not answered properly."""
    given = (context.input_responses or {}).get(key)
    return (given.content or {}).get(name) if isinstance(given, ElicitResult) and given.action == "accept" else None


def add_rounds(server: MCPServer[Any]) -> None:
    """Register the tools and the prompt that ask before they answer."""
    for register in (_add_single, _add_with_state, _add_prompt):
        register(server)


def _add_single(server: MCPServer[Any]) -> None:
    tool = _adder(server)

    async def elicitation(context: AnyContext) -> CallToolResult | InputRequiredResult:
        if name := answer(context, "user_name", "name"):
            return said(f"Hello, {name}!")
        return InputRequiredResult(input_requests={"user_name": ask("What is your name?", "name")})

    async def sampling(context: AnyContext) -> CallToolResult | InputRequiredResult:
        given = (context.input_responses or {}).get("capital_question")
        if isinstance(given, CreateMessageResult):
            return said(f"The model said: {given.content}")
        return InputRequiredResult(input_requests={"capital_question": sample("What is the capital of France?", 100)})

    async def list_roots(context: AnyContext) -> CallToolResult | InputRequiredResult:
        given = (context.input_responses or {}).get("client_roots")
        if given is not None and hasattr(given, "roots"):
            return said(f"Roots: {', '.join(str(one.uri) for one in given.roots)}")
        return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})

    async def capabilities(context: AnyContext) -> CallToolResult | InputRequiredResult:
        if context.input_responses:
            return said("answered")
        declared = context.client_capabilities
        requests: dict[str, Any] = {}
        if declared and declared.sampling is not None:
            requests["greeting"] = sample("Generate a greeting", 50)
        if declared and declared.elicitation is not None:
            requests["user_name"] = ask("What is your name?", "name")
        return InputRequiredResult(input_requests=requests, request_state="asked")

    for function in (elicitation, sampling, list_roots, capabilities):
        tool(function)


def _add_with_state(server: MCPServer[Any]) -> None:
    tool = _adder(server)

    async def request_state(context: AnyContext) -> CallToolResult | InputRequiredResult:
        if context.request_state == "confirming" and answer(context, "confirm", "ok") is not None:
            return said("state-ok")
        asked = {"confirm": ask("Please confirm", "ok", "boolean")}
        return InputRequiredResult(input_requests=asked, request_state="confirming")

    async def tampered_state(context: AnyContext) -> CallToolResult | InputRequiredResult:
        return await request_state(context)

    async def multiple_inputs(context: AnyContext) -> CallToolResult | InputRequiredResult:
        asked: dict[str, Any] = {
            "user_name": ask("What is your name?", "name"),
            "greeting": sample("Generate a greeting", 50),
            "client_roots": ListRootsRequest(),
        }
        if context.request_state == "three" and asked.keys() <= (context.input_responses or {}).keys():
            return said(f"All three answers are here, {answer(context, 'user_name', 'name')}.")
        return InputRequiredResult(input_requests=asked, request_state="three")

    async def multi_round(context: AnyContext) -> CallToolResult | InputRequiredResult:
        state = context.request_state or ""
        if state.startswith("second:") and (colour := answer(context, "step2", "color")):
            return said(f"{state.removeprefix('second:')} likes {colour}.")
        if state == "first" and (name := answer(context, "step1", "name")):
            asked = {"step2": ask("Step 2: What is your favorite color?", "color")}
            return InputRequiredResult(input_requests=asked, request_state=f"second:{name}")
        return InputRequiredResult(
            input_requests={"step1": ask("Step 1: What is your name?", "name")}, request_state="first"
        )

    for function in (request_state, tampered_state, multiple_inputs, multi_round):
        tool(function)


def _add_prompt(server: MCPServer[Any]) -> None:
    @server.prompt()
    async def test_input_required_result_prompt(context: AnyContext) -> Any:
        """Ask for a context first."""
        if given := answer(context, "user_context", "context"):
            return f"Work in this context: {given}"
        asked = {"user_context": ask("What context should the prompt use?", "context")}
        return InputRequiredResult(input_requests=asked)


def _adder(server: MCPServer[Any]) -> Callable[[Callable[..., Any]], None]:
    def add(function: Callable[..., Any]) -> None:
        server.add_tool(function, name=f"test_input_required_result_{function.__name__}", description="For the suite.")

    return add
