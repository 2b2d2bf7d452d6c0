"""The framed pipe between Sensorium and a confined process: JSON, raw blobs and descriptors, with hard caps.

Both ends use this file; in the cage it is imported alone, so it needs the standard library only. What comes out of a
cage is hostile: nothing in a frame is believed before its size, its shape and its keys are checked.

Never send the descriptor of a user's file into a cage: who holds it can change the file's mode and times, and where
the kernel's user is the owner open it anew for writing. Bind the file read-only, or send its bytes.
"""

import array
import json
import os
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_BODY_BYTES = 2**20
MAX_BLOBS = 1024
MAX_DESCRIPTORS = 16
SEND_SECONDS = 30.0
"""How long the other end may leave its buffer full."""
_HEAD = struct.Struct("!IHH")
"""Bytes of the body, number of blobs, number of descriptors."""
_WITH_DESCRIPTORS = getattr(socket, "CMSG_SPACE", int)(MAX_DESCRIPTORS * array.array("i").itemsize)


class ChannelError(Exception):
    """The other end sent something that is no frame: nothing more of it may be believed."""


class ChannelClosed(ChannelError):
    """The other end is gone."""


class ChannelTimeout(ChannelError):
    """The other end did not send, or take, a frame in time."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One frame."""

    body: dict[str, Any]
    blobs: list[bytearray] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    """The receiver must close them."""


class Channel:
    """One end of the pipe. Not for two threads at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def fileno(self) -> int:
        """Return the descriptor of this end, to wait on."""
        return self.sock.fileno()

    def close(self) -> None:
        """Close this end."""
        self.sock.close()

    def send(
        self,
        message: Mapping[str, Any],
        blobs: Sequence[bytes | bytearray | memoryview] = (),
        descriptors: Sequence[int] = (),
        *,
        timeout_seconds: float | None = SEND_SECONDS,
    ) -> None:
        """Send one frame.

        Raises:
            ChannelError: The message is too large, or the other end is gone or does not read.
        """
        # Half a pair of surrogates, which Python's text may hold, stays an escape of JSON's.
        body = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode(errors="backslashreplace")
        if len(body) > MAX_BODY_BYTES or len(blobs) > MAX_BLOBS or len(descriptors) > MAX_DESCRIPTORS:
            raise ChannelError(
                f"The frame is too large to send: {len(body)} bytes, {len(blobs)} blobs, {len(descriptors)} descriptors"
            )
        views = [memoryview(blob).cast("B") for blob in blobs]
        sizes = struct.pack(f"!{len(views)}Q", *(len(view) for view in views))
        head = _HEAD.pack(len(body), len(views), len(descriptors)) + sizes + body
        ends = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        try:
            self._patience(ends)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
            sent = self.sock.sendmsg([head], rights)
            if sent < len(head):
                self._patience(ends)
                self.sock.sendall(memoryview(head)[sent:])
            for view in views:
                self._patience(ends)
                self.sock.sendall(view)
        except TimeoutError as error:
            raise ChannelTimeout("The other end does not read") from error
        except OSError as error:
            raise ChannelClosed(f"The other end is gone: {error.strerror}") from error

    def receive(
        self, timeout_seconds: float | None = None, max_bytes: int = 64 * 2**20, max_descriptors: int = 0
    ) -> Message:
        """Wait for one frame, whose blobs may have `max_bytes` together.

        Raises:
            ChannelError: What came is no frame or too large, or nothing came in time.
        """
        ends = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        descriptors: list[int] = []
        try:
            message = self._frame(ends, max_bytes, max_descriptors, descriptors)
        except BaseException:
            for one in descriptors:
                os.close(one)
            raise
        return message

    def _frame(self, ends: float | None, max_bytes: int, max_descriptors: int, descriptors: list[int]) -> Message:
        head = self._head(ends, descriptors if max_descriptors else None)
        body_bytes, blob_count, descriptor_count = _HEAD.unpack(head)
        if body_bytes > MAX_BODY_BYTES or blob_count > MAX_BLOBS:
            raise ChannelError(f"The frame is too large: {body_bytes} bytes, {blob_count} blobs")
        if descriptor_count > max_descriptors or descriptor_count != len(descriptors):
            raise ChannelError(f"The frame says {descriptor_count} descriptors; {len(descriptors)} are expected")
        sizes = struct.unpack(f"!{blob_count}Q", self._exactly(8 * blob_count, ends))
        if sum(sizes) > max_bytes:
            raise ChannelError(f"The blobs have {sum(sizes)} bytes; {max_bytes} are allowed")
        body = _read_json(self._exactly(body_bytes, ends))
        return Message(body=body, blobs=[self._exactly(size, ends) for size in sizes], descriptors=descriptors)

    def _head(self, ends: float | None, descriptors: list[int] | None) -> bytearray:
        if descriptors is None:
            # Descriptors that come without being asked for are closed by the kernel.
            return self._exactly(_HEAD.size, ends)
        self._patience(ends)
        try:
            start, extra, flags, _ = self.sock.recvmsg(
                _HEAD.size, _WITH_DESCRIPTORS, getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            )
        except TimeoutError as error:
            raise ChannelTimeout("The other end sends nothing") from error
        except OSError as error:
            raise ChannelClosed(f"The other end is gone: {error.strerror}") from error
        for level, kind, data in extra:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
                descriptors.extend(numbers)
        if not start:
            raise ChannelClosed("The other end is gone")
        if flags & socket.MSG_CTRUNC:
            raise ChannelError("The frame has more descriptors than it may have")
        return bytearray(start) + self._exactly(_HEAD.size - len(start), ends)

    def _exactly(self, size: int, ends: float | None) -> bytearray:
        data = bytearray()
        try:
            while len(data) < size:
                self._patience(ends)
                # Memory is taken as bytes arrive, never because a frame says how many will.
                part = self.sock.recv(min(size - len(data), 2**20))
                if not part:
                    raise ChannelClosed("The other end is gone")
                data += part
        except TimeoutError as error:
            raise ChannelTimeout("The other end sends nothing") from error
        except OSError as error:
            raise ChannelClosed(f"The other end is gone: {error.strerror}") from error
        return data

    def _patience(self, ends: float | None) -> None:
        # At least a moment: 0 would mean a socket that never waits.
        left = None if ends is None else ends - time.monotonic()
        if left is not None and left <= 0:
            raise ChannelTimeout("The other end took too long")
        self.sock.settimeout(left)


def _read_json(data: bytearray) -> dict[str, Any]:
    try:
        body = json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ChannelError(f"The frame's body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise ChannelError(f"The frame's body is {type(body).__name__}, not an object")
    return body


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not allowed")
