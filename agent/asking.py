"""Asks the chat model of a run, and says and starts what it answers while it does."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import add_ai_message_chunks

from .context import Context
from .events import TextDelta
from .listener import Listener
from .stream import Piece


@runtime_checkable
class Telling(Protocol):
    """A brain that tells each piece of its answer, arguments of calls too, before it gives the whole."""

    async def tell(
        self, messages: list[BaseMessage], tools: Sequence[Mapping[str, Any]], hear: Callable[[Piece], None]
    ) -> AIMessage: ...


async def ask(context: Context, messages: list[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> AIMessage:
    """Return the model's answer as plain data that a checkpoint may hold; without tools it has no calls."""
    if not isinstance(context.brain, Telling):
        answer = await _streamed(context, messages, tools)
    else:
        listener = Listener(context.executor, context.max_steps if tools else 0)

        def hear(piece: Piece) -> None:
            if piece.text:
                context.emit(TextDelta(text=piece.text))
            for one in piece.calls:
                listener.hear(one)

        answer = await context.brain.tell(messages, tools, hear)
    return answer if tools else answer.model_copy(update={"tool_calls": [], "invalid_tool_calls": []})


async def _streamed(context: Context, messages: list[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> AIMessage:
    """Ask a brain that only LangChain knows; one that does not stream gives one whole message."""
    model = context.brain.bind_tools(tools) if tools else context.brain  # type: ignore[arg-type]
    chunks: list[AIMessage] = []
    async for chunk in model.astream(messages):
        if isinstance(chunk.content, str) and chunk.content:
            context.emit(TextDelta(text=chunk.content))
        chunks.append(chunk)
    parts = [one for one in chunks if isinstance(one, AIMessageChunk)]
    message: AIMessage = add_ai_message_chunks(*parts) if parts else next(iter(chunks), AIMessage(content=""))
    return AIMessage(
        content=message.content,
        tool_calls=message.tool_calls,
        invalid_tool_calls=message.invalid_tool_calls,
        additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        id=message.id,
    )
