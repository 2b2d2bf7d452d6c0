"""Looking at a video: the frames a model is really sent, their times, and the budget that holds."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sensorium.tools import call
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.base.words import is_han
from sensorium.tools.looking.film import filled
from sensorium.tools.report.chinese import in_chinese

FPS = 10
SAID = "The red valve opens at half past nine."


def speech(*said: tuple[float, str]) -> Findings:
    source = Source(tool="transcribe", provider="house:ears", quality="good")
    return Findings(
        moments=[
            Moment(kind="speech", start_seconds=at, end_seconds=at + 2, text=text, source=source) for at, text in said
        ]
    )


async def test_it_looks_at_a_sheet_first_then_at_the_frames_and_the_stretches_it_wants(
    seeing: Callable[..., Run],
    server: Any,
    script: ModuleType,
    eyes: ModuleType,
    *,
    film: Path,
    number_of: Callable[[Image.Image], int],
) -> None:
    run = seeing()
    wanted = [{"picture": 2}, {"start_seconds": 30.0, "end_seconds": 33.0, "frames": 3}, {"start_seconds": 12.35}]

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        sent = eyes.pictures(request)
        if sent[0].number is None:
            return {"answer": "not yet", "enough": False, "want": wanted}
        numbers = {one.number: number_of(one.image) for one in sent}
        seen = [{"picture": picture, "text": f"frame {frame}"} for picture, frame in numbers.items()]
        return {"answer": "seen", "enough": True, "seen": seen}

    server.answering = eyes.answering(script, answer)
    looked = await call("look_at", {"media": str(film), "task": "answer", "question": "What?"}, run)

    sheet = eyes.pictures(server.requests[0])[0].image
    cells = [one for one in looked.glances if one.on_sheet]
    assert len(cells) <= 30 and sheet.width <= 1568
    assert [one.number for one in cells] == list(range(1, len(cells) + 1))
    times = [one.at_seconds for one in cells]
    assert times == sorted(times) and {int(at // 10) for at in times} == {0, 1, 2, 3}, "each scene is there"
    told = eyes.prompt(server.requests[0])
    assert "1 = 0:01.0" in told and f"pictures 1 to {len(cells)}" in told

    alone = [one for one in looked.glances if not one.on_sheet]
    by_time = {one.text: one for one in looked.moments}
    assert len(alone) == 5
    for glance in alone:
        moment = by_time[f"frame {round((glance.at_seconds or 0) * FPS)}"]
        assert moment.start_seconds == glance.at_seconds, "the pixels say the same time as the label"
        assert moment.artifact in {one.handle for one in looked.pictures}
    assert [one.at_seconds for one in alone] == [times[1], 30.5, 31.5, 32.5, 12.3]
    assert all(one.image.size == (320, 180) for one in eyes.pictures(server.requests[1])), "as large as the video"
    assert looked.coverage and looked.coverage.frames == len({*times, 30.5, 31.5, 32.5, 12.3})
    at_frames = [one.at_seconds or 0 for one in looked.glances]
    assert not any(start < at < end for at in at_frames for start, end in looked.not_looked_at)
    assert 15 < sum(end - start for start, end in looked.not_looked_at) < 30
    assert looked.limits[0].startswith(f"A model looked at {looked.coverage.frames} of the frames of 40.0 s")


async def test_a_window_is_all_that_is_looked_at(
    seeing: Callable[..., Run], server: Any, script: ModuleType, film: Path
) -> None:
    run = seeing()
    server.play(script.whole('{"answer": "x"}'))
    looked = await call("look_at", {"media": str(film), "start_seconds": 12, "end_seconds": 18}, run)
    times = [one.at_seconds for one in looked.glances]
    assert times and all(12 <= at <= 18 for at in times)
    assert looked.coverage and looked.coverage.seconds == 40.0
    assert all(12 <= start < end <= 18 for start, end in looked.not_looked_at)
    for start, end in ((41, None), (5, 5), (9, 3)):
        with pytest.raises(ArgumentError, match="inside the video"):
            given = {"start_seconds": start} | ({"end_seconds": end} if end else {})
            await call("look_at", {"media": str(film), **given}, run)


async def test_a_region_of_a_video_is_all_that_is_shown(
    seeing: Callable[..., Run],
    server: Any,
    script: ModuleType,
    eyes: ModuleType,
    *,
    film: Path,
) -> None:
    run = seeing()
    box = {"picture": 99, "text": "the top", "box": [0, 0, 1, 1]}

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        sent = eyes.pictures(request)
        if sent[0].number is None:
            return {"answer": "closer", "enough": False, "want": [{"picture": 1}]}
        box["picture"] = sent[0].number
        return {"answer": "There.", "found": [box]}

    server.answering = eyes.answering(script, answer)
    args = {"media": str(film), "task": "ground", "question": "the top", "region": [0, 0, 1, 0.5]}
    looked = await call("look_at", args, run)
    (frame,) = eyes.pictures(server.requests[1])
    assert frame.image.size == (320, 90)
    red, green, blue = eyes.colour(frame.image)
    assert red > 180 and green < 60 and blue < 60, "the upper half has no blocks"
    assert [one.box for one in looked.found] == [(0.0, 0.0, 1.0, 0.5)]


async def test_what_is_known_is_told_and_may_be_enough(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, film: Path
) -> None:
    run = seeing()

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        return {"answer": "At half past nine." if SAID in eyes.prompt(request) else "I do not know."}

    server.answering = eyes.answering(script, answer)
    findings = speech((3.0, "Good morning."), (21.0, SAID)).model_dump()
    args = {"media": str(film), "task": "answer", "question": "When does the red valve open?", "findings": [findings]}
    looked = await call("look_at", args, run)
    assert (looked.answer, looked.spent.requests) == ("At half past nine.", 1)
    assert "[0:21.0] The red valve" in eyes.prompt(server.requests[0])


async def test_of_much_that_is_known_what_the_question_is_about_is_told(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, film: Path
) -> None:
    run = seeing()
    server.play(script.whole('{"answer": "x"}'))
    many = [(at / 10, f"Nothing of interest was said in sentence {at} of this talk.") for at in range(0, 400, 2)]
    many[150] = (30.0, SAID)
    args = {"media": str(film), "task": "answer", "question": "When does the valve open?", "budget_tokens": 4000}
    looked = await call("look_at", {**args, "findings": [speech(*many).model_dump()]}, run)
    told = eyes.prompt(server.requests[0])
    assert SAID in told and "sentence 0 " in told and "sentence 398 " in told, "the end, too"
    assert any("did not fit into what the model was told" in one for one in looked.limits)
    assert looked.spent.estimated_tokens <= 4000


@pytest.mark.parametrize("budget", [2500, 4000, 9000])
async def test_the_budget_holds_whatever_the_model_wants(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, *, film: Path, budget: int
) -> None:
    run = seeing()
    asked = [0]

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        asked[0] += 1
        want = [{"start_seconds": at + asked[0], "end_seconds": at + 5, "frames": 6} for at in range(0, 36, 5)]
        return {"answer": f"guess {asked[0]}", "enough": False, "want": want}

    server.answering = eyes.answering(script, answer)
    looked = await call("look_at", {"media": str(film), "budget_tokens": budget}, run)
    assert looked.spent.estimated_tokens <= budget
    assert looked.spent.pictures == sum(len(eyes.pictures(one)) for one in server.requests)
    assert looked.spent.requests == len(server.requests) <= 4
    assert (looked.answer, looked.enough) == (f"guess {asked[0]}", False)
    ended = "wanted to see more after 4 looks" if budget == 9000 else "was used before house:eyes had seen enough"
    assert any(ended in one for one in looked.limits)
    assert all(is_han(in_chinese(one)) for one in looked.limits)


async def test_what_is_reported_counts_more_than_what_was_estimated(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, film: Path
) -> None:
    run = seeing()

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        return {"answer": "x", "enough": False, "want": [{"start_seconds": 2.0, "end_seconds": 39.0, "frames": 6}]}

    server.answering = eyes.answering(script, answer, tokens=lambda request: 5500)
    looked = await call("look_at", {"media": str(film), "budget_tokens": 6000}, run)
    assert (looked.spent.requests, looked.spent.reported_tokens) == (1, 5500), "a second one would not fit"
    assert looked.spent.estimated_tokens < 4000


async def test_no_picture_is_sent_twice_and_earlier_words_are_told_instead(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, film: Path
) -> None:
    run = seeing()

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        seen = [{"picture": one.number or 1, "text": f"thing {one.number}"} for one in eyes.pictures(request)]
        want = [{"picture": 3}, {"picture": 3}, {"picture": 77}, {"picture": 4}]
        return {"answer": "not yet", "enough": False, "seen": seen, "want": want}

    server.answering = eyes.answering(script, answer)
    looked = await call("look_at", {"media": str(film)}, run)
    assert [len(eyes.pictures(one)) for one in server.requests] == [1, 2], "and then nothing is new"
    assert "thing None" in eyes.prompt(server.requests[1])
    assert looked.enough is False


async def test_a_look_that_fails_leaves_what_was_seen_before(
    seeing: Callable[..., Run], server: Any, script: ModuleType, film: Path
) -> None:
    run = seeing()
    first = '{"answer": "A red scene.", "enough": false, "want": [{"picture": 2}]}'
    server.play(script.whole(first), script.Reply(status=500, body={"error": {"message": "out of order"}}))
    looked = await call("look_at", {"media": str(film)}, run)
    assert (looked.answer, looked.partial, looked.enough) == ("A red scene.", True, False)
    assert any("out of order" in one for one in looked.limits)
    server.play(script.whole('{"answer": "All of it."}'))
    again = await call("look_at", {"media": str(film)}, run.begin("another"))
    assert (again.answer, again.partial) == ("All of it.", False), "what failed is not remembered"


def test_wide_gaps_are_filled_first() -> None:
    assert filled([5.0], (0.0, 40.0), 4) == [5.0, 22.5]
    assert filled([1.0, 2.0, 3.0], (0.0, 4.0), 3) == [1.0, 2.0, 3.0]
    assert filled([], (0.0, 10.0), 1) == []
