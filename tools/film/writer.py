"""Write a film: pictures, sound and soft subtitles into an MP4, MOV, Matroska or WebM file, in little memory."""

import errno
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

from ..base.errors import StorageError
from ..base.outputs import OutputFile
from .mp4_tracks import switch_off_subtitles

if TYPE_CHECKING:
    import numpy as np
    from av import AudioFrame, AudioResampler
    from av.audio.stream import AudioStream
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

Container = Literal["mp4", "mov", "mkv", "webm"]
MEDIA_TYPES: Mapping[Container, str] = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
}
_MUXERS: Mapping[Container, str] = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}
_SUBTITLES: Mapping[Container, str] = {"mp4": "mov_text", "mov": "mov_text", "mkv": "subrip", "webm": "webvtt"}
# Each frame that this preset looks ahead, or puts off, takes 3 MB at 720p; the last ones make files 1 % smaller.
_X264 = {"preset": "veryfast", "crf": "23", "rc-lookahead": "3", "bf": "2"}
_VP9 = {"deadline": "realtime", "cpu-used": "8", "crf": "33", "b": "0", "row-mt": "1"}
MOST_THREADS = 6
"""Of the encoder: each holds a frame and what it is built on."""
KEY_SECONDS = 5.0
"""From one key frame to the next at most, so that players can seek."""
RATE = 48_000
"""Samples a second; Opus has no other that is usual."""
_TICK = Fraction(1, 90_000)
_BUFFER_BYTES = 1 << 20
# ISO 639-1 to 639-2, in which containers name languages.
LANGUAGES = {
    "ar": "ara", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "en": "eng", "es": "spa", "fi": "fin", "fr": "fra",
    "he": "heb", "hi": "hin", "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn", "ko": "kor", "nl": "nld", "no": "nor",
    "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus", "sv": "swe", "th": "tha", "tr": "tur", "uk": "ukr", "vi": "vie",
    "zh": "zho",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PictureTrack:
    """The moving picture of a film, in BT.709."""

    width_pixels: int
    """Even."""
    height_pixels: int
    """Even."""
    frames_per_second: Fraction
    is_steady: bool = True
    """Whether each frame is shown for as long as the next; else times are kept to 1/90000 s."""
    options: Mapping[str, str] | None = None
    """Of the encoder, beyond the usual ones: `{"crf": "18"}`."""


@dataclass(frozen=True, kw_only=True)
class SoundTrack:
    """The sound of a film."""

    rate: int = RATE
    channels: Literal[1, 2] = 2
    bits_per_second: int = 160_000


@dataclass(frozen=True, kw_only=True)
class SubtitleTrack:
    """Words that a player shows when asked to."""

    language: str
    """ISO 639-1."""
    is_shown: bool = True
    """Whether players show them without being asked to; not where the same words are drawn."""


class Writer:
    """A film that is being written.

        with Writer(output, "mp4", picture=PictureTrack(…), sound=SoundTrack()) as film:
            film.show(picture, at_seconds)
            film.hear(samples)

    Left by an error, the half-written file is removed. Pictures and sound should go on side by side: what is ahead of
    the other waits in memory. Not for two threads at a time.
    """

    def __init__(
        self,
        output: OutputFile | Path,
        container: Container,
        *,
        picture: PictureTrack | None = None,
        sound: SoundTrack | None = None,
        subtitles: Sequence[SubtitleTrack] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Open the file, which must not exist.

        Args:
            output: Where; in a decoder process what it was lent.
            container: Of the file.
            picture: What moving picture it has, if any.
            sound: What sound it has, if any.
            subtitles: Tracks of words.
            tags: Metadata of the file, for example `title`.

        Raises:
            StorageError: It cannot be made.
        """
        import av

        self._output = output if isinstance(output, OutputFile) or not isinstance(output, Path) else _scratch(output)
        self._container_name = container
        self._file: BinaryIO = self._output.open()
        options = {"movflags": "+faststart"} if container in ("mp4", "mov") else {}
        self._container = av.open(
            self._file,
            "w",
            format=_MUXERS[container],
            options=options,
            buffer_size=_BUFFER_BYTES,
            io_open=self._again,
        )
        self._container.metadata.update(tags or {})
        self._picture = picture
        self._video = self._add_picture(picture) if picture else None
        self._audio = self._add_sound(sound) if sound else None
        self._sound = sound
        self._resampler: AudioResampler | None = None
        self._reformatter: VideoReformatter | None = None
        self._tracks = [self._add_subtitles(one) for one in subtitles]
        self._shows_words = any(one.is_shown for one in subtitles)
        self._last = -1
        self.pictures = 0
        """Shown so far."""
        self.samples = 0
        """Heard so far, of each channel."""

    def show(self, picture: "NDArray[np.uint8] | VideoFrame", at_seconds: float) -> None:
        """Add a picture, later than the one before.

        Args:
            picture: RGB (rows, columns, 3), planar YUV 4:2:0 in BT.709 (1.5 × rows, columns), or a frame of any format.
            at_seconds: From when on it is shown.
        """
        import av

        assert self._video is not None and self._picture is not None, "this film has no picture"
        if isinstance(picture, av.VideoFrame):
            frame = self._converted(picture)
        elif picture.ndim == 2:
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        else:
            frame = self._converted(av.VideoFrame.from_ndarray(picture, format="rgb24"))
        tick = 1 / self._picture.frames_per_second if self._picture.is_steady else _TICK
        # Two pictures never share a time, however their times were rounded.
        self._last = max(self._last + 1, round(at_seconds / tick))
        frame.pts, frame.time_base, frame.pict_type = self._last, tick, av.video.frame.PictureType.NONE
        self._container.mux(self._video.encode(frame))
        self.pictures += 1

    def hear(self, samples: "NDArray[np.float32]") -> None:
        """Add sound that follows what was heard before: (channels, samples), -1…1."""
        import av
        import numpy as np

        assert self._audio is not None and self._sound is not None, "this film has no sound"
        if not samples.shape[1]:
            return
        layout = "mono" if self._sound.channels == 1 else "stereo"
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
        frame.sample_rate = self._sound.rate
        # Without times, what an encoder puts before the first sample (21 ms of AAC) would be played: all comes late.
        frame.pts, frame.time_base = self.samples, Fraction(1, self._sound.rate)
        self.samples += samples.shape[1]
        if self._resampler is None:
            context = self._audio.codec_context
            self._resampler = av.AudioResampler(
                format=context.format.name,
                layout=layout,
                rate=context.sample_rate,
                frame_size=context.frame_size or 960,
            )
        self._encode(self._resampler.resample(frame))

    def subtitle(self, track: int, start_seconds: float, end_seconds: float, text: str) -> None:
        """Add words to a track of subtitles, in order of time; they should come no later than their picture."""
        import av

        stream = self._tracks[track]
        content = text.encode()
        packet = av.Packet(
            len(content).to_bytes(2, "big") + content if self._container_name in ("mp4", "mov") else content
        )
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = round(start_seconds * 1000)
        packet.duration = max(1, round(end_seconds * 1000) - packet.pts)
        self._container.mux(packet)

    def close(self) -> None:
        """Write what the encoders still hold, and the index.

        Raises:
            StorageError: The disk is full.
        """
        if self._video is not None:
            self._container.mux(self._video.encode(None))
        if self._audio is not None:
            if self._resampler is not None:
                self._encode(self._resampler.resample(None))
            self._container.mux(self._audio.encode(None))
        self._container.close()
        if self._container_name in ("mp4", "mov") and self._tracks and not self._shows_words:
            switch_off_subtitles(self._file)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.close()
                return
        except BaseException as failed:
            error = failed
        with suppress(Exception):
            self._container.close()
        with suppress(Exception):
            self._file.close()
        self._output.remove()
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise StorageError("The film cannot be written: the disk is full. Free some space.") from error
        if kind is None:
            raise error

    def _add_picture(self, picture: PictureTrack) -> "VideoStream":
        from av.stream import Disposition
        from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

        is_webm = self._container_name == "webm"
        options = {**(_VP9 if is_webm else _X264), **(picture.options or {})}
        stream = self._container.add_stream(
            "libvpx-vp9" if is_webm else "libx264", rate=picture.frames_per_second, options=options
        )
        stream.width, stream.height, stream.pix_fmt = picture.width_pixels, picture.height_pixels, "yuv420p"
        stream.disposition = Disposition.default
        context = stream.codec_context
        context.time_base = 1 / picture.frames_per_second if picture.is_steady else _TICK
        context.gop_size = max(1, round(KEY_SECONDS * picture.frames_per_second))
        context.thread_count = min(MOST_THREADS, 1 + (os.cpu_count() or 1))
        context.colorspace, context.color_range = int(Colorspace.ITU709), int(ColorRange.MPEG)
        context.color_primaries, context.color_trc = int(ColorPrimaries.BT709), int(ColorTrc.BT709)
        return stream

    def _add_sound(self, sound: SoundTrack) -> "AudioStream":
        from av.stream import Disposition

        layout = "mono" if sound.channels == 1 else "stereo"
        if self._container_name == "webm":
            stream = self._container.add_stream("libopus", rate=sound.rate, layout=layout)
        else:
            stream = self._container.add_stream("aac", rate=sound.rate, layout=layout)
        stream.codec_context.bit_rate = sound.bits_per_second
        stream.disposition = Disposition.default
        return stream

    def _add_subtitles(self, track: SubtitleTrack) -> "Stream":
        from av.stream import Disposition

        stream = self._container.add_mux_stream(_SUBTITLES[self._container_name])
        stream.time_base = Fraction(1, 1000)
        stream.metadata["language"] = LANGUAGES.get(track.language, "und")
        if track.is_shown:
            stream.disposition = Disposition.default
        return stream

    def _converted(self, frame: "VideoFrame") -> "VideoFrame":
        from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

        assert self._picture is not None
        self._reformatter = self._reformatter or VideoReformatter()
        size = self._picture.width_pixels, self._picture.height_pixels
        return self._reformatter.reformat(
            frame, *size, "yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, threads=1
        )

    def _encode(self, frames: "Sequence[AudioFrame]") -> None:
        assert self._audio is not None
        for frame in frames:
            self._container.mux(self._audio.encode(frame))

    def _again(self, url: str, flags: int, options: dict[str, str]) -> Any:
        """Open what was written so far once more: to put the index first, the muxer reads what it moves."""
        return Reading(self._file)


class Reading:
    """A file that is open for writing, with a read position of its own."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0

    def read(self, count: int) -> bytes:
        back = self._file.tell()
        self._file.seek(self._at)
        content = self._file.read(count)
        self._file.seek(back)
        self._at += len(content)
        return content

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:
            back = self._file.tell()
            self._at = self._file.seek(offset, whence)
            self._file.seek(back)
        else:
            self._at = offset + (self._at if whence == os.SEEK_CUR else 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        """Nothing: the file is still written."""


def _scratch(path: Path) -> OutputFile:
    return OutputFile(path=path, max_bytes=1 << 62)
