"""The sound of a file as blocks that follow each other on the picture's clock, whatever its packets do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .errors import MediaError
from .footage import first_frame, start_of
from .length import missing_bytes
from .safe_open import audio_stream, open_media, video_stream
from .sniff import sniff

if TYPE_CHECKING:
    import numpy as np
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from numpy.typing import NDArray

    from .run import Run

MAX_SECONDS = 4 * 3600
"""Sound beyond this is left out, and the result says so: 4 hours at 16 kHz are 0.9 GB of samples (1 hour: 0.23 GB)."""
BLOCK_SECONDS = 30
"""Silence that fills a gap comes in blocks of this length."""

Layout = Literal["mono", "stereo", "stereo of one"]

# Timestamps jitter by a frame (up to 64 ms); what differs by more is a gap or an overlap.
_TOLERANCE_SECONDS = 0.1
# A longer hole is a broken timestamp rather than a pause: the sound is joined.
_MAX_GAP_SECONDS = 3600.0
# A larger step back is a clock that starts again, as in joined Ogg files, rather than an overlap.
_MAX_OVERLAP_SECONDS = 1.0
# To decode a shorter stretch takes less than to look for the place.
_WORTH_SECONDS = 20.0
# No speech codec goes below 75 bytes a second and silence in FLAC takes about 100; less means a made-up duration.
_MIN_BYTES_PER_SECOND = 20


@dataclass
class Reading:
    """What is learnt while packets go by."""

    packets: int = 0
    bad_packets: int = 0
    end_seconds: float = 0.0
    """End of the last packet of any stream that was read, on the container's clock."""
    origin_seconds: float = 0.0
    """Which of the container's times is second 0."""
    left_out_seconds: float = 0.0
    """Sound before second 0."""
    gap_seconds: float = 0.0
    """Silence in the place of sound that is not there, between what is."""
    limits: list[str] = field(default_factory=list)


def blocks(path: Path, name: str, run: "Run", rate: int, reading: Reading) -> "Iterator[NDArray[np.float32]]":
    """Yield mono blocks that follow each other without a gap, from time 0 to at most `MAX_SECONDS`."""
    left = MAX_SECONDS * rate
    for block in _all_blocks(path, name, run, rate, reading):
        if len(block) > left:
            yield block[:left]
            reading.limits.append(f"Only the first {MAX_SECONDS // 3600} hours of sound were decoded.")
            return
        yield block
        left -= len(block)


def stereo_blocks(
    path: Path,
    name: str,
    run: "Run",
    rate: int,
    reading: Reading,
    *,
    from_seconds: float = 0.0,
    same_level: bool = False,
) -> "Iterator[NDArray[np.float32]]":
    """Yield blocks of two channels (2, samples) that follow each other without a gap, from a time on to the end.

    Args:
        path: The file.
        name: Its name, for messages.
        run: Asked whether to stop.
        rate: Samples a second.
        reading: Gets what is learnt.
        from_seconds: Where to begin.
        same_level: One channel is both as it is, with the same peaks; otherwise 3 dB lower in each, as loud together.
    """
    import numpy as np

    skipped = round(from_seconds * rate)
    layout: Layout = "stereo of one" if same_level else "stereo"
    for block in _all_blocks(path, name, run, rate, reading, layout=layout, from_seconds=from_seconds):
        start = min(len(block) // 2, skipped)
        skipped -= start
        if 2 * start < len(block):
            yield np.ascontiguousarray(block.reshape(-1, 2)[start:].T)


def _all_blocks(
    path: Path,
    name: str,
    run: "Run",
    rate: int,
    reading: Reading,
    *,
    layout: Layout = "mono",
    from_seconds: float = 0.0,
) -> "Iterator[NDArray[np.float32]]":
    import numpy as np
    from av import AudioResampler

    channels = 1 if layout == "mono" else 2
    origin = _first_picture_seconds(path, name)
    with open_media(path, name) as container, mixable(container, name):
        stream = sound_stream(container, name)
        resampler, shape, doubled = None, None, False
        done = 0.0  # seconds handed to the resampler
        is_far = False
        if from_seconds > _WORTH_SECONDS and stream.time_base is not None and _has_index(container):
            if origin is None:
                origin = float((stream.start_time or 0) * stream.time_base)
            is_far = _goes_to(container, stream, from_seconds - 1 + origin)
        for frame in frames(container, stream, name, run, reading):
            length = frame.samples / frame.sample_rate
            if origin is None:
                origin = frame.time or 0.0
            # What lies before a place that was gone to is a gap like any other.
            jump = 0.0 if frame.time is None else frame.time - origin - done
            if (jump > _MAX_GAP_SECONDS and not is_far) or (done and jump < -_MAX_OVERLAP_SECONDS):
                origin += jump
                jump = 0.0
            if jump < -_TOLERANCE_SECONDS:
                reading.left_out_seconds += 0.0 if done else length
                continue
            changed = shape != (frame.format.name, frame.layout.name, frame.sample_rate)
            if resampler and (changed or jump > _TOLERANCE_SECONDS):
                yield from _samples(resampler.resample(None), doubled=doubled)
            if changed or jump > _TOLERANCE_SECONDS:
                shape = (frame.format.name, frame.layout.name, frame.sample_rate)
                doubled = layout == "stereo of one" and frame.layout.nb_channels == 1
                mixed = "mono" if doubled or layout == "mono" else "stereo"
                resampler = AudioResampler(format="flt", layout=mixed, rate=rate)
            is_far = False
            if jump > _TOLERANCE_SECONDS:
                reading.gap_seconds += jump if done else 0.0
                done += jump
                for start in range(0, round(jump * rate), BLOCK_SECONDS * rate):
                    count = min(BLOCK_SECONDS * rate, round(jump * rate) - start)
                    yield np.zeros(count * channels, dtype=np.float32)
            assert resampler is not None
            yield from _samples(resampler.resample(frame), doubled=doubled)
            done += length
        if resampler:
            yield from _samples(resampler.resample(None), doubled=doubled)
        reading.origin_seconds = origin or 0.0
        reading.limits += _shortcomings(path, container, stream, reading, done)


def _has_index(container: "InputContainer") -> bool:
    """Return whether times are known after a seek; without an index they are guessed from the bit rate."""
    return container.format.name not in ("mp3", "aac")


def _goes_to(container: "InputContainer", stream: "AudioStream", seconds: float) -> bool:
    """Go to a time of the container, as well as it can; return whether that could be done."""
    import av

    assert stream.time_base is not None
    try:
        container.seek(int(seconds / stream.time_base), stream=stream)
    except av.FFmpegError:
        return False
    return True


@contextmanager
def mixable(container: "InputContainer", name: str) -> Iterator[None]:
    """Turn libav's refusal to mix an odd set of channels into a message."""
    import av

    try:
        yield
    except av.ArgumentError as error:
        raise MediaError(
            f"{name!r} has sound that cannot be mixed to one channel. It has: {_tracks(container)}. "
            "Convert it to stereo first."
        ) from error


def _samples(frames: "list[AudioFrame]", *, doubled: bool) -> "Iterator[NDArray[np.float32]]":
    import numpy as np

    for frame in frames:
        samples = frame.to_ndarray()[0]
        yield np.repeat(samples, 2) if doubled else samples


def frames(
    container: "InputContainer", stream: "AudioStream", name: str, run: "Run", reading: Reading
) -> "Iterator[AudioFrame]":
    """Yield the frames that can be decoded; what is damaged is counted and passed over."""
    import av

    # Without a length of its own for the sound, the other streams tell whether the file was cut off.
    watched = [stream] if stream.duration else list(container.streams)
    packets = container.demux(watched)
    got_any = False
    while True:
        run.check()
        try:
            packet = next(packets)
        except IndexError:
            packets = container.demux(watched)  # a stream begins in the middle, which PyAV does not know
            continue
        except (StopIteration, av.EOFError):
            break
        except (av.FFmpegError, OSError):
            reading.bad_packets += 1
            break
        if packet.pts is not None and packet.time_base:
            reading.end_seconds = max(
                reading.end_seconds, float((packet.pts + (packet.duration or 0)) * packet.time_base)
            )
        if packet.stream.index != stream.index:
            continue
        reading.packets += 1
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            reading.bad_packets += 1
            continue
        got_any = got_any or bool(decoded)
        yield from decoded  # type: ignore[misc]  # an audio stream gives audio frames
    if not got_any:
        raise MediaError(
            f"{name!r} has an audio track, but nothing of it could be decoded "
            f"({reading.packets} packets read). The file is damaged or cut off; make a fresh copy."
        )


def sound_stream(container: "InputContainer", name: str) -> "AudioStream":
    stream = audio_stream(container)
    if stream is None:
        raise MediaError(f"{name!r} has no audio track, so there is nothing to hear. It has: {_tracks(container)}.")
    return stream


def _tracks(container: "InputContainer") -> str:
    """Name the tracks for a message, for example `video (h264, 12.0 s)`."""
    parts = []
    for stream in container.streams:
        codec = stream.codec_context.name if stream.codec_context else "unknown codec"
        length = f", {float(stream.duration * stream.time_base):.1f} s" if stream.duration and stream.time_base else ""
        parts.append(f"{stream.type} ({codec}{length})")
    return ", ".join(parts) or "no tracks"


def _first_picture_seconds(path: Path, name: str) -> float | None:
    """Return when the first video frame is shown, on the container's clock; None without a video."""
    with open_media(path, name) as container:
        stream = video_stream(container)
        return None if stream is None else start_of(stream, first_frame(container, stream))


def _shortcomings(
    path: Path, container: "InputContainer", stream: "AudioStream", reading: Reading, seconds: float
) -> list[str]:
    """Say what of the declared sound was not decoded."""
    import av

    found = []
    if reading.left_out_seconds > 0.5:
        found.append(f"{reading.left_out_seconds:.1f} s of sound before the first video frame were left out.")
    if reading.bad_packets:
        found.append(f"{reading.bad_packets} of {reading.packets} packets of sound are damaged and were passed over.")
    with path.open("rb") as file:
        lacking = missing_bytes(file, sniff(file).demuxer or "")
    if lacking:
        found.append(f"The file is cut off: {lacking:,} bytes are missing; the sound ends at {seconds:.1f} s.")
        return found
    reached = seconds
    if stream.duration and stream.time_base:
        declared = float((stream.duration + (stream.start_time or 0)) * stream.time_base) - reading.origin_seconds
    else:
        declared = (container.duration or 0) / av.time_base
        reached = max(reading.end_seconds - reading.origin_seconds, seconds)
    believable = declared > 0 and path.stat().st_size / declared >= _MIN_BYTES_PER_SECOND
    if believable and declared - reached > max(1.0, 0.02 * declared):
        found.append(f"The sound ends at {reached:.1f} s, although the file declares {declared:.1f} s: it was cut off.")
    return found
