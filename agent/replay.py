"""Runs a run again from its record, and says what is another way than it was then."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from ..tools.base.endpoints import Endpoint, ServedModel
from ..tools.base.errors import ArgumentError
from ..tools.base.journal import RunRow
from ..tools.base.ledger import OrderRow
from ..tools.base.run import Run
from .answer import Options
from .last_words import unsettled
from .playback import NOWHERE, KnownBrain, NotRecorded, ReplayBudget, ReplayExecutor, ReplayJournal, Tape, shown
from .proven_report import REPORT

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from .assistant import Assistant
    from .context import Context
    from .state import State


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """How a run went when it was run again from its record."""

    run_id: str
    same: bool
    differences: list[str]
    """The first is where it went another way; those after it may only follow from it."""
    answers: int
    """Of the model that plans; 0 for the embedded brain, which thinks again."""
    steps: int
    """Calls whose recorded results were used."""
    text: str
    """What the answer is now."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


async def replay(assistant: "Assistant", run_id: str) -> Replayed:
    """Run a run again from its record and compare; see `Assistant.replay`."""
    row = assistant.journal.get(run_id)
    turn = assistant.threads.turn(row.run)
    if row.status == "waiting" or "artifacts" not in row.answer or not turn.messages:
        raise ArgumentError(
            f"The run {row.run} is {row.status} and has no answer to compare with. Go on with it first: "
            f"`sensorium resume {row.run}`."
        )
    view = assistant.show(row.run)
    tape = Tape(
        row=row,
        steps=view.steps,
        plans=view.plans,
        decisions=list(view.decisions),
        records=turn.records,
        orders=list(view.orders),
    )
    ended = "The run ends before its answer"
    try:
        state = await _walk(assistant, row, tape, turn.messages)
        text = state.get("answer", "")
        _compare(assistant, row, tape, state)
    except NotRecorded as error:
        text, ended = "", f"{ended}: {error}"
        tape.differs(ended)
    return Replayed(
        run_id=row.run,
        same=not tape.differences,
        differences=tape.differences,
        answers=tape.answers,
        steps=len(tape.met),
        text=text,
    )


async def _walk(assistant: "Assistant", row: RunRow, tape: Tape, messages: Sequence[Mapping[str, Any]]) -> "State":
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command

    from .graph import build
    from .untraced import untraced

    known = dict(messages[0]["data"]["additional_kwargs"].get("sensorium") or {})
    context = _context(assistant, row, tape, messages, known)
    start: State = assistant.runner.start(row) | {"paths": [], "facts": known.get("facts", [])}
    graph = build().copy({"checkpointer": InMemorySaver()})
    config = RunnableConfig(configurable={"thread_id": row.run}, recursion_limit=200)
    begin: Any = start
    try:
        while True:
            with untraced():
                walked = await graph.ainvoke(begin, config, context=context)
            if not walked.pop("__interrupt__", ()):
                return cast("State", walked)
            asked = walked["gate"]["asked"]
            decided, tape.decisions = tape.decisions[: len(asked)], tape.decisions[len(asked) :]
            if len(decided) < len(asked):
                names = ", ".join(f"`{one['name']}`" for one in asked)
                tape.differs(f"An approval is asked for {names}, and none is recorded.")
                raise NotRecorded(f"The approval of {names} is not recorded.")
            begin = Command(resume={"decisions": decided})
    finally:
        await context.executor.early.drop()


def _context(
    assistant: "Assistant",
    row: RunRow,
    tape: Tape,
    messages: Sequence[Mapping[str, Any]],
    known: Mapping[str, Any],
) -> "Context":
    """Return what the graph works with: everything that could reach outside is replaced by the record."""
    from .context import Context
    from .history import messages_of

    options, tools = Options(**row.options), assistant.tools
    opened = assistant.runner.begin(row.run, options)
    run: Run = replace(opened, budget=ReplayBudget(opened.budget, tape))
    executor = ReplayExecutor(
        run=run, journal=ReplayJournal(assistant.journal, tape), catalog=tools, emit=lambda event: None
    )
    executor.tape = tape
    return Context(
        brain=_brain(assistant, run, tape, messages),
        catalog=tools,
        executor=executor,
        emit=lambda event: None,
        max_steps=options.max_steps,
        said=tuple(messages_of(assistant.threads.before(row.run))),
        files=tuple(known.get("files", ())),
    )


def _brain(assistant: "Assistant", run: Run, tape: Tape, messages: Sequence[Mapping[str, Any]]) -> "BaseChatModel":
    """Return who gives the recorded answers; the embedded brain thinks again, which costs nothing."""
    from langchain_core.messages import AIMessage, messages_from_dict

    from .embedded.brain import EmbeddedBrain
    from .endpoint import EndpointBrain

    told = messages_from_dict([dict(one) for one in messages])
    asked = [one for one in tape.orders if one.role == "think" and one.outcome is not None]
    if asked:
        served = [_served(assistant, one) for one in asked[:1]]
        return EndpointBrain(served=served[0], budget=run.budget)
    if assistant.runner.own_brain or tape.row.answer.get("usage"):
        answers = [one for one in told if isinstance(one, AIMessage)]
        return cast("BaseChatModel", KnownBrain(answers, tape))
    return EmbeddedBrain()


def _served(assistant: "Assistant", order: OrderRow) -> ServedModel:
    """Return the model that was asked; where its endpoint is no longer set, one that nothing can be sent to."""
    endpoint = assistant.settings.endpoints.get(order.provider)
    if endpoint is None:
        endpoint = Endpoint(name=order.provider, base_url=NOWHERE)
    return ServedModel(endpoint=endpoint, name=order.model, role="think")


def _compare(assistant: "Assistant", row: RunRow, tape: Tape, state: "State") -> None:
    """Note what the end of a run has otherwise than then."""
    if len(tape.made) < len(tape.plans):
        tape.differs(f"{len(tape.plans)} plans ran then, and {len(tape.made)} now.")
    wanted = {
        key: name
        for name, one in tape.records.items()
        if one["status"] == "done"
        for key in ([one["key"]] if isinstance(one["key"], str) else one["key"])
        if one["tool"] != REPORT  # it may have been written again
    }
    if missing := [name for key, name in wanted.items() if key not in tape.met]:
        tape.differs(f"These steps ran then, and do not now: {', '.join(f'`{one}`' for one in missing)}.")
    then = str(row.answer.get("text", ""))
    budget = ReplayBudget(assistant.runner.begin(row.run, Options(**row.options)).budget, tape)
    now = state.get("answer", "") + unsettled(row.request, budget.spent)
    if now != then:
        tape.differs(f"The answer differs {_where(then, now)}.")


def _where(then: str, now: str) -> str:
    """Return where two texts part, with what stands there."""
    at = next((place for place, (one, two) in enumerate(zip(then, now, strict=False)) if one != two), None)
    at = min(len(then), len(now)) if at is None else at
    start = max(0, at - 20)
    return f"from character {at + 1}: then {shown(then[start : at + 60])}, now {shown(now[start : at + 60])}"
