"""Which decoder processes there are: started when first needed, in the sandbox where it works, ended when idle."""

import atexit
import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .decoder_processes import GUEST, MEMORY_BYTES, ROOT, Makers, Nursery, Process, Spawner
from .errors import ToolError

if TYPE_CHECKING:
    from ..sandbox.limits import Limits
    from .settings import Settings

IDLE_SECONDS = 300.0
"""A process without work is ended after this."""
DESCRIPTORS = 512
"""Of one call."""
PROCESSES = 2048
"""Most threads of all children together; a child can start no processes."""
_PARTS = ("__init__.py", "prompts", "tools")
_PLACE = "/opt/package/sensorium"
"""Where these parts of the package are in a cage."""
_FORKS = sys.platform == "linux"


@dataclass
class _Here:
    """What this process has started."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    nurseries: dict[bool, Nursery] = field(default_factory=dict)
    """Confined or not."""
    spawner: Spawner | None = None
    cage_fails: str = ""
    """Why no sandbox could be started."""


_here = _Here()


def nursery(settings: "Settings") -> Makers:
    """Return what makes children, confined as well as it works here.

    Raises:
        ToolError: No process can be started.
    """
    if not _FORKS:
        with _here.lock:
            _here.spawner = _here.spawner or Spawner()
        return _here.spawner
    confined = is_confined(settings)
    with _here.lock:
        house = _here.nurseries.get(confined)
        if house is None or not house.house.alive:
            if house is not None:
                house.kill()
            house = _started(confined)
            _here.nurseries[house.confined] = house
            if len(_here.nurseries) == 1:
                _end_later()
        house.used = time.monotonic()
    return house


def is_confined(settings: "Settings") -> bool:
    """Return whether media is opened in a sandbox here, as far as is known: it is tried by opening one."""
    return _FORKS and settings.sandbox.kind != "none" and not _here.cage_fails


def why_unconfined(settings: "Settings") -> str:
    """Try how media is opened here, and return why that is not in a sandbox; nothing when it is.

    Raises:
        ToolError: No process can be started at all.
    """
    if nursery(settings).confined:
        return ""
    if settings.sandbox.kind == "none":
        return '`[sandbox]` of sensorium.toml says `kind = "none"`'
    return _here.cage_fails or f"the sandbox for it is for Linux, and this is {sys.platform}"


def end_all() -> None:
    """End all decoder processes that wait for work."""
    for house in list(_here.nurseries.values()):
        with suppress(Exception):
            house.kill()
    _here.nurseries.clear()
    if _here.spawner is not None:
        _here.spawner.end()
        _here.spawner = None


def _started(confined: bool) -> Nursery:
    from ..sandbox.cage import Cage, CageError

    if confined:
        binds = [(ROOT / name, f"{_PLACE}/{name}") for name in _PARTS]
        try:
            cage = Cage.start(GUEST, limits=_limits(), binds=binds, environment={"SENSORIUM_PACKAGE": _PLACE})
            return Nursery(cage, confined=True)
        except CageError as error:
            _here.cage_fails = str(error)
    try:
        return Nursery(Process.start(), confined=False)
    except OSError as error:
        raise ToolError(
            f"The process that opens media could not be started: {error}. `sensorium doctor` says more."
        ) from error


def _limits() -> "Limits":
    """Return the limits of the cage, under which each child has its own."""
    from ..sandbox.limits import Limits

    return Limits(
        memory_bytes=4 * MEMORY_BYTES,
        total_memory_bytes=max(MEMORY_BYTES, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2),
        processes=PROCESSES,
        descriptors=2 * DESCRIPTORS,
        disk_bytes=1 << 20,
    )


def _end_idle() -> None:
    """End what has had no work for long, or come again later."""
    with _here.lock:
        for confined, house in list(_here.nurseries.items()):
            if all(one.kept for one in house.children) and time.monotonic() - house.used > IDLE_SECONDS:
                del _here.nurseries[confined]
                house.kill()
        if _here.nurseries:
            _end_later()


def _end_later() -> None:
    timer = threading.Timer(IDLE_SECONDS / 5, _end_idle)
    timer.daemon = True
    timer.start()


def _forget() -> None:
    """Start anew in a process that was forked: the decoders are its parent's."""
    _here.lock, _here.nurseries, _here.spawner = threading.Lock(), {}, None


atexit.register(end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
