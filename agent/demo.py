"""`sensorium demo`: make a short narrated video, report on it, and measure the report against what is known of it."""

import argparse
import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..tools.base.run import Run
from ..tools.base.settings import Settings
from .answer import Options
from .assistant import Assistant
from .commands import answer
from .deliver import prepare
from .demo_video import SECONDS, Shown, Talk, make_talk
from .printing import say, tell

REQUEST = "Analyze this video and write a report"
NEAR_SECONDS = 0.2
"""A slide change counts as found when it is placed at most this far from where it is."""


def demo(chosen: argparse.Namespace) -> int:
    """Make the video, run the main job on it, and print where the report is and how right it is."""
    prepare(chosen.output)
    settings = Settings.read(local_only=chosen.local_only)
    tell(f"Making a narrated talk of {SECONDS} seconds …")
    talk = _make(chosen.output, settings)
    options = Options(output=str(chosen.output.absolute()))
    with Assistant(settings) as assistant:
        code = answer(
            assistant,
            lambda on_event, approve: assistant.run(
                REQUEST, [talk.path], options=options, on_event=on_event, approve=approve
            ),
            as_json=False,
        )
    written = chosen.output / "report.json"
    if code not in (0, 5) or not written.exists():
        return code or 1
    say("")
    for line in verdict(talk, json.loads(written.read_text(encoding="utf-8"))):
        say(line)
    say(f"\nVideo:  {talk.path}\nReport: {chosen.output / 'report.html'}")
    return code


def _make(folder: Path, settings: Settings) -> Talk:
    run = Run.open(settings)
    try:
        return asyncio.run(make_talk(folder, run))
    finally:
        run.library.close()


def verdict(talk: Talk, report: dict[str, Any]) -> Iterator[str]:
    """Yield how a report compares with what is known of the video it is about."""
    yield "Measured against what is known of the video:"
    changes = [one.start_seconds for one in talk.shown[1:]]
    cuts = sorted(one["start_seconds"] for one in report["moments"] if one["kind"] == "cut")
    errors = [min((abs(cut - change) for cut in cuts), default=float("inf")) for change in changes]
    found = [error for error in errors if error <= NEAR_SECONDS]
    extra = sum(all(abs(cut - change) > NEAR_SECONDS for change in changes) for cut in cuts)
    largest = f", the largest error is {max(found):.2f} s" if found else ""
    yield f"- slide changes: {len(found)} of {len(changes)} within {NEAR_SECONDS} s, {extra} that are none{largest}"
    wrong = letters = 0
    for one in talk.shown:
        known = _letters(one.texts)
        wrong += edits(known, _letters(_read(report, one)))
        letters += len(known)
    yield f"- slide text: {wrong} of {letters} characters wrong ({100 * wrong / letters:.1f} %)"
    known_words = [word for one in talk.shown if one.language == "en" for word in _words(one.said)]
    heard = [word for one in talk.shown if one.language == "en" for word in _words(_heard(report, one))]
    share = 100 * edits(known_words, heard) / len(known_words)
    yield f"- English speech: {share:.0f} % of {len(known_words)} words wrong (synthetic speech, {_engine(report)})"
    if not talk.chinese_slide:
        yield "- no Chinese slide: no font for Chinese was found here; `sensorium doctor` says what adds one"


def _read(report: dict[str, Any], slide: Shown) -> list[str]:
    """Return the lines a report has for the middle of a slide, from top to bottom."""
    middle = (slide.start_seconds + slide.end_seconds) / 2
    lines = [
        one
        for one in report["moments"]
        if one["kind"] == "text" and one["start_seconds"] <= middle <= one["end_seconds"]
    ]
    return [one["text"] for one in sorted(lines, key=lambda one: (one["box"] or [0, 0])[1])]


def _heard(report: dict[str, Any], slide: Shown) -> str:
    spoken = [
        one["text"]
        for one in report["moments"]
        if one["kind"] == "speech" and slide.start_seconds <= one["start_seconds"] < slide.end_seconds
    ]
    return " ".join(spoken)


def _engine(report: dict[str, Any]) -> str:
    return next((one["source"]["provider"] for one in report["moments"] if one["kind"] == "speech"), "nothing heard")


def _letters(lines: Sequence[str]) -> list[str]:
    return list("".join("".join(lines).split()))


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


def edits(known: Sequence[str], found: Sequence[str]) -> int:
    """Return the least number of insertions, deletions and replacements between two sequences (Levenshtein)."""
    row = list(range(len(found) + 1))
    for number, wanted in enumerate(known, 1):
        before, row[0] = row[0], number
        for place, given in enumerate(found, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (wanted != given))
    return row[-1]
