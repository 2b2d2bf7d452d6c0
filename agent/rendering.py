"""What a model is sent: the messages of the state, as the model that is asked can read them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from ..tools.base.abilities import Kind
from ..tools.base.errors import ToolError
from ..tools.base.run import Run
from ..tools.base.tokens import text_tokens
from ..tools.base.tool import Tool
from .compact import compact
from .messages import system_message
from .offer import tool_schemas
from .shortening import MOST_TOKENS, PICTURE_TOKENS, Unit, last_request, shorten, units

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from .context import Context
    from .state import State

NEWEST_PICTURES = 4
"""How many pictures a model that takes pictures is sent; of older ones it has the words only."""
PICTURE_PIXELS = 768
"""The longest side of a picture that is sent; `look_at` shows more."""
LOOKING = "look_at"
REPAIR = "-repair"
"""Ends the id of a message that asks a model to mend its answer; see `prove`."""
ANSWER_TOKENS = 2_000
"""Kept free for what a model with a small window answers."""
LEAST_TOKENS = 1_000
"""Of a conversation, even where the window is too small for instructions and tools: a shorter one makes no sense."""
_MEDIA: Mapping[str, Kind] = {
    "image": "picture",
    "image_url": "picture",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "video_url": "video",
}
_INSTEAD: Mapping[Kind, str] = {
    "picture": "The text in it",
    "audio": "Its transcript",
    "video": "The text of its frames and its transcript",
}


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What the model that is asked can read."""

    takes: tuple[Kind, ...] = ()
    """Media beside text."""
    reads_data: bool = False
    """It reads results as data, as the embedded brain does; whatever they are long."""
    keeps_thoughts: bool = False
    """It wants back what it thought before the calls of the turn it is in."""
    most_tokens: int = MOST_TOKENS
    """Of the conversation."""
    pictures: int = 0
    """How many of the newest pictures it is sent."""


def reader_of(brain: "BaseChatModel", tools: Mapping[str, Tool]) -> Reader:
    """Return what a brain can read.

    A model that takes pictures is sent some only where no tool looks at them for it.
    """
    from .embedded.brain import EmbeddedBrain

    if isinstance(brain, EmbeddedBrain):
        return Reader(reads_data=True)
    served = getattr(brain, "served", None)
    if served is None:
        return Reader()
    pictures = NEWEST_PICTURES if "picture" in served.takes and LOOKING not in tools else 0
    return Reader(
        takes=served.takes,
        most_tokens=_left(served.ability.window_tokens, tools, pictures),
        keeps_thoughts=served.endpoint.quirks.reasoning != "drop",
        pictures=pictures,
    )


def _left(window_tokens: int | None, tools: Mapping[str, Tool], pictures: int) -> int:
    """Return how many tokens a conversation may be beside the instructions, the tools, its pictures and the answer."""
    if window_tokens is None:
        return MOST_TOKENS
    fixed = text_tokens(str(system_message().text)) + text_tokens(json.dumps(tool_schemas(tools)))
    return max(LEAST_TOKENS, min(MOST_TOKENS, window_tokens - fixed - pictures * PICTURE_TOKENS - ANSWER_TOKENS))


async def messages_for(state: "State", context: "Context") -> list[AnyMessage]:
    """Return the messages to send now in a run."""
    reader = reader_of(context.brain, context.catalog)
    messages = [*context.said, *state["messages"]]
    if reader.reads_data:
        messages = _with_data(messages, state, context.executor.scope)
    return await to_send(messages, reader, context.executor.run)


async def to_send(messages: Sequence[AnyMessage], reader: Reader, run: Run) -> list[AnyMessage]:
    """Return the same instructions first, then the conversation, short and without media that the model does not take.

    Args:
        messages: All that was said.
        reader: Who reads it.
        run: Where pictures lie.
    """
    if reader.reads_data:
        return [system_message(), *messages]
    messages = [_readable(one, reader) for one in without_old_thoughts(_without_repairs(messages), reader)]
    messages = shorten(messages, reader.most_tokens)
    if reader.pictures:
        messages = await asyncio.to_thread(_with_pictures, messages, reader.pictures, run)
    return [system_message(), *messages]


def _without_repairs(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Return messages without the answers that were mended, and without what was asked to have them mended."""
    mended = [at for at, one in enumerate(messages[:-1]) if one.id and one.id.endswith(REPAIR)]
    left_out = {*mended, *(at - 1 for at in mended)}
    return [one for at, one in enumerate(messages) if at not in left_out]


def without_old_thoughts(messages: Sequence[AnyMessage], reader: Reader) -> list[AnyMessage]:
    """Return messages without what the model thought, but for its calls since the last request where it wants that."""
    asked = last_request(messages)
    return [one if reader.keeps_thoughts and at > asked else thoughtless(one) for at, one in enumerate(messages)]


def to_keep(answer: AIMessage, context: "Context") -> AnyMessage:
    """Return a model's answer as the state keeps it: what it thought only where it will want that back."""
    return answer if reader_of(context.brain, context.catalog).keeps_thoughts else thoughtless(answer)


def thoughtless(message: AnyMessage) -> AnyMessage:
    """Return a message without what the model thought before it."""
    if not isinstance(message, AIMessage) or "reasoning_content" not in message.additional_kwargs:
        return message
    rest = {name: value for name, value in message.additional_kwargs.items() if name != "reasoning_content"}
    return message.model_copy(update={"additional_kwargs": rest})


def _readable(message: AnyMessage, reader: Reader) -> AnyMessage:
    """Return a message whose media the model takes; of other media it is told in words."""
    if isinstance(message.content, str):
        return message
    content = [_worded(block, reader) for block in message.content]
    return message if content == message.content else message.model_copy(update={"content": content})


def _worded(block: Any, reader: Reader) -> Any:
    kind = None if isinstance(block, str) else _MEDIA.get(str(block.get("type")))
    if kind is None or kind in reader.takes:
        return block
    takes = " and ".join(("text", *reader.takes))
    text = f"({kind.capitalize()}, not shown: this model takes {takes}. {_INSTEAD[kind]} stands for it.)"
    return {"type": "text", "text": text}


def _with_data(messages: Sequence[AnyMessage], state: "State", scope: Mapping[str, Any]) -> list[AnyMessage]:
    """Return messages whose results are the data itself, for a brain that reads data."""
    made: list[AnyMessage] = []
    for message in messages:
        steps = (message.artifact or {}).get("steps") if isinstance(message, ToolMessage) else None
        if steps and all(step in state["records"] for step in steps):
            results = {step: _data(state["records"][step], scope.get(step)) for step in steps}
            content = json.dumps({"results": results}, ensure_ascii=False)
            made.append(message.model_copy(update={"content": content}))
        else:
            made.append(message)
    return made


def _data(record: Mapping[str, Any], result: Any) -> dict[str, Any]:
    told = {key: record[key] for key in ("tool", "status", "error", "cached", "seconds")}
    return told | ({"output": compact(result)} if record["status"] == "done" else {})


def _with_pictures(messages: Sequence[AnyMessage], most: int, run: Run) -> list[AnyMessage]:
    """Return messages with the newest pictures behind the results, or the request, that they belong to."""
    made: list[AnyMessage] = []
    seen: set[str] = set()
    for unit in reversed(units(messages)):
        named = {one["handle"]: one for message in unit for one in _pictures_of(message) if one["handle"] not in seen}
        shown = [blocks for one in list(named.values())[-most:] if (blocks := _blocks(one, run))] if most else []
        seen.update(named)
        most -= len(shown)
        made[:0] = _beside(unit, [part for blocks in shown for part in blocks])
    return made


def _beside(unit: Unit, parts: list[str | dict[Any, Any]]) -> Unit:
    """Return a unit with parts behind the words of a request, or behind results."""
    first = unit[0]
    if not parts:
        return unit
    if not isinstance(first, HumanMessage):
        return [*unit, HumanMessage(parts)]
    text = [{"type": "text", "text": first.content}] if isinstance(first.content, str) else first.content
    return [first.model_copy(update={"content": [*text, *parts]})]


def _pictures_of(message: AnyMessage) -> list[Mapping[str, str]]:
    """Return handle and name of the pictures in a message: those of its results, or the user's own."""
    if isinstance(message, ToolMessage):
        return list((message.artifact or {}).get("pictures", []))
    known = message.additional_kwargs.get("sensorium") or {}
    files = [one for one in known.get("files", []) if one.get("handle")]
    return [
        {"handle": one["handle"], "name": f"$files[{at}]"}
        for at, one in enumerate(files)
        if one.get("kind") == "picture"
    ]


def _blocks(picture: Mapping[str, str], run: Run) -> list[dict[str, Any]]:
    """Return a picture with its name before it; nothing for one that is gone or cannot be read."""
    from ..tools.base.decoding import decode_now
    from ..tools.base.small_pictures import shown_picture

    try:
        shown = decode_now(run, shown_picture, run.path(picture["handle"]), picture["name"], PICTURE_PIXELS)
    except ToolError:
        return []
    return [{"type": "text", "text": f"{picture['name']}:"}, shown.part]
