"""What flows through the graph: plain data only, so that a checkpoint stays small and loads without importing anything.

Results themselves stay in the journal; media stays in artifacts.
"""

from typing import Annotated, Any, Literal, TypedDict

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
    calls: list[dict[str, Any]]
    """The tool calls it answers: `id`, and the ids of the `steps` each became."""
    earlier: dict[str, dict[str, Any]]
    """The records of earlier turns of the thread; their results can be referred to."""
    read: list[str]
    """Labels of what the model was shown in earlier turns."""
    words: list[str]
    """What the user said, in this run and before."""
    labels: list[str]
    """What had been read when the last plan was written; see `origins.read_so_far`."""
    planned: list[str]
    """Tools of the plans that were written on the user's words alone, in this run and before it in its thread."""
    facts: list[str]
    """What the user asked to be remembered."""
    given: dict[str, Any]
    """What is done or said without asking the brain: a `plan`, or a `text`."""
    gate: dict[str, Any]
    """What is asked about the plan, and what the user answered; see `Consent`."""
    records: dict[str, dict[str, Any]]
    """Step id -> how it ended; see `step_record.Record`."""
    rounds: int
    repairs: int
    """Plans in a row that could not be run."""
    mended: list[dict[str, Any]]
    """What was wrong with the last plan and could be mended in one way only; see `lint.Finding`."""
    replans: int
    """Plans that were made because an earlier one did not end as it should."""
    troubles: list[dict[str, str]]
    """What of the last plan is not done; see `replan.Trouble`."""
    failures: dict[str, dict[str, Any]]
    """How often each call failed, by the digest of its tool and arguments."""
    proofs: int
    """How often the model was asked to mend its answer: once at most."""
    unproven: str
    """What it said first, then."""
    claims: list[dict[str, Any]]
    """What the answer says of the media, each with `text`, `evidence` and `status`; see `proof.Checked`."""
    answer: str
    shortfall: Literal["", "partial", "failed"]
    """How the run ends when the brain's last word is not what it should be."""
