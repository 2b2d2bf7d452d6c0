"""The first thing that runs under seatbelt: takes the limits on, then becomes the guest."""

import json
import os
import resource
import sys
from importlib import import_module
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any


def boot() -> None:
    """Set the limits, fit the guest to a system without namespaces, say that it stands, and run it."""
    given = json.loads(sys.argv[1])
    number = int(os.environ["SENSORIUM_CHANNEL"])
    os.closerange(3, number)
    os.closerange(number + 1, 2**12)
    for name, most in given["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    _prove(Path(given["forbidden"]))
    sys.path.extend(given["paths"])
    sys.argv[1:] = []
    guest: Any = import_module("guest")
    # There is no process but this one, and no namespace: `kill -1` would be for all that the user runs.
    guest.Guest._end_others = lambda self: None
    guest.OUT = given["out"]
    own = socket(AF_UNIX, SOCK_STREAM, fileno=os.dup(number))
    import_module("channel").Channel(own).send({"ready": True})
    own.close()
    guest.main()


def _prove(forbidden: Path) -> None:
    """Refuse to go on where the rules do not hold: what lies outside must not be readable, nor a process be made."""
    try:
        forbidden.read_bytes()
    except OSError:
        pass
    else:
        raise SystemExit("The cage is not closed: it reads what it must not")
    try:
        child = os.fork()
    except OSError:
        return
    if child == 0:
        os._exit(0)
    raise SystemExit("The cage is not closed: it starts processes")
