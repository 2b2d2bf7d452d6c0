"""Makes a conversation that grew too long short: its oldest parts become a line for each thing said or done."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from ..prompts import load
from ..tools.base.tokens import text_tokens

MOST_TOKENS = 8_000
"""Of a conversation: with instructions, tools and an answer it fits into 16k tokens, which most models take. More would
cost more at every call; results that are only lines here can still be used, and read on in."""
LEFT_SHARE = 0.5
"""Of the budget, that is left when it is shortened: seldom and by much, so that the beginning of what is sent stays the
same for many calls and comes from the provider's cache."""
LINES_SHARE = 0.2
"""Of the budget, for the lines; the oldest are left out."""
PICTURE_TOKENS = 800
"""Of a picture of at most 768 pixels a side: between 258 (Gemini) and 1,100 (tiles of OpenAI)."""
_MESSAGE_TOKENS = 4
_REQUEST_LETTERS, _ANSWER_LETTERS, _STEP_LETTERS = 400, 400, 160

Unit = list[AnyMessage]
"""A message, or the model's calls with their results: what is never split."""


def shorten(messages: Sequence[AnyMessage], most_tokens: int = MOST_TOKENS) -> list[AnyMessage]:
    """Return messages that are at most about so many tokens: the request that is being answered and the newest as they
    are, the others as lines.

    No model is asked: the lines are what the messages say themselves. What was cut once stays cut at the same place
    while the conversation grows, until it is too long again. The request and the newest calls are never cut, however
    long they are.
    """
    all_units = units(messages)
    start = _start([tokens_of(one) for one in all_units], most_tokens)
    if start == 0:
        return list(messages)
    request = last_request([one[0] for one in all_units])
    lines = [line for at, one in enumerate(all_units[:start]) if at != request for line in _lines(one)]
    kept = [*([all_units[request]] if 0 <= request < start else []), *all_units[start:]]
    return _with_lines([message for unit in kept for message in unit], _newest(lines, round(most_tokens * LINES_SHARE)))


def last_request(messages: Sequence[AnyMessage]) -> int:
    """Return the place of the request that is being answered, and not of what the run itself asks; -1 for none."""
    return max((at for at, one in enumerate(messages) if is_request(one)), default=-1)


def is_request(message: AnyMessage) -> bool:
    return isinstance(message, HumanMessage) and "sensorium" in message.additional_kwargs


def units(messages: Sequence[AnyMessage]) -> list[Unit]:
    """Return messages in pieces that may stand apart: calls stay with their results."""
    found: list[Unit] = []
    for message in messages:
        if isinstance(message, ToolMessage) and found:
            found[-1].append(message)
        else:
            found.append([message])
    return found


def tokens_of(unit: Unit) -> int:
    """Return about how many tokens some messages are."""
    return sum(_MESSAGE_TOKENS + _content_tokens(one.content) + _call_tokens(one) for one in unit)


def _start(sizes: Sequence[int], most_tokens: int) -> int:
    """Return how many of the oldest units are cut.

    It follows from how the conversation grew, so that a longer one is cut at the same place until it must be again.
    """
    start = kept = 0
    for end, size in enumerate(sizes):
        kept += size
        # The lines take their part of the budget as soon as there are any.
        room = most_tokens * (1 - LINES_SHARE) if start else most_tokens
        if kept <= room:
            continue
        while start < end and kept > most_tokens * LEFT_SHARE:
            kept -= sizes[start]
            start += 1
    return start


def _with_lines(messages: list[AnyMessage], lines: Sequence[str]) -> list[AnyMessage]:
    """Put the lines behind the first message of the user, or before all where a model's message is first."""
    text = load("earlier", lines="\n".join(lines))
    at = next((place for place, one in enumerate(messages) if isinstance(one, HumanMessage)), 0)
    if not messages or not isinstance(messages[at], HumanMessage):
        return [HumanMessage(text.strip()), *messages]
    if at > 0:
        return [HumanMessage(text.strip()), *messages]
    first = messages[0]
    content = (
        f"{first.content}{text}" if isinstance(first.content, str) else [*first.content, {"type": "text", "text": text}]
    )
    return [first.model_copy(update={"content": content}), *messages[1:]]


def _newest(lines: Sequence[str], most_tokens: int) -> list[str]:
    kept: list[str] = []
    for line in reversed(lines):
        most_tokens -= text_tokens(line)
        if most_tokens < 0:
            return [f"(The first {len(lines) - len(kept)} lines are left out.)", *reversed(kept)]
        kept.append(line)
    return kept[::-1]


def _lines(unit: Unit) -> Iterator[str]:
    """Yield what a unit says, a line for each thing."""
    first = unit[0]
    if isinstance(first, HumanMessage):
        known = first.additional_kwargs.get("sensorium") or {}
        yield _line("The user", str(known.get("request") or first.text), _REQUEST_LETTERS)
    elif isinstance(first, AIMessage) and not (first.tool_calls or first.invalid_tool_calls):
        yield _line("Answer", str(first.text), _ANSWER_LETTERS)
    for message in unit[1:]:
        results = _results(message)
        if results is None:
            yield _line("Not run", str(message.text), _STEP_LETTERS)
        for step, told in (results or {}).items():
            said = told.get("error") or json.dumps(told.get("output", ""), ensure_ascii=False)
            yield _line(f"${step} ({told.get('tool', '')}) {told.get('status')}", str(said), _STEP_LETTERS)


def _results(message: AnyMessage) -> dict[str, dict[str, Any]] | None:
    try:
        results = json.loads(str(message.text))["results"]
    except (ValueError, KeyError, TypeError):
        return None
    return results if isinstance(results, dict) else None


def _line(who: str, text: str, letters: int) -> str:
    short = " ".join(text.split())
    short = short if len(short) <= letters else f"{short[:letters]}…"
    # What stands here was found in media or named by someone: it must not be able to close the list it stands in.
    return f"{who}: {short}".replace("<", "\\u003c").replace(">", "\\u003e")


def _content_tokens(content: str | list[Any]) -> int:
    if isinstance(content, str):
        return text_tokens(content)
    return sum(
        text_tokens(block if isinstance(block, str) else block["text"])
        if isinstance(block, str) or block.get("type") == "text"
        else PICTURE_TOKENS
        for block in content
    )


def _call_tokens(message: AnyMessage) -> int:
    if not isinstance(message, AIMessage):
        return 0
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    return sum(
        text_tokens(f"{one['name']}{json.dumps(one['args'], ensure_ascii=False)}") + _MESSAGE_TOKENS for one in calls
    )
