"""How much of a request was done."""

from typing import Literal

from .compose import Composed
from .intents import Cannot, Code, Greet, Help, Intent, NoTime, Understanding
from .tell import Results

Outcome = Literal["stop", "partial", "unable"]
"""The finish reason of the last word; `agent.last_words` says what the run's status is then."""


def outcome(understood: Understanding, composed: Composed, results: Results) -> Outcome:
    """Return whether all, a part or nothing of a request was done.

    That a search found nothing is an answer; that a file has no sound to transcribe is none.
    """
    answered = any(isinstance(one, Greet | Help) for one in understood.intents)
    if not answered and not any(one.get("status") == "done" for one in results.values()):
        return "unable"
    left_out = composed.notes or any(_undone(one) for one in understood.intents)
    return "partial" if left_out else "stop"


def _undone(intent: Intent) -> bool:
    # "Describe this picture" is answered with what can be measured and read in it; that it is no more is its limit.
    if isinstance(intent, Code):
        return intent.rewrites
    return isinstance(intent, NoTime) or (isinstance(intent, Cannot) and intent.lack != "see")
