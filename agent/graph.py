"""How a run is decided: every node and edge of the graph.

START -> ingest -> brain --text--> prove, which asks once for a repair --> END
                    |  ^
      plan or calls |  '-- the linter's findings, at most twice
                    v  |
                   lint ---> gate, where something must be asked: the user's decisions
                    v         v ^
                    '------> act ----> observe ----> brain, which may plan what is not done again, at most twice
"""

import os
from functools import cache
from typing import Literal

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from ..tools.base.errors import StorageError
from .addresses import named_in
from .checking import lint
from .context import Context, give, has_calls, last_answer
from .gate import gate, left_to_ask
from .history import request_id
from .ingest import ingest_files, together
from .messages import user_message
from .observe import observe
from .plan import Plan
from .prove import asks_again, prove
from .state import State
from .think import brain


async def ingest(state: State, runtime: Runtime[Context]) -> State:
    """Turn files into artifacts and facts."""
    run = runtime.context.executor.run
    run.admit(one["handle"] for one in state.get("files", []))
    known = runtime.context.files
    if known is None:
        paths = [os.fsdecode(one) for one in state["paths"]]
        if state["request"] in state.get("words", [state["request"]]):  # that of a recipe may be somebody else's
            paths += named_in(state["request"], runtime.context.brain, state.get("files", []), paths)
        new = await ingest_files(paths, run)
        files = together(state.get("files", []), new)
    else:
        files = [dict(one) for one in known]
    first = user_message(state["request"], files, facts=state.get("facts", ()), id=request_id(run.id))
    begun: State = {"files": files, "messages": [first], "rounds": 0, "repairs": 0, "records": {}, "shortfall": ""}
    runtime.context.keep(begun)
    return begun


async def act(state: State, runtime: Runtime[Context]) -> State:
    """Run the plan; its results are journalled the moment they exist."""
    give(runtime.context.executor, state)
    executor, plan = runtime.context.executor, Plan.model_validate(state["plan"])
    executor.announce(plan)
    executor.journal.plan(executor.run.id, plan.model_dump(), executor.run.labels)
    ended = await executor.act(plan)
    executor.told = plan if executor.consent.asked else None
    for one in ended.values():
        if (one["error"] or {}).get("type") == StorageError.__name__:  # a resumed run does these steps, not the others
            raise StorageError(one["error"]["message"])
    return {"records": {**state["records"], **ended}, "gate": left_to_ask(plan, executor)}


@cache
def build() -> "CompiledStateGraph[State, Context, State, State]":
    """Return the graph; a copy of it gets the checkpointer of a run."""
    graph = StateGraph(State, context_schema=Context)
    for node in (ingest, brain, prove, lint, gate, act, observe):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "ingest")
    graph.add_edge("ingest", "brain")
    graph.add_conditional_edges("brain", _after_brain)
    graph.add_conditional_edges("prove", _after_prove)
    graph.add_conditional_edges("lint", _after_lint)
    graph.add_conditional_edges("gate", _after_gate)
    graph.add_conditional_edges("act", _after_act)
    graph.add_edge("observe", "brain")
    return graph.compile()


def _after_brain(state: State) -> Literal["lint", "prove", "__end__"]:
    if state.get("given"):
        return "__end__"
    return "lint" if has_calls(last_answer(state)) else "prove"


def _after_prove(state: State) -> Literal["brain", "__end__"]:
    return "brain" if asks_again(state) else "__end__"


def _after_lint(state: State) -> Literal["gate", "act", "brain", "__end__"]:
    if state.get("plan"):
        return _after_gate(state)
    return "__end__" if state.get("shortfall") else "brain"


def _after_gate(state: State) -> Literal["gate", "act"]:
    return "gate" if state["gate"]["asked"] else "act"


def _after_act(state: State) -> Literal["gate", "observe"]:
    return "gate" if state["gate"]["asked"] else "observe"
