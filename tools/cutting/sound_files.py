"""Write sound alone, in any of the formats for it."""

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from ..base.outputs import OutputFile
from ..base.run import Run
from .formats import Format
from .muxing import muxed
from .rendering import Edit, Rendered, sounds
from .sounding import RATE

if TYPE_CHECKING:
    from av import AudioFrame

_BITS_PER_SECOND = {"aac": 192_000, "libmp3lame": 192_000, "libopus": 128_000}
_RATES: Mapping[str, frozenset[int]] = {
    "libopus": frozenset({48_000}),
    "libmp3lame": frozenset({8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000}),
    "aac": frozenset({8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000}),
}
_LOSSLESS = {"pcm_s24le": "pcm_s24le", "pcm_f32le": "pcm_f32le", "pcm_s32le": "pcm_s32le", "pcm_s24be": "pcm_s24le"}


def write_sound(
    output: OutputFile, form: Format, edit: Edit, run: Run, *, rate: int = RATE, codec: str = ""
) -> Rendered:
    """Write the sound of an edit.

    Args:
        output: Where.
        form: As what.
        edit: Of which its sound is written.
        run: To notice a cancellation.
        rate: Samples a second, where the format has that; else 48,000.
        codec: Of the source: one without loss keeps its depth.

    Raises:
        MediaError: A file cannot be decoded.
    """
    import av
    import numpy as np

    encoder = _LOSSLESS.get(codec, form.audio_encoder) if form.name == "wav" else form.audio_encoder
    known = _RATES.get(encoder)
    rate = rate if known is None or rate in known else RATE
    layout = "mono" if edit.channels == 1 else "stereo"
    samples = 0
    with muxed(output, form) as out:
        stream = out.add_stream(encoder, rate=rate, layout=layout)
        if encoder in _BITS_PER_SECOND:
            stream.codec_context.bit_rate = _BITS_PER_SECOND[encoder] * edit.channels // 2
        if encoder == "flac" and codec in (*_LOSSLESS, "flac"):
            stream.codec_context.format = "s32"  # of which 24 bits are kept
        stream.time_base = Fraction(1, rate)
        out.metadata.update(edit.tags)
        out.start_encoding()
        resampler: av.AudioResampler | None = None

        def encode(frames: "list[AudioFrame]") -> None:
            for one in frames:
                out.mux(stream.encode(one))

        for number, block in enumerate(sounds(edit, run, rate)):
            if number % 64 == 0:
                run.check()
                run.progress(min(1.0, samples / rate / max(edit.seconds, 0.001)), "writing")
            if resampler is None:
                context = stream.codec_context
                resampler = av.AudioResampler(
                    format=context.format.name, layout=layout, rate=rate, frame_size=context.frame_size or None
                )
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, None
            samples += block.shape[1]
            encode(resampler.resample(frame))
        if resampler is not None:
            encode(resampler.resample(None))
        out.mux(stream.encode(None))
    return Rendered(seconds=edit.seconds, frames=0, samples=samples, damaged=0)
