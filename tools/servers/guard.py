"""Starts a program for a process, and ends it with all that it started when that process is gone: POSIX only.

It runs as a script of its own, without this package: `python -I -S guard.py PARENT PROGRAM ARGUMENT…`.
"""

import os
import select
import signal
import sys

LOOK_SECONDS = 0.5
"""How often it is looked whether the process is still there: how long an orphan may live."""


def main(parent: int, command: list[str]) -> None:
    """Run the program until it ends, or the process that wants it does; then nothing of it is left in the group."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # What the whole group is told is for the program; who ends before it could not see that it ends.
        signal.signal(number, lambda number, frame: None)
    child = os.fork()
    if child == 0:
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os.write(2, f"{command[0]} cannot be started: {error.strerror}\n".encode())
        os._exit(127)
    for standard in (0, 1):  # the program's own are the ones that count
        os.close(standard)
    while os.waitpid(child, os.WNOHANG)[0] == 0 and os.getppid() == parent:
        select.select([reader], [], [], LOOK_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
