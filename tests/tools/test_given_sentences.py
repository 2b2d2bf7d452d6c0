"""The sentences of a model in a report: only those that their evidence proves."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools import call
from sensorium.tools.base.moments import Findings, Measure
from sensorium.tools.base.run import Run

Write = Callable[..., Any]


def named(findings: Findings, step: str) -> Findings:
    """Return findings whose moments and measures have the ids that a model was shown."""
    moments = [one.model_copy(update={"id": f"{step}.m{at}"}) for at, one in enumerate(findings.moments, 1)]
    measures = [one.model_copy(update={"id": f"{step}.{one.name}"}) for one in findings.measures]
    return findings.model_copy(update={"moments": moments, "measures": measures})


def another(clip: Path, to: Path) -> Path:
    """Return a copy that is another file by its content."""
    to.write_bytes(clip.read_bytes() + b"\0")
    return to


@pytest.fixture
def write(run: Run, slides: Findings, speech: Findings, probed: Findings) -> Write:
    """Write a report of a talk with these sentences, and return it as data."""
    findings = [named(probed, "probe"), named(slides, "text"), named(speech, "speech")]

    async def written(*sentences: dict[str, Any], more: Sequence[Findings] = (), **given: Any) -> dict[str, Any]:
        arguments = {"findings": [*findings, *more], "sentences": list(sentences), "author": "house:big", **given}
        report = await call("write_report", arguments, run)
        assert "<script>alert" not in run.path(report.html.handle).read_text(encoding="utf-8")
        return json.loads(run.path(report.data.handle).read_text(encoding="utf-8"))

    return written


async def test_proven_sentences_are_the_summary_and_the_model_is_named(write: Write) -> None:
    made = await write(
        {"text": "It opens with “Energy of a pendulum”.", "evidence": ["text.m1"]},
        {"text": "The picture is 160 pixels wide.", "evidence": ["probe.width_pixels"]},
    )
    (first, second) = made["summary"]
    assert first["text"] == "It opens with “Energy of a pendulum”."
    ids = {one["id"]: one["text"] for one in made["moments"]}
    assert [ids[one] for one in first["evidence"]] == ["Energy of a pendulum"]
    assert second["evidence"] == ["width_pixels"]
    assert any("written by a model (house:big)" in limit for limit in made["limits"])
    assert not any("No model interpreted" in limit for limit in made["limits"])


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("It opens with “Energy of a rocket”.", ["text.m1"]),
        ("The picture is 161 pixels wide.", ["probe.width_pixels"]),
        ("At 0:59 it opens.", ["text.m1"]),
        ("It is about energy.", []),
        ("It is about energy.", ["text.m99"]),
    ],
)
async def test_unproven_sentences_leave_the_drafted_summary(write: Write, text: str, evidence: list[str]) -> None:
    made = await write({"text": text, "evidence": evidence})
    assert made["summary"] == (await write())["summary"]
    assert any("No model interpreted" in limit for limit in made["limits"])


async def test_sentences_that_name_a_chapter_stand_in_it(write: Write) -> None:
    made = await write(
        {"text": "The second slide speaks of work.", "evidence": ["text.m4"], "chapter": "2. Work against gravity"}
    )
    assert made["chapters"][1]["sentences"][0]["text"] == "The second slide speaks of work."
    assert made["summary"] == (await write())["summary"]
    assert any("Sentences of the chapters were written by a model" in limit for limit in made["limits"])


async def test_a_measure_of_the_second_file_is_cited_under_its_own_name(
    write: Write, run: Run, clip: Path, tmp_path: Path
) -> None:
    handle = run.workspace.adopt(another(clip, tmp_path / "other.mp4")).handle
    wide = Findings(media=handle, measures=[Measure(id="second.width_pixels", name="width_pixels", value=320)])
    made = await write({"text": "The other is 320 pixels wide.", "evidence": ["second.width_pixels"]}, more=[wide])
    assert made["summary"] == [{"text": "The other is 320 pixels wide.", "evidence": ["width_pixels_2"]}]


async def test_in_chinese_the_model_is_named_in_chinese(write: Write) -> None:
    made = await write({"text": "开头是“Energy of a pendulum”。", "evidence": ["text.m1"]}, request="写一份报告")
    assert any("摘要由模型（house:big）撰写" in limit for limit in made["limits"])


async def test_what_a_model_writes_is_text_on_the_page(write: Write) -> None:
    made = await write({"text": "It opens <script>alert(1)</script>[x](http://x.y).", "evidence": ["text.m1"]},
                       author="<script>alert(2)</script>")  # fmt: skip
    assert made["summary"][0]["text"].startswith("It opens <script>")
