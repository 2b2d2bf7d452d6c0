"""Models from the Hugging Face hub: found in its cache, downloaded when it can be reached."""

import socket
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import UnavailableError
from .outward import SWITCH
from .settings import Settings

if TYPE_CHECKING:
    from .run import Run

PROBE_SECONDS = 2.0
"""How long the hub may take to answer before it counts as unreachable."""
REMEMBER_SECONDS = 600.0
"""How long that is believed, so that a machine without a network is not asked on every call."""
STALL_SECONDS = 60.0
"""A download that does not grow for this long is given up."""


class Hub:
    """The hub as these settings see it."""

    def __init__(self, settings: Settings) -> None:
        self._offline = settings.offline
        self._local_only = settings.local_only
        self._note = settings.home / "hub-unreachable"

    def cached(self, repository: str, files: Sequence[str]) -> Path | None:
        """Return the folder of a model in the hub's cache, if all these files are there; cheap."""
        folder = _storage(repository)
        try:
            revision = (folder / "refs" / "main").read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        snapshot = folder / "snapshots" / revision
        return snapshot if revision and all((snapshot / file).is_file() for file in files) else None

    def unreachable(self) -> str | None:
        """Return why nothing can be downloaded now, as far as known without asking."""
        if self._local_only:
            return f"{SWITCH} lets nothing leave this machine"
        if self._offline:
            return "downloads are switched off (`SENSORIUM_OFFLINE`)"
        try:
            minutes = (time.time() - self._note.stat().st_mtime) / 60
        except OSError:
            return None
        if not 0 <= minutes < REMEMBER_SECONDS / 60:
            return None
        return f"the hub could not be reached {minutes:.0f} min ago"

    def download(self, repository: str, files: Sequence[str], run: "Run", *, unwanted: Sequence[str] = ()) -> None:
        """Download these files of a model into the cache; names are patterns, and `unwanted` ones are left out.

        Raises:
            UnavailableError: Downloads are switched off, the hub cannot be reached, or it does not give the files.
        """
        if reason := self.unreachable():
            raise UnavailableError(f"{repository!r} is not on this machine, and {reason}.")
        run.progress(None, "looking for the model hub")
        number = run.egress.begin(role="download", host=_host(), to=repository)
        problem = _probe()
        run.egress.end(number, was_sent=problem is None)
        if problem:
            self._note.touch()
            raise UnavailableError(f"{repository!r} is not on this machine, and {problem}.")
        failure: list[Exception] = []
        # A daemon: it cannot be stopped, but it does not keep a cancelled program alive either.
        worker = threading.Thread(target=_fetch, args=(repository, files, unwanted, failure), daemon=True)
        worker.start()
        size, grown = 0, time.monotonic()
        while worker.is_alive():
            worker.join(0.2)
            now = _bytes(_storage(repository))
            if now > size:
                size, grown = now, time.monotonic()
            run.progress(None, f"downloading {repository}: {size / 1e6:.0f} MB")
            if time.monotonic() - grown > STALL_SECONDS:
                self._note.touch()
                raise UnavailableError(
                    f"The download of {repository!r} stopped at {size / 1e6:.0f} MB. Try again later."
                )
        if failure:
            self._note.touch()
            raise UnavailableError(f"{repository!r} cannot be downloaded: {failure[0]}") from failure[0]


def _fetch(repository: str, files: Sequence[str], unwanted: Sequence[str], failure: list[Exception]) -> None:
    try:
        from huggingface_hub import snapshot_download, utils

        utils.disable_progress_bars()  # type: ignore[attr-defined]  # exported without saying so
        snapshot_download(repository, allow_patterns=list(files), ignore_patterns=list(unwanted))
    except Exception as error:  # whatever it fails with: the next provider serves, and the reason is told
        failure.append(error)


def _host() -> str:
    from huggingface_hub import constants

    return urlsplit(constants.ENDPOINT).netloc.rpartition("@")[2]


def _probe() -> str | None:
    """Return why the hub, or the proxy on the way to it, does not answer; None when it does."""
    from huggingface_hub import constants

    hub = urlsplit(constants.ENDPOINT)
    proxies = {} if urllib.request.proxy_bypass(hub.hostname or "") else urllib.request.getproxies()
    proxy = proxies.get(hub.scheme) or proxies.get("all")
    nearest = urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else hub
    host = nearest.hostname or ""
    port = nearest.port or (443 if nearest.scheme == "https" else 80)
    answered = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=PROBE_SECONDS).close()
            answered.set()
        except OSError:
            pass

    # In a thread, because resolving a name has no time limit of its own.
    asking = threading.Thread(target=connect, daemon=True)
    asking.start()
    asking.join(PROBE_SECONDS)
    return None if answered.is_set() else f"{host} does not answer"


def _storage(repository: str) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"


def _bytes(folder: Path) -> int:
    total = 0
    for file in folder.glob("blobs/*"):
        with suppress(OSError):  # a finished file changes its name
            total += file.stat().st_size
    return total
