"""The system calls that a confined process may not make, as a filter for the kernel.

The filter is a program for the kernel's classic packet filter, made here without a library. It closes what namespaces
leave open: AF_VSOCK leads from a virtual machine to its host, io_uring makes sockets past a filter on `socket`, the
32-bit and x32 tables have other numbers for the same calls, and much of what is denied has had exploitable defects.
Further, memory that no process maps is seen by no watchdog, so what makes such memory is denied.

Numbers: `unistd_64.h` and `asm-generic/unistd.h` of Linux 6.1; from 424 on both tables are the same.
"""

import struct

_INSTRUCTION = struct.Struct("=HBBI")
# Opcodes of linux/bpf_common.h: load a word of `struct seccomp_data`, compare, mask, return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_X32_BIT = 0x40000000
_NAMESPACES = 0x7E020000
"""CLONE_NEW* of cgroup, uts, ipc, user, pid, net and mount."""
_TERMINAL = (0x5412, 0x541C, 0x5423)
"""TIOCSTI and TIOCLINUX type into another's terminal; TIOCSETD loads line disciplines."""
_OF_FILES = (1024, 1026)
"""F_SETLEASE makes whoever else opens a file wait, F_NOTIFY watches its folder; code may be given the user's own
file."""
_FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET, AF_INET6: the last two end in an empty network namespace."""

_BUFFERS = (7, 8, 32, 33)
"""SO_SNDBUF, SO_RCVBUF, and both by force. What waits in a socket is counted for no process; as it is made, one holds
200 KB, and Linux 6.18 lets it be made to hold 8 MB."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Name -> its number on x86-64 and on aarch64; None where there is no such call.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # mounts and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "open_tree_attr": (467, 467),
    # programs in the kernel, and ways around this filter
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # io_setup takes from a count that the whole machine shares, inotify from one of the user's
    "io_setup": (206, 0),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    # keys
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # the machine
    "create_module": (174, None),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "query_module": (178, None),
    "get_kernel_syms": (177, None),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "nfsservctl": (180, 42),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "personality": (135, 92),
    "lsm_get_self_attr": (459, 459),
    "lsm_set_self_attr": (460, 460),
    "lsm_list_modules": (461, 461),
    # files past their folders
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # placing of memory
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "set_mempolicy_home_node": (450, 450),
    # memory that is in no process
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # old calls that nothing uses
    "uselib": (134, None),
    "ustat": (136, None),
    "sysfs": (139, None),
    "_sysctl": (156, None),
    "lookup_dcookie": (212, 18),
    "getpmsg": (181, None),
    "putpmsg": (182, None),
    "afs_syscall": (183, None),
    "tuxcall": (184, None),
    "security": (185, None),
    "vserver": (236, None),
    "epoll_ctl_old": (214, None),
    "epoll_wait_old": (215, None),
    "remap_file_pages": (216, 234),
}
_NEWEST = 469
"""`file_setattr` of Linux 6.17. Calls that came later are not there: nobody has looked at what they do."""
_CLONE3 = 435
_CLONE = {"x86_64": 56, "aarch64": 220}
_FCNTL = {"x86_64": 72, "aarch64": 25}
_IOCTL = {"x86_64": 16, "aarch64": 29}
_SETSOCKOPT = {"x86_64": 54, "aarch64": 208}
_SOL_SOCKET = 1
_SOCKETS = {"x86_64": (41, 53), "aarch64": (198, 199)}


def seccomp_filter(machine: str) -> bytes:
    """Return the filter for a machine as `platform.machine()` names it: packed `struct sock_filter`.

    Raises:
        KeyError: There is no filter for this machine.
    """
    architecture = _ARCHITECTURES[machine]
    column = list(_ARCHITECTURES).index(machine)
    program = [(_LOAD, 0, 0, _ARCH_AT), (_EQUAL, 1, 0, architecture), _answer(_KILL), (_LOAD, 0, 0, _NUMBER_AT)]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_BIT), _answer(_KILL)]
    program += [(_AT_LEAST, 0, 1, _NEWEST + 1), _answer(_ERROR | _ENOSYS)]
    for numbers in _DENIED.values():
        if (number := numbers[column]) is not None:
            program += [(_EQUAL, 0, 1, number), _answer(_ERROR | _EPERM)]
    # Its flags lie in memory, which a filter cannot read. After ENOSYS, not after EPERM, the C library takes clone.
    program += [(_EQUAL, 0, 1, _CLONE3), _answer(_ERROR | _ENOSYS)]
    program += [(_EQUAL, 0, 4, _CLONE[machine]), (_LOAD, 0, 0, _ARGUMENTS_AT)]
    program += [(_ANY_BIT, 0, 1, _NAMESPACES), _answer(_ERROR | _EPERM), _answer(_ALLOW)]
    for number, requests in ((_IOCTL[machine], _TERMINAL), (_FCNTL[machine], _OF_FILES)):
        program += [(_EQUAL, 0, 2 + 2 * len(requests), number), (_LOAD, 0, 0, _ARGUMENTS_AT + 8)]
        for request in requests:
            program += [(_EQUAL, 0, 1, request), _answer(_ERROR | _EPERM)]
        program += [_answer(_ALLOW)]
    program += [(_EQUAL, 0, 5 + 2 * len(_BUFFERS), _SETSOCKOPT[machine]), (_LOAD, 0, 0, _ARGUMENTS_AT + 8)]
    program += [(_EQUAL, 1, 0, _SOL_SOCKET), _answer(_ALLOW), (_LOAD, 0, 0, _ARGUMENTS_AT + 16)]
    for option in _BUFFERS:
        program += [(_EQUAL, 0, 1, option), _answer(_ERROR | _EPERM)]
    program += [_answer(_ALLOW)]
    one, pair = _SOCKETS[machine]
    # The kernel looks at the low 32 bits of the family only, and so does the first word of the argument.
    program += [(_EQUAL, 2, 0, one), (_EQUAL, 1, 0, pair), _answer(_ALLOW), (_LOAD, 0, 0, _ARGUMENTS_AT)]
    for family in _FAMILIES:
        program += [(_EQUAL, 0, 1, family), _answer(_ALLOW)]
    program += [_answer(_ERROR | _EAFNOSUPPORT)]
    return b"".join(_INSTRUCTION.pack(*one) for one in program)


def _answer(value: int) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, value)
