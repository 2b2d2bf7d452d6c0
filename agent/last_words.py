"""What is said, and how a run ends, when a model's last word is not what was asked for."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..tools.base.budget import Spent, usd
from ..tools.base.words import answer_language
from ..tools.report.wording import Wording
from .lint import Finding

ENDED: Mapping[str | None, Literal["partial", "failed"]] = {"partial": "partial", "unable": "failed"}
"""How a run ends whose brain gives one of these finish reasons: it could do only a part of the request, or nothing."""


_WHOLE = frozenset({"stop", "tool_calls", "function_call", "eos", "eos_token", "end_turn", "stop_sequence", "done"})
"""What servers give for an answer that ended by itself; the first three are OpenAI's."""


def is_whole(finish_reason: str | None) -> bool:
    """Return whether a model ended its answer itself, or its server gives no reason."""
    return not finish_reason or finish_reason.lower() in _WHOLE


def nothing_said(request: str, finish_reason: str | None, records: Mapping[str, Mapping[str, Any]]) -> str:
    """Say that the model's answer was empty, and what the steps gave all the same."""
    done = [name for name, one in records.items() if one["status"] == "done"]
    if answer_language(request) == "zh":
        why = f"（{finish_reason}）" if finish_reason else ""
        listed = f"已完成的步骤：{'、'.join(done)}，其结果仍然保留。" if done else ""
        return f"模型没有给出回答{why}。{listed}请再试一次，或用 `SENSORIUM_THINK` 换一个模型。"
    why = f" ({finish_reason})" if finish_reason else ""
    listed = f" These steps are done, and their results are kept: {', '.join(done)}." if done else ""
    return f"The model gave an empty answer{why}.{listed} Try again, or set another model with `SENSORIUM_THINK`."


def cut_by_budget(request: str, run: str) -> str:
    """Say that the answer above it is not whole because it may cost no more."""
    on = f"`sensorium resume {run} --budget-usd X`"
    if answer_language(request) == "zh":
        return f"\n\n（回答因预算用尽而被截断。要继续：{on}。）"
    return f"\n\n(The answer was cut where the budget ends. To go on: {on}.)"


def cut_short(request: str, finish_reason: str) -> str:
    """Say that the answer above it is not whole."""
    at_limit = finish_reason in ("length", "max_tokens")
    if answer_language(request) == "zh":
        why = "回答在模型的长度上限处被截断" if at_limit else f"模型在回答完成之前停止：{finish_reason}"
        return f"\n\n（{why}。）"
    why = "The answer was cut at the model's limit of tokens"
    return f"\n\n({why if at_limit else f'The model stopped before its answer was whole: {finish_reason}'}.)"


def not_runnable(request: str, findings: Sequence[Finding], tries: int) -> str:
    """Say that no plan of the model could be run, and what was wrong with the last one; without tries, of a recipe."""
    language = answer_language(request)
    told = Wording(language).told
    wrong = "; ".join(told(one.message) for one in findings)
    if not tries:
        return f"没有执行这个流程：{wrong}" if language == "zh" else f"The recipe was not run: {wrong}"
    if language == "zh":
        return (
            f"模型给出的 {tries} 个计划都无法执行。最后一个的问题：{wrong} "
            "请换一种问法，或用 `SENSORIUM_THINK` 换一个模型。"
        )
    return (
        f"The model made {tries} plans, and none could be run. Wrong with the last: {wrong} "
        "Ask in another way, or set another model with `SENSORIUM_THINK`."
    )


def unsettled(request: str, spent: Spent) -> str:
    """Say which requests may have been paid though their answer never came; nothing when there is none."""
    if not spent.unknown:
        return ""
    if answer_language(request) == "zh":
        amount = f"，最多 {usd(spent.unknown_usd)}" if spent.unknown_usd else ""
        return f"\n\n（有 {spent.unknown} 个请求发出后没有收到回答，可能已被计费{amount}。）"
    amount = f", up to {usd(spent.unknown_usd)}" if spent.unknown_usd else ""
    if spent.unknown == 1:
        return f"\n\n(1 request was sent whose answer never came; it may have been paid{amount}.)"
    return f"\n\n({spent.unknown} requests were sent whose answers never came; they may have been paid{amount}.)"


def shortfall_of(records: Mapping[str, Mapping[str, Any]]) -> Literal["partial", "failed"]:
    """Return how a run ends that could not go on to its answer."""
    return "partial" if any(one["status"] == "done" for one in records.values()) else "failed"
