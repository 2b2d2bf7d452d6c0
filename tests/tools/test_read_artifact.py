"""Slices of long files."""

import json
from pathlib import Path

import pytest

from sensorium.tools import call
from sensorium.tools.base.errors import ArgumentError, MediaError
from sensorium.tools.base.run import Run


@pytest.fixture
def text(tmp_path: Path) -> str:
    path = tmp_path / "long.txt"
    path.write_text("".join(f"line {number}\n" for number in range(250)), encoding="utf-8")
    return str(path)


@pytest.fixture
def listing(tmp_path: Path) -> str:
    path = tmp_path / "speech.json"
    segments = [{"start": number, "text": f"words {number}"} for number in range(30)]
    path.write_text(json.dumps({"language": "en", "a/b": segments}), encoding="utf-8")
    return str(path)


async def test_slices_join_to_the_whole(run: Run, text: str) -> None:
    whole, start = "", 0
    while start is not None:
        part = await call("read_artifact", {"artifact": text, "start": start, "length": 700}, run)
        whole += part.text
        start = part.next
    assert whole == Path(text).read_text(encoding="utf-8")  # noqa: ASYNC240
    assert part.total == len(whole)


async def test_lines_are_counted_and_cut_out(run: Run, text: str) -> None:
    part = await call("read_artifact", {"artifact": text, "unit": "lines", "start": 100, "length": 2}, run)
    assert (part.text, part.total, part.next) == ("line 100\nline 101", 250, 102)


async def test_a_table_gives_rows_and_the_names_of_its_columns(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('name;value\n"a;b";1\nc;2\nd;3\n', encoding="utf-8")
    part = await call("read_artifact", {"artifact": str(path), "unit": "rows", "start": 1, "length": 1}, run)
    assert (part.columns, part.rows, part.total, part.next) == (["name", "value"], [["c", "2"]], 3, 2)


async def test_a_pointer_leads_into_json(run: Run, listing: str) -> None:
    args = {"artifact": listing, "unit": "rows", "pointer": "/a~1b", "start": 28, "length": 10}
    part = await call("read_artifact", args, run)
    assert ([row["start"] for row in part.rows], part.total, part.next) == ([28, 29], 30, None)


async def test_an_object_gives_its_pairs(run: Run, listing: str) -> None:
    part = await call("read_artifact", {"artifact": listing, "unit": "rows", "length": 1}, run)
    assert (part.rows, part.next) == ([{"key": "language", "value": "en"}], 1)


async def test_a_pointer_to_nothing_says_what_is_there(run: Run, listing: str) -> None:
    with pytest.raises(ArgumentError, match="there is language, a/b"):
        await call("read_artifact", {"artifact": listing, "unit": "rows", "pointer": "/segments"}, run)


async def test_an_answer_stays_within_its_size(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    path.write_text(json.dumps(["x" * 60_000] * 3), encoding="utf-8")
    part = await call("read_artifact", {"artifact": str(path), "unit": "rows"}, run)
    assert (len(part.rows), part.next) == (1, 1)


async def test_a_damaged_json_file_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"a": [1, 2', encoding="utf-8")
    with pytest.raises(MediaError, match="no valid JSON"):
        await call("read_artifact", {"artifact": str(path), "unit": "rows"}, run)


async def test_a_video_is_refused(run: Run, clip: Path) -> None:
    with pytest.raises(MediaError, match="which is not text"):
        await call("read_artifact", {"artifact": str(clip)}, run)
