"""What a decoder process asks for while it works on a call, and tells meanwhile: it has what the call was given."""

import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from .errors import ToolError
from .outputs import PART_BYTES, Lent
from .packing import MOST_ASK_BYTES, PackError, letter_of
from .picture_files import MAX_PICTURE_PIXELS
from .unpacking import believed
from .workspace import PREFIX, Artifact, Fact

if TYPE_CHECKING:
    from ..credentials.identity import Pen
    from ..sandbox.channel import Message
    from .models import TextReader
    from .run import Run

PUT_BYTES, PUTS_BYTES, PUTS = 128 << 20, 2 << 30, 2500
"""Most bytes of a file that a decoder makes, of all of one call, and most files: a picture of 8K has 100 MB at worst,
500 exact ones of a film in full HD have 1.5 GB, and text is read on 2000 frames at most."""
SIGNATURES = 1
"""Most that one call has signed: it makes one file."""
PROVIDERS = 20
"""Most that one call is noted to have used."""
PROGRESS_SECONDS = 0.05
"""How often progress is passed on: each time takes memory and a moment of whoever shows it."""
_HANDLE = re.compile(re.escape(PREFIX) + "[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(eq=False)
class Asks:
    """What one call may have, and what it made."""

    run: "Run | None"
    given: set[str] = field(default_factory=set)
    """Handles that the call was given."""
    readers: "Sequence[TextReader | Pen]" = ()
    """What it was given that reads, or signs, here."""
    outputs: list[Lent] = field(default_factory=list)
    """Files that are written for it."""
    _made: dict[str, list[Artifact]] = field(default_factory=dict)
    """By handle; the same content may be put under several names."""
    _put_bytes: int = 0
    _puts: int = 0
    _signed: int = 0
    _passed_on: float = -math.inf
    """When progress was, in seconds."""

    def answer(self, message: "Message") -> Any:
        """Return what is asked for.

        Raises:
            PackError: It may not be had, or is not what can be asked for.
            ToolError: It cannot be had now.
        """
        what, given = message.body["ask"], _pairs(message)
        if what == "path":
            return self._run().path(self._allowed(given, message))
        if what == "artifact":
            return self._artifact(self._allowed(given, message))
        if what == "put":
            return self._put(given, message)
        if what == "read":
            return self._read(given, message)
        if what == "sign":
            return self._sign(given, message)
        if what == "read_back":
            output = self._output(given, message)
            return output.read(_value(given, message, "at", int), _value(given, message, "count", int))
        raise PackError("it asks for what there is not")

    def holds(self, handle: str) -> bool:
        """Return whether the call was given an artifact, or made it."""
        return handle in self.given or handle in self._made

    def is_true(self, artifact: Artifact) -> bool:
        """Return whether an artifact that it holds is as it says."""
        return artifact in [*self._made.get(artifact.handle, ()), self._artifact(artifact.handle)]

    def hear(self, message: "Message") -> None:
        """Pass on what is told: which provider was used, how far it is, and what belongs into an output file.

        Raises:
            PackError: There is no such file.
            ToolError: The file cannot be written.
        """
        given, run = _pairs(message), self.run
        if message.body["tell"] == "write":
            content = _value(given, message, "content", bytes)
            if len(content) > PART_BYTES:
                raise PackError("it writes too much at once")
            self._output(given, message).write(_value(given, message, "at", int), content)
        if run is None:
            return
        if message.body["tell"] == "used":
            provider = line(_value(given, message, "provider", str), 100)
            if provider not in run.call.providers and len(run.call.providers) < PROVIDERS:
                run.used(provider)
        elif message.body["tell"] == "progress" and time.monotonic() - self._passed_on >= PROGRESS_SECONDS:
            self._passed_on = time.monotonic()
            fraction = _value(given, message, "fraction", float | None)
            note = line(_value(given, message, "note", str), 200)
            run.progress(None if fraction is None or math.isnan(fraction) else min(1.0, max(0.0, fraction)), note)

    def close_outputs(self, *, keep: bool) -> None:
        """Close the files that were written, and remove them unless they are whole.

        Raises:
            StorageError: The disk is full.
        """
        for output in self.outputs:
            output.close(keep=keep)

    def _output(self, given: Mapping[str, Any], message: "Message") -> Lent:
        number: int = _value(given, message, "number", int)
        if not 0 <= number < len(self.outputs):
            raise PackError("it writes to a file that it was not given")
        return self.outputs[number]

    def _run(self) -> "Run":
        if self.run is None:
            raise PackError("it asks for a file, and there is none")
        return self.run

    def _allowed(self, given: Mapping[str, Any], message: "Message") -> str:
        """Return a handle that the process may use: one that the call was given, or that was made in it."""
        handle: str = _value(given, message, "handle", str)
        if not self.holds(handle):
            raise PackError("it asks for a file that it was not given")
        return handle

    def _artifact(self, handle: str) -> Artifact:
        return self._made[handle][-1] if handle in self._made else self._run().artifact(handle)

    def _put(self, given: Mapping[str, Any], message: "Message") -> Artifact:
        content = _value(given, message, "content", bytes)
        name = line(_value(given, message, "name", str), 255).replace("/", "_").replace("\\", "_")
        media_type = _value(given, message, "media_type", str)
        facts = _value(given, message, "facts", dict[str, str | int | float | bool | None])
        if len(content) > PUT_BYTES or self._puts >= PUTS:
            raise PackError("it makes too much")
        if self._put_bytes + len(content) > PUTS_BYTES:
            raise ToolError(
                f"The files that are made in one call would have more than {PUTS_BYTES >> 30} GB. Ask for fewer or "
                "smaller ones, or in several calls; pictures are several times smaller as JPEG."
            )
        if not _MEDIA_TYPE.fullmatch(media_type) or len(facts) > 32:
            raise PackError("it makes what cannot be")
        made = self._run().put(content, name=name, media_type=media_type, facts=cast("Mapping[str, Fact]", facts))
        self._made.setdefault(made.handle, []).append(made)
        self._put_bytes, self._puts = self._put_bytes + len(content), self._puts + 1
        return made

    def _read(self, given: Mapping[str, Any], message: "Message") -> Any:
        import numpy as np
        from numpy.typing import NDArray

        number = _value(given, message, "number", int)
        picture = _value(given, message, "picture", NDArray[np.uint8])
        shape = picture.shape
        if len(shape) != 3 or shape[2] != 3 or not 0 < shape[0] * shape[1] <= MAX_PICTURE_PIXELS:
            raise PackError("it wants read what is no picture")
        reader = self.readers[number] if 0 <= number < len(self.readers) else None
        if not hasattr(reader, "read"):
            raise PackError("it asks a reader that it was not given")
        return cast("TextReader", reader).read(picture)

    def _sign(self, given: Mapping[str, Any], message: "Message") -> bytes:
        number = _value(given, message, "number", int)
        data = _value(given, message, "data", bytes)
        pen = self.readers[number] if 0 <= number < len(self.readers) else None
        if not hasattr(pen, "sign") or self._signed >= SIGNATURES:
            raise PackError("it asks for a signature that it may not have")
        self._signed += 1
        return cast("Pen", pen).sign(data)


def _pairs(message: "Message") -> dict[str, Any]:
    """Return what an ask or a tell is about: names, and values that are not believed yet."""
    letter = letter_of(message.blobs, MOST_ASK_BYTES)
    pairs = letter.get("of") if isinstance(letter, dict) else None
    if not isinstance(pairs, list) or not all(isinstance(one, list) and len(one) == 2 for one in pairs):
        raise PackError("it asks for nothing")
    return {str(key): value for key, value in pairs}


def _value(given: Mapping[str, Any], message: "Message", name: str, wanted: Any) -> Any:
    return believed(given.get(name), message.blobs[1:], wanted)


def line(text: str, most: int) -> str:
    """Return text without what steers a terminal or the direction of reading, cut to a length."""
    return _CONTROL.sub(" ", text)[:most]


def handles_of(values: Sequence[Any]) -> Iterator[str]:
    """Yield the handles among arguments, by themselves and in lists."""
    for value in values:
        if isinstance(value, str):
            if _HANDLE.fullmatch(value):
                yield value
        elif isinstance(value, list | tuple):
            yield from handles_of(value)


def handles_in(letter: Any) -> Iterator[str]:
    """Yield the handles in JSON data that nobody trusts, however deep it is."""
    waiting = [letter]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if _HANDLE.fullmatch(value):
                yield value
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
