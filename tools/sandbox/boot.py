"""The first thing that runs in a cage: takes the limits on, then becomes the guest."""

import json
import os
import resource
import sys
from importlib import import_module
from socket import AF_UNIX, SOCK_STREAM, socket

from channel import Channel  # type: ignore[import-not-found, unused-ignore]

READY = {"ready": True}


def boot() -> None:
    """Set the limits, close what was inherited, say that the cage stands, and run the guest's `main`."""
    given = json.loads(sys.argv[1])
    number = int(os.environ["SENSORIUM_CHANNEL"])
    os.closerange(3, number)
    os.closerange(number + 1, 2**16)
    for name, most in given["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    os.umask(0o022)
    sys.path.extend(given["paths"])
    sys.argv[1:] = []
    guest = import_module(given["guest"])
    sys.path.remove(sys.path[0])
    own = socket(AF_UNIX, SOCK_STREAM, fileno=os.dup(number))
    Channel(own).send(READY)
    own.close()
    guest.main()
