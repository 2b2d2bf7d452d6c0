"""Plans of the embedded brain."""

import itertools
from typing import Any

import pytest

from sensorium.agent.embedded.compose import Composed, compose
from sensorium.agent.embedded.facts import File, read_files
from sensorium.agent.embedded.understand import understand
from sensorium.agent.lint import check
from sensorium.agent.plan import Plan, references
from sensorium.tools.base.catalog import catalog

VIDEO = {
    "handle": "artifact://sha256/aa",
    "name": "talk.mp4",
    "kind": "video",
    "seconds": 200.0,
    "has_sound": True,
    "has_pictures": True,
}
SILENT = {**VIDEO, "handle": "artifact://sha256/ab", "name": "silent.mp4", "has_sound": False}
AUDIO = {"handle": "artifact://sha256/ac", "name": "a.mp3", "kind": "audio", "seconds": 30.0, "has_sound": True}
PICTURE = {"handle": "artifact://sha256/ad", "name": "a.png", "kind": "picture", "has_pictures": True}
TEXT = {"handle": "artifact://sha256/ae", "name": "a.txt", "kind": "text"}
DATA = {"handle": "artifact://sha256/af", "name": "a.bin", "kind": "data"}
MISSING = {"name": "gone.mp4", "error": "'gone.mp4' does not exist."}

REQUESTS = [
    "Analyze this video and write a report",
    "分析这个视频并写一份报告",
    "transcribe",
    "transcribe from 0:30 to 1:00",
    "make subtitles",
    "chapters",
    "what does the speaker say about $gravity and ${speech.text}?",
    "他什么时候提到动能？",
    "what is said at 1:20?",
    "what happens after 1:30?",
    "read the text",
    "extract frames at 0:12 and 1:03.5",
    "a frame every 10 seconds",
    "10 frames",
    "frames from 0:30 to 1:00",
    "a contact sheet",
    "one frame per scene",
    "describe this picture",
    "any QR codes?",
    "where was this taken?",
    "compare these files",
    "say '$5 for ${x}' aloud slowly in French",
    "read the summary aloud",
    "read this file aloud",
    "plot 3, 5, 8, 13 as bars",
    "plot $a 10, $b 12 and chart the words per minute",
    "how long is it?",
    "how loud is it, and when is it silent?",
    "how many scenes are there?",
    "detect cuts exactly",
    "what is this about?",
    "summarize in 2 sentences",
    "summarize the first minute",
    "summarize the first minute and the last 30 seconds",
    "transcribe from 0:30 to 1:00 and from 2:00 to 2:30",
    "5 frames from 0:05 to 0:10 and from 0:20 to 0:25",
    "Transcribe, make chapters, a contact sheet, chart the words per minute and write a report",
    "analyze without transcribing and without scenes",
    "hello",
    "draw a cat",
    "",
]
FILES: list[list[dict[str, Any]]] = [
    [],
    [VIDEO],
    [SILENT],
    [AUDIO],
    [PICTURE],
    [TEXT],
    [DATA],
    [MISSING],
    [MISSING, VIDEO],
    [VIDEO, SILENT],
    [PICTURE, {**PICTURE, "handle": "artifact://sha256/b0", "name": "b.png"}],
    [VIDEO, AUDIO, PICTURE, TEXT],
    [{**VIDEO, "handle": f"artifact://sha256/{number}", "name": f"{number}.mp4"} for number in range(100)],
]


def planned(request: str, files: list[dict[str, Any]]) -> Composed:
    read = read_files(files)
    return compose(understand(request, read), read)


def tools(composed: Composed) -> list[str]:
    return [step["tool"] for step in composed.steps]


def step(composed: Composed, tool: str) -> dict[str, Any]:
    return next(one for one in composed.steps if one["tool"] == tool)


@pytest.mark.parametrize(("request_", "files"), list(itertools.product(REQUESTS, FILES)))
def test_every_plan_is_clean_and_refers_only_to_usable_files(request_: str, files: list[dict[str, Any]]) -> None:
    composed = planned(request_, files)
    if composed.steps:
        plan = Plan.model_validate({"goal": composed.goal, "steps": composed.steps})
        assert check(plan, catalog()) == []
        usable = sum("handle" in file for file in files)
        used = [one for one in references([one.args for one in plan.steps]) if one.startswith("files[")]
        assert all(int(one[6:-1]) < usable for one in used)
        assert not any(references(composed.goal))


@pytest.mark.parametrize("files", [[VIDEO], [SILENT], [VIDEO, AUDIO]])
def test_what_perceives_has_the_same_arguments_in_every_plan(files: list[dict[str, Any]]) -> None:
    """So that a second question is answered from memory."""
    seen: dict[tuple[str, str], set[str]] = {}
    for request in [
        "write a report",
        "写报告",
        "what does he say about gravity?",
        "what is said at 1:20?",
        "chapters",
        "transcribe",
        "read the text",
        "summarize in 2 sentences",
        "how many scenes are there?",
        "how long is it?",
        "how fast does he speak?",
    ]:
        for one in planned(request, files).steps:
            if one["tool"] in ("probe_media", "find_scenes", "read_text", "transcribe"):
                seen.setdefault((one["tool"], one["args"]["media"]), set()).add(repr(one["args"]))
    assert seen
    assert all(len(arguments) == 1 for arguments in seen.values())


def test_a_report_on_a_video_looks_listens_and_reads() -> None:
    composed = planned("Analyze this video and write a report for $5", [VIDEO])
    assert tools(composed) == [
        "probe_media",
        "find_scenes",
        "extract_frames",
        "transcribe",
        "read_text",
        "measure_speech",
        "write_report",
    ]
    assert [one["id"] for one in composed.steps if not one.get("optional")] == ["probe", "report"]
    report = step(composed, "write_report")["args"]
    assert report["findings"] == ["$probe", "$scenes", "$frames", "$speech", "$text", "$rate"]
    assert report["run_facts"] == "$run"
    assert report["request"] == "Analyze this video and write a report for $$5"
    assert step(composed, "read_text")["args"] == {"media": "$files[0]", "scenes": "$scenes.scenes"}


def test_a_report_follows_what_the_file_has_and_what_is_wanted() -> None:
    assert "transcribe" not in tools(planned("report", [SILENT]))
    assert tools(planned("report", [AUDIO])) == ["probe_media", "transcribe", "measure_speech", "write_report"]
    assert tools(planned("report", [PICTURE])) == ["probe_media", "image_facts", "read_text", "write_report"]
    assert "transcribe" not in tools(planned("analyze this video without transcribing it", [VIDEO]))


def test_a_report_on_several_videos_is_one_report() -> None:
    composed = planned("report on these", [VIDEO, SILENT, PICTURE])
    assert tools(composed).count("write_report") == 1
    assert step(composed, "write_report")["args"]["media"] == ["$files[0]", "$files[1]", "$files[2]"]


def test_a_question_takes_no_frames_and_writes_no_report() -> None:
    composed = planned("what does the speaker say about gravity?", [VIDEO])
    assert tools(composed) == ["transcribe", "find_scenes", "read_text", "find_moments"]
    assert step(composed, "find_moments")["args"]["query"] == "gravity"
    assert step(composed, "find_moments")["args"]["findings"] == ["$speech", "$text"]


def test_a_question_about_a_time_lists_what_is_there() -> None:
    args = step(planned("what is said after 3:00?", [VIDEO]), "find_moments")["args"]
    assert (args.get("query"), args["between_seconds"]) == (None, [180.0, 200.0])


@pytest.mark.parametrize(
    ("request_", "between_seconds", "sources"),
    [
        ("What is on screen at 4 seconds?", [4.0, 5.0], ["$text"]),
        ("what is said at 0:04?", [3.0, 6.0], ["$speech"]),
        ("what is said at 0:00?", [0.0, 2.0], ["$speech"]),
        ("what is on screen at 3:20?", [199.9, 201.0], ["$text"]),
        ("what is shown between 3 and 6 seconds?", [3.0, 6.0], ["$text"]),
        ("what happens at 0:04?", [4.0, 5.0], ["$speech", "$text"]),
        ("第4秒说了什么？", [3.0, 6.0], ["$speech"]),
    ],
)
def test_a_question_at_a_time_is_about_that_second_and_what_it_asks_for(
    request_: str, between_seconds: list[float], sources: list[str]
) -> None:
    args = step(planned(request_, [VIDEO]), "find_moments")["args"]
    assert (args["between_seconds"], args["findings"]) == (between_seconds, sources)


def test_what_several_intents_need_is_done_once() -> None:
    composed = planned("transcribe it, make chapters and find gravity, then write a report", [VIDEO])
    assert tools(composed).count("transcribe") == tools(composed).count("read_text") == 1


def test_a_chart_that_was_asked_for_is_in_the_report() -> None:
    composed = planned("write a report and a chart of the words per minute", [VIDEO])
    assert step(composed, "write_report")["args"]["pictures"] == ["$pace_chart.picture"]
    assert step(composed, "make_chart")["args"]["series"] == "$rate.series"


def test_steps_that_differ_have_names_of_their_own() -> None:
    composed = planned("a frame at 0:10, then make a contact sheet", [VIDEO])
    assert [one["id"] for one in composed.steps] == ["pictures", "pictures_2"]


def test_words_of_a_user_are_never_references() -> None:
    assert step(planned("say '$files ${x}' aloud", []), "speak")["args"]["text"] == "$$files $${x}"
    args = step(planned("plot $a 10, $b 12", []), "make_chart")["args"]
    assert not any(references(args))


def test_a_summary_is_read_aloud_when_asked() -> None:
    composed = planned("summarize it in 2 sentences and read the summary aloud", [VIDEO])
    assert step(composed, "speak")["args"]["text"] == "${summary.text}"
    assert step(composed, "summarize_text")["args"]["sentences"] == 2


def test_every_picture_of_a_video_is_searched_for_codes() -> None:
    composed = planned("any QR codes in it?", [VIDEO])
    assert step(composed, "image_facts")["for_each"] == "$pictures.items"
    assert step(composed, "image_facts")["args"] == {"media": "$item.picture"}


def test_a_file_that_is_named_is_the_one_that_is_meant() -> None:
    composed = planned("transcribe A.mp3", [VIDEO, AUDIO])
    assert [one["args"] for one in composed.steps] == [{"media": "$files[1]"}]


def test_two_files_are_compared_with_their_words() -> None:
    args = step(planned("compare these", [VIDEO, AUDIO]), "compare_media")["args"]
    assert args == {
        "first": "$files[0]",
        "second": "$files[1]",
        "first_findings": ["$speech_1", "$text_1"],
        "second_findings": ["$speech_2"],
    }


@pytest.mark.parametrize(
    ("request_", "files", "words"),
    [
        ("transcribe", [], "needs a video or a recording with sound"),
        ("chapters", [PICTURE], "a.png has no length"),
        ("转写", [SILENT], "silent.mp4 没有声音"),
        ("compare", [VIDEO], "needs two files"),
        ("plot it", [], "no numbers"),
        ("extract frames at 3:30", [VIDEO], "3:30 is beyond the end of talk.mp4, which is at 3:20"),
        ("extract frames from 4:00 to 5:00", [VIDEO], "4:00 is beyond the end"),
        ("what is on screen at 4:00?", [VIDEO], "4:00 is beyond the end"),
        ("what happens after 3:20?", [VIDEO], "3:20 is beyond the end"),
        ("transcribe from 4:00 to 5:00", [VIDEO], "4:00 is beyond the end"),
        ("summarize from 4:00 to 5:00", [VIDEO], "4:00 is beyond the end"),
        ("第4分钟讲了什么", [{**VIDEO, "seconds": 90.0}], "3:00 超出了 talk.mp4 的结尾（1:30）"),
        ("what is said at 0:04?", [SILENT], "silent.mp4 has no sound"),
        ("what is on screen at 0:04?", [AUDIO], "a.mp3 has no pictures"),
        ("extract frames", [AUDIO], "a.mp3 has no frames"),
        ("read this aloud", [], "needs a file"),
    ],
)
def test_what_cannot_be_planned_is_noted(request_: str, files: list[dict[str, Any]], words: str) -> None:
    composed = planned(request_, files)
    assert composed.steps == []
    assert any(words in note for note in composed.notes)


def test_times_inside_a_file_are_used_and_those_beyond_its_end_are_said() -> None:
    composed = planned("extract frames at 0:10 and 3:30", [VIDEO])
    assert step(composed, "extract_frames")["args"]["times"] == [10.0]
    assert composed.notes == ["3:30 is beyond the end of talk.mp4, which is at 3:20; it was left out."]
    both = planned("what is said at 1:00?", [VIDEO, AUDIO])
    assert step(both, "find_moments")["args"]["findings"] == ["$speech_1"]
    assert both.notes == ["1:00 is beyond the end of a.mp3, which is at 0:30; it was left out."]
    assert planned("a frame at 3:20", [{**VIDEO, "seconds": 199.6}]).notes == []


def test_a_part_that_goes_beyond_the_end_is_taken_up_to_it() -> None:
    composed = planned("what is said from 3:00 to 4:00?", [VIDEO])
    assert "find_moments" in tools(composed)
    assert (composed.notes, len(composed.remarks)) == ([], 1)
    assert composed.remarks[0].startswith("4:00 is beyond the end of talk.mp4, which is at 3:20: ")


def test_more_files_than_a_plan_holds_are_left_out_aloud() -> None:
    composed = planned("report", FILES[-1])
    assert len(composed.steps) <= 64
    assert "takes 10 of these 100 files; left out: 10.mp4, 11.mp4, 12.mp4, …" in composed.notes[0]


def test_a_file_that_cannot_be_used_keeps_the_others_in_their_places() -> None:
    files = read_files([MISSING, VIDEO])
    assert [file.reference for file in files if not file.error] == ["$files[0]"]
    assert files[0].error == "'gone.mp4' does not exist."
    assert read_files([{"name": "x"}])[0] == File(reference="$files[0]", name="x", error="'x' cannot be read.")


def _named(*names: str) -> list[dict[str, Any]]:
    return [{**VIDEO, "handle": f"artifact://sha256/{at}", "name": name} for at, name in enumerate(names)]


@pytest.mark.parametrize(
    ("request_", "names", "used"),
    [
        ("Analyze this talk", ("talk", "slides.mp4"), [0, 1]),
        ("Transcribe lib.mp4", ("b.mp4", "lib.mp4"), [1]),
        ("Transcribe ./b.mp4, please.", ("b.mp4", "lib.mp4"), [0]),
        ("转写b.mp4", ("lib.mp4", "B.MP4"), [1]),
        ("转写物理讲座.mp4", ("讲座.mp4", "物理讲座.mp4"), [1]),
        ("Transcribe lib.mp4 and b.mp4", ("b.mp4", "lib.mp4", "c.mp4"), [0, 1]),
        ("Transcribe b.mp4.bak", ("b.mp4", "lib.mp4"), [0, 1]),
        ("Transcribe b.mp4", ("b.mp4", "b.mp4", "c.mp4"), [0, 1]),
    ],
)
def test_files_that_are_named_whole_are_the_ones_used(request_: str, names: tuple[str, ...], used: list[int]) -> None:
    composed = planned(request_, _named(*names))
    references_ = {one for one in references([one["args"] for one in composed.steps]) if one.startswith("files[")}
    assert references_ == {f"files[{at}]" for at in used}
    unused = [name for at, name in enumerate(names) if at not in used]
    said = " ".join(composed.remarks)
    assert all(name in said for name in unused) and bool(said) == bool(unused)


def test_each_part_that_is_named_is_transcribed() -> None:
    composed = planned("transcribe from 0:30 to 1:00 and from 2:00 to 2:30", [VIDEO])
    assert tools(composed) == ["transcribe", "find_moments", "find_moments"]
    assert [one["args"]["between_seconds"] for one in composed.steps[1:]] == [[30.0, 60.0], [120.0, 150.0]]


def test_the_summary_of_each_part_is_read_aloud() -> None:
    composed = planned("summarize the first minute and the last 30 seconds, then read the summary aloud", [VIDEO])
    assert step(composed, "speak")["args"]["text"] == "${summary.text} ${summary_2.text}"
