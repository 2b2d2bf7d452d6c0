"""Starts a session whose code leaves much behind, says in which namespace, and waits to be killed; see `test_state.py`.

left_behind.py HOST_PROCESS_NAMESPACE
"""

import sys
import time

from sensorium.tools.sandbox.session import CodeSession

CODE = """
import os, signal, threading, time
assert os.readlink('/proc/self/ns/pid') != {host!r}
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            time.sleep(1)
print(os.readlink('/proc/self/ns/pid'), flush=True)
time.sleep(60)
"""


def main() -> None:
    """Do what the docstring of this file says."""
    session = CodeSession()
    namespace = session.execute("import os\nos.readlink('/proc/self/ns/pid')").value
    assert namespace and sys.argv[1] not in namespace
    print(namespace.strip("'"), flush=True)
    session.execute(CODE.format(host=sys.argv[1]), {}, 60)
    time.sleep(60)


if __name__ == "__main__":
    main()
