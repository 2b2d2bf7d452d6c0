"""What a user is asked to approve, and what may be answered; in the shape that chat pages for LangGraph know."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from ..tools.base.errors import ArgumentError
from ..tools.base.words import answer_language
from .plain_links import plain_links

Kind = Literal["approve", "edit", "reject"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class DecisionError(ArgumentError):
    """What was given are no decisions about what is asked; it is asked again when the run is resumed."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One call that needs an approval."""

    name: str
    """The step, or one item of a step with `for_each`: `frames[3]`."""
    step: str
    tool: str
    args: dict[str, Any]
    """As a plan writes them; what is known has its value, the rest are references."""
    reason: str
    """Why it is asked about, as a sentence."""
    setting: str
    """What to change so that it is not."""
    key: str
    """What the approval is bound to."""
    is_written: bool = False
    """The key is of what the plan has written, because an argument is known only when the call is made."""
    is_open: bool = False
    """A rule about such an argument may still ask again."""
    is_exact: bool = False
    """Untrusted text had a part in it: it is shown whole, and approved for itself."""
    for_each: str | None = None
    sources: dict[str, str] = field(default_factory=dict)
    """Argument -> where its value comes from, in words."""
    price: str = ""
    """In words; empty when it is free."""
    problem: str = ""
    """Why an earlier answer could not be used."""
    resend: dict[str, Any] | None = None
    """The order that may have been paid already: its `key` in the ledger and its `number` there."""
    allowed: tuple[Kind, ...] = KINDS

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {**asdict(self), "allowed": list(self.allowed)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Ask":
        """Return what `plain` gave."""
        return cls(**{**plain, "allowed": tuple(plain["allowed"])})

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What to know before deciding, as pairs of a word and a sentence."""
        return [
            *([("Problem", self.problem)] if self.problem else []),
            ("Why", self.reason),
            *([("Repeated", f"for each of `{self.for_each}`")] if self.for_each else []),
            *(("From", f"`{name}` is {source}") for name, source in self.sources.items()),
            *([("Price", self.price)] if self.price else []),
        ]

    @property
    def description(self) -> str:
        return "\n".join([f"Step `{self.name}`.", *(f"{word}: {said}" for word, said in self.facts)])


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer to one ask."""

    type: Kind
    name: str = ""
    """Of an edit: the tool."""
    args: Mapping[str, Any] = field(default_factory=dict)
    """Of an edit: all its arguments, as a plan writes them."""
    message: str = ""
    """Of a rejection: why; the model that plans reads it."""

    def plain(self) -> dict[str, Any]:
        """Return it in the shape of the wire."""
        if self.type == "edit":
            return {"type": "edit", "edited_action": {"name": self.name, "args": dict(self.args)}}
        return {"type": self.type} | ({"message": self.message} if self.message else {})


@dataclass(frozen=True, kw_only=True)
class Request:
    """All that is asked about a plan at once."""

    run_id: str
    id: str
    asks: tuple[Ask, ...]

    def plain(self) -> dict[str, Any]:
        """Return it in the shape of the wire, with the id that an answer may give so that it is for this one only."""
        return {"id": self.id, **wire(self.asks)}

    @property
    def message(self) -> str:
        """What it is about, in a line."""
        named = ", ".join(f"`{one.tool}` ({one.name})" for one in self.asks)
        return f"{len(self.asks)} call{'s' * (len(self.asks) != 1)} of the plan must be approved: {named}."


Decisions = Sequence[Decision] | Mapping[str, Any]
"""One decision for each ask, in order; or `{"decisions": […]}` as the wire has them, perhaps with an `id`."""
Approve = Callable[[Request], Awaitable[Decisions | None]]
"""Answers a request; None: nobody can for now, and the run waits to be resumed."""


def wire(asks: Sequence[Ask]) -> dict[str, Any]:
    """Return asks as the value of an interrupt."""
    return {
        "action_requests": [
            # Chat pages read it as Markdown, and it has names of files.
            {"name": one.tool, "args": one.args, "description": plain_links(one.description, lambda address: False)}
            for one in asks
        ],
        "review_configs": [{"action_name": one.tool, "allowed_decisions": list(one.allowed)} for one in asks],
    }


def read_decisions(answer: Any, asks: Sequence[Ask]) -> list[Decision]:
    """Return the decision for each ask.

    Args:
        answer: `Decisions`, or what a client sent in their place.
        asks: What was asked.

    Raises:
        DecisionError: They are not decisions, or not about these asks; the message says what is expected.
    """
    given = answer.get("decisions") if isinstance(answer, Mapping) else answer
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise DecisionError('Decisions must be `{"decisions": [{"type": "approve"}, …]}`, one for each action.')
    if len(given) != len(asks):
        listed = ", ".join(f"`{one.name}` ({one.tool})" for one in asks)
        needed = f"{len(asks)} decisions are" if len(asks) != 1 else "One decision is"
        raise DecisionError(f"{needed} needed, and there are {len(given)}. In this order: {listed}.")
    return [_decision(one, ask) for one, ask in zip(given, asks, strict=True)]


def decisions_schema(asks: Sequence[Ask]) -> dict[str, Any]:
    """Return the JSON schema of the answer to these asks."""
    edited = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "args": {"type": "object"}},
        "required": ["name", "args"],
    }
    decision = {
        "type": "object",
        "properties": {
            "type": {"enum": [one for one in KINDS if any(one in ask.allowed for ask in asks)]},
            "edited_action": edited,
            "message": {"type": "string"},
        },
        "required": ["type"],
    }
    decisions = {"type": "array", "items": decision, "minItems": len(asks), "maxItems": len(asks)}
    return {"type": "object", "properties": {"decisions": decisions}, "required": ["decisions"]}


def _decision(value: Any, ask: Ask) -> Decision:
    plain = value.plain() if isinstance(value, Decision) else value
    kind = plain.get("type") if isinstance(plain, Mapping) else None
    if kind not in ask.allowed:
        raise DecisionError(
            f"The decision about `{ask.name}` has the type {kind!r}; it must be one of: {', '.join(ask.allowed)}."
        )
    if kind == "edit":
        edited = plain.get("edited_action")
        if not isinstance(edited, Mapping) or not isinstance(edited.get("args"), Mapping):
            raise DecisionError(f'The edit of `{ask.name}` needs `"edited_action": {{"name": …, "args": {{…}}}}`.')
        return Decision(type=kind, name=str(edited.get("name") or ask.tool), args=dict(edited["args"]))
    message = plain.get("message") or ""
    return Decision(type=kind, message=message if isinstance(message, str) else str(message))


async def decide(request: Request, approve: Approve | None, *, yes: bool) -> list[Decision] | None:
    """Return the decision about each ask; None when nobody can decide for now.

    Args:
        request: What is asked.
        approve: Who decides; None: nobody is there, and all is rejected.
        yes: All is approved but what cannot be, and to order again what may have been paid: both are asked.

    Raises:
        DecisionError: What `approve` gives are no decisions about these asks.
    """
    left = tuple(one for one in request.asks if one.resend or "approve" not in one.allowed or not yes)
    answer = await (approve or refuse_unattended)(replace(request, asks=left)) if left else ()
    if answer is None:
        return None
    if isinstance(answer, Mapping) and answer.get("id", request.id) != request.id:
        raise DecisionError(
            f"These decisions answer the request {str(answer['id'])[:64]!r}, and now {request.id!r} is asked: "
            f"{request.message} Look at it, and decide again."
        )
    decided = iter(read_decisions(answer, left))
    return [next(decided) if one in left else Decision(type="approve") for one in request.asks]


async def refuse_unattended(request: Request) -> Decisions:
    """Reject whatever is asked, because nobody is there to answer."""
    return [Decision(type="reject", message=unattended(one)) for one in request.asks]


def unattended(ask: Ask) -> str:
    """Say why a call was refused that nobody could be asked about, and how to allow it."""
    if ask.resend:
        return f"{ask.reason} Nobody was there to ask; `sensorium resume` on a terminal asks whether to send it again."
    return (
        f"{ask.reason} Nobody was there to approve it. To allow it, run it on a terminal and approve it, give `--yes`, "
        f"or change {ask.setting}."
    )


def waiting_text(request: str, asked: Request) -> str:
    """Say in the language of the user's request that a run waits, and how it goes on."""
    tools = ", ".join(dict.fromkeys(f"`{one.tool}`" for one in asked.asks))
    how = f"`sensorium resume {asked.run_id}`"
    wrong = "".join(f"`{one.name}`: {one.problem}\n" for one in asked.asks if one.problem)
    if answer_language(request) == "zh":
        return f"{wrong}等待您批准：{tools}。请在终端中运行 {how} 继续，或加上 `--decisions` 或 `--yes`。"
    return (
        f"{wrong}Waiting for your approval of {tools}. To go on: {how} on a terminal, or with `--decisions` or `--yes`."
    )
