"""The main job on a real talk: accuracy, wall, memory; then a second question about the same file.

    python benchmarks/report.py [VIDEO GROUND_TRUTH_JSON]

The ground truth has `slides`, each with `start`, `title` and `lines`. Without arguments it takes the talk among the
media samples (see `samples.py`).
"""

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import Measured, measure
from samples import TALK


def main() -> None:
    video, truth_file = (Path(one) for one in sys.argv[1:3]) if len(sys.argv) > 2 else _sample()
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "SENSORIUM_HOME": f"{folder}/home", "SENSORIUM_OFFLINE": "1"}
        out = Path(folder) / "out"
        first = _sensorium(["run", "Analyze this video and write a report", str(video), "-o", str(out)], env)
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
        second = _sensorium(["run", "What does the speaker say about energy, and when?", str(video)], env)
        shown = json.loads(_sensorium(["show", "last", "--json"], env).stdout)
        loaded = _loaded(video, env)
    seconds = report["coverage"]["seconds"]
    print("| what | figure |")
    print("|---|---|")
    print(
        f"| {video.name} ({seconds:.0f} s): wall | {first.wall_seconds:.1f} s = {first.wall_seconds / seconds:.2f} x |"
    )
    print(f"| CPU | {first.cpu_seconds:.1f} s |")
    print(f"| peak memory, all processes | {first.peak_bytes / 1e6:.0f} MB |")
    print(f"| slide changes: found, extra, worst error | {_changes(report, truth)} |")
    print(f"| slide text character error, spaces ignored | {_text_error(report, truth):.3f} |")
    print(f"| second question: wall, CPU | {second.wall_seconds:.2f} s, {second.cpu_seconds:.2f} s |")
    again = [step for step in shown["run"]["steps"] if not step["cached"]]
    print(f"| second question: steps that were not remembered | {[step['tool'] for step in again]} |")
    print(f"| second question: decoders and recognisers loaded | {loaded} |")


def _sensorium(arguments: list[str], env: dict[str, str]) -> Measured:
    done = measure([sys.executable, "-m", "sensorium", *arguments], env=env)
    if done.code:
        sys.exit(f"sensorium {' '.join(arguments)} ended with {done.code}:\n{done.stderr}")
    return done


def _changes(report: dict[str, Any], truth: dict[str, Any]) -> str:
    """Return how many slide changes were found within 0.2 s, how many more were reported, and the worst error."""
    true = [slide["start"] for slide in truth["slides"] if slide["start"] > 0]
    found = [one["start_seconds"] for one in report["moments"] if one["kind"] == "cut" and one["start_seconds"] > 0]
    errors = [min(abs(start - one) for one in found) if found else float("inf") for start in true]
    hits = sum(error <= 0.2 for error in errors)
    return f"{hits} of {len(true)}, {len(found) - hits}, {max(errors):.3f} s"


def _text_error(report: dict[str, Any], truth: dict[str, Any]) -> float:
    """Return the edits between the slides' true text and what was read on them, over the true letters.

    The ground truth leaves the page numbers in the slides' corners out, and so does this.
    """
    starts = [slide["start"] for slide in truth["slides"]]
    edits = letters = 0
    for slide, end in zip(truth["slides"], [*starts[1:], float("inf")], strict=True):
        texts = [
            one
            for one in report["moments"]
            if one["kind"] == "text"
            and not re.fullmatch(r"\d+/\d+", one["text"])
            and slide["start"] - 0.5 <= one["start_seconds"] < end - 0.5
        ]
        texts.sort(key=lambda one: (one["box"] or [0, 0])[1])
        read = "".join("".join(one["text"].split()) for one in texts)
        true = "".join("".join(line.split()) for line in [slide["title"], *slide["lines"]])
        edits += _distance(true, read)
        letters += len(true)
    return edits / letters


def _distance(a: str, b: str) -> int:
    """Return the Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def _loaded(video: Path, env: dict[str, str]) -> str:
    """Ask once more in a process of its own and return which decoders and recognisers it had imported at its end."""
    script = (
        "import asyncio, sys\n"
        "from sensorium import run\n"
        "asyncio.run(run('What is said about work?', sys.argv[1]))\n"
        "heavy = {'av', 'cv2', 'rapidocr', 'onnxruntime', 'pocketsphinx', 'faster_whisper', 'numpy'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}) or 'none')\n"
    )
    return measure([sys.executable, "-c", script, str(video)], env=env).stdout.strip()


def _sample() -> tuple[Path, Path]:
    if not TALK.is_file():
        sys.exit("Give a video and its ground truth: python benchmarks/report.py VIDEO GROUND_TRUTH_JSON")
    return TALK, TALK.with_suffix(".json")


if __name__ == "__main__":
    main()
