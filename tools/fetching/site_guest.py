"""Gets the video of a site with yt-dlp, in a process of its own: no way out but the proxy, no programs, no settings."""

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

CHANNEL = "SENSORIUM_CHANNEL"
MOST_HOPS = 5
"""From an address to the video that it stands for."""
MOST_VIDEOS = 20
"""Of a list."""
_LIVE = "It is live, and has no end yet."
_WRITING = 0o1 | 0o2 | 0o100  # O_WRONLY, O_RDWR, O_CREAT
_NEVER = frozenset({
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty",
    "os.startfile", "pty.spawn", "webbrowser.open", "socket.bind", "socket.sendto", "socket.sendmsg",
    "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "ftplib.connect",
})  # fmt: skip
"""Audit events of Python: programs, and ways to the network beside a connection to the proxy."""


class _Refused(Exception):
    """Something that is said in our own words."""


def main() -> None:
    """Do what the host wants, and say what becomes of it: in a cage through its channel, else in lines of JSON."""
    talk = _Framed() if CHANNEL in os.environ else _Lines()
    wanted = talk.hear()
    _limit(wanted["max_bytes"], wanted["seconds"])
    try:
        if talk.is_caged:
            wanted |= _led_out(wanted)
        talk.say(videos=_download(wanted, talk))
    except _Refused as error:
        talk.say(error=str(error))
    except Exception as error:
        talk.say(error=_plain(error))
    talk.stay()


class _Lines:
    """Standard input and output, for a process of its own."""

    is_caged = False

    def hear(self) -> dict[str, Any]:
        """Return what is wanted."""
        wanted: dict[str, Any] = json.loads(sys.stdin.buffer.read())
        return wanted

    def say(self, **said: Any) -> None:
        """Tell the host something."""
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()

    def stay(self) -> None:
        """Stay until the host has the files; those of a process of its own are still there when it is gone."""


class _Framed(_Lines):
    """The channel of a cage."""

    is_caged = True

    def __init__(self) -> None:
        from channel import Channel  # type: ignore[import-not-found, unused-ignore]

        self._channel = Channel(socket.socket(fileno=int(os.environ[CHANNEL])))

    def hear(self) -> dict[str, Any]:
        wanted: dict[str, Any] = self._channel.receive().body
        return wanted

    def say(self, **said: Any) -> None:
        self._channel.send(said)

    def stay(self) -> None:
        """Stay until the host ends the cage: its folders go with the last process in it."""
        from channel import ChannelError  # type: ignore[import-not-found, unused-ignore]

        with suppress(ChannelError):
            self._channel.receive()


def _led_out(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the proxy as it is seen from a cage: a port of its own loopback, from where threads lead to the host."""
    listener = socket.create_server(("127.0.0.1", 0))

    def lead() -> None:
        while True:
            inner = listener.accept()[0]
            outer = socket.socket(socket.AF_UNIX)
            outer.connect(wanted["socket"])
            for source, target in ((inner, outer), (outer, inner)):
                threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()

    threading.Thread(target=lead, daemon=True).start()
    port = listener.getsockname()[1]
    return {"port": port, "proxy": f"{wanted['proxy'].rpartition(':')[0]}:{port}"}


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _limit(max_bytes: int, seconds: float) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, most in (
        ("RLIMIT_FSIZE", max_bytes + 2**20),
        ("RLIMIT_CPU", int(seconds) + 1),
        ("RLIMIT_NOFILE", 256),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_DATA", 2**30),
    ):
        limit = getattr(resource, name)
        hard = resource.getrlimit(limit)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))


def _confine(folder: Path, port: int, path: str = "") -> None:
    """Allow connections to the proxy and files in the folder only; it cannot be undone in this process."""
    allowed = [("127.0.0.1", port), *([path] if path else [])]
    root = str(folder.resolve())

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _NEVER and not (event == "socket.sendmsg" and args[1] is None):  # over a connection that there is
            raise PermissionError(f"{event} is not allowed here")
        if event == "socket.connect" and args[1] not in allowed:
            raise PermissionError("only the proxy may be dialled")
        if event == "socket.getaddrinfo" and args[0] not in ("127.0.0.1", b"127.0.0.1"):
            raise PermissionError("names are asked for by the proxy only")
        if event == "open" and isinstance(args[0], str | bytes) and isinstance(args[2], int) and args[2] & _WRITING:
            named = Path(args[0].decode() if isinstance(args[0], bytes) else args[0])
            if named.name != "null" and root not in map(str, named.absolute().parents):
                raise PermissionError("files are written in one folder only")

    sys.addaudithook(hook)


def _download(wanted: Mapping[str, Any], talk: _Lines) -> list[dict[str, Any]]:
    from yt_dlp import YoutubeDL
    from yt_dlp.globals import plugin_dirs

    plugin_dirs.value = []
    folder = Path(wanted["folder"])
    _confine(folder, wanted["port"], wanted.get("socket", ""))
    heard = _Silent()
    with YoutubeDL({**_parameters(wanted, folder, talk), "logger": heard}) as site:
        info = _resolved(site, wanted["url"])
        if info.get("_type") in ("playlist", "multi_video"):
            entries = list(islice(info.get("entries") or (), MOST_VIDEOS + 1))
            if len(entries) != 1 and not wanted["playlist"]:
                raise _Refused(
                    f"The address is a list of {'several' if entries else 'no'} videos. Give the address of one video, "
                    "or say that the whole list is wanted (`playlist`)."
                )
            info["entries"] = entries[:MOST_VIDEOS]
        ended = site.process_ie_result(info, download=True)
    made = list(_made(ended, folder))
    if not made and heard.left_out:
        raise _Refused(heard.left_out)
    return made


def _resolved(site: Any, url: str) -> Any:
    """Return what an address stands for, before anything is downloaded."""
    info = site.extract_info(url, download=False, process=False)
    for _ in range(MOST_HOPS):
        if not info or info.get("_type") not in ("url", "url_transparent"):
            break
        info = site.extract_info(info["url"], download=False, process=False, ie_key=info.get("ie_key"))
    if not info:
        raise _Refused("Nothing was found at the address.")
    return info


def _parameters(wanted: Mapping[str, Any], folder: Path, talk: _Lines) -> dict[str, Any]:
    height = int(wanted["max_height_pixels"])

    def is_endless(info: Mapping[str, Any], *, incomplete: bool = False) -> str | None:
        return _LIVE if info.get("is_live") else None

    def progress(state: Mapping[str, Any]) -> None:
        whole = state.get("total_bytes") or state.get("total_bytes_estimate")
        talk.say(done=state.get("downloaded_bytes") or 0, whole=whole)

    return {
        "proxy": wanted["proxy"],
        "noplaylist": not wanted["playlist"],
        # One file with picture and sound, so that no program is needed to join them.
        "format": f"b[height<=?{height}]/b/bv[height<=?{height}]/ba",
        "max_filesize": wanted["max_bytes"],
        "outtmpl": {"default": str(folder / "video-%(autonumber)s.%(ext)s")},
        "paths": {"home": str(folder), "temp": str(folder)},
        "match_filter": is_endless,
        "progress_hooks": [progress],
        "external_downloader": {"default": "native"},
        "hls_prefer_native": True,
        "fixup": "never",
        "ffmpeg_location": str(folder / "none"),
        "js_runtimes": {},
        "remote_components": [],
        "cachedir": False,
        "usenetrc": False,
        "enable_file_urls": False,
        "default_search": "error",
        "nopart": True,
        "updatetime": False,
        "noprogress": True,
        "quiet": True,
        "no_warnings": True,
        "color": "no_color",
        "socket_timeout": 20,
        "retries": 1,
        "fragment_retries": 1,
        "extractor_retries": 0,
        "skip_unavailable_fragments": False,
    }


class _Silent:
    """Takes what yt-dlp says: standard output is for our own lines."""

    def __init__(self) -> None:
        self.left_out = ""
        """Why it took no video that was there."""

    def debug(self, text: str) -> None:
        """Keep what tells why nothing comes."""
        if "larger than max-filesize" in text:
            self.left_out = "It is larger than the limit. Ask for fewer lines, or raise `max_bytes` under `[fetch]`."
        elif _LIVE in text:
            self.left_out = _LIVE

    info = warning = error = debug


def _made(info: Mapping[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
    for one in info.get("entries") or [info]:
        for made in (one or {}).get("requested_downloads") or ():
            file = Path(made.get("filepath") or "")
            if file.parent == folder and file.is_file() and not file.is_symlink():
                yield {
                    "file": file.name,
                    "title": _short(one.get("title")),
                    "author": _short(one.get("uploader") or one.get("channel")),
                    "published": _short(one.get("upload_date")),
                    "site": _short(one.get("extractor_key")),
                    "language": _short(one.get("language")),
                }


def _short(value: Any) -> str:
    return " ".join(str(value or "").split())[:300]


def _plain(error: Exception) -> str:
    said = " ".join(str(error).split()).removeprefix("ERROR: ")
    # yt-dlp asks its users to report what it does not know; that is for them, not for ours.
    return said.partition("; please report this issue")[0][:500] or type(error).__name__


if __name__ == "__main__":
    main()
