"""Short films as animated pictures, and animated pictures as films."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..base.errors import MediaError
from ..base.footage import open_video
from ..base.outputs import OutputFile
from ..base.run import Run
from ..base.sniff import sniff
from ..film.encoders import Container, PictureTrack
from ..film.writer import Writer
from .edits import Rendered, Take
from .looks import even

if TYPE_CHECKING:
    import numpy as np
    from av.filter import Graph
    from av.filter.context import FilterContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

MOST_SECONDS = 120.0
"""Longer ones are films."""
MOST_FRAMES = 3_000
FRAMES_PER_SECOND = 12.0
WIDTH_PIXELS = 480
MAX_BYTES = 15_000_000
"""What most places take that show animated pictures."""
LEAST_WIDTH_PIXELS = 64
_ATTEMPTS = 7
_TICK = Fraction(1, 100)
"""In which GIF counts."""
_WEBP_QUALITY = "75"


@dataclass(frozen=True, kw_only=True)
class Animation:
    """An animated picture to write."""

    take: Take
    form: str
    """`gif` or `webp`."""
    frames_per_second: float = FRAMES_PER_SECOND
    width_pixels: int = WIDTH_PIXELS
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, kw_only=True)
class Animated:
    """An animated picture that was written."""

    width_pixels: int
    height_pixels: int
    frames: int
    seconds: float
    bytes: int


class _TooLarge(Exception):
    """It has more bytes than it may.

    Args:
        share: Of the whole, about, there is room for.
        width_pixels: It had; a film may be narrower than what was asked for.
    """

    def __init__(self, share: float, width_pixels: int) -> None:
        self.share = share
        self.width_pixels = width_pixels


def animate(output: OutputFile, animation: Animation, run: Run) -> Animated:
    """Write a part of a film as an animated picture, as wide as its size allows.

    Raises:
        MediaError: The film cannot be decoded, or even a tiny picture would be too large.
    """
    width = animation.width_pixels
    for left in reversed(range(_ATTEMPTS)):
        try:
            content, made = _written(animation, width, run)
        except _TooLarge as error:
            width = error.width_pixels
            if width <= LEAST_WIDTH_PIXELS:
                break
            smaller = int(width * min(0.85, 0.95 * error.share**0.5)) // 2 * 2
            # Noise shrinks by less than its area; nothing is given up before the least was tried.
            width = max(LEAST_WIDTH_PIXELS, smaller) if left > 1 else LEAST_WIDTH_PIXELS
            continue
        with output.open() as file:
            file.write(content)
        return made
    raise MediaError(
        f"{animation.take.seconds:.1f} s as {animation.form} have more than {animation.max_bytes:,} bytes even at "
        f"{width} px wide. Give a shorter part, fewer `frames_per_second`, or more `max_bytes`."
    )


def _written(animation: Animation, width: int, run: Run) -> tuple[bytes, Animated]:
    import av

    out = io.BytesIO()
    frames = 0
    size = (0, 0)
    pictures = (
        _palette_frames(animation, width, run) if animation.form == "gif" else _plain_frames(animation, width, run)
    )
    whole = max(1, round(animation.take.seconds * animation.frames_per_second))
    rate = Fraction(animation.frames_per_second).limit_denominator(1001)
    with av.open(out, "w", format=animation.form, options={"loop": "0"}) as container:
        stream = None
        for number, frame in pictures:
            if stream is None:
                size = frame.width, frame.height
                encoder = "gif" if animation.form == "gif" else "libwebp_anim"
                options = {} if animation.form == "gif" else {"quality": _WEBP_QUALITY}
                stream = cast("VideoStream", container.add_stream(encoder, rate=rate, options=options))
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
                stream.codec_context.time_base = _TICK if animation.form == "gif" else Fraction(1, 1000)
            base = stream.codec_context.time_base
            frame.pts, frame.time_base = round(number / animation.frames_per_second / base), base
            container.mux(stream.encode(frame))
            frames += 1
            if out.tell() > animation.max_bytes:
                raise _TooLarge(min(1.0, frames / whole), size[0])
        if stream is None:
            raise MediaError(f"No frame of {animation.take.name!r} can be decoded there. It is damaged.")
        container.mux(stream.encode(None))
    content = out.getvalue()
    if len(content) > animation.max_bytes:
        raise _TooLarge(animation.max_bytes / len(content), size[0])
    seconds = frames / animation.frames_per_second
    made = Animated(width_pixels=size[0], height_pixels=size[1], frames=frames, seconds=seconds, bytes=len(content))
    return content, made


def _pictures(animation: Animation, width: int, run: Run) -> "Iterator[tuple[int, Picture]]":
    """Yield upright RGB pictures, one a tick of the rate; what is shown at each."""
    take = animation.take
    step = 1 / animation.frames_per_second
    with open_video(take.path, take.name) as footage:
        width = min(width, footage.width_pixels)
        number, held = 0, None
        for at, frame in footage.frames(take.start_seconds):
            if at >= take.end_seconds - 1e-3:
                break
            while held is not None and take.start_seconds + number * step < at - 1e-3:
                run.check()
                yield number, held
                number += 1
            if held is None or take.start_seconds + number * step < at + 1.5 * step:
                held = footage.image(frame, width)
        while held is not None and (number == 0 or take.start_seconds + number * step < take.end_seconds - step / 2):
            yield number, held
            number += 1


def _plain_frames(animation: Animation, width: int, run: Run) -> "Iterator[tuple[int, VideoFrame]]":
    import av

    for number, picture in _pictures(animation, width, run):
        run.progress(min(1.0, number / animation.frames_per_second / animation.take.seconds), "encoding")
        yield number, av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="bgra")


def _palette_frames(animation: Animation, width: int, run: Run) -> "Iterator[tuple[int, VideoFrame]]":
    """Yield frames with the 256 colours that suit all of them; the film is decoded twice."""
    import av

    palette = _palette(animation, width, run)
    graph: Graph | None = None
    for number, picture in _pictures(animation, width, run):
        run.progress(min(1.0, 0.5 + number / animation.frames_per_second / animation.take.seconds / 2), "encoding")
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, _TICK
        if graph is None:
            graph, source, colours = _user(frame, palette)
            colours.push(palette)
            colours.push(None)
        source.push(frame)
        yield number, graph.vpull()


def _palette(animation: Animation, width: int, run: Run) -> "VideoFrame":
    import av
    from av.filter import Graph

    graph = Graph()
    source: FilterContext | None = None
    for number, picture in _pictures(animation, width, run):
        run.progress(min(0.5, number / animation.frames_per_second / animation.take.seconds / 2), "choosing colours")
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, _TICK
        if source is None:
            source = _buffer(graph, frame)
            chooser, sink = graph.add("palettegen", "stats_mode=full"), graph.add("buffersink")
            source.link_to(chooser)
            chooser.link_to(sink)
            graph.configure()
        source.push(frame)
    if source is None:
        raise MediaError(f"No frame of {animation.take.name!r} can be decoded there. It is damaged.")
    source.push(None)
    return graph.vpull()


def _user(frame: "VideoFrame", palette: "VideoFrame") -> "tuple[Graph, FilterContext, FilterContext]":
    from av.filter import Graph

    graph = Graph()
    source, colours = _buffer(graph, frame), _buffer(graph, palette)
    user, sink = graph.add("paletteuse", "dither=sierra2_4a:diff_mode=rectangle"), graph.add("buffersink")
    source.link_to(user, 0, 0)
    colours.link_to(user, 0, 1)
    user.link_to(sink)
    graph.configure()
    return graph, source, colours


def _buffer(graph: "Graph", frame: "VideoFrame") -> "FilterContext":
    size = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
    return graph.add("buffer", f"{size}:time_base=1/100:colorspace={frame.colorspace}:range={frame.color_range}")


def film_of(path: Path, name: str, output: OutputFile, container: Container, run: Run) -> Rendered:
    """Write an animated picture as a film.

    Raises:
        MediaError: It is damaged, or does not move.
    """
    import numpy as np
    from PIL import Image, ImageSequence

    from ..base.picture_files import picture_size

    picture_size(path, name)  # checks its size before anything is decoded
    with path.open("rb") as file:
        form = sniff(file).picture_format
        try:
            with Image.open(file, formats=(form or "",)) as picture:
                if getattr(picture, "n_frames", 1) < 2:
                    raise MediaError(f"{name!r} is a still picture. Use `compose_video` to make a film of it.")
                size = even(picture.width), even(picture.height)
                track = PictureTrack(
                    width_pixels=size[0], height_pixels=size[1], frames_per_second=Fraction(25), is_steady=False
                )
                at, shown = 0.0, None
                with Writer(output, container, picture=track) as film:
                    for frame in ImageSequence.Iterator(picture):
                        run.check()
                        layer = frame.convert("RGBA")
                        flat = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
                        shown = np.asarray(flat.convert("RGB").resize(size))
                        film.show(shown, at)
                        # Browsers show what has no time for a tenth of a second.
                        length = float(frame.info.get("duration") or 100) / 1000
                        at += length
                        if at > MOST_SECONDS * 10 or film.pictures > 10 * MOST_FRAMES:
                            raise MediaError(f"{name!r} has too many frames for an animated picture.")
                    if shown is not None and length > 0.04:
                        film.show(shown, at - 0.04)  # the last frame stays as long as it should
                    return Rendered(seconds=at, frames=film.pictures)
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise MediaError(f"{name!r} cannot be decoded: {error}. It is damaged; copy it again.") from error
