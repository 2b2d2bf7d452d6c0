"""Artifacts: stored once, noticed when changed, never half registered."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sensorium.tools.base.errors import ArgumentError, MediaError, StorageError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings


def test_the_same_content_is_stored_once(run: Run, settings: Settings) -> None:
    one = run.put(b"content", name="a.txt", media_type="text/plain")
    two = run.put(b"content", name="b.txt", media_type="text/plain")
    assert one.handle == two.handle
    assert [path.name for path in (settings.home / "artifacts").rglob("*") if path.is_file()] == [one.sha256]


def test_a_users_file_is_not_copied_and_a_change_is_noticed(run: Run, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "影片 1.txt"
    file.write_text("one")
    known = run.workspace.adopt(file)
    assert run.path(known.handle) == file
    assert not (settings.home / "artifacts").exists()
    file.write_text("two")
    os.utime(file, ns=(1, 1))
    with pytest.raises(MediaError, match="has changed since it was read"):
        run.path(known.handle)
    assert run.workspace.adopt(file).handle != known.handle


def test_a_link_the_user_names_is_followed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("x")
    link = tmp_path / "link.txt"
    try:
        link.symlink_to(tmp_path / "real.txt")
    except OSError:
        pytest.skip("this system makes no links for us")
    assert run.workspace.adopt(link).handle == run.workspace.adopt(tmp_path / "real.txt").handle


def test_a_name_that_begins_with_a_tilde_and_names_no_user_is_taken_as_it_stands(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("~$talk.txt").write_text("words")
    assert run.workspace.adopt(Path("~$talk.txt")).name == "~$talk.txt"


def test_a_full_disk_leaves_no_half_registered_artifact(
    run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match=r"'a.txt' cannot be stored .* No space left on device.*resume"):
        run.put(b"content", name="a.txt", media_type="text/plain")
    assert run.library.rows("SELECT * FROM artifacts") == []
    assert [path for path in settings.home.rglob("*") if path.is_file() and "library" not in path.name] == []


def test_what_a_tool_knows_of_content_is_kept_whoever_had_it_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("hello")
    run.workspace.adopt(tmp_path / "mine.txt")
    made = run.put(b"hello", name="made.srt", media_type="application/x-subrip", facts={"seconds": 3.0})
    for _ in range(2):
        known = run.artifact(made.handle)
        assert (known.media_type, known.facts) == ("application/x-subrip", {"seconds": 3.0})
        run.put(b"hello", name="again.srt", media_type="application/x-subrip")


def test_a_copy_that_the_user_names_does_not_rename_what_a_tool_made(run: Run, tmp_path: Path) -> None:
    made = run.put(b"hello", name="made.txt", media_type="text/plain")
    (tmp_path / "mine.txt").write_text("hello")
    assert run.workspace.adopt(tmp_path / "mine.txt") == made
    assert run.name(made.handle) == "made.txt"


def test_an_unknown_handle_is_refused(run: Run) -> None:
    with pytest.raises(ArgumentError, match="is not an artifact of this library"):
        run.path("artifact://sha256/" + "0" * 64)


def test_two_processes_worth_of_libraries_can_be_opened_at_once(settings: Settings) -> None:
    def work(number: int) -> str:
        run = Run.open(settings)
        handle = run.put(f"{number % 3}".encode(), name="n.txt", media_type="text/plain").handle
        run.library.close()
        return handle

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(work, range(24)))) == 3


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="SENSORIUM_HOME"):
        Run.open(Settings(home=tmp_path / "file" / "home"))
