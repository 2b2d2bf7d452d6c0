"""Videos of sites: yt-dlp in a process of its own, with our proxy as its only way out."""

import asyncio
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..base.errors import MediaError, ToolError, UnavailableError
from .proxy import FilteringProxy
from .site_guest import MOST_VIDEOS
from .spelling import Location

MOST_LINE_BYTES = 1 << 20
"""Of one line that the process says."""
LONGEST_LINE = 500
"""Characters of a title, or of what went wrong."""
MOST_LINES = 100_000
_AS_LONG = 2.0
"""A video comes in pieces and after several pages, so it has as many times longer than a file."""
_PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH")
_OVERHEAD = 1.25
"""Of what a video comes in, beside itself."""


@dataclass(frozen=True, kw_only=True)
class SiteVideo:
    """One video of a site, in a file."""

    path: Path
    title: str
    author: str
    published: str
    site: str
    language: str


async def site_videos(
    location: Location,
    proxy: FilteringProxy,
    folder: Path,
    *,
    playlist: bool,
    max_height_pixels: int,
    progress: Callable[[int, int | None], None],
    caged: bool,
) -> list[SiteVideo]:
    """Fetch the video, or the list of videos, of a site's page into a folder.

    Args:
        location: Of the page.
        proxy: The only way out; not listening yet.
        folder: Where the videos go.
        playlist: Take all of a list.
        max_height_pixels: Of the videos.
        progress: Told bytes so far, and those that are announced.
        caged: Whether a cage works here.

    Raises:
        UnavailableError: yt-dlp is not installed.
        DeniedError: The page leads to what may not be dialled.
        MediaError: There is no video, or it is beyond the limits.
    """
    if find_spec("yt_dlp") is None:
        raise UnavailableError(
            "Videos of sites need yt-dlp, which is not installed. `pip install 'sensorium[sites]'` adds it."
        )
    rules = proxy.dialler.rules
    seconds = rules.seconds * _AS_LONG
    wanted = {
        "url": location.url,
        "playlist": playlist,
        "max_height_pixels": max_height_pixels,
        "max_bytes": rules.max_bytes,
        "most_bytes": proxy.most_bytes,
        "seconds": seconds,
    }
    house = _in_cage if caged else _in_process
    try:
        async with asyncio.timeout(seconds):
            said = await house(wanted, proxy, folder, progress)
    except TimeoutError as error:
        raise MediaError(
            f"{location.url!r} was not fetched within {seconds:g} s. Ask for fewer lines (`max_height_pixels`), or "
            "raise `seconds` under `[fetch]` in the sensorium.toml of your home folder."
        ) from error
    if proxy.is_full:
        raise MediaError(
            f"{location.url!r} sends more than {proxy.most_bytes:,} bytes. Ask for fewer lines (`max_height_pixels`), "
            "or raise `max_bytes` under `[fetch]` in the sensorium.toml of your home folder."
        )
    made = said.get("videos")
    videos = (
        [_video(one, folder) for one in made[:MOST_VIDEOS] if isinstance(one, dict)] if isinstance(made, list) else []
    )
    if videos:
        return videos
    if proxy.refused:
        raise proxy.refused[0]
    why = repr(told) if (told := _line(said, "error")) else "none was found"  # in quotes: a stranger's page chose words
    raise MediaError(
        f"No video could be fetched from {location.url!r}: {why}. Check the "
        "address in a browser, or download the video yourself and give the file."
    )


async def _in_cage(
    wanted: Mapping[str, Any], proxy: FilteringProxy, folder: Path, progress: Callable[[int, int | None], None]
) -> dict[str, Any]:
    """Run the guest where there is no network at all, and return its last word."""
    from .site_cage import run_caged

    stopped = threading.Event()
    # Not in the home folder: the path of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sensorium-") as near:
        os.chmod(near, 0o711)  # noqa: PTH101 - a call that does not wait
        async with proxy.listening(Path(near) / "proxy") as listening:
            told = {**wanted, "proxy": listening.url}
            work = asyncio.ensure_future(
                asyncio.to_thread(run_caged, told, Path(near) / "proxy", folder, progress=progress, stopped=stopped)
            )
            try:
                return await asyncio.shield(work)
            finally:
                stopped.set()
                await asyncio.gather(work, return_exceptions=True)


async def _in_process(
    wanted: Mapping[str, Any], proxy: FilteringProxy, folder: Path, progress: Callable[[int, int | None], None]
) -> dict[str, Any]:
    """Run the guest in a process with limits of its own making, and return its last word."""
    async with proxy.listening():
        return await _run({**wanted, "proxy": proxy.url, "port": proxy.port, "folder": str(folder)}, folder, progress)


async def _run(wanted: Mapping[str, Any], folder: Path, progress: Callable[[int, int | None], None]) -> dict[str, Any]:
    """Run the guest and return its last word; it never outlives this call."""
    guest = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(Path(__file__).with_name("site_guest.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        env=_environment(folder),
        limit=MOST_LINE_BYTES,
    )
    assert guest.stdin and guest.stdout
    said: dict[str, Any] = {}
    try:
        guest.stdin.write(json.dumps(wanted).encode())
        guest.stdin.close()
        for _ in range(MOST_LINES):
            if not (line := await guest.stdout.readline()):
                break
            said = json.loads(line)
            if "done" in said:
                progress(int(said["done"]), int(said["whole"]) if said.get("whole") else None)
            else:
                break
    except (ValueError, TypeError, AttributeError) as error:
        raise ToolError("yt-dlp answered what cannot be read. Try again, or download the video yourself.") from error
    finally:
        if guest.returncode is None:
            guest.kill()
        await guest.wait()
    return said


def _environment(folder: Path) -> dict[str, str]:
    """Return all that the guest knows of the user's environment: nothing of proxies, keys, settings and programs."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    own = {name: str(folder) for name in ("HOME", "TMPDIR", "TEMP", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "APPDATA")}
    return {**kept, **own, "PATH": "", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "YTDLP_NO_PLUGINS": "1"}


def _video(said: Mapping[str, Any], folder: Path) -> SiteVideo:
    """Return a video that the guest says it made, when it lies where it must."""
    path = folder / Path(str(said.get("file"))).name
    if path.is_symlink() or not path.is_file():
        raise ToolError("yt-dlp made no file where it says. Try again, or download the video yourself.")
    date = str(said.get("published", ""))
    return SiteVideo(
        path=path,
        title=_line(said, "title"),
        author=_line(said, "author"),
        published=f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 and date.isdecimal() else "",
        site=_line(said, "site"),
        language=_line(said, "language"),
    )


def _line(said: Mapping[str, Any], name: str) -> str:
    """Return words of the guest on one line: what ran there had read a stranger's page."""
    line = "".join(one if one.isprintable() else " " for one in str(said.get(name) or "")[:LONGEST_LINE])
    return " ".join(line.split())


def most_bytes(max_bytes: int, *, playlist: bool) -> int:
    """Return how much may come in for one call: pages and pieces come on top of the videos."""
    return int(max_bytes * _OVERHEAD * (MOST_VIDEOS if playlist else 1)) + 64 * 2**20
