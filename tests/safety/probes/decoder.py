"""Probes of a decoder that a file has taken over: it holds one file, and beside it another decoder holds another."""

import ctypes
import errno
import fcntl
import mmap
import os
import signal
import socket
import threading
from contextlib import suppress

from prelude import FACTS, not_refused, opens, read, secret, syscall, told

held: dict[str, int] = globals().get("held", {})
"""Numbers that the guest gives: of the lent file's descriptor, of the other decoder's process, of their parent's."""


def _fails(what: object) -> bool:
    try:
        what()  # type: ignore[operator]
    except (OSError, ValueError):
        return True
    return False


def files_of_the_host() -> list[str]:
    paths = [f"/proc/{pid}/{'ro' + 'ot'}{path}" for path in FACTS["secret_files"] for pid in (1, "self", held["other"])]
    return [path for path in [*paths, *FACTS["secret_files"]] if opens(path) or secret(read(path))]


def file_of_the_other_decoder() -> list[str]:
    found = []
    for pid in (held["other"], held["host"], 1):
        for number in range(40):
            if secret(read(f"/proc/{pid}/fd/{number}")):
                found.append(f"/proc/{pid}/fd/{number}")
    return found


def memory_of_the_other_decoder() -> list[str]:
    found = []
    for pid in (held["other"], held["host"]):
        for name in ("mem", "maps", "environ", "auxv"):
            if read(f"/proc/{pid}/{name}", 64) or opens(f"/proc/{pid}/{name}", os.O_RDWR):
                found.append(f"/proc/{pid}/{name}")
    return found


def the_other_decoder_by_calls() -> list[str]:
    found = {}
    for pid in (held["other"], held["host"], 1):
        found |= {
            f"ptrace {pid}": syscall("ptrace", 0x4206, pid, 0, 0),
            f"process_vm_readv {pid}": syscall("process_vm_readv", pid, 0, 0, 0, 0, 0),
            f"pidfd_open {pid}": syscall("pidfd_open", pid, 0),
            f"kcmp {pid}": syscall("kcmp", pid, os.getpid(), 0, 0, 0),
        }
    return not_refused(found)


def signals_to_others() -> list[str]:
    found = []
    for pid in (held["other"], held["host"], 1, -1, 0):
        for number in (0, signal.SIGCONT):
            if not _fails(lambda pid=pid, number=number: os.kill(pid, number)):
                found.append(f"{number} to {pid}")
    return found


def limits_and_places_of_others() -> list[str]:
    import resource

    found = []
    for pid in (held["other"], held["host"]):
        if not _fails(lambda pid=pid: resource.prlimit(pid, resource.RLIMIT_NOFILE, (16, 16))):
            found.append(f"limits of {pid}")
        if not _fails(lambda pid=pid: os.setpriority(os.PRIO_PROCESS, pid, 19)):
            found.append(f"priority of {pid}")
        if not _fails(lambda pid=pid: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))):
            found.append(f"scheduling of {pid}")
    return found


def lent_file_cannot_be_changed() -> list[str]:
    lent = held["lent"]
    ways = {
        "open anew for writing": lambda: os.open(f"/proc/self/fd/{lent}", os.O_RDWR),
        "open anew by /dev/fd": lambda: os.open(f"/dev/fd/{lent}", os.O_WRONLY),
        "open to truncate": lambda: os.open(f"/proc/self/fd/{lent}", os.O_RDONLY | os.O_TRUNC),
        "write": lambda: os.write(lent, b"x"),
        "truncate": lambda: os.ftruncate(lent, 0),
        "mode": lambda: os.fchmod(lent, 0o777),
        "mode by its path": lambda: os.chmod(f"/proc/self/fd/{lent}", 0o777),
        "owner": lambda: os.fchown(lent, os.getuid(), os.getgid()),
        "times": lambda: os.utime(lent, (1, 1)),
        "attribute": lambda: os.setxattr(lent, "user.x", b"1"),
        "hard link": lambda: os.link(f"/proc/self/fd/{lent}", "/tmp/linked", follow_symlinks=True),
        "shared memory of it": lambda: mmap.mmap(lent, 1, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE),
        "punch a hole": lambda: os.posix_fallocate(lent, 0, 1),
        "a lease": lambda: fcntl.fcntl(lent, fcntl.F_SETLEASE, fcntl.F_WRLCK),
        "a lock for writing": lambda: fcntl.lockf(lent, fcntl.LOCK_EX | fcntl.LOCK_NB),
        "a lock of the whole": lambda: fcntl.flock(lent, fcntl.LOCK_EX | fcntl.LOCK_NB),
        "a lock for reading": lambda: fcntl.lockf(lent, fcntl.LOCK_SH | fcntl.LOCK_NB),
        "news of its folder": lambda: fcntl.fcntl(lent, 1026, 0x20),
        "copy into it": lambda: os.copy_file_range(lent, lent, 1, 0, 1),
        "flags of its inode": lambda: fcntl.ioctl(lent, 0x40086602, b"\x10\0\0\0\0\0\0\0"),
        "a place from its handle": lambda: os.open("..", os.O_RDONLY, dir_fd=lent),
    }
    return [name for name, way in ways.items() if not _fails(way)]


def lent_file_leads_to_no_folder() -> list[str]:
    found = []
    with suppress(OSError):
        path = os.readlink(f"/proc/self/fd/{held['lent']}")
        folder = os.path.dirname(path)
        if opens(folder, os.O_DIRECTORY) and not folder.startswith(("/tmp", "/dev/shm")):
            found.append(folder)
        found += [path] if opens(path) else []
    return found


def files_cannot_be_made() -> list[str]:
    found = []
    for folder in ("/tmp", "/dev/shm", os.sep + "work", "/", "/dev", "/opt"):
        path = f"{folder}/{FACTS['marker']}"
        for name, way in {
            "file": lambda path=path: os.open(path, os.O_CREAT | os.O_RDONLY, 0o600),
            "unnamed file": lambda folder=folder: os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600),
            "folder": lambda path=path: os.mkdir(path),
            "link": lambda path=path: os.symlink("/etc/passwd", path),
            "pipe": lambda path=path: os.mkfifo(path),
        }.items():
            if not _fails(way):
                found.append(f"{name} in {folder}")
    return found


def programs_cannot_be_started() -> list[str]:
    tries = {
        "execve": lambda: os.execv("/bin/true", ["true"]),
        "fork": os.fork,
        "vfork": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "system": lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "true"], {}),
    }
    found = [name for name, way in tries.items() if not _fails(way)]
    for flags in (signal.SIGCHLD, 0x10000000 | signal.SIGCHLD, 0x00004000 | signal.SIGCHLD):
        result = syscall("clone", flags, 0, 0, 0, 0)
        if result == 0:
            os._exit(0)
        if result not in (-errno.EPERM, -errno.ENOSYS):
            found.append(f"clone {flags:#x} {told(result)}")
    return found


def threads_can() -> list[str]:
    ran: list[int] = []
    thread = threading.Thread(target=lambda: ran.append(1))
    thread.start()
    thread.join()
    return [] if ran else ["no thread"]


def sockets_cannot_be_made() -> list[str]:
    found = []
    for family in range(46):
        result = syscall("socket", family, 1, 0)
        if result not in (-errno.EPERM, -errno.EAFNOSUPPORT):
            found.append(f"{family} {told(result)}")
    return found + ([] if _fails(socket.socketpair) else ["pair"])


def doors_of_the_kernel() -> list[str]:
    return not_refused({
        "unshare": syscall("unshare", 0x10000000),
        "setns": syscall("setns", -1, 0),
        "mount": syscall("mount", b"none", b"/tmp", b"tmpfs", 0, None),
        "fsopen": syscall("fsopen", b"tmpfs", 0),
        "bpf": syscall("bpf", 9999, 0, 0),
        "userfaultfd": syscall("userfaultfd", 1),
        "perf_event_open": syscall("perf_event_open", 0, 0, -1, -1, 0),
        "io_uring_setup": syscall("io_uring_setup", 0, 0),
        "keyctl": syscall("keyctl", 0, -3, 0),
        "add_key": syscall("add_key", b"user", b"probe", b"x", 1, -3),
        "memfd_create": syscall("memfd_create", b"x", 0),
        "memfd_secret": syscall("memfd_secret", 0),
        "shmget": syscall("shmget", 0, 4096, 0o1600),
        "open_by_handle_at": syscall("open_by_handle_at", -1, 0, 0),
        "clone3": syscall("clone3", 0, 0),
        "personality": syscall("personality", 0xFFFFFFFF),
        "openat2": syscall(437, -100, 0, 0, 0),
    })  # fmt: skip


def nothing_is_gained() -> list[str]:
    status = read("/proc/self/status").decode()
    found = [] if "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status else ["no filter"]
    if opens("/proc/sys/kernel/core_pattern", os.O_WRONLY):
        found.append("core_pattern")
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # dumpable again: only its own affair
    return found
