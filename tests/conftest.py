"""Fixtures that every test may ask for."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

from sensorium.tools.base import secrets
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

# What a developer has set for work must not change what the tests find, nor let them reach a paid endpoint.
_KEPT = {"SENSORIUM_MCP_SUITE", "SENSORIUM_SAMPLES"}
_DROPPED = ("SENSORIUM_", "OPENAI_", "HF_", "LANGCHAIN_", "LANGSMITH_")
for _name in set(os.environ) - _KEPT:
    if _name.startswith(_DROPPED) or _name.lower().endswith("_proxy"):
        del os.environ[_name]

# Nor must a model that was downloaded on this machine; no such folder is made.
os.environ["HF_HUB_CACHE"] = str(Path(tempfile.gettempdir()) / "sensorium-tests-have-no-models")

# A loaded machine is slow, and what fails once must fail again.
hypothesis.settings.register_profile("here", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("here")

ROOT = Path(__file__).parent.parent
SAMPLES = Path(os.environ.get("SENSORIUM_SAMPLES") or ROOT.parent / "shared" / "samples")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell why tests failed that passed when they were run once more."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at first: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


def load(name: str) -> ModuleType:
    """Load a helper module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(f"sensorium_test_{name}", Path(__file__).parent / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _forgetting() -> Iterator[None]:
    """Strike no key of another test: it would hold back the letters of a stream that it begins with."""
    before = dict(secrets._known)
    yield
    secrets._known.clear()
    secrets._known.update(before)


secrets_of_a_module = pytest.fixture(scope="module", autouse=True)(_forgetting)
secrets_of_a_test = pytest.fixture(autouse=True)(_forgetting)


@pytest.fixture(scope="session")
def making() -> ModuleType:
    """The makers of small media, `tests/making.py`."""
    return load("making")


@pytest.fixture(scope="session")
def broken() -> ModuleType:
    """The makers of damaged, rare and hostile media, `tests/broken.py`."""
    return load("broken")


@pytest.fixture(scope="session")
def measuring() -> ModuleType:
    """What tells the frames and the sound of an edited film, `tests/measuring.py`."""
    return load("measuring")


@pytest.fixture(scope="session")
def credited() -> ModuleType:
    """What gets credentials, and what is read back of those, `tests/credited.py`."""
    return load("credited")


@pytest.fixture(scope="session")
def tiny_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Whisper model of random numbers, `tests/tiny_whisper.py`."""
    folder: Path = load("tiny_whisper").tiny_whisper(tmp_path_factory.mktemp("models") / "tiny-random-whisper")
    return folder


@pytest.fixture(scope="session")
def script(loopback: ModuleType) -> ModuleType:
    """What a scripted chat completions server can say, `tests/scripted.py`."""
    return load("scripted")


@pytest.fixture(scope="session")
def eyes() -> ModuleType:
    """Reads what a scripted model that sees was sent, `tests/eyes.py`."""
    return load("eyes")


@pytest.fixture(scope="session")
def atelier() -> ModuleType:
    """A maker that gives what a test puts into it, `tests/atelier.py`."""
    return load("atelier")


@pytest.fixture(scope="session")
def killing() -> ModuleType:
    """A run with paid calls whose process is killed at any boundary, `tests/killing.py`."""
    return load("killing")


@pytest.fixture(scope="session")
def job_server() -> ModuleType:
    """A job API on loopback with faults on demand, `tests/job_server.py`."""
    return load("job_server")


@pytest.fixture(scope="session")
def job_documents() -> ModuleType:
    """Job APIs on loopback that answer as their documents say, `tests/job_documents.py`."""
    return load("job_documents")


@pytest.fixture
def server(script: ModuleType) -> Iterator[Any]:
    """A scripted chat completions server on loopback."""
    with script.serving() as running:
        yield running


@pytest.fixture(scope="session")
def loopback() -> ModuleType:
    """Runs a server in a thread, `tests/loopback.py`; those below import it as `sensorium_test_loopback`."""
    return load("loopback")


@pytest.fixture(scope="session")
def openai_media(loopback: ModuleType) -> ModuleType:
    """OpenAI's images and what is like them, on loopback, `tests/openai_media_server.py`."""
    return load("openai_media_server")


@pytest.fixture(scope="session")
def webui_media(loopback: ModuleType) -> ModuleType:
    """Stable Diffusion WebUI on loopback, `tests/webui_server.py`."""
    return load("webui_server")


@pytest.fixture(scope="session")
def comfyui_media(loopback: ModuleType) -> ModuleType:
    """ComfyUI on loopback, `tests/comfyui_server.py`."""
    return load("comfyui_server")


@pytest.fixture(scope="session")
def heavy() -> frozenset[str]:
    """The packages that may be imported only by what needs them."""
    agent = {"langgraph", "langchain_core", "langchain", "openai"}
    pictures = {"av", "cv2", "numpy", "PIL", "matplotlib", "scenedetect", "rapidocr", "onnxruntime"}
    local = {"torch", "diffusers", "transformers", "accelerate", "safetensors"}
    making = {"c2pa", "mido", "jmespath"}
    speech = {"faster_whisper", "ctranslate2", "pocketsphinx", "espeakng_loader"}
    return frozenset(agent | pictures | speech | local | making)


@pytest.fixture(scope="session")
def modules_after() -> Callable[[str], set[str]]:
    """Return the names in `sys.modules` after some code in a fresh interpreter."""

    def run(code: str) -> set[str]:
        printing = "import sys, json; print('\\n' + json.dumps(list(sys.modules)))"
        command = [sys.executable, "-c", f"{code}\n{printing}"]
        ended = subprocess.run(command, check=True, capture_output=True, text=True)
        return set(json.loads(ended.stdout.splitlines()[-1]))

    return run


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an empty home of their own and no network."""
    return Settings(home=tmp_path / "home", offline=True)


@pytest.fixture(scope="session")
def environment() -> Callable[[Path], dict[str, str]]:
    """Return the environment of a process with this home and no network."""
    return lambda home: {**os.environ, "SENSORIUM_HOME": str(home), "SENSORIUM_OFFLINE": "1"}


@pytest.fixture
def run(settings: Settings) -> Iterator[Run]:
    """A run in an empty library."""
    opened = Run.open(settings)
    yield opened
    opened.library.close()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real media with ground truth; tests that need it are skipped where it is not."""
    if not SAMPLES.is_dir():
        pytest.skip("the media samples are not beside the checkout")
    return SAMPLES


@pytest.fixture(scope="session")
def npm_modules() -> Path:
    """The folder of the packages that check from outside; without them the test is skipped, on CI it fails."""
    default = Path(__file__).parent / "mcp_server" / "node" / "node_modules"
    folder = Path(os.environ.get("SENSORIUM_MCP_SUITE") or default).absolute()
    if (folder / ".bin" / "node").exists():
        return folder
    missing = f"the conformance suite and the Inspector are not in {str(folder)!r}: `make suite` installs them"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{missing}, and on CI nothing is left out")
    pytest.skip(missing)


@pytest.fixture(scope="session")
def needs_program() -> Callable[..., str]:
    """Return the path of an optional program, by any of its names; without it the test is skipped, on CI it fails."""

    def find(*names: str) -> str:
        if path := next(filter(None, map(shutil.which, names)), None):
            return path
        missing = f"{names[0]!r} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing}, and on CI nothing is left out")
        pytest.skip(missing)

    return find
