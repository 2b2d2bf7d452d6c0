"""Probes that reach for files of the host, for the kernel's files and for devices."""

import ctypes
import errno
import os
import resource
import stat
from contextlib import suppress
from pathlib import Path

from prelude import FACTS, OUT, ROOT_LINK, WORK, mounts, opens, pids, read, secret, syscall, told

ALLOWED_ROOTS = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "opt", "proc", "sbin", "tmp", "usr", "work"}
ALLOWED_DEVICES = {
    "null", "zero", "full", "random", "urandom", "tty", "pts", "ptmx", "shm", "fd", "stdin", "stdout", "stderr", "core",
    "console",
}  # fmt: skip
SCRATCH = ("/tmp", "/dev/shm", str(WORK))


def host_files_by_path() -> list[str]:
    return [path for path in FACTS["secret_files"] if opens(path) or secret(read(path))]


def host_folders_by_path() -> list[str]:
    found = []
    for path in FACTS["secret_folders"]:
        with suppress(OSError):
            found += [f"{path}: {os.listdir(path)[:5]}"]
    return found


def host_files_through_roots_of_processes() -> list[str]:
    found = []
    for pid in [*pids(), "self", "thread-self"]:
        for link in (ROOT_LINK, "cwd"):
            for path in FACTS["secret_files"]:
                for climb in ("", "/..", "/../../../../../.."):
                    if secret(read(f"/proc/{pid}/{link}{climb}{path}")):
                        found.append(f"/proc/{pid}/{link}{climb}{path}")
    return found


def host_files_above_the_root() -> list[str]:
    found = []
    handle = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(40):
        handle = os.open("..", os.O_RDONLY | os.O_DIRECTORY, dir_fd=handle)
    for path in FACTS["secret_files"]:
        with suppress(OSError):
            os.close(os.open(path.lstrip("/"), os.O_RDONLY, dir_fd=handle))
            found.append(path)
        if opens("/.." * 40 + path) or opens("../" * 40 + path.lstrip("/")):
            found.append(path)
    return found


def only_known_folders_in_the_root() -> list[str]:
    """Beside the system's, there may be the folders that lead to the interpreter and its environment."""
    leading = {Path(one).parts[1] for one in FACTS["documented_sources"]}
    return sorted(set(os.listdir("/")) - ALLOWED_ROOTS - leading)


def nothing_beside_the_way_to_the_interpreter() -> list[str]:
    """A folder above a bind holds nothing but the way to it."""
    found, documented = [], [Path(one) for one in FACTS["documented_sources"]]
    above = {one for source in documented for one in source.parents if one != Path("/")}
    for folder in above:
        if any(source == folder or source in folder.parents for source in documented):
            continue
        with suppress(OSError):
            beside = {str(folder / one) for one in os.listdir(folder)}
            ways = {str(one) for source in documented for one in (source, *source.parents)}
            if str(folder) not in ("/usr", "/tmp", str(WORK)):
                found += sorted(beside - ways)[:5]
    return found


def no_home_folders_of_the_host() -> list[str]:
    found = []
    for folder in (
        "/home",
        "/" + ROOT_LINK,
        "/mnt",
        "/media",
        "/srv",
        "/run",
        "/boot",
        "/var/lib",
        "/var/log",
        "/var/run",
    ):
        with suppress(OSError):
            for name in os.listdir(folder):
                path = f"{folder}/{name}"
                if not any(one == path or one.startswith(path + "/") for one in FACTS["documented_sources"]):
                    found.append(path)
    return found


def descriptors_lead_only_to_pipes() -> list[str]:
    """The worker's own (this is its child, so it has what the worker left open)."""
    found = []
    for one in sorted(os.listdir("/proc/self/fd"), key=int):
        with suppress(OSError):
            to, mode = os.readlink(f"/proc/self/fd/{one}"), os.fstat(int(one)).st_mode
            known = to.startswith(("pipe:", "socket:", "/dev/null", "/memfd:", "anon_inode:", "/proc/"))
            if not known or stat.S_ISBLK(mode):
                found.append(f"{one} -> {to}")
    return found


def descriptors_of_other_processes() -> list[str]:
    found = []
    for pid in pids():
        if pid == os.getpid():
            continue
        with suppress(OSError):
            for one in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{one}"
                with suppress(OSError):
                    if stat.S_ISDIR(os.stat(path).st_mode) or secret(read(path)):
                        found.append(f"{path} -> {os.readlink(path)}")
                    for secret_file in FACTS["secret_files"]:
                        if secret(read(f"{path}{secret_file}")) or secret(read(f"{path}/../..{secret_file}")):
                            found.append(f"{path} leads to {secret_file}")
    return found


def memory_of_the_supervisor() -> list[str]:
    """What bubblewrap's own process still holds of the host, as its environment."""
    found = []
    for pid in pids():
        for name in ("environ", "cmdline", "maps", "stack", "auxv", "mountinfo"):
            if secret(read(f"/proc/{pid}/{name}", 1 << 22)):
                found.append(f"/proc/{pid}/{name}")
    if 1 in pids() and os.getpid() != 1 and opens("/proc/1/mem", os.O_RDWR):
        with suppress(OSError), open("/proc/1/mem", "rb", 0) as memory:
            for line in read("/proc/1/maps").decode().splitlines():
                start, end = (int(one, 16) for one in line.split()[0].split("-"))
                with suppress(OSError, OverflowError, ValueError):
                    memory.seek(start)
                    if secret(memory.read(min(end - start, 1 << 24))):
                        found.append(f"memory of process 1: {line}")
    return found


def system_folders_cannot_be_written() -> list[str]:
    found = []
    for point, _, kind, _ in mounts():
        if point.startswith((*SCRATCH, "/proc")) or kind == "devpts":
            continue
        for folder in (point, f"{point}/bin", f"{point}/lib"):
            with suppress(OSError):
                handle = os.open(f"{folder}/{FACTS['marker']}", os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
                os.close(handle)
                os.unlink(f"{folder}/{FACTS['marker']}")
                found.append(folder)
    return found


def mounts_are_read_only() -> list[str]:
    return [
        f"{point} ({kind})"
        for point, _, kind, options in mounts()
        if "rw" in options and point not in SCRATCH and kind not in ("proc", "devpts", "mqueue")
        if not point.startswith("/dev/") and not point.startswith(str(WORK))
    ]


def bound_files_cannot_be_changed() -> list[str]:
    found = []
    for path in [FACTS["interpreter"], "/etc/passwd", "/usr", os.__file__]:
        changes = {
            "chmod": lambda path=path: os.chmod(path, 0o777),
            "utime": lambda path=path: os.utime(path, (1, 1)),
            "chown": lambda path=path: os.chown(path, os.getuid(), os.getgid()),
            "setxattr": lambda path=path: os.setxattr(path, "user.probe", b"1"),
            "truncate": lambda path=path: os.truncate(path, 1 << 40),
            "rename": lambda path=path: os.rename(path, f"{path}.moved"),
            "link": lambda path=path: os.link(path, OUT / "linked"),
            "open for writing": lambda path=path: os.close(os.open(path, os.O_WRONLY | os.O_APPEND)),
        }
        for name, change in changes.items():
            with suppress(OSError):
                change()
                found.append(f"{name} of {path}")
    return found


def interpreter_cannot_be_overwritten_while_it_runs() -> list[str]:
    """The way out of containers by the program of the one that starts them."""
    paths = [f"/proc/{pid}/exe" for pid in [*pids(), "self"]]
    return [
        one for one in paths if opens(one, os.O_WRONLY) or opens(one, os.O_RDWR) or opens(one, os.O_RDWR | os.O_APPEND)
    ]


def kernel_settings_cannot_be_written() -> list[str]:
    """They are opened for writing and closed again: nothing is ever written."""
    found, seen = [], 0
    for folder, _, names in os.walk("/proc/sys"):
        for name in names:
            seen += 1
            if opens(f"{folder}/{name}", os.O_WRONLY):
                found.append(f"{folder}/{name}")
    return found[:20] if seen > 50 or not seen else ["the probe broke: /proc/sys is nearly empty"]


def core_pattern_cannot_be_written() -> list[str]:
    path = "/proc/sys/kernel/core_pattern"
    found = [str(one) for one in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND) if opens(path, one)]
    if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
        found.append("a crash may leave a core")
    return found


def kernel_settings_by_other_ways() -> list[str]:
    found = []
    for pid in pids():
        for way in (
            f"/proc/{pid}/{ROOT_LINK}/proc/sys",
            f"/proc/{pid}/cwd/../../proc/sys",
            f"/proc/{pid}/net/../../sys",
        ):
            for one in ("kernel/core_pattern", "kernel/modprobe", "fs/binfmt_misc/register", "vm/overcommit_memory"):
                if opens(f"{way}/{one}", os.O_WRONLY):
                    found.append(f"{way}/{one}")
    return found


def kernel_triggers_cannot_be_written() -> list[str]:
    """All files of procfs beside those of processes and settings: sysrq-trigger, irq, bus, scsi, mtrr, acpi."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() or name in ("self", "thread-self", "sys"):
            continue
        path = f"/proc/{name}"
        if os.path.isdir(path) and not os.path.islink(path):
            inside = [f"{folder}/{one}" for folder, _, names in os.walk(path) for one in names]
        else:
            inside = [path]
        for one in inside:
            # A cover of nothing may be written: it is /dev/null.
            with suppress(OSError):
                if opens(one, os.O_WRONLY) and os.stat(one).st_rdev != os.makedev(1, 3):
                    found.append(one)
    return found


def kernel_tells_nothing() -> list[str]:
    names = (
        "kallsyms keys key-users slabinfo timer_list kcore modules sysrq-trigger iomem ioports vmallocinfo mtrr "
        "config.gz diskstats partitions"
    )
    return [name for name in names.split() if read(f"/proc/{name}", 64)]


def own_process_files_give_nothing() -> list[str]:
    found = []
    for name, content in {
        "uid_map": b"0 0 4294967295", "gid_map": b"0 0 4294967295", "setgroups": b"allow", "oom_score_adj": b"-1000",
        "attr/exec": b"unconfined", "attr/current": b"unconfined", "loginuid": b"0", "sched": b"0",
    }.items():  # fmt: skip
        with suppress(OSError), open(f"/proc/self/{name}", "wb", 0) as file:
            file.write(content)
            if name not in ("sched", "attr/exec", "attr/current"):
                found.append(name)
    return found


def only_harmless_devices() -> list[str]:
    return sorted(set(os.listdir("/dev")) - ALLOWED_DEVICES - {"mqueue"})


def devices_cannot_be_opened() -> list[str]:
    names = (
        "mem kmem port kvm fuse kmsg vda vda1 sda sda1 nvme0n1 loop-control loop0 mapper/control net/tun vhost-vsock "
        "vsock vhost-net uinput hpet rtc0 snapshot userfaultfd cpu_dma_latency dri/card0 nvidia0 nvidiactl "
        "bus/usb/001/001 btrfs-control watchdog vfio/vfio ptp0 tty0 tty1 ttyS0 console input/event0 mei0 sgx_enclave"
    )
    return [one for one in names.split() if opens(f"/dev/{one}") or opens(f"/dev/{one}", os.O_RDWR)]


def devices_cannot_be_made() -> list[str]:
    found = []
    for folder in SCRATCH:
        for name, kind, device in (
            ("memory", stat.S_IFCHR, (1, 1)),
            ("disk", stat.S_IFBLK, (8, 0)),
            ("virtio", stat.S_IFBLK, (254, 0)),
        ):
            with suppress(OSError):
                os.mknod(f"{folder}/{name}", kind | 0o600, os.makedev(*device))
                os.unlink(f"{folder}/{name}")
                found.append(f"{folder}/{name}")
    return found


def controlling_terminal_is_not_there() -> list[str]:
    return [one for one in ("/dev/tty", "/dev/console") if opens(one, os.O_RDWR)]


def no_cgroup_or_sysfs() -> list[str]:
    found = []
    for folder, _, names in os.walk("/sys"):
        found += [f"{folder}/{one}" for one in names if opens(f"{folder}/{one}", os.O_WRONLY)]
    return found[:10]


def mount_sources_are_the_documented_ones() -> list[str]:
    """Of the host's folders, mountinfo names those that are bound, nothing else."""
    private = FACTS["secret_folders"] + FACTS["secret_files"]
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if any(one in line for one in private)]


def handles_of_files_are_refused() -> list[str]:
    """A file handle leads round all mounts: the way of "shocker"."""
    # struct file_handle: bytes, type, then inode 2, the root of most file systems.
    handle = (8).to_bytes(4, "little") + (1).to_bytes(4, "little") + (2).to_bytes(8, "little")
    found = []
    for path in ("/usr", "/etc/passwd", "/tmp"):
        at = os.open(path, os.O_RDONLY)
        result = syscall("open_by_handle_at", at, handle, os.O_RDONLY)
        if result not in (-errno.EPERM, -errno.ENOSYS):
            found.append(f"{path}: {told(result)}")
        os.close(at)
    return found


def programs_with_privileges_give_none() -> list[str]:
    """A program with set-user-id, or with capabilities of its file, runs as what we are."""
    if "NoNewPrivs:\t1" in Path("/proc/self/status").read_text():
        return []
    return [f"no_new_privs is off: {name}" for name in ("su", "mount", "passwd", "ping") if opens(f"/usr/bin/{name}")]


def privileged_copies_cannot_be_made() -> list[str]:
    """A copy with set-user-id of our own, run, is still us."""
    copy = "/tmp/own-true"
    with open("/usr/bin/id", "rb") as source, open(copy, "wb") as target:
        target.write(source.read())
    os.chmod(copy, 0o6755)
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.dup2(writing, 1)
        with suppress(OSError):
            os.execv(copy, [copy, "-u"])
        os._exit(9)
    os.close(writing)
    os.waitpid(child, 0)
    said = os.read(reading, 100).strip()
    os.unlink(copy)
    return [f"uid {said!r}"] if said == b"0" else []


def sticky_memory_of_other_files() -> list[str]:
    """A shared writable mapping of a bound file."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_long
    found = []
    for path in (FACTS["interpreter"], "/etc/passwd"):
        handle = os.open(path, os.O_RDONLY)
        got = libc.mmap(None, ctypes.c_size_t(4096), 3, 1, handle, ctypes.c_long(0))
        if got != -1:
            found.append(path)
        os.close(handle)
    return found
