"""Crop, scale, turn and convert pictures: still ones, and each of an animated one."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.outputs import OutputFile
from ..base.picture_files import open_moving
from .formats import FORMATS, FormatName

if TYPE_CHECKING:
    from PIL.Image import Image

_QUALITY = 92
_LEAST_QUALITY = 30
_STEP = 12
_MOVING = ("gif", "webp")


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
    shown, count = open_moving(path, name)
    notes: list[str] = []
    if edit.format not in _MOVING or edit.max_bytes is not None:
        shown = shown[:1]
    if len(shown) < count:
        notes.append(f"Only the first of its {count} pictures was taken.")
    profile = shown[0][0].info.get("icc_profile")
    pictures = [_changed(one, edit) for one, _ in shown]
    picture = pictures[0]
    if len(shown) > 1:
        content = _saved_moving(pictures, [length for _, length in shown], edit.format)
    else:
        content, picture = _encoded(picture, edit, profile, notes)
    with output.open() as file:
        file.write(content)
    return Still(width_pixels=picture.width, height_pixels=picture.height, notes=tuple(notes))


def _changed(picture: "Image", edit: StillEdit) -> "Image":
    from PIL import Image

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
    return picture


def _saved_moving(pictures: "list[Image]", milliseconds: list[int], form: FormatName) -> bytes:
    import io

    mode = "RGBA" if any(one.mode == "RGBA" for one in pictures) else "RGB"
    first, *others = [one.convert(mode) for one in pictures]
    options: dict[str, object] = {"save_all": True, "append_images": others, "duration": milliseconds, "loop": 0}
    if form == "gif":
        options |= {"disposal": 2}  # what was shown before is not seen through what is transparent
    else:
        options |= {"quality": _QUALITY}
    out = io.BytesIO()
    first.save(out, FORMATS[form].name.upper(), **options)
    return out.getvalue()


def _encoded(picture: "Image", edit: StillEdit, profile: bytes | None, notes: list[str]) -> "tuple[bytes, Image]":
    """Return the bytes of a picture, and it as it is in them: smaller where it had too many."""
    from PIL import Image

    if edit.format == "jpeg" and picture.mode == "RGBA":
        notes.append("JPEG has nothing transparent; what was is white.")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    quality, whole = _QUALITY, picture.size
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
    if quality != _QUALITY or picture.size != whole:
        notes.append(f"To keep to `max_bytes` it was written with {picture.width}×{picture.height} px.")
    return content, picture


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
