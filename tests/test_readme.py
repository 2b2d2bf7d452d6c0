"""Every command and code block of the documents is run, in order, in one folder; so is every example.

Three kinds of lines would repeat the tests inside the tests or need the network. They are run in another form:
`make demo` and `make test` as `make --dry-run`, `python3 -m venv` as it is, and the pip of that environment as the pip
of the tests, which installs the checkout without its dependencies into a folder.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Any fence of Markdown, with whatever stands behind it: what is not seen here is not run.
_BLOCK = re.compile(r"^ *(`{3,}|~{3,})([^\n]*)\n(.*?)^ *\1 *$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (page.name, kind.strip(), code)
    for page in PAGES
    for _, kind, code in _BLOCK.findall(page.read_text(encoding="utf-8"))
]
DRAWINGS = {("architecture.md", "request + files"), ("architecture.md", "validate the arguments")}
"""The flow of data, which is no code: page and beginning."""
Shell = Callable[[str], "subprocess.CompletedProcess[str]"]
EXAMPLES = {
    "one_tool.py": ["talk.mp4"],
    "watch.py": ["talk.mp4"],
    "folder.py": ["videos", "reports"],
    "explainer.py": ["notes.md", "explained"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> Path:
    """A folder with the files that the documents speak of."""
    folder = tmp_path_factory.mktemp("readme")
    slides = [
        making.slide("The plan\nfor the next quarter", width=1280, height=720),
        making.slide("Revenue grew\nby 12 percent", width=1280, height=720, colour="navy", ink="white"),
    ]
    making.video(folder / "talk.mp4", lambda n: slides[n // 60], seconds=12, sound=making.tone(12))
    slides[0].save(folder / "slide.png")
    slides[1].save(folder / "other.png")
    (folder / "talk.py").write_text("print(sum(range(10)))\n", encoding="utf-8")
    (folder / "notes.md").write_text("# Tea\n\n## Water\n\nIt must be hot.\n", encoding="utf-8")
    (folder / "videos").mkdir()
    shutil.copy(folder / "talk.mp4", folder / "videos")
    return folder


@pytest.fixture
def shell(place: Path, environment: Callable[[Path], dict[str, str]]) -> Shell:
    """Run a command in that folder, with the programs of the tests."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**environment(place / "home"), "PATH": path}
    return lambda command: subprocess.run(
        ["bash", "-euc", command], cwd=place, env=env, capture_output=True, text=True, encoding="utf-8", check=False
    )


def _runnable(line: str, place: Path) -> str:
    """Return a line as it is run here; see the top of this file."""
    if line.startswith("make "):
        return f"make --dry-run -C '{ROOT}' {line.removeprefix('make ').split('#')[0]}"
    if line.startswith(".venv/bin/pip install "):
        wheel = f"'{sys.executable}' -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation"
        return f"{wheel} -w '{place / 'wheels'}' '{place / 'source'}'"
    return line.replace(".venv/bin/", "")


@pytest.mark.skipif(sys.platform == "win32", reason="the documents speak to a POSIX shell")
def test_every_command_of_the_documents_works(place: Path, shell: Shell) -> None:
    commands = [line for _, kind, code in BLOCKS if kind == "sh" for line in code.splitlines()]
    assert len(commands) > 20
    shutil.copytree(ROOT, place / "source", ignore=shutil.ignore_patterns(".*", "build", "out", "tests"))
    failed = []
    for line in commands:
        ended = shell(_runnable(line, place))
        if ended.returncode:
            failed.append(f"{line} -> {ended.returncode}\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")
    assert failed == []
    assert {"report.html", "report.md", "report.json", "talk.mp4"} <= {one.name for one in (place / "out").iterdir()}
    assert (place / "out" / "demo" / "report.html").exists()


def test_every_piece_of_python_in_the_documents_runs(place: Path, shell: Shell) -> None:
    pieces = [code for _, kind, code in BLOCKS if kind == "python"]
    assert pieces
    for piece in pieces:
        (place / "piece.py").write_text(piece, encoding="utf-8")
        ended = shell("python piece.py")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.startswith("done ")


def test_every_example_runs(place: Path, shell: Shell) -> None:
    assert {one.name for one in (ROOT / "examples").glob("*.py")} == set(EXAMPLES)
    for name, arguments in EXAMPLES.items():
        ended = shell(f"python '{ROOT / 'examples' / name}' {' '.join(arguments)}")
        assert (ended.returncode, ended.stderr) == (0, ""), name
        assert ended.stdout
    assert (place / "reports" / "talk" / "report.html").exists()


def test_every_code_block_has_a_language_that_is_checked() -> None:
    fences = [line for page in PAGES for line in re.findall(r"^ *(?:```|~~~)", page.read_text("utf-8"), re.MULTILINE)]
    assert len(fences) == 2 * len(BLOCKS)
    unchecked = [(page, code) for page, kind, code in BLOCKS if kind not in ("sh", "python")]
    drawings = {(page, start) for page, code in unchecked for _, start in DRAWINGS if code.startswith(start)}
    assert (len(unchecked), drawings) == (len(DRAWINGS), DRAWINGS)
