"""Speaks with an MCP server that is a program: its lines as messages, with limits, and its end with ours."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ..base.errors import UnavailableError
from ..base.secrets import redact
from .configured import Server
from .wording import cleaned, quoted

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

MOST_LINE_BYTES = 48 * 2**20
"""Of one message: some large pictures in base64."""
MOST_UNASKED_BYTES = 96 * 2**20
"""Of all messages since the last request of ours."""
MOST_UNASKED = 20_000
"""Messages since the last request of ours: a long call may report how far it is ten times a second."""
MOST_LOG_BYTES = 256 * 2**10
"""Of what one start of a program writes to its standard error; the rest is thrown away."""
_LEAVE_SECONDS = 1.0
"""How long a program may take to end by itself when it is asked nothing more, and again when it is told to."""
_TAIL_LETTERS = 400
# An answer whose number stands at its beginning, or at its end.
_ANSWERS = re.compile(
    rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?'
    rb'(?:"id"\s*:\s*(\d{1,9})\s*,\s*"result"|"result".*"id"\s*:\s*(\d{1,9})\s*\}\s*\Z)',
    re.DOTALL,
)


@dataclass
class Program:
    """A program while it runs, or tries to."""

    server: Server
    home: Path
    """Sensorium's own folder: logs lie there, and empty folders to start programs in."""
    has_ended: bool = False
    ended_by_itself: bool = False
    why: str = ""
    """Why it was ended by us."""
    _unasked: int = 0
    _unasked_bytes: int = 0
    _is_leaving: bool = False

    @property
    def log(self) -> Path:
        """Where its standard error goes."""
        return self.home / "servers" / f"{self.server.name}.log"

    def last_words(self) -> str:
        """Return the end of what it wrote to its standard error, quoted; nothing where it wrote nothing."""
        with suppress(OSError):
            text = self.log.read_bytes()[-4 * _TAIL_LETTERS :].decode(errors="replace").strip()
            return f" Its last words: {quoted(redact(text)[-_TAIL_LETTERS:], _TAIL_LETTERS)}." if text else ""
        return ""

    @asynccontextmanager
    async def speaking(self) -> "AsyncGenerator[TransportStreams, None]":
        """Start the program, and give the streams of its messages; in the end nothing of it is left.

        Raises:
            UnavailableError: There is no such program, or it cannot be started.
        """
        import anyio
        from mcp.shared.message import SessionMessage

        process = await self._started()
        told, hear = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        say, to_say = anyio.create_memory_object_stream[SessionMessage](0)

        async def listen() -> None:
            async with told:
                async for line in self._lines(process):
                    if (message := _message(line)) is not None:
                        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
                            await told.send(message)
            self.has_ended = True
            self.ended_by_itself = not self._is_leaving

        async def speak() -> None:
            with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
                async with to_say:
                    async for one in to_say:
                        self._unasked = self._unasked_bytes = 0
                        line = one.message.model_dump_json(by_alias=True, exclude_unset=True)
                        await process.stdin.send(line.encode("utf-8", "replace") + b"\n")
            self.has_ended = True
            await told.aclose()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            tasks.start_soon(speak)
            if process.stderr is not None:
                tasks.start_soon(self._keep_log, process.stderr)
            try:
                yield hear, say
            finally:
                self.has_ended = self._is_leaving = True
                with anyio.CancelScope(shield=True):
                    await _surely(_end(process, [hear, say, told, to_say], at_once=bool(self.why)))
                tasks.cancel_scope.cancel()

    async def _started(self) -> Any:
        """Return the process, started in a group of its own and, on POSIX, under a supervisor."""
        import anyio

        server, found = self.server, self._found()
        folder = server.cwd or self.home / "servers" / server.name
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            if server.cwd is None:
                folder.mkdir(exist_ok=True)
            self.log.write_bytes(b"")
            if sys.platform == "win32":
                from mcp.os.win32.utilities import create_windows_process

                with _nowhere() as nothing:
                    return await create_windows_process(found, list(server.args), dict(server.env), nothing, folder)
            supervisor = Path(__file__).with_name("supervisor.py")
            command = [sys.executable, "-I", "-S", str(supervisor), str(os.getpid()), found, *server.args]
            return await anyio.open_process(command, env=dict(server.env), cwd=folder, start_new_session=True)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise UnavailableError(
                f"The MCP server `{server.name}` cannot be started in {str(folder)!r}: {why}. Check `command` and "
                f"`cwd` in `[mcp.servers.{server.name}]` of sensorium.toml."
            ) from error

    def _found(self) -> str:
        """Return where the program lies.

        Raises:
            UnavailableError: There is none.
        """
        named, name = self.server.command, self.server.name
        path = self.server.env.get("PATH")
        found = named if Path(named).is_absolute() else shutil.which(named, path=path)
        # Windows looks in the folder one works in first, where anyone may have put something of that name.
        if not found or not Path(found).is_absolute() or not Path(found).is_file():
            how = "Its arguments go into `args`: change" if " " in named else "Install it, or change"
            raise UnavailableError(
                f"The MCP server `{name}` cannot be started: there is no program {named!r}. {how} `command` in "
                f"`[mcp.servers.{name}]` of sensorium.toml."
            )
        return found

    async def _lines(self, process: Any) -> AsyncGenerator[bytes, None]:
        """Yield what the program writes, line by line, until it ends or writes more than anyone asked for."""
        import anyio

        parts: list[bytes] = []
        held = 0
        with suppress(anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
            while True:
                chunk = await process.stdout.receive()
                self._unasked_bytes += len(chunk)
                *lines, rest = chunk.split(b"\n")
                for line in lines:
                    self._unasked += 1
                    yield b"".join([*parts, line])
                    parts, held = [], 0
                parts.append(rest)
                held += len(rest)
                if held > MOST_LINE_BYTES:
                    self.why = f"it sent a message of more than {MOST_LINE_BYTES:,} bytes"
                elif self._unasked > MOST_UNASKED or self._unasked_bytes > MOST_UNASKED_BYTES:
                    self.why = (
                        f"it sent {self._unasked:,} messages of {self._unasked_bytes:,} bytes that nobody asked for"
                    )
                if self.why:
                    return

    async def _keep_log(self, stream: Any) -> None:
        """Write what the program says to its standard error into its log, as far as there is room."""
        import anyio

        left = MOST_LOG_BYTES
        with suppress(anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
            while True:
                chunk = await stream.receive()
                if left > 0:
                    text = redact(cleaned(chunk[:left].decode(errors="replace")))
                    with self.log.open("ab") as file:
                        file.write(text.encode(errors="replace"))
                left -= len(chunk)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _message(line: bytes) -> Any:
    """Return the message of a line; None for one that is none, such as what a careless program prints."""
    from mcp.shared.message import SessionMessage
    from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter

    for text in (line, _whole(line)):
        with suppress(ValueError):
            return SessionMessage(jsonrpc_message_adapter.validate_json(text, by_name=False))
    # Whoever waits for that answer is told at once; of one that is nested too deeply nothing else can be read.
    if asked := _ANSWERS.match(line):
        error = ErrorData(code=PARSE_ERROR, message="its answer cannot be read")
        return SessionMessage(JSONRPCError(jsonrpc="2.0", id=int(asked[1] or asked[2]), error=error))
    return None


def _whole(line: bytes) -> bytes:
    """Return a line whose texts have no halves of letters, as JavaScript leaves them where it cuts an emoji."""
    try:
        text = json.dumps(json.loads(line), ensure_ascii=False)
    except (ValueError, RecursionError):
        return b""
    return text.encode("utf-8", "replace")


async def _surely(work: Coroutine[Any, Any, None]) -> None:
    """Do short work to its end, also where who waits for it is cancelled meanwhile: a scope shields only from anyio."""
    task, is_cancelled = asyncio.create_task(work), False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        raise asyncio.CancelledError


async def _end(process: Any, streams: Sequence[Any], *, at_once: bool) -> None:
    """End a program: it is asked nothing more, then told to end, then killed with all that it started."""
    import anyio

    for stream in streams:
        await stream.aclose()
    with suppress(OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        await process.stdin.aclose()
    has_ended = not at_once and await _has_ended(process)
    if sys.platform != "win32":
        from mcp.os.posix.utilities import terminate_posix_process_tree

        # Its group, too: a program can kill the supervisor that leads it.
        await terminate_posix_process_tree(process, _LEAVE_SECONDS)
    elif not has_ended:
        from mcp.os.win32.utilities import terminate_windows_process_tree

        await terminate_windows_process_tree(process)
    if not has_ended:
        await _has_ended(process)
    if sys.platform == "win32":
        from mcp.os.win32.utilities import close_process_job

        close_process_job(process)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            with suppress(OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                await stream.aclose()
    # A process that left the group may hold an end of a pipe: the rest of the transport closes all the same.
    transport = getattr(getattr(process, "_process", None), "_transport", None)
    if transport is not None:
        with suppress(PermissionError):
            transport.close()


async def _has_ended(process: Any) -> bool:
    """Tell whether a process ends within a moment; not by its pipes, which others may hold open."""
    import anyio

    deadline = anyio.current_time() + _LEAVE_SECONDS
    while process.returncode is None and anyio.current_time() < deadline:  # noqa: ASYNC110  nobody sets an event
        await anyio.sleep(0.01)
    return process.returncode is not None
