"""The node that tells the brain what came out: short results and handles, never media."""

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AnyMessage, ToolMessage
from langgraph.runtime import Runtime

from .compact import compact
from .context import Context, give
from .evidence import identify
from .plan import Plan
from .state import State


def observe(state: State, runtime: Runtime[Context]) -> State:
    """Tell the brain what came out: short results and handles, never media."""
    give(runtime.context.executor, state)
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


def _told(record: Mapping[str, Any], result: Any) -> dict[str, Any]:
    told = {key: record[key] for key in ("tool", "status", "error", "cached", "seconds")}
    return told | ({"output": compact(identify(record["step"], result))} if record["status"] == "done" else {})
