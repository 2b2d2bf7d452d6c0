"""What is said of an order to a diffusion model on this machine before anything of the model is loaded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.makers import Fitted, Wish
from sensorium.tools.base.settings import Settings
from sensorium.tools.providers.diffusers import Diffusers


def fitted(settings: Settings, folder: Path, task: Any, values: dict[Any, Any], **files: tuple[str, ...]) -> Fitted:
    role = "draw" if task in ("image", "edit") else "film"
    maker = Diffusers(replace(settings, models={role: f"diffusers:{folder}"}), role)
    return maker.fit(Wish(task=task, values=values, files=files))  # type: ignore[arg-type]


@pytest.mark.parametrize("task", ["image", "video"])
def test_sides_that_are_not_multiples_are_told_with_what_was_asked(
    settings: Settings, tmp_path: Path, task: str
) -> None:
    order = fitted(settings, tmp_path, task, {"prompt": "x", "width_pixels": 1000, "height_pixels": 700})
    assert (order.wish.values["width_pixels"], order.wish.values["height_pixels"]) == (992, 704)
    assert order.notes == (
        "992×704 pixels were made of the 1000×700 that were asked for: sides are multiples of 16 here.",
    )
    assert fitted(settings, tmp_path, task, {"prompt": "x", "width_pixels": 992, "height_pixels": 704}).notes == ()


def test_an_aspect_beside_a_picture_is_told_as_left_out(settings: Settings, tmp_path: Path) -> None:
    order = fitted(settings, tmp_path, "animate", {"prompt": "x", "aspect": "9:16"}, picture=("artifact://x",))
    assert "aspect" not in order.wish.values
    assert order.notes[0].startswith("`aspect` was not passed on")
