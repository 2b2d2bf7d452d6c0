"""Put files one behind the other out of their packets, where all are encoded alike."""

import heapq
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.footage import Footage, open_video
from ..base.outputs import OutputFile
from ..base.run import Run
from ..base.safe_open import audio_stream, open_media, video_stream
from .copying import Copied, Piece, Tried
from .formats import Format, codec_of
from .matching import Matching, Unsafe
from .muxing import MuxError, describe, muxed, packets_of, tags_of
from .outline import decoding_times

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream

_CHECK_EVERY = 256


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A file that is joined with others."""

    path: Path
    name: str
    seconds: float


_BEHIND_SECONDS = 0.5
"""Sound that goes on for longer than this behind the last frame is heard to its end."""


@dataclass(frozen=True)
class _Stored:
    """The picture of one file: when its frames are shown, in the order in which they are stored."""

    pts: Sequence[int]
    start: int
    end: int
    tick: Fraction


def try_joining(files: Sequence[Whole], output: OutputFile, form: Format, run: Run) -> Tried:
    """Write files one behind the other without encoding anything, if they are alike."""
    try:
        return Tried(copied=_join(files, output, form, run))
    except Unsafe as error:
        return Tried(copied=None, reason=str(error))
    except MuxError:
        return Tried(copied=None, reason=f"their packets do not go into {form.name}")


def _join(files: Sequence[Whole], output: OutputFile, form: Format, run: Run) -> Copied:
    kinds = {_kind(one, form) for one in files}
    if len(kinds) > 1:
        raise Unsafe("the files are not encoded alike")
    has_picture, has_sound = (bool(part) for part in kinds.pop())
    lengths = [_length(one, run, has_picture=has_picture) for one in files]
    positions = [sum(lengths[:number], Fraction(0)) for number in range(len(files))]
    whole = float(sum(lengths))
    with open_media(files[0].path, files[0].name) as container, muxed(output, form) as out:
        lanes = []
        moving, sound = video_stream(container), audio_stream(container)
        out.metadata.update(tags_of(container))
        if has_picture and moving is not None:
            copy: Stream = out.add_stream_from_template(moving, opaque=True)
            describe(copy, moving, form)
            lanes.append(_pictures(files, positions, copy, run))
        if has_sound and sound is not None:
            copy = out.add_stream_from_template(sound, opaque=True)
            describe(copy, sound, form)
            lanes.append(_sounds(files, positions, lengths, copy, has_picture=has_picture))
        for number, (at, packet) in enumerate(heapq.merge(*lanes, key=lambda one: one[0])):
            if number % _CHECK_EVERY == 0:
                run.check()
                run.progress(min(1.0, max(0.0, at / whole)), "joining")
            out.mux(packet)
    pieces = tuple(
        Piece(start_seconds=float(at), end_seconds=float(at + length))
        for at, length in zip(positions, lengths, strict=True)
    )
    return Copied(pieces=pieces)


def _kind(file: Whole, form: Format) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Return what must be the same in all files: of the picture, and of the sound."""
    picture: tuple[object, ...] = ()
    heard: tuple[object, ...] = ()
    with open_media(file.path, file.name) as container:
        moving, sound = video_stream(container), audio_stream(container)
        if moving is not None:
            context = moving.codec_context
            if codec_of(moving) not in form.video or container.format.name == "avi":
                raise Unsafe(f"{form.name} does not take over {codec_of(moving)}")
            rate = moving.average_rate
            picture = (
                context.name, context.extradata, context.width, context.height, context.pix_fmt,
                moving.sample_aspect_ratio, round(float(rate), 2) if rate else None,
            )  # fmt: skip
        if sound is not None:
            codec = sound.codec_context
            if codec_of(sound) not in form.audio:
                raise Unsafe(f"{form.name} does not take over {codec_of(sound)}")
            heard = (codec.name, codec.extradata, sound.rate, sound.channels)
    if moving is not None:
        with open_video(file.path, file.name) as footage:
            picture += (footage.turn.transpose, footage.turn.mirror_columns, footage.turn.mirror_rows)
    return picture, heard


def _length(file: Whole, run: Run, *, has_picture: bool) -> Fraction:
    """Return how long a file is shown: to the end of its last frame, so that the next one follows it at once."""
    whole = Fraction(repr(file.seconds))
    if not has_picture:
        return whole
    with open_video(file.path, file.name) as footage:
        found = _stored(footage, run)
    shown = (found.end - found.start) * found.tick
    return whole if whole - shown > _BEHIND_SECONDS else shown


def _pictures(
    files: Sequence[Whole], positions: Sequence[Fraction], copy: "Stream", run: Run
) -> "Iterator[tuple[float, Packet[Any]]]":
    order = array("q")
    base = Fraction(1, 90_000)
    for file, position in zip(files, positions, strict=True):
        with open_video(file.path, file.name) as footage:
            found = _stored(footage, run)
            base = found.tick if file is files[0] else base
            order.extend(round(((pts - found.start) * found.tick + position) / base) for pts in found.pts)
    if len(set(order)) < len(order):
        raise Unsafe("several of their frames would have the same time")
    decoded = decoding_times(order, max(1, order[1] - order[0]) if len(order) > 1 else 1)
    at = 0
    for file in files:
        with open_video(file.path, file.name) as footage:
            footage.seek(0.0)
            packets: Iterator[Packet[Any]] = footage.packets()
            matching, begun = Matching(footage.stream), False
            for old in packets:
                if not old.size or old.pts is None:
                    continue
                packet = old if begun else _again(old, matching.first(bytes(old)))
                begun = True
                if at >= len(order):
                    raise Unsafe("they have more frames than their packets say")
                tick = packet.time_base
                packet.duration = round((packet.duration or 0) * tick / base)
                packet.pts, packet.dts, packet.time_base = order[at], decoded[at], base
                packet.stream = copy
                yield float(decoded[at] * base), packet
                at += 1


def _again(packet: "Packet[Any]", content: bytes) -> "Packet[Any]":
    """Return a packet with other content."""
    import av

    made = av.Packet(content)
    made.is_keyframe, made.duration, made.time_base = packet.is_keyframe, packet.duration, packet.time_base
    return made


def _stored(footage: Footage, run: Run) -> _Stored:
    matching = Matching(footage.stream)
    footage.seek(0.0)
    found, end = array("q"), 0
    for number, packet in enumerate(footage.packets()):
        if number % _CHECK_EVERY == 0:
            run.check()
        if not packet.size:
            continue
        if packet.pts is None or packet.is_corrupt or packet.is_discard:
            raise Unsafe("some of their packets are hidden, damaged or have no times")
        if not found and (not packet.is_keyframe or matching.entry(bytes(packet)) != "clean"):
            raise Unsafe("one of them does not begin with a frame that stands by itself")
        found.append(packet.pts)
        end = max(end, packet.pts + (packet.duration or 0))
    tick = footage.stream.time_base
    if not found or tick is None or min(found) < found[0]:
        raise Unsafe("one of them begins with frames that need what is not there")
    return _Stored(found, found[0], end, tick)


def _sounds(
    files: Sequence[Whole],
    positions: Sequence[Fraction],
    lengths: Sequence[Fraction],
    copy: "Stream",
    *,
    has_picture: bool,
) -> "Iterator[tuple[float, Packet[Any]]]":
    end: int | None = None
    for file, position, length in zip(files, positions, lengths, strict=True):
        origin: Fraction | None = None
        if has_picture:
            with open_video(file.path, file.name) as footage:
                origin = Fraction(repr(footage.start_seconds))
        with open_media(file.path, file.name) as container:
            stream = audio_stream(container)
            assert stream is not None
            for packet in packets_of(container, [stream]):
                if packet.pts is None or not packet.size:
                    continue
                base, duration = packet.time_base, packet.duration or 0
                if origin is None:
                    origin = (stream.start_time or 0) * base
                at = packet.pts * base - origin
                pts = round((at + position) / base)
                # Before a file begins its sound is only prepared, and packets cannot be joined in parts.
                early = Fraction(3 if end is not None else 1, 2)
                if at + early * duration * base < 0 or at + duration * base / 2 >= length:
                    continue
                if end is not None and pts != end:
                    if pts + duration / 2 < end:
                        continue
                    pts = end if pts < end + duration else pts
                end = pts + duration
                packet.pts = packet.dts = pts
                packet.stream = copy
                yield float(pts * base), packet
