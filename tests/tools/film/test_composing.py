"""Composing takes as much memory for a long film as for a short one."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

# As a process of its own: the peak is that of its whole life.
COMPOSE = """
import sys
from pathlib import Path
from sensorium.tools.base.outputs import OutputFile
from sensorium.tools.film.captions import draw_caption, face_for
from sensorium.tools.film.composing import compose
from sensorium.tools.film.shots import Film, Line, Shot, Strip

class Run:
    def path(self, handle): return Path(handle)
    def progress(self, fraction, note): pass
    def check(self): pass

folder, seconds = Path(sys.argv[1]), int(sys.argv[2])
size = {"width_pixels": 320, "height_pixels": 180}
face, _ = face_for("Hello")
picture, clip, music = (str(folder / name) for name in ("picture.png", "clip.mp4", "music.wav"))
shots, lines, strips = [], [], []
for at in range(0, seconds, 2):
    kind = "clip" if at % 8 == 6 else "picture"
    shots.append(Shot(kind=kind, handle=clip if kind == "clip" else picture, name="x", start_seconds=at, seconds=2,
                      fade_seconds=0.5 if at else 0, move="in"))
    drawn = draw_caption(f"Hello {at}", face, **size)
    lines.append(Line(start_seconds=at, end_seconds=at + 1.5, text=f"{at}", drawn=drawn))
    strips.append(Strip(kind="music", handle=music, name="x", at_seconds=at, seconds=2))
film = Film(**size, frames_per_second=10, seconds=seconds, shots=tuple(shots), lines=tuple(lines), strips=tuple(strips),
            has_soft_lines=True)
done = compose(film, [], OutputFile(path=folder / f"{seconds}.mp4", max_bytes=1 << 30), Run())
assert done.frames == 10 * seconds
for line in open("/proc/self/status"):
    if line.startswith("VmHWM:"):
        print(line.split()[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from proc")
def test_memory_does_not_grow_with_the_length_of_a_film(making: ModuleType, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    Image.fromarray(random.integers(0, 256, (270, 480, 3), np.uint8)).save(tmp_path / "picture.png")
    making.wav(tmp_path / "music.wav", making.tone(2))
    making.video(tmp_path / "clip.mp4", lambda n: Image.new("RGB", (320, 180), (n * 5, 90, 90)), seconds=3)

    def peak_megabytes(seconds: int) -> float:
        command = [sys.executable, "-c", COMPOSE, str(tmp_path), str(seconds)]
        told = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ})
        return int(told.stdout) / 1024

    # What libraries keep for themselves settles within the first film's length.
    short, long = peak_megabytes(10), peak_megabytes(40)
    assert long - short < 12, (short, long)
