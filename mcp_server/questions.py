"""What a job asks its user, and what was answered, as plain data that goes between processes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Action = Literal["accept", "decline", "cancel"]
ANSWER_SECONDS = 900.0
"""A question that nobody answered for so long is declined."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that a job must know before it goes on."""

    key: str
    """Of this question alone: an answer with another key is for another question."""
    message: str
    """For people: what it is about, as text."""
    schema: dict[str, Any]
    """What may be answered: the flat JSON schema of an elicitation."""
    until: float
    """When it is declined, as Unix time."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Question":
        """Return what `plain` gave."""
        return cls(**plain)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered to a question."""

    key: str
    """Of the question."""
    action: Action
    content: Mapping[str, Any] | None = None
    """By the schema of the question, when it was accepted."""
    reason: str = ""
    """Why it was declined though no person did so; empty when one did."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Answer":
        """Return what `plain` gave."""
        return cls(**plain)

    def says(self, name: str) -> bool:
        """Tell whether a field was accepted as true: nothing else, such as `1` or `"yes"`, is a consent."""
        return self.action == "accept" and self.content is not None and self.content.get(name) is True
