"""The loop that serves everybody is not held up by a tool that computes."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sensorium.tools.base.moments import Findings
from sensorium.tools.base.run import Run
from sensorium.tools.find_moments import find_moments
from sensorium.tools.make_chapters import make_chapters
from sensorium.tools.summarize_text import summarize_text
from sensorium.tools.write_report import write_report


class Seen(threading.Event):
    """Notes which threads ask whether to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[threading.Thread] = set()

    def is_set(self) -> bool:
        self.threads.add(threading.current_thread())
        return super().is_set()


@pytest.mark.parametrize(
    ("function", "more"),
    [
        (find_moments.function, {"query": "pendulum"}),
        (make_chapters.function, {}),
        (summarize_text.function, {}),
        (write_report.function, {}),
    ],
)
async def test_findings_are_worked_on_beside_the_loop(
    run: Run, slides: Findings, speech: Findings, function: Callable[..., Any], more: dict[str, str]
) -> None:
    seen = Seen()
    await function(findings=[slides, speech], **more, run=replace(run, cancelled=seen))
    assert seen.threads and threading.current_thread() not in seen.threads
