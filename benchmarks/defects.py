"""Good plans, spoilt in every way that the linter knows."""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plans import FILES, GIVES, TAKES, TOOLS, Plain, needs


@dataclass(frozen=True)
class Spoilt:
    """A plan with one defect."""

    plan: Any
    step: str
    """Where it is; empty for the whole plan."""
    rules: tuple[str, ...]
    """The rules that may find it."""
    mended: Plain | None
    """The plan that repairs it; None where nothing certain does."""


Spoil = Callable[[Plain, random.Random], Spoilt | None]


def _copy(plan: Plain) -> Plain:
    return copy.deepcopy(plan)


def respelt_tool(plan: Plain, dice: random.Random) -> Spoilt:
    """The name of a tool in another way of writing, or with a slip."""
    wrong = _copy(plan)
    step = dice.choice(wrong["steps"])
    name = step["tool"]
    letters = list(name)
    at = dice.randrange(1, len(letters) - 2)
    letters[at], letters[at + 1] = letters[at + 1], letters[at]
    ways = [
        name.lower().replace(" ", "_").replace("-", "_"),
        "".join(word.capitalize() for word in name.replace("-", " ").split()),
        f"{name} Tool",
        name.upper(),
        f"functions.{name}",
        "".join(letters) if "".join(letters) != name else name.lower(),
    ]
    step["tool"] = dice.choice(ways)
    return Spoilt(wrong, step["id"], ("unknown-tool",), plan) if step["tool"] != name else respelt_tool(plan, dice)


_SYNONYMS = {
    "Audio-to-Text": ["Speech-to-Text", "Transcribe Audio", "ASR", "Speech Recognition"],
    "Text-to-Audio": ["Text-to-Speech", "TTS", "Speech Synthesis"],
    "Image-to-Text": ["Image Captioning", "Describe Image"],
    "Text-to-Image": ["Image Generation", "Create Image"],
    "Text-to-Video": ["Video Generation", "Create Video"],
    "Audio-from-Video": ["Extract Audio", "Video-to-Audio"],
    "Text Translation": ["Text Translator", "Translate Text", "Translator"],
    "Audio Denoiser": ["Audio Noise Reduction", "Denoise Audio"],
    "Image Upscaling": ["Image Upscaler", "Image Enhancement"],
    "Background Removal": ["Remove Background", "Background Remover"],
}


def other_words_for_tool(plan: Plain, dice: random.Random) -> Spoilt | None:
    """Another name of the same thing, as models invent them."""
    wrong = _copy(plan)
    known = [step for step in wrong["steps"] if step["tool"] in _SYNONYMS]
    if not known:
        return None
    step = dice.choice(known)
    step["tool"] = dice.choice(_SYNONYMS[step["tool"]])
    return Spoilt(wrong, step["id"], ("unknown-tool",), plan)


def invented_tool(plan: Plain, dice: random.Random) -> Spoilt:
    wrong = _copy(plan)
    step = dice.choice(wrong["steps"])
    step["tool"] = dice.choice(["Frobnicator", "Weather Report", "Flight Booking", "Quantum Oracle"])
    return Spoilt(wrong, step["id"], ("unknown-tool",), None)


def left_out_converter(plan: Plain, dice: random.Random) -> Spoilt | None:
    """A step that turns one kind into another is missing, and its user is given what it was given."""
    converters = {"Audio-from-Video", "Audio-to-Text", "Image-to-Text", "Contact Sheet", "Frame Sampler"}
    wrong = _copy(plan)
    found = [
        step
        for step in wrong["steps"][:-1]
        if step["tool"] in converters and len(step["args"]) == 1 and len(users(wrong, step["id"])) == 1
    ]
    if not found:
        return None
    gone = dice.choice(found)
    user = users(wrong, gone["id"])[0]
    given = next(iter(gone["args"].values()))
    wrong["steps"].remove(gone)
    user["args"] = {name: given if value == f"${gone['id']}" else value for name, value in user["args"].items()}
    return Spoilt(wrong, user["id"], ("wrong-kind", "wrong-media"), plan)


def users(plan: Plain, id: str) -> list[Plain]:
    return [step for step in plan["steps"] if id in needs(step)]


def wrong_edge(plan: Plain, dice: random.Random) -> Spoilt | None:
    """A reference to a step or file of another kind."""
    wrong = _copy(plan)
    step = dice.choice(wrong["steps"])
    takes = TAKES[step["tool"]]
    argument = dice.choice(list(takes))
    at = wrong["steps"].index(step)
    others = [f"${one['id']}" for one in wrong["steps"][:at] if GIVES[one["tool"]] != takes[argument]]
    others += [f"$files[{number}]" for number, file in enumerate(FILES) if file["kind"] != takes[argument]]
    step["args"][argument] = dice.choice(others)
    return Spoilt(wrong, step["id"], ("wrong-kind", "wrong-media"), None)


def slipped_reference(plan: Plain, dice: random.Random) -> Spoilt | None:
    """A reference that names the tool of a step, or whose id has a slip."""
    wrong = _copy(plan)
    for step in wrong["steps"]:  # ids that can be slipped
        step["id"] = (
            {"s": "step_"}.get(step["id"][0], "") + "abcdefghijklmnop"[int(step["id"][1:]) % 16] * 3 + step["id"][1:]
        )
    names = {old["id"]: new["id"] for old, new in zip(plan["steps"], wrong["steps"], strict=True)}
    for step in wrong["steps"]:
        step["args"] = {
            name: f"${names[value[1:]]}" if isinstance(value, str) and value[1:] in names else value
            for name, value in step["args"].items()
        }
    right = _copy(wrong)
    edges = [
        (step, name) for step in wrong["steps"] for name, value in step["args"].items()
        if isinstance(value, str) and value[1:] in names.values()
    ]  # fmt: skip
    if not edges:
        return None
    step, name = dice.choice(edges)
    id = step["args"][name][1:]
    step["args"][name] = f"${id.replace('_', '')}" if dice.random() < 0.5 else f"${id.upper()}"
    return Spoilt(wrong, step["id"], ("unknown-reference",), right)


def lost_reference(plan: Plain, dice: random.Random) -> Spoilt:
    wrong = _copy(plan)
    step = dice.choice(wrong["steps"])
    step["args"][dice.choice(list(TAKES[step["tool"]]))] = "$no_such_result"
    return Spoilt(wrong, step["id"], ("unknown-reference",), None)


def circle_of_order(plan: Plain, dice: random.Random) -> Spoilt | None:
    """A step waits, for no result, for one that needs it."""
    wrong = _copy(plan)
    pairs = [(step, user) for step in wrong["steps"] for user in users(wrong, step["id"])]
    if not pairs:
        return None
    step, user = dice.choice(pairs)
    step["depends_on"] = [user["id"]]
    return Spoilt(wrong, "", ("cycle",), plan)


def circle_of_results(plan: Plain, dice: random.Random) -> Spoilt | None:
    wrong = _copy(plan)
    step = dice.choice(wrong["steps"])
    argument = dice.choice(list(TAKES[step["tool"]]))
    step["args"][argument] = f"${step['id']}"
    return Spoilt(wrong, step["id"], ("cycle",), None)


def renamed_argument(plan: Plain, dice: random.Random) -> Spoilt | None:
    """An argument under a name that models use for it."""
    wrong = _copy(plan)
    step = dice.choice(wrong["steps"])
    name = dice.choice(list(step["args"]))
    ways = {
        "video": ["video_path", "input_video", "media", "file"], "audio": ["audio_file", "audio_path", "input_audio"],
        "image": ["image_path", "picture", "img"], "text": ["input_text", "Text", "content"],
        "language": ["lang", "Language"], "count": ["num", "n", "Count"], "start_seconds": ["startSeconds", "start"],
        "end_seconds": ["endSeconds", "end"], "seconds": ["duration"], "url": ["URL", "link"],
    }  # fmt: skip
    if name not in ways:
        return None
    other = dice.choice(ways[name])
    step["args"] = {other if key == name else key: value for key, value in step["args"].items()}
    return Spoilt(wrong, step["id"], ("unknown-argument", "missing-argument"), plan)


def lost_argument(plan: Plain, dice: random.Random) -> Spoilt:
    wrong = _copy(plan)
    step = dice.choice(wrong["steps"])
    del step["args"][dice.choice(list(TAKES[step["tool"]]))]
    return Spoilt(wrong, step["id"], ("missing-argument",), None)


def wrong_type(plan: Plain, dice: random.Random) -> Spoilt | None:
    """A literal of another type that can only mean one value."""
    right = _copy(plan)
    step = dice.choice(right["steps"])
    more = next(more for name, _, _, more in TOOLS if name == step["tool"])
    options: list[tuple[str, Any, Any]] = []
    for name, schema in more.items():
        if schema.get("type") == "integer":
            options += [(name, 5, "5"), (name, 5, 5.0), (name, 5, [5])]
        elif schema.get("type") == "number" and "description" in schema:
            options += [(name, 9, "0:09"), (name, 9, "9 s"), (name, 9, "9")]
        elif schema.get("type") == "array" and schema["items"]["type"] == "string":
            options += [(name, ["cat"], "cat")]
        elif schema.get("type") == "array":
            options += [(name, [30], "0:30"), (name, [30], 30), (name, [30, 60], ["0:30", "1:00"])]
        elif "enum" in schema:
            options += [(name, "en", "EN"), (name, "zh", "Chinese")]
    if not options:
        return None
    name, good, bad = dice.choice(options)
    step["args"][name] = good
    wrong = _copy(right)
    next(one for one in wrong["steps"] if one["id"] == step["id"])["args"][name] = bad
    return Spoilt(wrong, step["id"], ("wrong-argument",), right)


def beyond_schema(plan: Plain, dice: random.Random) -> Spoilt | None:
    wrong = _copy(plan)
    step = dice.choice(wrong["steps"])
    more = next(more for name, _, _, more in TOOLS if name == step["tool"])
    bad = {"count": 0, "sentences": -1, "language": "klingon", "strength": 7, "columns": 1000, "labels": 4}
    name = next((one for one in more if one in bad), None)
    if name is None or (name == "labels"):
        return None
    step["args"][name] = bad[name]
    return Spoilt(wrong, step["id"], ("wrong-argument",), None)


def twice(plan: Plain, dice: random.Random) -> Spoilt | None:
    """The same step under another id, and one user of it."""
    wrong = _copy(plan)
    edges = [(step, user) for step in wrong["steps"] for user in users(wrong, step["id"])]
    if not edges:
        return None
    step, user = dice.choice(edges)
    again = {**_copy(step), "id": "again"}
    wrong["steps"].insert(wrong["steps"].index(user), again)
    user["args"] = {name: "$again" if value == f"${step['id']}" else value for name, value in user["args"].items()}
    return Spoilt(wrong, "again", ("duplicate-step",), plan)


def for_nothing(plan: Plain, dice: random.Random) -> Spoilt | None:
    wrong = _copy(plan)
    extra = {"id": "extra", "tool": "Face Counter", "args": {"image": "$files[2]"}}
    if any(step["tool"] == "Face Counter" for step in wrong["steps"]) or not any(needs(s) for s in wrong["steps"]):
        return None
    wrong["steps"].insert(dice.randrange(len(wrong["steps"])), extra)
    return Spoilt(wrong, "extra", ("unused-step",), None)


def beyond_limit(plan: Plain, dice: random.Random) -> Spoilt | None:
    wrong = _copy(plan)
    step = next((one for one in wrong["steps"] if one["tool"] == "Text-to-Video"), None)
    if step is None:
        return None
    if dice.random() < 0.5:
        step["args"]["seconds"] = 45
        return Spoilt(wrong, step["id"], ("over-limit",), None)
    right = _copy(wrong)
    next(one for one in right["steps"] if one["id"] == step["id"])["args"]["aspect"] = "16:9"
    step["args"]["aspect"] = "16x9"
    return Spoilt(wrong, step["id"], ("over-limit",), right)


def beyond_end(plan: Plain, dice: random.Random) -> Spoilt | None:
    """A time after the end of the user's file."""
    wrong = _copy(plan)
    found = [
        step for step in wrong["steps"]
        if step["tool"] in ("Video Trim", "Audio Trim") and str(next(iter(step["args"].values()))).startswith("$files")
    ]  # fmt: skip
    if not found:
        return None
    step = dice.choice(found)
    step["args"]["start_seconds"] = 400
    return Spoilt(wrong, step["id"], ("beyond-end",), None)


def malformed(plan: Plain, dice: random.Random) -> Spoilt:  # noqa: PLR0912 - a flat table of shapes
    """A shape that models write instead of ours."""
    import json

    wrong: Any = _copy(plan)
    right: Any = plan
    match dice.randrange(8):
        case 0:
            wrong = json.dumps(wrong)
        case 1:
            wrong["steps"] = {step.pop("id"): step for step in wrong["steps"]}
        case 2:
            for step in wrong["steps"]:
                step["args"] = json.dumps(step["args"])
        case 3:
            for step in wrong["steps"]:
                step["thought"], step["description"] = "now this", "a step"
        case 4:
            for step in wrong["steps"]:
                step["name"], step["arguments"] = step.pop("tool"), step.pop("args")
        case 5:
            wrong = wrong["steps"]
        case 6:
            wrong = "```json\n" + json.dumps(wrong, indent=1) + "\n```"
        case _:
            right = _copy(plan)
            for one in (wrong, right):
                for step in one["steps"]:
                    if found := needs(step):
                        step["depends_on"] = found[:1]
            for step in wrong["steps"]:
                if "depends_on" in step:
                    step["depends_on"] = step["depends_on"][0]
                else:
                    step["depends_on"] = None
    return Spoilt(wrong, "", ("plan-shape",), right)


def detour(plan: Plain, dice: random.Random) -> Spoilt:
    steps = [
        {"id": "a", "tool": "Audio-from-Video", "args": {"video": "$files[0]"}},
        {"id": "b", "tool": "Audio-to-Text", "args": {"audio": "$a"}},
    ]
    return Spoilt({"goal": "say what is in the film", "steps": steps}, "a", ("over-planned",), None)


DEFECTS: dict[str, Spoil] = {
    "tool name respelt": respelt_tool,
    "tool under another name": other_words_for_tool,
    "tool invented": invented_tool,
    "converter left out": left_out_converter,
    "edge of a wrong kind": wrong_edge,
    "reference with a slip": slipped_reference,
    "reference to nothing": lost_reference,
    "circle by `depends_on`": circle_of_order,
    "circle of results": circle_of_results,
    "argument under another name": renamed_argument,
    "argument missing": lost_argument,
    "literal of a wrong type": wrong_type,
    "literal out of bounds": beyond_schema,
    "step twice": twice,
    "step for nothing": for_nothing,
    "beyond a provider's limit": beyond_limit,
    "time beyond the end": beyond_end,
    "malformed": malformed,
    "detour": detour,
}
