"""Names of what was fetched: for people, and harmless when they are opened."""

import pytest

from sensorium.tools.fetching.contents import file_name


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
