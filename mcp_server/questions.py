"""What a job asks its user, and what was answered, as plain data that goes between processes."""

from collections.abc import Awaitable, Callable, Mapping
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

    def answered(self, action: Action, content: Mapping[str, Any] | None) -> "Answer":
        """Return what a client says was answered; of its content, what was asked for."""
        asked = self.schema.get("properties", {})
        kept = {name: value for name, value in (content or {}).items() if name in asked and isinstance(value, bool)}
        return Answer(key=self.key, action=action, content=kept)


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


AskUser = Callable[[Question], Awaitable[Answer]]
"""Asks the user of a client."""
Reply = Callable[[Answer], Awaitable[object]]
"""Passes an answer on to the job that asked."""


async def cannot_ask(question: Question) -> Answer:
    """Decline what the user of a client cannot be asked."""
    return Answer(key=question.key, action="decline", reason="This client cannot ask its user.")
