"""The modules are imported on systems where no cage can be made, and say so there."""

import subprocess
import sys
from pathlib import Path

WITHOUT = """
import importlib, os, select, signal, socket, sys
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("register_at_fork", "sysconf", "geteuid", "getuid", "memfd_create", "pidfd_open", "fork", "statvfs",
             "O_PATH", "O_NOFOLLOW", "O_DIRECTORY", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"):
    delattr(os, name)
for place, names in ((select, ["poll"]), (signal, ["SIGKILL"]), (socket, ["CMSG_SPACE", "SCM_RIGHTS", "AF_UNIX"])):
    for name in names:
        delattr(place, name)
for name in {names!r}:
    importlib.import_module(f"sensorium.tools.sandbox.{{name}}")
sys.platform = "win32"
from sensorium.tools.sandbox.isolation import try_bubblewrap
print(try_bubblewrap().why)
"""
FOLDER = Path(__file__).parents[3] / "tools" / "sandbox"
INSIDE = {"boot", "guest", "guest_parts", "container_boot", "seatbelt_boot", "decoder", "decoder_calls"}
"""What runs in a cage only."""


def test_they_are_imported_without_what_only_posix_has() -> None:
    names = sorted({one.stem for one in FOLDER.glob("*.py")} - INSIDE - {"__init__"})
    script = WITHOUT.format(names=names)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "bubblewrap is for Linux, and this is win32\n"
