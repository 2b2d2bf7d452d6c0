"""What was checked is what is read, while somebody else changes what names lead to."""

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from sensorium.tools.base.errors import MediaError, ToolError
from sensorium.tools.base.opening import KeptPath, Known, is_of_the_system, open_folder, open_kept
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.sniff import Sniffed, sniff

HARMLESS, SECRET = b"harmless!", b"a secret!"
RACE_SECONDS = 1.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@contextmanager
def turning(turn: Callable[[int], None]) -> Iterator[None]:
    """Do something again and again, beside."""
    stop = threading.Event()

    def loop() -> None:
        number = 0
        while not stop.is_set():
            turn(number)
            number += 1
            time.sleep(0.0002)  # so that the other side has its turn, too

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def racing() -> Iterator[None]:
    until = time.monotonic() + RACE_SECONDS
    while time.monotonic() < until:
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An allowed folder, and beside it one that is not."""
    for name, content in (("allowed/real", HARMLESS), ("private", SECRET)):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "key.txt").write_bytes(content)
        os.utime(tmp_path / name / "key.txt", ns=(10**18, 10**18))
    return tmp_path / "allowed"


@pytest.fixture
def strict(settings: Settings) -> Iterator[Run]:
    """A run whose paths somebody else has resolved and allowed."""
    opened = Run.open(settings, follow_links=False)
    yield opened
    opened.library.close()


@pytest.mark.parametrize("walks", [True, False])
def test_a_folder_that_becomes_a_link_after_the_check_leads_nowhere(
    strict: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, *, walks: bool
) -> None:
    monkeypatch.setattr("sensorium.tools.base.opening.WALKS", walks)
    private, place = folder.parent / "private", folder / "turning"

    def turn(number: int) -> None:
        new = folder / ".new"
        if number % 2:
            new.symlink_to(private)
            if place.is_dir() and not place.is_symlink():
                place.rename(folder / ".old")
            new.replace(place)
        else:
            place.unlink(missing_ok=True)
            (folder / ".old").rename(place) if (folder / ".old").exists() else place.mkdir()
            (place / "key.txt").write_bytes(HARMLESS)

    read = 0
    with turning(turn):
        for _ in racing():
            try:
                handle = strict.workspace.adopt(place / "key.txt").handle
                with strict.path(handle).open("rb") as file:
                    content = file.read()
            except ToolError:
                continue
            assert content != SECRET
            read += content == HARMLESS
    assert read > 0
    secret = hashlib.sha256(SECRET).hexdigest()
    assert strict.library.rows("SELECT 1 FROM artifacts WHERE sha256=?", (secret,)) == []


def test_a_file_that_is_exchanged_after_the_check_is_not_read(run: Run, folder: Path) -> None:
    """By one of the same size and time, so that only the file itself differs."""
    place, other = folder / "real" / "key.txt", folder.parent / "private" / "key.txt"
    handle = run.workspace.adopt(place).handle
    kept = run.path(handle)
    own = folder / "own"
    os.link(place, own)

    def turn(number: int) -> None:
        new = folder / ".new"
        new.unlink(missing_ok=True)
        if number % 3 == 2:
            new.symlink_to(other)
        else:
            os.link(own if number % 3 else other, new)
        new.replace(place)

    read = 0
    with turning(turn):
        for _ in racing():
            try:
                descriptor = open_kept(kept)
            except MediaError:
                continue
            assert os.read(descriptor, 100) == HARMLESS
            os.close(descriptor)
            read += 1
    assert read > 0
    place.unlink()
    os.link(other, place)
    for reading in (kept.read_bytes, kept.read_text, lambda: open_kept(kept), lambda: run.path(handle)):
        with pytest.raises(MediaError, match="has changed since it was read"):
            reading()


def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(run: Run, folder: Path) -> None:
    place = folder / "real" / "key.txt"
    kept = run.path(run.workspace.adopt(place).handle)
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(MediaError, match="not a regular file"):
        kept.open("rb")


def test_a_copy_of_the_same_content_size_and_time_is_the_same_after_all(run: Run, folder: Path) -> None:
    place = folder / "real" / "key.txt"
    handle = run.workspace.adopt(place).handle
    place.rename(folder / "aside")
    place.write_bytes(HARMLESS)
    os.utime(place, ns=(10**18, 10**18))
    assert run.path(handle).read_bytes() == HARMLESS


def test_a_file_that_changes_while_it_is_hashed_is_refused(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder / "real" / "key.txt"

    def meanwhile(file: BinaryIO) -> Sniffed:
        place.write_bytes(SECRET * 2)
        return sniff(file)

    monkeypatch.setattr("sensorium.tools.base.workspace.sniff", meanwhile)
    with pytest.raises(MediaError, match="changes while it is read"):
        run.workspace.adopt(place)


def test_the_users_own_link_is_followed_and_what_it_led_to_is_kept(run: Run, folder: Path) -> None:
    link = folder / "link.txt"
    link.symlink_to(folder / "real" / "key.txt")
    handle = run.workspace.adopt(link).handle
    link.unlink()
    link.symlink_to(folder.parent / "private" / "key.txt")
    assert run.path(handle).read_bytes() == HARMLESS


def test_a_link_is_not_followed_where_paths_were_resolved_before(strict: Run, folder: Path) -> None:
    (folder / "link").symlink_to(folder / "real")
    (folder / "link.txt").symlink_to(folder / "real" / "key.txt")
    for named in (folder / "link" / "key.txt", folder / "link.txt"):
        with pytest.raises(MediaError):
            strict.workspace.adopt(named)
    with pytest.raises(OSError):
        open_folder(folder / "link")


def test_paths_that_are_derived_from_a_kept_one_are_usual_paths(folder: Path) -> None:
    place = folder / "real" / "key.txt"
    kept = KeptPath.to(place, Known.of(place.stat()))
    assert (kept, kept.name, kept.parent) == (place, "key.txt", folder / "real")
    assert kept.with_name("other.txt").known is None  # type: ignore[attr-defined]
    (folder / "real" / "other.txt").write_text("x")
    assert kept.with_name("other.txt").read_text() == "x"


@pytest.mark.parametrize(
    ("path", "is_one"),
    [("/proc/self/environ", True), ("/sys/power/state", True), ("/dev/sda", True), ("/dev/shm/a.mp4", False),
     ("/srv/proc/a.mp4", False), ("/process/a", False)],
)  # fmt: skip
def test_what_the_system_shows_as_files_is_told_from_files(path: str, *, is_one: bool) -> None:
    assert is_of_the_system(Path(path)) == is_one
