"""The wheel: built, installed into an empty environment, and run from a folder with its own `agent/` and `tools/`."""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from mcp import Client, StdioServerParameters

ROOT = Path(__file__).parent.parent
PACKAGES = ("agent", "mcp_server", "prompts", "tools")
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves folders behind, and an old one may be lying in the checkout."""
    source = tmp_path_factory.mktemp("source")
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, source)
        elif path.name in PACKAGES:
            shutil.copytree(path, source / path.name, ignore=shutil.ignore_patterns("__pycache__"))
    target = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    command = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(target), str(source)]
    subprocess.run(command, check=True)
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel, which sees what is installed here (tests have no network)."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=False, symlinks=sys.platform != "win32")
    python = folder / SCRIPTS / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, str(wheel)], check=True)
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    # A folder named in a .pth file is searched, and its own .pth files are not read: the checkout stays out of sight.
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A project of the user's that happens to have the same folder names."""
    for name in (*PACKAGES, "tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the wrong package')", encoding="utf-8")
    return tmp_path


@pytest.fixture
def run_there(installed: Path, elsewhere: Path, environment: Callable[[Path], dict[str, str]]) -> Run:
    """Run a program of the new environment in that project."""

    def run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(installed / SCRIPTS / program), *arguments],
            cwd=elsewhere, env=environment(elsewhere / "home"),
            check=True, capture_output=True, text=True, encoding="utf-8",
        )  # fmt: skip

    return run


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("sensorium/")}
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == {f"sensorium/{name}" for name in (*there, "__init__.py", "__main__.py", "py.typed")}


def test_the_installed_package_is_the_wheel(installed: Path, run_there: Run) -> None:
    ended = run_there("python", "-c", "import sensorium.agent; print(sensorium.agent.__file__)")
    assert Path(ended.stdout.strip()).is_relative_to(installed)


@pytest.mark.parametrize("program", [("sensorium",), ("python", "-m", "sensorium")])
def test_it_runs_from_a_folder_with_its_own_agent_and_tools(run_there: Run, program: tuple[str, ...]) -> None:
    assert "summarize_text" in run_there(*program, "tools").stdout
    arguments = json.dumps({"text": "It rains. The rain fills the lake. The lake feeds the river."})
    ended = run_there(*program, "tool", "summarize_text", arguments, "--json")
    answer = json.loads(ended.stdout)
    assert answer["ok"] is True
    assert list(answer) == ["ok", "result", "artifacts", "cached", "cost_usd", "seconds"]


async def test_the_server_runs_from_there_with_its_prompts_and_its_workers(
    installed: Path, elsewhere: Path, making: ModuleType, environment: Callable[[Path], dict[str, str]]
) -> None:
    making.slide("A slide", width=160, height=90).save(elsewhere / "slide.png")
    server = StdioServerParameters(
        command=str(installed / SCRIPTS / "sensorium-mcp"),
        args=["--allow-dir", "."],
        env=environment(elsewhere / "home"),
        cwd=str(elsewhere),
    )
    async with Client(server) as client:
        prompt = await client.get_prompt("video_report", {"path": "talk.mp4", "language": "zh"})
        assert "talk.mp4" in getattr(prompt.messages[0].content, "text", "")
        seen = await client.call_tool("probe_media", {"media": "slide.png"})
        assert seen.structured_content and seen.structured_content["width_pixels"] == 160
