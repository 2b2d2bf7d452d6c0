"""What is known of the user's files before anything is planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["video", "audio", "picture", "text", "data"]


@dataclass(frozen=True, kw_only=True)
class File:
    """One of the user's files."""

    reference: str
    """How a plan names it: `$files[0]`."""
    name: str
    handle: str = ""
    kind: Kind = "data"
    media_type: str = ""
    seconds: float | None = None
    has_sound: bool = False
    has_pictures: bool = False
    width_pixels: int | None = None
    height_pixels: int | None = None
    language: str = ""
    """Which a file of code is in: `Python`."""
    lines: int | None = None
    attached: str = ""
    """`earlier` when an earlier turn of the conversation brought it."""
    address: str = ""
    """Where it was fetched from."""
    error: str | None = None
    """Why it cannot be used; None when it can."""

    @property
    def is_code(self) -> bool:
        return self.language not in ("", "HTML")

    @property
    def runs(self) -> bool:
        """Tell whether it is code that can be run here."""
        return self.language in ("Python", "Jupyter notebook")

    @property
    def sounds(self) -> bool:
        return self.kind in ("video", "audio") and self.has_sound

    @property
    def shows(self) -> bool:
        return self.kind == "picture" or (self.kind == "video" and self.has_pictures)


def read_files(plain: Sequence[Mapping[str, Any]]) -> list[File]:
    """Return files from their plain facts; what is not known of one is left at its default."""
    files: list[File] = []
    usable = 0
    for one in plain:
        known = {name: one[name] for name in File.__dataclass_fields__ if one.get(name) is not None}
        known |= {"reference": f"$files[{usable}]", "name": str(one.get("name") or "file")}
        if not one.get("handle"):
            known.setdefault("error", f"{known['name']!r} cannot be read.")
        files.append(File(**known))
        usable += bool(one.get("handle"))  # `$files` holds only what has a handle
    return files
