"""What every probe may use; it is sent into the sandbox with the probe, and nothing of it runs on the host.

A probe is a function without arguments. It gives the list of what it got through, empty where it was held.
"""

import ctypes
import errno
import json
import os
import platform
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

HIGH_BITS = (1 << 32, 0xFFFFFFFF << 32, 1 << 63)
"""Bits above those that the kernel reads of an int."""

FACTS: dict[str, Any] = {}
"""What the host tells: its namespaces, its bait (files, ports, sockets), the prefix of what must stay secret."""

# In pieces: no file of the repository names a folder of a machine, and in the sandbox these are the names.
WORK = Path(os.sep) / "work"
IN, OUT = WORK / "in", WORK / "out"
ROOT_LINK = "root"

INTEL = platform.machine() == "x86_64"
# Each call in x86-64 and in the table that aarch64 and all newer machines share; -1 where there is none.
NUMBERS = {
    "getpid": (39, 172), "socket": (41, 198), "socketpair": (53, 199), "ioctl": (16, 29), "clone": (56, 220),
    "ptrace": (101, 117), "syslog": (103, 116), "personality": (135, 92), "modify_ldt": (154, -1),
    "pivot_root": (155, 41), "adjtimex": (159, 171), "chroot": (161, 51), "acct": (163, 89),
    "settimeofday": (164, 170), "mount": (165, 40), "umount2": (166, 39), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "sethostname": (170, 161), "setdomainname": (171, 162),
    "iopl": (172, -1), "ioperm": (173, -1), "init_module": (175, 105), "delete_module": (176, 106),
    "quotactl": (179, 60), "clock_settime": (227, 112), "mbind": (237, 235), "set_mempolicy": (238, 237),
    "kexec_load": (246, 104), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "migrate_pages": (256, 238), "unshare": (272, 97), "move_pages": (279, 239), "perf_event_open": (298, 241),
    "fanotify_init": (300, 262), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "clock_adjtime": (305, 266), "setns": (308, 268), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "kcmp": (312, 272), "finit_module": (313, 273), "kexec_file_load": (320, 294),
    "bpf": (321, 280), "userfaultfd": (323, 282), "memfd_create": (319, 279),
    "shmget": (29, 194), "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190), "vhangup": (153, 58),
    "pidfd_send_signal": (424, 424), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "pidfd_open": (434, 434),
    "clone3": (435, 435), "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "mount_setattr": (442, 442),
    "quotactl_fd": (443, 443), "memfd_secret": (447, 447), "lsm_get_self_attr": (459, 459),
    "lsm_set_self_attr": (460, 460), "lsm_list_modules": (461, 461), "open_tree_attr": (467, 467),
}  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


def confined() -> bool:
    """Return whether this process shares no namespace with the host: else no probe may run."""
    kinds = ("pid", "mnt", "net", "ipc", "uts", "user")
    return bool(FACTS) and all(os.readlink(f"/proc/self/ns/{one}") != FACTS["namespaces"][one] for one in kinds)


def syscall(name: str | int, *arguments: int | bytes | None) -> int:
    """Make a call of the kernel and return what it gave, or its error as a negative number."""
    number = name if isinstance(name, int) else NUMBERS[name][0 if INTEL else 1]
    if number < 0:
        return -errno.ENOSYS
    words = [ctypes.c_long(one) if isinstance(one, int) else ctypes.c_char_p(one) for one in arguments]
    _libc.syscall.restype = ctypes.c_long
    got = int(_libc.syscall(ctypes.c_long(number), *words))
    return -ctypes.get_errno() if got == -1 else got


def told(result: int) -> str:
    """Return the result of a call in words."""
    return errno.errorcode.get(-result, str(result)) if result < 0 else f"succeeded ({result})"


def not_refused(calls: dict[str, int], *also: int) -> list[str]:
    """Return the calls that the filter did not turn away."""
    turned_away = {-errno.EPERM, -errno.ENOSYS, *(-one for one in also)}
    return [f"{name} {told(result)}" for name, result in calls.items() if result not in turned_away]


def opens(path: str | Path, flags: int = os.O_RDONLY) -> bool:
    """Return whether a path can be opened; nothing is read from it nor written to it."""
    try:
        os.close(os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
    except (OSError, ValueError):
        return False
    return True


def read(path: str | Path, most: int = 1 << 20) -> bytes:
    """Return the beginning of a file, or nothing where it cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError):
        return b""
    try:
        return os.read(handle, most)
    except OSError:
        return b""
    finally:
        os.close(handle)


def secret(content: bytes) -> bool:
    """Return whether there is something in it that the host keeps to itself."""
    return FACTS["secret_prefix"].encode() in content


def pids() -> list[int]:
    """Return the processes that can be seen."""
    return [int(one) for one in os.listdir("/proc") if one.isdigit()]


def mounts() -> Iterator[tuple[str, str, str, set[str]]]:
    """Give for each mount where it is, its root in the source, its type and its options."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ", 1)
        fields = left.split()
        yield fields[4], fields[3], right.split()[0], set(fields[5].split(","))


def apart(probe: Callable[[], list[str]], seconds: float = 8) -> list[str]:
    """Run a probe in a process of its own; one that the filter kills for what it tried was held."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.close(reading)
            os.write(writing, json.dumps(_answer(probe)).encode()[:60_000])
            code = 0
        os._exit(code)
    os.close(writing)
    got, deadline = b"", time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and select.select([reading], [], [], left)[0]:
        if not (part := os.read(reading, 65536)):
            break
        got += part
    else:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return [] if number == signal.SIGSYS else [f"the probe broke: killed by signal {number}"]
    try:
        return [str(one) for one in json.loads(got)]
    except ValueError:
        return [f"the probe broke: it said {got[:200]!r}"]


def _answer(probe: Callable[[], list[str]]) -> list[str]:
    try:
        return list(probe())
    except BaseException as error:
        return [f"the probe broke: {type(error).__name__}: {error}"]


def report(probes: dict[str, Callable[[], list[str]]]) -> dict[str, list[str]]:
    """Run probes one after the other and return what each got through."""
    assert confined()
    return {name: apart(probe) for name, probe in probes.items()}


def channels() -> list[int]:
    """Return the descriptors of this process that are sockets: the control channel is one of them."""
    found = []
    for one in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{one}").startswith("socket:"):
                found.append(int(one))
    return found


def raw_channel() -> socket.socket:
    """Return the control channel as a socket of our own."""
    return socket.socket(fileno=os.dup(channels()[0]))
