"""Pictures from pictures."""

from collections.abc import Mapping, Set
from typing import Annotated, Any, Literal

from pydantic import Field

from .base.errors import ArgumentError
from .base.estimate import NOTHING, Estimate
from .base.makers import FileName, Made, Value, ValueName, Wish
from .base.models import Models
from .base.run import Run
from .base.tool import Foreseen, Picture, tool
from .making.foreseeing import foreseen, foreseen_wish
from .making.inputs import MOST_PICTURES, check_mask, check_words, job_of, see_pictures, wish_of
from .making.masks import plain_mask
from .making.ordering import make, make_here
from .making.results import Pictures
from .making.units import of_pictures

EditTask = Literal["edit", "inpaint", "outpaint", "vary", "blend", "upscale", "pick", "describe", "swap_face"]
MOST_ADDED_PIXELS = 4096

_SIDES: tuple[ValueName, ...] = ("left_pixels", "right_pixels", "top_pixels", "bottom_pixels")
# What each takes beside the picture and a seed, and what of it is needed.
_TAKES: Mapping[EditTask, frozenset[str]] = {
    "edit": frozenset({"prompt", "negative_prompt", "pictures", "strength", "style"}),
    "inpaint": frozenset({"prompt", "negative_prompt", "mask", "strength", "style"}),
    "outpaint": frozenset({"prompt", "negative_prompt", "style", *_SIDES}),
    "vary": frozenset({"prompt", "negative_prompt", "strength", "index", "style"}),
    "blend": frozenset({"prompt", "pictures"}),
    "upscale": frozenset({"prompt", "scale", "index"}),
    "pick": frozenset({"index"}),
    "describe": frozenset(),
    "swap_face": frozenset({"face"}),
}
_NEEDS: Mapping[EditTask, tuple[str, ...]] = {
    "edit": ("prompt",),
    "inpaint": ("prompt", "mask"),
    "blend": ("pictures",),
    "pick": ("index",),
    "swap_face": ("face",),
}


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    facts = files.get("picture", {})
    if args.get("task") == "pick" and not facts.get("job") and facts:
        return NOTHING
    others = args.get("pictures")
    return of_pictures(args, given=1 + (len(others) if isinstance(others, list) else 0))


def _foresee(args: Mapping[str, Any], given: Set[str], models: Models) -> Foreseen:
    task = args.get("task", "edit")
    if task not in _TAKES:
        return Foreseen()
    try:
        _check({*given} - {"picture", "task", "seed"}, task, {one: args.get(one, one in given) for one in _SIDES})
    except ArgumentError as error:
        return Foreseen(problem=str(error))
    return foreseen("draw", foreseen_wish(task, args, given), models)


@tool(effect="pure", resource="network", version=1, roles=("draw",), units=_units, foresee=_foresee)
async def edit_image(
    picture: Annotated[Picture, Field(description="What is changed.")],
    task: Annotated[
        EditTask,
        Field(
            description="`edit`: change it as `prompt` says; `inpaint`: only where `mask` is white; `outpaint`: draw "
            "on beyond its edges; `vary`: another like it; `blend`: it and `pictures` become one; `upscale`: larger; "
            "`pick`: one of a grid of four; `describe`: words that would draw it; `swap_face`: put `face` into it."
        ),
    ] = "edit",
    prompt: Annotated[str | None, Field(description="What is to be seen afterwards.")] = None,
    negative_prompt: Annotated[str | None, Field(description="What must not be seen.")] = None,
    mask: Annotated[
        Picture | None,
        Field(description="White (or transparent) where something new belongs, black where it stays; the same size."),
    ] = None,
    *,
    pictures: Annotated[
        list[Picture] | None, Field(max_length=MOST_PICTURES, description="What is blended with it, or references.")
    ] = None,
    face: Annotated[Picture | None, Field(description="Whose face takes the place, for `swap_face`.")] = None,
    strength: Annotated[
        float | None,
        Field(ge=0, le=1, description="0 keeps the picture, 1 draws it anew; the model's own if left out."),
    ] = None,
    left_pixels: Annotated[
        int | None, Field(ge=0, le=MOST_ADDED_PIXELS, description="To draw on, on the left.")
    ] = None,
    right_pixels: Annotated[int | None, Field(ge=0, le=MOST_ADDED_PIXELS, description="On the right.")] = None,
    top_pixels: Annotated[int | None, Field(ge=0, le=MOST_ADDED_PIXELS, description="Above.")] = None,
    bottom_pixels: Annotated[int | None, Field(ge=0, le=MOST_ADDED_PIXELS, description="Below.")] = None,
    scale: Annotated[
        float | None, Field(gt=1, le=8, description="How many times as wide and high; 2 if left out.")
    ] = None,
    index: Annotated[int | None, Field(ge=1, le=4, description="Of a grid: 1 and 2 above, 3 and 4 below.")] = None,
    style: Annotated[str | None, Field(description="Such as watercolour, or a name that the provider knows.")] = None,
    seed: Annotated[int | None, Field(ge=0, le=2**32 - 1, description="Another one gives another picture.")] = None,
    run: Run,
) -> Pictures:
    """Change a picture: by words, in a masked part, beyond its edges; vary, blend, enlarge, or take one of a grid.

    It takes a model that draws (`SENSORIUM_DRAW`). Without one, `upscale` resamples the picture and `pick` cuts one out
    of a grid of four, both on this machine. What a picture shows is told by `look_at`.
    """
    check_words("prompt", prompt)
    check_words("negative_prompt", negative_prompt)
    sides: dict[ValueName, int | None] = dict(
        zip(_SIDES, (left_pixels, right_pixels, top_pixels, bottom_pixels), strict=True)
    )
    words: dict[ValueName, str | None] = {"prompt": prompt, "negative_prompt": negative_prompt, "style": style}
    numbers: dict[ValueName, float | None] = {"strength": strength, "scale": scale, "index": index, **sides}
    files: dict[FileName, Any] = {"pictures": pictures, "mask": mask, "face": face}
    given: list[tuple[str, Any]] = [*words.items(), *numbers.items(), *files.items()]
    _check({name for name, one in given if one not in (None, [])}, task, sides)
    if mask:
        files["mask"] = mask = await plain_mask(mask, run)
        await check_mask(picture, mask, run)
    await see_pictures([one for one in (None if mask else picture, *(pictures or ()), face) if one], run)
    job = job_of(picture, "draw", run)
    values: dict[ValueName, Value | None] = {"seed": seed, "job": job}
    values.update(words)
    values.update(numbers)
    wish = wish_of(task, values, {"picture": picture, **files})
    return Pictures.of(await _made(wish, run, is_known_there=job is not None))


async def _made(wish: Wish, run: Run, *, is_known_there: bool) -> Made:
    # Cutting a quarter out of a picture takes nobody else; a provider that knows it can go on from what it kept.
    if wish.task == "pick" and not is_known_there:
        return await make_here("draw", wish, run)
    return await make("draw", wish, run)


def _check(given: set[str], task: EditTask, sides: Mapping[ValueName, int | None]) -> None:
    """See that what is given fits the task.

    Raises:
        ArgumentError: Something is missing, or has no place in it.
    """
    if odd := sorted(given - _TAKES[task]):
        others = [name for name, takes in _TAKES.items() if given <= takes]
        takes = ", ".join(f"`{one}`" for one in sorted(_TAKES[task])) or "nothing beside the picture"
        hint = f" With these, `task` may be: {', '.join(f'`{one}`' for one in others)}." if others else ""
        raise ArgumentError(f"`{odd[0]}` has no place in `{task}`, which takes {takes}.{hint}")
    if lacking := [one for one in _NEEDS.get(task, ()) if one not in given]:
        raise ArgumentError(f"`{task}` needs `{lacking[0]}`, and it was not given.")
    if task == "outpaint" and not any(sides.values()):
        raise ArgumentError(f"`outpaint` needs to know how far: give {', '.join(f'`{one}`' for one in _SIDES)}.")
