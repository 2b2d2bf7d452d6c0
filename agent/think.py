"""The node that asks the chat model what to do next, or for the last word."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, ToolCall
from langgraph.runtime import Runtime

from ..tools.base.labels import NOTHING
from .at_the_cap import ask_within_budget
from .context import Context, give, has_calls
from .events import TextDelta
from .last_words import ENDED, cut_by_budget, cut_short, is_whole, nothing_said, shortfall_of
from .offer import MAKE_PLAN, tool_schemas
from .origins import read_so_far
from .prove import Held, is_proven_later, is_repair
from .recorded import CUT_BY_BUDGET
from .rendering import messages_for, reader_of, to_keep
from .replan import may_plan
from .state import State

GIVEN = "given"
"""The id of the call that is the plan of a recipe: nobody else plans where it cannot be run."""


async def brain(state: State, runtime: Runtime[Context]) -> State:
    """Ask the chat model what to do next, or for the last word."""
    if given := state.get("given"):
        return _known(given, runtime.context)
    held = Held(runtime.context.emit, state["request"]) if is_proven_later(state, runtime.context.brain) else None
    context = replace(runtime.context, emit=held) if held else runtime.context
    give(context.executor, state)
    reader = reader_of(context.brain, context.catalog)
    # The embedded brain plans by the user's words and the facts of the files, whatever was read before.
    labels = NOTHING if reader.reads_data else read_so_far(state, sees_pictures=reader.pictures > 0)
    context.executor.run = replace(context.executor.run, labels=labels)
    tools = tool_schemas(context.catalog) if may_plan(state) and not is_repair(state) else []
    await context.executor.early.drop()  # what is left of a plan that was refused
    answer = await ask_within_budget(context, state, await messages_for(state, context), tools)
    update: State = {"messages": [to_keep(answer, context)], "rounds": state["rounds"] + 1, "answer": str(answer.text)}
    update["labels"] = sorted(labels)
    if not has_calls(answer):
        return update | _ending(state, answer, context)
    if held:
        held.release()
    return update


def _known(given: Mapping[str, Any], context: Context) -> State:
    """Return the answer that is known before anyone is asked: the plan of a recipe, or a word to the user."""
    if text := given.get("text"):
        context.emit(TextDelta(text=text))
        return {"messages": [AIMessage(content=text)], "answer": text}
    call = ToolCall(name=MAKE_PLAN, args=given["plan"], id=GIVEN)
    labels = given.get("labels", [])
    return {"messages": [AIMessage(content="", tool_calls=[call])], "given": {}, "rounds": 1, "labels": labels}


def _ending(state: State, answer: AIMessage, context: Context) -> State:
    """Return what is to be noted of the last word: nothing, or why it is not the whole answer."""
    reason = answer.response_metadata.get("finish_reason")
    text = str(answer.text)
    if not text.strip():
        more, shortfall = nothing_said(state["request"], reason, state["records"]), shortfall_of(state["records"])
    elif reason in ENDED:
        return {"shortfall": ENDED[reason]}
    elif answer.response_metadata.get(CUT_BY_BUDGET):
        more, shortfall = cut_by_budget(state["request"], context.executor.run.id), "partial"
    elif not is_whole(reason):
        more, shortfall = cut_short(state["request"], str(reason)), "partial"
    elif state["repairs"]:  # its last plan was refused, and it did not make another
        return {"shortfall": shortfall_of(state["records"])}
    else:
        return {}
    context.emit(TextDelta(text=more))
    return {"answer": text + more, "shortfall": shortfall}
