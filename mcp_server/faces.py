"""Which tools a client sees, and how: a few that go well together rather than all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from ..tools.base.models import LADDERS, Models
from ..tools.base.moments import Findings
from ..tools.base.settings import Settings
from ..tools.base.tool import Tool
from ..tools.base.workspace import Artifact
from .groups import ALL, Group
from .schemas import is_flat, lists, shown_schema
from .scopes import Scope

LONGEST_NAME = 24
"""Cursor takes 60 letters for server and tool together."""


@dataclass(frozen=True, kw_only=True)
class Face:
    """What a client sees of a tool."""

    title: str
    group: Group
    gives: Literal["data", "media"] = "data"
    """`media` results are pictures and links for people and models; `data` results are structured."""
    hidden: frozenset[str] = frozenset()
    """Arguments that plans and scripts give, and few others need: a list of tools must be short."""
    left_out: frozenset[str] = frozenset()
    """Fields of the result that other fields say as well."""
    quotes: bool = False
    """The result holds words that were found in media."""
    contained: bool = False
    """It runs code where that can reach nothing of the user's."""
    nested: bool = False
    """An argument that is not flat is shown all the same: the tool is nothing without it."""
    says: str = ""
    """Instead of what the docstring says after its first paragraph, where that is about arguments of plans."""
    tells: str = ""
    """What a client finds in the result."""
    model: str = ""
    """The role that the settings must name a model for: without one, a client's own eyes see more."""


_DETAILS = frozenset({"moments", "measures"})
FACES: Mapping[str, Face] = {
    "probe_media": Face(
        title="Probe a media file",
        group="media",
        left_out=_DETAILS,
        tells="Gives `kind`, `seconds`, `has_pictures`, `has_sound`, `width_pixels`, `video`, `audio`.",
    ),
    "find_scenes": Face(
        title="Find scenes and cuts",
        group="media",
        left_out=_DETAILS,
        says="Key frames are compared, and only around a change are all frames decoded, so that an hour takes seconds. "
        "To see the scenes, give times of theirs to `extract_frames`; use `read_text` for what slides say.",
        tells="Gives `scenes` with `start_seconds` and `end_seconds`.",
    ),
    "extract_frames": Face(
        title="Extract frames",
        group="media",
        gives="media",
        left_out=_DETAILS,
        says="Frames are exact to the frame, upright and in the right aspect, and each tells its true time. Give one "
        "of `count`, `times`, `every_seconds` and `changed`. Use `view_media` for one frame, or for a part of one.",
        tells="Gives `items` with `at_seconds` and `picture`; six of the pictures can be looked at (`shown`), "
        "`contact_sheet` puts sixty on one.",
    ),
    "view_media": Face(title="Look at a picture or frame", group="media", gives="media"),
    "look_at": Face(
        title="Ask a model that sees",
        group="media",
        quotes=True,
        model="see",
        left_out=frozenset({"measures", "glances", "pictures"}),
        says="Of a video it sees frames that differ on one sheet first, then what it wants to see closer, within "
        "`budget_tokens`. The pictures go to the model that the settings name, which may err. Use `view_media` to look "
        "yourself, `read_text` for text with exact places.",
        tells="Gives the `answer`, `moments` with the times it rests on, and `not_looked_at`.",
    ),
    "read_text": Face(
        title="Read text on screen",
        group="media",
        quotes=True,
        # The lines are in the moments, with their times and places; `view_media` shows what is there at a time.
        left_out=frozenset({"text", "measures", "pictures"}),
        tells="Gives `moments` (a line's `text`, `start_seconds`, `end_seconds`, `box` as fractions) and `slides`.",
    ),
    "transcribe": Face(
        title="Transcribe speech",
        group="media",
        quotes=True,
        left_out=frozenset({"text", "measures"}),
        says="Without a speech model the words are a draft (English), or only the times of speech are known; `quality` "
        "says which. All sound is decoded, so what is long becomes a job. Use `read_text` for what is written on the "
        "screen.",
        tells="Gives `moments` with `start_seconds`, `end_seconds`, `text`, and the files `srt`, `vtt`, `text_file`.",
    ),
    "image_facts": Face(
        title="Measure a picture",
        group="media",
        quotes=True,
        left_out=_DETAILS,
        says="It does not describe what the picture shows: use `view_media`. Use `read_text` for the text in it.",
        tells="Gives `colours`, `brightness`, `sharpness`, `exif`, `codes` with their text, `faces`, `compared`.",
    ),
    "compare_media": Face(
        title="Compare media files",
        group="media",
        quotes=True,
        left_out=_DETAILS,
        says="Two videos are compared at equal times from their start. For words that only one has, call `read_text` "
        "or `transcribe` on both and compare.",
        tells="Gives `identical`, `rows` of facts, `near_duplicate`, places in `changed`, times in `differences`; the "
        "picture `marked` frames the places.",
    ),
    "describe_sound": Face(
        title="Describe a sound",
        group="media",
        quotes=True,
        left_out=frozenset({"measures"}),
        tells="Gives `parts` (speech, music, noise, silence) with times, `beats_per_minute`, `key`, `summary`.",
    ),
    "read_artifact": Face(
        title="Read a text artifact",
        group="media",
        quotes=True,
        tells="Gives `text` or `rows`, `total`, and in `next` where to read on.",
    ),
    "speak": Face(
        title="Say a text aloud",
        group="make",
        gives="media",
        nested=True,
        says="English and Chinese may be mixed: each part is said in its own language. In a dialogue each line of "
        "`text` begins with a speaker of `voices` and a colon.",
        tells="Gives `audio`, its `seconds` and the `engine`, which may sound robotic.",
    ),
    "make_chart": Face(
        title="Draw a chart",
        group="make",
        gives="media",
        nested=True,
        tells="Gives `picture` (PNG, also small to look at) and `drawing` (SVG).",
    ),
    "make_image": Face(
        title="Draw a picture",
        group="make",
        gives="media",
        tells="Gives `pictures`, their `engine` and `seed`.",
    ),
    "edit_image": Face(
        title="Change a picture",
        group="make",
        gives="media",
        hidden=frozenset({"negative_prompt", "style"}),
        says="`pick` takes one of a grid and `upscale` enlarges also without a model; all else takes one that draws.",
        tells="Gives `pictures`, or `texts` where words were asked for.",
    ),
    "make_video": Face(
        title="Make a video with a model",
        group="make",
        gives="media",
        model="film",
        tells="Gives `video` with its `seconds` and size.",
    ),
    "make_music": Face(
        title="Make music",
        group="make",
        gives="media",
        hidden=frozenset({"instrumental", "mood"}),
        tells="Gives `audio`, its `seconds` and the `engine`; also `midi` where it was composed by rules.",
    ),
    "compose_video": Face(
        title="Put a film together",
        group="make",
        gives="media",
        says="Pictures move slowly and are never distorted, scenes fade over, music gets softer under speech, and the "
        "loudness is even. Use `speak`, `make_image` and `make_music` for what goes into it.",
        nested=True,
        hidden=frozenset(
            {
                "caption_style",
                "container",
                "frames_per_second",
                "loudness_lufs",
                "music_gain_db",
                "transition_seconds",
            }
        ),
        tells="Gives `video`, its `seconds`, `scene_starts_seconds` and the captions as `srt`.",
    ),
    "edit_media": Face(
        title="Cut, join or convert media",
        group="make",
        gives="media",
        nested=True,
        left_out=frozenset({"files"}),
        hidden=frozenset(
            {"silence_db", "min_silence_seconds", "keep_seconds", "mirror", "frames_per_second", "max_bytes"}
        ),
        tells="Gives `file`, or several in `items`, with the start and end that were really taken.",
    ),
    "picture_sound": Face(
        title="Draw a sound",
        group="make",
        gives="media",
        hidden=frozenset({"motion", "width_pixels", "height_pixels", "language"}),
        tells="Gives `file`, a picture or a video, and its `seconds`.",
    ),
    "fetch_url": Face(
        title="Fetch a file or a page",
        group="web",
        quotes=True,
        left_out=_DETAILS,
        tells="Gives a handle in `file` for other tools, or a page's `title`, `text` and `links`.",
    ),
    "analyze_code": Face(
        title="Analyze code",
        group="code",
        quotes=True,
        left_out=frozenset({"definitions", "imports", "problems"}),
        tells="Gives `moments`, one for each definition, import and problem, with its lines.",
    ),
    "run_python": Face(
        title="Run Python in a sandbox",
        group="code",
        quotes=True,
        contained=True,
        left_out=_DETAILS,
        tells="Gives `stdout`, `value`, `error`, and `artifacts` that were made; look at figures with `view_media`.",
    ),
    "run_agent": Face(
        title="Do a whole media task",
        group="agent",
        quotes=True,
        tells="Gives `status`, `answer`, the `report` and all `files`, `steps` with what failed, and a `run_id`.",
    ),
}
_SCOPES: Mapping[Group, Scope] = {
    "media": "media:read",
    "web": "media:read",
    "make": "media:make",
    "code": "code:run",
    "agent": "agent:run",
}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A tool with its face, as this server offers it."""

    tool: Tool
    face: Face
    far: bool
    """It reaches out of this machine."""

    @property
    def name(self) -> str:
        return self.tool.name


def face_of(tool: Tool) -> Face:
    """Return how a tool is shown; one that is not curated gets a face from what it says about itself."""
    if face := FACES.get(tool.name):
        return face
    group: Group = "code" if tool.effect == "runs_code" else "media" if tool.media_arguments else "make"
    holds_files = any(_is_artifact(field.annotation) for field in tool.returns.model_fields.values())
    return Face(
        title=tool.name.replace("_", " ").capitalize(),
        group=group,
        gives="media" if holds_files and "moments" not in tool.returns.model_fields else "data",
        quotes=bool(tool.media_arguments),
    )


def scope_of(tool: Tool) -> Scope:
    """Return what a caller must be allowed to do for this tool."""
    if tool.name not in FACES and tool.effect != "runs_code":
        return "media:read" if tool.effect == "pure" and issubclass(tool.returns, Findings) else "media:make"
    return _SCOPES[face_of(tool).group]


def curated(groups: Collection[str], settings: Settings) -> frozenset[str]:
    """Return the names of the tools that these groups mean here."""
    return frozenset(
        name
        for name, face in FACES.items()
        if face.group in groups and (not face.model or face.model in settings.models)
    )


def offers(tools: Mapping[str, Tool], settings: Settings, groups: Collection[str]) -> list[Offer]:
    """Return what to offer: the tools of these groups that can be called with flat arguments and work here."""
    models = Models(settings)
    chosen = curated(groups, settings)
    offered = []
    for tool in tools.values():
        face = face_of(tool)
        wanted = ALL in groups or tool.name in chosen or (face.group == "code" and "code" in groups)
        if wanted and len(tool.name) <= LONGEST_NAME and _serves(tool, models) and _callable(tool, face):
            offered.append(Offer(tool=tool, face=face, far=_far(tool, settings)))
    order = list(FACES)
    return sorted(offered, key=lambda one: (order.index(one.name) if one.name in FACES else len(order), one.name))


def annotations(offer: Offer) -> dict[str, bool]:
    """Return the four hints of the protocol; left out they would mean the worst."""
    tool = offer.tool
    return {
        # Fetching changes nothing here, nor there: it only asks.
        "readOnlyHint": tool.effect in ("pure", "network") and offer.face.group in ("media", "code", "web"),
        # What is made gets a name of its own, so nothing of the user's is ever replaced; code may do anything where
        # nothing keeps it in.
        "destructiveHint": tool.effect == "runs_code" and not offer.face.contained,
        "idempotentHint": tool.effect == "pure",
        "openWorldHint": offer.far,
    }


def has_pages(face: Face, model: type[BaseModel]) -> bool:
    """Return whether a tool takes `page`: its result may be long, and not only for what the client itself gave."""
    return face.gives == "data" or lists(model, face.left_out)


def _callable(tool: Tool, face: Face) -> bool:
    schema = shown_schema(tool, face.hidden, nested=True)
    return face.nested or all(is_flat(schema["properties"][name]) for name in schema.get("required", []))


def _serves(tool: Tool, models: Models) -> bool:
    # What a model of `think` does of a tool is a part of it only.
    return all(role == "think" or (role in LADDERS and models.usable(role)) for role in tool.roles)


def _far(tool: Tool, settings: Settings) -> bool:
    if tool.effect == "network" or tool.cost == "paid":
        return True
    if tool.name == "run_agent" and not (settings.offline or settings.local_only):
        return True  # it fetches the addresses that a task names
    roles = settings.models.keys() if tool.name == "run_agent" else settings.models.keys() & set(tool.roles)
    named = {settings.models[role].partition(":")[0] for role in roles}
    return any(not settings.endpoints[name].is_local for name in named & settings.endpoints.keys())


def _is_artifact(annotation: Any) -> bool:
    return annotation is Artifact or any(_is_artifact(part) for part in getattr(annotation, "__args__", ()))
