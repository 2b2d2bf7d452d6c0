"""What becomes of answers that a run has paid for, when it is taken up again after its end."""

from ..tools.base.budget import Budget
from .at_the_cap import AT_THE_CAP
from .context import last_answer
from .state import State


def retire_useless(state: State, budget: Budget) -> None:
    """Let the model be asked anew where its last answers were of no use: empty, cut, or plans that could not be run.

    Without this, who resumes such a run would get the same answers from the ledger.
    """
    if state.get("shortfall") and not last_answer(state).response_metadata.get(AT_THE_CAP):
        budget.ledger.retire(budget.run, "think", max(1, state.get("repairs", 0)))
