"""Requests about code, understood and answered without a model."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensorium.agent.assistant import Assistant
from sensorium.agent.embedded.facts import File
from sensorium.agent.embedded.intents import Cannot, Code, Find, Intent, Read, Report, Summarize
from sensorium.agent.embedded.understand import understand
from sensorium.tools.base.settings import Settings
from sensorium.tools.sandbox.isolation import try_bubblewrap
from sensorium.tools.sandbox.sessions import sessions

SCRIPT = File(reference="$files[0]", name="slow.py", kind="text", language="Python", lines=11)
VIDEO = File(reference="$files[1]", name="talk.mp4", kind="video", seconds=200.0, has_sound=True, has_pictures=True)
NOTES = File(reference="$files[0]", name="notes.txt", kind="text")
HELD = Code()
RUN = Code(runs=True)
TIMED = Code(runs=True, times=True)
PROFILED = Code(runs=True, times=True, profiles=True)
OPTIMISED = Code(runs=True, times=True, profiles=True, rewrites=True)

OF_A_SCRIPT: list[tuple[str, list[Intent]]] = [
    ("", [HELD]),
    ("analyze this script", [HELD]),
    ("what does slow.py do? Are there any bugs?", [HELD]),
    ("review the code", [HELD]),
    ("explain this", [HELD]),
    ("run it", [RUN]),
    ("what does it print?", [RUN]),
    ("这个脚本的输出是什么？", [RUN]),
    ("how complex is this code?", [HELD]),
    ("print the code", [Read()]),
    ("execute the script and time it", [TIMED]),
    ("how long does it take?", [TIMED]),
    ("profile it, where is the bottleneck?", [PROFILED]),
    ("which function is the slowest?", [PROFILED]),
    ("optimise this script and document it", [OPTIMISED]),
    ("Make it faster", [OPTIMISED]),
    ("add docstrings", [Code(rewrites=True)]),
    ("write a report on this code", [HELD, Report()]),
    ("read slow.py", [Read()]),
    ("find 'import'", [Find(query="import")]),
    ("分析这个脚本", [HELD]),
    ("运行一下", [RUN]),
    ("运行这个脚本，看看哪里慢", [TIMED]),
    ("哪个函数最慢？", [PROFILED]),
    ("优化这个脚本并写文档", [OPTIMISED]),
    ("重构代码", [Code(rewrites=True)]),
]


@pytest.mark.parametrize(("request_", "wanted"), OF_A_SCRIPT)
def test_a_request_about_a_script_is_understood(request_: str, wanted: list[Intent]) -> None:
    assert list(understand(request_, [SCRIPT]).intents) == wanted


def test_a_file_of_text_is_no_code() -> None:
    assert list(understand("", [NOTES]).intents) == [Summarize()]
    assert Code() not in understand("analyze this", [NOTES]).intents


def test_code_beside_a_video_leaves_the_video_its_own() -> None:
    found = understand("Summarize the talk, and run the script", [SCRIPT, VIDEO]).intents
    assert list(found) == [Report(), RUN]


def test_code_that_is_not_there_cannot_be_run() -> None:
    assert Cannot("code") in understand("write a python script that sorts numbers").intents


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    if not try_bubblewrap().works:
        assert os.environ.get("CI") != "true", try_bubblewrap().why
        pytest.skip(f"no sandbox: {try_bubblewrap().why}")
    with Assistant(settings) as opened:
        yield opened
    sessions.end_all()


SLOW = """def count(words):
    seen = []
    for word in words:
        if word not in seen:
            seen.append(word)
    return len(seen)

print(count([str(i * 7919 % 1001) for i in range(4000)]))
"""


async def test_a_script_is_measured_and_that_it_cannot_be_rewritten_is_said(
    assistant: Assistant, tmp_path: Path
) -> None:
    (tmp_path / "a slow script.py").write_text(SLOW)
    answer = await assistant.run("optimise this script and document it", [tmp_path / "a slow script.py"])
    result = next(one.result for one in assistant.show(answer.run_id).steps if one.step == "timing")
    seconds = next(one["value"] for one in result["measures"] if one["name"] == "run_seconds")
    assert answer.status == "partial"
    assert f"a slow script.py takes {seconds:.3g} s (best of 5 runs)" in answer.text
    assert "It printed:\n    1001\n" in answer.text
    assert re.search(r"- count \(line 1\): \d+ % of the time, [\d.]+ s itself, 1 calls", answer.text)
    assert "I cannot rewrite or document code: that needs a language model" in answer.text


async def test_a_report_on_a_script_has_what_running_it_gave(assistant: Assistant, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    answer = await assistant.run("run it and write a report", [tmp_path / "slow.py"])
    report = next(assistant.path(one.handle).read_text() for one in answer.artifacts if one.name == "report.md")
    assert re.search(r"\| run seconds \|.* s \|", report)


async def test_a_script_that_fails_is_answered_with_its_line(assistant: Assistant, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("x = 1\n\nprint(x / 0)\n")
    answer = await assistant.run("run it", [tmp_path / "bad.py"])
    assert "bad.py ended with ZeroDivisionError: division by zero in line 3." in answer.text


async def test_a_script_finds_the_files_that_are_given_with_it_and_leaves_what_it_writes(
    assistant: Assistant, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(
        "from helper import load\nrows = load('数据.csv')\nprint('rows ', rows)\n"
        "open('sum.txt', 'w').write(str(rows))\n"
    )
    (tmp_path / "helper.py").write_text("def load(path):\n    return len(open(path).readlines())\n")
    (tmp_path / "数据.csv").write_text("a\n1\n2\n")
    answer = await assistant.run("run main.py", [tmp_path / one for one in ("helper.py", "main.py", "数据.csv")])
    assert "not used" not in answer.text
    assert "It printed:\n    rows  3\n" in answer.text
    assert {one.name: assistant.path(one.handle).read_text() for one in answer.artifacts} == {"sum.txt": "3"}


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("open('data.csv')", "It sees the files that are given with it"),
        ("import urllib.request\nurllib.request.urlopen('http://example.com')", "There is no network in the sandbox."),
        ("input('name? ')", "Nobody can type anything in for it there."),
        ("import sys\nprint(sys.argv[1])", "It is run without arguments here."),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('n')\np.parse_args()", "required: n"),
    ],
)
async def test_what_a_script_wants_that_it_has_not_is_said(
    assistant: Assistant, tmp_path: Path, script: str, said: str
) -> None:
    (tmp_path / "wants.py").write_text(script)
    assert said in (await assistant.run("run it", [tmp_path / "wants.py"])).text


async def test_a_notebook_is_run_and_answered_in_the_language_of_the_request(
    assistant: Assistant, tmp_path: Path
) -> None:
    cells = '{"cell_type": "code", "source": ["%matplotlib inline\\n", "%time x = sum(range(10))\\n", "print(x)"]}'
    (tmp_path / "work.ipynb").write_text(f'{{"nbformat": 4, "cells": [{cells}]}}')
    answer = await assistant.run("运行这个笔记本", [tmp_path / "work.ipynb"])
    assert "在沙箱中运行 work.ipynb 需要" in answer.text
    assert "输出：\n    45" in answer.text
    assert answer.status == "done"


async def test_code_of_another_language_is_counted_and_not_run(assistant: Assistant, tmp_path: Path) -> None:
    (tmp_path / "add.ts").write_text("// adds\nexport const add = (a: number, b: number) => a + b\n")
    answer = await assistant.run("run this", [tmp_path / "add.ts"])
    assert "add.ts: TypeScript, 2 lines, of them 1 of code and 1 of comments." in answer.text
    assert "only Python and notebooks are run here" in answer.text
