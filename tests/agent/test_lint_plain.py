"""Plans of other systems over catalogs of plain data."""

from typing import Any

import pytest

from sensorium.agent.lint import Finding, check, errors, mend, repair

KINDS = [
    {"name": "Video-to-Audio", "inputs": ["video"], "outputs": ["audio"]},
    {"name": "Audio-to-Text", "inputs": ["audio"], "outputs": ["text"]},
    {"name": "Video-to-Text", "inputs": ["video"], "outputs": ["text"]},
    {"name": "Text-to-Audio", "inputs": ["text"], "outputs": ["audio"]},
    {"name": "Frame Sampler", "inputs": ["video"], "outputs": ["frames"]},
    {"name": "Contact Sheet", "inputs": ["frames"], "outputs": ["image"]},
    {"name": "Image-to-Text", "inputs": ["image"], "outputs": ["text"]},
    {"name": "Text Summarizer", "inputs": ["text"], "outputs": ["text"], "aliases": ["Abridge"]},
    {"name": "Subtitle Burner", "inputs": ["video", "text"], "outputs": ["video"]},
]
NAMED: dict[str, Any] = {
    "cut_video": {
        "inputs": {"video": "video"}, "outputs": ["video"],
        "arguments": {"type": "object", "required": ["video", "start_seconds"], "properties": {
            "video": {"type": "string"}, "start_seconds": {"type": "number", "minimum": 0},
            "end_seconds": {"type": "number"}, "aspect": {"type": "string"}, "count": {"type": "integer"}}},
        "limits": {"max_count": 4, "aspects": ["16:9", "1:1"], "max_input_seconds": 600},
    },
    "transcribe": {
        "inputs": {"audio": ["audio", "video"]}, "outputs": ["text"],
        "output_schema": {"type": "object", "properties": {
            "text": {"type": "string"}, "segments": {"type": "array", "items": {"type": "object", "properties": {
                "text": {"type": "string"}, "start": {"type": "number"}}}}}},
    },
    "say": {"arguments": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
            "outputs": {"sound": "audio"}},
}  # fmt: skip


def step(id: str, tool: str, args: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"id": id, "tool": tool, "args": args or {}, **more}


def plan(*steps: dict[str, Any], goal: str = "test") -> dict[str, Any]:
    return {"goal": goal, "steps": list(steps)}


def rules(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.step, one.rule) for one in findings]


def tools(mended: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(one.tool, one.args) for one in mended.steps]


GOOD = [
    plan(step("a", "Video-to-Audio", {"video": "film.mp4"}), step("b", "Audio-to-Text", {"audio": "$a"})),
    plan(
        step("a", "Video-to-Text", {"input": "$files[0]"}), step("b", "Subtitle Burner", {"x": "$files[0]", "y": "$a"})
    ),
    plan(step("a", "Frame Sampler", {"video": "film.mp4"}), step("b", "Contact Sheet", {"frames": "$a"})),
    plan(step("a", "Frame Sampler", {"video": "film.mp4"}), step("b", "Text Summarizer", {"text": "$request"})),
    plan(step("a", "Text Summarizer", {"text": "The file is called film.mp4, and the price is $5."})),
]


@pytest.mark.parametrize("given", GOOD)
def test_a_good_plan_of_another_system_has_no_errors_and_is_not_changed(given: dict[str, Any]) -> None:
    assert errors(check(given, KINDS)) == []
    mended, repairs = repair(given, KINDS)
    assert repairs == []
    assert [one.model_dump(exclude_defaults=True) for one in mended.steps] == given["steps"]


@pytest.mark.parametrize("as_mapping", [False, True])
def test_a_catalog_is_a_list_or_a_mapping(as_mapping: bool) -> None:
    catalog: Any = (
        {one["name"]: {k: v for k, v in one.items() if k != "name"} for one in KINDS} if as_mapping else KINDS
    )
    found = check(plan(step("a", "Audio-to-Text", {"audio": "film.mp4"})), catalog)
    assert rules(found) == [("a", "wrong-kind")]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("video_to_audio", "Video-to-Audio"),
        ("VideoToAudio", "Video-to-Audio"),
        ("Extract Audio", "Video-to-Audio"),
        ("Speech-to-Text", "Audio-to-Text"),
        ("ASR", "Audio-to-Text"),
        ("Text-to-Speech", "Text-to-Audio"),
        ("TTS", "Text-to-Audio"),
        ("Image Captioning", "Image-to-Text"),
        ("abridge", "Text Summarizer"),
        ("Summarizer", "Text Summarizer"),
        ("Text Summarisation", "Text Summarizer"),
        ("Text Sumarizer", "Text Summarizer"),
        ("functions.Text Summarizer", "Text Summarizer"),
    ],
)
def test_a_tool_under_another_name_is_mended(wrong: str, right: str) -> None:
    mended, repairs = repair(plan(step("a", wrong, {"input": "$files[0]"})), KINDS)
    assert [one.rule for one in repairs] == ["unknown-tool"]
    assert mended.steps[0].tool == right


@pytest.mark.parametrize("wrong", ["Audio-to-Video", "Frobnicator", "Text Editor", "Video Search", "Text"])
def test_a_tool_that_may_be_any_or_none_is_not_guessed(wrong: str) -> None:
    mended = mend(plan(step("a", wrong, {"input": "$files[0]"})), KINDS)
    assert mended.repairs == []
    assert [one.rule for one in errors(mended.findings)] == ["unknown-tool"]


def test_what_a_step_is_given_and_who_uses_it_tell_which_tool_is_meant() -> None:
    catalog = [*KINDS, {"name": "Keyword Extractor", "inputs": ["text"], "outputs": ["text"]}]
    given = plan(step("a", "Text Extractor", {"image": "scan.png"}), step("b", "Text Summarizer", {"text": "$a"}))
    mended, _ = repair(given, catalog)
    assert mended.steps[0].tool == "Image-to-Text"


def test_a_converter_is_put_in_between() -> None:
    given = plan(step("a", "Frame Sampler", {"video": "f.mp4"}), step("b", "Image-to-Text", {"image": "$a"}))
    assert rules(check(given, KINDS)) == [("b", "wrong-kind")]
    mended = mend(given, KINDS)
    assert mended.plan is not None and errors(mended.findings) == []
    assert [one.tool for one in mended.plan.steps] == ["Frame Sampler", "Contact Sheet", "Image-to-Text"]
    made = mended.plan.steps[1]
    assert mended.plan.steps[2].args == {"image": f"${made.id}"}
    assert mended.steps_of(["b"]) == [made.id, "b"]


def test_a_converter_serves_each_item_of_a_list() -> None:
    given = plan(step("a", "Audio-to-Text", {"audio": "$item"}, for_each="$files"))
    mended, repairs = repair(
        given, KINDS, facts=[{"name": "a.mp4", "kind": "video"}, {"name": "b.mp4", "kind": "video"}]
    )
    assert [one.rule for one in repairs] in (["wrong-kind"], [])
    assert mended.steps[-1].for_each is not None


def test_no_converter_is_chosen_where_two_would_do() -> None:
    catalog = [*KINDS, {"name": "Sound Taker", "inputs": ["video"], "outputs": ["audio"]},
               {"name": "Sound Getter", "inputs": ["video"], "outputs": ["audio"]}]  # fmt: skip
    catalog = [one for one in catalog if one["name"] != "Video-to-Audio"]
    mended = mend(plan(step("a", "Audio-to-Text", {"audio": "film.mp4"})), catalog)
    assert rules(errors(mended.findings)) == [("a", "wrong-kind")]


def test_a_graph_of_nodes_and_links_is_understood() -> None:
    graph = {
        "task_nodes": [
            {"task": "Text Summarizer", "arguments": ["<node-1>"]},
            {"task": "Audio-to-Text", "arguments": ["talk.mp4"]},
        ],
        "task_links": [{"source": "Audio-to-Text", "target": "Text Summarizer"}],
    }
    found = check(graph, KINDS)
    assert [one.rule for one in found] == ["wrong-kind"]
    mended, _ = repair(graph, KINDS)
    assert sorted(tools(mended)) == [
        ("Audio-to-Text", {"input_1": "$video_to_audio"}),
        ("Text Summarizer", {"input_1": "$audio_to_text"}),
        ("Video-to-Audio", {"video": "talk.mp4"}),
    ]


def test_a_link_between_kinds_that_do_not_fit_is_converted() -> None:
    graph = {
        "task_nodes": [{"task": "Text-to-Audio", "arguments": ["hello"]}, {"task": "Text Summarizer", "arguments": []}],
        "task_links": [{"source": "Text-to-Audio", "target": "Text Summarizer"}],
    }
    mended = mend(graph, KINDS)
    assert mended.plan is not None and mended.findings == []
    by_id = {one.id: one for one in mended.plan.steps}
    converter = next(one for one in mended.plan.steps if one.tool == "Audio-to-Text")
    assert [by_id[one].tool for one in converter.depends_on] == ["Text-to-Audio"]


def test_nodes_that_are_counted_from_one_are_noticed() -> None:
    graph = {
        "task_nodes": [
            {"task": "Video-to-Audio", "arguments": ["f.mp4"]},
            {"task": "Audio-to-Text", "arguments": ["<node-1>"]},
            {"task": "Text Summarizer", "arguments": ["<node-2>"]},
        ],
        "task_links": [],
    }
    mended = mend(graph, KINDS)
    assert errors(mended.findings) == []
    assert mended.plan is not None and mended.plan.steps[2].args == {"input_1": "$audio_to_text"}


def test_a_link_to_a_node_that_is_not_there_is_found() -> None:
    graph = {
        "task_nodes": [{"task": "Text Summarizer", "arguments": ["x"]}],
        "task_links": [{"source": "Web Search", "target": "Text Summarizer"}],
    }
    assert "unknown-reference" in [one.rule for one in check(graph, KINDS)]


@pytest.mark.parametrize(
    ("args", "rule", "mended"),
    [
        (
            {"video_path": "$files[0]", "start_seconds": 1},
            "unknown-argument",
            {"video": "$files[0]", "start_seconds": 1},
        ),
        ({"video": "$files[0]", "start": 1}, "unknown-argument", {"video": "$files[0]", "start_seconds": 1}),
        (
            {"video": "$files[0]", "start_seconds": "1:30"},
            "wrong-argument",
            {"video": "$files[0]", "start_seconds": 90},
        ),
        ({"video": "$files[0]", "start_seconds": "5"}, "wrong-argument", {"video": "$files[0]", "start_seconds": 5}),
        ({"video": "$files[0]", "start_seconds": [5]}, "wrong-argument", {"video": "$files[0]", "start_seconds": 5}),
        (
            {"video": "$files[0]", "start_seconds": 1, "aspect": "16x9"},
            "over-limit",
            {"video": "$files[0]", "start_seconds": 1, "aspect": "16:9"},
        ),
        ({"video": "$files[0]", "start_seconds": 1, "count": 9}, "over-limit", None),
        ({"video": "$files[0]"}, "missing-argument", None),
        ({"video": "$files[0]", "start_seconds": "soon"}, "wrong-argument", None),
        ({"video": "$files[0]", "start_seconds": -4}, "wrong-argument", None),
        ({"video": "$files[0]", "start_seconds": 1, "loudness": 4}, "unknown-argument", None),
    ],
)
def test_arguments_are_checked_against_their_schema(
    args: dict[str, Any], rule: str, mended: dict[str, Any] | None
) -> None:
    given = plan(step("a", "cut_video", args))
    assert [one.rule for one in check(given, NAMED)] == [rule]
    result = mend(given, NAMED)
    if mended is None:
        assert [one.rule for one in result.findings] == [rule]
    else:
        assert result.plan is not None and (result.plan.steps[0].args, result.findings) == (mended, [])


@pytest.mark.parametrize(
    ("reference", "mended"),
    [
        ("$t.text", "$t.text"),
        ("$t.segments[0].text", "$t.segments[0].text"),
        ("$t", "$t.text"),
        ("$t.transcript", "$t.text"),
        ("$t.result.text", "$t.text"),
        ("$t.segments[0].start", "${t.segments[0].start}"),
        ("$T.text", "$t.text"),
        ("$transcribe.text", "$t.text"),
        ("{{t.text}}", "$t.text"),
        ("$t.segments.text", None),
        ("$t.segments", None),
        ("$t.text[0].word", None),
        ("$u.text", None),
    ],
)
def test_references_are_followed_into_results(reference: str, mended: str | None) -> None:
    given = plan(step("t", "transcribe", {"audio": "$files[0]"}), step("s", "say", {"text": reference}))
    result = mend(given, NAMED)
    assert result.plan is not None
    if mended is None:
        assert {one.step for one in result.findings} == {"s"}
    else:
        assert (result.plan.steps[1].args["text"], result.findings) == (mended, [])


@pytest.mark.parametrize("for_each", ["$t", "$t.text", "t.segments", "${t.segments}"])
def test_for_each_is_over_a_list(for_each: str) -> None:
    given = plan(
        step("t", "transcribe", {"audio": "$files[0]"}), step("s", "say", {"text": "$item.text"}, for_each=for_each)
    )
    result = mend(given, NAMED)
    if for_each == "$t.text":
        assert "for-each" in [one.rule for one in result.findings]
    else:
        assert result.plan is not None and (result.plan.steps[1].for_each, result.findings) == ("$t.segments", [])


def test_circles_are_found_and_opened_where_one_wait_is_for_nothing() -> None:
    loose = plan(
        step("a", "Video-to-Audio", {"video": "f.mp4"}, depends_on=["b"]), step("b", "Audio-to-Text", {"audio": "$a"})
    )
    result = mend(loose, KINDS)
    assert [one.rule for one in result.repairs] == ["cycle"]
    assert result.plan is not None and result.plan.steps[0].depends_on == []
    tight = plan(step("a", "Text Summarizer", {"text": "$b"}), step("b", "Text Summarizer", {"text": "$a"}))
    assert rules(errors(mend(tight, KINDS).findings)) == [("a", "cycle")]


def test_the_same_step_is_done_once() -> None:
    given = plan(
        step("a", "Video-to-Text", {"video": "f.mp4"}),
        step("b", "Video-to-Text", {"video": "f.mp4"}),
        step("c", "Subtitle Burner", {"video": "f.mp4", "text": "$b"}),
        step("d", "Text Summarizer", {"text": "$a"}, depends_on=["c"]),
    )
    mended = mend(given, KINDS)
    assert mended.plan is not None and [one.id for one in mended.plan.steps] == ["a", "c", "d"]
    assert mended.plan.steps[1].args["text"] == "$a"
    assert mended.steps_of(["b"]) == ["a"]


def test_what_nobody_uses_and_what_is_longer_than_needed_is_a_warning_and_left_alone() -> None:
    unused = plan(
        step("a", "Video-to-Text", {"video": "f.mp4"}),
        step("b", "Frame Sampler", {"video": "f.mp4"}),
        step("c", "Text Summarizer", {"text": "$a"}),
        goal="Sum it up",
    )
    assert [(one.step, one.rule, one.severity) for one in check(unused, KINDS)] == [("b", "unused-step", "warning")]
    detour = plan(step("a", "Video-to-Audio", {"video": "f.mp4"}), step("b", "Audio-to-Text", {"audio": "$a"}))
    assert [(one.rule, one.severity) for one in check(detour, KINDS)] == [("over-planned", "warning")]
    assert (repair(unused, KINDS).repairs, repair(detour, KINDS).repairs) == ([], [])
    bold = repair(detour, KINDS, bold=True).plan
    assert tools(bold) == [("Video-to-Text", {"video": "f.mp4"})]
    assert [one.id for one in repair(unused, KINDS, bold=True).plan.steps] == ["a", "c"]


def test_asked_for_steps_are_not_called_unused() -> None:
    given = plan(
        step("a", "Video-to-Text", {"video": "f.mp4"}),
        step("frames", "Frame Sampler", {"video": "f.mp4"}),
        step("c", "Text Summarizer", {"text": "$a"}),
        goal="Sum it up, and give me some frames",
    )
    assert check(given, KINDS) == []


@pytest.mark.parametrize("empty", [[], {}])
def test_a_catalog_without_tools_makes_every_tool_unknown(empty: Any) -> None:
    assert [one.rule for one in check(plan(step("a", "x")), empty)] == ["unknown-tool"]


@pytest.mark.parametrize(
    "given", [None, 5, "nonsense", "", [], {}, {"steps": []}, {"steps": [5]}, {"steps": [{}]}, True]
)
def test_what_is_no_plan_is_said_and_not_raised(given: Any) -> None:
    found = check(given, KINDS)
    assert [(one.rule, one.severity) for one in found] == [("plan-shape", "error")]
    assert repair(given, KINDS).plan is None


def test_one_picture_is_a_list_of_one_and_a_list_is_no_picture() -> None:
    tools = {
        "sample": {"inputs": ["video/mp4"], "outputs": ["images"]},
        "collage": (["images"], ["image"]),
        "draw": (["text"], ["image"]),
        "colour": (["image/png"], ["image"]),
    }
    drawn = [step("a", "draw", {"text": "x"}), step("b", "collage", {"images": "$a"})]
    each = [step("a", "sample", {"video": "f.mp4"}), step("b", "colour", {"image": "$item"}, for_each="$a")]
    one = [step("a", "sample", {"video": "f.mp4"}), step("b", "colour", {"image": "$a[0]"})]
    for good in (drawn, each, one):
        assert check(plan(*good), tools) == []
    many = mend(plan(step("a", "sample", {"video": "f.mp4"}), step("b", "colour", {"image": "$a"})), tools)
    assert many.plan is not None and errors(many.findings) == []
    assert [one.tool for one in many.plan.steps] == ["sample", "collage", "colour"]


def test_a_plan_may_say_what_it_is_for_and_whose_results_are_wanted() -> None:
    given = plan(
        step("a", "Video-to-Text", {"video": "$files[0]"}),
        step("b", "Frame Sampler", {"video": "$files[0]"}),
        step("c", "Text Summarizer", {"text": "$a"}),
        goal="Sum it up",
    )
    assert [one.rule for one in check(given, KINDS)] == ["unused-step"]
    assert check(given | {"output": ["$b", "$c"], "files": ["talk.mp4"]}, KINDS) == []
    found = check(given | {"output": "$b", "files": ["song.mp3"]}, KINDS)
    assert rules(errors(found)) == [("a", "wrong-kind"), ("b", "wrong-kind")]


def test_facts_may_have_other_names() -> None:
    given = plan(step("a", "Video-to-Audio", {"video": "$files[0]"}))
    silent = {"name": "film.mp4", "type": "video", "duration": 9, "has_audio": False}
    assert rules(check(given, KINDS, facts=[silent])) == [("a", "no-sound")]
