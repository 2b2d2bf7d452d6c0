"""Frames turned, cropped and scaled as asked, by libavfilter: upright, in BT.709, of one size."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.upright import Turn

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

_HD_LINES = 720
"""A picture of so many lines that does not say its colours is in BT.709, a smaller one in BT.601."""
_UNKNOWN_COLOURS = 2
_TURNS = {0: [], 90: ["transpose=clock"], 180: ["hflip", "vflip"], 270: ["transpose=cclock"]}


@dataclass(frozen=True, kw_only=True)
class Colours:
    """How numbers of a picture stand for colours (ITU-T H.273)."""

    primaries: int
    transfer: int
    matrix: int
    range: int
    """1: from 16 to 235; 2: all."""


BT709 = Colours(primaries=1, transfer=1, matrix=1, range=1)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a frame is to be shown; sizes in pixels of the upright picture."""

    width_pixels: int
    """Of what comes out; even."""
    height_pixels: int
    crop: tuple[int, int, int, int] | None = None
    """Left, top, width, height."""
    degrees: int = 0
    """Turned clockwise, after it was cropped: 0, 90, 180 or 270."""
    mirror: bool = False
    """Left and right exchanged."""
    bars: bool = False
    """Where its shape is another one, it is shown whole between black bars; else it is stretched."""
    colours: Colours | None = None
    """Kept as they are, in ten bits; None: they become BT.709, in eight."""

    @property
    def is_deep(self) -> bool:
        return self.colours is not None

    @property
    def bits(self) -> int:
        return 10 if self.is_deep else 8

    @property
    def pixels(self) -> str:
        """What libav calls their format: planar YUV 4:2:0."""
        return "yuv420p10le" if self.is_deep else "yuv420p"


class Changer:
    """Changes one frame after the other."""

    def __init__(self, look: Look, turn: Turn, upright: tuple[int, int]) -> None:
        """Prepare for a file.

        Args:
            look: What to come to.
            turn: How its frames are stored.
            upright: Its size as displayed.
        """
        self._look, self._turn, self._upright = look, turn, upright
        self._graph: Graph | None = None
        self._shape: tuple[int, int, str, int] | None = None

    def change(self, frame: "VideoFrame") -> "VideoFrame":
        """Return a frame in the look that was asked for."""
        shape = (frame.width, frame.height, frame.format.name, frame.colorspace)
        if self._graph is None or shape != self._shape:
            self._graph, self._shape = self._built(frame), shape
        self._graph.vpush(frame)
        changed = self._graph.vpull()
        colours = self._look.colours or BT709
        changed.colorspace, changed.color_range = colours.matrix, colours.range
        return changed

    def _built(self, frame: "VideoFrame") -> "Graph":
        from av.filter import Graph

        graph = Graph()
        graph.threads = 1
        last = graph.add(
            "buffer",
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/90000"
            f":colorspace={frame.colorspace}:range={frame.color_range}",
        )
        for one in [*self._filters(frame), "buffersink"]:
            name, _, arguments = one.partition("=")
            following = graph.add(name, arguments or None)
            last.link_to(following)
            last = following
        graph.configure()
        return graph

    def _filters(self, frame: "VideoFrame") -> list[str]:
        look, turn = self._look, self._turn
        found = ["transpose=cclock_flip"] if turn.transpose else []
        found += ["hflip"] * turn.mirror_columns + ["vflip"] * turn.mirror_rows
        stored = (frame.height, frame.width) if turn.transpose else (frame.width, frame.height)
        if stored != self._upright:
            found.append(f"scale={self._upright[0]}:{self._upright[1]}:flags=bicubic")
        size = self._upright
        if look.crop is not None:
            left, top, *cropped = look.crop
            found.append(f"crop={cropped[0]}:{cropped[1]}:{left}:{top}:exact=1")
            size = cropped[0], cropped[1]
        found += _TURNS[look.degrees]
        if look.degrees % 180:
            size = size[1], size[0]
        if look.mirror:
            found.append("hflip")
        wide, high = look.width_pixels, look.height_pixels
        if look.bars:
            by = min(wide / size[0], high / size[1])
            wide, high = min(wide, round(size[0] * by / 2) * 2), min(high, round(size[1] * by / 2) * 2)
        found.append(f"scale={wide}:{high}:flags=bicubic{self._colours(frame)}")
        found.append(f"format={look.pixels}")
        if (wide, high) != (look.width_pixels, look.height_pixels):
            found.append(f"pad={look.width_pixels}:{look.height_pixels}:-1:-1:black")
        return [*found, "setsar=1"]

    def _colours(self, frame: "VideoFrame") -> str:
        """Return what is told the scaler of colours."""
        if self._look.is_deep:
            return ""
        size, asks = (frame.width, frame.height), ":out_color_matrix=bt709:out_range=tv"
        is_hd = max(size) >= _HD_LINES and min(size) >= _HD_LINES * 3 // 4
        return f":in_color_matrix=bt709{asks}" if frame.colorspace == _UNKNOWN_COLOURS and is_hd else asks


def even(pixels: float) -> int:
    """Return the nearest even number of pixels, as encoders need it."""
    return max(2, round(pixels / 2) * 2)
