"""The protocol's own conformance suite, against our server with the tools that the suite calls by name."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SCENARIOS = {"2025-11-25": 33, "2026-07-28": 50}
UNSCORED = {
    "2025-11-25": {"json-schema-2020-12", "server-session-lifecycle", "server-sse-polling"},
    "2026-07-28": {"json-schema-2020-12", "http-header-validation", "http-custom-header-server-validation"},
}
"""What the suite runs beside the scenarios that decide, without those for tasks."""
TASK_CHECKS = {
    "tasks-lifecycle": 9,
    "tasks-capability-negotiation": 5,
    "tasks-wire-fields": 4,
    "tasks-request-state-removal": 3,
    "tasks-mrtr-input": 4,
    "tasks-request-headers": 5,
    "tasks-dispatch-and-envelope": 9,
    "tasks-required-task-error": 3,
    "tasks-mrtr-composition": 2,
    "tasks-status-notifications": 0,
}
"""How much each scenario of the Tasks extension checks when nothing cuts it short: 44 in all, the last nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Our server with the tools that the suite calls by name."""
    home = tmp_path_factory.mktemp("conformance")
    command = [sys.executable, str(HERE / "conformance_server.py"), str(home)]
    with (home / "log").open("w") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process:
        try:
            assert process.stdout
            port = process.stdout.readline().decode().strip()
            assert port, (home / "log").read_text()
            yield f"http://localhost:{port}/mcp"
            assert process.poll() is None, (home / "log").read_text()
        finally:
            process.terminate()


def _checks(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return what was checked, by scenario: the suite makes a folder named `server-SCENARIO-DATE` for each."""
    return {
        re.sub(r"^server-|-\d{4}-\d\d-\d\dT.*$", "", path.parent.name): json.loads(path.read_text(encoding="utf-8"))
        for path in folder.glob("*/checks.json")
    }


def _failed(checks: list[dict[str, Any]]) -> list[str]:
    return [f"{one['id']}: {one.get('errorMessage')}" for one in checks if one["status"] in ("FAILURE", "WARNING")]


@pytest.mark.parametrize("revision", UNSCORED)
def test_every_scenario_passes_scored_or_not(npm_modules: Path, address: str, tmp_path: Path, revision: str) -> None:
    suite = npm_modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    command = [str(npm_modules / ".bin" / "node"), str(suite), "server", "--url", address, "--requirements", revision]
    ended = subprocess.run([*command, "-o", str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[ended.stdout.find("=== SUMMARY") :]
    outcomes = _checks(tmp_path)
    assert len(outcomes) == SCENARIOS[revision]
    assert UNSCORED[revision] <= outcomes.keys()
    assert {name: failed for name, checks in outcomes.items() if (failed := _failed(checks))} == {}
    tasks = {name: checks for name, checks in outcomes.items() if name.startswith("tasks-")}
    passed = {name: sum(one["status"] == "SUCCESS" for one in checks) for name, checks in tasks.items()}
    assert passed == (TASK_CHECKS if revision == "2026-07-28" else {})
