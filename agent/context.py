"""What the nodes of the graph work with, and what is never saved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage

from ..tools.base.tool import Tool
from .act import Executor
from .consent import Consent
from .events import Event
from .origins import read_so_far
from .state import State


@dataclass(frozen=True, kw_only=True)
class Context:
    """The brain, the tools and the executor of one run."""

    brain: BaseChatModel
    catalog: Mapping[str, Tool]
    executor: Executor
    emit: Callable[[Event], None]
    max_steps: int
    said: Sequence[AnyMessage] = ()
    """What was said in earlier turns of the thread; not in the state, which would keep it again at every step."""
    files: Sequence[Mapping[str, Any]] | None = None
    """The facts of the files, when they are known from the record of a run; else the files are looked at."""
    keep: Callable[[State], None] = lambda state: None
    """Keeps for the next turn of the thread what is known of this one."""


def give(executor: Executor, state: State) -> None:
    """Give the executor what references may name; every node does so first, for a run may be resumed at any of them."""
    executor.scope["request"] = state["request"]
    executor.run = replace(
        executor.run,
        # A run that was interrupted before there were labels has read whatever its steps gave.
        labels=frozenset(state["labels"]) if "labels" in state else read_so_far(state),
        planned=frozenset(state.get("planned", ())),
        words=tuple(state.get("words", ())),
    )
    executor.unread = [{"name": one["name"], "error": one["error"]} for one in state["files"] if one.get("error")]
    executor.scope["files"] = [one["handle"] for one in state["files"] if one.get("handle")]
    executor.run.admit(executor.scope["files"])
    executor.recall(state["records"])
    executor.failures = state.get("failures", {})
    records = state.get("earlier", {}) | state["records"]
    wholes = {name: one["whole"] for name, one in records.items() if "whole" in one}
    executor.scope["whole"] = wholes
    executor.run.admit(wholes.values())
    executor.recall_turns(state.get("earlier", {}))
    executor.consent = Consent.of(state.get("gate", {}))
    executor.consent.send_again(executor.run.budget)


def last_answer(state: State) -> AIMessage:
    """Return what the brain said last."""
    message = state["messages"][-1]
    assert isinstance(message, AIMessage)
    return message


def has_calls(message: AIMessage) -> bool:
    return bool(message.tool_calls or message.invalid_tool_calls)
