"""Files and values in the forms that APIs take them in."""

import io
from typing import Any

import pytest
from PIL import Image

from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.makers import Wish
from sensorium.tools.base.run import Run
from sensorium.tools.jobs.filling import Filling, check_files
from sensorium.tools.jobs.parts import FilePart
from sensorium.tools.jobs.shapes import Operation, Result, Span, Submit, Take
from sensorium.tools.jobs.template import MISSING, render


def operation(takes: dict[str, Take], **body: Any) -> Operation:
    return Operation(
        name="x", role="draw", task="inpaint", models=("*",), takes=takes, defaults={}, maps={},
        submit=Submit(path="/", body=body), result=Result(files="x"),
    )  # fmt: skip


def picture(run: Run, colour: int = 255, size: tuple[int, int] = (64, 32)) -> str:
    content = io.BytesIO()
    Image.new("L", size, colour).save(content, "PNG")
    return run.put(content.getvalue(), name="mask.png", media_type="image/png").handle


def test_values_come_as_they_are_asked_for(run: Run) -> None:
    wish = Wish(task="image", values={"seconds": 2.5, "seed": 7, "with_sound": True, "aspect": "16:9"})
    maps = {"with_sound": {"true": "on"}, "aspect": {"16:9": "1280:720"}, "model": {"m": "model-m"}}
    filling = Filling(run=run, wish=wish, maps=maps, known={"model": "m", "callback": None})
    template = ["{seconds}", "{seconds:ms}", "{seconds:text}", "{seed:text}", "{with_sound}", "{aspect}", "{model}"]
    assert render(template, filling) == [2.5, 2500, "2.5", "7", "on", "1280:720", "model-m"]
    assert filling("callback", "") is MISSING
    assert filling.with_known(job="j")("job", "") == "j"


def test_files_come_as_they_are_asked_for(run: Run) -> None:
    handle = picture(run)
    filling = Filling(run=run, wish=Wish(task="edit", files={"picture": (handle,), "pictures": (handle, handle)}))
    assert str(filling("picture", "data_url")).startswith("data:image/png;base64,iVBOR")
    assert (filling("picture", "type"), filling("picture", "name")) == ("image/png", "mask.png")
    assert filling("pictures", "type") == ["image/png"] * 2
    assert isinstance(filling("picture", "file"), FilePart)
    assert (filling("mask", "base64"), filling("picture", "")) == (MISSING, True)


async def test_a_mask_is_turned_over_where_black_is_what_is_drawn(run: Run) -> None:
    handle = picture(run, colour=255)
    filling = Filling(run=run, wish=Wish(task="inpaint", files={"mask": (handle,)}))
    await filling.prepare(operation({"mask": Take(inverted=True)}, mask="{mask:base64}"))
    turned = Image.open(io.BytesIO(filling("mask", "file").content))
    assert (turned.size, turned.getextrema()) == ((64, 32), (0, 0))


async def test_the_length_of_a_sound_is_measured(run: Run, making: Any, tmp_path: Any) -> None:
    path = tmp_path / "tone.wav"
    making.wav(path, making.tone(2.6))
    handle = run.workspace.adopt(path).handle
    filling = Filling(run=run, wish=Wish(task="continue", files={"sound": (handle,)}))
    await filling.prepare(operation({"sound": Take()}, at="{sound:seconds}"))
    assert filling("sound", "seconds") == 2


@pytest.mark.parametrize(
    ("take", "words"),
    [
        (Take(types=("image/jpeg",)), "it is image/png, and must be image/jpeg"),
        (Take(bytes=10), "bytes; the limit is 10"),
        (Take(width_pixels=Span(least=300)), "it is wide 64 px, and must be from 300 px"),
        (Take(height_pixels=Span(least=1, most=16)), "it is high 32 px, and must be from 1 to 16 px"),
    ],
)
async def test_a_file_that_is_not_taken_is_refused_before_it_is_sent(run: Run, take: Take, words: str) -> None:
    wish = Wish(task="edit", files={"picture": (picture(run),)})
    with pytest.raises(ArgumentError, match=words):
        await check_files(operation({"picture": take}), wish, run, "shop:m")
