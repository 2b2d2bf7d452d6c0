"""What takes up an order that was left, for messages."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..base.run import Run


def again(run: "Run") -> str:
    """Return what a user does who wants what was ordered: a call of their own has no run that is gone on with."""
    return "the same call again" if run.reach is None else f"`sensorium resume {run.id}`"
