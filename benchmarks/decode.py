"""Decode 16 frames of 720p, the sound and a picture in the sandbox, and beside it in this process.

python benchmarks/decode.py [ROUNDS]

The kinds take turns in every round, so that the load of the machine is on all of them; a ratio is the median of the
rounds' own ratios. The video is made once and kept in the temporary folder.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from videos import numbered

from sensorium.tools.base import decoders
from sensorium.tools.base.media import examine
from sensorium.tools.base.picture_files import open_picture
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.sound import decode_sound
from sensorium.tools.base.which_frames import Asked
from sensorium.tools.extract_frames import _extract, _Writer

FRAMES = 16
ROUNDS = 15
KINDS = ("in this process", "sandbox", "ordinary process")
Job = Callable[[Callable[..., Awaitable[object]]], Awaitable[object]]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), rounds))


async def _measure(folder: Path, rounds: int) -> None:
    video, sound, picture = numbered(1), _sound(folder), _picture(folder)
    run = Run.open(Settings(home=folder / "home", offline=True))
    handle = run.workspace.adopt(video).handle
    asked = Asked(FRAMES, None, None, None, changed=False, between_seconds=None)
    writer = _Writer(run, "video", None, "jpeg")
    jobs: dict[str, Job] = {
        f"{FRAMES} frames of 720p as JPEG": lambda do: do(_extract, handle, asked, writer, contact_sheet=False),
        "5 minutes of sound": lambda do: do(decode_sound, sound, "sound", run),
        "picture of 1280×720": lambda do: do(open_picture, picture, "picture"),
        "facts of the video": lambda do: do(examine, video, "video"),
    }
    first = await _first(run, video)
    print("| what | in this process | sandbox | ratio (reach 1.15) | ordinary process with limits | ratio |")
    print("|---|---|---|---|---|---|")
    for name, job in jobs.items():
        taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for number in range(rounds + 2):
            for kind in KINDS:
                seconds = await _timed(kind, job, run)
                if number >= 2:  # by then all is imported and read once
                    taken[kind].append(seconds)
        here, sandbox, ordinary = (taken[kind] for kind in KINDS)
        print(
            f"| {name} | {_ms(here)} | {_ms(sandbox)} | {_ratio(sandbox, here)} | {_ms(ordinary)} "
            f"| {_ratio(ordinary, here)} |"
        )
    print(f"\nFirst call of a process: {', '.join(f'{kind} {seconds:.2f} s' for kind, seconds in first.items())}")
    run.library.close()


async def _first(run: Run, video: Path) -> dict[str, float]:
    taken = {}
    for kind in KINDS[1:]:
        decoders.end_all()
        taken[kind] = await _timed(kind, lambda do: do(examine, video, "video"), run)
    return taken


async def _timed(kind: str, job: Job, run: Run) -> float:
    started = time.perf_counter()
    if kind == "in this process":
        await job(run.thread)
    else:
        with _confined(kind == "sandbox"):
            await job(run.decode)
    return time.perf_counter() - started


class _confined:
    """Have media opened in a sandbox, or not."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._usual = decoders.is_confined

    def __enter__(self) -> None:
        decoders.is_confined = lambda settings: self._wanted

    def __exit__(self, *error: object) -> None:
        decoders.is_confined = self._usual


def _ms(seconds: list[float]) -> str:
    return f"{1000 * statistics.median(seconds):.1f} ms"


def _ratio(some: list[float], others: list[float]) -> str:
    return f"{statistics.median(one / other for one, other in zip(some, others, strict=True)):.2f}"


def _sound(folder: Path) -> Path:
    import wave

    import numpy as np

    path, rate = folder / "sound.wav", 48_000
    samples = (8000 * np.sin(np.arange(300 * rate) * 0.05)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def _picture(folder: Path) -> Path:
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)
    Image.fromarray(noise).resize((1280, 720)).save(folder / "picture.jpg", quality=90)
    return folder / "picture.jpg"


if __name__ == "__main__":
    main()
