"""The last words of the embedded brain, on results of the real tools."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from pydantic import BaseModel

from sensorium.agent.compact import compact
from sensorium.agent.embedded.compose import compose
from sensorium.agent.embedded.conclude import conclude, explain_refusal
from sensorium.agent.embedded.facts import File, read_files
from sensorium.agent.embedded.intents import Understanding
from sensorium.agent.embedded.understand import understand
from sensorium.agent.lint import Finding
from sensorium.agent.proposal import read_proposal
from sensorium.tools.base.call import call
from sensorium.tools.base.catalog import catalog
from sensorium.tools.base.errors import ToolError
from sensorium.tools.base.run import Run
from sensorium.tools.base.workspace import Artifact

HANDLE = "artifact://sha256/" + "a" * 64
VIDEO = {
    "handle": HANDLE,
    "name": "talk.mp4",
    "kind": "video",
    "seconds": 200.0,
    "has_sound": True,
    "has_pictures": True,
}
PICTURE = {"handle": HANDLE, "name": "cat.png", "kind": "picture", "has_pictures": True}


def ended(tool: str, output: Any) -> dict[str, Any]:
    """How a step that is done is told to the brain."""
    plain = [one.model_dump(mode="json") for one in output] if isinstance(output, list) else output
    plain = plain.model_dump(mode="json") if isinstance(plain, BaseModel) else plain
    return {"tool": tool, "status": "done", "error": None, "cached": False, "seconds": 0.1, "output": compact(plain)}


def failed(tool: str, message: str, kind: str = "MediaError", status: str = "failed") -> dict[str, Any]:
    return {"tool": tool, "status": status, "error": {"type": kind, "message": message}, "cached": False, "seconds": 0}


def made(tool: str, **fields: Any) -> BaseModel:
    """A result of a tool with these fields; the tool's own model checks them."""
    return catalog()[tool].returns.model_validate({"media": HANDLE, **fields})


def artifact(name: str, media_type: str = "text/plain") -> Artifact:
    return Artifact(handle="artifact://sha256/" + "b" * 64, media_type=media_type, bytes=1, name=name)


def answer(request: str, files: list[dict[str, Any]], results: dict[str, Any]) -> str:
    read = read_files(files)
    understood = understand(request, read)
    return conclude(understood, compose(understood, read), read, results)


def speech(start: float, text: str) -> dict[str, Any]:
    return {
        "kind": "speech",
        "start_seconds": start,
        "end_seconds": start + 4,
        "text": text,
        "media": HANDLE,
        "source": {"tool": "transcribe", "provider": "pocketsphinx", "quality": "draft"},
    }


def transcript(*lines: dict[str, Any], **fields: Any) -> BaseModel:
    return made(
        "transcribe",
        moments=list(lines),
        text=" ".join(one["text"] for one in lines),
        language="en",
        seconds=200.0,
        engine="pocketsphinx",
        quality="draft",
        limits=["Draft transcript by pocketsphinx."],
        transcript=artifact("transcript.json"),
        srt=artifact("transcript.srt"),
        **fields,
    )


def test_a_transcript_gives_its_first_lines_and_its_files() -> None:
    said = transcript(*(speech(10.0 * number, f"line {number}") for number in range(60)))
    text = answer("transcribe", [VIDEO], {"speech": ended("transcribe", said)})
    assert text.startswith("Transcript (en, pocketsphinx, draft):\n- [0:00] line 0\n- [0:10] line 1\n")
    assert "- … and 48 more\nFiles: transcript.json, transcript.srt" in text
    assert text.endswith("Limits:\n- Draft transcript by pocketsphinx.")


def test_speech_without_words_is_said_to_be_that() -> None:
    text = answer("转写", [VIDEO], {"speech": ended("transcribe", transcript(speech(12.0, "")))})
    assert "0:12–0:16 有人说话，但未能识别内容" in text


async def test_matches_come_in_order_of_time_with_their_places(run: Run) -> None:
    said = transcript(speech(90, "so gravity wins, gravity"), speech(12, "gravity pulls it down"), speech(40, "no"))
    found = await call("find_moments", {"findings": [said], "query": "gravity"}, run)
    text = answer(
        "what does he say about gravity?",
        [VIDEO],
        {"speech": ended("transcribe", said), "found": ended("find_moments", found)},
    )
    assert text.startswith("“gravity”: 2 places.\n- [0:12] said: “gravity pulls it down”\n- [1:30] said: “so gravity")


async def test_nothing_found_is_said_with_what_was_searched(run: Run) -> None:
    said = transcript(speech(12, "gravity pulls it down"))
    found = await call("find_moments", {"findings": [said], "query": "动能"}, run)
    text = answer("他什么时候提到动能？", [VIDEO], {"found": ended("find_moments", found)})
    assert text.startswith("没有找到“动能”；已搜索：1 条语音。")
    assert "Nothing fits" not in text


async def test_what_is_there_at_a_time_is_listed(run: Run) -> None:
    said = transcript(speech(12, "before"), speech(78, "there"), speech(100, "after"))
    args = {"findings": [said], "between_seconds": (79, 82), "kinds": ["speech"]}
    found = await call("find_moments", args, run)
    text = answer("what is said at 1:20?", [VIDEO], {"found": ended("find_moments", found)})
    assert text.startswith("Said at 1:19–1:22: 1 line.\n- [1:18] said: “there”")


@pytest.mark.parametrize(
    ("request_", "kinds", "words"),
    [
        ("what is on screen at 0:04?", ["text"], "Nothing was found to be written on screen at 0:04–0:05."),
        ("what is said at 0:04?", ["speech"], "Nothing was found to be said at 0:04–0:05."),
        ("what happens at 0:04?", [], "Nothing was found to be said or shown at 0:04–0:05."),
        ("第4秒画面上有什么？", ["text"], "0:04–0:05 没有发现画面文字。"),
    ],
)
async def test_nothing_there_is_said_of_the_kind_that_was_asked_for(
    run: Run, request_: str, kinds: list[str], words: str
) -> None:
    args = {"findings": [transcript()], "between_seconds": (4, 5), "kinds": kinds}
    found = await call("find_moments", args, run)
    text = answer(request_, [VIDEO], {"found": ended("find_moments", found)})
    assert text.startswith(words)
    assert "moments that were searched" not in text


async def test_a_chart_and_spoken_words_are_named(run: Run) -> None:
    chart = await call("make_chart", {"series": [{"x": ["Jan", "Feb"], "y": [1, 2]}], "title": "Sales"}, run)
    voice = made(
        "speak", audio=artifact("speech.wav", "audio/wav"), seconds=1.25, text="hi", languages=["en"], engine="espeak"
    )
    text = answer(
        "say 'hi' aloud and plot Jan 1, Feb 2",
        [],
        {"voice": ended("speak", voice), "chart": ended("make_chart", chart)},
    )
    assert text == "Said aloud: speech.wav (1.25 s, en).\n\nChart of 2 numbers: sales.png, sales.svg."


async def test_a_summary_quotes_sentences_with_their_key_terms(run: Run) -> None:
    words = "Gravity pulls the ball. The ball falls to the ground. Energy of the ball is kept."
    summary = await call("summarize_text", {"text": words, "sentences": 2}, run)
    text = answer(f"summarize this text: {words}", [], {"summary": ended("summarize_text", summary)})
    assert text.startswith("Summary, in its own words:\n- ")
    assert "\nKey terms: " in text


async def test_facts_of_a_picture_are_those_that_were_asked_for(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    making.slide("HELLO").save(path)
    facts = ended("image_facts", await call("image_facts", {"media": str(path)}, run))
    all_of_them = answer("describe this picture", [PICTURE], {"facts": facts})
    assert all_of_them.startswith("PNG picture, 640 × 360 pixels.\nColours: white")
    assert "I cannot say what a picture shows" in all_of_them
    assert answer("any QR code?", [PICTURE], {"facts": facts}).startswith("No QR or bar code was found.")
    assert answer("有人脸吗？", [PICTURE], {"facts": facts}).startswith("没有发现正脸")


def test_codes_on_frames_are_told_with_their_times() -> None:
    pictures = [
        artifact(f"{number}.jpg", "image/jpeg").model_copy(update={"handle": f"h{number}"}) for number in (0, 1)
    ]
    frames = made(
        "extract_frames", items=[{"picture": one, "at_seconds": 21.5 * at} for at, one in enumerate(pictures)]
    )
    plain = {
        "format": "JPEG", "width_pixels": 4, "height_pixels": 4, "colours": [], "brightness": 0.5, "contrast": 0.1,
        "saturation": 0.0, "sharpness": 1.0, "blank": False,
    }  # fmt: skip
    code = {"kind": "QR", "text": "https://example.org", "box": (0, 0, 1, 1)}
    facts = [
        made("image_facts", **plain, media="h0"),  # type: ignore[misc]
        made("image_facts", **plain, media="h1", codes=[code]),  # type: ignore[misc]
    ]
    results = {"pictures": ended("extract_frames", frames), "facts": ended("image_facts", facts)}
    text = answer("any QR codes in it?", [VIDEO], results)
    assert text == "2 frames were looked at.\n- [0:21.5] Codes: QR: “https://example.org”."


def test_a_report_gives_its_summary_chapters_and_files_and_its_own_limits() -> None:
    report = catalog()["write_report"].returns.model_validate(
        {
            "title": "Gravity",
            "language": "en",
            "summary": ["It is a talk.", "It is long."],
            "text": "…",
            "chapters": ["0:00 One", "1:00 Two"],
            "limits": ["No model interpreted this."],
            "coverage": [],
            "markdown": artifact("report.md"),
            "html": artifact("report.html", "text/html"),
            "data": artifact("report.json", "text/json"),
            "pictures": [artifact("chapter-01.jpg", "image/jpeg")],
        }
    )
    results = {"speech": ended("transcribe", transcript(speech(1, "x"))), "report": ended("write_report", report)}
    assert answer("write a report", [VIDEO], results) == (
        "Gravity\nIt is a talk. It is long.\nChapters:\n- 0:00 One\n- 1:00 Two\n"
        "Files: report.md, report.html, report.json\n\nLimits:\n- No model interpreted this."
    )


def test_frames_and_scenes_are_told_to_the_tenth_of_a_second() -> None:
    pictures = [{"picture": artifact(f"{at}.jpg", "image/jpeg"), "at_seconds": 10.0 * at} for at in range(200)]
    many = made("extract_frames", items=pictures)
    text = answer("a frame every 10 seconds", [VIDEO], {"pictures": ended("extract_frames", many)})
    assert "200 frames" in text and "5.jpg and 194 more" in text, "all of them are there, though not all are told of"
    frames = made("extract_frames", items=[{"picture": artifact("a.jpg", "image/jpeg"), "at_seconds": 63.5}])
    text = answer("a frame at 1:03.5", [VIDEO], {"pictures": ended("extract_frames", frames)})
    assert text == "1 frame at 1:03.5.\nFiles: a.jpg"
    spans = [{"start_seconds": 0, "end_seconds": 20.25}, {"start_seconds": 20.25, "end_seconds": 200}]
    scenes = made("find_scenes", scenes=spans, method="key frames")
    assert answer("有几个场景？", [VIDEO], {"scenes": ended("find_scenes", scenes)}) == "2 个场景；切换于 0:20.2。"


async def test_what_a_file_is_made_of_is_listed(run: Run, making: ModuleType, tmp_path: Path) -> None:
    path = making.wav(tmp_path / "a.wav", making.tone(2.0))
    facts = await call("probe_media", {"media": str(path), "loudness": True, "silence": True}, run)
    audio = {**VIDEO, "name": "a.wav", "kind": "audio"}
    text = answer("how loud is it, and is there silence?", [audio], {"sound": ended("probe_media", facts)})
    assert text.startswith("- Length: 0:02 (2 s)\n")
    assert "LUFS\n- No silent part was found." in text


def test_what_differs_between_two_files_is_told() -> None:
    compared = made(
        "compare_media",
        second=HANDLE,
        identical=False,
        rows=[
            {"name": "width_pixels", "first": 640, "second": 1280, "same": False},
            {"name": "codec", "first": "h264", "second": "h264", "same": True},
        ],
        differences=[{"start_seconds": 1.0, "end_seconds": 3.0, "changed_share": 0.4}],
        text_only_in_first=[{"text": "Draft", "start_seconds": 2.0}],
    )
    text = answer("compare them", [VIDEO, VIDEO], {"compared": ended("compare_media", compared)})
    assert (
        "- width_pixels: 640 / 1280\nThe pictures differ at: 0:01–0:03\nText only in the first:\n- [0:02] Draft" in text
    )
    assert "codec" not in text


def test_a_failed_step_is_said_plainly_and_what_only_followed_is_not() -> None:
    results = {
        "speech": failed("transcribe", "'talk.mp4' is damaged at 0:12. Copy it again."),
        "rate": failed("measure_speech", "`speech`: Field required", "ArgumentError"),
        "pace_chart": failed("make_chart", "`rate` did not finish.", "Skipped", "skipped"),
    }
    text = answer("chart the words per minute", [VIDEO], results)
    assert text == "`transcribe` did not finish: 'talk.mp4' is damaged at 0:12. Copy it again."


def test_what_was_found_is_told_even_when_its_summary_failed() -> None:
    results = {
        "speech": ended("transcribe", transcript(speech(1, "hello"))),
        "summary": failed("summarize_text", "There is only a draft transcript."),
    }
    text = answer("what is it about?", [VIDEO], results)
    assert text.index("- [0:01] hello") < text.index("`summarize_text` did not finish: There is only a draft")


def test_items_that_failed_in_a_step_that_is_done_are_said() -> None:
    record = ended("extract_frames", made("extract_frames", items=[]))
    record["error"] = {"type": "Partial", "message": "1 of 3 items failed."}
    assert "`extract_frames`: 1 of 3 items failed." in answer("10 frames", [VIDEO], {"pictures": record})


@pytest.mark.parametrize(
    ("request_", "first"),
    [
        ("", "I took your request as “analyze and report”."),
        ("🐶🐶🐶", "I took your request as “analyze and report”."),
        ("kinetic energy", "I took your request as “analyze and report”."),
        ("动能", "您的请求被理解为“分析并写报告”。"),
        ("write a report", "This is the report."),
        ("写一份报告", "This is the report."),
    ],
)
def test_how_words_were_taken_that_say_nothing_is_said_first(request_: str, first: str) -> None:
    report = {"title": "This is the report.", "markdown": artifact("report.md").model_dump()}
    text = answer(request_, [VIDEO], {"report": ended("write_report", report)})
    assert text.splitlines()[0] == first
    assert "This is the report." in text


@pytest.mark.parametrize(
    ("request_", "files", "words"),
    [
        ("hello", [], ["Hello.", "sensorium run"]),
        ("你好", [VIDEO], ["您好。要对 talk.mp4 做什么？"]),
        ("what can you do?", [VIDEO], ["I look at, listen to and read media"]),
        ("你能做什么？", [], ["我能看、听、读媒体文件"]),
        ("why is the sky blue?", [], ["name them after the request", "SENSORIUM_THINK=provider:model"]),
        ("写一首诗", [], ["语言模型", "SENSORIUM_THINK"]),
        ("write a report", [], ["This needs a file to report on"]),
        ("extract a frame every 0 seconds", [VIDEO], ["“frame every 0 seconds” is no time I can use"]),
        ("每0秒截一张图", [VIDEO], ["不是可用的时间，未采用"]),
        ("extract frames at 9:00", [VIDEO], ["9:00 is beyond the end of talk.mp4"]),
        (
            "report",
            [{"name": "gone.mp4", "error": "'gone.mp4' does not exist."}],
            ["gone.mp4 was not used: 'gone.mp4'"],
        ),
    ],
)
def test_what_needs_no_tool_is_answered_in_words(request_: str, files: list[dict[str, Any]], words: list[str]) -> None:
    text = answer(request_, files, {})
    assert all(one in text for one in words)


def test_what_was_done_comes_before_what_cannot_be_done() -> None:
    results = {"speech": ended("transcribe", transcript(speech(1, "hello")))}
    text = answer("transcribe it and translate it into German", [VIDEO], results)
    assert text.index("[0:01] hello") < text.index("I cannot translate")


async def test_why_nothing_draws_is_said_in_the_language_of_the_request(run: Run) -> None:
    understood = understand("画一只猫")
    with pytest.raises(ToolError) as refused:
        await call("make_image", {"prompt": "一只猫"}, run)
    said = conclude(understood, compose(understood, []), [], {"drawn": failed("make_image", str(refused.value))})
    assert said.startswith("`make_image` 未完成：这里没有能画图的模型。请设置 `SENSORIUM_DRAW=")


def test_of_changes_one_after_the_other_what_came_out_is_told() -> None:
    files = read_files([VIDEO])
    understood = understand("make it vertical and 2x faster, then reverse it", files)
    composed = compose(understood, files)
    names = [step["id"] for step in composed.steps]
    results = {
        name: ended("edit_media", {"file": artifact(f"{name}.mp4").model_dump(mode="json"), "seconds": 5.0})
        for name in names
    }
    said = conclude(understood, composed, files, results)
    assert (len(names), said) == (3, f"Files: {names[-1]}.mp4\nLength: 5 s.")
    results[names[-1]] = failed("edit_media", "No frame can be decoded.")
    assert f"Files: {names[-2]}.mp4" in conclude(understood, composed, files, results)


def test_a_file_that_cannot_be_used_is_not_said_to_be_missing() -> None:
    files = read_files([{"name": "text.mp4", "error": "'text.mp4' is text/plain."}])
    understood = understand("make it vertical", files)
    said = conclude(understood, compose(understood, files), files, {})
    assert said == "text.mp4 was not used: 'text.mp4' is text/plain."


def test_what_a_sound_is_like_is_told_in_the_language_of_the_request() -> None:
    files = read_files([{**VIDEO, "kind": "audio", "has_pictures": False}])
    understood = understand("这是什么声音？", files)
    summary = "9.0 s: speech 6.0 s, silence 3.0 s. Loudness -12.5 LUFS, true peak -2.1 dBTP. It is mono."
    results = {"heard": ended("describe_sound", {"answer": "", "summary": summary, "limits": []})}
    said = conclude(understood, compose(understood, files), files, results)
    assert said == "9.0 秒：语音 6.0 秒，静音 3.0 秒。响度 -12.5 LUFS，真峰值 -2.1 dBTP。为单声道。"


def test_control_characters_of_media_text_reach_nobody() -> None:
    said = transcript(speech(1, "a\x1b[31mred\u202etxet"))
    assert "\x1b" not in (text := answer("transcribe", [VIDEO], {"speech": ended("transcribe", said)}))
    assert "\u202e" not in text


def test_results_of_several_files_are_told_apart() -> None:
    files = [VIDEO, {**VIDEO, "handle": "h2", "name": "b.mp4"}]
    said = transcript(speech(1, "hello"))
    results = {
        "speech_1": ended("transcribe", said),
        "speech_2": ended("transcribe", said.model_copy(update={"media": "h2"})),
    }
    text = answer("transcribe both", files, results)
    assert text.index("talk.mp4\nTranscript") < text.index("b.mp4\nTranscript")


def test_a_refused_plan_is_explained() -> None:
    text = explain_refusal(understand("write a report", []), ["There is no tool 'x'."])
    assert "fault of Sensorium" in text
    assert "- There is no tool 'x'." in text


def refusal(*findings: Finding) -> str:
    """How the graph tells a brain that its plan was not run."""
    return f"The plan was not run: {json.dumps([one.plain() for one in findings], ensure_ascii=False)}"


def too_long(understood: Understanding, files: list[File], most: int) -> str:
    steps = compose(understood, files).steps
    call = {"name": "make_plan", "args": {"goal": "", "steps": steps}, "id": "1"}
    proposal = read_proposal(AIMessage(content="", tool_calls=[call]), {}, catalog(), most)
    return refusal(*proposal.findings)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("write a report", "The plan needs 7 steps; `--max-steps` allows 1. Nothing was run."),
        ("写一份报告", "计划需要 7 步，而 `--max-steps` 只允许 1 步，因此没有执行。"),
    ],
)
def test_a_limit_of_the_user_is_no_fault(request_: str, said: str) -> None:
    files = read_files([VIDEO])
    understood = understand(request_, files)
    text = explain_refusal(understood, [too_long(understood, files, 1)])
    assert text.splitlines()[0] == said
    assert not any(one in text for one in ("fault", "缺陷", "{", "rule"))


def test_each_finding_of_a_refused_plan_is_one_line() -> None:
    findings = [Finding(step=name, rule="cycle", message=f"{name}\nis wrong.") for name in ("a", "b")]
    text = explain_refusal(understand("write a report", []), [refusal(*findings)])
    assert text.splitlines()[1:3] == ["- `a`: a is wrong.", "- `b`: b is wrong."]
    assert "fault of Sensorium" in text
    assert "{" not in text
