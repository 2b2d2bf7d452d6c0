"""A report from findings."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from sensorium.tools import call
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.moments import Coverage, Findings, Measure, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.write_report import Report

ASKED = "Analyze this video and write a report"
RAN = {
    "run_id": "r1",
    "request": ASKED,
    "steps": [
        {"id": "text", "tool": "read_text", "status": "done", "seconds": 2.5, "cached": True, "provider": "rapidocr"}
    ],
    "seconds": 3.5,
    "cost_usd": 0.0,
}


def page_of(report: Report, run: Run) -> str:
    return run.path(report.html.handle).read_text(encoding="utf-8")


def data_of(report: Report, run: Run) -> dict:
    return json.loads(run.path(report.data.handle).read_text(encoding="utf-8"))


def markdown_of(report: Report, run: Run) -> str:
    return run.path(report.markdown.handle).read_text(encoding="utf-8")


def _copied(clip: Path, to: Path) -> Path:
    """Return a copy that is another file by its content."""
    to.write_bytes(clip.read_bytes() + b"\0")
    return to


async def test_a_talk_becomes_a_report_with_a_chapter_for_each_slide(
    run: Run, slides: Findings, speech: Findings, probed: Findings
) -> None:
    report = await call("write_report", {"findings": [probed, [slides, speech]], "run_facts": RAN}, run)
    assert report.title == "Energy of a pendulum"
    assert report.chapters == ["0:00 Energy of a pendulum", "0:20 Work against gravity", "0:45 Release from rest"]
    assert report.summary[0] == "lecture.mp4 is a video of 1:00, 160 × 90 pixels."
    assert report.summary[1].startswith("3 headings come on screen: “Energy of a pendulum” (0:00), “Work")
    assert 3 <= len(report.summary) <= 7
    assert [one.name for one in (report.markdown, report.html, report.data)] == [
        "report.md",
        "report.html",
        "report.json",
    ]


async def test_short_headings_are_named_where_cuts_make_the_chapters(run: Run, handle: str) -> None:
    read, cut = Source(tool="read_text", quality="good"), Source(tool="find_scenes")
    headings = [
        Moment(
            kind="text",
            start_seconds=at,
            end_seconds=at + 5.0,
            text=f"Heading of part {chr(65 + number)}",
            box=(0.1, 0.1, 0.8, 0.2),
            source=read,
        )
        for number, at in enumerate(range(10, 600, 65))
    ]
    cuts = [Moment(kind="cut", start_seconds=at, end_seconds=at, source=cut) for at in (0.0, 220.0, 400.0)]
    looked = Coverage(seconds=600.0, looked_at=[(0.0, 600.0)], frames=60)
    found = Findings(media=handle, moments=[*headings, *cuts], coverage=looked)
    report = await call("write_report", {"findings": [found]}, run)
    assert len(report.chapters) == 3
    assert report.summary[1].startswith("10 headings come on screen, among them “Heading of part A” (0:10), “Heading")


async def test_the_json_has_the_stable_form_and_every_id_leads_somewhere(
    run: Run, slides: Findings, speech: Findings
) -> None:
    report = await call("write_report", {"findings": [slides, speech], "run_facts": RAN}, run)
    data = data_of(report, run)
    assert list(data) == [
        "schema", "run_id", "request", "title", "language", "summary", "chapters", "measures", "moments", "coverage",
        "limits", "run",
    ]  # fmt: skip
    assert (data["schema"], data["run_id"], data["request"]) == ("sensorium.report/1", "r1", ASKED)
    assert set(data["chapters"][0]) == {"title", "start_seconds", "end_seconds", "picture", "sentences"}
    assert set(data["moments"][0]) == {
        "id", "kind", "start_seconds", "end_seconds", "text", "artifact", "box", "confidence", "source",
    }  # fmt: skip
    assert set(data["measures"][0]) == {"name", "value", "unit", "evidence"}
    assert set(data["coverage"]) == {"seconds", "looked_at", "heard", "frames", "not_looked_at"}
    assert data["run"] == {
        "steps": [
            {
                "id": "text",
                "tool": "read_text",
                "status": "done",
                "seconds": 2.5,
                "cost_usd": 0.0,
                "cached": True,
                "provider": "rapidocr",
            }
        ],
        "cost_usd": 0.0,
        "seconds": 3.5,
    }
    known = {one["id"] for one in data["moments"]} | {one["name"] for one in data["measures"]}
    sentences = [*data["summary"], *(one for chapter in data["chapters"] for one in chapter["sentences"])]
    assert sentences
    for sentence in [*sentences, *data["measures"]]:
        assert set(sentence["evidence"]) <= known
    assert all(sentence["evidence"] for sentence in sentences)


async def test_the_page_about_the_json_shows_the_keys_it_has(run: Run, slides: Findings, speech: Findings) -> None:
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    example = json.loads("".join(re.findall(r"^    .*\n", page, re.MULTILINE)))
    report = await call("write_report", {"findings": [slides, speech], "run_facts": RAN}, run)
    data = data_of(report, run)
    assert _keys(example) == _keys(data)
    assert set(data) <= set(re.findall(r"`(\w+)`", page[page.index("| key |") :]))


def _keys(data: object) -> object:
    """Return the keys of nested data; lists by their first entry, which stands for all."""
    if isinstance(data, dict):
        return {name: _keys(part) for name, part in data.items()}
    return [_keys(data[0])] if isinstance(data, list) and data and isinstance(data[0], dict) else None


async def test_a_draft_transcript_is_marked_and_nothing_rests_on_it(
    run: Run, slides: Findings, draft_speech: Findings
) -> None:
    report = await call("write_report", {"findings": [slides, draft_speech], "request": ASKED}, run)
    assert "The transcript is a draft (pocketsphinx): many of its words are wrong." in report.limits
    assert not any("pendulum with a mass" in sentence for sentence in report.summary)
    chapters = data_of(report, run)["chapters"]
    told = [sentence["text"] for chapter in chapters for sentence in chapter["sentences"]]
    assert any(text.startswith("Draft transcript: “I have here a pendulum") for text in told)
    assert not any(text.startswith("“") for text in told)


async def test_speech_without_words_is_told_as_that(run: Run, voices: Findings) -> None:
    report = await call("write_report", {"findings": [voices], "request": ASKED}, run)
    assert "Someone speaks, with pauses, from 0:01 to 0:55 (not transcribed)." in report.summary


async def test_the_share_of_speech_is_that_of_the_lengths_beside_it(run: Run, handle: str) -> None:
    source = Source(tool="transcribe", quality="good")
    said = Moment(kind="speech", start_seconds=0.2, end_seconds=3.7, text="It is cut off here.", source=source)
    heard = Findings(media=handle, moments=[said], coverage=Coverage(seconds=3.93, heard=[(0.0, 3.93)]))
    seen = Findings(media=handle, coverage=Coverage(seconds=4.3, looked_at=[(0.0, 4.3)], frames=4))
    paced = await call("measure_speech", {"speech": heard}, run)
    for findings in ([heard, seen], [heard, seen, paced]):
        report = await call("write_report", {"findings": findings, "request": ASKED}, run)
        assert "Someone speaks for 3.5 s of the 3.9 s that were listened to (89%), at about 86 words a minute." in (
            report.summary
        )


async def test_a_share_of_another_length_is_left_out(run: Run, handle: str) -> None:
    values = {"duration_seconds": 4.3, "speech_seconds": 3.5, "speech_share_percent": 89.0}
    measures = [Measure(name=name, value=value) for name, value in values.items()]
    report = await call("write_report", {"findings": [Findings(media=handle, measures=measures)]}, run)
    assert "Someone speaks for 3.5 s of 4.3 s." in report.summary
    assert not any("struck" in limit for limit in report.limits)


async def test_silence_is_told_as_that(run: Run, handle: str) -> None:
    silence = Findings(media=handle, coverage=Coverage(seconds=60.0, heard=[(0.0, 60.0)]))
    report = await call("write_report", {"findings": [silence], "request": ASKED}, run)
    assert report.summary == ["lecture.mp4 is a video of 1:00.", "No speech was found in the sound."]


async def test_a_chinese_request_gets_a_chinese_report(run: Run, slides: Findings, speech: Findings) -> None:
    report = await call("write_report", {"findings": [slides, speech], "request": "分析这段视频并写一份报告"}, run)
    assert report.language == "zh"
    assert report.summary[0] == "lecture.mp4 是一段时长 1:00 的视频。"
    assert report.summary[1].startswith("画面中先后出现 3 个标题：“Energy of a pendulum”（0:00）、")
    html = page_of(report, run)
    assert '<html lang="zh-Hans">' in html and "<h2>摘要</h2>" in html and ">Summary<" not in html


async def test_what_failed_and_what_is_partial_stands_in_the_limits(run: Run, slides: Findings, handle: str) -> None:
    error = {"type": "MediaError", "message": "'lecture.mp4' has no sound."}
    facts = {"steps": [{"id": "asr", "tool": "transcribe", "status": "failed", "error": error}]}
    partial = slides.model_copy(update={"partial": True, "limits": ["Only 40 s could be decoded."]})
    report = await call("write_report", {"findings": [partial, None], "run_facts": facts}, run)
    assert report.limits[:3] == [
        "Only 40 s could be decoded.",
        "lecture.mp4 could be read only in part.",
        "The step asr (transcribe) did not finish: 'lecture.mp4' has no sound.",
    ]


@pytest.mark.parametrize(
    ("request_", "told"),
    [("Write a report", "<i>bad</i>.mp4 was not used: "), ("写一份报告", "<i>bad</i>.mp4 未被使用：")],
)
async def test_a_file_that_could_not_be_used_stands_in_the_limits(
    run: Run, slides: Findings, request_: str, told: str
) -> None:
    unread = [{"name": "<i>bad</i>.mp4", "error": "'<i>bad</i>.mp4' is empty (0 bytes)."}]
    facts = {"steps": [], "unread": unread}
    report = await call("write_report", {"findings": [slides], "request": request_, "run_facts": facts}, run)
    limit = f"{told}'<i>bad</i>.mp4' is empty (0 bytes)."
    data = data_of(report, run)
    assert limit in report.limits and limit in data["limits"]
    assert set(data["run"]) == {"steps", "cost_usd", "seconds"}
    html, markdown = page_of(report, run), markdown_of(report, run)
    assert "&lt;i&gt;bad&lt;/i&gt;.mp4" in html and "<i>bad" not in html and "<i>bad" not in markdown


async def test_a_file_nothing_is_known_about_gets_a_report_that_says_so(run: Run, clip: Path) -> None:
    report = await call("write_report", {"findings": [], "media": [str(clip)], "request": ASKED}, run)
    assert report.summary[1] == "Nothing could be read from lecture.mp4."
    assert any("No tool gave any findings about lecture.mp4" in limit for limit in report.limits)


async def test_no_file_and_no_findings_is_refused(run: Run) -> None:
    with pytest.raises(ArgumentError, match="nothing to report on"):
        await call("write_report", {"findings": []}, run)


async def test_parts_that_were_not_looked_at_are_shown_and_said(run: Run, handle: str, slides: Findings) -> None:
    seen = Coverage(seconds=60.0, looked_at=[(0.0, 20.0), (45.0, 60.0)], frames=5)
    report = await call("write_report", {"findings": [slides.model_copy(update={"coverage": seen})]}, run)
    assert data_of(report, run)["coverage"]["not_looked_at"] == [[20.0, 45.0]]
    page = page_of(report, run)
    assert "Not looked at: 0:20 to 0:45." in page and 'class="missing"' in page


async def test_a_measure_leads_to_what_it_rests_on(run: Run, speech: Findings) -> None:
    found = speech.model_copy(update={"measures": [Measure(name="speech_seconds", value=26.8, unit="s")]})
    report = await call("write_report", {"findings": [found], "request": ASKED}, run)
    measures = {one["name"]: one["evidence"] for one in data_of(report, run)["measures"]}
    assert measures["speech_seconds"] == ["m2", "m3", "m4", "m5", "m6", "m7"]
    assert re.search(
        r'id="speech_seconds"><dt>[^<]* <span class="cites"><a class="id" href="#m2"', page_of(report, run)
    )


async def test_a_picture_is_shown_with_its_facts_and_text(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "sign.png"
    making.slide("EXIT 12").save(path)
    handle = run.workspace.adopt(path).handle
    source = Source(tool="image_facts")
    found = Findings(
        media=handle,
        moments=[
            Moment(kind="fact", text="At least 1 frontal face", media=handle, source=source),
            Moment(kind="text", text="EXIT 12", media=handle, box=(0, 0, 1, 1), source=source),
        ],
        measures=[
            Measure(name="width_pixels", value=640, unit="pixels"),
            Measure(name="height_pixels", value=360, unit="pixels"),
        ],
        coverage=Coverage(frames=1),
    )
    report = await call("write_report", {"findings": [found], "request": "Describe this picture"}, run)
    assert report.summary == [
        "sign.png is a picture of 640 × 360 pixels.",
        "It reads: “EXIT 12”.",
        "At least 1 frontal face.",
    ]
    assert report.chapters == []
    assert "<figure><img" in page_of(report, run)


@pytest.mark.parametrize(("slides_read", "shown"), [(1, {"headings_on_screen": 3}), (3, {"slides": 3})])
async def test_slides_and_headings_do_not_contradict_each_other(
    run: Run, slides: Findings, slides_read: int, shown: dict[str, float]
) -> None:
    found = slides.model_copy(update={"measures": [Measure(name="slides", value=slides_read)]})
    report = await call("write_report", {"findings": [found], "request": ASKED}, run)
    assert report.summary[1].startswith("3 headings come on screen")
    measures = {one["name"]: one["value"] for one in data_of(report, run)["measures"]}
    assert {name: value for name, value in measures.items() if name in ("slides", "headings_on_screen")} == shown


async def test_two_files_are_told_apart_and_compared(
    run: Run, slides: Findings, clip: Path, tmp_path: Path, handle: str
) -> None:
    other = run.workspace.adopt(_copied(clip, tmp_path / "other.mp4")).handle
    second = Findings(media=other, measures=[Measure(name="slides", value=7)], coverage=Coverage(seconds=60.0))
    first = slides.model_copy(update={"measures": [Measure(name="slides", value=3)]})
    report = await call("write_report", {"findings": [first, second], "request": "Compare them"}, run)
    assert report.title == "Report on lecture.mp4, other.mp4"
    data = data_of(report, run)
    assert [one["media"] for one in data["coverage"]["files"]] == [handle, other]
    assert {one["name"]: one["media"] for one in data["measures"]}["slides_2"] == other
    row = re.search(r'<tr><th scope="row">slides</th>(.*?)</tr>', page_of(report, run))
    assert row and re.findall(r">([\d–]+)<", row[1]) == ["3", "7"]


async def test_the_summary_of_two_files_says_which_one_each_sentence_is_about(
    run: Run, slides: Findings, speech: Findings, making: ModuleType, tmp_path: Path
) -> None:
    picture = tmp_path / "sign_2.png"
    making.slide("EXIT 12").save(picture)
    sign = run.workspace.adopt(picture).handle
    read = Moment(kind="text", text="EXIT 12", media=sign, box=(0, 0, 1, 1), source=Source(tool="read_text"))
    found = [Findings(media=sign, moments=[read], coverage=Coverage(frames=1)), slides, speech]
    report = await call("write_report", {"findings": found, "request": "Report on both"}, run)
    assert report.summary[:2] == ["sign_2.png is a picture.", "lecture.mp4 is a video of 1:00."]
    assert "sign_2.png: It reads: “EXIT 12”." in report.summary
    assert any(one.startswith("lecture.mp4: 3 headings come on screen") for one in report.summary)
    assert all("lecture.mp4" in one or "sign_2.png" in one for one in report.summary)
    assert not any("struck" in limit for limit in report.limits)


async def test_the_coverage_of_several_files_is_that_of_the_first_with_a_length(
    run: Run, slides: Findings, making: ModuleType, tmp_path: Path
) -> None:
    picture = tmp_path / "sign.png"
    making.slide("EXIT 12").save(picture)
    sign = run.workspace.adopt(picture).handle
    found = [Findings(media=sign, coverage=Coverage(frames=1)), slides]
    covered = data_of(await call("write_report", {"findings": found}, run), run)["coverage"]
    first, second = covered.pop("files")
    assert (first["media"], first["seconds"]) == (sign, None)
    assert covered == {name: value for name, value in second.items() if name != "media"}
    assert (covered["seconds"], covered["looked_at"], covered["frames"]) == (60.0, [[0.0, 60.0]], 30)


async def test_the_same_findings_give_the_same_report_but_for_what_ran(
    run: Run, slides: Findings, speech: Findings
) -> None:
    reports = [
        await call("write_report", {"findings": [slides, speech], "run_facts": {**RAN, "seconds": seconds}}, run)
        for seconds in (1.0, 2.0)
    ]
    first, second = (data_of(report, run) for report in reports)
    assert first["run"] != second["run"]
    assert {**first, "run": None} == {**second, "run": None}
    pages = [re.sub(r'<section id="run">.*?</section>', "", page_of(report, run)) for report in reports]
    assert pages[0] == pages[1]
    assert [one.handle for one in reports[0].pictures] == [one.handle for one in reports[1].pictures]


async def test_a_given_chart_is_shown(run: Run, slides: Findings, frame: Callable[[str], str]) -> None:
    report = await call("write_report", {"findings": [slides], "pictures": [frame("a chart")]}, run)
    assert "given-01.jpg" in [one.name for one in report.pictures]
    assert "](given-01.jpg)" in markdown_of(report, run)


async def test_an_unproven_sentence_of_a_tool_is_struck_and_the_rest_is_kept(
    run: Run, slides: Findings, handle: str
) -> None:
    source, words = Source(tool="transcribe", quality="good"), "It is said behind the end of it all."
    late = Moment(kind="speech", start_seconds=500.0, end_seconds=501.0, text=words, media=handle, source=source)
    found = slides.model_copy(update={"moments": [*slides.moments, late]})
    report = await call("write_report", {"findings": [found]}, run)
    assert len(report.chapters) == 3
    assert report.summary[0] == "lecture.mp4 is a video of 1:00."
    assert words not in "".join(report.summary)
    assert [one for one in report.limits if "struck because their evidence did not prove them" in one]


async def test_a_real_talk_is_divided_at_its_slides(run: Run, samples: Path) -> None:
    video = str(samples / "video" / "talk_slides_en.mp4")
    text = await call("read_text", {"media": video}, run)
    report = await call("write_report", {"findings": [text], "request": ASKED}, run)
    truth = json.loads((samples / "video" / "talk_slides_en.json").read_text())["slides"]
    assert [one.partition(" ")[2] for one in report.chapters] == [slide["title"] for slide in truth]
    assert not any("struck" in limit for limit in report.limits)
    starts = [chapter["start_seconds"] for chapter in data_of(report, run)["chapters"]]
    assert starts == pytest.approx([slide["start"] for slide in truth], abs=0.2)


async def test_pictures_that_were_handed_over_come_first_and_the_rest_is_counted(
    run: Run, slides: Findings, frame: Callable[[str], str]
) -> None:
    charts = [frame(f"chart {number}") for number in range(23)]
    report = await call("write_report", {"findings": [slides], "pictures": charts}, run)
    names = [one.name for one in report.pictures if one.name.endswith(".jpg")]
    assert names == [*(f"given-{number:02}.jpg" for number in range(1, 24)), "chapter-01.jpg"]
    assert report.limits[-1] == "Pictures left out: 2; a report shows 24 at most."
    assert data_of(report, run)["limits"] == report.limits
