"""Puts a chat completion together from the bytes of its stream."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..tools.base.letters import Letters, whole, whole_text
from .sse import Events
from .thoughts import Thoughts

MAX_BYTES = 32 * 2**20
"""No chat completion is this long; a server that goes on is stopped."""
_HEAD_BYTES = 4096
_BLANKS = b"\xef\xbb\xbf \t\r\n"


class NotAChat(Exception):
    """The answer is something else, such as a web page; `text` is its beginning."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Refused(Exception):
    """The answer holds an error in the place of a completion."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass(kw_only=True)
class Call:
    """A tool call as the model wrote it."""

    number: int = 0
    """Its place among the calls of its message."""
    id: str = ""
    name: str = ""
    arguments: Any = ""
    """Text, or an object from a server that sends one."""
    letters: Letters = field(default_factory=Letters, repr=False, compare=False)
    """Makes whole what comes of the arguments."""


@dataclass(frozen=True, slots=True)
class CallPiece:
    """What some bytes of a stream brought of a tool call."""

    number: int
    """The call's place among those of its message."""
    name: str
    """The name of its tool, as far as it is known."""
    arguments: str
    """More of its arguments, or all at once from a server that sends an object."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What some bytes of a stream brought."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[CallPiece, ...] = ()


@dataclass
class Completion:
    """One chat completion, streamed or in one JSON document, while it arrives."""

    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = None
    is_done: bool = False
    """`[DONE]` was said: what may follow brings nothing."""
    about: dict[str, Any] = field(default_factory=dict)
    """Who answered, where it is not the model that was asked first."""
    calls: list[Call] = field(default_factory=list)
    """The tool calls; before all bytes were fed their arguments are not whole: `Piece.calls` tells what has come."""
    _slots: dict[int, Call] = field(default_factory=dict)
    _events: Events = field(default_factory=Events)
    _thoughts: Thoughts = field(default_factory=Thoughts)
    _document: list[bytes] | None = None
    _head: bytes = b""
    _bytes: int = 0
    _has_begun: bool = False
    _text: list[str] = field(default_factory=list)
    _text_letters: Letters = field(default_factory=Letters)
    _reasoning: list[str] = field(default_factory=list)
    _reasoning_letters: Letters = field(default_factory=Letters)
    _called: list[CallPiece] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether it came to its end; a part of a completion must not be used."""
        return self.is_done or self.finish_reason is not None

    def feed(self, piece: bytes) -> Piece:
        """Take some bytes and return what they brought.

        Raises:
            NotAChat: This is no chat completion.
            Refused: The server says what went wrong.
        """
        if not self._bytes:
            piece = piece.lstrip(_BLANKS)
            self._document = [] if piece[:1] in (b"{", b"[", b"<") else None
        self._bytes += len(piece)
        if self._bytes > MAX_BYTES:
            raise Refused(500, f"its answer goes on after {MAX_BYTES} bytes")
        if len(self._head) < _HEAD_BYTES:
            self._head += piece[:_HEAD_BYTES]
        if self._document is None:
            self._take(self._events.feed(piece))
        else:
            self._document.append(piece)
        return self._piece()

    def end(self) -> Piece:
        """Return what was held back until no more bytes come.

        Raises:
            NotAChat: There was no chat completion in them.
            Refused: The server says what went wrong.
        """
        self._take(self._events.end() if self._document is None else [b"".join(self._document)])
        if not self._has_begun:
            raise NotAChat(self._head.decode(errors="replace"))
        self._say(*self._thoughts.rest())
        seen: set[str] = set()
        for call in self.calls:
            if rest := call.letters.rest():
                self._add(call, rest)
            if not call.id or call.id in seen:
                call.id = f"call_{uuid.uuid4().hex[:12]}"
            seen.add(call.id)
        piece = self._piece()
        return replace(
            piece,
            text=piece.text + self._text_letters.rest(),
            reasoning=piece.reasoning + self._reasoning_letters.rest(),
        )

    def become(self, other: "Completion") -> None:
        """Take over a completion that came in the place of this one."""
        vars(self).update(vars(other))

    def _piece(self) -> Piece:
        text = self._text_letters.take("".join(self._text))
        reasoning = self._reasoning_letters.take("".join(self._reasoning))
        piece = Piece(text=text, reasoning=reasoning, calls=tuple(self._called))
        self._text.clear()
        self._reasoning.clear()
        self._called.clear()
        return piece

    def _take(self, events: Iterable[bytes]) -> None:
        for data in events:
            if data == b"[DONE]":
                self.is_done = True
                continue
            try:
                plain = json.loads(data)
            except (ValueError, RecursionError):
                raise NotAChat(data[:_HEAD_BYTES].decode(errors="replace")) from None
            if isinstance(plain, Mapping):
                self._chunk(plain)

    def _chunk(self, chunk: Mapping[str, Any]) -> None:
        if error := chunk.get("error"):
            code = error.get("code") if isinstance(error, Mapping) else None
            raise Refused(code if isinstance(code, int) and 400 <= code < 600 else 500, json.dumps(error))
        if isinstance(chunk.get("usage"), Mapping):
            self.usage = chunk["usage"]  # some servers send a running count, so the last one holds
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            return
        self._has_begun = True
        for choice in choices:
            if isinstance(choice, Mapping) and not choice.get("index"):
                self._choice(choice)

    def _choice(self, choice: Mapping[str, Any]) -> None:
        part = choice.get("delta") or choice.get("message")
        if isinstance(part, Mapping):
            for name in ("reasoning_content", "reasoning"):
                if isinstance(part.get(name), str):
                    self._reasoning.append(part[name])
                    break
            self._say(*self._thoughts.split(_text_of(part.get("content")) or _text_of(part.get("refusal"))))
            made = part.get("tool_calls")
            for delta in made if isinstance(made, list) else ():
                if isinstance(delta, Mapping):
                    self._call(delta)
        if reason := choice.get("finish_reason"):
            self.finish_reason = str(reason)

    def _say(self, reasoning: str, text: str) -> None:
        self._reasoning.append(reasoning)
        self._text.append(text)

    def _call(self, delta: Mapping[str, Any]) -> None:
        function = delta.get("function")
        if not isinstance(function, Mapping):
            function = {}
        call = self._slot(delta.get("index"), whole_text(str(delta.get("id") or "")), function)
        # A name comes whole; some servers repeat it with every piece.
        call.name = call.name or whole_text(str(function.get("name") or ""))
        arguments = function.get("arguments")
        if isinstance(arguments, str) and isinstance(call.arguments, str):
            self._add(call, call.letters.take(arguments))
        elif arguments is not None:
            call.arguments = whole(arguments)
            self._called.append(CallPiece(call.number, call.name, json.dumps(call.arguments)))

    def _add(self, call: Call, arguments: str) -> None:
        call.arguments += arguments
        self._called.append(CallPiece(call.number, call.name, arguments))

    def _slot(self, index: Any, id: str, function: Mapping[str, Any]) -> Call:
        """Return the call that a piece belongs to.

        OpenAI numbers the calls of a message and gives the id with the first piece. Others leave out the number, or
        send several whole calls with the same one: there a new id begins a new call, or a name after whole arguments.
        """
        key = index if isinstance(index, int) else -1
        call = self._slots.get(key)
        if (
            call
            and not (id and call.id and id != call.id)
            and not (key < 0 and function.get("name") and _is_whole(call))
        ):
            call.id = call.id or id
            return call
        self._slots[key] = call = Call(number=len(self.calls), id=id)
        self.calls.append(call)
        return call


def _is_whole(call: Call) -> bool:
    if not isinstance(call.arguments, str):
        return True
    try:
        json.loads(call.arguments)
    except (ValueError, RecursionError):
        return False
    return True


def _text_of(content: Any) -> str:
    """Return the text of content that is text, or a list of parts."""
    if isinstance(content, list):
        return "".join(str(one.get("text") or "") for one in content if isinstance(one, Mapping))
    return content if isinstance(content, str) else ""
