"""Wishes for pictures as a Stable Diffusion WebUI takes them."""

from collections.abc import Mapping

from ..base.draws import Draws, Sizes
from ..base.errors import ArgumentError
from ..base.makers import FileName, Fitted, Task, Value, ValueName, Wish
from .given_pictures import margins_of
from .picture_sizes import SIZED, Target, nearest_pixels, target_of
from .picture_wishes import check_count, check_files, check_prompt

MOST_COUNT = 16
MOST_SEED = 2**32 - 1
MOST_SCALE = 8.0
MOST_PROMPT = 20_000
MOST_SIDE = 4096
SIZES = Draws(free_sizes=Sizes(step=8, least_pixels=64 * 64, most_pixels=MOST_SIDE**2, most_side=MOST_SIDE))
"""The autoencoder halves a side three times; the most is what its own pages offer, doubled."""
NEEDS: Mapping[Task, tuple[FileName, ...]] = {
    "edit": ("picture",),
    "vary": ("picture",),
    "inpaint": ("picture", "mask"),
    "outpaint": ("picture",),
    "upscale": ("picture",),
    "describe": ("picture",),
}
_TAKEN: frozenset[ValueName] = frozenset(
    ("prompt", "negative_prompt", "style", "count", "seed", "strength", "scale", *SIZED)
) | {"left_pixels", "right_pixels", "top_pixels", "bottom_pixels"}


def fitted(wish: Wish, model: str) -> Fitted:
    """Return a wish as WebUI takes it.

    Raises:
        ArgumentError: It cannot be had there.
    """
    check_files(wish, NEEDS.get(wish.task, ()), model, most=1 if wish.task in NEEDS else 0)
    values: dict[ValueName, Value] = {name: value for name, value in wish.values.items() if value not in (None, "")}
    if style := values.pop("style", None):
        values["prompt"] = f"{values.get('prompt', '')}, {style}".lstrip(", ")
    if wish.task not in ("vary", "upscale", "describe"):
        check_prompt(values, MOST_PROMPT, model)
    _check_numbers(wish, values)
    notes = [f"`{model}` takes no `{name}`; it was left out." for name in values if name not in _TAKEN]
    values = {name: value for name, value in values.items() if name in _TAKEN}
    notes += _sized(wish, values, model)
    return Fitted(wish=Wish(task=wish.task, values=values, files=wish.files), notes=tuple(notes))


def even(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size nearest to one that can be drawn."""
    return nearest_pixels(Target(ratio=size[0] / size[1], pixels=float(size[0] * size[1]), exact=size), SIZES)


def _sized(wish: Wish, values: dict[ValueName, Value], model: str) -> list[str]:
    target = target_of(values)
    for name in SIZED:
        values.pop(name, None)
    if target is None or wish.task in ("outpaint", "upscale", "describe"):
        return []
    width, height = nearest_pixels(target, SIZES)
    values |= {"width_pixels": width, "height_pixels": height}
    if target.exact is None or target.exact == (width, height):
        return []
    asked = f"{target.exact[0]}×{target.exact[1]}"
    return [f"`{model}` makes no pictures of {asked} px; {width}×{height} px come nearest."]


def _check_numbers(wish: Wish, values: Mapping[ValueName, Value]) -> None:
    check_count(values)
    if int(values.get("count", 1)) > MOST_COUNT:
        raise ArgumentError(f"`count` is {values['count']}; at most {MOST_COUNT} are made at once. Ask for fewer.")
    if not 0 <= float(values.get("strength", 0)) <= 1:
        raise ArgumentError(f"`strength` is {values['strength']}; it must be from 0 (keep) to 1 (replace).")
    if not 0 <= int(values.get("seed", 0)) <= MOST_SEED:
        raise ArgumentError(f"`seed` is {values['seed']}; it must be a whole number from 0 to {MOST_SEED}.")
    if wish.task == "upscale" and not 1 < float(values.get("scale", 2)) <= MOST_SCALE:
        raise ArgumentError(f"`scale` is {values['scale']}; it must be above 1, and at most {MOST_SCALE:g}.")
    if wish.task == "outpaint":
        margins_of(wish)
