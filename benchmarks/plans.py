"""Good plans over a catalog of plain data."""

import random
from typing import Any

Plain = dict[str, Any]

# Name, what goes in (argument -> kind), what comes out, and further arguments.
_SECONDS = {"type": "number", "minimum": 0, "description": "In seconds."}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 50}
_LANGUAGE = {"type": "string", "enum": ["en", "zh", "fr", "de"]}
TOOLS: list[tuple[str, dict[str, str], str, Plain]] = [
    ("Audio-from-Video", {"video": "video"}, "audio", {}),
    ("Audio-to-Text", {"audio": "audio"}, "text", {"language": _LANGUAGE}),
    ("Text-to-Audio", {"text": "text"}, "audio", {"language": _LANGUAGE, "speed": {"type": "number"}}),
    ("Video-to-Text", {"video": "video"}, "text", {}),
    ("Image-to-Text", {"image": "image"}, "text", {}),
    ("Text-to-Image", {"text": "text"}, "image", {"count": _COUNT}),
    ("Text-to-Video", {"text": "text"}, "video", {"seconds": _SECONDS, "aspect": {"type": "string"}}),
    ("Image-to-Video", {"image": "image"}, "video", {"seconds": _SECONDS}),
    ("Frame Sampler", {"video": "video"}, "frames", {"count": _COUNT, "times": {"type": "array", "items": _SECONDS}}),
    ("Contact Sheet", {"frames": "frames"}, "image", {"columns": _COUNT}),
    ("Text Translation", {"text": "text"}, "text", {"language": _LANGUAGE}),
    ("Text Digest", {"text": "text"}, "text", {"sentences": _COUNT}),
    ("Key Phrases", {"text": "text"}, "text", {"count": _COUNT}),
    ("Grammar Check", {"text": "text"}, "text", {}),
    ("Mood of Text", {"text": "text"}, "text", {}),
    ("Audio Denoiser", {"audio": "audio"}, "audio", {"strength": {"type": "number", "maximum": 1}}),
    ("Voice Change", {"audio": "audio"}, "audio", {"pitch": {"type": "number"}}),
    ("Audio Mix", {"first": "audio", "second": "audio"}, "audio", {}),
    ("Audio Trim", {"audio": "audio"}, "audio", {"start_seconds": _SECONDS, "end_seconds": _SECONDS}),
    ("Video Trim", {"video": "video"}, "video", {"start_seconds": _SECONDS, "end_seconds": _SECONDS}),
    ("Video Steadier", {"video": "video"}, "video", {}),
    ("Video Speed", {"video": "video"}, "video", {"factor": {"type": "number"}}),
    ("Subtitle Burner", {"video": "video", "text": "text"}, "video", {}),
    ("Dubbing", {"video": "video", "audio": "audio"}, "video", {}),
    ("Image Colouring", {"image": "image"}, "image", {}),
    ("Image Upscaling", {"image": "image"}, "image", {"factor": _COUNT}),
    ("Background Removal", {"image": "image"}, "image", {}),
    ("Image Collage", {"first": "image", "second": "image"}, "image", {}),
    ("Object Finder", {"image": "image"}, "text", {"labels": {"type": "array", "items": {"type": "string"}}}),
    ("Face Counter", {"image": "image"}, "text", {}),
    ("Image Lookup", {"text": "text"}, "image", {}),
    ("Video Lookup", {"text": "text"}, "video", {}),
    ("Link Finder", {"text": "text"}, "url", {}),
    ("Image Download", {"url": "url"}, "image", {}),
    ("Video Download", {"url": "url"}, "video", {}),
    ("Audio Download", {"url": "url"}, "audio", {}),
    ("Page Download", {"url": "url"}, "text", {}),
    ("Article Writer", {"text": "text"}, "text", {"words": {"type": "integer"}}),
]
_LIMITS = {"Text-to-Video": {"max_seconds": 10, "aspects": ["16:9", "9:16", "1:1"]}}


def catalog() -> list[Plain]:
    """Return the tools as plain data, as another system would give them."""
    return [
        {
            "name": name,
            "inputs": dict(takes),
            "outputs": [gives],
            "arguments": {
                "type": "object",
                "properties": {**{key: {"kind": kind} for key, kind in takes.items()}, **more},
                "required": list(takes),
            },
            "limits": _LIMITS.get(name, {}),
        }
        for name, takes, gives, more in TOOLS
    ]


GIVES = {name: gives for name, _, gives, _ in TOOLS}
TAKES = {name: takes for name, takes, _, _ in TOOLS}
FILES: list[Plain] = [
    {"name": "film.mp4", "kind": "video", "seconds": 95.0, "has_sound": True, "has_pictures": True},
    {"name": "song.wav", "kind": "audio", "seconds": 40.0, "has_sound": True, "has_pictures": False},
    {"name": "cat.jpg", "kind": "image"},
]


def good_plan(dice: random.Random, steps: int) -> Plain:
    """Return a plan in which each step is used, and every edge is of the right kind."""
    while True:
        made: list[tuple[str, str]] = [(f"$files[{at}]", file["kind"]) for at, file in enumerate(FILES)]
        plan: list[Plain] = []
        seen: set[str] = set()
        while len(plan) < steps:
            name, takes, gives, more = dice.choice(TOOLS)
            args: Plain = {}
            for argument, kind in takes.items():
                fitting = [reference for reference, of in made if of == kind]
                if fitting:  # the newest most often, so that plans are long
                    args[argument] = fitting[-1] if dice.random() < 0.7 else dice.choice(fitting)
                elif kind == "text":
                    args[argument] = "a cat that plays the piano"
            if len(args) < len(takes):
                continue
            if more and dice.random() < 0.6:
                argument = dice.choice(list(more))
                args[argument] = _value(argument, more[argument], dice)
            if repr((name, args)) in seen:
                continue
            seen.add(repr((name, args)))
            id = f"s{len(plan) + 1}"
            plan.append({"id": id, "tool": name, "args": args})
            made.append((f"${id}", gives))
        kept = _used(plan)
        if len(kept) >= min(3, steps) and not _is_detour(kept):
            return {"goal": "work on the files", "steps": kept}


def long_plan(dice: random.Random, steps: int) -> Plain:
    """Return a good plan of exactly so many steps: each result is used in the next step or at the end."""
    plan = [{"id": "s1", "tool": "Video-to-Text", "args": {"video": "$files[0]"}}]
    tools = [name for name, takes, gives, _ in TOOLS if takes == {"text": "text"} and gives == "text"]
    while len(plan) < steps:
        source = plan[-1]["id"] if dice.random() < 0.8 else plan[max(0, len(plan) - 2)]["id"]
        tool = dice.choice([one for one in tools if one != plan[-1]["tool"]])
        plan.append({"id": f"s{len(plan) + 1}", "tool": tool, "args": {"text": f"${source}"}})
    return {"goal": "work on the film", "steps": plan}


def _value(name: str, schema: Plain, dice: random.Random) -> Any:
    if "enum" in schema:
        return dice.choice(schema["enum"])
    if schema["type"] == "array":
        return ["cat", "dog"] if schema["items"]["type"] == "string" else [1.0, 12.5]
    if schema["type"] == "string":
        return "16:9"
    return {"start_seconds": 2, "end_seconds": 20, "seconds": 8, "strength": 0.5}.get(name, 3)


def _used(plan: list[Plain]) -> list[Plain]:
    """Return the last step and what it needs, so that nothing is for nothing."""
    by_id = {step["id"]: step for step in plan}
    wanted: set[str] = set()
    waiting = [plan[-1]["id"]]
    while waiting:
        id = waiting.pop()
        if id not in wanted:
            wanted.add(id)
            waiting += [need for need in needs(by_id[id]) if need in by_id]
    return [step for step in plan if step["id"] in wanted]


def needs(step: Plain) -> list[str]:
    """Return the ids that a step's arguments name."""
    return [value[1:] for value in step["args"].values() if isinstance(value, str) and value.startswith("$s")]


def _is_detour(plan: list[Plain]) -> bool:
    """Return whether one tool would do: such plans are good only where they are meant to be found."""
    ways = {(tuple(takes.values()), gives) for _, takes, gives, _ in TOOLS if len(takes) == 1}
    first, last = TAKES[plan[0]["tool"]], GIVES[plan[-1]["tool"]]
    is_chain = all(len(TAKES[step["tool"]]) == 1 for step in plan)
    return is_chain and (tuple(first.values()), last) in ways
