"""What looking may cost, and what it has cost."""

from dataclasses import dataclass
from typing import Any

from ..base.models import Viewed
from .result import Spent


@dataclass
class Account:
    """The tokens of one call of `look_at`: estimated before a request, counted after it."""

    budget_tokens: int
    requests: int = 0
    pictures: int = 0
    estimated: int = 0
    reported: int | None = 0
    answers: int | None = 0
    used: float = 0.0
    """As reported, and where nothing is, as estimated."""
    factor: float = 1.0
    """How many tokens one that was estimated really was, when it was more."""

    @property
    def left(self) -> int:
        """Tokens, as they are estimated, that may still be sent."""
        return max(0, int((self.budget_tokens - self.used) / self.factor))

    def settle(self, estimated: int, pictures: int, viewed: Viewed[Any]) -> None:
        """Note what a look has cost."""
        self.requests += viewed.requests
        self.pictures += pictures
        self.estimated += estimated
        if viewed.input_tokens is None:
            self.reported = None
            self.used += estimated * self.factor
        else:
            self.used += viewed.input_tokens
            self.reported = None if self.reported is None else self.reported + viewed.input_tokens
            if viewed.requests == 1:
                self.factor = max(self.factor, viewed.input_tokens / max(1, estimated))
        if self.answers is not None:
            self.answers = None if viewed.output_tokens is None else self.answers + viewed.output_tokens

    def spent(self) -> Spent:
        return Spent(
            budget_tokens=self.budget_tokens,
            requests=self.requests,
            pictures=self.pictures,
            estimated_tokens=self.estimated,
            reported_tokens=self.reported if self.requests else None,
            answer_tokens=self.answers if self.requests else None,
        )
