"""Runs yt-dlp in a cage that has no network: its loopback leads to our proxy, through a socket at a path."""

import os
import select
import stat
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..base.errors import Cancelled, MediaError, ToolError

GUEST = Path(__file__).with_name("site_guest.py")
PLACE = "/run/proxy.sock"
"""Of the proxy's socket in the cage."""
OUT = "/work/out"
_SPARE_BYTES = 64 * 2**20
"""In the working folder, beside the videos."""
_MEMORY_BYTES = 2 * 2**30
_LOOK_SECONDS = 0.2
_FRAME_SECONDS = 30.0
_COPY_BYTES = 2**20


def run_caged(
    wanted: Mapping[str, Any],
    path: Path,
    folder: Path,
    *,
    progress: Callable[[int, int | None], None],
    stopped: threading.Event,
) -> dict[str, Any]:
    """Run the guest in a cage and return its last word, with the videos in a folder; blocking.

    Args:
        wanted: What it is told.
        path: Of the socket that the proxy listens on.
        folder: Where the videos go.
        progress: Told bytes so far, and those that are announced.
        stopped: Set to have it ended.

    Raises:
        MediaError: The cage was ended because it took too much.
        ToolError: What came out of it cannot be read.
    """
    from ..sandbox.cage import Cage
    from ..sandbox.channel import ChannelError
    from ..sandbox.limits import Limits

    room = wanted["most_bytes"] + _SPARE_BYTES
    limits = Limits(
        cpu_seconds=wanted["seconds"],
        memory_bytes=_MEMORY_BYTES,
        total_memory_bytes=_MEMORY_BYTES + room,
        file_bytes=wanted["max_bytes"] + _SPARE_BYTES,
        disk_bytes=room,
    )
    environment = {"YTDLP_NO_PLUGINS": "1", "HOME": OUT, "TMPDIR": OUT}
    cage = Cage.start(GUEST, limits=limits, binds=[(path, PLACE)], environment=environment)
    try:
        cage.begin()
        cage.channel.send({**wanted, "socket": PLACE, "folder": OUT})
        said = _last_word(cage, progress, stopped)
        names = [str(one.get("file")) for one in said.get("videos") or () if isinstance(one, dict)]
        for name in names:
            _take_out(cage.root_descriptor, name, folder, wanted["max_bytes"])
        return said
    except ChannelError as error:
        cage.kill()
        why = cage.why_ended() or str(error)
        raise MediaError(f"yt-dlp was ended before it had the video: {why}. Download it yourself instead.") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ToolError("What yt-dlp made cannot be read. Try again, or download the video yourself.") from error
    finally:
        cage.kill()


def _last_word(cage: Any, progress: Callable[[int, int | None], None], stopped: threading.Event) -> dict[str, Any]:
    while True:
        ends = time.monotonic() + _LOOK_SECONDS
        while not select.select([cage.channel.fileno()], [], [], max(0.0, ends - time.monotonic()))[0]:
            if stopped.is_set():
                raise Cancelled("The fetch was stopped.")
            ends = time.monotonic() + _LOOK_SECONDS
        said: dict[str, Any] = cage.channel.receive(_FRAME_SECONDS).body
        if "done" not in said:
            return said
        progress(int(said["done"]), int(said["whole"]) if said.get("whole") else None)


def _take_out(root: int, name: str, folder: Path, most_bytes: int) -> None:
    """Copy a file that was made in the cage, without following anything that was made there."""
    if Path(name).name != name:
        raise ValueError("it is no name of a file")
    how = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    work = os.open("work", how | os.O_DIRECTORY, dir_fd=root)
    try:
        out = os.open("out", how | os.O_DIRECTORY, dir_fd=work)
    finally:
        os.close(work)
    try:
        device = os.fstat(out).st_dev
        opened = os.open(name, how, dir_fd=out)
    finally:
        os.close(out)
    with open(opened, "rb") as source:  # noqa: PTH123 - it is a descriptor
        state = os.fstat(opened)
        if not stat.S_ISREG(state.st_mode) or state.st_dev != device or state.st_size > most_bytes:
            raise ValueError("it is no file, or too large")
        left = state.st_size
        with (folder / name).open("xb") as target:
            while left and (data := source.read(min(left, _COPY_BYTES))):
                target.write(data)
                left -= len(data)
