"""The groups of pictures of a video: what each key frame looks like and which packets after it are large."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from .looks import Look, difference, look, view
from .steps import Limits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .footage import Footage
    from .run import Run

STEP_SECONDS = 0.2
"""Key frames closer than this are not all looked at."""
GROUP_SECONDS = 4.0
"""Key frames that look alike belong to one group up to this length: some formats have two a second."""
ALIKE = Limits(structure=0.05, level=1.0)
# The first picture of a new shot shares nothing with the one before, so its packet is as large as a key frame of either
# shot, apart from the coarser scale that encoders use there: 0.2 to 2.3 times (measured with x264 on 26 cuts).
CUT_SHARE = 0.15
BLANK_SHARE = 0.05
# While nothing moves, packets have 0.1 to 1 % of the key frame's size (measured with x264 on slides).
STILL_SHARE, STILL_RATIO = 0.015, 4.0
# A packet that stands out like this is worth a look even when the key frames around it are alike.
BURST_SHARE, BURST_RATIO = 0.4, 4.0
NEIGHBOURS = 12
"""Packets on each side that one is compared with: more than one run of reordered frames."""
MAX_LARGE, MAX_LARGE_SHARE = 12, 0.2
"""With more large packets than this, sizes tell nothing: grain, fast motion, or key frames only."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A key frame and what follows it up to the next one that was looked at."""

    start_seconds: float
    end_seconds: float
    look: Look
    view: "NDArray[np.uint8]"
    key_bytes: int
    large: tuple[tuple[float, int], ...] | None
    """Time and bytes of packets large enough for the start of a shot; None when there are too many to tell."""
    still: bool
    """Nothing moves in most of it."""
    bursts: tuple[tuple[float, int], ...]
    """Time and bytes of packets that stand out from all around them."""
    key_frames: int
    """How many were looked at in it."""
    spacing_seconds: float
    """From the last key frame before the next group to that group."""
    leading: bool
    """Frames before the key frame are built on it, so that a cut may lie at one of those."""

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.start_seconds


@dataclass(kw_only=True)
class _Open:
    """A group that is being read."""

    start_seconds: float
    look: Look
    view: "NDArray[np.uint8]"
    key_bytes: int
    end_seconds: float
    latest: Look
    """The last key frame that looks like the first."""
    latest_seconds: float
    key_frames: int = 1
    packets: list[tuple[float, int]] = field(default_factory=list)

    def close(self, next_start: float | None, next_bytes: int | None) -> Group:
        smaller, larger = sorted((self.key_bytes, next_bytes or self.key_bytes))
        # Beside a blank picture, a flash for one, every packet would be large.
        enough = CUT_SHARE * (smaller if smaller > BLANK_SHARE * larger else larger)
        # The largest of each few packets, because the frames between reference frames are small in any case.
        sizes = [size for _, size in self.packets]
        peaks = [max(sizes[number : number + 5]) for number in range(0, len(sizes), 5)]
        usual = median(peaks) if peaks else 0.0
        most = STILL_SHARE * max([self.key_bytes, *peaks])
        if still := usual < most:
            # Over a still picture even a slow fade stands out.
            enough = min(enough, max(most, STILL_RATIO * usual))
        large = tuple(packet for packet in self.packets if packet[1] >= enough)
        return Group(
            start_seconds=self.start_seconds,
            end_seconds=self.end_seconds if next_start is None else next_start,
            look=self.look,
            view=self.view,
            key_bytes=self.key_bytes,
            large=large if still or len(large) <= min(MAX_LARGE, MAX_LARGE_SHARE * len(sizes)) else None,
            still=still,
            bursts=_bursts(self.packets, BURST_SHARE * self.key_bytes),
            key_frames=self.key_frames,
            spacing_seconds=(self.end_seconds if next_start is None else next_start) - self.latest_seconds,
            leading=any(at < self.start_seconds for at, _ in self.packets),
        )

    def takes_in(self, at: float, seen: Look) -> bool:
        """Return whether a key frame belongs to this group, and note it."""
        alike = not difference(self.latest, seen).exceeds(ALIKE.structure, ALIKE.level)
        if alike and at - self.start_seconds < GROUP_SECONDS:
            self.latest, self.latest_seconds = seen, at
            self.key_frames += 1
            return True
        return False


def scan_groups(footage: "Footage", run: "Run") -> Iterator[Group]:
    """Read all packets, decoding only key frames (measured: 0.05 s CPU a minute of 720p)."""
    from av.video.reformatter import VideoReformatter

    scaler, averaging = VideoReformatter(), VideoReformatter()
    footage.seek(0.0)
    current: _Open | None = None
    for number, packet in enumerate(footage.packets()):
        if number % 256 == 0:
            run.check()
        at = footage.packet_seconds(packet)
        if at is None or packet.size == 0:
            continue
        if packet.is_keyframe and (current is None or at - current.latest_seconds >= STEP_SECONDS):
            frame = footage.key_frame(packet)
            seen = look(frame, scaler) if frame is not None else None
            if frame is not None and seen is not None and (current is None or not current.takes_in(at, seen)):
                if current is not None:
                    yield current.close(at, packet.size)
                current = _Open(
                    start_seconds=at,
                    look=seen,
                    view=view(frame, averaging),
                    key_bytes=packet.size,
                    end_seconds=at,
                    latest=seen,
                    latest_seconds=at,
                )
        elif current is not None:
            current.packets.append((at, packet.size))
        if current is not None:
            length = float((packet.duration or 0) * packet.time_base)
            current.end_seconds = max(current.end_seconds, round(at + length, 6))
    if current is not None:
        yield current.close(None, None)


def _bursts(packets: list[tuple[float, int]], enough: float) -> tuple[tuple[float, int], ...]:
    found = []
    for number, (at, size) in enumerate(packets):
        if size >= enough:
            before = max((other for _, other in packets[max(0, number - NEIGHBOURS) : number]), default=0)
            after = max((other for _, other in packets[number + 1 : number + 1 + NEIGHBOURS]), default=0)
            if size >= BURST_RATIO * before and size >= BURST_RATIO * after:
                found.append((at, size))
    return tuple(found)
