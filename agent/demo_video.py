"""Make the demo's 45-second narrated slide video, and write down what is in it."""

import json
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ..tools.base.call import call
from ..tools.base.fonts import find_cjk_font
from ..tools.base.run import Run
from .demo_slides import HEIGHT_PIXELS, WIDTH_PIXELS, Slide, draw, slides

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

SECONDS = 45
FRAMES_PER_SECOND = 10
_LEAD_SECONDS = 0.5
"""Silence between a slide's first frame and the first word to it."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A slide as it is in the video."""

    start_seconds: float
    end_seconds: float
    texts: tuple[str, ...]
    said: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Talk:
    """The video, what is known of it, and what it had to do without."""

    path: Path
    shown: list[Shown]
    chinese_slide: bool


async def make_talk(folder: Path, run: Run) -> Talk:
    """Write `talk.mp4` and `talk.truth.json` into a folder."""
    font = find_cjk_font()
    chosen = slides(font)
    voices = [await _voice(slide, run) for slide in chosen]
    rate = voices[0][1]
    frames = _share_frames([len(samples) / rate for samples, _ in voices])
    path = folder / "talk.mp4"
    pictures = [(draw(slide, font), count) for slide, count in zip(chosen, frames, strict=True)]
    await run.thread(_write, path, pictures, _sound([samples for samples, _ in voices], rate, frames), rate)
    starts = [sum(frames[:number]) / FRAMES_PER_SECOND for number in range(len(frames) + 1)]
    shown = [
        Shown(start_seconds=start, end_seconds=end, texts=slide.texts, said=slide.said, language=slide.language)
        for slide, start, end in zip(chosen, starts, starts[1:], strict=False)
    ]
    truth = {"seconds": SECONDS, "slides": [asdict(one) for one in shown]}
    (folder / "talk.truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return Talk(path=path, shown=shown, chinese_slide=font is not None)


async def _voice(slide: Slide, run: Run) -> "tuple[NDArray[np.int16], int]":
    """Return what is said to a slide as mono samples, with their rate."""
    import numpy as np

    spoken = await call("speak", {"text": slide.said, "language": slide.language}, run)
    with wave.open(str(run.path(spoken.audio.handle)), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate()


def _share_frames(spoken_seconds: Sequence[float]) -> list[int]:
    """Return how many frames each slide stays: its speech, and an equal part of the rest of the time."""
    total = SECONDS * FRAMES_PER_SECOND
    needed = [round((_LEAD_SECONDS + seconds) * FRAMES_PER_SECOND) + 1 for seconds in spoken_seconds]
    rest = total - sum(needed)
    assert rest >= 0, f"the narration takes {sum(spoken_seconds):.1f} s, too long for {SECONDS} s"
    frames = [need + rest // len(needed) for need in needed]
    frames[-1] += total - sum(frames)
    return frames


def _sound(voices: "Sequence[NDArray[np.int16]]", rate: int, frames: Sequence[int]) -> "NDArray[np.int16]":
    """Return the whole narration: each voice a moment after its slide appears."""
    import numpy as np

    sound = np.zeros(SECONDS * rate, np.int16)
    for number, samples in enumerate(voices):
        start = int((sum(frames[:number]) / FRAMES_PER_SECOND + _LEAD_SECONDS) * rate)
        sound[start : start + len(samples)] = samples
    return sound


def _write(path: Path, pictures: "Sequence[tuple[Image, int]]", sound: "NDArray[np.int16]", rate: int) -> None:
    """Encode pictures, each with how many frames it stays, and sound as H.264 and AAC."""
    import av

    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        seen = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options={"preset": "veryfast", "crf": "20"})
        seen.width, seen.height, seen.pix_fmt = WIDTH_PIXELS, HEIGHT_PIXELS, "yuv420p"
        heard = container.add_stream("aac", rate=rate, layout="mono")
        at = 0
        for picture, count in pictures:
            frame = av.VideoFrame.from_image(picture).reformat(format="yuv420p")  # type: ignore[no-untyped-call]
            for _ in range(count):
                frame.pts, frame.time_base, at = at, Fraction(1, FRAMES_PER_SECOND), at + 1
                container.mux(seen.encode(frame))
        container.mux(seen.encode(None))
        # AAC takes blocks of 1024 samples.
        for start in range(0, len(sound), 1024):
            block = av.AudioFrame.from_ndarray(sound[None, start : start + 1024], format="s16", layout="mono")
            block.sample_rate, block.pts, block.time_base = rate, start, Fraction(1, rate)
            container.mux(heard.encode(block))
        container.mux(heard.encode(None))
