"""The first thing that runs in a cage: takes the limits on, then becomes the guest."""

import json
import os
import resource
import sys
from importlib import import_module
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any

from channel import Channel  # type: ignore[import-not-found, unused-ignore]

INNER_ID = 1000
_NONE = b"0" * 16
READY = {"ready": True}


def prove() -> None:
    """Refuse to go on outside a cage, or in one that is not as it was asked for."""
    with open("/proc/self/status", "rb") as opened:  # noqa: PTH123 - pathlib takes time to import
        status = dict(line.split(b":\t", 1) for line in opened.read().splitlines() if b":\t" in line)
    wanted = {b"Seccomp": b"2", b"NoNewPrivs": b"1", b"CapEff": _NONE, b"CapPrm": _NONE, b"CapBnd": _NONE}
    for name, value in wanted.items():
        if status.get(name) != value:
            raise SystemExit(f"The cage is not closed: {name.decode()} is {status.get(name)!r}")
    if os.getuid() != INNER_ID or os.getppid() != 1:
        raise SystemExit("The cage is not closed: it has no user or no processes of its own")


def boot() -> None:
    """Set the limits, close what was inherited, say that the cage stands, and run the guest's `main`."""
    prove()
    given = json.loads(sys.argv[1])
    number = int(os.environ["SENSORIUM_CHANNEL"])
    os.closerange(3, number)
    os.closerange(number + 1, 2**16)
    for name, most in given["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    os.umask(0o022)
    sys.path.extend(given["paths"])
    sys.argv[1:] = []
    guest: Any = import_module(given["guest"])
    guest.ALONE = True
    sys.path.remove(sys.path[0])
    own = socket(AF_UNIX, SOCK_STREAM, fileno=os.dup(number))
    Channel(own).send(READY)
    own.close()
    guest.main()
