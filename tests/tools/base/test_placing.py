"""Nothing is written but where it was said, by no name and through no link."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.placing import placed
from sensorium.tools.base.run import Run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source.txt").write_text("made")
    return tmp_path / "source.txt"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path.resolve() / "out"


def test_a_copy_is_whole_and_leaves_nothing_beside_it(source: Path, out: Path) -> None:
    with placed(out / "deep" / "er", make=True) as place:
        assert place.copy(source, "a.txt") == out / "deep" / "er" / "a.txt"
        assert place.holds("a.txt", source)
    assert [one.name for one in (out / "deep" / "er").iterdir()] == ["a.txt"]
    with pytest.raises(OSError), placed(out / "gone"):
        pass


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "/etc/passwd", "a\0b", f"a{os.sep}b"])
def test_no_name_leaves_the_folder(source: Path, out: Path, name: str) -> None:
    with placed(out, make=True) as place:
        for act in (lambda: place.copy(source, name), lambda: place.link(source, name), lambda: place.find(name)):
            with pytest.raises(ValueError, match="no name of a file"):
                act()
    assert list(out.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_under_the_name_is_replaced_and_never_written_through(source: Path, out: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("made")
    out.mkdir()
    (out / "a.txt").symlink_to(victim)
    with placed(out) as place:
        assert not place.holds("a.txt", source)
        place.copy(source, "a.txt")
    assert not (out / "a.txt").is_symlink()
    assert not (out / "a.txt").samefile(victim)
    with placed(out) as place, pytest.raises(FileExistsError):
        place.link(source, "a.txt")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("part", ["owner", "owner/run"])
def test_a_link_in_the_place_of_a_folder_is_not_followed(source: Path, out: Path, tmp_path: Path, part: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (out / part).parent.mkdir(parents=True)
    (out / part).symlink_to(tmp_path / "elsewhere")
    for make in (True, False):
        with pytest.raises(OSError), placed(out / "owner" / "run", make=make):
            pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.fixture
def turning(out: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder that is itself and a link out by turns."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (out / "owner").mkdir(parents=True)
    stop = threading.Event()

    def turn() -> None:
        while not stop.is_set():
            (out / "owner").rename(out / "aside")
            (out / "owner").symlink_to(outside)
            (out / "owner").unlink()
            (out / "aside").rename(out / "owner")

    thread = threading.Thread(target=turn)
    thread.start()
    yield outside
    stop.set()
    thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_folder_that_becomes_a_link_meanwhile_leads_nothing_out(source: Path, out: Path, turning: Path) -> None:
    for number in range(400):
        try:
            with placed(out / "owner") as place:
                place.copy(source, f"{number}.txt")
        except OSError:
            continue
    assert list(turning.iterdir()) == []


def test_a_source_that_was_exchanged_is_neither_copied_nor_linked(run: Run, source: Path, out: Path) -> None:
    kept = run.path(run.workspace.adopt(source).handle)
    source.unlink()
    source.write_text("other")
    with placed(out, make=True) as place:
        for act in (place.copy, place.link):
            with pytest.raises(MediaError, match="has changed"):
                act(kept, "a.txt")
    assert list(out.iterdir()) == []
