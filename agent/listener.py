"""Follows the calls in a model's answer while it is still being given."""

from pydantic import ValidationError

from .act import Executor
from .arguments import BrokenArguments, read_arguments
from .offer import MAKE_PLAN
from .plan import MISSING, RESERVED, Step
from .plan_reader import ObjectReader
from .proposal import direct_step
from .stream import CallPiece


class Listener:
    """Hands on each step of an answer the moment its own text is complete: a step of a plan, or a direct call."""

    def __init__(self, executor: Executor, max_steps: int) -> None:
        self._executor = executor
        self._readers: dict[int, ObjectReader] = {}
        self._ids = {name for name, one in executor.scope.items() if name not in RESERVED and one is not MISSING}
        self._left = max_steps
        """How many steps a plan may still have; 0 too when it is certain to be refused."""

    def hear(self, piece: CallPiece) -> None:
        """Take a piece of a call's arguments."""
        if piece.number not in self._readers:
            self._readers[piece.number] = ObjectReader("steps" if piece.name == MAKE_PLAN else None)
        for text in self._readers[piece.number].feed(piece.arguments):
            if self._left <= 0:
                return
            try:
                self._take(piece.name, text)
            except (BrokenArguments, ValidationError):
                self._left = 0

    def _take(self, name: str, text: str) -> None:
        given = read_arguments(text)
        step = Step.model_validate(given) if name == MAKE_PLAN else direct_step(name, given, self._ids)
        self._left -= 1
        self._ids.add(step.id)
        self._executor.early.add(step)
