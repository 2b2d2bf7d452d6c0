"""Requests about code, from the script to the new file with both timings, in a real sandbox."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.settings import Settings
from sensorium.tools.sandbox.isolation import try_bubblewrap
from sensorium.tools.sandbox.sessions import sessions

pytestmark = pytest.mark.skipif(
    not try_bubblewrap().works and not os.environ.get("CI"), reason=f"no sandbox: {try_bubblewrap().why}"
)
SLOW = """def count(words):
    seen = []
    for word in words:
        if word not in seen:
            seen.append(word)
    return len(seen)


def make(n):
    return [str(i * 7919 % 3001) for i in range(n)]


print(count(make(8000)))
"""
FAST = '''"""Count different words."""


def count(words):
    """Return how many different words there are."""
    return len(set(words))


def make(n):
    """Return n words."""
    return [str(i * 7919 % 3001) for i in range(n)]


print(count(make(8000)))
'''
TIMING = """import runpy, time
started = time.perf_counter()
runpy.run_path('/work/in/slow.py', run_name='__main__')
{'now_seconds': time.perf_counter() - started}
"""
COMPARE = f"""import contextlib, io, runpy, time
NEW = {FAST!r}
open('/work/out/fast.py', 'w').write(NEW)
open('/work/out/fast.md', 'w').write('# fast.py\\n\\nCounts different words with a set.\\n')

def best(path):
    times = []
    for _ in range(3):
        said = io.StringIO()
        started = time.perf_counter()
        with contextlib.redirect_stdout(said):
            runpy.run_path(path, run_name='__main__')
        times.append(time.perf_counter() - started)
    return min(times), said.getvalue()

before, said_before = best('/work/in/slow.py')
after, said_after = best('/work/out/fast.py')
assert said_before == said_after
{{'before_seconds': round(before, 4), 'after_seconds': round(after, 4)}}
"""


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    path = tmp_path / "slow.py"
    path.write_text(SLOW)
    return path


@pytest.fixture
def settings(tmp_path: Path, server: Any) -> Settings:
    endpoint = Endpoint(name="house", base_url=server.url)
    return Settings(home=tmp_path / "home", offline=True, models={"think": "house:big"}, endpoints={"house": endpoint})


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    sessions.end_all()


async def test_a_script_is_optimised_and_documented_with_timings_that_were_measured(
    settings: Settings, server: Any, script: ModuleType, slow: Path
) -> None:
    steps = [
        {"id": "held", "tool": "analyze_code", "args": {"file": "$files[0]"}},
        {"id": "text", "tool": "read_artifact", "args": {"artifact": "$files[0]"}},
        {"id": "now", "tool": "run_python", "args": {"code": TIMING, "files": ["$files[0]"]}},
    ]
    compare = {"id": "faster", "tool": "run_python", "args": {"code": COMPARE, "files": ["$files[0]"]}}

    def answer(request: dict[str, Any]) -> Any:
        told = [one["content"] for one in request["messages"] if one["role"] == "tool"]
        if not told:
            return script.calls(("make_plan", {"goal": "Read it", "steps": steps}))
        if len(told) == 1:
            assert "lines 1-6: function count" in told[0] and "seen.append(word)" in told[0]
            assert "now_seconds" in told[0]
            return script.calls(("make_plan", {"goal": "Make it faster", "steps": [compare]}))
        seconds = dict(re.findall(r'"(before_seconds|after_seconds)":"([\d.e-]+)', told[-1]))
        return script.says(
            f"The script took {seconds['before_seconds']} s [faster.before_seconds] and now takes "
            f"{seconds['after_seconds']} s [faster.after_seconds]. "
            "The new script is fast.py, its documentation fast.md [faster]."
        )

    server.answering = answer
    with Assistant(settings) as assistant:
        done = await assistant.run("Optimise this script and document it", [slow])
        steps_done = {one["id"]: one for one in done.steps}
        made = {one.name: assistant.path(one.handle).read_text() for one in done.artifacts}
        result = assistant.show(done.run_id).steps[-1].result
    assert done.status == "done", done.text
    assert set(steps_done) == {"held", "text", "now", "faster"}
    measured = {one["name"]: one["value"] for one in result["measures"]}
    assert measured["after_seconds"] < measured["before_seconds"]
    said = [float(one) for one in re.findall(r"([\d.]+(?:e-\d+)?) s\b", done.text)]
    assert said == pytest.approx([measured["before_seconds"], measured["after_seconds"]], rel=1e-5)
    assert made["fast.py"] == FAST
    assert "with a set" in made["fast.md"]


async def test_a_timing_that_was_not_measured_is_struck(
    settings: Settings, server: Any, script: ModuleType, slow: Path
) -> None:
    timing = {"id": "timing", "tool": "run_python", "args": {"code": "{'run_seconds': 0.5}", "files": ["$files[0]"]}}
    lies = script.says("It ran in 0.001 s [timing.run_seconds], a thousand times faster.")
    server.play(script.calls(("make_plan", {"goal": "Time it", "steps": [timing]})), lies, lies)
    with Assistant(settings) as assistant:
        done = await assistant.run("How fast is it?", [slow])
    assert "0.001" not in done.text


async def test_the_variables_of_a_conversation_are_there_in_its_next_turn(
    settings: Settings, server: Any, script: ModuleType
) -> None:
    server.play(
        script.calls(("run_python", {"code": "x = 40"})),
        script.says("Done."),
        script.calls(("run_python", {"code": "x + 2"})),
        script.says("It is 42 [run_python_2.value]."),
    )
    with Assistant(settings) as assistant:
        first = await assistant.run("Set x to 40")
        second = await assistant.run("Add 2 to x", thread=first.thread)
        result = assistant.show(second.run_id).steps[-1].result
    assert (result["value"], result["cells"]) == ("42", 2)


async def test_a_conversation_that_goes_on_in_another_process_says_that_its_variables_are_lost(
    settings: Settings, server: Any, script: ModuleType
) -> None:
    asked = {"code": "x + 2"}
    server.play(
        script.calls(("run_python", {"code": "x = 40"})),
        script.says("Done."),
        script.calls(("run_python", asked)),
        script.says("x is not there any more."),
        script.says("x is not there any more."),
    )
    with Assistant(settings) as assistant:
        first = await assistant.run("Set x to 40")
    sessions.end_all()
    sessions._stands.clear()  # as in a process that never ran code
    with Assistant(settings) as assistant:
        second = await assistant.run("Add 2 to x", thread=first.thread)
        result = assistant.show(second.run_id).steps[-1].result
    assert (result["error"]["type"], result["state_lost"]) == ("NameError", True)


async def test_a_later_turn_of_the_embedded_brain_is_asked_about_no_code(settings: Settings, tmp_path: Path) -> None:
    note, script = tmp_path / "note.txt", tmp_path / "slow.py"
    note.write_text("Kites fly in the wind. The wind blows in spring.")
    script.write_text(SLOW)
    with Assistant(replace(settings, models={})) as assistant:
        first = await assistant.run("Summarize it", [note])
        second = await assistant.run("Optimise this script", [script], thread=first.thread)
        third = await assistant.run("run it again", thread=first.thread)
    for answer in (second, third):
        assert {one["tool"]: one["status"] for one in answer.steps} == {"analyze_code": "done", "run_python": "done"}
