"""A call that the user's policy asks about is made when the user says so, and then once."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..tools.base.approvals import Approvals, CallToApprove
from ..tools.base.budget import usd
from ..tools.base.call import Outcome, perform
from ..tools.base.errors import ApprovalError, ToolError
from ..tools.base.price import Quote
from ..tools.base.quoting import quote_call
from ..tools.base.run import Run
from ..tools.base.tool import Tool
from .asker import Ask
from .cards import Card, TooLongError, fields_of, in_questions, question_about
from .questions import Answer


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What the user says to a call."""

    is_given: bool
    why: str = ""
    """Why it is not given, as a sentence."""
    by_user: bool = False
    """The user said no; else nobody could be asked."""


async def performed(tool: Tool, arguments: Mapping[str, Any], run: Run, ask: Ask) -> Outcome:
    """Make a call; what the policy asks about, the user is asked about first.

    Raises:
        ToolError: As `perform` does; and when the user did not approve it.
    """
    quote = await asyncio.to_thread(quote_call, tool, arguments, run) if tool.roles else None
    try:
        return await perform(tool, arguments, run, quote=quote)
    except ApprovalError as error:
        # What another call inside this one needs is refused there: this one has begun, and must not be made twice.
        if error.call is None or error.call.tool is not tool:
            raise
        call = error.call
    (consent,) = await consents([_card(call, quote)], run, ask)
    if not consent.is_given:
        raise ToolError(_refused(call, consent))
    approved = replace(run, approvals=Approvals([call.key]))
    return await perform(tool, arguments, approved, quote=quote)


async def consents(cards: Sequence[Card], run: Run, ask: Ask) -> list[Consent]:
    """Return what the user says to each of these calls; they are asked about in as few questions as can be read."""
    given: dict[int, Consent] = {}
    shown: list[int] = []
    for number, card in enumerate(cards):
        try:
            card.lines(lambda handle: name_of(handle, run))
            shown.append(number)
        except TooLongError as error:
            given[number] = Consent(is_given=False, why=str(error))
    left = iter(shown)
    for group in in_questions([cards[number] for number in shown], lambda handle: name_of(handle, run)):
        answer = await ask(question_about(group, lambda handle: name_of(handle, run)))
        for field in fields_of(group):
            given[next(left)] = _consent(answer, field)
    return [given[number] for number in range(len(cards))]


def name_of(handle: str, run: Run) -> str:
    """Return what a file is called, for a card."""
    try:
        return run.workspace.get(handle).name
    except ToolError:
        return handle


def otherwise(setting: str) -> str:
    """Say how calls are allowed that nobody can be asked about."""
    return (
        "To allow such calls, use a client that can ask its user (elicitation), start the server with `--yes`, or "
        f"change {setting}."
    )


def _consent(answer: Answer, field: str) -> Consent:
    if answer.reason:
        return Consent(is_given=False, why=answer.reason)
    if answer.says(field):
        return Consent(is_given=True)
    closed = "The user closed the question without an answer."
    return Consent(is_given=False, why=closed if answer.action == "cancel" else "The user declined it.", by_user=True)


def _card(call: CallToApprove, quote: Quote | None) -> Card:
    fields = call.tool.arguments.model_fields
    steering = call.tool.control_arguments
    shown = {
        name: value
        for name, value in call.arguments.items()
        if name in steering
        or fields[name].is_required()
        or value != fields[name].get_default(call_default_factory=True)
    }
    price = [("Price", _price(quote))] if quote else []
    return Card(tool=call.tool.name, arguments=shown, steering=steering, facts=[("Why", call.reason), *price])


def _price(quote: Quote) -> str:
    if quote.high_usd is None:
        return "It is not known."
    return f"Likely {usd(quote.likely_usd)}, at most {usd(quote.high_usd)}."


def _refused(call: CallToApprove, consent: Consent) -> str:
    said = f"`{call.tool.name}` needs approval, and has none for these arguments. {call.reason} {consent.why}"
    then = "Do not call it again unless the user asks for it." if consent.by_user else otherwise(call.setting)
    return f"{said} {then}"
