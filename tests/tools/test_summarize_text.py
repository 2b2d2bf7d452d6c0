"""The sentences that matter."""

from pathlib import Path

import pytest

from sensorium.tools import call
from sensorium.tools.base.errors import ArgumentError, MediaError
from sensorium.tools.base.moments import Findings
from sensorium.tools.base.run import Run

TEXT = """The harbour was rebuilt in 1932. The new harbour has two docks for large ships.

A cat sleeps. Ships reach the docks of the harbour through a narrow canal. My tea is cold."""
ZH = "营业收入同比增长百分之十二。营业收入主要来自华东地区。今天天气很好。新增客户带来了营业收入。"


async def test_sentences_are_quoted_with_their_place(run: Run) -> None:
    summary = await call("summarize_text", {"text": TEXT, "sentences": 2}, run)
    assert len(summary.sentences) == 2
    for one in summary.sentences:
        assert " ".join(TEXT[one.start : one.end].split()) == one.text
    assert "tea" not in summary.text
    assert "harbour" in [term.text for term in summary.terms]
    assert summary.language == "en"


async def test_chinese_is_summarized_too(run: Run) -> None:
    summary = await call("summarize_text", {"text": ZH, "sentences": 2}, run)
    assert "天气" not in summary.text
    assert summary.terms[0].text == "营业收入"
    assert summary.language == "zh"


async def test_sentences_of_a_transcript_come_with_their_times(run: Run, speech: Findings) -> None:
    summary = await call("summarize_text", {"findings": [speech], "sentences": 6}, run)
    joined = next(one for one in summary.sentences if one.text.startswith("Fifteen times ten"))
    assert joined.text.endswith("potential energy of this pendulum.")
    assert (joined.start_seconds, joined.end_seconds) == (22.0, 31.0)
    assert {moment.start_seconds for moment in summary.moments} >= {22.0, 27.2}


async def test_a_text_file_is_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(TEXT, encoding="utf-8")
    summary = await call("summarize_text", {"file": str(path), "sentences": 1}, run)
    assert summary.sentences[0].text in " ".join(TEXT.split())
    assert summary.moments[0].media == summary.media


async def test_what_read_artifact_reads_is_summarized_too(run: Run) -> None:
    subtitles = f"1\n00:00:01,000 --> 00:00:09,000\n{TEXT}\n".encode()
    stored = run.put(subtitles, name="transcript.srt", media_type="application/x-subrip")
    assert (await call("read_artifact", {"artifact": stored.handle}, run)).text
    assert "harbour" in (await call("summarize_text", {"file": stored.handle}, run)).text


async def test_a_draft_transcript_alone_is_refused(run: Run, draft_speech: Findings) -> None:
    with pytest.raises(ArgumentError, match="only a draft transcript"):
        await call("summarize_text", {"findings": [draft_speech]}, run)


@pytest.mark.parametrize("args", [{}, {"text": "a", "file": "b"}, {"text": "..."}])
async def test_nothing_or_too_much_to_summarize_is_refused(run: Run, args: dict[str, str], tmp_path: Path) -> None:
    if "file" in args:
        (tmp_path / "b").write_text("text")
        args = {**args, "file": str(tmp_path / "b")}
    with pytest.raises(ArgumentError):
        await call("summarize_text", args, run)


async def test_a_video_is_not_text(run: Run, clip: Path) -> None:
    with pytest.raises(MediaError, match="video/mp4, not text"):
        await call("summarize_text", {"file": str(clip)}, run)
