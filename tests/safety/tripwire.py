"""Writes down, and stops, whatever a process tries to reach beyond this machine; put before it by `PYTHONPATH`."""

import ipaddress
import os
import sys
from typing import Any

_EVENTS = {
    "socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0, "socket.gethostbyaddr": 0, "socket.getnameinfo": 0,
}  # fmt: skip
"""Audit event -> which of its arguments is where to."""


def _is_here(where: Any) -> bool:
    if isinstance(where, tuple):
        where = where[0]
    if isinstance(where, bytes):
        where = where.decode("ascii", "replace")
    if where is None or where == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(where)).is_loopback
    except ValueError:
        return False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    at = _EVENTS.get(event)
    if at is None:
        return
    where = arguments[at]
    # A name in the file system is a socket of this machine; sendmsg without an address goes where connect went.
    if (event == "socket.connect" and isinstance(where, str | bytes)) or (where is None and event != "socket.sendto"):
        return
    if not _is_here(where):
        with open(os.environ["TRIPWIRE"], "a", encoding="utf-8") as log:  # noqa: PTH123 - before anything is imported
            log.write(f"{event} {where!r}\n")
        raise OSError(101, "the tripwire lets nothing out")


if "TRIPWIRE" in os.environ:
    sys.addaudithook(_watch)
