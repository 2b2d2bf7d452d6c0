"""Write parts of a file out of its own packets, beside what must be encoded."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..base.errors import MediaError
from ..base.footage import Footage, open_video
from ..base.outputs import OutputFile
from ..base.run import Run
from ..base.safe_open import audio_stream, open_media, video_stream
from ..base.upright import Turn
from .beside import Beside
from .edits import Edit, Rendered
from .formats import Format, codec_of
from .matching import Matching, Unsafe
from .muxing import MuxError, chapters_of, describe, muxed, packets_of, tags_of, words_track
from .outline import Span, exact_seconds, spans_of
from .picture_copies import PictureCopies
from .picture_stream import PictureStream
from .sound_files import SoundStream

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

_CHECK_EVERY = 256
_COVERS = frozenset({"mjpeg", "png"})
_WITH_COVERS = frozenset({"mp3", "ipod", "mp4", "mov", "flac"})


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
        pictures = PictureCopies(footage, matching, self.run, self.exact)
        spans = pictures.planned(parts)
        with open_media(self.path, self.name) as container, muxed(output, self.form) as out:
            copies, left_out = self._streams(container, out, matching)
            if self.turned_degrees:
                if _is_mirrored(footage.turn):
                    raise Unsafe("its picture is mirrored")
                turned = cast("VideoStream", copies[stream.index])
                turned.set_display_rotation((footage.turn.degrees - self.turned_degrees) % 360)
            lanes = [pictures.packets(spans, copies[stream.index])]
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
                origin = exact_seconds(origin_seconds)
            spans = spans_of(origin, parts)
            with muxed(output, self.form) as out:
                copies, left_out = self._streams(container, out, None)
                self._finish(container, out, spans, copies, [], None)
        return Copied(pieces=tuple(self._piece(one, float(origin)) for one in spans), left_out=left_out)

    def _write_rendered(self, origin_seconds: float, edit: Edit, output: OutputFile) -> Copied:
        """Write an edit with its picture encoded, and all else copied that can be."""
        spans = spans_of(exact_seconds(origin_seconds), [(one.start_seconds, one.end_seconds) for one in edit.takes])
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
        spans: Sequence[Span],
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
            lanes.append(Beside(self.form).packets(container, others, spans, copies))
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
        self, out: "OutputContainer", lanes: "Sequence[Iterator[tuple[float, Packet[Any]]]]", spans: Sequence[Span]
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

    def _piece(self, span: Span, origin: float) -> Piece:
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


def _called(stream: "Stream") -> str:
    """Return what people call a stream, for example `audio (aac, deu)`."""
    language = f", {stream.language[:8]}" if stream.language and stream.language != "und" else ""
    return f"{stream.type} ({codec_of(stream) or 'of an unknown kind'}{language})"


def _is_mirrored(turn: Turn) -> bool:
    return (turn.mirror_columns == turn.mirror_rows) == turn.transpose


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
