"""Look at a film that was made: whether it is what was to be made."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.loudness import StereoMeter
from ..base.safe_open import audio_stream, open_media, video_stream
from ..base.sound_blocks import Reading, stereo_blocks
from .mixing import RATE

if TYPE_CHECKING:
    from ..base.run import Run


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a player finds in a film."""

    width_pixels: int
    height_pixels: int
    frames: int
    seconds: float
    """Of its picture."""
    sound_seconds: float
    """0 without sound."""
    loudness_lufs: float | None
    subtitle_tracks: int
    bad_frames: int
    """Key frames that cannot be decoded."""


def look_at_film(path: Path, name: str, run: "Run") -> Proof:
    """Return what a player finds: every packet is read, key frames and sound are decoded.

    Raises:
        MediaError: It cannot be opened.
    """
    import av

    frames, bad, end = 0, 0, 0.0
    with open_media(path, name) as container:
        stream, audio = video_stream(container), audio_stream(container)
        tracks = len(container.streams.subtitles)
        size = (stream.width, stream.height) if stream else (0, 0)
        if stream is not None:
            stream.codec_context.skip_frame = "NONKEY"
            step = 1 / float(stream.average_rate or 25)
            for packet in container.demux(stream):
                if packet.pts is None or packet.time_base is None:
                    continue
                frames, end = frames + 1, max(end, float(packet.pts * packet.time_base) + step)
                if packet.is_keyframe:
                    try:
                        packet.decode()
                    except av.FFmpegError:
                        bad += 1
    meter, samples = StereoMeter(RATE), 0
    if audio is not None:
        for block in stereo_blocks(path, name, run, RATE, Reading()):
            meter.hear_block(block)
            samples += block.shape[1]
    return Proof(
        width_pixels=size[0],
        height_pixels=size[1],
        frames=frames,
        seconds=round(end, 3),
        sound_seconds=round(samples / RATE, 3),
        loudness_lufs=meter.integrated_lufs(),
        subtitle_tracks=tracks,
        bad_frames=bad,
    )
