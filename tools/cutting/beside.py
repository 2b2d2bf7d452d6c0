"""The packets of sound and subtitles that lie in parts of a file, moved to where the parts stand."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .formats import Format
from .muxing import packets_of
from .outline import Span

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

_BACK_SECONDS = 2.0
"""So far before a part reading begins: what comes first may belong to it."""
_WORDS_BACK_SECONDS = 10.0
"""Where there are subtitles: some stay for long."""
# Players leave out so much at the start: 1105 samples at 44.1 kHz, the delay of encoder and decoder.
_MP3_DELAY_SECONDS = Fraction(1105, 44_100)


@dataclass(frozen=True)
class Beside:
    """What goes beside a picture into a file of a format."""

    form: Format

    def packets(
        self,
        container: "InputContainer",
        streams: "Sequence[Stream]",
        spans: Sequence[Span],
        copies: "dict[int, Stream]",
    ) -> "Iterator[tuple[float, Packet[Any]]]":
        """Yield the packets of sound and subtitles that lie in the parts."""
        from av.stream import Discard

        wanted = {one.index for one in streams}
        for one in container.streams:
            if one.index not in wanted:
                one.discard = Discard.all
        back = _WORDS_BACK_SECONDS if any(one.type == "subtitle" for one in streams) else _BACK_SECONDS
        ends: dict[int, int] = {}
        for number, span in enumerate(spans):
            self._seek(container, float(span.start) - back)
            ended: set[int] = set()
            is_last = number == len(spans) - 1
            for packet in packets_of(container, streams):
                base, old = packet.time_base, packet.stream
                if packet.pts is None or not packet.size or not base:
                    continue
                start, length = packet.pts * base, (packet.duration or 0) * base
                half = 0 if is_last or old.type == "subtitle" else length / 2
                if start + half >= span.heard_until:
                    ended.add(old.index)
                    if ended == wanted or start > span.heard_until + 10:
                        break
                    continue
                end = ends.get(old.index)
                if not self._belongs(old.type, start, length, span, end, is_first=number == 0):
                    continue
                if not self._place(packet, span, end):
                    continue
                ends[old.index] = (packet.pts or 0) + (packet.duration or 0)
                packet.stream = copies[old.index]
                yield float((packet.pts or 0) * base), packet

    def _place(self, packet: "Packet[Any]", span: Span, end: int | None) -> bool:
        """Move a packet to where it belongs in the new file, and return whether there is a place for it.

        Args:
            packet: Of sound or of subtitles.
            span: The part that it lies in.
            end: Where the packet before it ends there.
        """
        base = packet.time_base
        shift = round((span.position - span.start) / base)
        if self.form.muxer == "mp3":
            shift += round(_MP3_DELAY_SECONDS / base)
        pts, duration = (packet.pts or 0) + shift, packet.duration or 0
        if packet.stream.type == "subtitle":
            begins = max(pts, round(span.position / base))
            last = min(pts + duration, round((span.position + span.heard_until - span.start) / base))
            pts, duration = begins, last - begins
        elif end is not None and pts != end:
            if pts + duration / 2 < end:
                return False
            # Parts of packets cannot be joined: sound goes on without a gap, half a packet off at most.
            pts = end if pts < end + duration else pts
        packet.pts = packet.dts = pts
        packet.duration = duration
        return True

    def _belongs(
        self, kind: str, start: Fraction, length: Fraction, span: Span, end: int | None, *, is_first: bool
    ) -> bool:
        if kind == "subtitle":
            return start + length > span.start
        if end is not None and not is_first:
            # What goes on best from the part before may begin a little before this one.
            return start + 2 * length > span.start
        if is_first and self.form.exact_sound:
            # One packet more than is heard: each is decoded upon the one before.
            return start + 2 * length > span.start
        if self.form.muxer == "mp3":
            start += _MP3_DELAY_SECONDS
        return start + length / 2 >= span.start

    def _seek(self, container: "InputContainer", seconds: float) -> None:
        import av

        # Of a broadcast whose clock went round, times begin below zero.
        first = min(0, container.start_time or 0)
        try:
            container.seek(max(first, math.floor(seconds * av.time_base)))
        except av.error.FFmpegError:
            container.seek(first)
