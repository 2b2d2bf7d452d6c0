"""The arguments for bubblewrap: what a cage consists of, and nothing else."""

import functools
import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from .limits import Limits

INNER_ID = 1000
HOST_NAME = "sandbox"
OWN_FOLDER = "/opt/sensorium"
"""Where the files of this folder are in a cage."""
PACKAGES_FOLDER = "/opt/packages"
_ETC = {
    "passwd": f"user:x:{INNER_ID}:{INNER_ID}:user:/work:/bin/sh\n",
    "group": f"user:x:{INNER_ID}:\n",
    "hosts": f"127.0.0.1 localhost {HOST_NAME}\n::1 localhost\n",
    "fonts/fonts.conf": "<fontconfig><dir>/usr/share/fonts</dir><cachedir>/tmp/fontconfig</cachedir></fontconfig>\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_DEVICES = ("null", "zero", "full", "random", "urandom")
# Root in a user namespace is still told much by these, and the first may be written to by a kernel's uid 0.
_PROC_FOLDERS = ("sys", "irq", "bus", "fs", "driver", "scsi", "acpi", "asound", "tty", "pressure")
# fmt: off
_PROC_FILES = (
    "kallsyms", "keys", "key-users", "slabinfo", "timer_list", "kcore", "modules", "sysrq-trigger", "iomem",
    "ioports", "vmallocinfo", "mtrr", "config.gz", "diskstats", "partitions", "cmdline", "locks", "swaps", "kmsg",
    "kpagecgroup", "kpagecount", "kpageflags", "sched_debug", "latency_stats", "interrupts", "softirqs",
    "pagetypeinfo", "zoneinfo", "buddyinfo", "mdstat", "consoles", "misc", "sys/kernel/random/boot_id",
)
# fmt: on
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/work",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "TMPDIR": "/tmp",
    "MPLBACKEND": "module://sensorium_figures",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def flags(
    *, limits: Limits, binds: Sequence[tuple[str, str]], etc: Mapping[str, int], environment: Mapping[str, str]
) -> list[str]:
    """Return every flag that makes the cage, without the descriptors that differ from start to start.

    Args:
        limits: For the size of the working folder.
        binds: Sources and where they are in the cage, read-only.
        etc: Names below `/etc` and the descriptors of their content.
        environment: More than the usual environment.
    """
    said = ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup"]
    said += ["--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    said += ["--uid", str(INNER_ID), "--gid", str(INNER_ID), "--hostname", HOST_NAME]
    said += _system()
    for name, descriptor in etc.items():
        said += ["--file", str(descriptor), f"/etc/{name}"]
    said += _devices(limits)
    said += ["--proc", "/proc", *_covers()]
    said += ["--size", str(limits.disk_bytes), "--tmpfs", "/work"]
    said += ["--dir", "/work/in", "--dir", "/work/out"]
    said += ["--size", str(limits.disk_bytes // 2), "--tmpfs", "/tmp"]
    for source, place in binds:
        said += ["--ro-bind", source, place]
    for name, value in {**ENVIRONMENT, **library_path(), **environment}.items():
        said += ["--setenv", name, value]
    return [*said, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/work"]


def etc_files() -> dict[str, bytes]:
    """Return the content of the made-up `/etc`."""
    return {name: text.encode() for name, text in _ETC.items()}


def library_path() -> dict[str, str]:
    """Return the variable that leads an interpreter of its own to its library, where it may have been found by one."""
    if _in_usr(sys.base_prefix) or not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return {}
    return {"LD_LIBRARY_PATH": f"{sys.base_exec_prefix}/lib"}


@functools.cache
def _system() -> list[str]:
    said = ["--ro-bind", "/usr", "/usr"]
    if Path("/nix/store").is_dir():  # there, programs find their libraries by whole paths
        said += ["--ro-bind", "/nix/store", "/nix/store"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        place = Path("/", name)
        if place.is_symlink():
            said += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            said += ["--ro-bind", str(place), str(place)]
    for name in ("ld.so.cache", "alternatives"):
        if Path("/etc", name).exists():
            said += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    return said


def _devices(limits: Limits) -> list[str]:
    # Not bwrap's own /dev: its pseudo terminals are taken from a number that the whole machine shares.
    said = ["--tmpfs", "/dev"]
    for name in _DEVICES:
        said += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    said += ["--symlink", "/proc/self/fd", "/dev/fd"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        said += ["--symlink", f"/proc/self/fd/{number}", f"/dev/{name}"]
    return [*said, "--size", str(limits.disk_bytes // 2), "--tmpfs", "/dev/shm"]


@functools.cache
def _covers() -> list[str]:
    said: list[str] = []
    for name in _PROC_FOLDERS:
        if Path("/proc", name).is_dir():
            said += ["--ro-bind", f"/proc/{name}", f"/proc/{name}"]
    for name in _PROC_FILES:
        if Path("/proc", name).exists():
            said += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    return said


@functools.cache
def interpreter() -> tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the interpreter, what must be bound for it and its packages, and where the packages are in a cage."""
    program = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    binds = [(one, one) for one in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix)) if not _in_usr(one)]
    if not _in_usr(program) and not any(Path(program).is_relative_to(one) for one, _ in binds):
        binds.append((program, program))
    paths: list[str] = []
    for entry in sys.path:
        if Path(entry).name not in {"site-packages", "dist-packages"} or not Path(entry).is_dir():
            continue
        if _in_usr(entry) or any(Path(entry).is_relative_to(one) for one, _ in binds):
            paths.append(entry)
        else:
            place = f"{PACKAGES_FOLDER}/{len(paths)}"
            binds.append((entry, place))
            paths.append(place)
    return program, tuple(binds), tuple(paths)


def _in_usr(path: str) -> bool:
    return Path(path).is_relative_to("/usr")
