"""Asks the chat model within the budget; at the cap the answer is written from what there is."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from ..prompts import load
from ..tools.base.budget import Budget, OverBudget, usd
from ..tools.base.words import answer_language
from .asking import ask
from .context import Context, has_calls
from .events import TextDelta
from .last_words import shortfall_of
from .state import State

AT_THE_CAP = "at_the_cap"
"""Marks in `response_metadata` an answer that the budget made the last one."""


async def ask_within_budget(
    context: Context, state: State, messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]
) -> AIMessage:
    """Ask the model; when that may cost too much ask for a last word, and when even that does, say one ourselves.

    Whatever the budget did not allow is said below the answer.
    """
    budget = context.executor.run.budget
    try:
        answer = await ask(context, list(messages), tools)
        if has_calls(answer) or not _refused(state):
            return answer
        text = str(answer.text)
    except OverBudget:
        text = await _last_call(context, messages) if tools and shortfall_of(state["records"]) == "partial" else ""
        answer = AIMessage(text)
    note = _note(state, budget, has_answer=bool(text.strip()))
    context.emit(TextDelta(text=note))
    reason = "partial" if text.strip() else {"partial": "partial", "failed": "unable"}[shortfall_of(state["records"])]
    about = answer.response_metadata | {"finish_reason": reason, AT_THE_CAP: True}
    return answer.model_copy(update={"content": text + note, "response_metadata": about})


async def _last_call(context: Context, messages: Sequence[BaseMessage]) -> str:
    """Return what the model says from what there is; nothing when not even that can be paid."""
    try:
        return str((await ask(context, [*messages, HumanMessage(load("last_call"))], ())).text)
    except OverBudget:
        return ""


def _refused(state: State) -> list[str]:
    """Return the steps that the budget did not allow."""
    return [name for name, one in state["records"].items() if (one["error"] or {}).get("type") == OverBudget.__name__]


def _note(state: State, budget: Budget, *, has_answer: bool) -> str:
    """Say that the budget is used up, what is done, and what is missing."""
    done = [name for name, one in state["records"].items() if one["status"] == "done"]
    missing = [name for name, one in state["records"].items() if one["status"] not in ("done", "cancelled")]
    spent = budget.spent.usd + budget.spent.unknown_usd
    on = f"`sensorium resume {budget.run} --budget-usd X`"
    if answer_language(state["request"]) == "zh":
        cap = f"（上限 {usd(budget.caps.usd)}，已用 {usd(spent)}）" if budget.caps.usd is not None else ""
        said = [f"预算已用完{cap}。"]
        if not has_answer:
            said.append("模型的回答因此缺失。")
            said.append(f"已完成的步骤：{'、'.join(done)}，其结果仍然保留。" if done else "没有任何步骤完成。")
        said.append(f"未完成：{'、'.join(missing)}。" if missing else "")
        text = "".join([*said, f"要继续：{on}。"])
        return f"\n\n（{text}）" if has_answer else text
    cap = f": {usd(spent)} of {usd(budget.caps.usd)}" if budget.caps.usd is not None else ""
    said = [f"The budget is used up{cap}."]
    if not has_answer:
        said.append("So the model's answer is missing.")
        done_words = f"These steps are done, and their results are kept: {', '.join(done)}."
        said.append(done_words if done else "No step was done.")
    said.append(f"Not done: {', '.join(missing)}." if missing else "")
    text = " ".join(filter(None, [*said, f"To go on: {on}"]))
    return f"\n\n({text})" if has_answer else text
