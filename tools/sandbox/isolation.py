"""Find what can confine code here, by running it with the very flags that will be used."""

import functools
import os
import platform
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..base.settings import Settings

Name = Literal["bubblewrap", "podman", "docker", "seatbelt", "monty", "none"]
Engine = Literal["podman", "docker"]
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_CLONE = Path("/proc/sys/kernel/unprivileged_userns_clone")
_MOST = Path("/proc/sys/user/max_user_namespaces")
_SAID_CHARS = 300


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """What confines code here."""

    name: Name
    works: bool
    why: str
    """What was found, in words."""
    mend: str = ""
    """What makes it work, or better: a command where there is one."""


def find_isolation(settings: "Settings") -> Isolation:
    """Return what confines code with these settings; it was tried by running it, once in this process."""
    return _find(settings.sandbox.kind, settings.sandbox.image)


@functools.cache
def _find(kind: str, image: str) -> Isolation:
    if kind == "none":
        why = '`[sandbox]` of sensorium.toml says `kind = "none"`'
        return Isolation(name="none", works=False, why=why, mend='Set it to "auto", or remove it.')
    if kind == "seatbelt":
        return _try_seatbelt()
    if kind == "monty":
        return _try_monty()
    engine: Engine
    for engine in ("podman", "docker"):
        if kind == engine:
            return _try_engine(engine, image)
    found = try_bubblewrap()
    if found.works or kind == "bubblewrap":
        return found
    tried = [found.why]
    for other in (_try_engine("podman", image), _try_engine("docker", image), _try_monty()):
        if other.works:
            return replace(other, why=f"{other.why}, for bubblewrap does not work: {found.why}", mend=found.mend)
        tried.append(other.why)
    return Isolation(name="none", works=False, why="; ".join(tried), mend=found.mend)


def _try_engine(engine: Engine, image: str) -> Isolation:
    from .containers import mend, try_engine

    if shutil.which(engine) is None:
        return Isolation(name=engine, works=False, why=f"{engine} is not installed", mend=f"Install {engine}.")
    works, why = try_engine(engine, image)
    return Isolation(name=engine, works=works, why=why, mend="" if works else mend(engine, image))


def _try_monty() -> Isolation:
    from .monty import MEND, is_installed

    if not is_installed():
        return Isolation(name="monty", works=False, why="the calculator is not installed", mend=MEND)
    why = "a calculator (pydantic-monty): no files, no packages"
    return Isolation(name="monty", works=True, why=why)


def _try_seatbelt() -> Isolation:
    from .seatbelt import try_seatbelt

    works, why = try_seatbelt()
    mend = "" if works else 'Set `kind = "auto"` in `[sandbox]`.'
    return Isolation(name="seatbelt", works=works, why=why, mend=mend)


@functools.cache
def try_bubblewrap() -> Isolation:
    """Run a call in a cage, as code will be run, and say how it went."""
    if sys.platform != "linux":
        return Isolation(name="bubblewrap", works=False, why=f"bubblewrap is for Linux, and this is {sys.platform}")
    if platform.machine() not in ("x86_64", "aarch64"):
        why = f"there is no system call filter for {platform.machine()}"
        return Isolation(name="bubblewrap", works=False, why=why, mend="Use an x86-64 or aarch64 machine.")
    if shutil.which("bwrap") is None:
        return Isolation(
            name="bubblewrap",
            works=False,
            why="`bwrap` is not installed",
            mend="`apt install bubblewrap` (dnf, pacman, zypper and apk call it the same)",
        )
    from .cage import CageError
    from .session import CodeSession

    session = CodeSession()
    try:
        outcome = session.execute("6 * 7", timeout_seconds=20)
    except (CageError, OSError) as error:
        said = str(error)[:_SAID_CHARS]
        return Isolation(name="bubblewrap", works=False, why=said, mend=_mend(said))
    finally:
        session.close()
    if outcome.value != "42":
        return Isolation(name="bubblewrap", works=False, why=f"a first call ended wrongly: {outcome.why}")
    return Isolation(name="bubblewrap", works=True, why=f"bubblewrap, as {_as_whom()}")


def _as_whom() -> str:
    return "nobody (we are root)" if os.geteuid() == 0 else "this user"


def _mend(said: str) -> str:
    """Return what most likely helps: user namespaces are closed in one of a few ways."""
    if "Unknown option" in said or "unknown option" in said:
        return "Install bubblewrap 0.8 or newer; this one does not know all our flags."
    if "only root may enter" in said or "only be read by its owner" in said:
        return "Start Sensorium as an ordinary user, or install Python and Sensorium where every user may read."
    if _reads(_APPARMOR) == "1":
        return (
            "AppArmor closes user namespaces (Ubuntu 23.10 and newer). Allow them to bubblewrap alone: "
            "`printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) "
            "{\\n  userns,\\n}\\n' | sudo tee /etc/apparmor.d/bwrap && sudo systemctl reload apparmor`"
        )
    if _reads(_CLONE) == "0":
        return "`sudo sysctl -w kernel.unprivileged_userns_clone=1` opens user namespaces."
    if _reads(_MOST) == "0":
        return "`sudo sysctl -w user.max_user_namespaces=15000` opens user namespaces."
    if _in_a_container():
        return (
            "This is a container that closes user namespaces or /proc. Run Sensorium beside it, or start it with "
            "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
            "--security-opt systempaths=unconfined`."
        )
    return "`bwrap --unshare-all --ro-bind / / true` shows what the system refuses; see `man bwrap`."


def _reads(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _in_a_container() -> bool:
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return True
    return any(one in _reads(Path("/proc/1/cgroup")) for one in ("docker", "kubepods", "lxc", "containerd"))
