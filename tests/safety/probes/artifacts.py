"""Probes that leave tricks where results are collected."""

import os
import shutil
import socket
import stat
import threading
from contextlib import suppress
from pathlib import Path

from prelude import FACTS, OUT, ROOT_LINK, WORK


def links_to_files_of_the_host() -> str:
    for number, path in enumerate(
        [*FACTS["secret_files"], "/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/1/environ"]
    ):
        os.symlink(path, OUT / f"link{number}.txt")
        os.symlink(f"../../../../../../..{path}", OUT / f"relative{number}.txt")
    return "linked"


def links_through_procfs() -> str:
    for number, link in enumerate(
        (f"/proc/1/{ROOT_LINK}", f"/proc/self/{ROOT_LINK}", "/proc/self/cwd", "/proc/self/fd/3")
    ):
        os.symlink(link, OUT / f"folder{number}")
        for path in FACTS["secret_files"]:
            with suppress(OSError):
                os.symlink(f"{link}{path}", OUT / f"{number}.txt")
    return "linked"


def links_to_folders_of_the_host() -> str:
    for number, path in enumerate([*FACTS["secret_folders"], "/", "/etc", "/proc", "/dev"]):
        os.symlink(path, OUT / f"folder{number}")
    return "linked"


def links_that_go_round() -> str:
    os.symlink(OUT / "b", OUT / "a")
    os.symlink(OUT / "a", OUT / "b")
    os.symlink(".", OUT / "here")
    os.symlink("..", OUT / "up")
    os.symlink("nowhere", OUT / "dangling.txt")
    return "linked"


def folder_of_results_is_a_link() -> str:
    """On the host an absolute link leads from the host's root."""
    shutil.rmtree(OUT, ignore_errors=True)
    with suppress(OSError):
        os.rename(OUT, WORK / "moved")
    os.symlink(FACTS["secret_folders"][0], OUT)
    return "replaced"


def folder_of_results_is_a_relative_link() -> str:
    shutil.rmtree(OUT, ignore_errors=True)
    with suppress(OSError):
        os.rename(OUT, WORK / "moved")
    os.symlink(".." + "/.." * 20 + FACTS["secret_folders"][0], OUT)
    return "replaced"


def folder_of_results_is_a_file() -> str:
    shutil.rmtree(OUT, ignore_errors=True)
    with suppress(OSError):
        os.rename(OUT, WORK / "moved")
    OUT.write_text("a file")
    return "replaced"


def folder_of_results_is_a_pipe() -> str:
    shutil.rmtree(OUT, ignore_errors=True)
    with suppress(OSError):
        os.rename(OUT, WORK / "moved")
    os.mkfifo(OUT)
    return "replaced"


def folder_of_results_is_gone() -> str:
    shutil.rmtree(OUT, ignore_errors=True)
    return "gone"


def folder_of_results_is_closed() -> str:
    (OUT / "inside.txt").write_text("inside")
    OUT.chmod(0)
    return "closed"


def hard_links() -> str:
    (WORK / "elsewhere").write_text("elsewhere")
    with suppress(OSError):
        os.link(WORK / "elsewhere", OUT / "hard.txt")
    for path in ("/etc/passwd", FACTS["interpreter"], "/proc/self/environ"):
        with suppress(OSError):
            os.link(path, OUT / f"hard{len(path)}.txt")
    return "linked"


def pipes_sockets_and_devices() -> str:
    """Who opens one of these waits, or talks."""
    os.mkfifo(OUT / "pipe.txt")
    held = socket.socket(socket.AF_UNIX)
    os.chdir(OUT)
    held.bind("socket.txt")
    os.chdir(WORK)
    for kind, device in ((stat.S_IFCHR, (1, 5)), (stat.S_IFCHR, (5, 0)), (stat.S_IFBLK, (8, 0))):
        with suppress(OSError):
            os.mknod(OUT / f"device{kind}{device[0]}.txt", kind | 0o666, os.makedev(*device))
    (OUT / "good.txt").write_text("good")
    return "made"


def folders_named_like_files() -> str:
    (OUT / "result.png").mkdir()
    (OUT / "result.png" / "inside.txt").write_text("inside")
    (OUT / "good.txt").write_text("good")
    return "made"


def strange_names() -> str:
    names = [
        "..hidden", "...", "-rf", "--help", "a\nb.txt", "a\rb.txt", "a\x1b[2Jb.txt", "a\x00b", "a b.txt", " .txt",
        "con.txt", "NUL", "a:b.txt", "a\\b.txt", "..\\..\\up.txt", "a|b.txt", "a*b.txt", "$(touch x).txt", "`id`.txt",
        "%2e%2e%2fup.txt", "a?b.txt", "<script>.html", "\u202etxt.exe", "ａ．txt", "．．／up.txt", "é.txt",
        "e\u0301.txt", "😀.txt", "\u200b.txt", "x" * 255, "x" * 251 + ".txt", "ü" * 127, ".bashrc", ".ssh", "aux.png",
        "sensorium.toml", "a.txt ", "a.txt.", "~", "~root.txt", "a\u2028b.txt", "A.TXT", "a.txt",
    ]  # fmt: skip
    for name in names:
        with suppress(OSError, ValueError):
            (OUT / name).write_text(f"content of {name!r}")
    for name in (b"\xff\xfe.txt", b"\xc0\xae\xc0\xae.txt", b"a\xed\xa0\x80.txt"):
        with suppress(OSError):
            os.close(os.open(bytes(OUT) + b"/" + name, os.O_CREAT | os.O_WRONLY))
    return "made"


def too_many_files() -> str:
    for number in range(10_000):
        with suppress(OSError):
            (OUT / f"{number:05}.txt").write_bytes(b"x")
    return "made"


def too_large_files() -> str:
    written = 0
    for number in range(8):
        with suppress(OSError), open(OUT / f"large{number}.bin", "wb", 0) as file:
            while True:
                written += file.write(os.urandom(1 << 20))
                if os.fstat(file.fileno()).st_size > FACTS["limits"]["artifact_bytes"] * 2:
                    break
    (OUT / "good.txt").write_text("good")
    return f"wrote {written}"


def sparse_files() -> str:
    """Huge to read, nothing to hold."""
    for number in range(50):
        with suppress(OSError), open(OUT / f"sparse{number}.bin", "wb") as file:
            file.truncate(FACTS["limits"]["file_bytes"])
    (OUT / "good.txt").write_text("good")
    return "made"


def deep_folders() -> str:
    """Links and secrets far below."""
    at = OUT
    for number in range(60):
        at = at / f"d{number}"
        at.mkdir()
    os.symlink(FACTS["secret_files"][0], at / "deep.txt")
    os.symlink(FACTS["secret_folders"][0], OUT / "d0" / "folder")
    return "made"


def closed_files() -> str:
    (OUT / "closed.txt").write_text("closed")
    (OUT / "closed.txt").chmod(0)
    (OUT / "good.txt").write_text("good")
    return "made"


def _for_ever(step: object) -> str:
    def loop() -> None:
        while True:
            with suppress(OSError):
                step()  # type: ignore[operator]

    for _ in range(3):
        threading.Thread(target=loop, daemon=True).start()
    if os.fork() == 0:
        os.setsid()
        loop()
    return "started"


def file_that_grows_while_it_is_read() -> str:
    file = open(OUT / "growing.bin", "ab", 0)  # noqa: SIM115 - it stays open

    def grow() -> None:
        file.write(b"g" * 65536)
        if os.fstat(file.fileno()).st_size > 8 << 20:
            os.truncate(OUT / "growing.bin", 0)

    return _for_ever(grow)


def file_and_link_change_places() -> str:
    """Between the look and the open there is another one."""
    (WORK / "file").write_text("file")
    os.symlink(FACTS["secret_files"][0], WORK / "link")
    (OUT / "swap.txt").write_text("file")

    def swap() -> None:
        for source in ("link", "file"):
            with suppress(OSError):
                os.unlink(WORK / "next")
            if source == "link":
                os.symlink(FACTS["secret_files"][0], WORK / "next")
            else:
                os.link(WORK / "file", WORK / "next")
            os.rename(WORK / "next", OUT / "swap.txt")

    return _for_ever(swap)


def folder_and_link_change_places() -> str:
    """The folder of the results itself goes back and forth."""
    name = Path(FACTS["secret_files"][0]).name
    (OUT / name).write_text("mine")

    def swap() -> None:
        os.rename(OUT, WORK / "real")
        os.symlink(FACTS["secret_folders"][0], OUT)
        os.unlink(OUT)
        os.rename(WORK / "real", OUT)

    return _for_ever(swap)


def file_and_pipe_change_places() -> str:
    (OUT / "swap.txt").write_text("file")

    def swap() -> None:
        os.unlink(OUT / "swap.txt")
        os.mkfifo(OUT / "swap.txt")
        os.unlink(OUT / "swap.txt")
        (OUT / "swap.txt").write_text("file")

    return _for_ever(swap)


def files_come_without_end_while_they_are_listed() -> str:
    counter, most = iter(range(1 << 40)), 5_000

    def one_more() -> None:
        number = next(counter)
        os.close(os.open(OUT / f"more{number}.txt", os.O_CREAT | os.O_WRONLY))
        # All of them together are soon more than a session may have, and end it.
        if number >= most:
            os.unlink(OUT / f"more{number - most}.txt")

    return _for_ever(one_more)
