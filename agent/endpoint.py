"""A chat model behind any OpenAI-compatible endpoint."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, InvalidToolCall, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, invalid_tool_call, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from ..tools.base import faults
from ..tools.base.budget import Budget
from ..tools.base.egress import Egress
from ..tools.base.endpoints import ServedModel
from ..tools.base.posting import post
from ..tools.base.price import counted
from .arguments import BrokenArguments, broken, read_arguments
from .recorded import PATH, ordered
from .spoken import Spoken
from .stream import Call, Completion, NotAChat, Piece, Refused
from .wire import wire_messages, wire_tool

if TYPE_CHECKING:
    import httpx2

_DRAIN_SECONDS = 0.5
"""How long the end of the connection is waited for after `[DONE]`, so that it can be used again."""


class EndpointBrain(BaseChatModel):
    """Streams chat completions; gives text as it comes, then the tool calls, then the count of tokens."""

    served: ServedModel = Field(exclude=True, repr=False)
    fallbacks: tuple[ServedModel, ...] = Field(default=(), exclude=True, repr=False)
    """Who is asked, in this order, when that one is down."""
    budget: Budget | None = Field(default=None, exclude=True, repr=False)
    """Who pays, and remembers what was answered; None: nobody."""

    def bind_tools(
        self, tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return this model with tools it may call; ours are `{name, description, input_schema}`."""
        wired = [
            wire_tool(one) if isinstance(one, Mapping) and "input_schema" in one else convert_to_openai_tool(one)
            for one in tools
        ]
        return self.bind(tools=wired, **kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        completion = Completion()
        async with aclosing(self._pieces(messages, stop, kwargs, completion)) as pieces:
            async for piece in pieces:
                if piece.text or piece.reasoning:
                    yield _chunk(piece)
        yield _last(completion, self.served)

    async def tell(
        self, messages: list[BaseMessage], tools: Sequence[Mapping[str, Any]], hear: Callable[[Piece], None]
    ) -> AIMessage:
        """Give each piece of the answer to `hear` as it comes, and return the whole.

        What `astream` gives too, for half the CPU, and with it the arguments of calls before they are whole: there
        LangChain would complete them by guessing.
        """
        completion = Completion()
        wired = {"tools": [wire_tool(one) for one in tools]} if tools else {}
        texts: list[str] = []
        thoughts: list[str] = []
        async with aclosing(self._pieces(messages, None, wired, completion)) as pieces:
            async for piece in pieces:
                texts.append(piece.text)
                thoughts.append(piece.reasoning)
                hear(piece)
        return _message("".join(texts), "".join(thoughts), completion, self.served)

    async def _pieces(
        self, messages: list[BaseMessage], stop: list[str] | None, more: Mapping[str, Any], completion: Completion
    ) -> AsyncGenerator[Piece, None]:
        """Yield what comes while it puts `completion` together."""

        egress = self.budget.ledger.egress(self.budget.run) if self.budget else None

        def send(served: ServedModel, request: bytes, own: Completion) -> AsyncGenerator[Piece, None]:
            return _send(served, request, own, egress)

        def body_for(served: ServedModel) -> Mapping[str, Any]:
            return self._body(served, messages, stop, more)

        models = [self.served, *self.fallbacks]
        async with aclosing(ordered(self.budget, models, body_for, send, completion)) as pieces:
            async for piece in pieces:
                yield piece

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, run_manager, **kwargs))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return asyncio.run(self._agenerate(messages, stop, **kwargs))

    def _body(
        self, served: ServedModel, messages: list[BaseMessage], stop: list[str] | None, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        quirks = served.endpoint.quirks
        return {
            "model": served.name,
            "messages": wire_messages(messages, served),
            "stream": True,
            **({"stream_options": {"include_usage": True}} if quirks.usage else {}),
            **({"stop": stop} if stop else {}),
            **more,
            **quirks.body,
        }

    @property
    def _llm_type(self) -> str:
        return "sensorium-endpoint"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.served.full_name, "base_url": self.served.endpoint.base_url}


async def _send(
    served: ServedModel, request: bytes, completion: Completion, egress: Egress | None
) -> AsyncGenerator[Piece, None]:
    """Send a request, and yield what comes while it puts `completion` together."""
    try:
        async with (
            post(served, PATH, request, egress=egress) as response,
            aclosing(_until_complete(response, completion)) as received,
        ):
            # What a server repeats of the key goes no further than this.
            spoken = Spoken()
            async for data in received:
                yield spoken.take(completion.feed(data))
                if completion.is_done:
                    break
            rest = completion.end()
            if not completion.is_complete:
                raise faults.broken_off(served, "the connection ended before the answer did")
            yield spoken.last(rest, completion)
            if completion.is_done:
                await _drain(received)
    except NotAChat as error:
        raise faults.not_a_chat(served, error.text) from None
    except Refused as error:
        raise faults.refused(served, error.status, error.text) from None


async def _until_complete(response: "httpx2.Response", completion: Completion) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a response; a connection that breaks after the answer's end takes nothing from it."""
    import httpx2

    try:
        async for data in response.aiter_bytes():
            yield data
    except httpx2.RequestError:
        if not completion.is_complete:
            raise


async def _drain(received: AsyncIterator[bytes]) -> None:
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in received:
                pass
    except TimeoutError:
        pass  # the server keeps it open; it is closed instead


def _chunk(piece: Piece, **more: Any) -> ChatGenerationChunk:
    thought = {"reasoning_content": piece.reasoning} if piece.reasoning else {}
    return ChatGenerationChunk(message=AIMessageChunk(content=piece.text, additional_kwargs=thought, **more))


def _last(completion: Completion, served: ServedModel) -> ChatGenerationChunk:
    return _chunk(
        Piece(),
        tool_call_chunks=[_tool_call(call) for call in completion.calls],
        chunk_position="last",
        **_about(completion, served),
    )


def _tool_call(call: Call) -> ToolCallChunk:
    try:
        arguments = json.dumps(read_arguments(call.arguments))
    except BrokenArguments:
        arguments = broken(call.arguments)
    return tool_call_chunk(name=call.name, args=arguments, id=call.id, index=call.number)


def _message(text: str, reasoning: str, completion: Completion, served: ServedModel) -> AIMessage:
    made: list[ToolCall] = []
    unread: list[InvalidToolCall] = []
    for call in completion.calls:
        try:
            made.append(tool_call(name=call.name, args=read_arguments(call.arguments), id=call.id))
        except BrokenArguments:
            unread.append(invalid_tool_call(name=call.name, args=broken(call.arguments), id=call.id, error=None))
    return AIMessage(
        content=text,
        tool_calls=made,
        invalid_tool_calls=unread,
        additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
        **_about(completion, served),
    )


def _about(completion: Completion, served: ServedModel) -> dict[str, Any]:
    usage = _usage(completion.usage)
    return {
        "usage_metadata": usage,
        "response_metadata": {
            "endpoint": served.endpoint.name,
            "model_name": served.name,
            "finish_reason": completion.finish_reason,
            "usage": "reported" if usage else "missing",
            **completion.about,
        },
    }


def _usage(reported: Mapping[str, Any] | None) -> UsageMetadata | None:
    """Return the count of tokens; None when the server gave none, which is not the same as 0."""
    if reported is None or not _count(reported, "prompt_tokens"):
        return None
    taken, given = _count(reported, "prompt_tokens"), _count(reported, "completion_tokens")
    usage = UsageMetadata(input_tokens=taken, output_tokens=given, total_tokens=taken + given)
    if cached := _count(reported.get("prompt_tokens_details"), "cached_tokens"):
        usage["input_token_details"] = {"cache_read": cached}
    if thought := _count(reported.get("completion_tokens_details"), "reasoning_tokens"):
        usage["output_token_details"] = {"reasoning": thought}
    return usage


def _count(reported: Any, name: str) -> int:
    value = reported.get(name) if isinstance(reported, Mapping) else None
    return int(counted(value) or 0)
