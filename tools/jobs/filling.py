"""The values of one order's templates: of the wish, as the API calls them, and files in the form that it takes."""

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import ArgumentError
from ..base.makers import FILES, Wish
from ..base.media import examine
from ..base.picture_files import open_picture
from .parts import Encoded, FilePart
from .shapes import Operation, Request, Span, Take
from .template import MISSING, as_text, holes

if TYPE_CHECKING:
    from ..base.run import Run

MOST_BYTES = 100 * 2**20
"""Of a file, where the provider does not say less."""


@dataclass(kw_only=True)
class Filling:
    """Looks values up for templates."""

    run: "Run"
    wish: Wish
    maps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    known: Mapping[str, str | None] = field(default_factory=dict)
    """`model`, `order`, `callback`; and `job` and `file` where there is one."""
    addresses: dict[str, str | int] = field(default_factory=dict)
    """Handle -> where a file was put for the provider; some give its number."""
    lengths: dict[str, int] = field(default_factory=dict)
    """Handle -> the whole seconds of a sound or a video, where they are asked for."""
    turned: dict[str, bytes] = field(default_factory=dict)
    """Handle -> a mask that is black where ours is white."""

    def with_known(self, **known: str) -> "Filling":
        """Return the same with more that is known."""
        return replace(self, known={**self.known, **known})

    def __call__(self, name: str, filter: str) -> Any:
        if name in FILES:
            return self._files(name, filter)
        if self.known.get(name) is not None:
            value: Any = self.known[name]
        elif name in self.wish.values:
            value = self.wish.values[name]  # type: ignore[index]
        else:
            return MISSING
        value = self.maps.get(name, {}).get(as_text(value), value)
        if filter == "text":
            return as_text(value)
        if filter in ("int", "ms"):
            try:
                return round(float(value) * (1000 if filter == "ms" else 1))
            except ValueError:
                return MISSING
        return value

    def _files(self, name: str, filter: str) -> Any:
        handles = self.wish.files.get(name, ())  # type: ignore[call-overload]
        if not handles:
            return MISSING
        if not filter:
            return True
        found = [self.file(one, filter) for one in handles]
        return found if name == "pictures" else found[0]

    def file(self, handle: str, filter: str) -> Any:
        """Return a file in the form that a filter names."""
        artifact = self.run.artifact(handle)
        if filter == "url":
            return self.addresses.get(handle, MISSING)
        if filter == "seconds":
            return self.lengths.get(handle, MISSING)
        if filter == "type":
            return "image/png" if handle in self.turned else artifact.media_type
        if filter == "name":
            return artifact.name
        content, media_type = self.turned.get(handle), "image/png"
        if content is None:
            content, media_type = self.run.path(handle).read_bytes(), artifact.media_type
        if filter == "file":
            return FilePart(name=artifact.name, content=content, media_type=media_type)
        text = base64.b64encode(content).decode("ascii")
        return Encoded.of(f"data:{media_type};base64,{text}" if filter == "data_url" else text, media_type)

    async def prepare(self, operation: Operation) -> None:
        """Measure and turn over what an operation wants so.

        Raises:
            MediaError: A file cannot be decoded.
        """
        run, wished = self.run, self.wish.files
        for name, handles in wished.items():
            if operation.takes.get(name, Take()).inverted:
                for one in handles:
                    self.turned[one] = await run.decode(_turned_over, run.path(one), run.name(one))
        for hole in holes([operation.submit.path, operation.submit.body, operation.submit.form]):
            if hole.filter == "seconds":
                for one in wished.get(hole.name, ()):  # type: ignore[call-overload]
                    self.lengths[one] = int((await run.decode(examine, run.path(one), run.name(one))).seconds or 0)

    def needs_address(self, request: Request) -> Iterator[str]:
        """Yield the files that a request names by their addresses."""
        for template in (request.path, request.body, request.form):
            for hole in holes(template):
                if hole.filter == "url":
                    yield from self.wish.files.get(hole.name, ())  # type: ignore[call-overload]


def _turned_over(path: Path, name: str) -> bytes:
    """Return a mask as PNG, black where it was white."""
    from PIL import ImageOps

    content = io.BytesIO()
    ImageOps.invert(open_picture(path, name).convert("L")).save(content, "PNG")
    return content.getvalue()


async def check_files(operation: Operation, wish: Wish, run: "Run", who: str) -> None:
    """See that the files are what an operation takes, before anything is sent.

    Raises:
        ArgumentError: One is too large, of another type, or of another size; the message names limit and fix.
    """
    for name, handles in wish.files.items():
        take = operation.takes.get(name, Take())
        for handle in handles:
            artifact = run.artifact(handle)
            where = f"{artifact.name!r} is no `{name}` that `{who}` takes"
            if take.types and artifact.media_type not in take.types:
                raise ArgumentError(
                    f"{where}: it is {artifact.media_type}, and must be {' or '.join(take.types)}. Convert it "
                    "(`edit_media`). Nothing was sent."
                )
            if artifact.bytes > (most := take.bytes or MOST_BYTES):
                raise ArgumentError(
                    f"{where}: it has {artifact.bytes:,} bytes; the limit is {most:,}. Scale it down or shorten it. "
                    "Nothing was sent."
                )
            spans = {
                "width_pixels": take.width_pixels, "height_pixels": take.height_pixels, "seconds": take.seconds
            }  # fmt: skip
            facts = await _measured(artifact.handle, spans, run)
            for fact, span in spans.items():
                _check_span(where, fact, facts.get(fact), span)


def _check_span(where: str, fact: str, value: Any, span: Span) -> None:
    if not isinstance(value, int | float):
        return
    if (span.least is not None and value < span.least) or (span.most is not None and value > span.most):
        limit = f"from {span.least or 0:g}" + (f" to {span.most:g}" if span.most is not None else "")
        unit = "s" if fact == "seconds" else "px"
        words = {"seconds": "it lasts", "width_pixels": "it is wide", "height_pixels": "it is high"}[fact]
        raise ArgumentError(
            f"{where}: {words} {value:g} {unit}, and must be {limit} {unit}. {'Cut' if unit == 's' else 'Scale'} it "
            "(`edit_media`). Nothing was sent."
        )


async def _measured(handle: str, spans: Mapping[str, Span], run: "Run") -> dict[str, Any]:
    """Return the size and length of a file where they are limited.

    Raises:
        MediaError: It is no picture, sound or video.
    """
    if all(span == Span() for span in spans.values()):
        return {}
    facts = await run.decode(examine, run.path(handle), run.name(handle))
    return {
        "width_pixels": facts.video.width_pixels if facts.video else facts.width_pixels,
        "height_pixels": facts.video.height_pixels if facts.video else facts.height_pixels,
        "seconds": facts.seconds,
    }
