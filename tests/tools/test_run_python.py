"""Python code in a real sandbox, as a tool."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ArgumentError, UnavailableError
from sensorium.tools.base.run import Run
from sensorium.tools.sandbox.choice import Choice
from sensorium.tools.sandbox.isolation import try_bubblewrap
from sensorium.tools.sandbox.limits import Limits
from sensorium.tools.sandbox.session import CodeSession
from sensorium.tools.sandbox.sessions import key_of, sessions

pytestmark = pytest.mark.skipif(
    not try_bubblewrap().works and not os.environ.get("CI"), reason=f"no sandbox: {try_bubblewrap().why}"
)
Python = Callable[..., Any]


@pytest.fixture
def python(run: Run) -> Iterator[Python]:
    """Run code in the session of one conversation."""
    asked = replace(run, session="test")
    yield lambda code, **args: call("run_python", {"code": code, **args}, asked)
    sessions.end(key_of(asked))


def measured(result: Any) -> dict[str, float]:
    return {one.name: one.value for one in result.measures}


async def test_code_gives_its_value_and_what_it_printed(python: Python) -> None:
    result = await python("import sys\nprint('out')\nprint('err', file=sys.stderr)\n6 * 7")
    assert (result.ended, result.value, result.stdout, result.stderr) == ("done", "42", "out\n", "err\n")
    assert (result.isolation, result.cells, result.state_lost, result.error) == ("bubblewrap", 1, False, None)
    assert measured(result) == {"seconds": result.seconds, "cpu_seconds": result.cpu_seconds, "value": 42.0}


async def test_variables_stay_for_the_next_call(python: Python) -> None:
    await python("x = 41")
    result = await python("x + 1")
    assert (result.value, result.cells) == ("42", 2)


async def test_numbers_of_a_dict_are_measures(python: Python) -> None:
    result = await python(
        "import numpy as np\n"
        "{'Before seconds': 1.5, 'after': 0.5, 'same': True, 'seconds': 9, 'nan': float('nan'), 'a': np.float64(2.5)}"
    )
    assert measured(result) == {
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "before_seconds": 1.5,
        "after": 0.5,
        "a": 2.5,
    }


async def test_files_lie_in_and_come_out(python: Python, run: Run, tmp_path: Path) -> None:
    (tmp_path / "a name: of (data).csv").write_text("a,b\n1,2\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a name: of (data).csv").write_text("a,b\n3,4\n")
    code = """
import os
import pandas as pd
names = sorted(os.listdir('/work/in'))
both = pd.concat(pd.read_csv(f'/work/in/{name}') for name in names)
both.to_csv('/work/out/both.csv', index=False)
int(both['a'].sum())
"""
    files = [str(tmp_path / "a name: of (data).csv"), str(tmp_path / "other" / "a name: of (data).csv")]
    result = await python(code, files=files)
    assert (result.value, result.inputs) == (
        "4",
        ["/work/in/a name_ of (data).csv", "/work/in/a name_ of (data)-2.csv"],
    )
    assert [(one.name, one.media_type) for one in result.artifacts] == [("both.csv", "text/plain")]
    assert sorted(run.path(result.artifacts[0].handle).read_text().split()) == ["1,2", "3,4", "a,b"]
    assert run.workspace.provenance(result.artifacts[0].handle)[0].tool == "run_python"


async def test_figures_that_are_shown_come_out(python: Python, run: Run) -> None:
    result = await python("import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()")
    assert [(one.name, one.media_type, one.facts) for one in result.artifacts] == [
        ("figure-1.png", "image/png", {"width_pixels": 640, "height_pixels": 480})
    ]


async def test_an_error_has_its_line_and_the_variables_stay(python: Python) -> None:
    failed = await python("x = 1\ndef f():\n    return 1 / 0\nf()")
    assert failed.error
    assert (failed.ended, failed.error.type, failed.error.line) == ("error", "ZeroDivisionError", 3)
    assert (await python("x")).value == "1"


async def test_a_syntax_error_has_its_line(python: Python) -> None:
    failed = await python("x = 1\ndef f(:\n    pass")
    assert failed.error
    assert (failed.error.type, failed.error.line) == ("SyntaxError", 2)


async def test_a_missing_package_is_answered_with_those_that_are_there(python: Python) -> None:
    failed = await python("import nosuchpackage", packages=["ruff"])
    assert failed.error
    for name in ("numpy", "pandas", "matplotlib", "PIL", "scipy", "ruff"):
        assert name in failed.error.message


@pytest.mark.parametrize("name", ["nosuchpackage", "../numpy", "numpy>=2", ""])
async def test_packages_that_are_not_installed_are_refused_before_anything_runs(python: Python, name: str) -> None:
    with pytest.raises(ArgumentError, match="There are: numpy, pandas, matplotlib, pillow, scipy"):
        await python("open('/work/out/x', 'w')", packages=[name])


async def test_names_of_an_earlier_session_are_not_there_and_it_is_said(python: Python) -> None:
    failed = await python("never_defined")
    assert failed.limits == ["No variables of earlier calls are there: the session began with this one."]


async def test_an_endless_loop_loses_the_variables_and_the_next_call_works(python: Python) -> None:
    await python("x = 1")
    stopped = await python("while True: pass", timeout_seconds=1)
    assert stopped.seconds < Limits().wall_seconds
    assert (stopped.ended, stopped.state_lost, stopped.partial) == ("timeout", True, True)
    assert "cpu_seconds" not in measured(stopped)
    following = await python("'x' in globals()")
    assert (following.value, following.cells, following.state_lost) == ("False", 1, False)


@pytest.mark.parametrize(
    "code",
    [
        "while True: print('x' * 1_000_000)",
        "import os\nwhile True: os.fork()",
        "import os, time\nfor _ in range(10_000):\n    if os.fork() == 0: time.sleep(60)",
        "for n in range(100_000): open(f'/work/out/{n}', 'w').write('x')",
        "x = 'x' * 2**40",
        "import os\nos._exit(0)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    ],
)
async def test_what_takes_too_much_ends_and_the_session_goes_on(python: Python, code: str) -> None:
    started = time.monotonic()
    result = await python(code, timeout_seconds=4)
    assert time.monotonic() - started < 30
    assert result.ended != "done" or result.refused
    assert len(result.stdout) <= 256 * 1024 + 100
    assert (await python("1 + 1")).value == "2"


async def test_a_session_that_was_lost_between_calls_says_so(python: Python, run: Run) -> None:
    await python("x = 1")
    sessions.end(key_of(replace(run, session="test")))
    result = await python("'x' in globals()")
    assert (result.value, result.state_lost) == ("False", True)
    assert (await python("1")).state_lost is False


async def test_a_session_of_another_process_says_that_its_variables_are_lost(run: Run) -> None:
    asked = replace(run, session="left behind", session_lost=True)
    assert (await call("run_python", {"code": "1"}, asked)).state_lost is True
    assert (await call("run_python", {"code": "1"}, asked)).state_lost is False
    sessions.end(key_of(asked))


async def test_two_conversations_share_nothing(run: Run) -> None:
    first, second = replace(run, session="first"), replace(run, session="second")
    await call("run_python", {"code": "x = 1\nopen('/work/out/x', 'w').write('x')"}, first)
    seen = "import os\n('x' in globals(), os.listdir('/work/out'))"
    assert (await call("run_python", {"code": seen}, second)).value == "(False, [])"
    for one in (first, second):
        sessions.end(key_of(one))


async def test_a_call_that_is_cancelled_ends_its_code(python: Python, run: Run) -> None:
    await python("x = 1")
    session = sessions.get(key_of(replace(run, session="test")))
    assert isinstance(session, CodeSession)
    running = asyncio.ensure_future(python("import time\ntime.sleep(60)", timeout_seconds=60))
    while not session._call:  # noqa: ASYNC110 - it has no event for this
        await asyncio.sleep(0.01)
    started = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    result = await python("'x' in globals()")
    assert (result.value, time.monotonic() - started < 30) == ("False", True)


async def test_the_same_code_runs_each_time_it_is_asked(run: Run) -> None:
    asked = replace(run, session="twice")
    outcomes = [await perform("run_python", {"code": "n = globals().get('n', 0) + 1\nn"}, asked) for _ in range(2)]
    assert [(one.result.value, one.cached) for one in outcomes] == [("1", False), ("2", False)]  # type: ignore[attr-defined]
    sessions.end(key_of(asked))


@pytest.mark.parametrize("code", ["x" * 499_999 + "é" * 1, "'\ud800'", "\0"])
async def test_code_that_is_no_code_is_a_typed_error_or_a_fault(python: Python, code: str) -> None:
    try:
        result = await python(code)
    except ArgumentError:
        return
    assert result.ended == "error"


async def test_without_any_isolation_nothing_runs(run: Run) -> None:
    asked = replace(run, settings=replace(run.settings, sandbox=Choice(kind="none")))
    with pytest.raises(UnavailableError, match="kind"):
        await call("run_python", {"code": "1"}, asked)


async def test_the_calculator_is_labelled(run: Run) -> None:
    pytest.importorskip("pydantic_monty")
    asked = replace(run, session="monty", settings=replace(run.settings, sandbox=Choice(kind="monty")))
    result = await call("run_python", {"code": "6 * 7"}, asked)
    assert (result.value, result.isolation) == ("42", "monty")
    assert result.limits == ["It ran under the weaker isolation 'monty'; see `sensorium doctor`."]
    sessions.end(key_of(asked))


async def test_code_that_may_take_longer_may_use_more_of_the_processor(run: Run) -> None:
    limits = Limits(wall_seconds=1, cpu_seconds=1)
    asked = replace(run, session="longer", settings=replace(run.settings, sandbox=Choice(limits=limits)))
    code = "import time\nends = time.process_time() + 1.5\nwhile time.process_time() < ends: pass\n'done'"
    assert (await call("run_python", {"code": code, "timeout_seconds": 20}, asked)).value == "'done'"
    sessions.end(key_of(asked))
