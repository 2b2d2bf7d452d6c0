"""Wishes for pictures as a model behind an OpenAI-compatible endpoint takes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..base.draws import Draws
from ..base.errors import ArgumentError
from ..base.makers import FileName, Fitted, Value, ValueName, Wish
from .given_pictures import margins_of
from .picture_sizes import SIZED, Target, nearest_aspect, nearest_pixels, target_of

VARY = "Make a variation of this picture: the same subject and the same style, composed anew."
MOST_SEED = 2**31 - 1
_NEEDS: Mapping[str, tuple[FileName, ...]] = {
    "edit": ("picture",),
    "inpaint": ("picture", "mask"),
    "outpaint": ("picture",),
    "vary": ("picture",),
    "blend": ("pictures",),
}
_MEANT: frozenset[ValueName] = frozenset(
    ("prompt", "count", "seed", "quality", "left_pixels", "right_pixels", "top_pixels", "bottom_pixels", *SIZED)
)
_NOT_TAKEN = {
    "strength": "It has no strength: say in the words how much is to stay.",
    "scale": "It has no scale: give `width_pixels` and `height_pixels`.",
}


def fitted(wish: Wish, draws: Draws, model: str) -> Fitted:
    """Return a wish as a model takes it.

    Raises:
        ArgumentError: The model cannot do it; the message names the limit and what to ask for instead.
    """
    _check_task(wish, draws, model)
    values: dict[ValueName, Value] = {name: value for name, value in wish.values.items() if value not in (None, "")}
    _into_words(values)
    if wish.task == "vary":
        values.setdefault("prompt", VARY)
    check_prompt(values, draws.prompt, model)
    check_count(values)
    notes: list[str] = []
    if wish.task == "outpaint":
        margins_of(wish)
        values = {name: value for name, value in values.items() if name not in SIZED}
    else:
        notes += _sized(values, draws, model)
    if "seed" in values and not draws.seed:
        notes.append(f"`{model}` takes no seed: this one leads to another picture, but not to the same one elsewhere.")
    elif "seed" in values and not 0 <= int(values["seed"]) <= MOST_SEED:
        raise ArgumentError(f"`seed` is {values['seed']}; `{model}` takes whole numbers from 0 to {MOST_SEED}.")
    if "quality" in values and values["quality"] not in draws.qualities:
        has = f"it has: {', '.join(draws.qualities)}" if draws.qualities else "it has one only"
        notes.append(f"`{model}` has no quality {values.pop('quality')!r}; {has}.")
    for name in [one for one in values if one not in _MEANT]:
        del values[name]
        notes.append(_NOT_TAKEN.get(name, f"`{model}` takes no `{name}`; it was left out."))
    return Fitted(wish=Wish(task=wish.task, values=values, files=wish.files), notes=tuple(notes))


def check_prompt(values: Mapping[ValueName, Value], most: int, model: str) -> None:
    """See that something is said, and no more than a model takes.

    Raises:
        ArgumentError: Nothing is, or too much.
    """
    prompt = str(values.get("prompt", ""))
    if not prompt.strip():
        raise ArgumentError("`prompt` is empty. Say what is to be seen.")
    if len(prompt) > most:
        raise ArgumentError(
            f"`prompt` has {len(prompt):,} characters, with style and what is not to be seen; `{model}` takes at most "
            f"{most:,}. Say it shorter."
        )


def check_count(values: Mapping[ValueName, Value]) -> None:
    if int(values.get("count", 1)) < 1:
        raise ArgumentError(f"`count` is {values['count']}; it must be 1 or more.")


def check_files(wish: Wish, needs: Sequence[FileName], model: str, most: int) -> None:
    """See that the files are there that a task needs, and no more than a model takes.

    Raises:
        ArgumentError: They are not.
    """
    for name in needs:
        if not wish.files.get(name):
            raise ArgumentError(f"`{wish.task}` needs `{name}`. Give the file of it.")
    if wish.task == "blend" and len(given_handles(wish)) < 2:
        raise ArgumentError("`blend` needs two pictures or more in `pictures`, and one was given. Add another.")
    if (count := len(given_handles(wish))) > most:
        raise ArgumentError(f"`{model}` takes at most {most} pictures, and {count} were given. Leave some out.")


def given_handles(wish: Wish) -> tuple[str, ...]:
    """Return the pictures that go in, the main one first; without the mask."""
    return (*wish.files.get("picture", ()), *wish.files.get("pictures", ()))


def _check_task(wish: Wish, draws: Draws, model: str) -> None:
    if wish.task not in draws.tasks:
        raise ArgumentError(f"`{model}` does not {wish.task!r}; it can: {', '.join(draws.tasks)}.")
    takes_pictures = draws.api == "chat" or draws.given != "none"
    check_files(wish, _NEEDS.get(wish.task, ()), model, draws.pictures if takes_pictures else 0)


def _into_words(values: dict[ValueName, Value]) -> None:
    """Put into the prompt what has no field of its own."""
    prompt = str(values.get("prompt", "")).strip()
    if style := values.pop("style", None):
        prompt += f"\n\nStyle: {style}"
    if unwanted := values.pop("negative_prompt", None):
        prompt += f"\n\nNot to be seen in it: {unwanted}"
    if prompt:
        values["prompt"] = prompt


def _sized(values: dict[ValueName, Value], draws: Draws, model: str) -> list[str]:
    """Put in the place of what is said of size what the model takes, and say where that is another."""
    target = target_of(values)
    told = {name: values.pop(name) for name in SIZED if name in values}
    if target is None:
        return []
    if not draws.has_sizes:
        return [f"`{model}` takes no size such as {', '.join(map(str, told.values()))}; it chooses itself."]
    if draws.api == "chat":
        return _shaped(values, target, told, draws, model)
    width, height = nearest_pixels(target, draws)
    values |= {"size": f"{width}x{height}", "width_pixels": width, "height_pixels": height}
    if target.exact and target.exact != (width, height):
        asked = f"{target.exact[0]}×{target.exact[1]}"
        return [f"`{model}` makes no pictures of {asked} px; {width}×{height} px come nearest."]
    if target.ratio and abs(width / height / target.ratio - 1) > 0.03:
        return [f"`{model}` makes no pictures of {told.get('aspect')}; {width}×{height} px come nearest."]
    return []


def _shaped(
    values: dict[ValueName, Value], target: Target, told: Mapping[ValueName, Value], draws: Draws, model: str
) -> list[str]:
    aspect, resolution = nearest_aspect(target, draws)
    got: dict[ValueName, Any] = {"aspect": aspect, "resolution": resolution}
    values |= {name: value for name, value in got.items() if value}
    if (
        target.exact is None
        and told.get("aspect", aspect) == aspect
        and told.get("resolution", resolution) == resolution
    ):
        return []
    asked = ", ".join(str(one) for one in told.values())
    gets = f"what comes nearest is {aspect} {resolution}".rstrip() if aspect or resolution else "it chooses itself"
    return [f"`{model}` takes no size such as {asked}; {gets}."]
