"""Where a video changes from one shot or slide to the next."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from .base.errors import MediaError
from .base.media import MediaFacts, examine
from .base.moments import Coverage, Findings, Measure, Moment, Source
from .base.run import Run
from .base.tool import Video, tool

if TYPE_CHECKING:
    from .base.steps import Limits

TOOL = "find_scenes"
SHORTEST_SECONDS = 0.5
"""PySceneDetect joins scenes shorter than this."""
Sensitivity = Literal["low", "normal", "high"]


class Scene(BaseModel):
    """A stretch of a video between two changes."""

    start_seconds: float
    end_seconds: float


class Scenes(Findings):
    """The scenes of a video."""

    scenes: list[Scene]
    method: str = Field(description="`key frames`, or `PySceneDetect` when it was asked to be exact.")


@tool(effect="pure", resource="cpu")
async def find_scenes(
    media: Annotated[Video, Field(description="A video.")],
    exact: Annotated[
        bool, Field(description="Decode every frame with PySceneDetect: some ten times slower, finds cuts of any kind.")
    ] = False,
    sensitivity: Annotated[Sensitivity, Field(description="How small a change counts.")] = "normal",
    *,
    run: Run,
) -> Scenes:
    """Find where a video cuts from one shot, slide or screen to the next, to the frame.

    Key frames are compared, and only around a change are all frames decoded, so that an hour takes seconds. Use it
    before `extract_frames`; use `read_text` for what slides say.
    """
    path, name = run.path(media), run.name(media)
    facts = await run.thread(examine, path, name)
    if facts.video is None:
        raise MediaError(f"{name!r} has no moving picture, so it has no scenes. It has: {', '.join(facts.streams)}.")
    if exact:
        return await run.thread(_exactly, media, facts, sensitivity, run)
    from .base.steps import LIMITS

    return await run.thread(_by_key_frames, media, facts, LIMITS[sensitivity], run)


def _by_key_frames(media: str, facts: MediaFacts, limits: "Limits", run: Run) -> Scenes:
    from .base.cuts import find_cuts

    found = find_cuts(run.path(media), run.name(media), limits=limits, run=run)
    end = facts.seconds or found.end_seconds
    said = [
        f"Scene changes were looked for on {found.key_frames} key frames, one every {found.spacing_seconds:.1f} s on "
        "average, and between them where the packets show a change; a shot shorter than that can be missed."
    ]
    if found.errors:
        said.append(f"{found.errors} damaged packets could not be decoded.")
    return _scenes(
        media,
        [change.at_seconds for change in found.cuts],
        facts,
        end,
        method="key frames",
        provider="sensorium",
        frames=found.decoded,
        limits=said,
    )


def _exactly(media: str, facts: MediaFacts, sensitivity: Sensitivity, run: Run) -> Scenes:
    from importlib.metadata import version

    from .base.exact_cuts import THRESHOLDS, find_exact_cuts

    cuts, frames, last = find_exact_cuts(
        run.path(media),
        run.name(media),
        threshold=THRESHOLDS[sensitivity],
        min_scene_seconds=SHORTEST_SECONDS,
        seconds=facts.seconds,
        run=run,
    )
    return _scenes(
        media,
        cuts,
        facts,
        facts.seconds or last,
        method="PySceneDetect",
        provider=f"scenedetect-{version('scenedetect-headless')}",
        frames=frames,
        limits=[],
    )


def _scenes(
    media: str,
    cuts: Sequence[float],
    facts: MediaFacts,
    end: float,
    *,
    method: str,
    provider: str,
    frames: int,
    limits: list[str],
) -> Scenes:
    starts = [0.0, *(round(cut, 3) for cut in cuts if 0 < cut < end)]
    source = Source(tool=TOOL, provider=provider)
    return Scenes(
        media=media,
        scenes=[
            Scene(start_seconds=start, end_seconds=stop)
            for start, stop in zip(starts, [*starts[1:], round(end, 3)], strict=True)
        ],
        method=method,
        moments=[
            Moment(kind="cut", start_seconds=at, end_seconds=at, text="scene change", media=media, source=source)
            for at in starts[1:]
        ],
        measures=[Measure(name="scenes", value=len(starts), unit="scenes", media=media)],
        coverage=Coverage(seconds=facts.seconds, looked_at=[(0.0, end)], frames=frames),
        limits=[*limits, *facts.limits],
        partial=facts.partial,
    )
