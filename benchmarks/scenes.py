"""Find the cuts of 720p video: CPU seconds a minute, and how many cuts are found, missed and invented.

python benchmarks/scenes.py [--quick]

With `--quick` the videos have 2 minutes instead of 10. They are made once and kept in the temporary folder.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from apart import Cost, apart, serve
from videos import FPS, Made, shots, slides

from sensorium.tools.base.call import call
from sensorium.tools.base.groups import scan_groups
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

FIXED = {"sc_threshold": "0", "g": "125", "keyint_min": "125"}


def material() -> dict[str, Made]:
    quick = "--quick" in sys.argv
    seconds, count = (120, 14) if quick else (600, 40)
    return {
        "mixed shots, key frames at cuts": shots("cut", seconds=seconds, count=count, sound=True),
        "mixed shots, fixed groups of 5 s": shots("fixed", seconds=seconds, count=count, sound=True, **FIXED),
        "slide talk, key frames at cuts": slides("talk", seconds=seconds, count=count // 2),
    }


def main() -> None:
    serve(scan, key_frames, every_frame, full_decode)
    print("1280×720 H.264 (x264 veryfast), 25 frames a second; one process each\n")
    print("| video | method | CPU s a minute | found | extra | worst error, frames | frames decoded | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    for name, made in material().items():
        path = str(made.path)
        _row(name, "reading packets, decoding key frames", apart(scan, path), made)
        _row(name, "`find_scenes`", apart(key_frames, path), made)
        _row(name, "`find_scenes` exact (PySceneDetect)", apart(every_frame, path), made)
        _row(name, "full decode by PyAV, for comparison", apart(full_decode, path), made)


def _row(name: str, method: str, cost: Cost, made: Made) -> None:
    seconds, decoded, cuts = cost.value["seconds"], cost.value["decoded"], cost.value["cuts"]
    found = extra = worst = ""
    if cuts is not None:
        errors = [min((abs(cut - true) * FPS for cut in cuts), default=1e9) for true in made.cuts_seconds]
        near = [error for error in errors if error <= 1.01]
        found = f"{len(near)} of {len(errors)}"
        extra = sum(all(abs(cut - true) * FPS > 1.01 for true in made.cuts_seconds) for cut in cuts)
        worst = f"{max(near, default=0):.1f}"
    each = cost.cpu_seconds * 60 / seconds
    print(
        f"| {name} | {method} | {each:.2f} | {found} | {extra} | {worst} | {decoded} | {cost.peak_mb:.0f} |", flush=True
    )


def a_run() -> Run:
    return Run.open(Settings(home=Path(tempfile.mkdtemp()), offline=True))


def scan(path: str) -> dict[str, object]:
    from sensorium.tools.base.footage import open_video

    with open_video(Path(path), "video") as footage:
        groups = list(scan_groups(footage, a_run()))
        return {"seconds": groups[-1].end_seconds, "decoded": footage.decoded, "cuts": None}


def key_frames(path: str) -> dict[str, object]:
    return _scenes(path, exact=False)


def every_frame(path: str) -> dict[str, object]:
    return _scenes(path, exact=True)


def _scenes(path: str, *, exact: bool) -> dict[str, object]:
    found = asyncio.run(call("find_scenes", {"media": path, "exact": exact}, a_run()))
    cuts = [scene.start_seconds for scene in found.scenes[1:]]
    return {"seconds": found.scenes[-1].end_seconds, "decoded": found.coverage.frames, "cuts": cuts}


def full_decode(path: str) -> dict[str, object]:
    import av

    with av.open(path) as container:
        frames = sum(1 for _ in container.decode(video=0))
    return {"seconds": frames / FPS, "decoded": frames, "cuts": None}


if __name__ == "__main__":
    main()
