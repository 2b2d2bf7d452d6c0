"""Find what can confine code here, by running it with the very flags that will be used."""

import functools
import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..base.errors import SettingsError
from .limits import Limits

if TYPE_CHECKING:
    from ..base.settings import Settings

Name = Literal["bubblewrap", "podman", "docker", "seatbelt", "monty", "none"]
KINDS = ("auto", "bubblewrap", "podman", "docker", "seatbelt", "monty", "none")
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
    """Return what confines code with these settings; it was tried by running it, once in this process.

    Raises:
        SettingsError: `[sandbox]` says something that is not understood.
    """
    return _find(sandbox_kind(settings), str(settings.home))


def sandbox_table(settings: "Settings") -> Mapping[str, Any]:
    """Return `[sandbox]` of the home's sensorium.toml; that of another folder is not believed."""
    try:
        table = tomllib.loads((settings.home / "sensorium.toml").read_text(encoding="utf-8")).get("sandbox", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    if not isinstance(table, dict):
        raise SettingsError("`sandbox` in sensorium.toml must be a table: `[sandbox]`.")
    return table


def sandbox_kind(settings: "Settings") -> str:
    """Return which isolation the settings ask for."""
    kind = sandbox_table(settings).get("kind", "auto")
    if kind not in KINDS:
        raise SettingsError(f"`kind` of `[sandbox]` is {kind!r}. It can be: {', '.join(KINDS)}.")
    return str(kind)


def sandbox_limits(settings: "Settings") -> Limits:
    """Return the usual limits with the changes of `[sandbox]`."""
    table = sandbox_table(settings)
    known = Limits.__dataclass_fields__
    changes = {name: value for name, value in table.items() if name in known}
    try:
        return Limits().with_changes(changes)
    except ValueError as error:
        raise SettingsError(f"`[sandbox]` in sensorium.toml: {error}") from error


@functools.cache
def _find(kind: str, home: str) -> Isolation:
    del home  # part of what is remembered: another home has other settings
    if kind in ("auto", "bubblewrap"):
        found = try_bubblewrap()
        if found.works or kind == "bubblewrap":
            return found
        if kind == "auto" and (other := _fallback()):
            return Isolation(name=other.name, works=True, why=f"{other.why}; bubblewrap: {found.why}", mend=found.mend)
        return Isolation(name="none", works=False, why=found.why, mend=found.mend)
    if kind == "none":
        return Isolation(
            name="none",
            works=False,
            why='`[sandbox]` of sensorium.toml says `kind = "none"`',
            mend='Set it to "auto", or remove it.',
        )
    return _named(kind)


def _fallback() -> Isolation | None:
    return None


def _named(kind: str) -> Isolation:
    return Isolation(name="none", works=False, why=f"{kind} is not known here", mend='Set `kind = "auto"`.')


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
            "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`."
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
