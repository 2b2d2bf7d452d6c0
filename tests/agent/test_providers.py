"""`sensorium providers`: a list for any width, one in detail, and a file checked line by line."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sensorium.agent.cli import main
from sensorium.agent.printing import width
from sensorium.agent.provider_commands import in_detail, in_short
from sensorium.agent.provider_list import listed
from sensorium.tools.base.settings import Settings
from sensorium.tools.jobs.files import OURS, job_files


@pytest.fixture
def home(tmp_path: Path, job_server: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    made: Path = job_server.JobServer(url="https://shop.test/v1").furnish(tmp_path / "home")
    monkeypatch.setenv("SENSORIUM_HOME", str(made))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    return made


@pytest.mark.parametrize("columns", [60, 120])
def test_a_list_fits_its_width(home: Path, columns: int) -> None:
    found = listed(Settings.read(), {"SHOP_KEY": "x"})
    names = {one.name for one in found}
    assert names >= {"openai", "espeak", "shop", *job_files(None)}
    lines = list(in_short(found, columns))
    # An address stands whole, so that it can be copied.
    assert [one for one in lines if width(one) > columns and len(one.split()) > 1] == []
    shop = lines.index(next(one for one in lines if one.startswith("  shop")))
    assert "draw: image, edit, vary" in lines[shop]
    assert "SHOP_KEY (set) · $0.5 a call" in lines[shop + 1]


@pytest.mark.parametrize("columns", [60, 120])
def test_every_provider_can_be_told_of_in_detail(home: Path, columns: int) -> None:
    for one in listed(Settings.read(), {}):
        lines = list(in_detail(one, columns))
        assert lines[0].startswith(one.name)
        assert [line for line in lines if width(line) > columns and len(line.split()) > 2] == []


def test_one_is_shown_with_its_limits(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "shop"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "shop: The shop", "SHOP_KEY (not set)", "https://shop.test/docs (2026-11-21)", "*: $0.5 a call",
        "SENSORIUM_DRAW=shop:brush", "prompt*: at most 100 characters · aspect: 16:9, 1:1 · count: 1–4",
        "width 8–512 px, 0.2 MB",
    ):  # fmt: skip
        assert words in said


def test_a_pattern_is_no_model_to_be_set(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "fal"]) == 0
    assert "SENSORIUM_SPEAK=fal:MODEL" in capsys.readouterr().out
    assert main(["providers", "openrouter"]) == 0
    said = capsys.readouterr().out
    assert "SENSORIUM_DRAW=openrouter:MODEL" in said and "SENSORIUM_EMBED=openrouter:MODEL" in said


def test_the_list_is_data_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert (found["shop"]["kind"], found["shop"]["key_is_set"], found["shop"]["prices"]) == (
        "jobs", False, {"*": {"calls": 0.5}}
    )  # fmt: skip
    assert found["shop"]["file"] == str(home / "providers" / "shop.toml")
    assert found["kling"]["file"] == ""


def test_a_broken_file_stands_in_the_list_as_such(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "providers" / "shop.toml").write_text("name = ")
    assert main(["providers"]) == 0
    assert "cannot be used" in capsys.readouterr().out


def test_a_name_that_is_none_is_told_the_nearest(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "klin"]) == 2
    assert "Did you mean 'kling'?" in capsys.readouterr().err


def test_a_good_file_is_shown_as_it_would_be_sent(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "check", str(home / "providers" / "shop.toml")]) == 0
    said = capsys.readouterr().out
    assert "POST https://shop.test/v1/jobs\n" in said
    assert '"prompt": "<prompt>", "aspect": "1:1", "count": 1, "mark": "<order>"' in said
    assert "GET https://shop.test/v1/jobs/<job>\n" in said
    assert "Nothing was sent." in said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("done = [", "done = ", "line 47"),
        ('status = "data.status"', 'status = "data["', "line 46: `operations.picture.poll.status`"),
        ("calls = 0.5", "calles = 0.5", "line 15"),
    ],
)
def test_a_bad_file_is_told_the_line(
    home: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    path = home / "providers" / "shop.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    assert main(["providers", "check", str(path)]) == 3
    assert words in capsys.readouterr().err
    assert main(["providers", "check", str(path), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["line"] == int(words.split()[1].rstrip(":"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("mine.toml", None, "cannot be read: No such file"),
        ("mine.toml", b"\xff\xfe", "is no text in UTF-8: byte 0"),
        ("mine.toml", b"", "there is nothing in it. docs/providers.md shows a whole one"),
        ("mine.toml", b"\n\n" + b"x" * 10, "mine.toml, line 3: it is no TOML"),
        ("mine.toml", b"a = " + b"[" * 9000, "it is nested too deep"),
        ("mine.toml", b"\xef\xbb\xbfname = 5\r\n", "mine.toml, line 1: `name` is 5: it must be a text"),
        ("my shop.toml", b"name = 5", "'my shop' has more than small letters, digits, `-`, `_`. Rename it"),
        ("商店.toml", b"name = 5", "'商店' has more than small letters"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_file_that_cannot_be_read_is_said_to_be_so(
    tmp_path: Path, name: str, content: bytes | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert main(["providers", "check", str(path)]) == 3
    told = capsys.readouterr().err
    assert os.fsdecode(path) in told
    assert words in told


def test_a_file_in_the_place_of_one_of_ours_is_said_to_be_so(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kling.toml").write_bytes(b"\xef\xbb\xbf" + (OURS / "kling.toml").read_bytes())
    assert main(["providers", "check", str(tmp_path / "kling.toml")]) == 0
    assert "this file would stand in the place of that one" in capsys.readouterr().out
    assert main(["providers", "check", str(OURS / "kling.toml")]) == 0
    assert "stand in the place" not in capsys.readouterr().out


def test_what_was_perhaps_not_meant_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "providers" / "shop.toml"
    text = path.read_text().replace("https://shop.test/v1", "http://shop.test").replace('key = "SHOP_KEY"', "")
    path.write_text(text.replace("[price]\ncalls = 0.5\n", ""))
    assert main(["providers", "check", str(path)]) == 0
    said = capsys.readouterr().out
    for words in ("is not encrypted", "there is no `key`", "no `[price]`", "`lookup` or `idempotency`"):
        assert words in said
