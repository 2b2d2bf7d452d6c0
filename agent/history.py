"""What a thread's next turn needs of those before it, as plain data."""

from typing import cast

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    ToolMessage,
    messages_from_dict,
    messages_to_dict,
)

from ..tools.base.labels import Labels, condensed, joined, of_media, of_model
from ..tools.base.threads import Thread, Turn
from .origins import record_labels
from .rendering import thoughtless
from .state import State

STOPPED = "(This was stopped before it was answered.)"


def turn_of(run: str, state: State) -> Turn:
    """Return what is kept of a turn: the facts of its files, how its steps ended, and its own messages."""
    messages = state["messages"]
    ids = [one.id for one in messages]
    start = ids.index(request_id(run)) if request_id(run) in ids else 0
    files = [{name: fact for name, fact in one.items() if name != "attached"} for one in state["files"]]
    own = messages_to_dict([thoughtless(one) for one in messages[start:]])
    return Turn(run=run, files=files, records=state.get("records", {}), messages=own)


def messages_of(thread: Thread) -> list[AnyMessage]:
    """Return what was said in a thread; a request that was never answered is followed by that."""
    said: list[AnyMessage] = []
    for turn in thread.turns:
        said += cast("list[AnyMessage]", messages_from_dict(turn.messages))
        while said and (isinstance(said[-1], ToolMessage) or (isinstance(said[-1], AIMessage) and said[-1].tool_calls)):
            said.pop()  # it was stopped before it was answered, and calls must not stand without results
        if said and isinstance(said[-1], HumanMessage):
            said.append(AIMessage(STOPPED, id=f"{turn.run}-stopped"))
    return said


def read_in(thread: Thread) -> Labels:
    """Return who had a part in what a model was shown in a thread: briefly, for a conversation may be long."""
    # Whether the model of then was shown the pictures themselves is not known.
    pictures = frozenset(of_media(one["handle"]) for one in thread.files if one.get("kind") == "picture")
    return pictures | joined(
        condensed(joined(map(record_labels, turn.records.values())), of_model(turn.run)) for turn in thread.turns
    )


def request_id(run: str) -> str:
    """Return the id of the message that holds the request of a run."""
    return f"{run}-request"
