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


@pytest.mark.parametrize(("ending", "unit"), [("txt", "lines"), ("csv", "rows")])
async def test_so_do_many_long_lines_and_rows(run: Run, tmp_path: Path, ending: str, unit: str) -> None:
    path = tmp_path / f"big.{ending}"
    path.write_text("name,value\n" + f"{'x' * 9_000},1\n" * 30, encoding="utf-8")
    part = await call("read_artifact", {"artifact": str(path), "unit": unit}, run)
    assert 80_000 < len(part.model_dump_json()) < 110_000
    rest = await call("read_artifact", {"artifact": str(path), "unit": unit, "start": part.next}, run)
    assert rest.start == part.next and (rest.rows or rest.text.startswith("xxx"))


async def test_a_row_that_no_answer_holds_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("a,b\n" + ",".join(["x" * 9_000] * 20) + "\n", encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"Item 0 of 'wide.csv' alone has 180,\d+ characters; the limit is 100,000"):
        await call("read_artifact", {"artifact": str(path), "unit": "rows"}, run)


async def test_a_first_row_that_is_no_row_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("x" * 200_000 + ",b\n1,2\n", encoding="utf-8")
    with pytest.raises(MediaError, match="is no table: field larger than field limit"):
        await call("read_artifact", {"artifact": str(path), "unit": "rows"}, run)


@pytest.mark.parametrize(
    ("pointer", "rows"),
    [("", [{"key": "", "value": 1}, {"key": "a", "value": [7, 8]}]), ("/", [1]), ("/a", [7, 8]), ("/a/1", [8])],
)
async def test_pointers_are_those_of_the_standard(run: Run, tmp_path: Path, pointer: str, rows: list[object]) -> None:
    path = tmp_path / "some.json"
    path.write_text('{"": 1, "a": [7, 8]}', encoding="utf-8")
    part = await call("read_artifact", {"artifact": str(path), "unit": "rows", "pointer": pointer}, run)
    assert part.rows == rows


@pytest.mark.parametrize("pointer", ["a", "/a/-1", "/a/01", "/a/ 1", "/a/-", "/a/2", "/a/"])
async def test_other_pointers_are_refused(run: Run, tmp_path: Path, pointer: str) -> None:
    path = tmp_path / "some.json"
    path.write_text('{"": 1, "a": [7, 8]}', encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"has nothing at|begins with `/`"):
        await call("read_artifact", {"artifact": str(path), "unit": "rows", "pointer": pointer}, run)


async def test_a_number_of_too_many_digits_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    path.write_text(f"[{'9' * 5000}]", encoding="utf-8")
    with pytest.raises(MediaError, match="cannot be read as JSON: Exceeds the limit"):
        await call("read_artifact", {"artifact": str(path), "unit": "rows"}, run)


async def test_a_damaged_json_file_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"a": [1, 2', encoding="utf-8")
    with pytest.raises(MediaError, match="cannot be read as JSON: Expecting"):
        await call("read_artifact", {"artifact": str(path), "unit": "rows"}, run)


async def test_a_video_is_refused(run: Run, clip: Path) -> None:
    with pytest.raises(MediaError, match="which is not text"):
        await call("read_artifact", {"artifact": str(clip)}, run)
