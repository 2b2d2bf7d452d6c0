"""Runs commands of `sensorium` on terminals, each in a process forked from this one; see `test_approving.py`.

    <- {"arguments": …, "environ": …, "terminal": PATH}
    -> {"pid": …}     when it is on its terminal
    -> {"code": …}    when it has ended

What takes a second to import is there before the fork.
"""

import fcntl
import json
import os
import sys
import termios
import traceback
from typing import Any

import langgraph.checkpoint.sqlite.aio  # noqa: F401 - before the fork
import openai  # noqa: F401

import sensorium.agent.commands
import sensorium.agent.endpoint
import sensorium.agent.graph  # noqa: F401
from sensorium.agent.cli import main
from sensorium.tools import catalog


def command(told: dict[str, Any], answers: int) -> int:
    """Run a command on a terminal that is its own, and return its exit code."""
    os.setsid()
    terminal = os.open(told["terminal"], os.O_RDWR)
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for stream in range(3):
        os.dup2(terminal, stream)
    os.write(answers, json.dumps({"pid": os.getpid()}).encode() + b"\n")
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - kept to the end
    sys.stdout, sys.stderr = (open(stream, "w", 1, "utf-8", closefd=False) for stream in (1, 2))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(told["environ"])
    try:
        return main(told["arguments"])
    except SystemExit as left:
        return int(left.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def serve() -> None:
    catalog()
    answers = os.dup(1)
    for line in sys.stdin:
        if not (pid := os.fork()):
            os._exit(command(json.loads(line), answers))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(answers, json.dumps({"code": code}).encode() + b"\n")


if __name__ == "__main__":
    serve()
