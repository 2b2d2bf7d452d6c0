"""How often the proof is right, on answers that a person has labelled.

They were written in three parts, each unseen by the rules until it was measured, which were then mended. Good sentences
that were marked or struck, and bad ones that were let pass, when first measured: 3 of 79 and 1 of 31; 8 of 40 and 1 of
13; 3 of 17 and 2 of 9. So about one in six sentences of a kind that the rules do not know yet is judged wrongly.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sensorium.agent.evidence import Evidence
from sensorium.agent.files_said import Files
from sensorium.agent.proof import Prover

VIDEO = "artifact://sha256/aa"
LETTERS = {"backed": "b", "marked": "m", "struck": "s"}


def moment(kind: str, start: float | None, end: float | None, text: str, tool: str = "transcribe") -> dict[str, Any]:
    source = {"tool": tool, "provider": "whisper", "quality": "good"}
    return {"kind": kind, "start_seconds": start, "end_seconds": end, "text": text, "media": VIDEO, "source": source}


def found(moments: list[dict[str, Any]], **measures: float) -> dict[str, Any]:
    named = [{"name": name, "value": value, "unit": ""} for name, value in measures.items()]
    return {"media": VIDEO, "moments": moments, "measures": named, "limits": []}


@pytest.fixture
def prover() -> Prover:
    """A prover of one talk of 90.4 s: two slides, four lines of speech, and a search that found nothing."""
    length = moment("fact", None, None, "Length: 90.4 s.", "probe_media")
    results = {
        "probe": found([length], duration_seconds=90.4, width_pixels=1280, height_pixels=720, frames_per_second=25),
        "scenes": found([moment("cut", at, end, "", "find_scenes") for at, end in ((0, 20), (20, 90.4))], scenes=2),
        "speech": found(
            [
                moment("speech", 0.5, 4.0, "Welcome to the talk about kites"),
                moment("speech", 4.2, 9.0, "We grew twelve"),
                moment("speech", 9.0, 12.0, "percent in 2025."),
                moment("speech", 60.0, 64.8, "Kites need wind, says Ana."),
            ],
            words_per_minute=142.3,
        ),
        "text": found(
            [
                moment("text", 0.0, 20.0, "Kites and wind", "read_text"),
                moment("text", 20.0, 90.0, "营业收入 128 万元", "read_text"),
            ],
            slides=2,
        ),
        "found": {**found([]), "query": "budget", "matches": [], "limits": ["No line has the word."]},
    }
    files = [{"handle": VIDEO, "name": "talk.mp4", "kind": "video", "media_type": "video/mp4", "seconds": 90.4}]
    return Prover(
        evidence=Evidence(results, files),
        files=Files(made={"report.html": "text/html", "report.md": "text/markdown"}, own=["talk.mp4"]),
        request="What is it about, and does she mention the budget? 有没有提到预算？",
    )


def answers() -> list[tuple[str, list[tuple[int, int, str]]]]:
    """Return each answer with where its sentences stand and what should become of them."""
    lines = Path(__file__).with_name("labelled_answers.txt").read_text(encoding="utf-8").splitlines()
    made: list[tuple[str, list[tuple[int, int, str]]]] = []
    text, labels = "", list[tuple[int, int, str]]()
    for line in [*(one for one in lines if not one.startswith("# ")), ""]:
        if not line:
            if labels:
                made.append((text, labels))
            text, labels = "", []
            continue
        label, _, sentence = line.removeprefix("+").partition(" ")
        text += " " if line.startswith("+") else "\n" if text else ""
        labels.append((len(text), len(text) + len(sentence), label))
        text += sentence
    return made


def outcomes(prover: Prover) -> list[tuple[str, str, str]]:
    """Return for each sentence what should become of it, what did, and the sentence."""
    made = []
    for text, labels in answers():
        checked = prover.prove(text).checked
        for start, end, label in labels:
            statuses = [LETTERS[one.status] for one in checked if start <= one.claim.start < end]
            worst = next((status for status in "smb" if status in statuses), "-")
            made.append((label, worst, text[start:end]))
    return made


def test_the_proof_agrees_with_a_person(prover: Prover) -> None:
    counted = Counter((label, got) for label, got, _ in outcomes(prover))
    good = sum(count for (label, _), count in counted.items() if label in "b-")
    bad = sum(count for (label, _), count in counted.items() if label in "ms")
    alarms = sum(count for (label, got), count in counted.items() if label in "b-" and got in "ms")
    missed = sum(count for (label, got), count in counted.items() if label in "ms" and got in "b-")
    assert (len(answers()), good, bad) == (138, 136, 52)
    assert (alarms, missed) == (0, 0)


def test_what_only_a_person_can_tell_is_let_pass(prover: Prover) -> None:
    assert {got for label, got, _ in outcomes(prover) if label == "x"} == {"b"}


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("The speaker said ‘kites need rain’ [speech.m4].", "s"),
        ("The speaker said ‘Kites need wind’ [speech.m4].", "b"),
        ("The speaker said 'kites don't need much wind today' [speech.m4].", "s"),
        ("The speaker’s word for ‘wind’ isn’t the kites’ own [speech.m4].", "b"),
        ("The speaker said «kites need rain» [speech.m4].", "s"),
        ("The speaker said „kites need rain“ [speech.m4].", "s"),
        ("The speaker said „Kites need wind“ [speech.m4].", "b"),
        ("The clip lasts 1m30s [probe.duration_seconds].", "b"),
        ("The clip lasts 1 minute and 30 seconds [probe.duration_seconds].", "b"),
        ("The clip lasts 2m30s [probe.duration_seconds].", "s"),
        ("她在1分00秒处提到风 [speech.m4]。", "b"),
        ("她在2分10秒处提到风 [speech.m4]。", "s"),
        ("Growth was -12% [speech.m2, speech.m3].", "s"),
        ("Growth was minus 12 percent [speech.m2, speech.m3].", "s"),
        ("Growth (2025): 12% [speech.m2, speech.m3].", "b"),
        ("Revenue was 128 billion [text.m2].", "m"),
        ("<p>The talk is about kites [speech.m1].</p>", "b"),
        ("<b>She says “kites need rain” [speech.m4].</b>", "s"),
        ("- Slides\n  - “Kites and wind” [text.m1]\n- Speech\n  - Kites need wind [speech.m4]", "bb"),
        ("- A man in a red hat\n- Kites need wind [speech.m4]", "mb"),
    ],
)
def test_marks_times_and_lists_of_other_styles_are_read(prover: Prover, text: str, letters: str) -> None:
    assert "".join(LETTERS[one.status] for one in prover.prove(text).checked) == letters


def test_many_apostrophes_take_little_time(prover: Prover) -> None:
    prover.prove(" 'a 's ‘b " * 8_000)
