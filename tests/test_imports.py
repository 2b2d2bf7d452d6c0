"""What is imported when, and who may import whom."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
After = Callable[[str], set[str]]


@pytest.mark.parametrize("arguments", [["--help"], ["tools"], ["run", "--help"]])
def test_the_quick_commands_import_nothing_heavy(
    modules_after: After, heavy: frozenset[str], arguments: list[str]
) -> None:
    code = (
        "from contextlib import suppress; from sensorium.agent.cli import main\n"
        f"with suppress(SystemExit): main({arguments!r})"
    )
    after = modules_after(code)
    assert "sensorium" in after
    assert after & (heavy | {"pydantic", "asyncio", "sqlite3"}) == set()


def test_loading_every_tool_imports_nothing_heavy(modules_after: After, heavy: frozenset[str]) -> None:
    code = "from sensorium.tools import catalog; [(one.input_schema, one.output_schema) for one in catalog().values()]"
    assert modules_after(code) & heavy == set()


def test_loading_every_tool_and_provider_module_imports_nothing_heavy(
    modules_after: After, heavy: frozenset[str]
) -> None:
    names = [
        ".".join(("sensorium", *path.relative_to(ROOT).with_suffix("").parts))
        for path in sorted((ROOT / "tools").rglob("*.py"))
        # What runs in the sandbox finds `channel` beside itself there.
        if path.name != "__init__.py" and "\nfrom channel import" not in path.read_text(encoding="utf-8")
    ]
    assert modules_after(f"import importlib\nfor name in {names!r}: importlib.import_module(name)") & heavy == set()


def test_the_face_imports_nothing(modules_after: After, heavy: frozenset[str]) -> None:
    assert modules_after("import sensorium") & (heavy | {"pydantic", "asyncio"}) == set()


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
