"""Find the cuts of 720p video: CPU seconds a minute, and how many cuts are found, missed and invented.

python benchmarks/scenes.py [--quick]

With `--quick` the videos have 2 minutes instead of 10. They are made once and kept in the temporary folder.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from apart import Cost, a_run, apart, serve
from films import extent, films, full_decode, match
from videos import FPS, Made, slides

from sensorium.tools.base.call import call
from sensorium.tools.base.groups import scan_groups


def material() -> dict[str, Made]:
    quick = "--quick" in sys.argv
    seconds, count = extent(quick=quick)
    at_cuts, fixed = films(quick=quick)
    return {
        "mixed shots, key frames at cuts": at_cuts,
        "mixed shots, fixed groups of 5 s": fixed,
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
        full = apart(full_decode, path)
        values = {"seconds": full.value / FPS, "decoded": full.value, "cuts": None}
        _row(name, "full decode by PyAV, for comparison", replace(full, value=values), made)


def _row(name: str, method: str, cost: Cost, made: Made) -> None:
    seconds, decoded, cuts = cost.value["seconds"], cost.value["decoded"], cost.value["cuts"]
    found = extra = worst = ""
    if cuts is not None:
        score = match(cuts, made)
        found, extra, worst = f"{score.found} of {score.true}", str(score.extra), f"{score.worst_frames:.1f}"
    each = cost.cpu_seconds * 60 / seconds
    print(
        f"| {name} | {method} | {each:.2f} | {found} | {extra} | {worst} | {decoded} | {cost.peak_mb:.0f} |", flush=True
    )


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


if __name__ == "__main__":
    main()
