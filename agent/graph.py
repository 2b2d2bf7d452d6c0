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
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall, ToolMessage
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from pydantic import ValidationError

from ..tools.base.tool import Tool
from .act import Executor
from .compact import compact
from .events import Event, PlanMade, TextDelta
from .ingest import ingest_files
from .lint import Finding, check
from .messages import system_message, user_message
from .plan import Plan
from .state import State

MAKE_PLAN = "make_plan"
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
    return {"files": files, "messages": [user_message(state["request"], files)], "rounds": 0, "records": {}}


async def brain(state: State, runtime: Runtime[Context]) -> State:
    """Ask the chat model what to do next, or for the last word."""
    context = runtime.context
    _give(context.executor, state)
    last_round = state["rounds"] >= MAX_ROUNDS
    model = context.brain if last_round else context.brain.bind_tools(tool_schemas(context.catalog))
    message: AIMessageChunk | None = None
    async for chunk in model.astream([system_message(), *state["messages"]]):
        if isinstance(chunk.content, str) and chunk.content:
            context.emit(TextDelta(text=chunk.content))
        message = chunk if message is None else message + chunk  # type: ignore[assignment]
    answer = AIMessage(
        content=message.content if message else "",
        tool_calls=message.tool_calls if message else [],
        id=message.id if message else None,
    )
    return {"messages": [answer], "rounds": state["rounds"] + 1, "answer": str(answer.text)}


def lint(state: State, runtime: Runtime[Context]) -> State:
    """Make a plan of the calls and check it; what is wrong goes back to the brain, and nothing runs."""
    context = runtime.context
    message = _last_answer(state)
    plan, findings = plan_of(message.tool_calls, _previous(context.executor, state), context)
    if plan is None or findings:
        told = json.dumps([one.plain() for one in findings], ensure_ascii=False)
        refused = [
            ToolMessage(f"The plan was not run: {told}", tool_call_id=call["id"] or "", status="error")
            for call in message.tool_calls
        ]
        return {"messages": refused, "plan": None}
    steps = [{"id": one.id, "tool": one.tool, "title": title(one.tool), "status": "waiting"} for one in plan.steps]
    context.emit(PlanMade(goal=plan.goal, steps=steps))
    planned = len(message.tool_calls) == 1 and message.tool_calls[0]["name"] == MAKE_PLAN
    calls = [
        {"id": call["id"] or "", "step": "" if planned else step.id}
        for call, step in zip(message.tool_calls, plan.steps, strict=False)
    ]
    return {"plan": plan.model_dump(), "calls": calls}


async def act(state: State, runtime: Runtime[Context]) -> State:
    """Run the plan; its results are journalled the moment they exist."""
    _give(runtime.context.executor, state)
    plan = Plan.model_validate(state["plan"])
    ended = await runtime.context.executor.act(plan)
    return {"records": {**state["records"], **ended}}


def observe(state: State, runtime: Runtime[Context]) -> State:
    """Tell the brain what came out: short results and handles, never media."""
    scope, plan = runtime.context.executor.scope, Plan.model_validate(state["plan"])
    results = {step.id: _told(state["records"][step.id], scope.get(step.id)) for step in plan.steps}
    messages = [
        ToolMessage(
            json.dumps(
                {"results": {call["step"]: results[call["step"]]} if call["step"] else results}, ensure_ascii=False
            ),
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
    return "lint" if _last_answer(state).tool_calls else END


def _after_lint(state: State) -> Literal["act", "brain", "__end__"]:
    if state.get("plan"):
        return "act"
    refusals = sum(isinstance(one, ToolMessage) and one.status == "error" for one in state["messages"])
    return "brain" if refusals <= MAX_REPAIRS else END


def plan_of(calls: list[ToolCall], finished: Mapping[str, Any], context: Context) -> tuple[Plan | None, list[Finding]]:
    """Return the plan that the brain's calls make, and what is wrong with it."""
    try:
        plan = _as_plan(calls, finished)
    except ValidationError as error:
        first = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        return None, [Finding(step="", rule="plan-shape", message=first)]
    findings = check(plan, context.catalog, finished)
    if len(plan.steps) > context.max_steps:
        message = f"The plan has {len(plan.steps)} steps; the limit is {context.max_steps}. Raise `--max-steps`."
        findings.append(Finding(step=plan.steps[-1].id, rule="too-many-steps", message=message))
    return plan, findings


def _as_plan(calls: list[ToolCall], finished: Mapping[str, Any]) -> Plan:
    """A call of `make_plan` is a plan; direct calls of tools are a plan of one layer."""
    for call in calls:
        if call["name"] == MAKE_PLAN:
            return Plan.model_validate(call["args"])
    names = [call["name"] for call in calls]
    steps = [
        {"id": f"{call['name']}_{len(finished) + number}", "tool": call["name"], "args": call["args"]}
        for number, call in enumerate(calls, 1)
    ]
    return Plan.model_validate({"goal": ", ".join(names), "steps": steps})


def tool_schemas(catalog: Mapping[str, Tool]) -> list[dict[str, Any]]:
    """Return the catalog and `make_plan` as a chat model is told of them."""
    schemas = [
        {"name": one.name, "description": one.description, "input_schema": one.input_schema} for one in catalog.values()
    ]
    plan = {
        "name": MAKE_PLAN,
        "description": "Run several tools as one plan: steps that need each other's results refer to them.",
        "input_schema": Plan.model_json_schema(),
    }
    return [*schemas, plan]


def title(tool: str) -> str:
    """Return a tool's name as words."""
    return tool.replace("_", " ").capitalize()


def _give(executor: Executor, state: State) -> None:
    """Give the executor what references may name; after a resume the results come from the journal."""
    executor.scope["request"] = state["request"]
    executor.scope["files"] = [one["handle"] for one in state["files"] if one.get("handle")]
    executor.records.update(state["records"])


def _previous(executor: Executor, state: State) -> dict[str, Any]:
    return {name: executor.scope[name] for name in state["records"] if name in executor.scope}


def _last_answer(state: State) -> AIMessage:
    message: BaseMessage = state["messages"][-1]
    assert isinstance(message, AIMessage)
    return message


def _told(record: Mapping[str, Any], result: Any) -> dict[str, Any]:
    told = {key: record[key] for key in ("tool", "status", "error", "cached", "seconds")}
    return told | ({"output": compact(result)} if record["status"] == "done" else {})
