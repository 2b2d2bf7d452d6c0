"""The node that tells the brain what came out: short results and handles, never media."""

from langchain_core.messages import AnyMessage, ToolMessage
from langgraph.runtime import Runtime

from .context import Context, give
from .digest import ROOM_LETTERS
from .plan import Plan, root_of
from .rendering import reader_of
from .replan import advice, failures_of, superseded, troubles
from .state import State
from .tidy import written
from .told import READING, tell


def observe(state: State, runtime: Runtime[Context]) -> State:
    """Tell the brain what came out: short results, what is not done, and what may be planned again."""
    context = runtime.context
    give(context.executor, state)
    scope, plan = context.executor.scope, Plan.model_validate(state["plan"])
    records = state["records"]
    found = troubles(plan, records, scope)
    ran = [step.id for step in plan.steps]
    # Half of what the model may be sent, at four letters a token.
    room = min(ROOM_LETTERS, 2 * reader_of(context.brain, context.catalog).most_tokens)
    told = tell(ran, records, scope, context.executor.run, can_read=READING in context.catalog, room=room)
    messages: list[AnyMessage] = []
    for call in state["calls"]:
        results = {step: told.results.get(step, {"status": "done before"}) for step in call["steps"]}
        last = advice(state, found, records) if call is state["calls"][-1] else {}
        pictures = [one for one in told.pictures if root_of(one["name"][1:]) in call["steps"]]
        messages.append(
            ToolMessage(
                written({"results": results, **last}),
                tool_call_id=call["id"],
                # Not sent: what this message is made again of for another reader.
                artifact={"steps": list(results), "pictures": pictures},
            )
        )
    return {
        "messages": messages,
        "plan": None,
        "records": superseded(state.get("troubles", []), found, _with_wholes(records, told.wholes)),
        "troubles": found,
        "failures": failures_of(plan, state, records, scope),
    }


def _with_wholes(records: dict[str, dict[str, object]], wholes: dict[str, str]) -> dict[str, dict[str, object]]:
    return {name: one | {"whole": wholes[name]} if name in wholes else one for name, one in records.items()}
