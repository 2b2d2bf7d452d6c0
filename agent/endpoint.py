"""A chat model behind any OpenAI-compatible endpoint."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from ..tools.base import faults
from ..tools.base.endpoints import ServedModel
from ..tools.base.posting import post
from .arguments import BrokenArguments, broken, read_arguments
from .stream import Call, Completion, NotAChat, Piece, Refused
from .wire import wire_messages, wire_tool

if TYPE_CHECKING:
    import httpx2

_DRAIN_SECONDS = 0.5
"""How long the end of the connection is waited for after `[DONE]`, so that it can be used again."""


class EndpointBrain(BaseChatModel):
    """Streams chat completions; gives text as it comes, then the tool calls, then the count of tokens."""

    served: ServedModel = Field(exclude=True, repr=False)

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
        try:
            async with (
                post(self.served, "/chat/completions", self._body(messages, stop, kwargs)) as response,
                aclosing(_until_complete(response, completion)) as received,
            ):
                async for data in received:
                    piece = completion.feed(data)
                    if piece.text or piece.reasoning:
                        yield _chunk(piece)
                    if completion.is_done:
                        break
                piece = completion.end()
                if not completion.is_complete:
                    raise faults.broken_off(self.served, "the connection ended before the answer did")
                yield _last(piece, completion, self.served)
                if completion.is_done:
                    await _drain(received)
        except NotAChat as error:
            raise faults.not_a_chat(self.served, error.text) from None
        except Refused as error:
            raise faults.refused(self.served, error.status, error.text) from None

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

    def _body(self, messages: list[BaseMessage], stop: list[str] | None, more: Mapping[str, Any]) -> dict[str, Any]:
        quirks = self.served.endpoint.quirks
        return {
            "model": self.served.name,
            "messages": wire_messages(messages, self.served),
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


def _last(piece: Piece, completion: Completion, served: ServedModel) -> ChatGenerationChunk:
    usage = _usage(completion.usage)
    return _chunk(
        piece,
        tool_call_chunks=[_tool_call(call, number) for number, call in enumerate(completion.calls)],
        usage_metadata=usage,
        response_metadata={
            "endpoint": served.endpoint.name,
            "model_name": served.name,
            "finish_reason": completion.finish_reason,
            "usage": "reported" if usage else "missing",
        },
        chunk_position="last",
    )


def _tool_call(call: Call, number: int) -> ToolCallChunk:
    try:
        arguments = read_arguments(call.arguments)
    except BrokenArguments:
        return tool_call_chunk(name=call.name, args=broken(call.arguments), id=call.id, index=number)
    return tool_call_chunk(name=call.name, args=json.dumps(arguments), id=call.id, index=number)


def _usage(reported: Mapping[str, Any] | None) -> UsageMetadata | None:
    """Return the count of tokens; None when the server gave none, which is not the same as 0."""
    if reported is None or "prompt_tokens" not in reported:
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
    return value if isinstance(value, int) and value > 0 else 0
