"""A workflow of ComfyUI, whose nodes say by their titles what they take.

The file is what ComfyUI's menu `Export (API)` writes, at `workflows/NAME.json` in SENSORIUM_HOME, for `comfyui:NAME`.
A node's title names what goes into it: `prompt`, `negative_prompt`, `seed`, `width_pixels`, `height_pixels`, `count`,
`strength`, `scale`, `seconds`, `frames_per_second`, and of files `picture`, `pictures` (on several nodes, in the order
of their numbers), `mask`, `last_frame`, `face`, `video`, `sound`. Where a node takes several, its title lists them:
`width_pixels, height_pixels, count`. Which input of the node is meant is known for the usual ones, and else said:
`seed=noise_seed`. The node titled `result` gives what is wanted; without it, every node that saves something does.
"""

import copy
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..base.errors import SettingsError
from ..base.makers import FILES, VALUES, Task, Value

RESULT = "result"
MOST_BYTES = 10_000_000
"""Of a workflow; large ones have some 100 000."""
_NAME = re.compile(r"[\w][\w .-]{0,99}")
_TITLE = re.compile(r"([a-z_]+)(?:\s*=\s*(\w+))?")
# The input of a node that takes a name, where its title does not say; the first that the node has.
_INPUTS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("text", "prompt", "positive", "value", "string"),
    "negative_prompt": ("text", "negative_prompt", "negative", "value", "string"),
    "seed": ("seed", "noise_seed", "value"),
    "width_pixels": ("width", "value"),
    "height_pixels": ("height", "value"),
    "count": ("batch_size", "amount", "value"),
    "strength": ("denoise", "strength", "value"),
    "scale": ("scale_by", "scale", "value"),
    "seconds": ("seconds", "duration", "value"),
    "frames_per_second": ("frame_rate", "fps", "value"),
    "picture": ("image",),
    "pictures": ("image",),
    "mask": ("image",),
    "last_frame": ("image",),
    "face": ("image",),
    "video": ("video", "file"),
    "sound": ("audio", "sound"),
}
_TASKS: Mapping[str, tuple[tuple[Task, frozenset[str], frozenset[str]], ...]] = {
    "draw": (
        ("image", frozenset({"prompt"}), frozenset({"picture", "pictures", "mask"})),
        ("edit", frozenset({"picture", "prompt"}), frozenset({"mask", "pictures", "face"})),
        ("vary", frozenset({"picture"}), frozenset({"mask", "pictures", "face"})),
        ("upscale", frozenset({"picture"}), frozenset({"mask", "pictures", "face", "strength"})),
        ("inpaint", frozenset({"picture", "mask"}), frozenset({"pictures"})),
        ("outpaint", frozenset({"picture", "mask"}), frozenset({"pictures"})),
        ("blend", frozenset({"pictures"}), frozenset({"picture", "mask"})),
        ("swap_face", frozenset({"picture", "face"}), frozenset({"mask"})),
    ),
    "film": (
        ("video", frozenset({"prompt"}), frozenset({"picture", "pictures", "video", "sound"})),
        ("animate", frozenset({"picture"}), frozenset({"pictures", "video", "sound"})),
        ("reference", frozenset({"pictures"}), frozenset({"picture", "video", "sound"})),
        ("talk", frozenset({"picture", "sound"}), frozenset({"video"})),
        ("dance", frozenset({"picture", "video"}), frozenset({"sound"})),
        ("extend", frozenset({"video"}), frozenset({"picture", "sound"})),
    ),
}
"""Role -> task, what a workflow for it must take, and what it cannot."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where a value goes."""

    node: str
    input: str


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A workflow and what it takes."""

    name: str
    nodes: Mapping[str, Any]
    slots: Mapping[str, tuple[Slot, ...]]
    results: tuple[str, ...]
    """Nodes whose files are wanted; empty: those of all."""
    version: str
    """Another one for another content."""

    def tasks(self, role: str) -> frozenset[Task]:
        has = frozenset(self.slots)
        return frozenset(task for task, needs, never in _TASKS.get(role, ()) if needs <= has and not never & has)

    def filled(self, values: Mapping[str, Iterable[Value]]) -> dict[str, Any]:
        """Return the nodes with these values, in the order of the slots of each name."""
        nodes: dict[str, Any] = copy.deepcopy(dict(self.nodes))
        for name, several in values.items():
            for slot, value in zip(self.slots[name], several, strict=False):
                inputs = nodes[slot.node]["inputs"]
                inputs[slot.input] = _alike(value, inputs.get(slot.input))
        return nodes

    def title(self, node: str) -> str:
        """Return what people call a node."""
        found = self.nodes.get(node)
        found = found if isinstance(found, Mapping) else {}
        called = _title(found) or str(found.get("class_type", ""))
        return f"{called!r} (node {node})"


def read_workflow(home: Path, name: str) -> Workflow:
    """Return the workflow of a name.

    Raises:
        SettingsError: There is none, or it cannot be understood; the message says what to do.
    """
    folder = home / "workflows"
    file = folder / f"{name}.json"
    if not _NAME.fullmatch(name) or not file.is_file():
        known = ", ".join(sorted(one.stem for one in folder.glob("*.json"))) if folder.is_dir() else ""
        raise SettingsError(
            f"There is no workflow {name!r}: put what ComfyUI's `Export (API)` writes into {str(file)!r}, with the "
            f"titles of its nodes naming what they take, such as `prompt` and `seed`. There are: {known or 'none'}."
        )
    where = f"The workflow {str(file)!r}"
    try:
        if file.stat().st_size > MOST_BYTES:
            raise SettingsError(f"{where} has more than {MOST_BYTES:,} bytes, which no workflow has.")
        content = file.read_bytes()
        plain = json.loads(content)
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{where} cannot be read: {error}. Export it again.") from error
    if isinstance(plain, Mapping) and "nodes" in plain and "links" in plain:
        raise SettingsError(f"{where} is as ComfyUI's editor saves it. Save it with `Export (API)` instead.")
    if not isinstance(plain, Mapping) or not plain or not all(map(_is_node, plain.values())):
        raise SettingsError(
            f"{where} is no workflow: nodes with `class_type` and `inputs`. Save it with `Export (API)`."
        )
    nodes = {str(number): node for number, node in plain.items()}
    slots, results = _named(nodes, where)
    version = hashlib.sha256(content).hexdigest()[:8]
    return Workflow(name=name, nodes=nodes, slots=slots, results=results, version=version)


def _named(nodes: Mapping[str, Any], where: str) -> tuple[dict[str, tuple[Slot, ...]], tuple[str, ...]]:
    """Return where each name goes, and the nodes whose files are wanted."""
    slots: dict[str, tuple[Slot, ...]] = {}
    results = []
    for number in sorted(nodes, key=_in_order):
        for wanted, input in _names(_title(nodes[number])):
            if wanted == RESULT:
                results.append(number)
                continue
            slot = Slot(node=number, input=_input(nodes[number], wanted, input, f"{where}: node {number}"))
            slots[wanted] = (*slots.get(wanted, ()), slot)
    if not slots:
        raise SettingsError(
            f"{where} has no node whose title names what it takes. Set titles such as `prompt`, `seed`, `width_pixels, "
            "height_pixels` or `picture` in ComfyUI, and export it again."
        )
    return slots, tuple(results)


def _names(title: str) -> Iterator[tuple[str, str]]:
    """Yield what a title names, with the input that it says; nothing where it is a title of another kind."""
    parts = [_TITLE.fullmatch(one.strip()) for one in title.split(",")]
    found = [(part[1], part[2] or "") for part in parts if part]
    if len(found) == len(parts) and all(one in (*VALUES, *FILES, RESULT) for one, _ in found):
        yield from found


def _input(node: Mapping[str, Any], wanted: str, said: str, where: str) -> str:
    has = node["inputs"]
    given = (said,) if said else _INPUTS.get(wanted, (wanted,))
    found = next((one for one in given if one in has), None)
    if found is None:
        raise SettingsError(
            f"{where} is titled `{wanted}`, and has no input {' or '.join(map(repr, given))}. It has: "
            f"{', '.join(has) or 'none'}. Name the one that is meant in the title: `{wanted}=INPUT`."
        )
    if isinstance(has[found], list):
        raise SettingsError(
            f"{where} is titled `{wanted}`, and gets its `{found}` from another node. Title that one instead, or the "
            "one before it."
        )
    return found


def _title(node: Mapping[str, Any]) -> str:
    about = node.get("_meta")
    return str(about.get("title") or "") if isinstance(about, Mapping) else ""


def _is_node(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("class_type"), str)
        and isinstance(value.get("inputs"), dict)
    )


def _in_order(number: str) -> tuple[int, str]:
    return (int(number) if number.isdecimal() else 1 << 30, number)


def _alike(value: Value, before: Any) -> Value:
    """Return a value of the kind that stands in the file: a node that wants a whole number takes no other."""
    if isinstance(before, bool) or isinstance(value, str) or isinstance(before, str):
        return str(value) if isinstance(before, str) else value
    if isinstance(before, int) and float(value) == int(value):
        return int(value)
    return cast("Value", value)
