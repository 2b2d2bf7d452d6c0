"""The program of a decoder process, in which media that nobody trusts is opened.

It imports the decoders once and then forks a child for every call: what a file did to one child no other file meets.
Only the child has the channel of its call, and only the host's side of it is asked for files. Where there is no fork, a
process serves one call itself.

    <- {"do": "fork", "modules": […], "limits": {…}} and the channel of a call      -> {"forked": number}
    <- {"do": "look", "number": number}                                             -> {"state": "R", "seconds": 0.1}
    <- {"do": "end", "number": number}                                              -> {"status": wait status}
    <- {"do": "drop", "number": number}, when it may end at leisure
"""

import gc
import importlib
import importlib.util
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

PACKAGE = "sensorium"
HOME = "SENSORIUM_PACKAGE"
"""Set where the package lies elsewhere than around this file."""
ONCE = "SENSORIUM_DECODER_ONCE"
"""Set, to its limits, where a process serves one call itself."""
PATHS = "SENSORIUM_PATHS"
"""Where packages are, beside where this Python looks by itself."""
_EARLY = (
    "numpy",
    "av",
    "av.filter",
    "av.video.reformatter",
    "PIL.Image",
    "PIL.ImageFile",
    "PIL.ImageOps",
    "PIL.AvifImagePlugin",
    "PIL.BmpImagePlugin",
    "PIL.GifImagePlugin",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "PIL.TiffImagePlugin",
    "PIL.WebPImagePlugin",
    f"{PACKAGE}.tools.base.lent_run",
    f"{PACKAGE}.tools.base.frames",
    f"{PACKAGE}.tools.base.media",
    f"{PACKAGE}.tools.base.picture_files",
    f"{PACKAGE}.tools.base.pictures",
    f"{PACKAGE}.tools.base.sound",
    f"{PACKAGE}.tools.sandbox.decoder_calls",
    "ctypes",
    "resource",
)
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38


def main() -> None:
    """Serve the host until it closes its end."""
    sock = _socket()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # what libraries print is of no use to anyone
        os.dup2(nothing, standard)
    sys.path += [one for one in os.environ.get(PATHS, "").split(os.pathsep) if one and one not in sys.path]
    find_package(Path(os.environ.get(HOME) or Path(__file__).resolve().parents[2]))
    channel = importlib.import_module(f"{PACKAGE}.tools.sandbox.channel").Channel(sock)
    for name in _EARLY:
        try:
            importlib.import_module(name)
        except ImportError:  # a plugin of another version of Pillow
            continue
    if limits := os.environ.get(ONCE):
        withdraw(os.getppid())
        limit(json.loads(limits))
        restrain()
        importlib.import_module(f"{PACKAGE}.tools.base.lent_run").serve(channel)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what a terminal sends is for the host to act on
    withdraw(os.getppid())
    Nursery(channel).serve()


def find_package(root: Path) -> None:
    """Make the package known under its name, wherever its folder lies and whatever it is called."""
    spec = importlib.util.spec_from_file_location(PACKAGE, root / "__init__.py", submodule_search_locations=[str(root)])
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


def _socket() -> socket.socket:
    if sys.platform == "win32":
        return socket.fromshare(bytes.fromhex(sys.stdin.readline()))
    return socket.socket(fileno=int(os.environ["SENSORIUM_CHANNEL"]))


class Nursery:
    """Forks a child for every call, and ends it."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._children: set[int] = set()
        self._dropped: set[int] = set()
        """Killed, and not yet gone."""

    def serve(self) -> None:
        """Do what the host says."""
        closed = importlib.import_module(f"{PACKAGE}.tools.sandbox.channel").ChannelClosed
        try:
            while True:
                message = self._channel.receive(max_descriptors=1)
                answer = getattr(self, f"_{message.body['do']}")(message)
                if answer is not None:
                    self._channel.send(answer)
                self._dropped = {one for one in self._dropped if os.waitpid(one, os.WNOHANG)[0] == 0}
        except closed:
            for number in list(self._children):
                self._ended(number)

    def _fork(self, message: Any) -> dict[str, int]:
        for name in message.body["modules"]:
            importlib.import_module(name)
        (end,) = message.descriptors
        gc.collect()
        gc.freeze()  # what is here is shared with the child for as long as neither touches it
        here = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            os.close(end)
            return {"forked": 0}
        if pid == 0:
            self._be_child(end, message.body["limits"], here)
        os.close(end)
        self._children.add(pid)
        return {"forked": pid}

    def _be_child(self, end: int, limits: dict[str, int], parent: int) -> NoReturn:
        try:
            self._channel.close()  # the host would take what this child says for the word of its parent
            withdraw(parent)
            limit(limits)
            restrain()
            channel = type(self._channel)(socket.socket(fileno=end))
            importlib.import_module(f"{PACKAGE}.tools.base.lent_run").serve(channel)
        finally:
            os._exit(1)

    def _look(self, message: Any) -> dict[str, Any]:
        pid = message.body["number"]
        assert pid in self._children
        # Behind the name, which may hold anything: state, …, and on places 11 and 12 the times in user and system mode.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return {"state": fields[0], "seconds": (int(fields[11]) + int(fields[12])) / ticks}

    def _drop(self, message: Any) -> None:
        pid = message.body["number"]
        self._children.remove(pid)
        self._dropped.add(pid)
        os.kill(pid, signal.SIGKILL)

    def _end(self, message: Any) -> dict[str, int]:
        return {"status": self._ended(message.body["number"])}

    def _ended(self, pid: int) -> int:
        self._children.remove(pid)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if not ended:
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
        return status


def withdraw(parent: int) -> None:
    """Die with the parent, gain no rights, and let no process of the same user look into this one."""
    if sys.platform != "linux":
        return
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def restrain() -> None:
    """Give up for good all calls to the kernel that decoding does not need."""
    filters = importlib.import_module(f"{PACKAGE}.tools.sandbox.decoder_calls")
    filters.restrain()


def limit(limits: dict[str, int]) -> None:
    """Set the limits of this process: name of a limit of `resource` -> most."""
    import resource

    for name, most in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))


if __name__ == "__main__":
    main()
