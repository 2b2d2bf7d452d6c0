"""Files in a folder of the user's."""

import errno
import os
import sys
from pathlib import Path

import pytest

from sensorium.agent.deliver import deliver, prepare, safe_name
from sensorium.tools.base.errors import ArgumentError, StorageError
from sensorium.tools.base.run import Run
from sensorium.tools.base.workspace import Artifact


def _put(run: Run, name: str, text: str) -> Artifact:
    return run.put(text.encode(), name=name, media_type="text/plain")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    prepare(folder)
    return folder


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"a video")
    return path


def test_artifacts_get_their_names_and_equal_names_a_number(run: Run, out: Path) -> None:
    made = [_put(run, "report.md", "one"), _put(run, "Report.md", "two"), _put(run, "会议 记录.srt", "three")]
    delivered = deliver(made, run.workspace, [], out)
    assert [one.name for one in delivered.files] == ["report.md", "Report-2.md", "会议 记录.srt"]
    assert [one.read_text() for one in delivered.files] == ["one", "two", "three"]
    assert sorted(out.iterdir()) == sorted(delivered.files)


def test_the_source_lies_beside_a_report_without_taking_space(run: Run, out: Path, talk: Path) -> None:
    delivered = deliver([_put(run, "report.html", "<p>")], run.workspace, [talk], out)
    assert delivered.notes == []
    assert (out / "talk.mp4").samefile(talk)


def test_what_an_earlier_run_left_is_replaced_and_the_linked_source_is_left_alone(
    run: Run, out: Path, talk: Path
) -> None:
    for text in ("first", "second"):
        deliver([_put(run, "report.html", text), _put(run, "talk.mp4", text)], run.workspace, [talk], out)
    assert (out / "report.html").read_text() == "second"
    assert talk.read_bytes() == b"a video"


def test_a_file_given_to_the_run_is_never_overwritten(run: Run, out: Path) -> None:
    source = out / "report.md"
    source.write_text("mine")
    delivered = deliver([_put(run, "report.md", "made")], run.workspace, [source], out)
    assert source.read_text() == "mine"
    assert [one.name for one in delivered.files] == ["report-2.md"]


def test_another_file_of_the_same_name_is_kept_and_said(run: Run, out: Path, talk: Path) -> None:
    (out / "talk.mp4").write_bytes(b"another video")
    delivered = deliver([_put(run, "report.html", "<p>")], run.workspace, [talk], out)
    assert (out / "talk.mp4").read_bytes() == b"another video"
    assert "is another file" in delivered.notes[0]


@pytest.mark.parametrize("written", ["mine", "made here, and changed since"])
def test_what_the_library_does_not_have_stays_and_is_named(run: Run, out: Path, written: str) -> None:
    (out / "report.md").write_text(written)
    for text in ("first", "second"):
        delivered = deliver([_put(run, "report.md", text)], run.workspace, [], out)
        assert [one.name for one in delivered.files] == ["report-2.md"]
        assert delivered.files[0].read_text() == text
        assert delivered.notes == [
            f"{str(out / 'report.md')!r} was there before, and stays; {delivered.files[0].name!r} was written."
        ]
    assert (out / "report.md").read_text() == written


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_the_folder_stays_and_is_not_followed(run: Run, out: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious.md"
    precious.write_text("mine")
    (out / "report.md").symlink_to(precious)
    delivered = deliver([_put(run, "report.md", "made")], run.workspace, [], out)
    assert (precious.read_text(), delivered.files) == ("mine", [out / "report-2.md"])
    assert (out / "report.md").readlink() == precious


def test_an_output_that_is_a_file_or_below_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    for folder in (tmp_path / "notes.txt", tmp_path / "notes.txt" / "deeper"):
        with pytest.raises(ArgumentError, match=r"notes\.txt' is a file"):
            prepare(folder)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ArgumentError, match="cannot be written: Permission denied"):
        prepare(tmp_path / "out")


def test_a_folder_that_went_away_is_an_error_that_says_so(run: Run, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot be written: No such file or directory\. Give another folder"):
        deliver([_put(run, "report.md", "made")], run.workspace, [], tmp_path / "gone")


def test_a_folder_under_the_name_of_a_file_stays(run: Run, out: Path) -> None:
    (out / "report.md").mkdir()
    delivered = deliver([_put(run, "report.md", "made")], run.workspace, [], out)
    assert delivered.files == [out / "report-2.md"]


def test_a_full_disk_is_said_to_be_full(run: Run, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(StorageError, match=r"cannot be written: No space left on device\. Free the disk"):
        deliver([_put(run, "report.md", "made")], run.workspace, [], out)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ('a<b>:"c|?*.srt', "a_b___c___.srt"),
        ("CON.txt", "_CON.txt"),
        ("", "file"),
        (" .. ", "file"),
        ("a\x1b[2J\udcff\u202e.md", "a\ufffd[2J\ufffd\ufffd.md"),
        ("字" * 100 + ".md", "字" * 65 + ".md"),
    ],
)
def test_names_are_safe_on_every_system(name: str, safe: str) -> None:
    assert safe_name(name) == safe
