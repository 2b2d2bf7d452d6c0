"""What an order says, done: a tool call with the files it names, the questions it asks, and its result in shape."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..tools.base.call import Outcome
from ..tools.base.catalog import catalog
from ..tools.base.errors import SensoriumError
from ..tools.base.policy import Rule
from ..tools.base.run import Run
from ..tools.base.secret_logs import logger_of
from ..tools.base.settings import Settings
from ..tools.base.tool import Tool
from ..tools.base.workspace import PREFIX
from .access import Access, without_folders
from .asker import Ask, asking
from .belongings import Belongings
from .consent import performed
from .faces import face_of
from .failures import failed, unforeseen
from .order import Given, Order
from .questions import Answer, Question
from .scopes import missing
from .shaping import shaped

logger = logger_of(__name__)


async def done(order: Order, run: Run, belongings: Belongings, ask: Ask) -> Given:
    """Return what an order comes to; a failure is a result too.

    Args:
        order: The call.
        run: As whose call it is made.
        belongings: Where it is noted what the owner may name from now on.
        ask: Asks the user.
    """
    if not order.runs_code:
        run = replace(run, settings=_without_code(run.settings))
    is_free = True  # of questions

    async def ask_told(question: Question) -> Answer:
        nonlocal is_free
        is_free = False
        return await ask(replace(question, message=_told(question.message, order, run)))

    asking.set(ask_told)
    try:
        tool = order.load()
        arguments = await asyncio.to_thread(_opened, tool, order, run)
        outcome = await performed(tool, arguments, run, ask_told)
        things = _things(outcome, tool, arguments)
        if outcome.cached and not outcome.artifacts:  # nothing to lay out or to draw: another thread costs more
            given = _handed_over(outcome, things, order, run, belongings)
        else:
            given = await asyncio.to_thread(_handed_over, outcome, things, order, run, belongings)
        return given if is_free else replace(given, lasting=None)
    except SensoriumError as error:
        return Given(result=failed(_told(str(error), order, run)))
    except (Exception, asyncio.CancelledError):
        # Nobody cancels here, the whole process is ended: a tool says so of itself.
        logger.exception("`%s` raised what it should not", order.tool)
        return Given(result=failed(unforeseen(order.tool)))


def _handed_over(outcome: Outcome, things: list[str], order: Order, run: Run, belongings: Belongings) -> Given:
    """Return a call's result in shape, after what it names was made its owner's."""
    if not (outcome.cached and belongings.has_all(order.owner, things)):
        belongings.give(order.owner, things)
    result = shaped(outcome, order, face_of(order.load()), run)
    return Given(result=result, lasting=things if _lasts(outcome, order) else None)


def _without_code(settings: Settings) -> Settings:
    """Return settings under which nothing that runs code may be called, whatever else they say."""
    reason = missing("code:run")
    denied = [one.name for one in catalog().values() if one.effect == "runs_code"]
    rules = [Rule(tool=name, decision="deny", reason=reason) for name in denied]
    return replace(settings, policy=replace(settings.policy, rules=(*rules, *settings.policy.rules)))


def _told(error: str, order: Order, run: Run) -> str:
    """Return an error as the client may read it: one on another machine learns no path of this one."""
    return without_folders(error, (*order.folders, run.settings.home)) if order.output is None else error


def _opened(tool: Tool, order: Order, run: Run) -> dict[str, Any]:
    """Return the arguments with handles for paths, refusing a file that is no longer where it was allowed."""
    access = Access(tuple(map(Path, order.folders)), is_told=order.output is not None)
    return tool.with_files(order.arguments, lambda file, _: _adopted(file, access, run))


def _adopted(named: Any, access: Access, run: Run) -> Any:
    if not isinstance(named, str) or named.startswith(PREFIX):
        return named
    artifact = run.workspace.adopt(Path(named))
    # The server allowed the path a moment ago; what it led to when it was opened is what counts.
    location = run.path(artifact.handle)
    if not location.is_relative_to(run.settings.home):
        access.check(location)
    return artifact.handle


def _lasts(outcome: Outcome, order: Order) -> bool:
    """Return whether the same call may be given the same again without asking the door, which took it from its memory.

    Copies that are laid out for a client are looked after by each call, and a part of a file may be whole next time.
    """
    has_copies = order.output is not None and bool(outcome.artifacts)
    return outcome.cached and not has_copies and not getattr(outcome.result, "partial", False)


def _things(outcome: Outcome, tool: Tool, arguments: Mapping[str, Any]) -> list[str]:
    """Return what the client may name from now on: handles of what it gave and got, and `run:ID`."""
    handles = [one for one in tool.files_in(arguments) if one]
    run = getattr(outcome.result, "run_id", None)
    made = [one.handle for one in outcome.artifacts]
    return [*dict.fromkeys([*handles, *made]), *([f"run:{run}"] if isinstance(run, str) else [])]
