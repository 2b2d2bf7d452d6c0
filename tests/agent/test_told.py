"""What a chat model is told of the results of a plan, and how it reads on."""

import json
from typing import Any

from sensorium.agent.plan import resolve
from sensorium.agent.told import tell
from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run
from sensorium.tools.base.tokens import text_tokens


def record(tool: str = "transcribe", *, final: bool = True, **more: Any) -> dict[str, Any]:
    return {"tool": tool, "status": "done", "error": None, "final": final, **more}


def said(count: int) -> dict[str, Any]:
    source = {"tool": "transcribe", "provider": "p", "quality": "good"}
    moments = [
        {"kind": "speech", "start_seconds": n * 5.0, "end_seconds": None, "text": f"sentence {n}", "source": source}
        for n in range(count)
    ]
    return {"moments": moments, "measures": [], "limits": ["A draft."]}


async def read_on(told: Any, step: str, run: Run) -> Any:
    """Call the tool with the arguments that the model was given."""
    args = json.loads(told.results[step]["more"].partition("read_artifact with ")[2])
    return await call("read_artifact", resolve(args, {"whole": told.wholes}), run)


async def test_the_rest_of_a_long_list_is_read_where_the_head_ends(run: Run) -> None:
    told = tell(["talk"], {"talk": record()}, {"talk": said(2000)}, run, can_read=True)
    shown = told.results["talk"]["output"]["moments"]
    assert shown[0] == "[talk.m1] 0:00 speech: sentence 0"
    assert len(json.dumps(told.results)) < 13_000
    rest = await read_on(told, "talk", run)
    assert rest.rows[0] == f"[talk.m{len(shown)}] {_clock(5 * (len(shown) - 1))} speech: sentence {len(shown) - 1}"
    assert rest.total == 2000


async def test_the_rest_of_a_long_text_is_read_where_the_head_ends(run: Run) -> None:
    text = "".join(f"word{n} " for n in range(9000))
    told = tell(["page"], {"page": record("fetch")}, {"page": {"title": "t", "text": text}}, run, can_read=True)
    shown = told.results["page"]["output"]["text"].partition("… (")[0]
    rest = await read_on(told, "page", run)
    assert text.startswith(shown + rest.text)


async def test_limits_are_named_once(run: Run) -> None:
    found = said(2) | {"limits": ["A draft.", "Latin letters only."]}
    records = {"talk": record(final=False), "found": record("find_moments")}
    told = tell(records, records, {"talk": said(2), "found": found}, run, can_read=True)
    assert [one["output"]["limits"] for one in told.results.values()] == [["A draft."], ["Latin letters only."]]


async def test_chinese_results_have_as_many_tokens_as_english_ones(run: Run) -> None:
    source = {"tool": "transcribe", "provider": "p", "quality": "good"}
    moments = [
        {
            "kind": "speech",
            "start_seconds": n * 5.0,
            "end_seconds": None,
            "text": "第三季度营业收入同比增长",
            "source": source,
        }
        for n in range(2000)
    ]
    scope = {"talk": {"moments": moments}, "english": said(2000)}
    tokens = {
        name: text_tokens(
            json.dumps(tell([name], {name: record()}, scope, run, can_read=True).results, ensure_ascii=False)
        )
        for name in scope
    }
    assert tokens["english"] > 2_500
    assert abs(tokens["talk"] - tokens["english"]) < 300


async def test_what_is_stored_comes_from_the_tool_that_gave_it(run: Run) -> None:
    told = tell(["talk"], {"talk": record()}, {"talk": said(2000)}, run, can_read=True)
    assert [one.tool for one in run.workspace.provenance(told.wholes["talk"])] == ["transcribe"]


async def test_a_result_that_was_read_on_is_not_stored_again(run: Run) -> None:
    told = tell(["part"], {"part": record("read_artifact")}, {"part": {"text": "x" * 90_000}}, run, can_read=True)
    assert told.wholes == {}
    assert "`length`" in told.results["part"]["more"]


async def test_a_short_result_is_whole_and_makes_no_file(run: Run) -> None:
    told = tell(["talk"], {"talk": record()}, {"talk": said(3)}, run, can_read=True)
    assert told.results["talk"].keys() == {"tool", "status", "output"}
    assert told.wholes == {}


async def test_what_failed_is_told_with_its_reason(run: Run) -> None:
    failed = record(error={"type": "MediaError", "message": "It has no sound."}) | {"status": "failed"}
    told = tell(["talk"], {"talk": failed}, {}, run, can_read=True)
    assert told.results == {"talk": {"tool": "transcribe", "status": "failed", "error": "It has no sound."}}


async def test_only_what_perception_found_is_a_picture_to_look_at(run: Run) -> None:
    def image(name: str) -> dict[str, Any]:
        return {"handle": f"artifact://sha256/{name}", "media_type": "image/png", "bytes": 1, "name": name}

    records = {"frames": record("extract_frames"), "chart": record("make_chart"), "used": record(final=False)}
    scope = {
        "frames": {"items": [{"picture": image("aa")}, {"picture": image("bb")}], "moments": []},
        "chart": {"png": image("cc")},
        "used": {"sheet": image("dd"), "moments": []},
    }
    told = tell(records, records, scope, run, can_read=True)
    assert told.pictures == [
        {"handle": "artifact://sha256/aa", "name": "$frames.items[0].picture"},
        {"handle": "artifact://sha256/bb", "name": "$frames.items[1].picture"},
    ]


def _clock(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
