"""A call that the user's policy asks about is made when the user says so, and then once."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
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
from .cards import Card, TooLongError, question_about
from .questions import Answer


async def performed(tool: Tool, arguments: Mapping[str, Any], run: Run, ask: Ask) -> Outcome:
    """Make a call; what the policy asks about, the user is asked about first.

    Raises:
        ToolError: As `perform` does; and when the user did not approve it.
    """
    quote = await asyncio.to_thread(quote_call, tool, arguments, run)
    try:
        return await perform(tool, arguments, run, quote=quote)
    except ApprovalError as error:
        # What another call inside this one needs is refused there: this one has begun, and must not be made twice.
        if error.call is None or error.call.tool is not tool:
            raise
        call = error.call
    try:
        question = question_about([_card(call, quote)], lambda handle: name_of(handle, run))
    except TooLongError as error:
        raise ToolError(f"{error} {_otherwise(call.setting)}") from None
    answer = await ask(question)
    if not answer.says("approve"):
        raise ToolError(_refused(call, answer))
    approved = replace(run, approvals=Approvals([call.key]))
    return await perform(tool, arguments, approved, quote=quote)


def name_of(handle: str, run: Run) -> str:
    """Return what a file is called, for a card."""
    try:
        return run.workspace.get(handle).name
    except ToolError:
        return handle


def in_words(answer: Answer) -> str:
    """Say why a call was not approved."""
    if answer.reason:
        return answer.reason
    if answer.action == "accept":
        return "The user sent the answer without allowing it."
    return "The user declined it." if answer.action == "decline" else "The user closed the question without an answer."


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


def _refused(call: CallToApprove, answer: Answer) -> str:
    said = f"`{call.tool.name}` needs approval, and has none for these arguments: {call.reason} {in_words(answer)}"
    if answer.reason:
        return f"{said} {_otherwise(call.setting)}"
    return f"{said} Do not call it again unless the user asks for it."


def _otherwise(setting: str) -> str:
    return (
        "To allow such calls, use a client that can ask its user (elicitation), start the server with `--yes`, or "
        f"change {setting}."
    )
