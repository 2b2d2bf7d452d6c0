"""What flows through the graph: plain data only, so that a checkpoint stays small and loads without importing anything.

Results themselves stay in the journal; media stays in artifacts.
"""

from typing import Annotated, Any, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages


class State(TypedDict, total=False):
    """One run's state."""

    request: str
    paths: list[bytes]
    """The user's files as they were named; bytes, because a name need not be text."""
    files: list[dict[str, Any]]
    """Their facts; see `ingest`."""
    messages: Annotated[list[AnyMessage], add_messages]
    plan: dict[str, Any] | None
    """The plan that waits to be run."""
    calls: list[dict[str, str]]
    """The tool calls it answers: `id`, and `step` where one call is one step."""
    records: dict[str, dict[str, Any]]
    """Step id -> how it ended; see `act.Record`."""
    rounds: int
    answer: str
