"""Crop, scale, turn and convert still pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.outputs import OutputFile
from ..base.picture_files import open_whole
from .formats import FORMATS, FormatName

if TYPE_CHECKING:
    from PIL.Image import Image

_QUALITY = 92
_LEAST_QUALITY = 30
_STEP = 12


@dataclass(frozen=True, kw_only=True)
class StillEdit:
    """What is done to a picture, in this order; sizes in pixels of the upright picture."""

    crop: tuple[int, int, int, int] | None = None
    """Left, top, width, height."""
    degrees: int = 0
    """Clockwise."""
    mirror: bool = False
    size: tuple[int, int] | None = None
    format: FormatName = "png"
    max_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Still:
    """A picture that was written."""

    width_pixels: int
    height_pixels: int
    notes: tuple[str, ...] = ()


def edit_still(path: Path, name: str, output: OutputFile, edit: StillEdit) -> Still:
    """Write a picture anew.

    Raises:
        MediaError: It cannot be decoded.
    """
    from PIL import Image

    picture = open_whole(path, name)
    profile = picture.info.get("icc_profile")
    if edit.crop is not None:
        left, top, width, height = edit.crop
        picture = picture.crop((left, top, left + width, top + height))
    if edit.degrees:
        turns = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
        picture = picture.transpose(turns[edit.degrees])
    if edit.mirror:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if edit.size is not None:
        picture = picture.resize(edit.size, Image.Resampling.LANCZOS)
    notes: list[str] = []
    content = _encoded(picture, edit, profile, notes)
    with output.open() as file:
        file.write(content)
    return Still(width_pixels=picture.width, height_pixels=picture.height, notes=tuple(notes))


def _encoded(picture: "Image", edit: StillEdit, profile: bytes | None, notes: list[str]) -> bytes:
    from PIL import Image

    if edit.format == "jpeg" and picture.mode == "RGBA":
        notes.append("JPEG has nothing transparent; what was is white.")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    quality = _QUALITY
    content = _saved(picture, edit.format, quality, profile)
    lossy = edit.format in ("jpeg", "webp")
    while edit.max_bytes is not None and len(content) > edit.max_bytes:
        if lossy and quality - _STEP >= _LEAST_QUALITY:
            quality -= _STEP
        else:
            by = max(0.5, min(0.9, (edit.max_bytes / len(content)) ** 0.5))
            size = max(1, round(picture.width * by)), max(1, round(picture.height * by))
            if size == picture.size:
                break
            picture = picture.resize(size, Image.Resampling.LANCZOS)
        content = _saved(picture, edit.format, quality, profile)
    if quality != _QUALITY or (edit.max_bytes is not None and edit.size is None):
        notes.append(f"To keep to `max_bytes` it was written with {picture.width}×{picture.height} px.")
    return content


def _saved(picture: "Image", form: FormatName, quality: int, profile: bytes | None) -> bytes:
    import io

    out = io.BytesIO()
    options: dict[str, object] = {"icc_profile": profile} if profile else {}
    if form in ("jpeg", "webp"):
        options |= {"quality": quality}
    if form == "png":
        options |= {"optimize": True}
    picture.save(out, FORMATS[form].name.upper(), **options)
    return out.getvalue()
