"""Files are taken out of a folder whose owner is hostile."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensorium.tools.sandbox.collect import Collected, Signature, collect, safe_name
from sensorium.tools.sandbox.limits import Limits


class Out:
    """A folder that is laid out as a cage's root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "work" / "out"
        self.path.mkdir(parents=True)
        self.seen: dict[str, Signature] = {}

    def collect(self, **limits: int) -> Collected:
        descriptor = os.open(self.root, os.O_PATH | os.O_DIRECTORY)
        try:
            return collect(descriptor, Limits(**limits), self.seen)
        finally:
            os.close(descriptor)


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Out]:
    yield Out(tmp_path / "root")


def test_files_come_out_once_and_again_when_they_change(out: Out) -> None:
    (out.path / "b.txt").write_bytes(b"b")
    (out.path / "plots").mkdir()
    (out.path / "plots" / "a.png").write_bytes(b"a")
    assert out.collect() == Collected(files=[("b.txt", b"b"), ("plots-a.png", b"a")])
    assert out.collect() == Collected()
    (out.path / "b.txt").write_bytes(b"bb")
    assert out.collect() == Collected(files=[("b.txt", b"bb")])


def test_what_is_no_regular_file_stays(out: Out, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (out.path / "link").symlink_to(tmp_path / "secret")
    (out.path / "folder").symlink_to(tmp_path)
    os.mkfifo(out.path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(out.path)  # a socket's path must be short
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
    found = out.collect()
    assert found.files == []
    assert [one.split("'")[1] for one in found.refused] == ["folder", "link", "pipe", "socket"]
    assert out.collect().refused == []


@pytest.mark.parametrize("part", ["work", "out"])
def test_a_folder_that_is_a_link_is_not_entered(out: Out, tmp_path: Path, part: str) -> None:
    (tmp_path / "elsewhere" / "out").mkdir(parents=True)
    (tmp_path / "elsewhere" / "out" / "a").write_text("a")
    (tmp_path / "elsewhere" / "a").write_text("a")
    place = out.path.parent if part == "work" else out.path
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "elsewhere")
    assert out.collect() == Collected(refused=["'out' is no folder any more"])


def test_sizes_and_numbers_are_capped(out: Out) -> None:
    for name, size in (("a", 10), ("b", 200), ("c", 90), ("d", 10)):
        (out.path / name).write_bytes(bytes(size))
    found = out.collect(artifact_bytes=100, artifacts_bytes=100)
    assert [name for name, _ in found.files] == ["a", "c"]
    assert len(found.refused) == 2
    for number in range(5):
        (out.path / f"n{number}").write_bytes(b"")
    assert len(out.collect(artifacts=3).files) == 3


def test_a_folder_of_very_many_files_is_not_read_to_its_end(out: Out) -> None:
    for number in range(5000):
        (out.path / str(number)).symlink_to("nowhere")
    found = out.collect()
    assert found.files == []
    assert len(found.refused) == 33


def test_a_sparse_file_is_not_read(out: Out) -> None:
    with (out.path / "sparse").open("wb") as opened:
        opened.truncate(2**40)
    assert out.collect().files == []


def test_deep_folders_are_refused(out: Out) -> None:
    deep = out.path.joinpath(*["d"] * 6)
    deep.mkdir(parents=True)
    (deep / "f").write_text("")
    assert out.collect().refused == ["'d/d/d/d/d' lies too deep"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a b-1.png", "a b-1.png"),
        ("图表.png", "图表.png"),
        ("..", "file"),
        ("...hidden", "hidden"),
        ("a\nb\x1b[31m", "a_b__31m"),
        ("a\u202egnp.exe", "a_gnp.exe"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("<script>'\"&", "_script____"),
        ("\udcff.png", "_.png"),
        ("", "file"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
    ],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_names_that_become_equal_stay_apart(out: Out) -> None:
    (out.path / "a?.txt").write_bytes(b"1")
    (out.path / "a*.txt").write_bytes(b"2")
    assert {name for name, _ in out.collect().files} == {"a_.txt", "a_-2.txt"}
