"""Cut parts out of a long film: how fast packets are copied, and how many frames a cut to the frame encodes.

python benchmarks/cutting.py [--quick]

With `--quick` the film has 12 minutes, else 60. Where the program `ffmpeg` is installed it does the same cuts.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from apart import a_run, median_of, serve
from videos import FPS, number_in, numbered

from sensorium.tools.base.call import call
from sensorium.tools.base.footage import open_video

GOP_FRAMES = 250
START_SECONDS = 33.4
"""Not at a key frame: they are 10 s apart."""


def main() -> None:
    serve(trimmed, by_ffmpeg)
    minutes = 12 if "--quick" in sys.argv else 60
    film = str(numbered(minutes))
    end = 60.0 * minutes - 47.2
    seconds = end - START_SECONDS
    print(
        f"{seconds / 60:.0f} of {minutes} minutes of 1280×720 H.264 at {FPS} frames a second; medians of 3 processes\n"
    )
    print("| what | wall s, × real time | CPU s | peak MB | frames encoded | wrong frames at the ends |")
    print("|---|---|---|---|---|---|")
    for name, exact in (("from the key frame before, nothing encoded", False), ("cut to the frame", True)):
        one = median_of(3, trimmed, film, START_SECONDS, end, exact)
        encoded, wrong = one.value
        speed = seconds / one.wall_seconds
        print(
            f"| `edit_media` trim, {name} | {one.wall_seconds:.2f}, {speed:,.0f}× | {one.cpu_seconds:.2f} "
            f"| {one.peak_mb:.0f} | {encoded} (one group: {GOP_FRAMES}) | {wrong} |"
        )
    if shutil.which("ffmpeg"):
        copied = median_of(3, by_ffmpeg, film, START_SECONDS, end, False)
        print(
            f"| ffmpeg `-c copy`, not proven by decoding | {copied.value:.2f}, {seconds / copied.value:,.0f}× | | | | |"
        )
        part = 60.0
        encoded = median_of(1, by_ffmpeg, film, START_SECONDS, START_SECONDS + part, True)
        speed = part / encoded.value
        print(f"| ffmpeg, one minute to the frame (`-preset veryfast`) | {encoded.value:.2f}, {speed:,.1f}× | | | | |")
    short = median_of(3, trimmed, str(numbered(1)), 3.4, 33.0, True)
    print(f"\nPeak memory of a cut out of one minute: {short.peak_mb:.0f} MB.")


def trimmed(path: str, start: float, end: float, exact: bool) -> tuple[int, int]:
    """Return how many frames were encoded, and how many of the first and last ones are not those of the source."""
    run = a_run()
    arguments = {"media": path, "task": "trim", "start_seconds": start, "end_seconds": end, "exact": exact}
    made = asyncio.run(call("edit_media", arguments, run))
    one = made.items[0]
    wrong = 0
    with open_video(run.path(one.file.handle), "made") as footage:
        for offset in (0.0, one.end_seconds - one.start_seconds - 1.0):
            for number, (at, frame) in enumerate(footage.frames(offset)):
                if number == FPS:
                    break
                wanted = round((one.start_seconds + at) * FPS) % (60 * FPS)
                wrong += number_in(footage.image(frame)) != wanted
    if exact:
        wrong += abs(one.start_seconds - start) > 0.5 / FPS
    return one.encoded_frames, wrong


def by_ffmpeg(path: str, start: float, end: float, exact: bool) -> float:
    """Return the wall seconds of the same cut by the program."""
    codec = ["-c:v", "libx264", "-preset", "veryfast"] if exact else ["-c", "copy"]
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "cut.mp4")
        command = ["ffmpeg", "-nostdin", "-v", "error", "-ss", str(start), "-to", str(end), "-i", path, *codec, target]
        started = time.perf_counter()
        subprocess.run(command, check=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
