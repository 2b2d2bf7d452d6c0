"""Wishes as a workflow of ComfyUI takes them."""

from collections.abc import Mapping

from ..base.errors import ArgumentError
from ..base.makers import FILES, Fitted, Value, ValueName, Wish
from .comfyui_workflow import Workflow
from .given_pictures import margins_of
from .picture_sizes import SIZED, nearest_pixels, target_of
from .picture_wishes import check_count, check_prompt
from .webui_wishes import SIZES

MOST_COUNT = 16
MOST_SEED = 2**53 - 1
"""ComfyUI takes up to 64 bits, of which JSON carries these."""
MOST_PROMPT = 50_000
_MARGINS: tuple[ValueName, ...] = ("left_pixels", "right_pixels", "top_pixels", "bottom_pixels")


def fitted(wish: Wish, workflow: Workflow, role: str, model: str) -> Fitted:
    """Return a wish as a workflow takes it.

    Raises:
        ArgumentError: It takes no such one; the message says what it takes.
    """
    if wish.task not in workflow.tasks(role):
        can = ", ".join(sorted(workflow.tasks(role))) or "nothing of this role"
        raise ArgumentError(f"The workflow of `{model}` does not {wish.task!r}; it can: {can}.")
    _check_files(wish, workflow, model)
    values: dict[ValueName, Value] = {name: value for name, value in wish.values.items() if value not in (None, "")}
    if (style := values.get("style")) and "style" not in workflow.slots:
        values["prompt"] = f"{values.get('prompt', '')}, {style}".lstrip(", ")
        del values["style"]
    if "prompt" in workflow.slots and "prompt" not in values and wish.task != "outpaint":
        raise ArgumentError("`prompt` is empty. Say what is to be seen.")
    if "prompt" in values:
        check_prompt(values, MOST_PROMPT, model)
    _check_numbers(wish, values, workflow, model)
    notes = _sized(values, workflow, model)
    kept = {"count", *(_MARGINS if wish.task == "outpaint" else ())}
    for name in [one for one in values if one not in workflow.slots and one not in kept]:
        del values[name]
        notes.append(f"The workflow of `{model}` has no node titled `{name}`; it was left out.")
    return Fitted(wish=Wish(task=wish.task, values=values, files=wish.files), notes=tuple(notes))


def _check_files(wish: Wish, workflow: Workflow, model: str) -> None:
    for name, handles in wish.files.items():
        most = len(workflow.slots.get(name, ()))
        if len(handles) > most:
            raise ArgumentError(
                f"The workflow of `{model}` takes {most} of `{name}`, and {len(handles)} were given. Leave "
                "some out, or title more nodes so."
            )
    for name in FILES:
        wanted = len(workflow.slots.get(name, ()))
        is_ours = name == "mask" and wish.task == "outpaint"
        if wanted > len(wish.files.get(name, ())) and not is_ours:
            raise ArgumentError(
                f"The workflow of `{model}` needs {wanted} of `{name}`, and {len(wish.files.get(name, ()))} were given."
            )


def _check_numbers(wish: Wish, values: Mapping[ValueName, Value], workflow: Workflow, model: str) -> None:
    check_count(values)
    count = int(values.get("count", 1))
    if count > MOST_COUNT:
        raise ArgumentError(f"`count` is {count}; at most {MOST_COUNT} are made at once. Ask for fewer.")
    if count > 1 and not {"count", "seed"} & set(workflow.slots):
        raise ArgumentError(
            f"The workflow of `{model}` has no node titled `count` or `seed`, so it makes the same each "
            "time. Ask for one, or title a node so."
        )
    if not 0 <= int(values.get("seed", 0)) <= MOST_SEED:
        raise ArgumentError(f"`seed` is {values['seed']}; it must be a whole number from 0 to {MOST_SEED}.")
    if wish.task == "outpaint":
        margins_of(wish)


def _sized(values: dict[ValueName, Value], workflow: Workflow, model: str) -> list[str]:
    target = target_of(values)
    told = {name: values.pop(name) for name in SIZED if name in values}
    if target is None:
        return []
    if not {"width_pixels", "height_pixels"} <= set(workflow.slots):
        return [
            f"The workflow of `{model}` has no nodes titled `width_pixels` and `height_pixels`: the size is its own."
        ]
    width, height = nearest_pixels(target, SIZES)
    values |= {"width_pixels": width, "height_pixels": height}
    if target.exact in (None, (width, height)):
        return []
    return [f"{' '.join(map(str, told.values()))} was made {width}×{height} px, of which each side is a whole 8."]
