"""The node that proves the last word: once it goes back to the model, then what is not backed is struck or marked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.runtime import Runtime

from ..prompts import load
from ..tools.base.words import Language, answer_language
from .context import Context, give
from .events import Event, TextDelta
from .evidence import Evidence, plain
from .files_said import Files
from .plain_links import is_address, own_addresses, plain_links
from .plan import MISSING
from .proof import Proof, Prover
from .proven_report import write_again
from .proven_text import shown_text, summary_of
from .state import State

MOST_FAULTS = 20
"""That one request for a repair names."""
_MOST_LETTERS = 240
AT_THE_CAP = "at_the_cap"


@dataclass
class Held:
    """Keeps back what a model says until it is proven; everything else that happens is told at once."""

    emit: Any
    request: str = ""
    text: str = ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self.text += event.text
        else:
            self.emit(event)

    def release(self) -> None:
        """Say what was kept back: what is said beside calls is no answer."""
        if self.text:
            self.emit(TextDelta(text=plain_links(self.text, own_addresses(self.request).__contains__)))


def is_proven_later(state: State, brain: BaseChatModel) -> bool:
    """Tell whether an answer is said only when it is proven: where there are files or results to say something of.

    What the embedded brain says is put together from evidence, and plain conversation claims nothing.
    """
    about = state.get("files") or state.get("records") or state.get("earlier")
    return bool(about) and not _is_embedded(brain)


def is_repair(state: State) -> bool:
    """Tell whether the model is asked to mend its answer, which needs no tools."""
    return bool(state.get("proofs"))


async def prove(state: State, runtime: Runtime[Context]) -> State:
    """Check the model's last word; ask once for a repair, then strike or mark what is not backed and say so."""
    context = runtime.context
    give(context.executor, state)
    message = state["messages"][-1]
    assert isinstance(message, AIMessage)
    if _is_embedded(context.brain):
        return {"claims": []}
    said, added = _parts(message, state.get("answer", ""))
    prover = _prover(state, context)
    proof = prover.prove(said)
    is_held = is_proven_later(state, context.brain)
    if is_held and proof.faults and not added and not is_repair(state):
        repair = HumanMessage(_asked(proof, prover.files), id=f"{context.executor.run.id}-repair")
        return {"messages": [repair], "proofs": 1, "unproven": said, "shortfall": ""}
    update: State = {}
    if first := state.get("unproven"):
        earlier = prover.prove(first)
        if not said.strip() or earlier.score > proof.score:
            proof = earlier
            if AT_THE_CAP not in message.response_metadata:  # what went wrong is only the repair
                added, update = "", {"shortfall": ""}
    language = answer_language(state["request"])
    text = _written(proof, prover, state, language)
    if is_held:
        context.emit(TextDelta(text=text + added))
    elif text != said:
        context.emit(TextDelta(text=text.removeprefix(said) if text.startswith(said) else f"\n\n{text}"))
    update |= {
        "answer": text + added,
        "claims": [one.plain() for one in proof.checked],
        "messages": [_kept(message, proof, prover, language)],
    }
    if (record := await write_again(context, state, proof, prover.evidence, _model(message))) is not None:
        update["records"] = {**state["records"], record["step"]: record}
    return update


def asks_again(state: State) -> bool:
    """Tell whether the model is to mend its answer."""
    return isinstance(state["messages"][-1], HumanMessage)


def _is_embedded(brain: BaseChatModel) -> bool:
    return brain._llm_type == "sensorium-embedded"


def _parts(message: AIMessage, answer: str) -> tuple[str, str]:
    """Return what the model said, and what was added to it: why it is not whole."""
    text = str(message.text)
    if AT_THE_CAP in message.response_metadata:
        ends = [at for at in (text.rfind("\n\n("), text.rfind("\n\n（")) if at >= 0]
        return (text[: max(ends)], text[max(ends) :]) if ends else ("", text)
    return text, answer.removeprefix(text) if answer.startswith(text) else ""


def _prover(state: State, context: Context) -> Prover:
    scope = context.executor.scope
    records = {**state.get("earlier", {}), **state["records"]}
    results = {
        name: scope[name]
        for name, one in records.items()
        if one["status"] == "done" and scope.get(name, MISSING) is not MISSING
    }
    own = [str(one["name"]) for one in state["files"]]
    made = {one["name"]: one["media_type"] for one in _artifacts(list(results.values()))}
    handles = {one["handle"] for one in _artifacts(list(results.values()))}
    handles |= {str(one["handle"]) for one in state["files"] if one.get("handle")}
    return Prover(
        evidence=Evidence(results, state["files"]),
        files=Files(
            made={name: kind for name, kind in made.items() if name not in own}, handles=frozenset(handles), own=own
        ),
        request=state["request"],
        told=_limits_of(results, records),
    )


def _limits_of(results: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the letters of all limits that the results name and of the errors of steps."""
    errors = [str((one.get("error") or {}).get("message", "")) for one in records.values()]
    return "|".join(map(plain, [*_limits(list(results.values())), *errors]))


def _limits(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _limits(one)
    elif isinstance(value, Mapping):
        yield from (str(one) for one in value.get("limits") or [])


def _artifacts(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the artifacts of plain results: what the tools made."""
    if isinstance(value, Mapping):
        if {"handle", "name", "media_type"} <= value.keys():
            yield value
        else:
            for part in value.values():
                yield from _artifacts(part)
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        for part in value:
            yield from _artifacts(part)


def _asked(proof: Proof, files: Files) -> str:
    """Return the one request for a repair: every sentence that does not hold, and why."""
    faults = proof.faults
    lines = [
        f"{at}. {_quoted(one.claim.text)}\n   {'; '.join(_short(problem) for problem in one.problems)}"
        for at, one in enumerate(faults[:MOST_FAULTS], 1)
    ]
    if len(faults) > MOST_FAULTS:
        lines.append(f"… and {len(faults) - MOST_FAULTS} more of these kinds.")
    return load("prove", faults="\n".join(lines), files=", ".join(files.made) or "none").strip()


def _quoted(text: str) -> str:
    return f"“{_short(text)}”"


def _short(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"


def _written(proof: Proof, prover: Prover, state: State, language: Language) -> str:
    """Return the answer as the user reads it."""
    files = {one for one in (*prover.files.made, *prover.files.own) if not is_address(one)}
    allowed = files | own_addresses(state["request"])
    text = plain_links(shown_text(proof, prover.evidence, language), allowed.__contains__).strip("\n")
    closing = summary_of(proof, language, list(prover.files.made))
    return "\n\n".join(filter(None, [text, closing]))


def _kept(message: AIMessage, proof: Proof, prover: Prover, language: Language) -> AnyMessage:
    """Return the message as the next turn reads it: with its ids, without what was struck."""
    if not proof.faults or AT_THE_CAP in message.response_metadata:
        return message
    return message.model_copy(update={"content": shown_text(proof, prover.evidence, language, with_ids=True)})


def _model(message: AIMessage) -> str:
    about = message.response_metadata
    names: Sequence[Any] = (about.get("endpoint"), about.get("model_name"))
    return ":".join(str(one) for one in names if one) or "model"
