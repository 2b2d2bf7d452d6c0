"""What a tool's code has in a decoder process in place of a `Run`: whatever it wants, it asks the host for."""

import io
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, cast

from . import errors, safe_open
from .outputs import LentOutput
from .packing import Parcel, function_named, letter_of
from .read_at import ReadAt
from .unpacking import restored
from .workspace import Artifact, Fact

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..sandbox.channel import Channel, Message
    from .models import TextLine
    from .run import Run

_BUFFER_BYTES = 1 << 16
_MOST_BYTES = 1 << 32
_MOST_MODULES = 2000


class LentFile:
    """A file that is open for reading, with as much of `Path` as tools use; it has no place and no permissions."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def open(self, mode: str = "rb") -> BinaryIO:
        """Open it once more, with a read position of its own."""
        if mode != "rb":
            raise PermissionError(f"a lent file is only read, not opened with {mode!r}")
        # Descriptors that were sent share their position with the sender.
        by_position = ReadAt(lambda at, count: os.pread(self._descriptor, count, at), lambda: self.stat().st_size)
        return io.BufferedReader(by_position, _BUFFER_BYTES)

    def stat(self) -> os.stat_result:
        return os.fstat(self._descriptor)

    def read_bytes(self) -> bytes:
        with self.open() as file:
            return file.read()


class LentReader:
    """Reads text in pictures somewhere else: it hands over pixels and gets lines."""

    def __init__(self, host: "Host", number: int, identity: str) -> None:
        self._host, self._number = host, number
        self.identity = identity

    def read(self, picture: "NDArray[np.uint8]") -> "list[TextLine]":
        return cast("list[TextLine]", self._host.ask("read", number=self._number, picture=picture))


class LentPen:
    """Signs somewhere else, where the key is."""

    def __init__(self, host: "Host", number: int, chain: str, algorithm: str) -> None:
        self._host, self._number = host, number
        self.chain, self.algorithm = chain, algorithm

    def sign(self, data: bytes) -> bytes:
        return cast("bytes", self._host.ask("sign", number=self._number, data=data))


class LentRun:
    """Duck-types `Run` as far as code that opens media uses it."""

    def __init__(self, host: "Host") -> None:
        self._host = host

    def path(self, handle: str) -> Path:
        return cast("Path", self._host.ask("path", handle=handle))

    def name(self, handle: str) -> str:
        return self.artifact(handle).name

    def artifact(self, handle: str) -> Artifact:
        return cast("Artifact", self._host.ask("artifact", handle=handle))

    def put(self, content: bytes, *, name: str, media_type: str, facts: Mapping[str, Fact] | None = None) -> Artifact:
        given = dict(facts or {})
        return cast("Artifact", self._host.ask("put", content=content, name=name, media_type=media_type, facts=given))

    def used(self, provider: str) -> None:
        self._host.tell("used", provider=provider)

    def progress(self, fraction: float | None, note: str) -> None:
        self._host.tell("progress", fraction=None if fraction is None else float(fraction), note=note)

    def check(self) -> None:
        """Nothing: whoever cancels the call ends this process."""


class Host:
    """The process that this one works for."""

    def __init__(self, channel: "Channel") -> None:
        self.channel = channel
        self._call = ""

    def serve(self) -> None:
        """Do one call after another, until the host closes its end."""
        while (message := self._receive()) is not None:
            self._call = str(message.body["id"])
            before = set(sys.modules)
            try:
                function = function_named(message.body["function"])
                args, kwargs = self._restored(message)
                blobs = Parcel().frame(function(*args, **kwargs))
                said: dict[str, Any] = {"result": True, "imported": sorted(set(sys.modules) - before)[:_MOST_MODULES]}
            except errors.ToolError as error:
                blobs, said = [], {"error": type(error).__name__, "message": str(error)}
            except Exception as error:
                trace = traceback.format_exc()[-4000:]
                blobs, said = [], {"error": type(error).__name__, "message": "", "trace": trace}
            self.channel.send({"id": self._call, **said}, blobs, timeout_seconds=None)

    def ask(self, what: str, **given: Any) -> Any:
        """Return what the host answers.

        Raises:
            ToolError: It refuses, or could not do it.
        """
        self.channel.send({"id": self._call, "ask": what}, Parcel().frame(given), timeout_seconds=None)
        answer = self._receive()
        if answer is None:
            os._exit(0)
        if "error" in answer.body:
            raise getattr(errors, str(answer.body["error"]), errors.ToolError)(answer.body["message"])
        return self._restored(answer)

    def tell(self, what: str, **given: Any) -> None:
        self.channel.send({"id": self._call, "tell": what}, Parcel().frame(given), timeout_seconds=None)

    def _output(self, number: int) -> LentOutput:
        def write(at: int, content: bytes) -> None:
            self.tell("write", number=number, at=at, content=content)

        def read(at: int, count: int) -> bytes:
            return cast("bytes", self.ask("read_back", number=number, at=at, count=count))

        return LentOutput(write, read)

    def _receive(self) -> "Message | None":
        from ..sandbox.channel import MAX_DESCRIPTORS, ChannelClosed

        most = 0 if sys.platform == "win32" else MAX_DESCRIPTORS
        try:
            return self.channel.receive(max_bytes=_MOST_BYTES, max_descriptors=most)
        except ChannelClosed:
            return None

    def _restored(self, message: "Message") -> Any:
        files: list[Any] = [LentFile(one) for one in message.descriptors] or [
            Path(one) for one in message.body.get("paths", ())
        ]

        def special(kind: str, value: Mapping[str, Any]) -> Any:
            if kind == "file":
                return files[value["at"]]
            if kind == "run":
                return cast("Run", LentRun(self))
            if kind == "output":
                return self._output(value["at"])
            if kind == "pen":
                return LentPen(self, value["at"], value["chain"], value["algorithm"])
            return LentReader(self, value["at"], value["identity"])

        return restored(letter_of(message.blobs), message.blobs[1:], special)


def serve(channel: "Channel") -> NoReturn:
    """Serve a host, then leave without looking back."""
    safe_open.serves_one_call = True
    try:
        Host(channel).serve()
    finally:
        os._exit(0)
