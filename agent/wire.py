"""Messages and tools as a chat completions endpoint takes them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from ..tools.base.abilities import Kind
from ..tools.base.endpoints import Endpoint, ServedModel
from ..tools.base.errors import UnavailableError

Wire = dict[str, Any]

# Content blocks as LangChain has them and as OpenAI's own parts, and what an endpoint must take for them.
_KINDS: dict[str, Kind] = {
    "image": "picture",
    "image_url": "picture",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "video_url": "video",
}


def wire_messages(messages: Sequence[BaseMessage], served: ServedModel) -> list[Wire]:
    """Return messages as the model takes them; what it does not take becomes its caption or is refused, never dropped.

    Raises:
        UnavailableError: A message holds media that this model does not take, and that has no words to stand for it.
    """
    wired: list[Wire] = []
    shown: list[Wire] = []
    for message in messages:
        if shown and not isinstance(message, ToolMessage):
            wired.append({"role": "user", "content": shown})
            shown = []
        if isinstance(message, ToolMessage):
            # The role `tool` holds text only; what is to be looked at follows the last of the results.
            parts = list(_parts(message.content, served))
            text = "\n".join(part["text"] for part in parts if part["type"] == "text")
            shown += [part for part in parts if part["type"] != "text"]
            wired.append({"role": "tool", "tool_call_id": message.tool_call_id, "content": text or "(no text)"})
        elif isinstance(message, AIMessage):
            wired += _answer(message, served.endpoint)
        elif isinstance(message, SystemMessage | HumanMessage):
            role = "system" if isinstance(message, SystemMessage) else "user"
            wired.append({"role": role, "content": _content(message.content, served)})
        else:
            raise TypeError(f"A {type(message).__name__} has no place in a chat completion.")
    return [*wired, {"role": "user", "content": shown}] if shown else wired


def wire_tool(tool: Mapping[str, Any]) -> Wire:
    """Return a tool `{name, description, input_schema}` as a function the model may call."""
    function = {"name": tool["name"], "description": tool["description"], "parameters": tool["input_schema"]}
    return {"type": "function", "function": function}


def _answer(message: AIMessage, endpoint: Endpoint) -> Iterator[Wire]:
    """Yield what the model said; nothing for an empty answer, which many servers refuse."""
    calls = [_call(one["id"], one["name"], json.dumps(one["args"], ensure_ascii=False)) for one in message.tool_calls]
    # Broken arguments are not sent back: servers that parse them answer 400. The tool message says what was wrong.
    calls += [_call(one["id"], one["name"] or "unknown", "{}") for one in message.invalid_tool_calls]
    text = _clean(str(message.text))
    wired: Wire = {"role": "assistant", "content": text or None}
    if calls:
        wired["tool_calls"] = calls
        thought = _clean(str(message.additional_kwargs.get("reasoning_content") or ""))
        if endpoint.quirks.reasoning == "field":
            wired["reasoning_content"] = thought
        elif endpoint.quirks.reasoning == "tags" and thought:
            wired["content"] = f"<think>{thought}</think>{text}"
    if calls or text:
        yield wired


def _call(id: str | None, name: str, arguments: str) -> Wire:
    return {"id": id or "", "type": "function", "function": {"name": name, "arguments": _clean(arguments)}}


def _content(content: str | list[Any], served: ServedModel) -> str | list[Wire]:
    parts = list(_parts(content, served))
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def _parts(content: str | list[Any], served: ServedModel) -> Iterator[Wire]:
    blocks: list[Any] = [content] if isinstance(content, str) else content
    for block in blocks:
        kind = "text" if isinstance(block, str) else str(block.get("type"))
        if kind == "text":
            yield {"type": "text", "text": _clean(block if isinstance(block, str) else block["text"])}
            continue
        if kind not in _KINDS:
            raise UnavailableError(
                f"A content block of type {kind!r} cannot be sent. There are: text, {', '.join(_KINDS)}."
            )
        if _KINDS[kind] in served.takes:
            yield _media(kind, block)
        elif words := (block.get("extras") or {}).get("caption"):
            what = f"[{_KINDS[kind]}, which {served.full_name} does not take; in words: {words}]"
            yield {"type": "text", "text": _clean(what)}
        else:
            raise _not_taken(_KINDS[kind], served)


def _not_taken(kind: Kind, served: ServedModel) -> UnavailableError:
    takes, name = " and ".join(("text", *served.takes)), served.endpoint.name
    return UnavailableError(
        f"`{served.full_name}` takes {takes}, and the message holds {kind}. Send frames or a transcript instead, or "
        f'name what it takes in `[providers.{name}.models."{served.name}"]` of sensorium.toml: `takes = ["{kind}"]`.'
    )


def _media(kind: str, block: Mapping[str, Any]) -> Wire:
    """Return a part for LangChain's `image`, `audio` or `video` block; OpenAI's own parts stay as they are."""
    if kind in ("image_url", "input_audio", "video_url"):
        return dict(block)
    media_type = str(block.get("mime_type") or "")
    if kind == "audio":
        if "base64" not in block:
            raise UnavailableError("Audio is sent as base64 only; an address cannot be.")
        # The API knows the formats by these two names.
        form = "mp3" if media_type in ("audio/mpeg", "audio/mp3") else "wav"
        return {"type": "input_audio", "input_audio": {"data": block["base64"], "format": form}}
    address = block["url"] if "url" in block else f"data:{media_type};base64,{block['base64']}"
    name = "image_url" if kind == "image" else "video_url"
    detail = (block.get("extras") or {}).get("detail")
    return {"type": name, name: {"url": address} | ({"detail": detail} if detail else {})}


def _clean(text: str) -> str:
    """Return text that UTF-8 can hold: a file's name may have bytes that no encoding has."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
