"""Our events as AG-UI 1.0 events."""

from typing import Any

from ag_ui.core import Event as AguiEvent
from pydantic import TypeAdapter

from sensorium.agent.answer import Answer
from sensorium.agent.events import (
    AguiWriter,
    ArtifactStored,
    Event,
    PlanMade,
    RunFailed,
    RunFinished,
    RunStarted,
    StepEnded,
    StepProgress,
    StepStarted,
    TextDelta,
)
from sensorium.tools.base.workspace import Artifact

ARTIFACT = Artifact(handle="artifact://sha256/00", media_type="text/plain", bytes=1, name="a.txt")
ANSWER = Answer(run_id="r1", status="done", text="Done.", artifacts=[ARTIFACT], steps=[], seconds=1.0)
STEPS = [{"id": name, "tool": "echo", "title": "Echo", "status": "waiting"} for name in ("a", "b")]
A_RUN: list[Event] = [
    RunStarted(run_id="r1", request="x"),
    PlanMade(goal="g", steps=STEPS),
    StepStarted(call_id="r1-b", step="b", tool="echo", args={"text": "你好"}),
    StepProgress(call_id="r1-b", step="b", tool="echo", fraction=0.5, note="half"),
    ArtifactStored(step="b", artifact=ARTIFACT),
    StepEnded(call_id="r1-b", step="b", tool="echo", status="done", seconds=0.1, output={"text": "x"}),
    TextDelta(text="Do"),
    TextDelta(text="ne."),
    RunFinished(answer=ANSWER),
]


def lines(events: list[Event]) -> list[dict[str, Any]]:
    writer = AguiWriter()
    return [line for event in events for line in writer.lines(event)]


def test_every_event_is_one_that_ag_ui_knows_without_unknown_fields() -> None:
    for line in lines(A_RUN):
        event = TypeAdapter(AguiEvent).validate_python(line)
        assert not event.model_extra, line


def test_a_run_is_told_in_order() -> None:
    assert [line["type"] for line in lines(A_RUN)] == [
        "RUN_STARTED",
        "STATE_SNAPSHOT",
        "STATE_DELTA",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "CUSTOM",
        "STATE_DELTA",
        "TOOL_CALL_RESULT",
        "STATE_DELTA",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]


def test_a_steps_status_is_patched_where_the_plan_has_it() -> None:
    deltas = [line["delta"][0] for line in lines(A_RUN) if line["type"] == "STATE_DELTA"]
    assert [(one["path"], one["value"]) for one in deltas if one["op"] == "replace"] == [
        ("/plan/1/status", "running"),
        ("/plan/1/status", "done"),
    ]
    assert deltas[1]["value"]["handle"] == ARTIFACT.handle


def test_every_snapshot_repeats_the_artifacts_that_are_known() -> None:
    snapshots = [line for line in lines([*A_RUN[:6], PlanMade(goal="more", steps=STEPS[:1])])
                 if line["type"] == "STATE_SNAPSHOT"]  # fmt: skip
    handles = [[one["handle"] for one in line["snapshot"]["artifacts"]] for line in snapshots]
    assert handles == [[], [ARTIFACT.handle]]


def test_progress_keeps_its_names_and_percent() -> None:
    custom = next(line for line in lines(A_RUN) if line["type"] == "CUSTOM")
    assert custom["value"] == {"tool_call_id": "r1-b", "percent": 50, "note": "half"}


def test_the_answer_and_its_cost_are_in_the_last_line() -> None:
    last = lines(A_RUN)[-1]
    assert last["outcome"] == {"type": "success"}
    assert (last["result"]["text"], last["result"]["cost_usd"]) == ("Done.", 0.0)


def test_a_failure_is_the_last_line_with_its_code() -> None:
    last = lines([RunStarted(run_id="r1", request="x"), RunFailed(message="no", code="SettingsError")])[-1]
    assert (last["type"], last["message"], last["code"]) == ("RUN_ERROR", "no", "SettingsError")


def test_a_plan_that_grows_is_added_to_and_one_that_is_given_up_is_gone() -> None:
    growing = [PlanMade(goal="", steps=STEPS[:count], is_whole=False) for count in (1, 2)]
    given_up = PlanMade(goal="", steps=[], is_whole=False)
    told = lines([A_RUN[0], *growing, ArtifactStored(step="b", artifact=ARTIFACT), given_up])
    first, added, _, last = [line for line in told if line["type"].startswith("STATE_")]
    assert [one["id"] for one in first["snapshot"]["plan"]] == ["a"]
    assert added["delta"] == [{"op": "add", "path": "/plan/-", "value": STEPS[1]}]
    assert last["snapshot"] == {"goal": "", "plan": [], "artifacts": []}
