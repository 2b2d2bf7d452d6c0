"""Become an ordinary user for whom the interpreter is within reach, and start a program.

    reach.py HOST_MOUNT_NAMESPACE UID PATH… -- COMMAND…

The interpreter may lie in a folder that only root may enter. Nobody's folder is opened for that: in a mount namespace
of our own, such a folder is covered by an empty one that holds what is needed and nothing else.
"""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path


def closed_folder(path: Path) -> Path | None:
    """Return the topmost folder above a path that others may not enter."""
    folders = [*reversed(path.parents), path]
    return next((one for one in folders if one.is_dir() and not one.stat().st_mode & stat.S_IXOTH), None)


def open_up(needed: list[Path]) -> None:
    """Cover the closed folders; whoever calls has made sure that the mount namespace is a private one."""
    by_folder: dict[Path, list[Path]] = {}
    for path in needed:
        if folder := closed_folder(path):
            by_folder.setdefault(folder, []).append(path)
    for folder, paths in by_folder.items():
        stages = [(path, Path(tempfile.mkdtemp(prefix="sensorium-reach-"))) for path in paths]
        for path, stage in stages:
            subprocess.run(["mount", "--rbind", path, stage], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", folder], check=True)
        for path, stage in stages:
            path.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "--rbind", stage, path], check=True)
            subprocess.run(["umount", "-R", "-l", stage], check=True)
            stage.rmdir()


def main() -> None:
    """Do what the docstring of this file says."""
    host, uid, *rest = sys.argv[1:]
    split = rest.index("--")
    needed, command = [Path(one) for one in rest[:split]], rest[split + 1 :]
    if needed:
        assert str(Path("/proc/self/ns/mnt").readlink()) != host, "this is the host's mount namespace"
        open_up(needed)
    os.setgroups([])
    os.setgid(int(uid))
    os.setuid(int(uid))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
