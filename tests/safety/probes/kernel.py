"""Probes that ask the kernel for what a filter of calls, missing capabilities and namespaces must refuse.

Arguments are such that a call which is let through fails for its arguments or touches nothing but the sandbox.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path

from prelude import FACTS, INTEL, NUMBERS, apart, mounts, not_refused, opens, pids, raw_channel, syscall, told

NEW_TIME, NEW_NS, NEW_CGROUP, NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = (
    0x80, 0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
NAMESPACES = {
    "time": NEW_TIME, "mnt": NEW_NS, "cgroup": NEW_CGROUP, "uts": NEW_UTS, "ipc": NEW_IPC, "user": NEW_USER,
    "pid": NEW_PID, "net": NEW_NET,
}  # fmt: skip
HIGH = 1 << 32
"""A bit above what the kernel reads of an int: a filter that compares all 64 bits does not see what is asked."""


def no_capabilities() -> list[str]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return [one for one in lines if one.startswith("Cap") and int(one.split()[1], 16)]


def no_capabilities_in_any_process() -> list[str]:
    found = []
    for pid in pids():
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                name, _, value = line.partition(":\t")
                if name.startswith("Cap") and name != "CapBnd" and int(value, 16):
                    found.append(f"{pid}: {line}")
    return found


def no_new_privileges_and_a_filter_in_every_thread() -> list[str]:
    found = []
    for pid in pids():
        with suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):
                status = Path(f"/proc/{pid}/task/{task}/status").read_text()
                if "NoNewPrivs:\t1" not in status:
                    found.append(f"{pid}/{task} may gain privileges")
                if "Seccomp:\t2" not in status:
                    found.append(f"{pid}/{task} has no filter")
    return found


def not_root() -> list[str]:
    ids = {*os.getresuid(), *os.getresgid(), *os.getgroups()}
    return [f"ids {sorted(ids)}"] if 0 in ids else []


def cannot_become_another() -> list[str]:
    found = []
    for other in (0, 1, 65534, 1001):
        changes = {
            "setuid": lambda other=other: os.setuid(other),
            "setgid": lambda other=other: os.setgid(other),
            "setresuid": lambda other=other: os.setresuid(other, other, other),
            "setreuid": lambda other=other: os.setreuid(other, other),
            "setgroups": lambda other=other: os.setgroups([other]),
        }
        for name, change in changes.items():
            with suppress(OSError):
                change()
                found.append(f"{name} {other}")
    return found


def namespaces_by_unshare() -> list[str]:
    tries = {f"{name}": syscall("unshare", flag) for name, flag in NAMESPACES.items()}
    tries |= {f"{name}, high bit": syscall("unshare", flag | HIGH) for name, flag in NAMESPACES.items()}
    tries["all"] = syscall("unshare", sum(NAMESPACES.values()))
    return not_refused(tries)


def namespaces_by_clone() -> list[str]:
    found = []
    for name, flag in NAMESPACES.items():
        if name == "time":
            continue  # clone takes this bit for a part of the signal's number
        for high in (0, HIGH):
            result = syscall("clone", flag | high | signal.SIGCHLD, 0, 0, 0, 0)
            if result == 0:
                os._exit(0)
            if result != -errno.EPERM:
                found.append(f"{name}{', high bit' if high else ''}: {told(result)}")
    return found


def namespaces_by_clone3() -> list[str]:
    """It must seem not to exist: then the library falls back to clone, whose flags a filter can see."""
    found = []
    for flag in (0, NEW_USER, NEW_USER | NEW_NS, NEW_TIME):
        arguments = ctypes.create_string_buffer(struct.pack("<QQQQQQQQ", flag, 0, 0, 0, signal.SIGCHLD, 0, 0, 0), 64)
        result = syscall("clone3", ctypes.addressof(arguments), 64)
        if result == 0:
            os._exit(0)
        if result != -errno.ENOSYS:
            found.append(f"{flag:#x}: {told(result)}")
    return found


def namespaces_by_setns() -> list[str]:
    found = []
    for pid in ("self", "1"):
        for name, flag in NAMESPACES.items():
            with suppress(OSError):
                handle = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
                found += not_refused({f"{pid} {name}": syscall("setns", handle, flag)})
                os.close(handle)
    return [*found, *not_refused({"a bad descriptor": syscall("setns", -1, 0)})]


def mounts_cannot_be_made() -> list[str]:
    bind, remount, private, recursive = 4096, 32, 1 << 18, 16384
    return not_refused({
        "tmpfs": syscall("mount", b"none", b"/tmp", b"tmpfs", 0, None),
        "proc": syscall("mount", b"proc", b"/tmp", b"proc", 0, None),
        "bind": syscall("mount", b"/usr", b"/tmp", None, bind | recursive, None),
        "writable": syscall("mount", b"none", b"/", None, remount | bind, None),
        "private": syscall("mount", None, b"/", None, private | recursive, None),
        "nothing": syscall("mount", None, b"/nowhere", None, 0, None),
        "overlay": syscall("mount", b"overlay", b"/tmp", b"overlay", 0, b"lowerdir=/usr,upperdir=/tmp,workdir=/tmp"),
        "cgroup": syscall("mount", b"none", b"/tmp", b"cgroup2", 0, None),
    })  # fmt: skip


def covers_cannot_be_taken_away() -> list[str]:
    points = {point for point, _, _, _ in mounts()}
    return not_refused({point: syscall("umount2", point.encode(), 2) for point in sorted(points)})


def mounts_by_the_new_calls() -> list[str]:
    here = -100  # AT_FDCWD
    return not_refused({
        "open_tree": syscall("open_tree", here, b"/nowhere", 1),
        "move_mount": syscall("move_mount", here, b"/nowhere", here, b"/tmp", 0),
        "fsopen": syscall("fsopen", b"no such type", 0),
        "fsconfig": syscall("fsconfig", -1, 0, None, None, 0),
        "fsmount": syscall("fsmount", -1, 0, 0),
        "fspick": syscall("fspick", here, b"/nowhere", 0),
        "mount_setattr": syscall("mount_setattr", here, b"/nowhere", 0, None, 0),
        "open_tree_attr": syscall("open_tree_attr", here, b"/nowhere", 1, None, 0),
    })  # fmt: skip


def root_cannot_be_changed() -> list[str]:
    return not_refused({
        "pivot_root": syscall("pivot_root", b"/nowhere", b"/nowhere"),
        "chroot": syscall("chroot", b"/nowhere"),
        "chroot to tmp": syscall("chroot", b"/tmp"),
    })  # fmt: skip


def processes_cannot_be_traced() -> list[str]:
    # Not to attach: where it is let through, that stops the other.
    traceme, seize = 0, 0x4206
    tries = {"traceme": syscall("ptrace", traceme, 0, 0, 0), "no such request": syscall("ptrace", 9999, 1, 0, 0)}
    for pid in (1, os.getppid()):
        tries[f"seize {pid}"] = syscall("ptrace", seize, pid, 0, 0)
    return not_refused(tries)


def memory_of_others_cannot_be_reached() -> list[str]:
    tries = {}
    for pid in (1, os.getppid(), 999_999):
        tries[f"process_vm_readv {pid}"] = syscall("process_vm_readv", pid, 0, 0, 0, 0, 0)
        tries[f"process_vm_writev {pid}"] = syscall("process_vm_writev", pid, 0, 0, 0, 0, 0)
        tries[f"kcmp {pid}"] = syscall("kcmp", pid, os.getpid(), 99, 0, 0)
    tries["pidfd_getfd"] = syscall("pidfd_getfd", -1, 0, 0)
    return not_refused(tries)


def descriptors_of_processes_lead_nowhere() -> list[str]:
    """The channel's other end was made by the host: a descriptor of that process must be worth nothing."""
    found = []
    channel = raw_channel()
    with suppress(OSError):
        packed = channel.getsockopt(socket.SOL_SOCKET, 77, 4)  # SO_PEERPIDFD
        handle = struct.unpack("i", packed)[0]
        if syscall("pidfd_send_signal", handle, 0, 0, 0) == 0:
            found.append("the host's process takes signals")
        found += not_refused({
            "getfd": syscall("pidfd_getfd", handle, 0, 0),
            "setns": syscall("setns", handle, NEW_NS),
        })  # fmt: skip
        for request in range(0xFF01, 0xFF0B):  # PIDFD_GET_*_NAMESPACE
            with suppress(OSError):
                namespace = fcntl.ioctl(handle, request, 0)
                if isinstance(namespace, int) and namespace > 2:
                    found += not_refused({f"setns by {request:#x}": syscall("setns", namespace, 0)})
    channel.close()
    return found


def programs_in_the_kernel_are_refused() -> list[str]:
    return not_refused({
        "bpf": syscall("bpf", 9999, 0, 0),
        "bpf, high bit": syscall("bpf", HIGH, 0, 0),
        "perf_event_open": syscall("perf_event_open", 0, 0, -1, -1, 0),
        "userfaultfd": syscall("userfaultfd", 0xFFFF),
        "userfaultfd for user mode": syscall("userfaultfd", 1),
    })  # fmt: skip


def rings_are_refused() -> list[str]:
    """io_uring makes sockets and opens files round the filter."""
    return not_refused({
        "setup": syscall("io_uring_setup", 0, 0),
        "enter": syscall("io_uring_enter", -1, 0, 0, 0, 0, 0),
        "register": syscall("io_uring_register", -1, 9999, 0, 0),
    })  # fmt: skip


def keys_of_the_kernel_are_refused() -> list[str]:
    return not_refused({
        "add_key": syscall("add_key", b"user", b"probe", b"x", 1, -3),
        "request_key": syscall("request_key", b"user", b"probe", None, -3),
        "keyctl": syscall("keyctl", 0, -3, 0),
        "no such request": syscall("keyctl", 9999, 0, 0),
    })  # fmt: skip


def running_the_machine_is_refused() -> list[str]:
    """Every call has arguments that do nothing even for root."""
    return not_refused({
        "reboot": syscall("reboot", 0, 0, 0, 0),
        "kexec_load": syscall("kexec_load", 0, 99, 0, 0xFFFF),
        "kexec_file_load": syscall("kexec_file_load", -1, -1, 0, 0, 0xFFFF),
        "init_module": syscall("init_module", 0, 0, b""),
        "finit_module": syscall("finit_module", -1, b"", 0),
        "delete_module": syscall("delete_module", b"no such module", 0),
        "swapon": syscall("swapon", b"/nowhere", 0),
        "swapoff": syscall("swapoff", b"/nowhere"),
        "acct": syscall("acct", b"/nowhere"),
        "quotactl": syscall("quotactl", 0, b"/nowhere", 0, 0),
        "quotactl_fd": syscall("quotactl_fd", -1, 0, 0, 0),
        "syslog": syscall("syslog", 3, 0, 0),
        "settimeofday": syscall("settimeofday", 1, 0),
        "clock_settime": syscall("clock_settime", 99, 0),
        "clock_adjtime": syscall("clock_adjtime", 99, 0),
        "sethostname": syscall("sethostname", b"probe", 5),
        "setdomainname": syscall("setdomainname", b"probe", 5),
        "vhangup": syscall("vhangup"),
        "fanotify_init": syscall("fanotify_init", 0xFFFF, 0),
    })  # fmt: skip


def old_doors_of_the_processor_are_refused() -> list[str]:
    return not_refused({
        "iopl": syscall("iopl", 99),
        "ioperm": syscall("ioperm", 0, 0, 1),
        "modify_ldt": syscall("modify_ldt", 99, 0, 0),
        "personality": syscall("personality", 0xFFFFFFFF),
        "no random addresses": syscall("personality", 0x0040000),
        "readable is executable": syscall("personality", 0x0400000),
    })  # fmt: skip


def memory_policies_are_refused() -> list[str]:
    return not_refused({
        "move_pages": syscall("move_pages", 1, 0, 0, 0, 0, 0),
        "migrate_pages": syscall("migrate_pages", 1, 0, 0, 0),
        "mbind": syscall("mbind", 0, 0, 99, 0, 0, 0xFFFF),
        "set_mempolicy": syscall("set_mempolicy", 99, 0, 0),
        "process_madvise": syscall("process_madvise", -1, 0, 0, 99, 0xFFFF),
    }, errno.EBADF)  # fmt: skip


def handles_and_modules_of_security_are_refused() -> list[str]:
    return not_refused({
        "open_by_handle_at": syscall("open_by_handle_at", -1, 0, 0),
        "lsm_get_self_attr": syscall("lsm_get_self_attr", 9999, 0, 0, 0),
        "lsm_set_self_attr": syscall("lsm_set_self_attr", 9999, 0, 0, 0),
        "lsm_list_modules": syscall("lsm_list_modules", 0, 0, 0xFFFF),
    })  # fmt: skip


def _machine_code(code: bytes) -> int:
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return int(ctypes.CFUNCTYPE(ctypes.c_long)(address)())


def _old_call(number: int, first: int = 0, second: int = 0, third: int = 0) -> int:
    """Make a call by the 32-bit gate: mov eax, ebx, ecx, edx; int 0x80."""
    words = struct.pack("<BI", 0xB8, number) + struct.pack("<BI", 0xBB, first) + struct.pack("<BI", 0xB9, second)
    return _machine_code(b"\x53" + words + struct.pack("<BI", 0xBA, third) + b"\xcd\x80\x48\x98\x5b\xc3")


def calls_by_the_gate_of_32_bits() -> list[str]:
    if not INTEL:
        return []
    found = []
    for name, call in {
        "getpid": lambda: _old_call(20),
        "socket": lambda: _old_call(359, 40, 1, 0),
        "ptrace": lambda: _old_call(26, 0, 0, 0),
        "unshare": lambda: _old_call(310, NEW_USER),
        "keyctl": lambda: _old_call(288, 0, 0xFFFFFFFD, 0),
    }.items():

        def probe(call: object = call, name: str = name) -> list[str]:
            result = call()  # type: ignore[operator]
            return [] if result in (-errno.EPERM, -errno.ENOSYS) else [f"{name}: {told(result)}"]

        found += apart(probe)
    return found


def calls_by_the_x32_table() -> list[str]:
    if not INTEL:
        return []
    bit, found = 0x40000000, []
    tables = {
        "getpid": (NUMBERS["getpid"][0], ()), "socket": (NUMBERS["socket"][0], (40, 1, 0)),
        "unshare": (NUMBERS["unshare"][0], (NEW_USER,)), "ptrace": (521, (0, 0, 0, 0)),
        "process_vm_readv": (539, (1, 0, 0, 0, 0, 0)), "kexec_load": (528, (0, 99, 0, 0xFFFF)),
    }  # fmt: skip
    for name, (number, arguments) in tables.items():

        def probe(number: int = number, arguments: tuple[int, ...] = arguments, name: str = name) -> list[str]:
            result = syscall(number | bit, *arguments)
            return [] if result in (-errno.EPERM, -errno.ENOSYS) else [f"{name}: {told(result)}"]

        found += apart(probe)
    return found


def numbers_with_high_bits() -> list[str]:
    """The kernel takes the low half of the number; the filter must see the same."""
    found = []
    for name, arguments in {
        "unshare": (NEW_USER,),
        "ptrace": (0, 0, 0, 0),
        "keyctl": (0, -3, 0),
        "socket": (40, 1, 0),
    }.items():
        number = NUMBERS[name][0 if INTEL else 1]

        def probe(number: int = number, arguments: tuple[int, ...] = arguments, name: str = name) -> list[str]:
            return not_refused({name: syscall(number | HIGH, *arguments)}, errno.EAFNOSUPPORT)

        found += apart(probe)
    return found


def numbers_beyond_the_table() -> list[str]:
    """No call that a newer kernel has may be one that nobody has looked at and that gives a descriptor."""
    found = []
    for number in (548, 600, 1023, 0x3FFFFFFF):
        if (result := syscall(number, 0, 0, 0, 0, 0, 0)) not in (-errno.ENOSYS, -errno.EPERM):
            found.append(f"{number}: {told(result)}")
    return found


def terminals_take_no_typed_text() -> list[str]:
    """TIOCSTI and TIOCLINUX put text into a terminal, TIOCSETD loads its discipline."""
    found, letter, handles = [], ctypes.create_string_buffer(b"x"), [0, 1, 2]
    with suppress(OSError):
        handles += os.openpty()
    for name, request in {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C}.items():
        for high in (0, HIGH, 0xFFFFFFFF << 32):
            for handle in handles:
                result = syscall("ioctl", handle, request | high, ctypes.addressof(letter))
                if result != -errno.EPERM:
                    found.append(f"{name} {high:#x} on {handle}: {told(result)}")
    return found


def limits_cannot_be_raised() -> list[str]:
    """Time of the processor is counted by the host, for all processes together."""
    found = []
    for name in ("AS", "NPROC", "NOFILE", "FSIZE", "CORE"):
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        if hard == resource.RLIM_INFINITY:
            found.append(f"{name} has no limit")
        for pid in (0, os.getppid()):
            with suppress(OSError, ValueError):
                resource.prlimit(pid, kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                found.append(f"{name} of {pid or 'self'} raised")
    return found


def limits_are_those_asked_for() -> list[str]:
    kinds = {"AS": "memory_bytes", "FSIZE": "file_bytes", "NOFILE": "descriptors"}
    found = []
    for name, limit in kinds.items():
        hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1]
        if not 0 <= hard <= FACTS["limits"][limit]:
            found.append(f"{name} is {hard}, not {FACTS['limits'][limit]}")
    return found


def no_better_place_in_the_queue() -> list[str]:
    found = []
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        found.append("nice -20")
    for name in ("SCHED_FIFO", "SCHED_RR"):
        with suppress(OSError):
            os.sched_setscheduler(0, getattr(os, name), os.sched_param(1))
            found.append(name)
    if syscall(251 if INTEL else 30, 1, 0, (1 << 13) | 0) == 0:  # ioprio_set, real time
        found.append("real-time disk")
    return found


def other_processes_cannot_be_seen_or_signalled() -> list[str]:
    found = []
    if len(pids()) > 8:
        found.append(f"{len(pids())} processes are seen")
    for pid in FACTS["host_pids"]:
        if pid in pids():
            continue  # one of our own has this number
        with suppress(OSError):
            os.kill(pid, 0)
            found.append(f"{pid} takes signals")
    return found


def shared_memory_and_queues_of_the_host() -> list[str]:
    found = []
    key = FACTS["ipc_key"]
    for name in ("shmget", "msgget", "semget"):
        result = syscall(name, key, 0, 0)
        if result not in (-errno.ENOENT, -errno.EPERM, -errno.ENOSYS):
            found.append(f"{name}: {told(result)}")
    for name in ("shm", "msg", "sem"):
        with suppress(OSError):
            if str(key) in Path(f"/proc/sysvipc/{name}").read_text():
                found.append(f"{name} lists the host's")
    return found


def clock_and_name_are_not_the_hosts() -> list[str]:
    found = []
    if os.uname().nodename == FACTS["hostname"]:
        found.append("the host's name")
    return found


def cgroup_is_hidden() -> list[str]:
    """The path of its group must be that of its own namespace, and its files out of reach."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return [one for one in lines if FACTS["marker"] in one or one.split(":", 2)[2].count("..") > 8 or opens(one)]
