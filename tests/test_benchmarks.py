"""The benchmarks: where they find their media, and that they count right. Their figures are measured by hand."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of the benchmarks' folder, which is no package."""
    monkeypatch.syspath_prepend(str(FOLDER))
    known = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - known:
        if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_cuts_are_found_within_one_frame(load: Callable[[str], ModuleType]) -> None:
    film = load("videos").Made(Path("film.mp4"), [2.0, 5.0, 9.0])
    score = load("films").match([2.04, 5.0, 5.2, 8.9], film)
    assert (score.found, score.true, score.extra, score.given) == (2, 3, 2, 4)
    assert (score.recall, score.precision) == (2 / 3, 0.5)
    assert score.worst_frames == pytest.approx(1.0)
    nothing = load("films").match([], film)
    assert (nothing.recall, nothing.precision, nothing.extra) == (0, 0, 0)


def test_a_frame_that_is_missing_is_wrong(
    load: Callable[[str], ModuleType], making: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    frames = load("frames")
    monkeypatch.setattr(frames, "frames_at", lambda *given, **more: iter(()))
    assert frames.wrong("film.mp4", 1) == frames.RANDOM_TIMES
    with pytest.raises(AssertionError):
        frames.sixteen_exact("film.mp4", 60)
    short = making.video(tmp_path / "short.mp4", lambda n: making.slide("one"), seconds=1, fps=10)
    assert frames.opencv_wrong(str(short), 60) == frames.RANDOM_TIMES


def test_a_run_that_ended_before_it_could_be_killed_is_not_counted(load: Callable[[str], ModuleType]) -> None:
    resume = load("resume")
    code = [sys.executable, "-c", "import time; time.sleep({})"]
    assert resume.killed([*code[:2], code[2].format(60)], dict(os.environ), after_seconds=0.2)
    assert not resume.killed([*code[:2], code[2].format(0)], dict(os.environ), after_seconds=5)


def test_what_a_job_imports_is_no_part_of_its_cost(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(FOLDER)!r})\n"
        "from apart import apart, serve\n"
        "def loaded():\n"
        "    return [one for one in ('av', 'cv2', 'numpy', 'scenedetect') if one in sys.modules]\n"
        "serve(loaded)\n"
        "print(apart(loaded).value)\n"
    )
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.strip() == "['av', 'cv2', 'numpy', 'scenedetect']"


@pytest.mark.parametrize("script", ["report.py", "mcp_server.py"])
def test_the_samples_lie_where_the_environment_says(tmp_path: Path, script: str) -> None:
    env = {**os.environ, "SENSORIUM_SAMPLES": str(tmp_path)}
    command = [sys.executable, str(FOLDER / script)]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Give a video")
