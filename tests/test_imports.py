"""What is imported when, and who may import whom."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"langgraph", "langchain_core", "langchain", "openai", "av", "cv2", "numpy", "onnxruntime", "PIL", "matplotlib"}
HEAVY |= {"faster_whisper", "ctranslate2", "rapidocr", "pocketsphinx", "espeakng_loader", "scenedetect"}


def _modules_after(code: str) -> set[str]:
    """Return the top names in `sys.modules` after some code in a fresh interpreter."""
    printing = "import sys, json; print('\\n' + json.dumps(sorted({one.partition('.')[0] for one in sys.modules})))"
    ended = subprocess.run([sys.executable, "-c", f"{code}\n{printing}"], check=True, capture_output=True, text=True)
    return set(json.loads(ended.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["tools"], ["run", "--help"]])
def test_the_quick_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "from contextlib import suppress; from sensorium.agent.cli import main\n"
        f"with suppress(SystemExit): main({arguments!r})"
    )
    after = _modules_after(code)
    assert "sensorium" in after
    assert after & (HEAVY | {"pydantic", "asyncio", "sqlite3"}) == set()


def test_loading_every_tool_imports_nothing_heavy() -> None:
    code = "from sensorium.tools import catalog; [(one.input_schema, one.output_schema) for one in catalog().values()]"
    assert _modules_after(code) & HEAVY == set()


def test_loading_every_tool_and_provider_module_imports_nothing_heavy() -> None:
    names = [
        ".".join(("sensorium", *path.relative_to(ROOT).with_suffix("").parts))
        for path in sorted((ROOT / "tools").rglob("*.py"))
        if path.name != "__init__.py"
    ]
    assert _modules_after(f"import importlib\nfor name in {names!r}: importlib.import_module(name)") & HEAVY == set()


def test_the_face_imports_nothing() -> None:
    assert _modules_after("import sensorium") & (HEAVY | {"pydantic", "asyncio"}) == set()


@pytest.mark.parametrize(
    ("folder", "strangers"),
    [("prompts", {"tools", "agent", "mcp_server"}), ("tools", {"agent", "mcp_server"}), ("agent", {"mcp_server"})],
)
def test_dependencies_run_one_way(folder: str, strangers: set[str]) -> None:
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        here = ("sensorium", *path.relative_to(ROOT).parts[:-1])
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = here[: len(here) - node.level + 1] if node.level else ()
                module = ".".join([*base, *([node.module] if node.module else [])])
                names = [module, *(f"{module}.{one.name}" for one in node.names)]
            found += [(str(path), name) for name in names if name.split(".")[:1] == ["sensorium"]]
    assert [one for one in found if set(one[1].split(".")[1:2]) & strangers] == []
    assert folder == "prompts" or found
