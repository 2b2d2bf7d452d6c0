"""The node that asks the chat model what to do next, or for the last word."""

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import add_ai_message_chunks
from langgraph.runtime import Runtime

from .context import Context, give, has_calls
from .events import TextDelta
from .last_words import ENDED, cut_short, is_whole, nothing_said, shortfall_of
from .messages import system_message
from .offer import tool_schemas
from .state import State

MAX_ROUNDS = 12


async def brain(state: State, runtime: Runtime[Context]) -> State:
    """Ask the chat model what to do next, or for the last word."""
    context = runtime.context
    give(context.executor, state)
    last_round = state["rounds"] >= MAX_ROUNDS
    model = context.brain if last_round else context.brain.bind_tools(tool_schemas(context.catalog))
    chunks: list[AIMessage] = []
    async for chunk in model.astream([system_message(), *state["messages"]]):
        if isinstance(chunk.content, str) and chunk.content:
            context.emit(TextDelta(text=chunk.content))
        chunks.append(chunk)
    answer = _joined(chunks, with_calls=not last_round)
    update: State = {"messages": [answer], "rounds": state["rounds"] + 1, "answer": str(answer.text)}
    return update if has_calls(answer) else update | _ending(state, answer, context)


def _joined(chunks: list[AIMessage], *, with_calls: bool) -> AIMessage:
    """Return the message that the chunks are, as plain data that a checkpoint may hold.

    A model that does not stream gives one whole message instead.
    """
    parts = [one for one in chunks if isinstance(one, AIMessageChunk)]
    message: AIMessage = add_ai_message_chunks(*parts) if parts else next(iter(chunks), AIMessage(content=""))
    return AIMessage(
        content=message.content,
        tool_calls=message.tool_calls if with_calls else [],
        invalid_tool_calls=message.invalid_tool_calls if with_calls else [],
        additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        id=message.id,
    )


def _ending(state: State, answer: AIMessage, context: Context) -> State:
    """Return what is to be noted of the last word: nothing, or why it is not the whole answer."""
    reason = answer.response_metadata.get("finish_reason")
    text = str(answer.text)
    if not text.strip():
        more, shortfall = nothing_said(state["request"], reason, state["records"]), shortfall_of(state["records"])
    elif reason in ENDED:
        return {"shortfall": ENDED[reason]}
    elif not is_whole(reason):
        more, shortfall = cut_short(state["request"], str(reason)), "partial"
    elif state["repairs"]:  # its last plan was refused, and it did not make another
        return {"shortfall": shortfall_of(state["records"])}
    else:
        return {}
    context.emit(TextDelta(text=more))
    return {"answer": text + more, "shortfall": shortfall}
