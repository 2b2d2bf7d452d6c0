"""How a question comes to the user of a client, whatever protocol the client speaks."""

import json
from dataclasses import dataclass
from typing import Any

from mcp import MCPError
from mcp.server.mcpserver import Context
from mcp.types import ClientCapabilities, ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types import CONNECTION_CLOSED
from mcp_types.version import is_version_at_least
from pydantic import ValidationError

from .job import Standing
from .jobs import Jobs
from .questions import Answer, AskUser, Question, cannot_ask

ROUNDS_VERSION = "2026-07-28"
"""From this protocol on a call that asks ends, and is made again with the answer."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How the user of one call's client is asked, and what he answered already."""

    context: Context[Any, Any]

    @property
    def user(self) -> AskUser | None:
        """What asks in the open call; None where the call ends for it."""
        if not self._can_ask:
            return cannot_ask
        return None if self.in_rounds else self._ask

    @property
    def in_rounds(self) -> bool:
        """Whether the call ends with the question, and is made again with the answer."""
        return self._can_ask and self._is_new

    @property
    def _can_ask(self) -> bool:
        is_reached = self._is_new or bool(self.context.session.can_send_request)
        return is_reached and takes_forms(self.context.client_capabilities)

    @property
    def _is_new(self) -> bool:
        version = self.context.protocol_version
        return version is not None and is_version_at_least(version, ROUNDS_VERSION)

    async def take(self, jobs: Jobs, owner: str) -> str | None:
        """Pass on what the user answered; return the job whose question brought this call here again.

        The state was sealed: it comes back from the same caller, for the same tool and arguments, or not at all.
        """
        if self.context.request_state is None:
            return None
        try:
            state = json.loads(self.context.request_state)
            job, question = str(state["job"]), Question.of(state["question"])
        except (ValueError, TypeError, KeyError):  # of another version of ours: it is asked again
            return None
        given = (self.context.input_responses or {}).get(question.key)
        if isinstance(given, ElicitResult):
            await jobs.reply(job, owner, question.answered(given.action, given.content))
        return job

    async def _ask(self, question: Question) -> Answer:
        try:
            given = await self.context.session.elicit_form(
                question.message, question.schema, related_request_id=self.context.request_id
            )
        except (MCPError, ValidationError) as error:
            if isinstance(error, MCPError) and error.code == CONNECTION_CLOSED:
                raise  # another client may ask, or this one when it is back
            return Answer(key=question.key, action="decline", reason="The client failed to ask its user.")
        return question.answered(given.action, given.content)


def takes_forms(declared: ClientCapabilities | None) -> bool:
    """Return whether a client that declared these capabilities can ask its user to fill in a form."""
    kinds = declared.elicitation if declared else None
    # One that names no kind is from before there were several.
    return kinds is not None and (kinds.form is not None or kinds.url is None)


def input_required(standing: Standing) -> InputRequiredResult:
    """Return what a call ends with when a job asks: its client makes it again, with the answer."""
    question = standing.question
    assert question, "it asks nothing"
    # What is answered is checked against the question, which may be over by then.
    state = {"job": standing.job, "question": {**question.plain(), "message": ""}}
    return InputRequiredResult(
        input_requests={question.key: request_of(question)}, request_state=json.dumps(state, separators=(",", ":"))
    )


def request_of(question: Question) -> ElicitRequest:
    """Return a question as a client gets it."""
    return ElicitRequest(params=ElicitRequestFormParams(message=question.message, requested_schema=question.schema))
