"""What can be measured in a picture."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from .base.codes import find_codes
from .base.colours import main_colours
from .base.estimate import Estimate, exactly
from .base.exif import ExifValue
from .base.faces import find_faces
from .base.likeness import likeness, shrunk
from .base.moments import Box, Coverage, Findings, Measure, Moment, Source
from .base.picture_files import open_picture, read_picture
from .base.run import Run
from .base.sniff import sniff
from .base.tool import Picture, tool

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

NO_MODEL = "No vision model was used: these are measurements, and what the picture shows is not described."
SHARPNESS_PIXELS = 1024
"""Long side at which sharpness is measured, so that it can be compared between pictures."""
BLANK_LEVELS = 8
"""A picture is blank when 99 % of it lies within so many of 255 levels in every colour."""


class Colour(BaseModel):
    """A main colour."""

    hex: str
    share: float = Field(description="Part of the picture, 0…1.")
    name: str


class PrintedCode(BaseModel):
    """A QR code or bar code; its text is data."""

    kind: str
    text: str
    box: Box


class Compared(BaseModel):
    """This picture beside another one."""

    picture: str = Field(description="Handle of the other picture.")
    name: str
    verdict: Literal["same file", "near-duplicate", "different"]
    changed_share: float = Field(description="Part of the picture that differs, 0…1, at a small size.")
    hash_bits: int = Field(description="Bits of 64 in which the perceptual hashes differ.")
    mean_difference: float = Field(description="Of the colours at 32 × 32 pixels, 0…255.")


class PictureFacts(Findings):
    """What was measured in a picture."""

    format: str
    width_pixels: int = Field(description="As displayed.")
    height_pixels: int
    frames: int = Field(1, description="More than one in an animation; the first one is measured.")
    transparent: bool = False
    exif: dict[str, ExifValue] = Field(default_factory=dict, description="What a camera or program wrote; data.")
    location_removed: bool = Field(False, description="A location is in the file and was left out.")
    location: dict[str, ExifValue] = Field(default_factory=dict)
    colours: list[Colour]
    brightness: float = Field(description="Mean, 0 black … 1 white.")
    contrast: float = Field(description="Standard deviation of brightness, 0…0.5.")
    saturation: float = Field(description="Mean, 0 grey … 1.")
    sharpness: float = Field(description="Variance of the Laplacian at 1024 pixels; below about 100 is soft.")
    blank: bool
    codes: list[PrintedCode] = Field(default_factory=list)
    faces: list[Box] = Field(default_factory=list, description="At least these frontal faces; others are missed.")
    compared: list[Compared] = Field(default_factory=list)


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    others = args.get("compare_with")
    return exactly(pictures=1 + (len(others) if isinstance(others, list) else 0))


@tool(effect="pure", resource="cpu", units=_units)
async def image_facts(
    media: Annotated[Picture, Field(description="The picture.")],
    location: Annotated[bool, Field(description="Also give the place where it was taken, if the file has it.")] = False,
    compare_with: Annotated[
        list[Picture] | None, Field(description="Other pictures: which of them are duplicates of this one?")
    ] = None,
    *,
    run: Run,
) -> PictureFacts:
    """Measure a picture: size, camera data, colours, light, sharpness, QR and bar codes, frontal faces, duplicates.

    It does not describe what the picture shows. Use `read_text` for the text in it.
    """
    return await run.decode(_measure, media, location, compare_with or [], run)


def _measure(media: str, location: bool, others: list[str], run: Run) -> PictureFacts:
    import cv2
    import numpy as np

    path, name = run.path(media), run.name(media)
    with path.open("rb") as file:
        media_type = sniff(file).media_type
    stored = read_picture(path, name)
    picture = stored.upright
    pixels = np.asarray(picture)
    run.used(f"opencv:{cv2.__version__}")
    run.check()
    light = _light(pixels)
    colours = [Colour(**asdict(shade)) for shade in main_colours(picture)]
    codes = [PrintedCode(**asdict(code)) for code in find_codes(pixels)]
    run.check()
    faces = find_faces(pixels)
    compared = [_compare(media, picture, other, run) for other in others]
    metadata = stored.metadata
    removed = metadata.located and not location
    limits = [NO_MODEL]
    if removed:
        limits.append("The file says where it was taken; that was removed here. Ask with `location: true` to get it.")
    if faces:
        limits.append("Faces in profile, small, tilted or covered are missed: there are at least as many as given.")
    if stored.frames > 1:
        limits.append(f"It is an animation of {stored.frames} frames; the first one was measured.")
    facts = PictureFacts(
        media=media,
        coverage=Coverage(frames=1),
        limits=limits,
        format=media_type.split("/")[1].upper(),
        width_pixels=stored.width_pixels,
        height_pixels=stored.height_pixels,
        frames=stored.frames,
        transparent=stored.transparent,
        exif=metadata.tags,
        location_removed=removed,
        location=metadata.location if location else {},
        colours=colours,
        codes=codes,
        faces=faces,
        compared=compared,
        **light,
    )
    source = Source(tool="image_facts", provider=f"opencv:{cv2.__version__}")
    facts.moments.extend(
        Moment(kind="fact", text=text, media=media, artifact=media, box=box, source=source)
        for text, box in _statements(facts)
    )
    facts.measures.extend(_measures(facts, media))
    return facts


def _light(pixels: "NDArray[np.uint8]") -> "dict[str, float | bool]":
    """Return brightness, contrast, saturation, sharpness and whether the picture is blank."""
    import cv2
    import numpy as np

    small = shrunk(pixels, SHARPNESS_PIXELS)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    low, high = np.percentile(small.reshape(-1, 3), (0.5, 99.5), axis=0)
    return {
        "brightness": round(float(grey.mean()) / 255, 3),
        "contrast": round(float(grey.std()) / 255, 3),
        "saturation": round(float(cv2.cvtColor(small, cv2.COLOR_RGB2HSV)[:, :, 1].mean()) / 255, 3),
        "sharpness": round(float(cv2.Laplacian(grey, cv2.CV_64F).var()), 1),
        "blank": bool((high - low).max() <= BLANK_LEVELS),
    }


def _compare(media: str, picture: "Image", other: str, run: Run) -> Compared:
    run.check()
    alike = likeness(picture, open_picture(run.path(other), run.name(other)))
    same = media == other  # handles are hashes of the content
    return Compared(
        picture=other,
        name=run.name(other),
        verdict="same file" if same else "near-duplicate" if alike.near_duplicate else "different",
        changed_share=alike.changed_share,
        hash_bits=alike.hash_bits,
        mean_difference=alike.mean_difference,
    )


def _statements(facts: PictureFacts) -> list[tuple[str, Box | None]]:
    """Return what was found as sentences that a report can cite, with the place of each."""
    colours = ", ".join(f"{one.name} ({one.hex}, {one.share:.0%})" for one in facts.colours)
    found: list[tuple[str, Box | None]] = [
        (f"{facts.format}, {facts.width_pixels} × {facts.height_pixels} pixels", None),
        (f"Main colours: {colours}", None),
    ]
    if facts.blank:
        found.append(("The picture is blank: one even colour", None))
    camera = " ".join(str(facts.exif[tag]) for tag in ("Make", "Model") if tag in facts.exif)
    if camera:
        found.append((f"Camera according to the file: {camera}", None))
    if taken := facts.exif.get("DateTimeOriginal") or facts.exif.get("DateTime"):
        found.append((f"Date according to the file: {taken}", None))
    found += [(f"{code.kind}: {code.text}", code.box) for code in facts.codes]
    count = len(facts.faces)
    if count == 1:
        found.append(("At least 1 frontal face", facts.faces[0]))
    elif count:
        found.append((f"At least {count} frontal faces", None))
        found += [(f"Frontal face {number} of {count}", box) for number, box in enumerate(facts.faces, 1)]
    found += [(f"Compared with {one.name}: {one.verdict}", None) for one in facts.compared]
    return found


def _measures(facts: PictureFacts, media: str) -> list[Measure]:
    values: list[tuple[str, float, str]] = [
        ("width_pixels", facts.width_pixels, "pixels"),
        ("height_pixels", facts.height_pixels, "pixels"),
        ("brightness", facts.brightness, ""),
        ("contrast", facts.contrast, ""),
        ("saturation", facts.saturation, ""),
        ("sharpness", facts.sharpness, ""),
        ("frontal_faces_at_least", len(facts.faces), "faces"),
        ("codes", len(facts.codes), "codes"),
    ]
    return [Measure(name=name, value=value, unit=unit, media=media) for name, value, unit in values]
