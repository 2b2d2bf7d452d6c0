"""Names of what was fetched: for people, and harmless when they are opened."""

from pathlib import Path

import pytest

from sensorium.tools.fetching.contents import file_name, type_of


@pytest.mark.parametrize(
    ("named", "media_type", "name"),
    (
        ("talk.mp4", "video/mp4", "talk.mp4"),
        ("talk", "video/mp4", "talk.mp4"),
        ("a.jpeg", "image/jpeg", "a.jpeg"),
        ("a.png", "image/jpeg", "a.png.jpg"),
        ("post.html", "text/html", "post.html.txt"),
        ("post", "text/html", "post.html.txt"),
        ("drawing.svg", "text/xml", "drawing.svg.xml.txt"),
        ("data.json", "text/json", "data.json"),
        ("script.py", "text/plain", "script.py"),
        ("notes", "text/plain", "notes.txt"),
        ("run.bat", "text/plain", "run.bat.txt"),
        ("start.desktop", "text/plain", "start.desktop.txt"),
        ("evil.js", "text/plain", "evil.js.txt"),
        ("page.html", "text/plain", "page.html.txt"),
        ("setup.exe", "application/octet-stream", "setup.exe.bin"),
        ("page.html", "application/octet-stream", "page.html.bin"),
        ("all.zip", "application/octet-stream", "all.zip"),
        ("../../etc/passwd", "text/plain", "etc_passwd.txt"),
        ("视频 (1).mp4", "video/mp4", "视频 (1).mp4"),
        ("a\u202egnp.exe", "application/octet-stream", "a_gnp.exe.bin"),
        ("", "text/plain", "fetched.txt"),
        ("..", "text/plain", "fetched.txt"),
    ),
)
def test_a_name_says_what_a_file_is_and_starts_nothing(named: str, media_type: str, name: str) -> None:
    assert file_name(named, media_type) == name


@pytest.mark.parametrize(
    ("content", "media_type"),
    (
        (b"<!---->" * 580, "text/plain"),
        (b"<!--" * 1000, "text/plain"),
        (b"<!-- a -->\n<!-- b -->\n<html>", "text/html"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html>", "text/html"),
        ("<html>".encode("utf-16"), "text/html"),
        (b"<p>\xb0\xa1</p>", "text/html"),
        (b"a < b and c > d", "text/plain"),
        (b"GIF89a<html><script>", "image/gif"),
    ),
)
def test_a_page_is_known_by_how_it_begins(content: bytes, media_type: str, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(content)
    assert type_of(tmp_path / "content", "") == media_type


def test_a_server_is_believed_that_text_is_a_page_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(b"words")
    assert type_of(tmp_path / "content", "text/html") == "text/html"
    assert type_of(tmp_path / "content", "video/mp4") == "text/plain"
