"""Videos of sites: yt-dlp reaches them through the proxy, and nothing else."""

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import DeniedError, MediaError, UnavailableError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.fetch_url import _UNCAGED, FetchedUrl
from sensorium.tools.sandbox.isolation import Isolation, try_bubblewrap

pytest.importorskip("yt_dlp", reason="yt-dlp is not installed")


@pytest.fixture
def online(web: Any, tmp_path: Path) -> Iterator[Run]:
    """A run whose internet is that of the test."""
    opened = Run.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.library.close()


@pytest.fixture(params=("cage", "process"))
def house(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where yt-dlp runs: in a cage, or where none works."""
    if request.param == "process":
        nothing = Isolation(name="none", works=False, why="as the test wishes", mend="")
        monkeypatch.setattr("sensorium.tools.sandbox.isolation.find_isolation", lambda settings: nothing)
    elif not (found := try_bubblewrap()).works and not os.environ.get("CI"):
        pytest.skip(f"no sandbox: {found.why}")
    return str(request.param)


@pytest.fixture(scope="session")
def clip(making: Any, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a second of video."""
    path: Path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    making.video(path, lambda at: making.slide("Puppies"), seconds=1.0)
    return path.read_bytes()


def site(pages: dict[str, tuple[str, bytes]]) -> Any:
    """Return a server's handler with pages and videos at paths."""

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        method, path = head.decode().split(" ")[:2]
        kind, body = pages.get(path, ("", b""))
        status = "200 OK" if kind else "404 Not Found"
        moved = f"Location: {body.decode()}\r\n" if kind == "moved" else ""
        status = "302 Found" if moved else status
        writer.write(f"HTTP/1.1 {status}\r\n{moved}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n".encode())
        writer.write(b"Connection: close\r\n\r\n" + (b"" if method == "HEAD" else body))

    return handler


async def video(url: str, run: Run, web: Any, **rest: Any) -> FetchedUrl:
    reaching = replace(run, settings=replace(run.settings, fetch=web.rules))
    result: FetchedUrl = await call("fetch_url", {"url": url, "what": "video", **rest}, reaching)
    return result


async def test_the_video_of_a_page_is_fetched_through_the_proxy(house: str, online: Run, web: Any, clip: bytes) -> None:
    page = b"<html><head><title>Puppies</title></head><body><video src='/v/clip.mp4'></video></body></html>"
    async with web.serving(
        site({"/page": ("text/html", page), "/v/clip.mp4": ("video/mp4", clip)}), host="127.0.0.2"
    ) as port:
        got = await video(f"http://good.example:{port}/page", online, web)
    assert (got.kind, got.media_type, got.bytes) == ("video", "video/mp4", len(clip))
    assert got.title.startswith("Puppies") and got.file.name.startswith("Puppies")
    assert online.path(got.file.handle).read_bytes() == clip
    assert set(web.asked) == {"good.example"}
    assert {one.host for one in online.egress.rows()} == {f"good.example:{port}"}
    assert all(b"Proxy-" not in head for head in web.heads)
    assert got.limits == ([] if house == "cage" else [_UNCAGED])


@pytest.mark.parametrize(
    "target", ("http://127.0.0.1:{port}/v.mp4", "http://inside.example/v.mp4", "http://[::1]/v.mp4")
)
@pytest.mark.parametrize("how", ("page", "moved", "playlist"))
@pytest.mark.usefixtures("house")
async def test_nothing_that_is_not_public_is_reached(how: str, target: str, online: Run, web: Any) -> None:
    web.names["inside.example"] = ["10.0.0.1"]
    reached: list[bytes] = []

    async def inside(head: bytes, writer: asyncio.StreamWriter) -> None:
        reached.append(head)

    async with web.serving(inside, host="127.0.0.1") as forbidden:
        to = target.format(port=forbidden)
        pages = {
            "page": ("text/html", f"<html><body><video src='{to}'></video></body></html>".encode()),
            "moved": ("moved", to.encode()),
            "playlist": ("application/vnd.apple.mpegurl", f"#EXTM3U\n#EXTINF:1,\n{to}\n#EXT-X-ENDLIST\n".encode()),
        }
        async with web.serving(site({"/a": pages[how]}), host="127.0.0.2") as port:
            with pytest.raises((DeniedError, MediaError)):
                await video(f"http://good.example:{port}/a", online, web)
    assert reached == []


async def test_a_list_is_refused_unless_it_is_asked_for(online: Run, web: Any, clip: bytes) -> None:
    page = "".join(f"<video src='/v/{n}.mp4'></video>" for n in range(2))
    pages = {f"/v/{n}.mp4": ("video/mp4", clip + bytes([n])) for n in range(2)}
    pages["/list"] = ("text/html", f"<html><head><title>L</title></head><body>{page}</body></html>".encode())
    async with web.serving(site(pages), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match=r"list of several videos.*`playlist`"):
            await video(f"http://good.example:{port}/list", online, web)
        got = await video(f"http://good.example:{port}/list", online, web, playlist=True)
    assert len({one.handle for one in got.files}) == 2 and got.file == got.files[0]


async def test_a_page_without_a_video_says_so(online: Run, web: Any) -> None:
    async with web.serving(site({"/a": ("text/html", b"<html><p>words</p></html>")}), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="No video could be fetched from"):
            await video(f"http://good.example:{port}/a", online, web)


async def test_what_is_no_video_is_left_out(online: Run, web: Any) -> None:
    async with web.serving(site({"/v.mp4": ("video/mp4", b"words" * 100)}), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="came as text/plain, which is no video"):
            await video(f"http://good.example:{port}/v.mp4", online, web)


async def test_a_video_that_is_too_large_is_not_kept(online: Run, web: Any, clip: bytes) -> None:
    web.rules = replace(web.rules, max_bytes=len(clip) - 1)
    async with web.serving(site({"/v.mp4": ("video/mp4", clip)}), host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="It is larger than the limit"):
            await video(f"http://good.example:{port}/v.mp4", online, web)


@pytest.mark.usefixtures("house")
async def test_a_site_that_never_ends_meets_the_deadline(online: Run, web: Any) -> None:
    web.rules = replace(web.rules, seconds=1.5)

    async def drip(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 900000\r\n\r\n")
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.1)

    async with web.serving(drip, host="127.0.0.2") as port:
        with pytest.raises(MediaError, match="was not fetched within 3 s"):
            await video(f"http://good.example:{port}/v.mp4", online, web)


@pytest.mark.usefixtures("house")
async def test_settings_plugins_and_keys_of_the_user_are_not_seen(
    online: Run, web: Any, clip: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = tmp_path / "config" / "yt-dlp" / "plugins" / "bad" / "yt_dlp_plugins" / "extractor"
    plugins.mkdir(parents=True)
    (plugins / "bad.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (tmp_path / "config" / "yt-dlp" / "config").write_text(f"--exec 'touch {tmp_path}/ran'\n--write-info-json\n")
    for name in ("XDG_CONFIG_HOME", "HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "config"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with web.serving(site({"/v.mp4": ("video/mp4", clip)}), host="127.0.0.2") as port:
        assert (await video(f"http://good.example:{port}/v.mp4", online, web)).bytes == len(clip)
    assert not (tmp_path / "ran").exists()


async def test_without_yt_dlp_it_says_what_adds_it(online: Run, web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensorium.tools.fetching.sites.find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r"pip install 'sensorium\[sites\]'"):
        await video("http://good.example/a", online, web)


@pytest.mark.parametrize(
    "code",
    (
        "import socket; socket.create_connection(('127.0.0.1', {other}), 2)",
        "import socket; socket.socket().connect(('127.0.0.2', {port}))",
        "import socket; socket.socket(socket.AF_UNIX).connect('/tmp/x')",
        "import socket; socket.getaddrinfo('example.org', 80)",
        "import socket; socket.gethostbyname('example.org')",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'a', ('127.0.0.1', 53))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{other}/')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork() or os._exit(0)",
        "import os; os.posix_spawn('/bin/true', ['true'], {{}})",
        "open('/tmp/sensorium-must-not-exist', 'w')",
        "import os; os.open('/tmp/sensorium-must-not-exist', os.O_CREAT | os.O_WRONLY)",
    ),
)
async def test_the_process_of_yt_dlp_has_no_way_out_but_the_proxy(code: str, tmp_path: Path) -> None:
    guest = Path(__file__).parents[3] / "tools" / "fetching" / "site_guest.py"
    program = (
        f"import runpy; m = runpy.run_path({str(guest)!r}); from pathlib import Path\n"
        f"m['_confine'](Path({str(tmp_path)!r}), 1)\n"
        f"try:\n    {code.format(other=9, port=1)}\n"
        "except PermissionError as error:\n    print('refused', error)\n"
        "except Exception as error:\n    print('refused' if 'only' in str(error) else error)\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert said.startswith(b"refused"), said
    assert not os.path.exists("/tmp/sensorium-must-not-exist")  # noqa: ASYNC240, PTH110
