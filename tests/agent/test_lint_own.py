"""Plans over our own tools, against the facts of the user's files."""

import json
from typing import Any

import pytest

from sensorium.agent.lint import Bounds, Finding, check, errors, mend
from sensorium.agent.lint.kinds import ANYTHING, kind_of_file
from sensorium.agent.lint.own_tools import is_file, of_tool
from sensorium.tools.base.catalog import catalog

FILM: dict[str, Any] = {
    "handle": f"artifact://sha256/{'0' * 64}", "name": "talk.mp4", "media_type": "video/mp4", "kind": "video",
    "seconds": 60.0, "has_sound": True, "has_pictures": True,
}  # fmt: skip
MUTE = FILM | {"name": "mute.mp4", "has_sound": False}
SONG = FILM | {"name": "song.wav", "kind": "audio", "has_pictures": False}
PICTURE = {"handle": f"artifact://sha256/{'1' * 64}", "name": "cat.png", "kind": "picture"}


def step(id: str, tool: str, **args: Any) -> dict[str, Any]:
    return {"id": id, "tool": tool, "args": args}


def plan(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"goal": "test", "steps": list(steps)}


def rules(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.step, one.rule) for one in findings]


REPORT = plan(
    step("probe", "probe_media", media="$files[0]"),
    {**step("scenes", "find_scenes", media="$files[0]"), "optional": True},
    step("frames", "extract_frames", media="$files[0]", scenes="$scenes.scenes", contact_sheet=True),
    {**step("facts", "image_facts", media="$item.picture"), "for_each": "$frames.items"},
    step("speech", "transcribe", media="$files[0]"),
    step("rate", "measure_speech", speech="$speech"),
    step("chart", "make_chart", series="$rate.series", x_label="$rate.x_label"),
    step("found", "find_moments", findings=["$speech", "$scenes"], query="budget"),
    step("sum", "summarize_text", text="$speech.text"),
    step("voice", "speak", text="It lasts ${probe.seconds} s: ${sum.text}"),
    step("heard", "transcribe", media="$voice.audio"),
    step("lines", "read_artifact", artifact="$speech.transcript", unit="lines"),
    step("sheet", "read_text", media="$frames.sheet"),
    step(
        "report", "write_report", request="$request", media=["$files[0]"], run_facts="$run",
        findings=["$probe", "$scenes", "$facts", "$speech", "$rate", "$found", "$sum", "$heard", "$sheet"],
        pictures=["$chart.picture", "$frames.items[0].picture"], title="${lines.text}",
    ),
)  # fmt: skip


@pytest.mark.parametrize("facts", [None, [FILM]])
def test_a_good_plan_has_no_findings_and_stays_as_it_is(facts: list[dict[str, Any]] | None) -> None:
    assert check(REPORT, catalog(), facts=facts) == []
    mended = mend(REPORT, catalog(), facts=facts)
    assert mended.repairs == [] and mended.plan is not None
    assert [one.model_dump(exclude_defaults=True) for one in mended.plan.steps] == REPORT["steps"]


@pytest.mark.parametrize(
    ("steps", "args"),
    [
        ([step("a", "speech_to_text", audio="$files[0]")], {"media": "$files[0]"}),
        ([step("a", "ocr", image_path="$files[0]")], {"media": "$files[0]"}),
        ([step("a", "transcribe", media="$files")], {"media": "$files[0]"}),
        ([step("a", "transcribe", media="$file")], {"media": "$files[0]"}),
        ([step("a", "transcribe", media="films/of/2026/talk.mp4")], {"media": "$files[0]"}),
        ([step("a", "transcribe", media="talk.mp4")], {"media": "$files[0]"}),
        ([step("a", "transcribe", media="${files[0]}")], {"media": "$files[0]"}),
        ([step("a", "transcribe", media="{{files[0]}}")], {"media": "$files[0]"}),
        ([step("a", "transcribe")], {"media": "$files[0]"}),
        ([step("a", "transcribe", media="$files[0]", language=None)], {"media": "$files[0]", "language": None}),
        ([step("a", "extract_frames", media="$files[0]", num_frames="5")], {"media": "$files[0]", "count": 5}),
        ([step("a", "extract_frames", media="$files[0]", times="0:30")], {"media": "$files[0]", "times": [30]}),
        (
            [step("a", "read_text", media="$files[0]", between_seconds=["0:10", "0:20"])],
            {"media": "$files[0]", "between_seconds": [10, 20]},
        ),
        (
            [step("a", "read_text", media="$files[0]", between_seconds="0:10-0:20")],
            {"media": "$files[0]", "between_seconds": [10, 20]},
        ),
        (
            [step("a", "read_text", media="$files[0]", between_seconds=[10, 90])],
            {"media": "$files[0]", "between_seconds": [10, 60.0]},
        ),
        ([step("a", "extract_frames", media="$files[0]", format="JPG")], {"media": "$files[0]", "format": "jpeg"}),
        ([step("t", "transcribe", media="$files[0]"), step("a", "measure_speech", speech="$t.text")], {"speech": "$t"}),
        ([step("t", "transcribe", media="$files[0]"), step("a", "summarize_text", text="$t")], {"text": "$t.text"}),
        (
            [step("t", "transcribe", media="$files[0]"), step("a", "summarize_text", text="$t.transcription")],
            {"text": "$t.text"},
        ),
        (
            [step("t", "find_scenes", media="$files[0]"), step("a", "extract_frames", media="$files[0]", scenes="$t")],
            {"media": "$files[0]", "scenes": "$t.scenes"},
        ),
        ([step("t", "speak", text="hello"), step("a", "transcribe", media="$t")], {"media": "$t.audio"}),
        (
            [step("t", "probe_media", media="$files[0]"), step("a", "speak", text="$t.seconds")],
            {"text": "${t.seconds}"},
        ),
        (
            [
                step("t", "extract_frames", media="$files[0]"),
                {**step("a", "image_facts", media="$item"), "for_each": "$t.items"},
            ],
            {"media": "$item.picture"},
        ),
        (
            [step("t", "extract_frames", media="$files[0]"), step("a", "read_text", media="$t.items")],
            {"media": "$t.sheet"},
        ),
    ],
)
def test_what_can_only_be_meant_in_one_way_is_mended(steps: list[dict[str, Any]], args: dict[str, Any]) -> None:
    mended = mend(plan(*steps), catalog(), facts=[FILM])
    assert mended.plan is not None
    assert (mended.plan.steps[-1].args, errors(mended.findings)) == (args, [])
    again = mend(mended.plan, catalog(), facts=[FILM])
    assert (again.plan, again.repairs) == (mended.plan, [])


def test_the_contact_sheet_is_asked_for_when_it_is_used() -> None:
    for used in ("$t.items", "$t.sheet"):
        steps = [step("t", "extract_frames", media="$files[0]"), step("a", "read_text", media=used)]
        mended = mend(plan(*steps), catalog(), facts=[FILM]).plan
        assert mended is not None and mended.steps[0].args["contact_sheet"] is True


@pytest.mark.parametrize(
    ("steps", "facts", "found"),
    [
        ([step("a", "transcribe", media="$files[0]")], [MUTE], [("a", "no-sound", "error")]),
        ([{**step("a", "transcribe", media="$files[0]"), "optional": True}], [MUTE], [("a", "no-sound", "warning")]),
        ([step("a", "find_scenes", media="$files[0]")], [PICTURE], [("a", "wrong-media", "error")]),
        ([step("a", "read_text", media="$files[0]")], [SONG], [("a", "wrong-media", "error")]),
        ([step("a", "image_facts", media="$files[0]")], [FILM], [("a", "wrong-media", "error")]),
        (
            [step("a", "find_scenes", media="$files[0]")],
            [FILM | {"has_pictures": False}],
            [("a", "no-pictures", "error")],
        ),
        ([step("a", "extract_frames", media="$files[0]", times=[5, 99])], [FILM], [("a", "beyond-end", "error")]),
        ([step("a", "read_text", media="$files[0]", between_seconds=[70, 99])], [FILM], [("a", "beyond-end", "error")]),
        ([step("a", "transcribe", media="$files[1]")], [FILM], [("a", "unknown-reference", "error")]),
        ([step("a", "transcribe", media="$files[0]")], [{"name": "lost.mp4", "error": "gone"}],
         [("a", "unknown-reference", "error")]),
        ([step("a", "transcribe", media="other.mp4")], [FILM, SONG], [("a", "literal-file", "error")]),
        ([step("a", "transcribe", media="other.mp4")], None, [("a", "literal-file", "warning")]),
        ([step("a", "transcribe", media=f"artifact://sha256/{'9' * 64}")], [FILM, SONG],
         [("a", "literal-file", "warning")]),
        ([step("t", "speak", text="x"), step("a", "find_scenes", media="$t.audio")], [],
         [("a", "wrong-kind", "error")]),
        ([step("t", "transcribe", media="$files[0]"), step("a", "image_facts", media="$t.text")], [FILM],
         [("a", "wrong-type", "error")]),
        ([step("t", "find_scenes", media="$files[0]"), step("a", "speak", text="$t.scenes")], [FILM],
         [("a", "wrong-type", "error")]),
        ([step("t", "find_scenes", media="$files[0]"), step("a", "speak", text="$t.scenes.start_seconds")], [FILM],
         [("a", "unknown-reference", "error")]),
        ([step("t", "find_scenes", media="$files[0]"), step("a", "speak", text="$t[0].text")], [FILM],
         [("a", "unknown-reference", "error")]),
        ([{**step("a", "transcribe", media="$item"), "for_each": "$files[0]"}], [FILM], [("a", "for-each", "error")]),
    ],
)  # fmt: skip
def test_what_no_mending_is_certain_for_is_told(
    steps: list[dict[str, Any]], facts: list[dict[str, Any]] | None, found: list[tuple[str, str, str]]
) -> None:
    left = mend(plan(*steps), catalog(), facts=facts).findings
    assert [(one.step, one.rule, one.severity) for one in left] == found
    assert all(one.repair is None for one in left)
    assert all(one.message.endswith((".", "`")) for one in left)


def test_what_a_film_without_sound_can_still_give_is_not_refused() -> None:
    given = plan(step("a", "find_scenes", media="$files[0]"), step("b", "probe_media", media="$files[0]"))
    assert check(given, catalog(), facts=[MUTE]) == []


def test_a_plan_that_costs_or_takes_too_much_is_told() -> None:
    tools = [{"name": "film", "inputs": ["text"], "outputs": ["video"], "cost_usd": 0.6, "seconds": 90}]
    given = plan(step("a", "film", text="a cat"), step("b", "film", text="$request"))
    assert errors(check(given, tools, bounds=Bounds(usd=2, seconds=100))) == []
    assert rules(errors(check(given, tools, bounds=Bounds(usd=1, seconds=60)))) == [
        ("", "over-time"),
        ("b", "over-budget"),
    ]
    assert rules(check(given, tools, bounds=Bounds(usd=1, quoted_usd=0.5))) == []


def test_limits_of_who_serves_a_tool_are_checked() -> None:
    bounds = Bounds(limits={"speak": {"max_words_per_minute": 200}})
    assert rules(check(plan(step("a", "speak", text="x", words_per_minute=400)), catalog(), bounds=bounds)) == [
        ("a", "over-limit")
    ]


def test_results_of_earlier_steps_count() -> None:
    earlier = {"old": {"text": "x", "items": [1]}}
    good = plan(step("a", "summarize_text", text="$old.text"))
    assert check(good, catalog(), earlier) == []
    bad = plan(step("a", "summarize_text", text="$old.words"))
    assert rules(check(bad, catalog(), earlier)) == [("a", "unknown-reference")]
    slip = mend(plan(step("a", "summarize_text", text="$Old.text")), catalog(), earlier)
    assert slip.plan is not None and slip.plan.steps[0].args == {"text": "$old.text"}


def test_a_taken_id_is_given_up_where_nobody_names_it() -> None:
    mended = mend(plan(step("files", "probe_media", media="$files[0]")), catalog(), facts=[FILM])
    assert mended.plan is not None and mended.plan.steps[0].id == "files_2"
    assert mended.steps_of(["files"]) == ["files_2"]


def test_every_file_in_a_result_has_a_kind_by_its_name() -> None:
    """So that a new tool whose files have new names is noticed here."""
    unknown = {
        f"{tool.name}.{name}"
        for tool in catalog().values()
        for name, part in tool.output_schema.get("properties", {}).items()
        if is_file(part, tool.output_schema.get("$defs", {})) and kind_of_file(name) == ANYTHING
    }
    anything = {"run_python.artifacts", "fetch_url.file", "fetch_url.files"}
    anything |= {"make_music.midi", "clone_voice.record", "clone_voice.statement"}
    anything |= {"edit_media.file", "edit_media.files", "picture_sound.file"}
    assert unknown == {"make_chart.drawing", "write_report.data", *anything}
    assert of_tool(catalog()["speak"]).gives == {"audio"}


def test_findings_are_plain_data() -> None:
    found = check(plan(step("a", "ocr", image="$files[0]")), catalog(), facts=[PICTURE])
    assert json.loads(json.dumps([one.plain() for one in found]))[0] == {
        "step": "a", "rule": "unknown-tool", "message": "There is no tool 'ocr'. Did you mean `read_text`?",
        "severity": "error", "repair": {"do": "rename-tool", "to": "read_text"},
    }  # fmt: skip


def test_files_in_the_scenes_of_a_film_are_checked_as_any_other() -> None:
    makers = [step("frames", "extract_frames", media="$files[0]", count=2), step("voice", "speak", text="Hello")]
    scenes = [{"picture": "$frames.items[0].picture", "narration": "$voice.audio"}, {"video": "$files[0]"}]
    assert check(plan(*makers, step("film", "compose_video", scenes=scenes)), catalog(), facts=[FILM]) == []
    wrong = [{"picture": "$voice.audio", "narration": "$frames.items"}, {"title": "${voice.seconds}"}]
    found = check(plan(*makers, step("film", "compose_video", scenes=wrong)), catalog(), facts=[FILM])
    assert rules(found) == [("film", "wrong-kind"), ("film", "wrong-type")]
    assert "takes picture" in found[0].message and "takes a file" in found[1].message


@pytest.mark.parametrize(
    ("scene", "found"),
    [
        ({"picture": "$files[1]", "seconds": "$probe.seconds", "title": "${probe.seconds} s"}, []),
        ({"picture": "/somewhere/else.png"}, [("film", "literal-file")]),
        ({"video": "https://example.com/a.mp4"}, [("film", "literal-file")]),
        ({"picture": "$files[0]"}, [("film", "wrong-media")]),
        ({"title": "x", "narration": "$files[1]"}, [("film", "wrong-media")]),
        ({"title": "x", "image": "$files[1]"}, [("film", "wrong-argument")]),
        ({"picture": "$files[1]", "video": "$files[0]"}, [("film", "wrong-argument")]),
    ],
)
def test_scenes_are_checked_before_anything_runs(scene: dict[str, Any], found: list[tuple[str, str]]) -> None:
    made = plan(step("probe", "probe_media", media="$files[0]"), step("film", "compose_video", scenes=[scene]))
    assert rules(errors(check(made, catalog(), facts=[FILM, PICTURE]))) == found


def test_the_one_file_that_a_scene_can_mean_is_put_there() -> None:
    made = plan(step("film", "compose_video", scenes=[{"title": "A"}, {"picture": "cat.png"}]))
    mended = mend(made, catalog(), facts=[FILM, PICTURE])
    assert mended.plan is not None
    assert mended.plan.steps[0].args["scenes"][1] == {"picture": "$files[1]"}
