"""What runs in a container: the guest, and beside it what sends the files out; it talks through a socket.

It stands in a folder that is mounted read-only, with the files of ours that it needs and the socket of its host.
"""

import json
import os
import resource
import stat
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any

HERE = Path(__file__).parent
OUT = Path("/work/out")
MOST_FILES = 4096


def main(role: str, told: dict[str, Any]) -> None:
    """Connect to the host, say who this is, and do what the role is."""
    own = socket(AF_UNIX, SOCK_STREAM)
    own.connect(str(HERE / "channel.sock"))
    channel = import_module("channel").Channel(own)
    channel.send({"role": role, "key": told["key"]})
    if role == "out":
        for message, content in _files(told["most"]):
            channel.send(message, content)
        return
    if os.getpid() != 1:  # the guest ends every process that it can see
        raise SystemExit("The cage is not closed: it shares its processes")
    for name, most in told["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    os.umask(0o022)
    OUT.mkdir(parents=True, exist_ok=True)
    os.chdir("/work")
    os.environ["SENSORIUM_CHANNEL"] = str(os.dup(own.fileno()))
    guest: Any = import_module("guest")
    guest.ALONE = True
    channel.send({"ready": True})
    channel.close()
    guest.main()


def _files(most: int) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    """Yield every file below `/work/out`, with its content where it is a regular one that is small enough."""
    left = MOST_FILES
    for folder, _, names in os.walk(OUT):
        for path in (Path(folder, name) for name in sorted(names)[:left]):
            left -= 1
            try:
                about = path.lstat()
                fits = stat.S_ISREG(about.st_mode) and about.st_size <= most
                content = [path.read_bytes()] if fits else []
            except OSError:
                continue
            shown = str(path.relative_to(OUT)).encode("utf-8", "replace").decode()
            yield {"name": shown, "state": [about.st_ino, about.st_size, about.st_mtime_ns]}, content
    yield {"name": ""}, []


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main(sys.argv[1], json.loads(sys.argv[2]))
