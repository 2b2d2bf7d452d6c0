"""Pictures found by what they show, with CLIP on this machine: the real loading code, on a tiny random model."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from sensorium.tools import call
from sensorium.tools.base.meaning import standing_out
from sensorium.tools.base.models import Models
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.local.rules import LocalRules
from sensorium.tools.providers.clip import Clip

pytest.importorskip("torch", reason="the extra `local` is not installed")
COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200))


def pictures(run: Run) -> list[str]:
    handles = []
    for colour in COLOURS:
        file = io.BytesIO()
        Image.new("RGB", (48, 32), colour).save(file, "PNG")
        handles.append(run.put(file.getvalue(), name="frame.png", media_type="image/png").handle)
    return handles


def with_clip(settings: Settings, folder: Path) -> Settings:
    return replace(settings, models={"embed": f"clip:{folder}"}, local=LocalRules(device="cpu"))


async def test_each_picture_is_as_near_to_words_as_the_model_says(
    settings: Settings, run: Run, tiny_clip: Path
) -> None:
    finder = Clip(with_clip(settings, tiny_clip))
    assert finder.missing() is None
    near = await finder.nearness("a red car, " * 50, pictures(run), run=run)
    assert len(set(near)) == len(COLOURS) and all(-1 <= one <= 1 for one in near)
    assert near == pytest.approx(await finder.nearness("a red car, " * 50, pictures(run), run=run))


async def test_frames_without_words_are_found_by_what_they_show(settings: Settings, run: Run, tiny_clip: Path) -> None:
    seeing = replace(run, settings=with_clip(settings, tiny_clip), models=Models(with_clip(settings, tiny_clip)))
    source = Source(tool="extract_frames", provider="sensorium", quality="measured")
    frames = Findings(
        media=None,
        moments=[
            Moment(kind="picture", start_seconds=float(at), end_seconds=float(at), text="", artifact=one, source=source)
            for at, one in enumerate(pictures(run))
        ],
    )
    found = await call("find_moments", {"findings": [frames.model_dump()], "query": "a red car"}, seeing)
    assert found.searched == {"picture": 3}
    near = await seeing.models.ladder("embed")[0].nearness("a red car", pictures(run), run=run)
    # A random model may find none of them near.
    assert [one.moment.artifact for one in found.matches] == [pictures(run)[at] for at in standing_out(near, 10)]
