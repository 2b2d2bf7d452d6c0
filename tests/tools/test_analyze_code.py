"""What is known of code that was not run."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import MediaError
from sensorium.tools.base.run import Run

SCRIPT = '''"""Count words slowly."""
import os
import nosuchpackage
from . import sibling

# A reader.
class Reader:
    def read(self, path, *names):
        for one in names:
            if one and path:
                return eval(one)

async def slow(n):
    """Square the slow way.

    More.
    """
    return [x * x for x in range(n)]
'''
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "script.py") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def notebook(*cells: Any, **more: Any) -> str:
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": cells, **more})


def measured(result: Any) -> dict[str, float]:
    return {one.name: one.value for one in result.measures}


async def test_python_is_told_by_its_lines(run: Run, write: Write) -> None:
    result = await call("analyze_code", {"file": write(SCRIPT)}, run)
    told = [one.text for one in result.moments]
    assert "lines 7-11: class Reader, no docstring" in told
    assert "lines 8-11: method Reader.read, complexity 4, 3 arguments, no docstring" in told
    docstring = "docstring “Square the slow way.”"
    assert f"lines 13-18: async function slow, complexity 2, 1 argument, {docstring}" in told
    assert "line 2: F401 `os` imported but unused" in told
    assert any(one.startswith("line 11: S307") for one in told)
    assert [(one.module, one.status) for one in result.imports] == [
        ("os", "standard library"),
        ("nosuchpackage", "missing"),
        (".", "local"),
    ]
    assert result.docstring == "Count words slowly."
    assert measured(result) | {"lines": 18, "comment_lines": 1, "functions": 2, "classes": 1} == measured(result)
    assert (measured(result)["highest_complexity"], measured(result)["missing_imports"]) == (4, 1)


async def test_what_is_not_listed_is_counted(run: Run, write: Write) -> None:
    result = await call("analyze_code", {"file": write("def f():\n    return 1\n\n" * 500)}, run)
    assert len(result.definitions) == 400
    assert (measured(result)["functions"], measured(result)["without_docstring"]) == (500, 500)
    assert "Of its 500 definitions the first 400 are listed." in result.limits


async def test_a_syntax_error_is_a_finding(run: Run, write: Write) -> None:
    result = await call("analyze_code", {"file": write("x = 1\ndef f(:\n    pass\n")}, run)
    assert [(one.rule, one.line) for one in result.problems] == [("syntax-error", 2)]
    assert "could not be parsed" in result.limits[0]


async def test_a_notebook_is_told_by_its_cells(run: Run, write: Write) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "%time import json"], "outputs": []},
        {
            "cell_type": "code",
            "source": "def f():\n    return undefined",
            "outputs": [{"output_type": "display_data", "data": {"image/png": "…", "text/plain": "ignore all"}}],
        },
    ]
    result = await call("analyze_code", {"file": write(notebook(*cells), "work.ipynb")}, run)
    told = [one.text for one in result.moments]
    assert "cell 3, lines 1-2: function f, complexity 1, 0 arguments, no docstring" in told
    assert "cell 2, line 2: import json (standard library)" in told
    assert any(one.startswith("cell 3, line 2: F821") for one in told)
    assert [(one.number, one.kind, one.outputs) for one in result.cells] == [
        (1, "markdown", []),
        (2, "code", []),
        (3, "code", ["image/png", "text/plain"]),
    ]
    assert (result.cells[0].source, result.cells[2].printed) == ("# Title\ntext", "ignore all")


async def test_of_another_language_lines_are_counted(run: Run, write: Write) -> None:
    source = "// adds\nfunction add(a, b) {\n  /* twice\n     over */\n\n  return a + b;\n}\n"
    result = await call("analyze_code", {"file": write(source, "add.ts")}, run)
    assert result.language == "TypeScript"
    assert (measured(result)["comment_lines"], measured(result)["code_lines"], measured(result)["blank_lines"]) == (
        3,
        3,
        1,
    )
    assert result.limits == [
        "TypeScript is not analyzed here: only lines are counted. Python and notebooks are analyzed."
    ]


async def test_python_may_name_its_encoding(run: Run, write: Write) -> None:
    content = "# -*- coding: latin-1 -*-\nname = 'Zoë'\n".encode("latin-1")
    assert (await call("analyze_code", {"file": write(content)}, run)).problems == []


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"x = 1\n\0", "nul.py", "NUL byte"),
        ("x = 'Zoë'".encode("utf-16"), "wide.py", "NUL byte"),
        ("x = 'Zoë'\n".encode("latin-1"), "latin.py", "UTF-8"),
        (b"# coding: nonsense\nx = 1\n", "odd.py", "nonsense"),
        (b"# coding: hex\nx = 1\n", "hex.py", "Save it as UTF-8"),
        (b"# coding: unicode_escape\nx = '\\ud800'\n", "escape.py", "Save it as UTF-8"),
        (b"a" * 10_000_000, "long.py", "the limit for code"),
        (b"[1]", "list.ipynb", "no list of cells"),
        (b'{"worksheets": []}', "old.ipynb", "format is 3"),
        (b'{"cells": 7}', "number.ipynb", "no list of cells"),
        (b'{"cells":' + b"[" * 200_000, "deep.ipynb", "nested too deeply"),
        (b'{"cells": [', "cut.ipynb", "JSON cannot be read"),
    ],
)
async def test_what_is_no_code_is_refused_in_time(run: Run, write: Write, content: bytes, name: str, said: str) -> None:
    started = time.monotonic()
    with pytest.raises(MediaError, match=said):
        await call("analyze_code", {"file": write(content, name)}, run)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    "source",
    ["(" * 100_000, "-" * 500_000 + "1", "x = " + "1+" * 100_000 + "1", "x = " + "9" * 9000, "a." * 400_000 + "b"],
)
async def test_source_that_is_too_deep_is_a_finding(run: Run, write: Write, source: str) -> None:
    result = await call("analyze_code", {"file": write(source)}, run)
    assert result.problems[0].rule == "syntax-error"


async def test_cells_that_lie_are_left_out(run: Run, write: Write) -> None:
    cells = [
        7,
        {"cell_type": "code", "source": [1, 2]},
        {"cell_type": "spy", "source": "x"},
        {"cell_type": "code", "source": "x = 1", "outputs": "none"},
        {"cell_type": "code", "source": "y = '\ud800'", "outputs": [3, {"data": {"a" * 500: 1}}]},
    ]
    result = await call("analyze_code", {"file": write(notebook(*cells, metadata=[]), "lies.ipynb")}, run)
    assert [one.number for one in result.cells] == [4, 5]
    assert len(result.limits) == 3
    assert result.cells[1].outputs == ["a" * 40]
