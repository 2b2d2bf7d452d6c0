"""Write a film: pictures, sound and soft subtitles into an MP4, MOV, Matroska or WebM file, in little memory."""

import errno
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from ..base.errors import StorageError
from ..base.outputs import OutputFile
from ..base.read_at import ReadAt
from .encoders import TICK, Container, PictureTrack, SoundTrack, add_picture, add_sound
from .mp4_tracks import switch_off_subtitles
from .word_tracks import SubtitleTrack, add_words, words_packet

if TYPE_CHECKING:
    import numpy as np
    from av import AudioFrame, AudioResampler
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter
    from numpy.typing import NDArray

_SUBTITLES: Mapping[Container, str] = {"mp4": "mov_text", "mov": "mov_text", "mkv": "subrip", "webm": "webvtt"}
_MUXERS: Mapping[Container, str] = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}
_BUFFER_BYTES = 1 << 20


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
        self._kind = container
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
        self._video = add_picture(self._container, container, picture) if picture else None
        self._audio = add_sound(self._container, container, sound) if sound else None
        self._sound = sound
        self._resampler: AudioResampler | None = None
        self._reformatter: VideoReformatter | None = None
        self._tracks = [add_words(self._container, _SUBTITLES[container], one) for one in subtitles]
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
        tick = 1 / self._picture.frames_per_second if self._picture.is_steady else TICK
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
        codec = _SUBTITLES[self._kind]
        self._container.mux(words_packet(self._tracks[track], codec, start_seconds, end_seconds, text))

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
        if self._kind in ("mp4", "mov") and self._tracks and not self._shows_words:
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
        return read_back(self._file)


def read_back(file: BinaryIO) -> ReadAt:
    """Return a file that is being written as one that is read, with a position of its own."""

    def read_at(at: int, count: int) -> bytes:
        back = file.tell()
        file.seek(at)
        content = file.read(count)
        file.seek(back)
        return content

    def size() -> int:
        back = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(back)
        return end

    return ReadAt(read_at, size)


def _scratch(path: Path) -> OutputFile:
    return OutputFile(path=path, max_bytes=1 << 62)
