"""Compose films of 30 seconds and of 5 minutes at 720p: moving pictures, captions, narration and music.

python benchmarks/compose.py [--quick]

With `--quick` the long film has 1 minute. Where there is an `ffmpeg` program, the same pictures are also made a film of
by its `zoompan` filter, with `drawtext` captions, in the same run; the music and the narration are the same.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from measure import Measured, measure

from sensorium.tools.base.call import call
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

SCENE_SECONDS = 5
PICTURES = 6
WORDS = "A caption that stands at the lower edge of the picture"
FPS = 25


def main() -> None:
    if sys.argv[1:2] == ["--make"]:
        made(Path(sys.argv[2]), int(sys.argv[3]))
        return
    lengths = (30, 60 if "--quick" in sys.argv else 300)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        material(folder, max(lengths))
        print("1280×720 at 25 frames a second; a picture every 5 s, fades, captions, narration, music\n")
        print("| what | film | real time | peak memory of all processes, MB (shared pages counted in each) |")
        print("|---|---|---|---|")
        for seconds in lengths:
            command = [sys.executable, __file__, "--make", str(folder), str(seconds)]
            home = folder / f"home-{seconds}"
            env = {**os.environ, "SENSORIUM_HOME": str(home), "SENSORIUM_OFFLINE": "1"}
            cost = measure(command, env=env)
            row("`compose_video`", seconds, cost)
        program = shutil.which("ffmpeg")
        if program is None:
            print("\nNo `ffmpeg` program is here to compare with.")
            return
        for seconds in lengths:
            by_ffmpeg = measure(by_program(program, folder, seconds), env=dict(os.environ))
            row("`ffmpeg` with `zoompan`", seconds, by_ffmpeg)


def row(what: str, seconds: int, cost: Measured) -> None:
    if cost.code:
        print(f"| {what} | {seconds} s | failed: {cost.stderr.strip()[-300:]} | |")
        return
    pace, peak = seconds / cost.wall_seconds, cost.peak_bytes / 1e6
    print(f"| {what} | {seconds} s | {pace:.1f}× | {peak:.0f} |", flush=True)


def material(folder: Path, seconds: int) -> None:
    """Make pictures with something to see in them, a narration and music."""
    import wave

    import cv2
    import numpy as np

    random = np.random.default_rng(5)
    for number in range(PICTURES):
        rough = random.integers(0, 256, (90, 160, 3), dtype=np.uint8)
        picture = cv2.resize(rough, (2400, 1350), interpolation=cv2.INTER_CUBIC)
        grain = random.integers(0, 10, picture.shape, dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number}.jpg"), cv2.add(picture, grain), [cv2.IMWRITE_JPEG_QUALITY, 88])
    rate = 22_050
    at = np.arange(seconds * rate) / rate
    speech = 0.3 * np.sin(2 * np.pi * 180 * at) * (np.sin(2 * np.pi * 3 * at) > 0) * ((at % 5) < 4)
    tune = 0.2 * np.sin(2 * np.pi * 330 * at[: 20 * rate])
    for name, sound in (("narration", speech), ("music", tune)):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((sound * 32767).astype("<i2").tobytes())


def made(folder: Path, seconds: int) -> None:
    """Compose a film, as a process of its own."""
    scenes = [
        {"picture": str(folder / f"{number % PICTURES}.jpg"), "seconds": SCENE_SECONDS, "caption": f"{WORDS} {number}"}
        for number in range(seconds // SCENE_SECONDS)
    ]
    run = Run.open(Settings(home=Path(os.environ["SENSORIUM_HOME"]), offline=True))
    # Half a second shorter than the film, as a narration is.
    sound = {"music": str(folder / "music.wav")}
    film = asyncio.run(call("compose_video", {"scenes": scenes, **sound, **narration(folder, seconds)}, run))
    assert abs(film.seconds - seconds) < 0.1, film.seconds


def narration(folder: Path, seconds: int) -> dict[str, str]:
    """Return the narration of a film: the first part of the longest one."""
    import wave

    path = folder / f"narration-{seconds}.wav"
    with wave.open(str(folder / "narration.wav"), "rb") as whole, wave.open(str(path), "wb") as part:
        part.setparams(whole.getparams())
        part.writeframes(whole.readframes(int((seconds - 0.5) * whole.getframerate())))
    return {"narration": str(path)}


def by_program(program: str, folder: Path, seconds: int) -> list[str]:
    """Return the command that makes such a film by ffmpeg's own filters."""
    narration(folder, seconds)
    inputs: list[str] = []
    graph: list[str] = []
    count = seconds // SCENE_SECONDS
    for number in range(count):
        inputs += ["-i", str(folder / f"{number % PICTURES}.jpg")]
        graph.append(
            f"[{number}:v]zoompan=z='1+0.2*on/{SCENE_SECONDS * FPS}':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2'"
            f":d={SCENE_SECONDS * FPS}:s=1280x720:fps={FPS},"
            f"drawtext=text='{WORDS} {number}':fontsize=40:fontcolor=white:borderw=3:x=(w-tw)/2:y=h-90[v{number}]"
        )
    graph.append("".join(f"[v{number}]" for number in range(count)) + f"concat=n={count}:v=1:a=0[v]")
    graph.append(
        f"[{count}:a]asplit[say][key];[{count + 1}:a][key]sidechaincompress=threshold=0.02:ratio=8[soft];"
        "[say][soft]amix=inputs=2:duration=first,loudnorm=I=-16:TP=-1[a]"
    )
    sounds = ["-i", str(folder / f"narration-{seconds}.wav"), "-stream_loop", "-1", "-i", str(folder / "music.wav")]
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    out = ["-t", str(seconds), "-movflags", "+faststart", str(folder / f"program-{seconds}.mp4")]
    head = [program, "-nostdin", "-y", "-v", "error", *inputs, *sounds]
    return [*head, "-filter_complex", ";".join(graph), "-map", "[v]", "-map", "[a]", *coding, *out]


if __name__ == "__main__":
    main()
