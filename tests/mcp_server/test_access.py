"""Which files a client may name."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.access import _plain_path as plain_path
from sensorium.tools.base.errors import ArgumentError, MediaError, ToolError

SECRET = "the secret of another folder"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An allowed folder beside one that is not."""
    allowed = tmp_path / "films"
    (allowed / "holiday").mkdir(parents=True)
    (allowed / "talk.mp4").write_text("a talk")
    (allowed / "50%25 off.mp4").write_text("a sale")
    (allowed / "holiday" / "beach.mp4").write_text("a beach")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key.txt").write_text(SECRET)
    (tmp_path / "films-private").mkdir()
    (tmp_path / "films-private" / "key.txt").write_text(SECRET)
    return allowed


@pytest.fixture
def access(folder: Path) -> Access:
    return Access.to([folder])


def test_a_file_is_found_by_its_whole_path_its_relative_path_and_its_address(access: Access, folder: Path) -> None:
    expected = (folder / "talk.mp4").resolve()
    assert access.open(str(folder / "talk.mp4")) == expected
    assert access.open("talk.mp4") == expected
    assert access.open((folder / "talk.mp4").as_uri()) == expected
    assert access.open("holiday/beach.mp4") == (folder / "holiday" / "beach.mp4").resolve()


def test_a_percent_sign_in_a_name_is_no_code(access: Access, folder: Path) -> None:
    assert access.open("50%25 off.mp4") == (folder / "50%25 off.mp4").resolve()
    assert access.open((folder / "50%25 off.mp4").as_uri()) == (folder / "50%25 off.mp4").resolve()


def test_an_allowed_folder_may_itself_be_a_link(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "alias").symlink_to(folder)
    access = Access.to([tmp_path / "alias"])
    assert access.open(str(tmp_path / "alias" / "talk.mp4")) == (folder / "talk.mp4").resolve()
    assert access.open(str(folder / "talk.mp4")) == (folder / "talk.mp4").resolve()


@pytest.mark.parametrize(
    "named",
    [
        "../private/key.txt",
        "holiday/../../private/key.txt",
        "{folder}/../private/key.txt",
        "{private}/key.txt",
        "{folder}-private/key.txt",
        "%2e%2e/private/key.txt",
        "..%2fprivate%2fkey.txt",
        "file://{folder}/%2e%2e/private/key.txt",
        "file://{folder}/..%2Fprivate%2Fkey.txt",
        "file://{private}/key.txt",
        "file://other-machine{folder}/talk.mp4",
        "talk.mp4\x00.txt",
        "file://{folder}/talk.mp4%00.txt",
        "talk.mp4\n",
        "talk\ud800.mp4",
        "",
        "   ",
        "link-to-key.txt",
        "link-to-private/key.txt",
        "loop",
        "//server/share/talk.mp4",
        "\\\\server\\share\\talk.mp4",
        "\\\\?\\C:\\talk.mp4",
        "\\\\.\\pipe\\x",
        "C:\\Windows\\win.ini",
        "c:/Windows/win.ini",
        "..\\private\\key.txt",
        "https://example.org/talk.mp4",
        "concat:talk.mp4|/etc/passwd",
        "data:video/mp4;base64,AAAA",
        "~nobody-of-this-name/talk.mp4",
        "file:///c%3A/talk.mp4",
        "file:////server/share/talk.mp4",
        "file:///%5C%5Cserver%5Cshare%5Ctalk.mp4",
        "file://[",
        "//?/C:/talk.mp4",
        "C:talk.mp4",
        "TALK~1.MP4",
        "talk.mp4:stream",
        "talk.mp4::$DATA",
        "NUL",
        "con.mp4",
        "talk.mp4.",
        "talk.mp4 ",
        "talk.mp4/../../private/key.txt",
        "..%c0%af..%c0%afprivate/key.txt",
        "%252e%252e/private/key.txt",
        "．．/private/key.txt",
        "..\u2215private\u2215key.txt",
        "..\u2044private",
        "talk\u200b.mp4",
        "4pm.\u202eklat",
        "talk\u2028.mp4",
        "\ufefftalk.mp4",
        "talk.mp4\udcff",
        "讲座.mp4",
        "socket",
        "pipe:0",
        "fd:0",
        "subfile,,start,0,end,9,,:talk.mp4",
        "artifact:talk.mp4",
        "@talk.mp4",
        "-",
        "$HOME/.ssh/id_ed25519",
        "~/.ssh/id_ed25519",
        "~root/.bashrc",
        "/etc/passwd",
        "/proc/self/environ",
        "/proc/self/cwd/talk.mp4",
        "/proc/1/cwd/etc/passwd",
        "/proc/self/fd/0",
        "/dev/fd/0",
        "/dev/stdin",
        "/dev/zero",
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the forms of another system")
def test_what_is_outside_or_oddly_written_is_refused(
    access: Access, folder: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = folder.parent / "private"
    (folder / "link-to-key.txt").symlink_to(private / "key.txt")
    (folder / "link-to-private").symlink_to(private)
    (folder / "loop").symlink_to(folder / "loop")
    with socket.socket(socket.AF_UNIX) as listening:
        with monkeypatch.context() as there:
            there.chdir(folder)  # the path of a socket must be short
            listening.bind("socket")
        with pytest.raises(ToolError) as refused:
            access.open(named.format(folder=folder, private=private))
    assert SECRET not in str(refused.value)
    str(refused.value).encode()  # it is to be sent


@pytest.mark.parametrize(
    "name", ["讲座 第一讲.mp4", "\u202e4pm.klat", "ta\u200blk.mp4", "talk .mp4.", " talk", "ta~1", "50%"]
)
@pytest.mark.skipif(sys.platform == "win32", reason="names of another system")
def test_a_name_that_only_looks_odd_is_that_of_its_file(access: Access, folder: Path, name: str) -> None:
    (folder / name).write_text(name)
    assert access.open(name).read_text() == name
    assert access.open(str(folder / name)) == access.open((folder / name).as_uri()) == access.open(name)


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("C:\\films\\talk.mp4", "C:\\films\\talk.mp4"),
        ("c:/films/talk.mp4", "c:/films/talk.mp4"),
        ("file:///C:/films/talk.mp4", "C:/films/talk.mp4"),
        ("file:///c%3A/films/my%20talk.mp4", "c:/films/my talk.mp4"),
        ("talk.mp4", "talk.mp4"),
        ("C:talk.mp4", None),
        ("C:", None),
        ("C:\\films\\talk.mp4:stream", None),
        ("talk.mp4::$DATA", None),
        ("file:///c%3A/films/talk.mp4%3Astream", None),
        ("C:\\films\\..\\private\\key.txt", None),
        ("..\\private\\key.txt", None),
        ("\\\\?\\C:\\films\\talk.mp4", None),
        ("\\\\.\\PhysicalDrive0", None),
        ("\\\\host\\share\\talk.mp4", None),
        ("//host/share/talk.mp4", None),
        ("\\/host/share/talk.mp4", None),
        ("file://host/share/talk.mp4", None),
        ("file:////host/share/talk.mp4", None),
    ],
)
def test_the_forms_of_windows_are_known_there(monkeypatch: pytest.MonkeyPatch, named: str, path: str | None) -> None:
    with monkeypatch.context() as there:
        there.setattr(sys, "platform", "win32")
        if path is None:
            with pytest.raises(ArgumentError):
                plain_path(named)
        else:
            assert plain_path(named) == Path(path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_that_leads_nowhere_does_not_tell_what_is_outside(access: Access, folder: Path) -> None:
    told = []
    for target in ("key.txt", "missing.txt"):
        (folder / "way.mp4").symlink_to(folder.parent / "private" / target)
        with pytest.raises(ArgumentError) as refused:
            access.open("way.mp4")
        told.append(str(refused.value))
        (folder / "way.mp4").unlink()
    assert told[0] == told[1]
    (folder / "way.mp4").symlink_to(folder / "gone.mp4")
    with pytest.raises(MediaError, match="does not exist") as missing:
        access.open("way.mp4")
    assert str(missing.value).count("way.mp4") == 1, "a link to nothing is no near name of itself"


def test_outside_nothing_is_said_about_what_exists(access: Access, folder: Path) -> None:
    private = folder.parent / "private"
    messages = []
    for name in ("key.txt", "missing.txt"):
        with pytest.raises(ArgumentError) as refused:
            access.open(str(private / name))
        messages.append(str(refused.value).replace(name, "NAME"))
    assert messages[0] == messages[1]
    (folder / "way").symlink_to(private)
    with pytest.raises(ArgumentError) as through_link:
        access.open("way/missing.txt")
    assert "key.txt" not in str(through_link.value)


def test_a_missing_file_is_answered_with_near_names(access: Access) -> None:
    with pytest.raises(MediaError, match=r"does not exist. Did you mean 'holiday/beach.mp4'\?"):
        access.open("holiday/peach.mp4")
    with pytest.raises(MediaError, match=r"does not exist. Did you mean 'talk.mp4'\?"):
        access.open("tolk.mp4")


def test_of_several_folders_each_is_looked_at_for_what_was_meant(access: Access, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "Way home.mp4").touch()
    (tmp_path / "made").mkdir()
    both = Access.to([folder, tmp_path / "more"]).plus(tmp_path / "made")
    for named, meant in (
        ("way hone.MP4", "Did you mean 'Way home.mp4'"),  # it lies in the second folder
        ("films/talk.mp4", "Did you mean 'talk.mp4'"),  # with the name of the folder itself before it
        ("q", f"In {folder} are: 50%25 off.mp4, holiday/, talk.mp4. In {tmp_path / 'more'} are: Way home.mp4."),
        (".", f"In {folder} are: 50%25 off.mp4, holiday/, talk.mp4. In {tmp_path / 'more'} are: Way home.mp4."),
    ):
        with pytest.raises(MediaError) as missing:
            both.open(named)
        assert meant in str(missing.value)


@pytest.mark.skipif(sys.platform == "win32", reason="folders have other permissions there")
def test_a_folder_without_permission_is_not_called_empty(folder: Path) -> None:
    (folder / "holiday").chmod(0)
    code = f"""
from sensorium.mcp_server.access import Access
from sensorium.tools.base.errors import MediaError
for named in ("holiday", "holiday/beach.mp4"):
    try:
        Access.to([{str(folder)!r}]).open(named)
    except MediaError as error:
        print(error)
"""
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if without and shutil.which(without[0]) is None:
        pytest.skip("a superuser may read everything")
    told = subprocess.run([*without, sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    (folder / "holiday").chmod(0o755)
    assert told.splitlines() == [
        "'holiday' is a folder, and a file is needed. The permission to read what is in that folder is missing.",
        "'holiday/beach.mp4' cannot be read: the permission of a folder is missing.",
    ]


def test_a_folder_that_is_no_longer_there_is_said(access: Access, folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")
    with pytest.raises(MediaError, match=r"does not exist. Not there now: ") as missing:
        access.open("talk.mp4")
    assert str(folder) in str(missing.value)


def test_a_folder_is_answered_with_what_is_in_it(access: Access) -> None:
    with pytest.raises(MediaError, match=r"is a folder, and a file is needed. In that folder are: beach.mp4."):
        access.open("holiday")


def test_of_a_full_folder_as_much_is_said_as_fits(access: Access, folder: Path) -> None:
    (folder / "way").symlink_to(folder.parent / "private")
    with pytest.raises(MediaError) as few:
        access.open(str(folder))
    assert str(few.value).endswith("In that folder are: 50%25 off.mp4, holiday/, talk.mp4, way.")
    for number in range(60):
        (folder / f"{number:02}.mp4").touch()
        (folder / "holiday" / f"{number:02}{'x' * 200}.mp4").touch()
    with pytest.raises(MediaError, match=r"00.mp4, .*, 39.mp4 and 24 more\.$"):
        access.open(str(folder))
    with pytest.raises(MediaError, match=r" and 56 more\.$") as long:
        access.open("holiday")
    assert len(str(long.value)) < 1500


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_being_opened(access: Access, folder: Path) -> None:
    os.mkfifo(folder / "pipe.mp4")
    with pytest.raises(MediaError, match="not a regular file"):
        access.open("pipe.mp4")


def test_without_folders_a_path_is_answered_with_how_to_upload() -> None:
    with pytest.raises(ArgumentError, match="POST /upload"):
        Access().open("talk.mp4")


def test_a_folder_that_is_missing_or_a_file_cannot_be_allowed(folder: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot be opened"):
        Access.to([folder / "missing"])
    with pytest.raises(ArgumentError, match="is a file"):
        Access.to([folder / "talk.mp4"])


@pytest.fixture
def flipping(folder: Path) -> Iterator[Path]:
    """A folder that is a real one and a link out of the allowed ones by turns."""
    place, real, private = folder / "turning", folder / "real", folder.parent / "private"
    real.mkdir()
    (real / "key.txt").write_text("harmless")
    stop = threading.Event()

    def turn() -> None:
        while not stop.is_set():
            for target in (real, private):
                new = folder / ".new"
                new.unlink(missing_ok=True)
                new.symlink_to(target)
                new.replace(place)

    place.symlink_to(real)
    thread = threading.Thread(target=turn)
    thread.start()
    yield place
    stop.set()
    thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_that_changes_meanwhile_never_leads_out(access: Access, folder: Path, flipping: Path) -> None:
    opened = 0
    for _ in range(300):
        try:
            path = access.open(str(flipping / "key.txt"))
        except ToolError:
            continue
        opened += 1
        assert path == (folder / "real" / "key.txt").resolve()
    assert opened > 0


def test_the_servers_own_folder_is_private_even_inside_an_allowed_one(folder: Path) -> None:
    home = folder / "sensorium"
    (home / "outputs").mkdir(parents=True)
    (home / "mcp-token").write_text(SECRET)
    (home / "outputs" / "frame.jpg").write_text("a frame")
    access = Access.to([folder], private=home)
    for named in ("sensorium/mcp-token", str(home / "mcp-token"), "sensorium/outputs/frame.jpg"):
        with pytest.raises(ArgumentError, match="not inside the folders"):
            access.open(named)
    assert access.plus(home / "outputs").open(str(home / "outputs" / "frame.jpg")).name == "frame.jpg"
    with pytest.raises(ArgumentError):
        access.plus(home / "outputs").open("sensorium/mcp-token")


@pytest.mark.parametrize("name", ["{}.mp4", "sub/{}.mp4", "/{}", "{}/talk.mp4"])
def test_a_name_that_is_too_long_for_the_disk_is_refused_in_words(access: Access, name: str) -> None:
    with pytest.raises(ToolError, match=r"does not exist|not inside the folders"):
        access.open(name.format("x" * 5000))


def test_a_path_that_is_too_long_for_any_system_is_refused_at_once(access: Access) -> None:
    named = "a/" * 1_000_000
    with pytest.raises(ArgumentError, match="has at most") as refused:
        access.open(named)
    assert len(str(refused.value)) < 200
    assert access.listing(named) == []


def test_completions_stay_inside(access: Access, folder: Path) -> None:
    (folder / "link-to-private").symlink_to(folder.parent / "private")
    assert access.listing("ta") == [str(folder.resolve() / "talk.mp4")]
    assert str(folder.resolve() / "holiday") + "/" in access.listing("")
    assert access.listing("holiday/") == [str(folder.resolve() / "holiday" / "beach.mp4")]
    assert access.listing("../") == access.listing("/etc/") == access.listing("link-to-private/") == []


def test_a_whole_path_is_completed_once(access: Access, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    both = access.plus(tmp_path / "more")
    assert both.listing(f"{folder}/ta") == [str(folder / "talk.mp4")]
    assert replace(both, is_told=False, folders=both.folders[::-1]).listing(f"{folder}/ta") == ["talk.mp4"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system shows no processes as files")
@pytest.mark.parametrize("named", ["/proc/self/environ", "/proc/self/status", "/dev/null", "/proc/1/maps"])
def test_the_systems_own_files_are_refused_even_where_everything_is_allowed(named: str) -> None:
    with pytest.raises(ArgumentError, match="not inside the folders"):
        Access.to(["/"]).open(named)


@pytest.mark.skipif(sys.platform == "win32", reason="the forms of another system")
async def test_the_real_server_refuses_the_same(tmp_path: Path, folder: Path, environment: Any) -> None:
    (folder / "way").symlink_to(folder.parent / "private")
    (folder / "讲座.txt").write_text("一二三")
    arguments = ["-m", "sensorium.mcp_server", "--allow-dir", str(folder)]
    command = StdioServerParameters(command=sys.executable, args=arguments, env=environment(tmp_path / "home"))
    refused = [
        str(folder.parent / "private" / "key.txt"), "../private/key.txt", "way/key.txt", "/proc/self/environ",
        "file:///etc/passwd", "%2e%2e/private/key.txt", "//host/share/a.txt", "\\\\?\\C:\\a.txt", "C:\\a.txt", "a\x00b",
        "talk.mp4:stream", "talk\u202e.mp4", "x" * 5000, str(tmp_path / "home" / "library.db"),
    ]  # fmt: skip
    with (tmp_path / "log").open("w") as log:
        async with Client(stdio_client(command, errlog=log)) as client:
            for named in refused:
                result = await client.call_tool("read_artifact", {"artifact": named})
                assert result.is_error is True, named
                assert SECRET not in result.model_dump_json() and "root:" not in result.model_dump_json(), named
            read = await client.call_tool("read_artifact", {"artifact": "讲座.txt"})
    assert "一二三" in read.model_dump_json()
    assert (tmp_path / "log").read_text() == ""
