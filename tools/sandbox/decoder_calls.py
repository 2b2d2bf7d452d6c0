"""The calls to the kernel that a decoder gives up before it meets a file.

Whoever owns a file may open a descriptor for reading anew for writing, or change the file's mode and times through it.
So a decoder, which is lent descriptors, may open nothing for writing and change nothing in any folder. Nor may it start
a program or a process, signal another, or make a socket: it has threads, its memory, and its channel to the host.

Numbers: `unistd_64.h` and `asm-generic/unistd.h` of Linux 6.1.
"""

import ctypes
import os
import platform
import struct
import sys

_INSTRUCTION = struct.Struct("=HBBI")
# Opcodes of linux/bpf_common.h: load a word of `struct seccomp_data`, compare, mask, return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOTTY, _ENOSYS = 1, 25, 38
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x10000
_WRITES = 0o1 | 0o2 | 0o100 | 0o1000 | 0o20000000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC and what makes O_TMPFILE."""
_REQUESTS = (0x5421, 0x5450, 0x5451)
"""FIONBIO, FIONCLEX and FIOCLEX: what they change is the descriptor's alone."""
_OF_FILES = (0, 1, 2, 3, 4, 1030)
"""What `fcntl` may do: copy a descriptor, read and set its flags. A lock or a lease would make others wait."""
_PR_SET_SECCOMP, _FILTER_MODE = 22, 2
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Name -> its number on x86-64 and on aarch64; None where there is no such call.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    # programs, processes and signals
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "perf_event_open": (298, 241),
    # memory, messages and keys that processes of a user share
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # sockets; that of the channel is there already
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    # files and folders
    "flock": (73, 32),
    "creat": (85, None),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "mknod": (133, None),
    "mknodat": (259, 33),
    # ways around this filter
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "open_by_handle_at": (304, 265),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
}
# ENOSYS makes the C library fall back to the older call, whose flags a filter can read.
_UNKNOWN = {"clone3": 435, "openat2": 437}


class _Program(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def restrain() -> bool:
    """Give the calls up for good, in this process and its threads; return whether there is a filter for this machine.

    Raises:
        OSError: There is, and the kernel does not take it.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _ARCHITECTURES:
        return False
    code = calls_filter(machine, os.getpid())
    program = _Program(len(code) // _INSTRUCTION.size, code)
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the system call filter was refused")
    return True


def calls_filter(machine: str, pid: int) -> bytes:
    """Return the filter for a process of a machine as `platform.machine()` names it.

    Raises:
        KeyError: There is no filter for this machine.
    """
    column = list(_ARCHITECTURES).index(machine)
    program = [(_LOAD, 0, 0, _ARCH_AT), (_EQUAL, 1, 0, _ARCHITECTURES[machine]), _answer(_KILL)]
    program += [(_LOAD, 0, 0, _NUMBER_AT)]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_BIT), _answer(_KILL)]
    for numbers in _DENIED.values():
        if (number := numbers[column]) is not None:
            program += [(_EQUAL, 0, 1, number), _answer(_ERROR | _EPERM)]
    for number in _UNKNOWN.values():
        program += [(_EQUAL, 0, 1, number), _answer(_ERROR | _ENOSYS)]
    # Even a descriptor for reading lets the owner of a file set its flags; Python asks each file for a terminal.
    allowed = [(_EQUAL, len(_REQUESTS) - at, 0, request) for at, request in enumerate(_REQUESTS)]
    program += _if((16, 29)[column], 1, [*allowed, _answer(_ERROR | _ENOTTY)])
    allowed = [(_EQUAL, len(_OF_FILES) - at, 0, command) for at, command in enumerate(_OF_FILES)]
    program += _if((72, 25)[column], 1, [*allowed, _answer(_ERROR | _EPERM)])
    program += _if((56, 220)[column], 0, [(_ANY_BIT, 1, 0, _CLONE_THREAD), _answer(_ERROR | _EPERM)])
    # `abort` signals the process itself; limits of other processes of the user are not this one's.
    program += _if((234, 131)[column], 0, [(_EQUAL, 1, 0, pid), _answer(_ERROR | _EPERM)])
    program += _if((302, 261)[column], 0, [(_EQUAL, 1, 0, 0), _answer(_ERROR | _EPERM)])
    program += _if((257, 56)[column], 2, [(_ANY_BIT, 0, 1, _WRITES), _answer(_ERROR | _EPERM)])
    if machine == "x86_64":
        program += _if(2, 1, [(_ANY_BIT, 0, 1, _WRITES), _answer(_ERROR | _EPERM)])
    program += [_answer(_ALLOW)]
    return b"".join(_INSTRUCTION.pack(*one) for one in program)


def _if(number: int, argument: int, test: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Return a test of the low half of an argument of one call; what passes is allowed."""
    load = (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument)
    return [(_EQUAL, 0, 2 + len(test), number), load, *test, _answer(_ALLOW)]


def _answer(value: int) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, value)
