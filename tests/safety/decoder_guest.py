"""What a decoder can do that a file has taken over: stands in a cage in the decoder's place; see `test_decoder.py`.

    <- {"limits": {…}} and the descriptor of a file that another decoder was lent
    <- {"probe": name}, code as a blob, and the descriptor of the file that this one was lent
    -> {"found": […]}

The other decoder only waits, with its file open, as one does whose file takes long to decode. Each probe is a fresh
child, as each file is.
"""

import importlib
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

from decoder import find_package, limit, restrain, withdraw  # beside it in the cage


def main() -> None:
    """Serve the test that started the cage."""
    find_package(Path(os.environ["SENSORIUM_PACKAGE"]))
    withdraw(os.getppid())
    channels = importlib.import_module("sensorium.tools.sandbox.channel")
    channel = channels.Channel(socket.socket(fileno=int(os.environ["SENSORIUM_CHANNEL"])))
    opening = channel.receive(max_descriptors=1)
    here = os.getpid()

    def child(then: Any) -> int:
        if (pid := os.fork()) == 0:
            try:
                withdraw(here)
                limit(opening.body["limits"])
                restrain()
                then()
            finally:
                os._exit(1)
        return pid

    other = child(lambda: time.sleep(600))
    os.close(opening.descriptors[0])
    while True:
        try:
            message = channel.receive(max_descriptors=1)
        except channels.ChannelClosed:
            os.kill(other, signal.SIGKILL)
            return
        ours, theirs = socket.socketpair()
        (lent,) = message.descriptors

        def attack(message: Any = message, theirs: Any = theirs, lent: int = lent) -> None:
            held = {"lent": lent, "other": other, "host": here}
            channels.Channel(theirs).send({"found": _found(bytes(message.blobs[0]), message.body["probe"], held)})

        pid = child(attack)
        theirs.close()
        os.close(lent)
        try:
            answer = channels.Channel(ours).receive(timeout_seconds=20).body
        except channels.ChannelError:
            answer = {"found": ["the probe broke: it ended without a word"]}
        ours.close()
        os.waitpid(pid, 0)
        lives = os.waitpid(other, os.WNOHANG)[0] == 0
        channel.send({"found": answer["found"] + ([] if lives else ["the other decoder was ended"])})


def _found(code: bytes, probe: str, held: dict[str, int]) -> list[str]:
    scope: dict[str, Any] = {"held": held}
    try:
        exec(code.decode(), scope)
        return [str(one) for one in scope[probe]()]
    except BaseException as error:
        return [f"the probe broke: {type(error).__name__}: {error}"]
