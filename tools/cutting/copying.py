"""Put parts of a file together out of its own packets, with as few frames encoded anew as can be."""

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..base.errors import MediaError
from ..base.footage import Footage, open_video
from ..base.frames import REORDERED_FRAMES
from ..base.outputs import OutputFile
from ..base.run import Run
from ..base.safe_open import audio_stream, open_media, video_stream
from ..base.upright import Turn
from .edits import Edit, Rendered
from .formats import Format, codec_of
from .matching import Matching, Unsafe
from .muxing import MuxError, chapters_of, describe, muxed, packets_of, tags_of, words_track
from .outline import Plan, Stored, decoding_times, plan
from .picture_stream import PictureStream
from .sound_files import SoundStream

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# After a seek the reader goes back so far at first, where it landed too late.
_BACK_SECONDS = 1.0
_CHECK_EVERY = 256
_COVERS = frozenset({"mjpeg", "png"})
_WITH_COVERS = frozenset({"mp3", "ipod", "mp4", "mov", "flac"})
# Players leave out so much at the start: 1105 samples at 44.1 kHz, the delay of encoder and decoder.
_MP3_DELAY_SECONDS = Fraction(1105, 44_100)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a file, as it was really cut; times count from the first frame of the source."""

    start_seconds: float
    end_seconds: float
    joints_seconds: tuple[float, ...] = ()
    """Where, in the new file, copied and encoded packets meet."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What was written."""

    pieces: tuple[Piece, ...]
    frames: int = 0
    encoded_frames: int = 0
    left_out: tuple[str, ...] = ()
    """Streams that are not in it, for people."""
    is_heard: bool = True
    """Whether any of its sound lies in the parts."""
    rendered: Rendered | None = None
    """What became of the picture where all of it was encoded."""


@dataclass(frozen=True, kw_only=True)
class _Span:
    """Where a part lies on the source's clock and in the new file, in exact seconds."""

    start: Fraction
    end: Fraction
    position: Fraction
    heard_until: Fraction
    """Sound may go on behind the last frame of a file."""
    plan: Plan | None = None


@dataclass(eq=False)
class Copying:
    """One source whose packets are copied."""

    path: Path
    name: str
    form: Format
    run: Run
    exact: bool = True
    """Cut at the nearest frame; else where no frame must be encoded."""
    picture: bool = True
    sound: bool = True
    """Whether its sound is copied."""
    edit: Edit | None = None
    """What is encoded beside what is copied: its picture or its sound, and its words as soft subtitles."""
    turned_degrees: int = 0
    """How far the picture is turned clockwise, more than before, by whoever shows it."""

    def write(self, output: OutputFile, parts: Sequence[tuple[float, float]]) -> Copied:
        """Write parts, in seconds from the first frame (or sample), one behind the other.

        Raises:
            Unsafe: They cannot be put together out of packets.
            MediaError: The file cannot be read, or nothing is shown in a part.
        """
        with open_media(self.path, self.name) as container:
            has_picture = video_stream(container) is not None
        if not has_picture:
            return self._write_sound(None, output, parts)
        with open_video(self.path, self.name) as footage:
            if not self.picture:
                return self._write_sound(footage.start_seconds, output, parts)
            if self.edit is not None and self.edit.look is not None:
                return self._write_rendered(footage.start_seconds, self.edit, output)
            return self._write_film(footage, output, parts)

    def _write_film(self, footage: Footage, output: OutputFile, parts: Sequence[tuple[float, float]]) -> Copied:
        stream = footage.stream
        if (codec := codec_of(stream)) not in self.form.video:
            raise Unsafe(f"{self.form.name} does not hold {codec}")
        if footage.container.format.name == "avi":
            raise Unsafe("AVI does not say when its frames are shown")
        matching = Matching(stream)
        spans = self._planned(footage, matching, parts)
        with open_media(self.path, self.name) as container, muxed(output, self.form) as out:
            copies, left_out = self._streams(container, out, matching)
            if self.turned_degrees:
                if _is_mirrored(footage.turn):
                    raise Unsafe("its picture is mirrored")
                turned = cast("VideoStream", copies[stream.index])
                turned.set_display_rotation((footage.turn.degrees - self.turned_degrees) % 360)
            lanes = [self._picture(footage, matching, spans, copies[stream.index])]
            is_heard = self._finish(container, out, spans, copies, lanes, stream.index)
        plans = [one.plan for one in spans if one.plan is not None]
        return Copied(
            pieces=tuple(self._piece(one, footage.start_seconds) for one in spans),
            frames=sum(len(one.order) for one in plans),
            encoded_frames=sum(one.encoded for one in plans),
            left_out=left_out,
            is_heard=is_heard,
        )

    def _write_sound(
        self, origin_seconds: float | None, output: OutputFile, parts: Sequence[tuple[float, float]]
    ) -> Copied:
        with open_media(self.path, self.name) as container:
            stream = audio_stream(container)
            if stream is None or stream.time_base is None:
                raise Unsafe("there is no sound")
            if (codec := codec_of(stream)) not in self.form.audio:
                raise Unsafe(f"{self.form.name} does not hold {codec}")
            origin = Fraction(stream.start_time or 0) * stream.time_base
            if origin_seconds is not None:
                origin = _exact(origin_seconds)
            spans = _spans(origin, parts)
            with muxed(output, self.form) as out:
                copies, left_out = self._streams(container, out, None)
                self._finish(container, out, spans, copies, [], None)
        return Copied(pieces=tuple(self._piece(one, float(origin)) for one in spans), left_out=left_out)

    def _write_rendered(self, origin_seconds: float, edit: Edit, output: OutputFile) -> Copied:
        """Write an edit with its picture encoded, and all else copied that can be."""
        spans = _spans(_exact(origin_seconds), [(one.start_seconds, one.end_seconds) for one in edit.takes])
        with open_media(self.path, self.name) as container, muxed(output, self.form) as out:
            picture = PictureStream.begin(out, self.form, edit, self.run)
            copies, left_out = self._streams(container, out, None)
            is_heard = self._finish(container, out, spans, copies, [picture.packets()], None)
        pieces = tuple(self._piece(one, origin_seconds) for one in spans)
        return Copied(pieces=pieces, left_out=left_out, is_heard=is_heard, rendered=picture.rendered())

    def _finish(  # noqa: PLR0917 - what belongs together
        self,
        container: "InputContainer",
        out: "OutputContainer",
        spans: Sequence[_Span],
        copies: "dict[int, Stream]",
        lanes: "list[Iterator[tuple[float, Packet[Any]]]]",
        picture: int | None,
    ) -> bool:
        """Write what goes beside the picture, and all of it side by side; return whether there is any sound."""
        if self.form.chapters:
            out.set_chapters(chapters_of(container, [(float(one.start), float(one.end)) for one in spans]))
        others = [one for one in container.streams if one.index in copies and one.index != picture]
        covers = [one for one in others if one.type == "video"]
        others = [one for one in others if one not in covers]
        if others:
            lanes.append(self._others(container, others, spans, copies))
        if self.edit is not None and self.edit.has_sound:
            lanes.append(SoundStream.begin(out, self.form, self.edit, self.run).packets())
        if self.edit is not None and self.edit.soft:
            lanes.append(words_track(out, self.form, self.edit.soft, self.edit.language))
        out.start_encoding()
        if covers:
            self._add_covers(out, covers, copies)
        return "audio" in self._mux(out, lanes, spans)

    def _add_covers(self, out: "OutputContainer", covers: "Sequence[Stream]", copies: "dict[int, Stream]") -> None:
        """Write the pictures that stand for a recording, which come before its sound."""
        with open_media(self.path, self.name) as container:
            for one in covers:
                packet = next((two for two in packets_of(container, [container.streams[one.index]]) if two.size), None)
                if packet is not None:
                    packet.pts = packet.dts = 0
                    packet.stream = copies[one.index]
                    out.mux(packet)

    def _mux(
        self, out: "OutputContainer", lanes: "Sequence[Iterator[tuple[float, Packet[Any]]]]", spans: Sequence[_Span]
    ) -> set[str]:
        """Write packets in order, and return of which types they were."""
        whole = float(spans[-1].position + spans[-1].end - spans[-1].start)
        found: set[str] = set()
        for number, (at, packet) in enumerate(heapq.merge(*lanes, key=lambda one: one[0])):
            if number % _CHECK_EVERY == 0:
                self.run.check()
                self.run.progress(min(1.0, max(0.0, at / whole)), "copying")
            found.add(packet.stream.type)
            out.mux(packet)
        if not found:
            raise MediaError(f"Nothing of {self.name!r} lies in the part that was asked for.")
        return found

    def _streams(
        self, container: "InputContainer", out: "OutputContainer", matching: Matching | None
    ) -> "tuple[dict[int, Stream], tuple[str, ...]]":
        """Add the streams that the container takes; the second says which it does not."""
        from av.stream import Disposition

        kinds = {"video": self.form.video, "audio": self.form.audio, "subtitle": self.form.subtitles}
        picture, sound = video_stream(container), audio_stream(container)
        copies: dict[int, Stream] = {}
        left_out = []
        for one in container.streams:
            codec = codec_of(one)
            if one.disposition & Disposition.attached_pic:
                if codec in _COVERS and self.form.muxer in _WITH_COVERS:
                    copies[one.index] = out.add_stream_from_template(one, opaque=True)
                    copies[one.index].disposition = Disposition.attached_pic
                continue
            is_main = one is sound or (one is picture and matching is not None)
            more_sound = one.type == "audio" and self.form.video_encoder != ""
            wanted = is_main or more_sound or (one.type == "subtitle" and self.form.subtitle_codec != "")
            if one.type == "audio" and not self.sound:
                if one is not sound and self.edit is not None and self.edit.has_sound:
                    left_out.append(_called(one))
                continue
            if not wanted or codec not in kinds.get(one.type, ()):
                if is_main and sound is one:
                    raise Unsafe(f"{self.form.name} does not hold {codec}")
                if self.form.video_encoder and one is not picture and one.type != "data":
                    left_out.append(_called(one))
                continue
            copy = self._copy_of(one, out)
            describe(copy, one, self.form)
            copies[one.index] = copy
            if one is picture and matching is not None:
                copy.codec_context.extradata = matching.extradata
        out.metadata.update(tags_of(container))
        return copies, tuple(left_out)

    def _copy_of(self, old: "Stream", out: "OutputContainer") -> "Stream":
        if self.form.muxer == "mp3" and old.type == "audio":
            # Of a decoder's stream the muxer would note a wrong delay; the encoder's is what players leave out.
            sound = cast("AudioStream", old)
            return out.add_stream("libmp3lame", rate=sound.rate, layout="mono" if sound.channels == 1 else "stereo")
        return out.add_stream_from_template(old, opaque=True)

    def _planned(self, footage: Footage, matching: Matching, parts: Sequence[tuple[float, float]]) -> list[_Span]:
        tick = footage.stream.time_base
        assert tick is not None
        origin = Fraction(round(footage.start_seconds / tick)) * tick
        spans: list[_Span] = []
        position = Fraction(0)
        for start, end in parts:
            first, last = round((origin + _exact(start)) / tick), round((origin + _exact(end)) / tick)
            stored, ends = self._stored(footage, matching, first, last)
            found = plan(stored, first, min(last, ends), float(tick), self.exact, not spans)
            if found is None:
                raise MediaError(
                    f"No frame of {self.name!r} begins between {start:g} s and {end:g} s. Ask for a longer part."
                )
            if found.encoded and matching.why_not:
                raise Unsafe(matching.why_not)
            if found.body and any(one.hidden and one.pts >= found.body[0] for one in stored):
                raise Unsafe("its list of edits leaves out frames in the middle")
            ended = found.end * tick
            until = max(ended, origin + _exact(end)) if ends <= last and end == parts[-1][1] else ended
            span = _Span(start=found.start * tick, end=ended, position=position, heard_until=until, plan=found)
            spans.append(span)
            position += span.end - span.start
        return spans

    def _stored(self, footage: Footage, matching: Matching, first: int, last: int) -> tuple[list[Stored], int]:
        """Return the packets that a part needs, in the order of decoding, and when the last frame of them ends."""
        tick = footage.stream.time_base
        assert tick is not None
        back = 0.0
        while True:
            target = max(0.0, float(first * tick) - footage.start_seconds - back)
            footage.seek(target)
            stored: list[Stored] = []
            ends, behind = first, 0
            for number, packet in enumerate(footage.packets()):
                if number % _CHECK_EVERY == 0:
                    self.run.check()
                if not packet.size:
                    continue
                if packet.pts is None or packet.is_corrupt:
                    raise Unsafe("some of its packets are damaged or have no times")
                entry = matching.entry(bytes(packet)) if packet.is_keyframe else ""
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

    def _picture(
        self, footage: Footage, matching: Matching, spans: Sequence[_Span], copy: "Stream"
    ) -> "Iterator[tuple[float, Packet[Any]]]":
        tick = footage.stream.time_base
        assert tick is not None
        rate = footage.stream.average_rate or footage.stream.base_rate or Fraction(25)
        order: list[int] = []
        for span in spans:
            assert span.plan is not None
            shift = round(span.position / tick) - span.plan.start
            order += [max(one, span.plan.start) + shift for one in span.plan.order]
        decoded = decoding_times(order, max(1, round(1 / rate / tick)))
        for number, packet in enumerate(self._packets(footage, matching, spans)):
            if number >= len(order):
                raise Unsafe("it has more frames than its packets say")
            packet.pts, packet.dts = order[number], decoded[number]
            packet.time_base, packet.stream = tick, copy
            yield float(decoded[number] * tick), packet

    def _packets(self, footage: Footage, matching: Matching, spans: Sequence[_Span]) -> "Iterator[Packet[Any]]":
        """Yield the packets of the parts in the order of their plans."""
        for span in spans:
            assert span.plan is not None
            found = span.plan
            if found.head:
                yield from self._encoded(footage, matching, found.head, found)
            if found.body:
                yield from self._body(footage, matching, found)
            if found.tail:
                yield from self._encoded(footage, matching, found.tail, found)

    def _body(self, footage: Footage, matching: Matching, found: Plan) -> "Iterator[Packet[Any]]":
        import av

        assert found.body is not None and footage.stream.time_base is not None
        first, last = found.body
        back = 0.0
        while True:
            target = max(0.0, float(first * footage.stream.time_base) - footage.start_seconds - back)
            footage.seek(target)
            packets = footage.packets()
            packet = next((one for one in packets if one.pts is not None and one.size), None)
            if target <= 0 or (packet is not None and packet.pts is not None and packet.pts <= first):
                break
            back = max(_BACK_SECONDS, back * 2)
        begun = False
        while packet is not None:
            begun = begun or packet.pts == first
            if begun and packet.pts is not None and packet.pts >= first and packet.size:
                at, old = packet.pts, bytes(packet)
                content = matching.packet(matching.first(old) if at == first else old)
                # What goes with a packet, as the transparency of WebM, stays with it.
                copy = packet if content == old else av.Packet(content)
                copy.is_keyframe = packet.is_keyframe
                copy.duration = min(packet.duration or 0, found.end - at)
                yield copy
                if at == last:
                    return
            packet = next(packets, None)

    def _encoded(
        self, footage: Footage, matching: Matching, span: tuple[int, int], found: Plan
    ) -> "Iterator[Packet[Any]]":
        import av

        waiting: tuple[int, Packet[Any]] | None = None
        for new in matching.encode(self._frames(footage, span, found)):
            packet = av.Packet(new.content)
            packet.is_keyframe = new.is_key
            if waiting is not None:
                waiting[1].duration = new.pts - waiting[0]
                yield waiting[1]
            waiting = new.pts, packet
        if waiting is not None:
            waiting[1].duration = span[1] - waiting[0]
            yield waiting[1]

    def _frames(self, footage: Footage, span: tuple[int, int], found: Plan) -> "Iterator[tuple[int, VideoFrame]]":
        tick = footage.stream.time_base
        assert tick is not None
        for number, (_, frame) in enumerate(footage.frames(max(0.0, float(span[0] * tick) - footage.start_seconds))):
            if number % 16 == 0:
                self.run.check()
            if frame.pts is None or frame.pts < span[0]:
                continue
            if frame.pts >= span[1]:
                return
            yield max(frame.pts, found.start), frame

    def _others(
        self,
        container: "InputContainer",
        streams: "Sequence[Stream]",
        spans: Sequence[_Span],
        copies: "dict[int, Stream]",
    ) -> "Iterator[tuple[float, Packet[Any]]]":
        """Yield the packets of sound and subtitles that lie in the parts."""
        from av.stream import Discard

        wanted = {one.index for one in streams}
        for one in container.streams:
            if one.index not in wanted:
                one.discard = Discard.all
        ends: dict[int, int] = {}
        for number, span in enumerate(spans):
            self._seek(container, float(span.start) - 2 * _BACK_SECONDS)
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

    def _place(self, packet: "Packet[Any]", span: _Span, end: int | None) -> bool:
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
        self, kind: str, start: Fraction, length: Fraction, span: _Span, end: int | None, *, is_first: bool
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

    def _piece(self, span: _Span, origin: float) -> Piece:
        joints = []
        if span.plan is not None:
            found = span.plan
            scale = (span.end - span.start) / max(1, found.end - found.start)
            for at in (found.head[1] if found.head and found.body else None, found.tail[0] if found.tail else None):
                if at is not None:
                    joints.append(float(span.position + (at - found.start) * scale))
        return Piece(
            start_seconds=round(float(span.start) - origin, 6),
            end_seconds=round(float(span.end) - origin, 6),
            joints_seconds=tuple(joints),
        )


def _spans(origin: Fraction, parts: Sequence[tuple[float, float]]) -> list[_Span]:
    spans, position = [], Fraction(0)
    for start, end in parts:
        last = origin + _exact(end)
        spans.append(_Span(start=origin + _exact(start), end=last, position=position, heard_until=last))
        position += spans[-1].end - spans[-1].start
    return spans


def _called(stream: "Stream") -> str:
    """Return what people call a stream, for example `audio (aac, deu)`."""
    language = f", {stream.language[:8]}" if stream.language and stream.language != "und" else ""
    return f"{stream.type} ({codec_of(stream) or 'of an unknown kind'}{language})"


def _is_mirrored(turn: Turn) -> bool:
    return (turn.mirror_columns == turn.mirror_rows) == turn.transpose


def _exact(seconds: float) -> Fraction:
    return Fraction(repr(float(seconds)))


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What became of copying."""

    copied: Copied | None
    reason: str = ""
    """Why it was not copied, as a part of a sentence."""


def try_copying(copying: Copying, output: OutputFile, parts: Sequence[tuple[float, float]]) -> Tried:
    """Write parts of a file out of its packets, if they can be put together."""
    try:
        return Tried(copied=copying.write(output, parts))
    except Unsafe as error:
        return Tried(copied=None, reason=str(error))
    except MuxError:
        return Tried(copied=None, reason=f"its packets do not go into {copying.form.name}")
