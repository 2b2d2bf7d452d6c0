"""Hostile files cost one call: each is refused in words or answered rightly, soon, in little memory, and alone."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.cli import main

MAKER = Path(__file__).parent / "hostile_media.py"
CASES = {"texts": 53, "pictures": 48, "sounds": 44, "films": 62, "cuts": 180, "places": 40}
"""How many each batch has at least, so that none is lost."""
ORDERS = "\x1b[2J\x1b]0;owned\x07 <script>alert(1)</script> [x](http://evil.example) $(touch owned)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify and procfs are of Linux")


@pytest.mark.parametrize("batch", CASES)
def test_each_is_refused_or_answered_and_opens_and_dials_nothing(
    batch: str, tmp_path: Path, environment: Callable[[Path], dict[str, str]]
) -> None:
    command = [sys.executable, str(MAKER), batch, str(tmp_path / "work")]
    # In a folder of its own: that is watched, too, where a name leads nowhere, and others open files of the checkout.
    ended = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        env=environment(tmp_path / "home"),
        cwd=tmp_path,
    )
    judged = [json.loads(line) for line in ended.stdout.splitlines()]
    faults = [f"{one['case']}: {fault}" for one in judged for fault in one["faults"]]
    assert (ended.returncode, faults) == (0, []), ended.stderr[-2000:]
    assert len(judged) >= CASES[batch]


def test_what_is_printed_and_written_of_hostile_names_and_tags_is_only_text(
    tmp_path: Path, making: ModuleType, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
    exif = Image.Exif()
    exif[271], exif[315] = ORDERS, ORDERS
    name = os.fsdecode(ORDERS.replace("/", "\u2215").encode() + b"\xff.jpg")
    making.slide("Kites").save(tmp_path / name, exif=exif)
    codes = [
        main(["tool", "image_facts", json.dumps({"media": name})]),
        main(["tool", "image_facts", json.dumps({"media": name}), "--json"]),
        main(["run", "Write a report about this picture", name, "-o", "out"]),
        main(["show", "last"]),
    ]
    assert codes == [0] * 4
    printed = capfdbinary.readouterr()
    for text in (printed.out, printed.err):
        assert not [byte for byte in text if byte < 32 and byte not in b"\n\t"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script>alert" not in page and 'href="http://evil' not in page
    written = (tmp_path / "out" / "report.md").read_text()
    assert "](http://evil" not in re.sub("`[^`\n]+`", "", written).replace("\\](", "")
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(["home", "out", name])
