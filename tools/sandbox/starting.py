"""Start bubblewrap with a guest in it."""

import contextlib
import json
import os
import platform
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import UnavailableError
from .bubblewrap import OWN_FOLDER, etc_files, flags, interpreter
from .channel import Channel
from .launcher import UnreachableError, launch
from .limits import Limits
from .seccomp import seccomp_filter

_OWN = str(Path(__file__).parent)
_GUESTS = "/opt/guest"
_BOOT = f"import sys; sys.path.insert(0, {OWN_FOLDER!r}); import boot; boot.boot()"

Bind = Path | tuple[Path, str]
"""What a cage may read: at its own path or, as a pair, at another."""


class CageError(UnavailableError):
    """No cage can be made here, or this one did not start; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """What was started, and our ends of what leads to it."""

    process: "subprocess.Popen[bytes]"
    channel: Channel
    stdout: int
    stderr: int
    information: int
    """Where bubblewrap says which process is the first of the cage."""


def start_guest(guest: Path, *, limits: Limits, binds: Sequence[Bind], environment: Mapping[str, str]) -> Started:
    """Start the program `guest` as `Cage.start` says.

    Raises:
        CageError: It cannot be started.
    """
    program = find_bubblewrap()
    if program is None:
        raise CageError("`bwrap` is not installed. `apt install bubblewrap` (or your system's package) adds it.")
    own_filter = _own_filter()
    python, python_binds, paths = interpreter()
    all_binds = [*python_binds, (_OWN, OWN_FOLDER)]
    if str(guest.parent) != _OWN:
        all_binds.append((str(guest.absolute()), f"{_GUESTS}/{guest.name}"))
        paths = (_GUESTS, *paths)
    for bound in binds:
        source, place = bound if isinstance(bound, tuple) else (bound, str(bound.absolute()))
        all_binds.append((str(source.absolute()), place))
    ours, theirs = socket.socketpair()
    information, information_end = os.pipe()
    stdout, stdout_end = os.pipe()
    stderr, stderr_end = os.pipe()
    channel = Channel(ours)
    with contextlib.ExitStack() as given_away:
        given_away.callback(theirs.close)
        for one in (information_end, stdout_end, stderr_end):
            given_away.callback(os.close, one)
        etc = {name: _in_memory(data, given_away) for name, data in etc_files().items()}
        said = flags(
            limits=limits,
            binds=[(os.path.realpath(source), place) for source, place in all_binds],
            etc=etc,
            environment={**environment, "SENSORIUM_CHANNEL": str(theirs.fileno())},
        )
        filter_end = _in_memory(own_filter, given_away)
        said += ["--info-fd", str(information_end), "--seccomp", str(filter_end)]
        # By descriptor: the arguments of a process can be read by those in its cage.
        hidden = _in_memory(b"".join(os.fsencode(one) + b"\0" for one in said), given_away)
        told = json.dumps({"limits": _resource_limits(limits), "paths": paths, "guest": guest.stem})
        try:
            process = launch(
                [program, "--args", str(hidden), "--", python, "-I", "-S", "-c", _BOOT, told],
                [program, *(source for source, _ in all_binds)],
                stdin=subprocess.DEVNULL,
                stdout=stdout_end,
                stderr=stderr_end,
                pass_fds=(theirs.fileno(), information_end, filter_end, hidden, *etc.values()),
                env={},
                cwd="/",
                start_new_session=True,
            )
        except (OSError, UnreachableError) as error:
            for one in (stdout, stderr, information):
                os.close(one)
            channel.close()
            raise CageError(f"The sandbox cannot be started: {error}") from error
    return Started(process=process, channel=channel, stdout=stdout, stderr=stderr, information=information)


def find_bubblewrap() -> str | None:
    """Return the path of bubblewrap."""
    return shutil.which("bwrap")


def _own_filter() -> bytes:
    try:
        return seccomp_filter(platform.machine())
    except KeyError as error:
        raise CageError(
            f"There is no system call filter for {platform.machine()!r}: x86_64 and aarch64 have one."
        ) from error


def _in_memory(data: bytes, closing: contextlib.ExitStack) -> int:
    descriptor = os.memfd_create("sensorium")
    closing.callback(os.close, descriptor)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _resource_limits(limits: Limits) -> dict[str, int]:
    return {
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NPROC": limits.processes,
        "RLIMIT_NOFILE": limits.descriptors,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 256,
    }
