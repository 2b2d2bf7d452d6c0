"""The brain that needs no model: it reads the request, plans, and says what came out."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from ..offer import MAKE_PLAN
from ..plain_links import own_addresses, plain_links
from ..remember import asked_to_remember
from .compose import Composed, compose
from .conclude import conclude, explain_refusal, without_tools
from .facts import read_files
from .followup import Turn, follow
from .given import as_planned
from .making import MAKE_VIDEO, without_film
from .outcome import Outcome, outcome
from .sight import LOOK_AT, with_sight

MOST_TURNS = 12
"""How far back a request can refer."""
# Pieces of about a word: what streams to a reader.
_PIECE = re.compile(r"\S{1,12}\s*|\s+")


class EmbeddedBrain(BaseChatModel):
    """Answers the last request with tool calls, and their results with words; the same request, the same answer."""

    @property
    def _llm_type(self) -> str:
        return "sensorium-embedded"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Tell the brain which tools there are; it chooses itself, whatever `tool_choice` says."""
        return self.bind(tools=[convert_to_openai_tool(one) for one in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=answer(messages, kwargs.get("tools") or []))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for message in _pieces(answer(messages, kwargs.get("tools") or [])):
            yield ChatGenerationChunk(message=message)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages, stop, **kwargs):
            yield chunk


def answer(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> AIMessage:
    """Return the brain's next message.

    Args:
        messages: The conversation; the last human message is the request, what follows it are its results.
        tools: The tools that may be called, as OpenAI describes them.
    """
    asked = max((place for place, one in enumerate(messages) if isinstance(one, HumanMessage)), default=-1)
    turns = [_turn_of(one) for one in _requests(messages[: asked + 1])]
    meant = follow(turns[-MOST_TURNS:] or [Turn(request="", files=[])], _facts(messages[asked]) if turns else ())
    understood, files = meant.understood, meant.files
    offered = {one["function"]["name"] for one in tools}
    if LOOK_AT in offered:
        understood = with_sight(understood, files)
    if MAKE_VIDEO not in offered:
        understood = without_film(understood)
    composed = compose(understood, files)
    told = [one for one in messages[asked + 1 :] if isinstance(one, ToolMessage)]
    if told:
        understood, composed = as_planned(understood, composed, messages[asked + 1 :])
        results = {step: result for one in told for step, result in _results(one).items()}
        refused = [str(one.text) for one in told if one.status == "error"]
        if refused:
            return _last_word(explain_refusal(understood, refused), "unable")
        return _last_word(
            _dead(conclude(understood, composed, files, results), turns), outcome(understood, composed, results)
        )
    calls = _calls(composed, offered, _turn(messages))
    if composed.steps and not calls:
        needed = sorted({step["tool"] for step in composed.steps})
        return _last_word(without_tools(understood, needed), "unable")
    if calls:
        return AIMessage(content="", tool_calls=calls, usage_metadata=_NOTHING_USED)
    return _last_word(_dead(conclude(understood, composed, files, {}), turns), outcome(understood, composed, {}))


def _dead(text: str, turns: Sequence[Turn]) -> str:
    """Return an answer in which no address out of media can be followed or loaded, wherever it is shown."""
    return plain_links(text, own_addresses(turns[-1].request if turns else "").__contains__)


def _requests(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return the user's messages; those that only ask a model to mend its answer have no facts of files."""
    asked: list[BaseMessage] = [one for one in messages if isinstance(one, HumanMessage)]
    return [one for one in asked if "sensorium" in one.additional_kwargs] or asked


def _turn_of(message: BaseMessage) -> Turn:
    known = message.additional_kwargs.get("sensorium")
    if isinstance(known, Mapping):
        remembered, rest = asked_to_remember(str(known["request"]))
        return Turn(request=rest if remembered else str(known["request"]), files=read_files(known["files"]))
    return Turn(request=str(message.text), files=[])


def _facts(message: BaseMessage) -> list[str]:
    known = message.additional_kwargs.get("sensorium")
    return [str(one) for one in known.get("facts", ())] if isinstance(known, Mapping) else []


def _calls(composed: Composed, offered: set[str], turn: int) -> list[ToolCall]:
    """Return one direct call for one step, and a plan for several."""
    steps = composed.steps
    if len(steps) == 1 and steps[0]["tool"] in offered and "for_each" not in steps[0]:
        return [ToolCall(name=steps[0]["tool"], args=steps[0]["args"], id=f"call_{turn}_0")]
    if steps and MAKE_PLAN in offered:
        return [ToolCall(name=MAKE_PLAN, args={"goal": composed.goal, "steps": steps}, id=f"call_{turn}_0")]
    return []


def _turn(messages: Sequence[BaseMessage]) -> int:
    return sum(isinstance(one, AIMessage) for one in messages)


def _results(message: ToolMessage) -> Mapping[str, Any]:
    """Return step id -> how it ended, as the graph's `observe` writes it."""
    try:
        told = json.loads(str(message.text))
    except ValueError:
        return {}
    results = told.get("results") if isinstance(told, dict) else None
    return results if isinstance(results, dict) else {}


def _last_word(text: str, ended: Outcome) -> AIMessage:
    return AIMessage(content=text, response_metadata={"finish_reason": ended}, usage_metadata=_NOTHING_USED)


_NOTHING_USED = UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)


def _pieces(message: AIMessage) -> Iterator[AIMessageChunk]:
    """Cut a message into what streams; the last piece carries the calls."""
    for piece in _PIECE.findall(str(message.text)):
        yield AIMessageChunk(content=piece)
    yield AIMessageChunk(
        content="",
        tool_call_chunks=[
            tool_call_chunk(
                name=one["name"], args=json.dumps(one["args"], ensure_ascii=False), id=one["id"], index=place
            )
            for place, one in enumerate(message.tool_calls)
        ],
        response_metadata=message.response_metadata,
        usage_metadata=_NOTHING_USED,
        chunk_position="last",
    )
