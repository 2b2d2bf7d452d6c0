"""Pictures out of a video."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from .base.errors import MediaError
from .base.estimate import Estimate, between, exactly, part_of, spread
from .base.media import MediaFacts, examine
from .base.moments import Coverage, Findings, Moment, Source, Stretch
from .base.run import Run
from .base.tool import Seen, tool
from .base.which_frames import DISTINCT_FRAMES, MOST_FRAMES, Asked, Chosen, choose
from .base.workspace import Artifact

if TYPE_CHECKING:
    from PIL.Image import Image

TOOL = "extract_frames"
SHEET_CELLS, SHEET_CELL_PIXELS = 60, 320
Format = Literal["jpeg", "png"]


class Frame(BaseModel):
    """One picture from a video."""

    picture: Artifact
    at_seconds: float | None = Field(
        description="The frame's own time, counted from the first; None of a still picture."
    )
    asked_seconds: float | None = Field(None, description="The time that was asked for.")


class Frames(Findings):
    """Pictures from a video, in order of time."""

    items: list[Frame]
    sheet: Artifact | None = Field(None, description="All of them on one picture, with their times.")


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    facts = files.get("media", {})
    if facts.get("kind") == "picture":
        return exactly(frames=1)
    if isinstance(args.get("times"), list):
        return exactly(frames=len(args["times"]))
    if isinstance(every := args.get("every_seconds"), int | float) and every > 0:
        return spread(part_of(args, facts), *(1 / every,) * 3, most=MOST_FRAMES)
    count = args.get("count")
    if isinstance(count, int) and not args.get("changed") and "scenes" not in args:
        return exactly(frames=count)
    most = count if isinstance(count, int) else MOST_FRAMES if "scenes" in args else DISTINCT_FRAMES
    return between(1, min(most, 10), most, "frames")


@tool(effect="pure", resource="cpu", units=_units)
async def extract_frames(
    media: Annotated[Seen, Field(description="A video.")],
    *,
    count: Annotated[
        int | None,
        Field(
            ge=1,
            le=MOST_FRAMES,
            description="This many, about evenly spaced; of scenes, or with `changed`, at most so many.",
        ),
    ] = None,
    times: Annotated[list[float] | None, Field(description="At these seconds.")] = None,
    every_seconds: Annotated[float | None, Field(gt=0, description="One every so many seconds.")] = None,
    scenes: Annotated[
        list[Stretch] | None, Field(description="One of each scene: pass the `scenes` of `find_scenes`.")
    ] = None,
    changed: Annotated[
        bool, Field(description="One of each thing shown, without near-duplicates; the default way.")
    ] = False,
    between_seconds: Annotated[
        tuple[float, float] | None, Field(description="Only from this part of the video: start and end.")
    ] = None,
    contact_sheet: Annotated[bool, Field(description="Also lay them out on one picture, with their times.")] = False,
    width_pixels: Annotated[
        int | None, Field(ge=16, le=8192, description="Scale down to this width; never up.")
    ] = None,
    format: Annotated[Format, Field(description="`png` is exact and several times larger.")] = "jpeg",
    run: Run,
) -> Frames:
    """Take pictures out of a video: evenly spaced, at given times, one a scene, or one of each thing that is shown.

    Frames are exact to the frame, upright and in the right aspect, and each tells its true time. Give one of `count`,
    `times`, `every_seconds`, `scenes` and `changed`.
    """
    stretches = None if scenes is None else [(one.start_seconds, one.end_seconds) for one in scenes]
    asked = Asked(count, times, every_seconds, stretches, changed, between_seconds)
    asked.check()
    made_as = run.artifact(media).facts.get("digital_source_type")
    writer = _Writer(run, run.name(media), width_pixels, format, str(made_as or ""))
    return await run.decode(_extract, media, asked, writer, contact_sheet=contact_sheet)


def _extract(media: str, asked: Asked, writer: "_Writer", *, contact_sheet: bool) -> Frames:
    run = writer.run
    facts = examine(run.path(media), writer.name)
    if facts.kind == "picture":
        return _still(media, writer)
    chosen = choose(asked, media, facts, run)
    return _take(media, facts, chosen, writer, contact_sheet=contact_sheet)


def _take(media: str, facts: MediaFacts, chosen: Chosen, writer: "_Writer", *, contact_sheet: bool) -> Frames:
    from .base.frames import frames_at
    from .base.pictures import as_image, clock

    run = writer.run
    # Two frames within a tenth of a second need more digits to have names of their own.
    digits = 1 if len({round(one, 1) for one in chosen.times}) == len(set(chosen.times)) else 3
    items: list[Frame] = []
    cells: list[tuple[float, Image]] = []
    every = -(-len(chosen.times) // SHEET_CELLS)
    pictures = frames_at(
        run.path(media),
        writer.name,
        chosen.times,
        width_pixels=writer.width_pixels,
        later_seconds=chosen.later_seconds,
        run=run,
    )
    for number, picked in enumerate(pictures):
        run.progress(number / len(chosen.times), f"frame at {clock(picked.at_seconds)}")
        image = as_image(picked.image)
        name = f"frame-{picked.at_seconds:0{5 + digits}.{digits}f}s"
        artifact = writer.put(image, name, at_seconds=picked.at_seconds)
        items.append(Frame(picture=artifact, at_seconds=picked.at_seconds, asked_seconds=picked.asked_seconds))
        if contact_sheet and number % every == 0:
            image.thumbnail((SHEET_CELL_PIXELS, SHEET_CELL_PIXELS))
            cells.append((picked.at_seconds, image))
    if not items:
        raise MediaError(f"No frame of {writer.name!r} could be decoded at the times asked for. It is damaged.")
    limits = [*facts.limits, *chosen.limits]
    if contact_sheet and every > 1:
        limits.append(f"The contact sheet shows {len(cells)} of the {len(items)} frames.")
    return Frames(
        media=media,
        items=items,
        sheet=_sheet(cells, writer) if contact_sheet else None,
        moments=[_moment(media, one) for one in items],
        coverage=Coverage(seconds=facts.seconds, looked_at=list(chosen.looked_at), frames=chosen.examined + len(items)),
        limits=limits,
        partial=facts.partial,
    )


def _moment(media: str, frame: Frame) -> Moment:
    return Moment(
        kind="picture",
        start_seconds=frame.at_seconds,
        end_seconds=frame.at_seconds,
        media=media,
        artifact=frame.picture.handle,
        source=Source(tool=TOOL),
    )


def _sheet(cells: "list[tuple[float, Image]]", writer: "_Writer") -> Artifact:
    from .base.pictures import contact_sheet

    columns = min(6, math.ceil(math.sqrt(len(cells))))
    sheet = contact_sheet(cells, columns=columns, cell_pixels=SHEET_CELL_PIXELS)
    return writer.put(sheet, "contact-sheet")


def _still(media: str, writer: "_Writer") -> Frames:
    """Return a picture itself as the only frame, upright."""
    from .base.picture_files import open_picture

    image = open_picture(writer.run.path(media), writer.name)
    if writer.width_pixels is not None and writer.width_pixels < image.width:
        image = image.resize((writer.width_pixels, max(1, round(image.height * writer.width_pixels / image.width))))
    frame = Frame(picture=writer.put(image, "picture"), at_seconds=None)
    return Frames(media=media, items=[frame], moments=[_moment(media, frame)], coverage=Coverage(frames=1))


@dataclass(frozen=True)
class _Writer:
    """How pictures are stored."""

    run: Run
    name: str
    width_pixels: int | None
    format: Format
    made_as: str = ""
    """IPTC's word, where a model had a part in the video: then it has in its pictures."""

    def put(self, picture: "Image", name: str, **facts: float | str) -> Artifact:
        """Store a picture; `name` has no ending."""
        import io

        from .base.pictures import jpeg

        if self.format == "png":
            out = io.BytesIO()
            picture.save(out, "PNG")
            content = out.getvalue()
        else:
            content = jpeg(picture, 90)
        known = {"digital_source_type": self.made_as} if self.made_as else {}
        return self.run.put(
            content,
            name=f"{name}.{'png' if self.format == 'png' else 'jpg'}",
            media_type=f"image/{self.format}",
            facts={"width_pixels": picture.width, "height_pixels": picture.height, **known, **facts},
        )
