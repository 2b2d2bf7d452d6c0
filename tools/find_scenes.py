"""Where a video changes from one shot or slide to the next."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from .base.estimate import Estimate, length_of, spread
from .base.media import MediaFacts, examine
from .base.moments import Coverage, Findings, Measure, Moment, Source
from .base.run import Run
from .base.tool import Video, tool

if TYPE_CHECKING:
    from .base.cuts import Cuts

TOOL = "find_scenes"
Sensitivity = Literal["low", "normal", "high"]


class Scene(BaseModel):
    """A stretch of a video between two changes."""

    start_seconds: float
    end_seconds: float
    begins_with: Literal["start", "cut", "fade"] = Field("cut", description="`start` is the start of the video.")


class Scenes(Findings):
    """The scenes of a video, without a gap."""

    scenes: list[Scene]
    method: Literal["key frames", "PySceneDetect"] = Field(description="`PySceneDetect` when it was asked to be exact.")
    key_frame_spacing_seconds: float | None = Field(None, description="Between the key frames looked at, on average.")


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    # Frames decoded: between key frames 0.3 to 1.6 a second in measured films; with `exact` each one.
    low, likely, high = (10.0, 30.0, 60.0) if args.get("exact") else (0.2, 1.0, 6.0)
    return spread(length_of(files.get("media", {})), low, likely, high, most=math.inf)


@tool(effect="pure", resource="cpu", units=_units)
async def find_scenes(
    media: Annotated[Video, Field(description="A video.")],
    exact: Annotated[
        bool, Field(description="Decode every frame with PySceneDetect: several times slower, for fast cut films.")
    ] = False,
    sensitivity: Annotated[Sensitivity, Field(description="`high` also finds small changes.")] = "normal",
    min_scene_seconds: Annotated[
        float, Field(ge=0.0, le=3600.0, description="A change sooner than this after another one is left out.")
    ] = 0.5,
    *,
    run: Run,
) -> Scenes:
    """Find where a video cuts from one shot, slide or screen to the next, to the frame.

    Key frames are compared, and only around a change are all frames decoded, so that an hour takes seconds. Use it
    before `extract_frames`; use `read_text` for what slides say.
    """
    return await run.decode(_search, media, exact, sensitivity, min_scene_seconds, run)


def _search(media: str, exact: bool, sensitivity: Sensitivity, min_scene_seconds: float, run: Run) -> Scenes:
    facts = examine(run.path(media), run.name(media))
    search = _exactly if exact else _by_key_frames
    return search(media, facts, sensitivity, min_scene_seconds, run)


def _by_key_frames(
    media: str, facts: MediaFacts, sensitivity: Sensitivity, min_scene_seconds: float, run: Run
) -> Scenes:
    from .base.cuts import find_cuts
    from .base.steps import LIMITS

    found = find_cuts(run.path(media), run.name(media), limits=LIMITS[sensitivity], run=run)
    scenes = [Scene(start_seconds=0.0, end_seconds=found.end_seconds, begins_with="start")]
    for change in found.cuts:
        if change.at_seconds - scenes[-1].start_seconds >= min_scene_seconds:
            scenes[-1].end_seconds = change.at_seconds
            begins = Scene(start_seconds=change.at_seconds, end_seconds=found.end_seconds, begins_with=change.kind)
            scenes.append(begins)
    return Scenes(
        **_about(media, facts, scenes, "sensorium"),
        scenes=scenes,
        method="key frames",
        key_frame_spacing_seconds=round(found.spacing_seconds, 3),
        coverage=Coverage(seconds=facts.seconds, looked_at=[(0.0, found.end_seconds)], frames=found.decoded),
        limits=[*facts.limits, *_limits(found)],
        partial=facts.partial,
    )


def _limits(found: "Cuts") -> list[str]:
    limits = [
        f"Scene changes were looked for on {found.key_frames} key frames, one every {found.spacing_seconds:.1f} s on "
        "average, and between them where the packets show a change; shots shorter than that, and slow dissolves "
        "between moving pictures, can be missed."
    ]
    if found.errors:
        limits.append(f"{found.errors} damaged packets of the picture could not be decoded; changes there are missed.")
    return limits


def _exactly(media: str, facts: MediaFacts, sensitivity: Sensitivity, min_scene_seconds: float, run: Run) -> Scenes:
    from importlib.metadata import version

    from .base.exact_cuts import THRESHOLDS, find_exact_cuts

    found = find_exact_cuts(
        run.path(media),
        run.name(media),
        threshold=THRESHOLDS[sensitivity],
        min_scene_seconds=min_scene_seconds,
        seconds=facts.seconds,
        run=run,
    )
    edges = [0.0, *found.cuts_seconds, found.end_seconds]
    scenes = [
        Scene(start_seconds=start, end_seconds=end, begins_with="cut" if number else "start")
        for number, (start, end) in enumerate(pairwise(edges))
    ]
    provider = f"scenedetect-{version('scenedetect-headless')}"
    run.used(provider)
    limits = ["Every frame was compared with the one before; slow dissolves are not found."]
    if found.errors:
        limits.append(f"{found.errors} damaged packets of the picture could not be decoded; changes there are missed.")
    return Scenes(
        **_about(media, facts, scenes, provider),
        scenes=scenes,
        method="PySceneDetect",
        coverage=Coverage(seconds=facts.seconds, looked_at=[(0.0, found.end_seconds)], frames=found.decoded),
        limits=[*facts.limits, *limits],
        partial=facts.partial,
    )


def _about(media: str, facts: MediaFacts, scenes: Sequence[Scene], provider: str) -> dict[str, object]:
    source = Source(tool=TOOL, provider=provider)
    return {
        "media": media,
        "moments": [
            Moment(
                kind="cut",
                start_seconds=one.start_seconds,
                end_seconds=one.start_seconds,
                text="scene change",
                media=media,
                source=source,
            )
            for one in scenes[1:]
        ],
        "measures": [Measure(name="scenes", value=len(scenes), unit="scenes", media=media)],
    }
