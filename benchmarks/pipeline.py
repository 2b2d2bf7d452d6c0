"""From 720p video to its cuts, one picture a shot and 16 kHz sound, against decoding every frame.

python benchmarks/pipeline.py [--quick]

With `--quick` the videos have 2 minutes instead of 10. They are made once and kept in the temporary folder.
"""

import asyncio
import sys
from pathlib import Path

from apart import a_run, apart, serve
from films import extent, films, full_decode, match
from videos import FPS

from sensorium.tools.base.call import call
from sensorium.tools.base.sound import decode_sound

WIDTH_PIXELS = 512


def main() -> None:
    serve(ours, full_decode, today)
    quick = "--quick" in sys.argv
    seconds, count = extent(quick=quick)
    names = ("key frames at cuts (reach 0.5)", "fixed groups of 5 s (reach 1.0)")
    print(
        f"{seconds // 60} minutes of 1280×720 H.264 with AAC, {count} shots; pictures 512 px wide; one process each\n"
    )
    print("| video | way | CPU s | ratio to a full decode | recall | precision | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for name, made in zip(names, films(quick=quick), strict=True):
        path = str(made.path)
        full = apart(full_decode, path)
        print(
            f"| {name} | full decode of the picture by PyAV | {full.cpu_seconds:.1f} | 1.00 | | | {full.peak_mb:.0f} |"
        )
        for way, job in (("Sensorium", ours), ("OpenCV 1 fps + PySceneDetect + sound", today)):
            cost = apart(job, path)
            score = match(cost.value, made)
            ratio = cost.cpu_seconds / full.cpu_seconds
            print(
                f"| {name} | {way} | {cost.cpu_seconds:.1f} | {ratio:.2f} | {score.recall:.3f} | {score.precision:.3f} "
                f"| {cost.peak_mb:.0f} |",
                flush=True,
            )


def ours(path: str) -> list[float]:
    run = a_run()

    async def work() -> list[float]:
        found = await call("find_scenes", {"media": path}, run)
        scenes = [scene.model_dump() for scene in found.scenes]
        await call("extract_frames", {"media": path, "scenes": scenes, "width_pixels": WIDTH_PIXELS}, run)
        await run.thread(decode_sound, Path(path), "video", run)
        return [scene.start_seconds for scene in found.scenes[1:]]

    return asyncio.run(work())


def today(path: str) -> list[float]:
    """Do what scripts mostly do: one frame a second by OpenCV, PySceneDetect over all, the sound by PyAV."""
    import av
    import cv2
    from scenedetect import ContentDetector, detect

    video, number = cv2.VideoCapture(path), 0
    while video.grab():
        if number % FPS == 0:
            _, picture = video.retrieve()
            cv2.imencode(".jpg", cv2.resize(picture, (WIDTH_PIXELS, WIDTH_PIXELS * 9 // 16)))
        number += 1
    cuts = [start.seconds for start, _ in detect(path, ContentDetector())][1:]
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    with av.open(path) as container:
        for frame in container.decode(audio=0):
            resampler.resample(frame)
    return cuts


if __name__ == "__main__":
    main()
