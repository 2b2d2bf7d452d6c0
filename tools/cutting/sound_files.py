"""Write sound: alone, in any of the formats for it, or as a stream beside pictures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from ..base.outputs import OutputFile
from ..base.run import Run
from .edit_sounds import sounds
from .edits import Edit, Rendered
from .formats import Format
from .muxing import muxed
from .sounding import RATE

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

_BITS_PER_SECOND = {"aac": 192_000, "libmp3lame": 192_000, "libopus": 128_000}
_RATES: Mapping[str, frozenset[int]] = {
    "libopus": frozenset({48_000}),
    "libmp3lame": frozenset({8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000}),
    "aac": frozenset({8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000}),
}
# Codecs without loss, with the encoder that keeps their depth.
_DEEP = {"pcm_s24le": "pcm_s24le", "pcm_f32le": "pcm_f32le", "pcm_s32le": "pcm_s32le", "pcm_s24be": "pcm_s24le"}


@dataclass(eq=False)
class SoundStream:
    """A stream of sound that is encoded into a file."""

    edit: Edit
    run: Run
    stream: "AudioStream"
    rate: int
    samples: int = field(default=0, init=False)
    """Of each channel, so far."""

    @classmethod
    def begin(
        cls, out: "OutputContainer", form: Format, edit: Edit, run: Run, *, rate: int = RATE, codec: str = ""
    ) -> "SoundStream":
        """Add a stream to a file.

        Args:
            out: The file.
            form: Its format.
            edit: Of which the sound is encoded.
            run: To notice a cancellation.
            rate: Samples a second, where the format has that; else 48,000.
            codec: Of the source: one without loss keeps its depth.
        """
        encoder = _DEEP.get(codec, form.audio_encoder) if form.name == "wav" else form.audio_encoder
        known = _RATES.get(encoder)
        rate = rate if known is None or rate in known else RATE
        stream = cast("AudioStream", out.add_stream(encoder, rate=rate, layout=_layout(edit.channels)))
        if encoder in _BITS_PER_SECOND:
            stream.codec_context.bit_rate = _BITS_PER_SECOND[encoder] * edit.channels // 2
        if encoder == "flac" and codec in _DEEP:
            stream.codec_context.format = "s32"  # of which it keeps 24 bits
        stream.metadata.update(edit.sound_tags)
        stream.time_base = Fraction(1, rate)
        return cls(edit, run, stream, rate)

    def packets(self) -> "Iterator[tuple[float, Packet[Any]]]":
        """Yield the encoded sound with its times; the file must have been begun."""
        import av
        import numpy as np

        context, layout = self.stream.codec_context, _layout(self.edit.channels)
        resampler = av.AudioResampler(
            format=context.format.name, layout=layout, rate=self.rate, frame_size=context.frame_size or None
        )
        for block in sounds(self.edit, self.run, self.rate):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=layout)
            # Without times, what an encoder puts before the first sample (21 ms of AAC) would be played.
            frame.sample_rate, frame.pts, frame.time_base = self.rate, self.samples, Fraction(1, self.rate)
            self.samples += block.shape[1]
            yield from self._encoded(resampler.resample(frame))
        if self.samples:
            yield from self._encoded(resampler.resample(None))
        yield from self._encoded([None])

    def _encoded(self, frames: "list[AudioFrame] | list[None]") -> "Iterator[tuple[float, Packet[Any]]]":
        for frame in frames:
            for packet in self.stream.encode(frame):
                yield float((packet.pts or 0) * packet.time_base), packet


def write_sound(
    output: OutputFile, form: Format, edit: Edit, run: Run, *, rate: int = RATE, codec: str = ""
) -> Rendered:
    """Write the sound of an edit alone; see `SoundStream.begin`.

    Raises:
        MediaError: A file cannot be decoded.
    """
    with muxed(output, form) as out:
        sound = SoundStream.begin(out, form, edit, run, rate=rate, codec=codec)
        out.metadata.update(edit.tags)
        out.start_encoding()
        for number, (at, packet) in enumerate(sound.packets()):
            if number % 64 == 0:
                run.check()
                run.progress(min(1.0, max(0.0, at / max(edit.seconds, 0.001))), "writing")
            out.mux(packet)
    return Rendered(seconds=edit.seconds)


def _layout(channels: int) -> str:
    return "mono" if channels == 1 else "stereo"
