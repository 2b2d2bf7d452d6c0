"""Looking through a model: what it is really sent, pixel by pixel, and what becomes of its answers."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sensorium.tools import call
from sensorium.tools.base.errors import ArgumentError, MediaError, SettingsError
from sensorium.tools.base.run import Run
from sensorium.tools.looking.result import Looked

RED = (220, 20, 20)
GREY = (120, 120, 120)


def picture(path: Path, size: tuple[int, int] = (400, 300), colour: tuple[int, int, int] = GREY) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


async def test_a_picture_is_described_with_its_evidence(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, tmp_path: Path
) -> None:
    run = seeing()

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        shown = eyes.pictures(request)
        told = f"A plain field of {eyes.colour(shown[0].image)}."
        return {"answer": told, "enough": True, "seen": [{"picture": 1, "text": told}]}

    server.answering = eyes.answering(script, answer, tokens=lambda request: 777)
    path = picture(tmp_path / "field.png", colour=RED)
    looked: Looked = await call("look_at", {"media": str(path)}, run)
    assert looked.answer == "A plain field of (220, 20, 20)."
    assert [(one.kind, one.text, one.media, one.source.provider) for one in looked.moments] == [
        ("picture", looked.answer, looked.media, "house:eyes")
    ]
    assert (looked.spent.requests, looked.spent.pictures, looked.spent.reported_tokens) == (1, 1, 777)
    assert (looked.engine, looked.quality, looked.tried, looked.enough) == ("house:eyes", "good", [], True)
    body = server.requests[0]
    assert (body["model"], body["response_format"]) == ("eyes", {"type": "json_object"})
    assert "stream" not in body


async def test_asked_again_nothing_is_sent(
    seeing: Callable[..., Run], server: Any, script: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    server.play(script.whole('{"answer": "Grey."}'))
    args = {"media": str(picture(tmp_path / "a.png"))}
    first = await call("look_at", args, run)
    assert await call("look_at", args, run) == first
    assert len(server.requests) == 1


async def test_what_is_sent_has_no_metadata_and_is_no_larger_than_models_take(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    large = Image.effect_noise((5000, 2500), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = "CANARY-EXIF"
    large.save(tmp_path / "large.jpg", quality=95, exif=exif, comment="CANARY-COMMENT", icc_profile=b"CANARY-ICC" * 20)
    server.play(script.whole('{"answer": "Noise."}'))
    await call("look_at", {"media": str(tmp_path / "large.jpg")}, run)
    (sent,) = eyes.pictures(server.requests[0])
    assert sent.image.size == (1568, 784)
    assert b"CANARY" not in sent.content and len(sent.content) <= 4_000_000
    assert (sent.label, sent.part.get("detail")) == ("Picture 1: the picture 'large.jpg'", None)


async def test_several_pictures_are_sent_in_order_each_with_its_name(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    paths = [str(picture(tmp_path / f"{at}.png", colour=one)) for at, one in enumerate(colours)]
    server.play(script.whole('{"answer": "The second is green.", "seen": [{"picture": 2, "text": "a green field"}]}'))
    args = {"media": paths[0], "compare_with": paths[1:], "task": "answer", "question": "Which is green?"}
    looked = await call("look_at", args, run)
    sent = eyes.pictures(server.requests[0])
    assert [eyes.colour(one.image) for one in sent] == colours
    assert [one.label for one in sent] == [f"Picture {at + 1}: the picture '{at}.png'" for at in range(3)]
    second = run.workspace.adopt(Path(paths[1])).handle
    assert [(one.media, one.artifact) for one in looked.moments] == [(second, second)]


async def test_a_region_is_cut_out_at_full_resolution(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    whole = Image.new("RGB", (4000, 2000), GREY)
    whole.paste(Image.new("RGB", (1000, 500), RED), (3000, 1500))
    whole.save(tmp_path / "whole.png")
    server.play(script.whole('{"answer": "x", "found": [{"picture": 1, "text": "red", "box": [0.5, 0.5, 1, 1]}]}'))
    args = {"media": str(tmp_path / "whole.png"), "task": "ground", "question": "red", "region": [0.5, 0.5, 1, 1]}
    looked = await call("look_at", args, run)
    (sent,) = eyes.pictures(server.requests[0])
    assert sent.image.size == (1568, 784), "2000 × 1000 scaled down to what models take"
    assert eyes.colour(sent.image, (0.55, 0.55, 0.95, 0.95)) == RED
    assert eyes.colour(sent.image, (0.05, 0.05, 0.45, 0.95)) == GREY
    assert [one.box for one in looked.found] == [(0.75, 0.75, 1.0, 1.0)], "of the whole picture again"


@pytest.mark.parametrize("boxes", ["fractions", "thousandths", "thousandths_yx", "pixels"])
async def test_a_model_looks_closer_where_it_wants_and_its_boxes_lead_back_to_the_whole(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, tmp_path: Path, *, boxes: Any
) -> None:
    run = seeing(boxes=boxes)
    truth = (3000 / 4000, 600 / 3000, 3200 / 4000, 700 / 3000)
    whole = Image.new("RGB", (4000, 3000), GREY)
    whole.paste(Image.new("RGB", (200, 100), RED), (3000, 600))
    whole.save(tmp_path / "whole.png")

    def written(box: tuple[float, ...], image: Image.Image) -> list[float]:
        left, top, right, bottom = box
        if boxes == "pixels":
            return [left * image.width, top * image.height, right * image.width, bottom * image.height]
        order = [top, left, bottom, right] if boxes == "thousandths_yx" else [left, top, right, bottom]
        return [one * (1 if boxes == "fractions" else 1000) for one in order]

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        (sent,) = eyes.pictures(request)
        red = sent.image.convert("RGB").split()[1].point(lambda level: 255 if level < 70 else 0)
        left, top, right, bottom = red.getbbox()
        box = (left / red.width, top / red.height, right / red.width, bottom / red.height)
        if sent.number == 1:
            return {"answer": "too small", "enough": False, "want": [{"picture": 1, "box": written(box, sent.image)}]}
        found = {"picture": sent.number, "text": "a red block", "box": written(box, sent.image)}
        return {"answer": "There.", "enough": True, "found": [found]}

    server.answering = eyes.answering(script, answer)
    args = {"media": str(tmp_path / "whole.png"), "task": "ground", "question": "the red block"}
    looked = await call("look_at", args, run)
    first, second = (eyes.pictures(one)[0].image for one in server.requests)
    assert first.size == (1568, 1176)
    assert 200 <= second.width <= 250, "the part as it is stored, not enlarged, with a little around it"
    (place,) = looked.found
    assert place.box == pytest.approx(truth, abs=0.002)
    assert [(one.number, one.box is None) for one in looked.glances] == [(1, True), (2, False)]
    assert [one.artifact for one in looked.moments] == [looked.pictures[0].handle]


async def test_a_chart_is_read_into_numbers_that_can_be_drawn_again(
    seeing: Callable[..., Run], server: Any, script: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    chart = {
        "title": "Sales",
        "kind": "Bar chart",
        "x_axis": {"label": "Month"},
        "y_axis": {"label": "Sales", "unit": "kEUR", "low": "0", "high": "1,500"},
        "series": [{"name": "2026", "x": ["Jan", "Feb", "Mar"], "y": ["10", 12.5, None]}],
        "trend": "It rises.",
        "insights": ["February is best.", ""],
    }
    server.play(script.whole(json.dumps({"answer": "Sales rise.", "chart": chart})))
    looked = await call("look_at", {"media": str(picture(tmp_path / "a.png")), "task": "chart"}, run)
    assert looked.chart is not None
    assert looked.chart.model_dump() == {
        "title": "Sales",
        "kind": "bar",
        "x_axis": {"label": "Month", "unit": "", "low": None, "high": None},
        "y_axis": {"label": "Sales", "unit": "kEUR", "low": 0.0, "high": 1500.0},
        "series": [{"name": "2026", "x": ["Jan", "Feb"], "y": [10.0, 12.5]}],
        "trend": "It rises.",
        "insights": ["February is best."],
    }
    assert "about right" in looked.limits[0]
    drawn = await call("make_chart", {"series": looked.chart.model_dump()["series"], "kind": "bar"}, run)
    assert drawn.points == 2


async def test_text_tables_and_formulas_are_read(
    seeing: Callable[..., Run], server: Any, script: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    said = {
        "answer": "A table and a formula.",
        "lines": [
            {"picture": 1, "text": "Quarterly  report", "box": [0.1, 0.1, 0.9, 0.2]},
            {"picture": 9, "text": "no"},
        ],
        "tables": [{"picture": 1, "title": "Sales", "rows": [["Month", "kEUR"], ["Jan", 10]]}],
        "formulas": {"picture": 1, "latex": "E = mc^2"},
    }
    server.play(script.whole(json.dumps(said)))
    looked = await call("look_at", {"media": str(picture(tmp_path / "a.png")), "task": "read"}, run)
    assert [one.rows for one in looked.tables] == [[["Month", "kEUR"], ["Jan", "10"]]]
    assert looked.formulas == ["E = mc^2"]
    assert ("text", "Quarterly report", (0.1, 0.1, 0.9, 0.2)) in [
        (one.kind, one.text, one.box) for one in looked.moments
    ]
    assert "no" not in [one.text for one in looked.moments], "of a picture that was never shown"


async def test_things_are_counted_with_a_box_for_each(
    seeing: Callable[..., Run], server: Any, script: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    boxes = [{"picture": 1, "box": [0, 0, 0.2, 0.2]}, {"picture": 1, "box": [500, 500, 700, 700]}]
    server.play(
        script.whole(json.dumps({"answer": "Two.", "counts": [{"what": "red cars", "number": "2", "boxes": boxes}]}))
    )
    args = {"media": str(picture(tmp_path / "a.png")), "task": "count", "question": "How many red cars?"}
    looked = await call("look_at", args, run)
    (counted,) = looked.counts
    assert (counted.number, [one.box for one in counted.places]) == (2, [(0, 0, 0.2, 0.2), (0.5, 0.5, 0.7, 0.7)])
    assert [(one.name, one.value) for one in looked.measures] == [("seen_red_cars", 2.0)]


async def test_the_answer_is_asked_for_in_the_language_of_the_question(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    path = str(picture(tmp_path / "a.png"))
    for args in ({"question": "图里有什么？", "task": "answer"}, {"language": "fr"}, {}):
        server.play(script.whole('{"answer": "x"}'))
        await call("look_at", {"media": path, **args}, run)
    told = [eyes.prompt(one) for one in server.requests]
    assert "in Chinese (simplified)." in told[0]
    assert "in French." in told[1] and "in English." in told[2]


@pytest.mark.parametrize(
    "text",
    [
        'Here it is:\n```json\n{"answer": "Grey.", "seen": null,}\n```\nAnything else?',
        '<think>{"answer": "no"}</think>{"answer": "Grey.", "enough": true}',
        '{"answer": "Grey.", "note": "line\nbreak"}',
    ],
)
async def test_an_answer_is_read_with_patience(
    seeing: Callable[..., Run], server: Any, script: ModuleType, tmp_path: Path, text: str
) -> None:
    run = seeing()
    server.play(script.whole(text))
    assert (await call("look_at", {"media": str(picture(tmp_path / "a.png"))}, run)).answer == "Grey."


async def test_an_answer_that_is_no_data_is_mended_once_without_sending_the_pictures_again(
    seeing: Callable[..., Run], server: Any, script: ModuleType, eyes: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    server.play(script.whole("It is grey."), script.whole('{"answer": "It is grey."}'))
    looked = await call("look_at", {"media": str(picture(tmp_path / "a.png"))}, run)
    assert (looked.answer, looked.spent.requests, looked.spent.reported_tokens) == ("It is grey.", 2, 22)
    assert eyes.pictures(server.requests[1]) == []
    assert "It is grey." in eyes.prompt(server.requests[1])


async def test_a_model_that_never_answers_with_data_is_said_to(
    seeing: Callable[..., Run], server: Any, script: ModuleType, tmp_path: Path
) -> None:
    from sensorium.tools.base.answers import AnswerError

    run = seeing()
    path = str(picture(tmp_path / "a.png"))
    server.play(script.whole("It is grey."), script.whole("Really grey."))
    with pytest.raises(AnswerError, match=r"house:eyes.*no JSON object.*Really grey.*SENSORIUM_SEE"):
        await call("look_at", {"media": path}, run)
    server.play(script.whole('{"answer": "It is', finish="length"))
    with pytest.raises(AnswerError, match="cut off"):
        await call("look_at", {"media": path, "language": "de"}, run)
    assert len(server.requests) == 3


async def test_a_server_that_does_not_know_how_data_is_asked_for_is_asked_without(
    seeing: Callable[..., Run], server: Any, script: ModuleType, tmp_path: Path
) -> None:
    run = seeing()
    refusal = {"error": {"message": "response_format is not supported with images"}}
    server.play(script.Reply(status=400, body=refusal), script.whole('{"answer": "Grey."}'))
    assert (await call("look_at", {"media": str(picture(tmp_path / "a.png"))}, run)).answer == "Grey."
    assert ["response_format" in one for one in server.requests] == [True, False]


async def test_without_a_model_the_text_in_a_picture_is_told_and_that_nobody_looked(
    run: Run, making: ModuleType, tmp_path: Path
) -> None:
    making.slide("Quarterly report\nSales rose by 12 percent").save(tmp_path / "slide.png")
    args = {"media": str(tmp_path / "slide.png"), "task": "answer", "question": "How much did sales rise?"}
    looked = await call("look_at", args, run)
    assert "Sales rose by 12 percent" in looked.answer and "Quarterly" not in looked.answer
    assert (looked.engine, looked.quality, looked.enough) == ("plain-sight", "draft", False)
    assert looked.limits[0].startswith("No model looked at this") and "SENSORIUM_SEE" in looked.limits[0]
    assert {one.source.tool for one in looked.moments} == {"read_text", "image_facts"}
    with pytest.raises(SettingsError, match=r"nothing can be counted.*SENSORIUM_SEE"):
        await call("look_at", {**args, "task": "count"}, run)


async def test_a_model_that_fails_is_named_and_the_text_told_instead_unless_that_is_forbidden(
    seeing: Callable[..., Run], server: Any, script: ModuleType, making: ModuleType, tmp_path: Path
) -> None:
    making.slide("Quarterly report").save(tmp_path / "slide.png")
    args = {"media": str(tmp_path / "slide.png")}
    server.play(script.Reply(status=401, body={}))
    looked = await call("look_at", args, seeing())
    assert (looked.engine, looked.lines) == ("plain-sight", ["Quarterly report"])
    assert looked.tried[0].startswith("house:eyes: `house` ")
    server.play(script.Reply(status=401, body={}))
    with pytest.raises(SettingsError, match="401"):
        await call("look_at", args, seeing(degrade=False))


async def test_a_model_that_takes_no_pictures_is_not_asked(
    settings: Any, server: Any, making: ModuleType, tmp_path: Path
) -> None:
    from dataclasses import replace

    from sensorium.tools.base.endpoints import Endpoint

    making.slide("Quarterly report").save(tmp_path / "slide.png")
    endpoint = Endpoint(name="house", base_url=server.url, takes=("audio",))
    run = Run.open(replace(settings, models={"see": "house:ears"}, endpoints={"house": endpoint}))
    looked = await call("look_at", {"media": str(tmp_path / "slide.png")}, run)
    run.library.close()
    assert looked.tried == [
        "house:ears: `house:ears` takes no pictures. Set `SENSORIUM_SEE` to a model that does, or say what it takes in "
        '`[providers.house.models."ears"]` of sensorium.toml: `takes = ["picture"]`.'
    ]
    assert server.requests == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"task": "answer"}, "without a question"),
        ({"region": [0.5, 0, 0.2, 1]}, "`region` is .* fractions from 0 to 1"),
        ({"start_seconds": 3}, "is a picture, and has no time"),
        ({"budget_tokens": 250}, "`budget_tokens` is 250, which is too little"),
        ({"media": "https://example.com/a.png"}, "is an address. Fetch it with `fetch_url` first"),
    ],
)
async def test_what_cannot_be_looked_at_is_said(
    seeing: Callable[..., Run], server: Any, tmp_path: Path, args: dict[str, Any], words: str
) -> None:
    with pytest.raises(ArgumentError, match=words):
        await call("look_at", {"media": str(picture(tmp_path / "a.png")), **args}, seeing())
    assert server.requests == []


async def test_sound_has_nothing_to_look_at(run: Run, making: ModuleType, tmp_path: Path) -> None:
    making.wav(tmp_path / "a.wav", making.tone(1.0))
    with pytest.raises(MediaError, match="needs video or picture"):
        await call("look_at", {"media": str(tmp_path / "a.wav")}, run)


def test_what_a_look_takes_is_told_before() -> None:
    from sensorium.tools.look_at import look_at

    assert look_at.units is not None
    picture, film = {"media": {"kind": "picture"}}, {"media": {"kind": "video", "seconds": 600}}
    one, three = look_at.units({}, picture), look_at.units({"compare_with": ["a", "b"]}, picture)
    assert (one.likely["calls"], one.likely["pictures"], three.likely["pictures"]) == (1, 1, 3)
    assert one.likely["input_tokens"] < three.likely["input_tokens"] < look_at.units({}, film).likely["input_tokens"]
    for estimate in (one, three, look_at.units({}, film), look_at.units({"budget_tokens": 900}, film)):
        assert all(estimate.low[name] <= estimate.likely[name] <= estimate.high[name] for name in estimate.high)
    assert look_at.units({"budget_tokens": 900}, film).high["input_tokens"] == 900
