"""The picture of parts of a film out of its own packets, with as few frames encoded anew as can be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..base.errors import MediaError
from ..base.footage import Footage
from ..base.frames import REORDERED_FRAMES
from ..base.run import Run
from .matching import Matching, Unsafe
from .outline import Plan, Span, Stored, decoding_times, exact_seconds, plan

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame

# After a seek the reader goes back so far at first, where it landed too late.
_BACK_SECONDS = 1.0
_CHECK_EVERY = 256


@dataclass(eq=False)
class PictureCopies:
    """The packets of one film's picture."""

    footage: Footage
    matching: Matching
    run: Run
    exact: bool
    """Cut at the nearest frame; else where no frame must be encoded."""

    def planned(self, parts: Sequence[tuple[float, float]]) -> list[Span]:
        """Return how parts, in seconds from the first frame, are had.

        Raises:
            Unsafe: They cannot be put together out of packets.
            MediaError: Nothing is shown in one.
        """
        tick = self._tick
        origin = Fraction(round(self.footage.start_seconds / tick)) * tick
        spans: list[Span] = []
        position = Fraction(0)
        for start, end in parts:
            first, last = round((origin + exact_seconds(start)) / tick), round((origin + exact_seconds(end)) / tick)
            stored, ends = self._stored(first, last)
            found = plan(stored, first, min(last, ends), float(tick), self.exact, not spans)
            if found is None:
                within = f"between {start:g} s and {end:g} s"
                raise MediaError(f"No frame of {self.footage.name!r} begins {within}. Ask for a longer part.")
            if found.encoded and self.matching.why_not:
                raise Unsafe(self.matching.why_not)
            if found.body and any(one.hidden and one.pts >= found.body[0] for one in stored):
                raise Unsafe("its list of edits leaves out frames in the middle")
            ended = found.end * tick
            until = max(ended, origin + exact_seconds(end)) if ends <= last and end == parts[-1][1] else ended
            span = Span(start=found.start * tick, end=ended, position=position, heard_until=until, plan=found)
            spans.append(span)
            position += span.end - span.start
        return spans

    def _stored(self, first: int, last: int) -> tuple[list[Stored], int]:
        """Return the packets that a part needs, in the order of decoding, and when the last frame of them ends."""
        back = 0.0
        while True:
            target = self._seconds(first, back)
            self.footage.seek(target)
            stored: list[Stored] = []
            ends, behind = first, 0
            for number, packet in enumerate(self.footage.packets()):
                if number % _CHECK_EVERY == 0:
                    self.run.check()
                if not packet.size:
                    continue
                if packet.pts is None or packet.is_corrupt:
                    raise Unsafe("some of its packets are damaged or have no times")
                entry = self.matching.entry(bytes(packet)) if packet.is_keyframe else ""
                stored.append(Stored(packet.pts, entry, packet.is_discard))
                ends = max(ends, packet.pts + (packet.duration or 1))
                behind = behind + 1 if packet.pts >= last else 0
                if behind > REORDERED_FRAMES:
                    break
            if target <= 0 or (stored and stored[0].entry and stored[0].pts <= first):
                break
            back = max(_BACK_SECONDS, back * 2)
        while stored and not stored[0].entry:
            stored.pop(0)  # nothing can be decoded before the first key frame
        if len({one.pts for one in stored}) < len(stored):
            raise Unsafe("several of its frames have the same time")
        return stored, ends

    def packets(self, spans: Sequence[Span], copy: "Stream") -> "Iterator[tuple[float, Packet[Any]]]":
        """Yield the packets of the parts, one behind the other, with when they are decoded."""
        tick = self._tick
        rate = self.footage.stream.average_rate or self.footage.stream.base_rate or Fraction(25)
        order: list[int] = []
        for span in spans:
            assert span.plan is not None
            shift = round(span.position / tick) - span.plan.start
            order += [max(one, span.plan.start) + shift for one in span.plan.order]
        decoded = decoding_times(order, max(1, round(1 / rate / tick)))
        for number, packet in enumerate(self._packets(spans)):
            if number >= len(order):
                raise Unsafe("it has more frames than its packets say")
            packet.pts, packet.dts = order[number], decoded[number]
            packet.time_base, packet.stream = tick, copy
            yield float(decoded[number] * tick), packet

    def _packets(self, spans: Sequence[Span]) -> "Iterator[Packet[Any]]":
        """Yield the packets of the parts in the order of their plans."""
        for span in spans:
            assert span.plan is not None
            found = span.plan
            if found.head:
                yield from self._encoded(found.head, found)
            if found.body:
                yield from self._body(found)
            if found.tail:
                yield from self._encoded(found.tail, found)

    def _body(self, found: Plan) -> "Iterator[Packet[Any]]":
        import av

        assert found.body is not None
        first, last = found.body
        back = 0.0
        while True:
            target = self._seconds(first, back)
            self.footage.seek(target)
            packets = self.footage.packets()
            packet = next((one for one in packets if one.pts is not None and one.size), None)
            if target <= 0 or (packet is not None and packet.pts is not None and packet.pts <= first):
                break
            back = max(_BACK_SECONDS, back * 2)
        begun = False
        while packet is not None:
            begun = begun or packet.pts == first
            if begun and packet.pts is not None and packet.pts >= first and packet.size:
                at, old = packet.pts, bytes(packet)
                content = self.matching.packet(self.matching.first(old) if at == first else old)
                # What goes with a packet, as the transparency of WebM, stays with it.
                copy = packet if content == old else av.Packet(content)
                copy.is_keyframe = packet.is_keyframe
                copy.duration = min(packet.duration or 0, found.end - at)
                yield copy
                if at == last:
                    return
            packet = next(packets, None)

    def _encoded(self, span: tuple[int, int], found: Plan) -> "Iterator[Packet[Any]]":
        import av

        waiting: tuple[int, Packet[Any]] | None = None
        for new in self.matching.encode(self._frames(span, found)):
            packet = av.Packet(new.content)
            packet.is_keyframe = new.is_key
            if waiting is not None:
                waiting[1].duration = new.pts - waiting[0]
                yield waiting[1]
            waiting = new.pts, packet
        if waiting is not None:
            waiting[1].duration = span[1] - waiting[0]
            yield waiting[1]

    def _frames(self, span: tuple[int, int], found: Plan) -> "Iterator[tuple[int, VideoFrame]]":
        for number, (_, frame) in enumerate(self.footage.frames(self._seconds(span[0]))):
            if number % 16 == 0:
                self.run.check()
            if frame.pts is None or frame.pts < span[0]:
                continue
            if frame.pts >= span[1]:
                return
            yield max(frame.pts, found.start), frame

    @property
    def _tick(self) -> Fraction:
        assert self.footage.stream.time_base is not None
        return self.footage.stream.time_base

    def _seconds(self, ticks: int, back_seconds: float = 0.0) -> float:
        """Return a time of the stream, or one so much before it, counted from the first frame."""
        return max(0.0, float(ticks * self._tick) - self.footage.start_seconds - back_seconds)
