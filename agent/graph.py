"""How a run is decided: every node and edge of the graph.

START -> ingest -> brain --text--> END
                    |  ^
      plan or calls |  '-- the linter's findings, at most twice
                    v  |
                   lint
                    v
                   act ----> observe ----> brain
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage, ToolMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime

from ..tools.base.tool import Tool
from .act import Executor
from .compact import compact
from .events import Event, PlanMade, TextDelta
from .ingest import ingest_files
from .last_words import ENDED, cut_short, is_whole, not_runnable, nothing_said
from .messages import system_message, user_message
from .offer import tool_schemas
from .plan import Plan
from .proposal import Proposal, read_proposal
from .state import State

MAX_ROUNDS = 12
MAX_REPAIRS = 2


@dataclass(frozen=True, kw_only=True)
class Context:
    """What nodes work with and what is never saved."""

    brain: BaseChatModel
    catalog: Mapping[str, Tool]
    executor: Executor
    emit: Callable[[Event], None]
    max_steps: int


async def ingest(state: State, runtime: Runtime[Context]) -> State:
    """Turn files into artifacts and facts."""
    files = await ingest_files([os.fsdecode(one) for one in state["paths"]], runtime.context.executor.run)
    first = user_message(state["request"], files)
    return {"files": files, "messages": [first], "rounds": 0, "repairs": 0, "records": {}, "shortfall": ""}


async def brain(state: State, runtime: Runtime[Context]) -> State:
    """Ask the chat model what to do next, or for the last word."""
    context = runtime.context
    _give(context.executor, state)
    last_round = state["rounds"] >= MAX_ROUNDS
    model = context.brain if last_round else context.brain.bind_tools(tool_schemas(context.catalog))
    chunks: list[AIMessage] = []
    async for chunk in model.astream([system_message(), *state["messages"]]):
        if isinstance(chunk.content, str) and chunk.content:
            context.emit(TextDelta(text=chunk.content))
        chunks.append(chunk)
    answer = _joined(chunks, with_calls=not last_round)
    update: State = {"messages": [answer], "rounds": state["rounds"] + 1, "answer": str(answer.text)}
    return update if _has_calls(answer) else update | _ending(state, answer, context)


def lint(state: State, runtime: Runtime[Context]) -> State:
    """Make a plan of the calls and check it; what is wrong goes back to the brain, and nothing runs."""
    context = runtime.context
    _give(context.executor, state)
    finished = _previous(context.executor, state)
    proposal = read_proposal(_last_answer(state), finished, context.catalog, context.max_steps)
    plan = proposal.plan
    if plan is None or proposal.findings:
        return _refusal(state, proposal, context)
    return {"plan": plan.model_dump(), "calls": proposal.calls, "repairs": 0}


async def act(state: State, runtime: Runtime[Context]) -> State:
    """Run the plan; its results are journalled the moment they exist."""
    _give(runtime.context.executor, state)
    plan = Plan.model_validate(state["plan"])
    steps = [{"id": one.id, "tool": one.tool, "title": title(one.tool), "status": "waiting"} for one in plan.steps]
    runtime.context.emit(PlanMade(goal=plan.goal, steps=steps))  # here, so that a resumed run tells it again
    ended = await runtime.context.executor.act(plan)
    return {"records": {**state["records"], **ended}}


def observe(state: State, runtime: Runtime[Context]) -> State:
    """Tell the brain what came out: short results and handles, never media."""
    _give(runtime.context.executor, state)
    scope, plan = runtime.context.executor.scope, Plan.model_validate(state["plan"])
    results = {step.id: _told(state["records"][step.id], scope.get(step.id)) for step in plan.steps}
    messages: list[AnyMessage] = [
        ToolMessage(
            json.dumps({"results": {step: results[step] for step in call["steps"]}}, ensure_ascii=False),
            tool_call_id=call["id"],
        )
        for call in state["calls"]
    ]
    return {"messages": messages, "plan": None}


def build() -> "StateGraph[State, Context, State, State]":
    """Return the graph, to be compiled with a checkpointer."""
    graph = StateGraph(State, context_schema=Context)
    for node in (ingest, brain, lint, act, observe):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "ingest")
    graph.add_edge("ingest", "brain")
    graph.add_conditional_edges("brain", _after_brain)
    graph.add_conditional_edges("lint", _after_lint)
    graph.add_edge("act", "observe")
    graph.add_edge("observe", "brain")
    return graph


def _after_brain(state: State) -> Literal["lint", "__end__"]:
    return "lint" if _has_calls(_last_answer(state)) else "__end__"


def _after_lint(state: State) -> Literal["act", "brain", "__end__"]:
    if state.get("plan"):
        return "act"
    return "__end__" if state.get("shortfall") else "brain"


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


def _has_calls(message: AIMessage) -> bool:
    return bool(message.tool_calls or message.invalid_tool_calls)


def _ending(state: State, answer: AIMessage, context: Context) -> State:
    """Return what is to be noted of the last word: nothing, or why it is not the whole answer."""
    reason = answer.response_metadata.get("finish_reason")
    text = str(answer.text)
    if not text.strip():
        more, shortfall = nothing_said(state["request"], reason, state["records"]), _shortfall(state)
    elif reason in ENDED:
        return {"shortfall": ENDED[reason]}
    elif not is_whole(reason):
        more, shortfall = cut_short(state["request"], str(reason)), "partial"
    elif state["repairs"]:  # its last plan was refused, and it did not make another
        return {"shortfall": _shortfall(state)}
    else:
        return {}
    context.emit(TextDelta(text=more))
    return {"answer": text + more, "shortfall": shortfall}


def _refusal(state: State, proposal: Proposal, context: Context) -> State:
    """Tell the brain what is wrong with its plan; after the last try tell the user."""
    wrong = json.dumps([one.plain() for one in proposal.findings], ensure_ascii=False)
    told: list[AnyMessage] = [
        ToolMessage(f"The plan was not run: {wrong}", tool_call_id=call["id"], status="error")
        for call in proposal.calls
    ]
    repairs = state["repairs"] + 1
    if repairs <= MAX_REPAIRS:
        return {"messages": told, "plan": None, "repairs": repairs}
    text = not_runnable(state["request"], proposal.findings, repairs)
    context.emit(TextDelta(text=text))
    told.append(AIMessage(content=text))
    return {"messages": told, "plan": None, "repairs": repairs, "answer": text, "shortfall": _shortfall(state)}


def _shortfall(state: State) -> Literal["partial", "failed"]:
    return "partial" if any(one["status"] == "done" for one in state["records"].values()) else "failed"


def title(tool: str) -> str:
    """Return a tool's name as words."""
    return tool.replace("_", " ").capitalize()


def _give(executor: Executor, state: State) -> None:
    """Give the executor what references may name."""
    executor.scope["request"] = state["request"]
    executor.unread = [{"name": one["name"], "error": one["error"]} for one in state["files"] if one.get("error")]
    executor.scope["files"] = [one["handle"] for one in state["files"] if one.get("handle")]
    executor.run.admit(executor.scope["files"])
    executor.recall(state["records"])


def _previous(executor: Executor, state: State) -> dict[str, Any]:
    """Return the results that a further plan may refer to; the id of a step that failed is free again."""
    return {name: executor.scope[name] for name, one in state["records"].items() if one["status"] == "done"}


def _last_answer(state: State) -> AIMessage:
    message: BaseMessage = state["messages"][-1]
    assert isinstance(message, AIMessage)
    return message


def _told(record: Mapping[str, Any], result: Any) -> dict[str, Any]:
    told = {key: record[key] for key in ("tool", "status", "error", "cached", "seconds")}
    return told | ({"output": compact(result)} if record["status"] == "done" else {})
