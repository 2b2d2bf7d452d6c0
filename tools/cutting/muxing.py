"""Open a file that packets are written to, with the facts about itself that it takes over from another."""

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ..base.errors import MediaError, StorageError
from ..base.outputs import OutputFile
from ..film.word_tracks import SubtitleTrack, add_words, words_packet
from ..film.writer import read_back
from .formats import Format, codec_of

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.container.core import Chapter
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

    from .edits import Words

_BUFFER_BYTES = 1 << 20
# What the muxer writes by itself, or what would not be so any more.
_OWN_TAGS = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time", "timecode"}
)
# In the header that LAME brought in, counted from its name; 576 samples are left out, and the decoder's own 529.
_DELAY_AT, _LAME_DELAY = 141, 576
# By these players choose the decoder. libav would write `hev1`, which no player of Apple shows, and one for all ProRes.
_MARKS = {"hevc": ("hvc1", "hev1", "dvh1", "dvhe"), "prores": ("apcn", "apch", "apcs", "apco", "ap4h", "ap4x")}
_STREAM_TAGS = frozenset({"language", "title", "handler_name", "alpha_mode"})
_MOST_TAG_LETTERS = 2_000


class MuxError(MediaError):
    """Packets do not go into a container."""


@contextmanager
def muxed(output: OutputFile, form: Format) -> "Iterator[OutputContainer]":
    """Give a container to add streams to; it is whole when the block ends, and gone when it fails.

    Raises:
        StorageError: The disk is full.
        MuxError: What was written does not go together.
    """
    import av

    options = {"movflags": "+faststart"} if form.muxer in ("mp4", "mov", "ipod") else {}
    muxer = form.muxer
    if muxer == "mp3":
        options = {"id3v2_version": "3"}
    elif muxer == "ipod":
        # PyAV lets no cover picture into this muxer, which is that of MP4 with another brand.
        muxer, options["brand"] = "mp4", "M4A "
    file = output.open()

    def again(url: str, flags: int, given: Mapping[str, str]) -> Any:
        return read_back(file)

    done = False
    try:
        container = av.open(file, "w", format=muxer, options=options, buffer_size=_BUFFER_BYTES, io_open=again)
        yield container
        container.close()
        if muxer == "mp3":
            _tell_delay(file)
        file.close()
        done = True
    except av.error.FFmpegError as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise StorageError("The file cannot be written: the disk is full. Free some space.") from error
        raise MuxError(f"The file cannot be written as {form.name}: {error}. Choose another `format`.") from error
    finally:
        if not done:
            with suppress(Exception):
                container.close()
            with suppress(Exception):
                file.close()
            output.remove()


def _tell_delay(file: BinaryIO) -> None:
    """Say in an MP3 that was cut how many samples players leave out at its start.

    libavformat 62 knows it of the first packet of a file alone; of others it writes -529, which is read as 3567.
    """
    file.seek(0)
    head = file.read(10)
    start = 10 + sum(one << shift for one, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    file.seek(start if head[:3] == b"ID3" else 0)
    first = file.tell()
    frame = file.read(300)
    at = max(frame.find(b"Info"), frame.find(b"Xing"))
    if at < 0 or (told := frame[at + _DELAY_AT : at + _DELAY_AT + 3])[:1] != b"\xde" or told[1] >> 4 != 0xF:
        return
    file.seek(first + at + _DELAY_AT)
    file.write(bytes([_LAME_DELAY >> 4, (_LAME_DELAY & 15) << 4 | told[1] & 15]))


def tags_of(container: "InputContainer") -> dict[str, str]:
    """Return what a file says of itself that stays true of its parts."""
    return {
        key: value[:_MOST_TAG_LETTERS]
        for key, value in list(container.metadata.items())[:100]
        if key.lower() not in _OWN_TAGS and not key.lower().startswith(("com.android", "itun", "id3v2_priv"))
    }


def stream_tags_of(stream: "Stream") -> dict[str, str]:
    """Return what a stream says of itself that stays true of its parts."""
    return {key: value[:_MOST_TAG_LETTERS] for key, value in stream.metadata.items() if key.lower() in _STREAM_TAGS}


def describe(new: "Stream", old: "Stream", form: Format) -> None:
    """Give a stream the language, the title, the role, the rate and the mark of another."""
    new.metadata.update(stream_tags_of(old))
    new.disposition = old.disposition
    if old.type == "video" and (rate := cast("VideoStream", old).average_rate):
        # Of MPEG-4 without it readers take the tick for the rate: 30,000 frames a second.
        cast("VideoStream", new).codec_context.framerate = rate
    if form.muxer in ("mp4", "mov") and (known := _MARKS.get(codec_of(old))):
        given = old.codec_context.codec_tag
        new.codec_context.codec_tag = given if given in known else known[0]


def chapters_of(container: "InputContainer", spans: Sequence[tuple[float, float]]) -> "list[Chapter]":
    """Return the chapters of a file as they lie in its parts, put one behind the other.

    Args:
        container: The file.
        spans: Its parts, in its own time.
    """
    found: list[Chapter] = []
    position = 0.0
    for start, end in spans:
        for one in container.chapters()[:1_000]:
            base = float(one["time_base"] or Fraction(1, 1000))
            first, last = max(start, one["start"] * base), min(end, one["end"] * base)
            if last > first:
                begins, ends = position + first - start, position + last - start
                found.append(
                    {
                        "id": len(found) + 1,
                        "start": round(begins * 1000),
                        "end": round(ends * 1000),
                        "time_base": Fraction(1, 1000),
                        "metadata": dict(one["metadata"]),
                    }
                )
        position += end - start
    return found


def words_track(
    out: "OutputContainer", form: Format, words: "Sequence[Words]", language: str
) -> "Iterator[tuple[float, Packet[Any]]]":
    """Add a track of soft subtitles, and return its packets with their times."""
    codec = form.subtitle_codec
    track = add_words(out, codec, SubtitleTrack(language=language, is_shown=False))
    return (
        (one.start_seconds, words_packet(track, codec, one.start_seconds, one.end_seconds, one.text)) for one in words
    )


def packets_of(container: "InputContainer", streams: "Sequence[Stream]") -> "Iterator[Packet[Any]]":
    """Yield the packets of streams from the read position on; stop where the file cannot be read further."""
    import av

    while True:
        try:
            yield from container.demux(list(streams))
        except IndexError:
            continue  # see `Footage.packets`
        except (av.error.FFmpegError, OSError):
            pass
        return
