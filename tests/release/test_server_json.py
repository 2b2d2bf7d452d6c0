"""`server.json`: by the registry's rules, about this package, and a command line that starts the server."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import Client, StdioServerParameters

ROOT = Path(__file__).parent.parent.parent
VERSION = {"type": "string", "minLength": 1, "maxLength": 255, "not": {"pattern": r"^latest$|[\^~*<>=]|\.x\b"}}
INPUT = {
    "description": {"type": "string"},
    "value": {"type": "string"},
    "placeholder": {"type": "string"},
    "format": {"enum": ["string", "number", "boolean", "filepath"]},
    "isRequired": {"type": "boolean"},
    "isSecret": {"type": "boolean"},
}


def _table(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


NAMED = _table(
    ["type", "name"],
    type={"const": "named"},
    name={"type": "string", "pattern": "^--"},
    isRepeated={"type": "boolean"},
    **INPUT,
)
# The rules of schema 2025-12-11 for a package with a server on standard input, in our words and without what we leave
# out: a property that the registry does not know is refused here, while it would be passed over there.
RULES = _table(
    ["$schema", "name", "description", "version", "packages"],
    **{"$schema": {"const": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"}},
    name={"type": "string", "maxLength": 200, "pattern": "^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$"},
    title={"type": "string", "minLength": 1, "maxLength": 100},
    description={"type": "string", "minLength": 1, "maxLength": 100},
    version=VERSION,
    packages={
        "type": "array",
        "minItems": 1,
        "items": _table(
            ["registryType", "identifier", "version", "transport"],
            registryType={"const": "pypi"},
            identifier={"type": "string", "pattern": "^[a-z0-9._-]+$"},
            version=VERSION,
            runtimeHint={"const": "uvx"},
            transport=_table(["type"], type={"const": "stdio"}),
            packageArguments={
                "type": "array",
                "items": {"oneOf": [_table(["type", "value"], type={"const": "positional"}, **INPUT), NAMED]},
            },
            environmentVariables={
                "type": "array",
                "items": _table(["name"], name={"type": "string", "pattern": "^[A-Z][A-Z0-9_]+$"}, **INPUT),
            },
        ),
    },
)


def _made(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "release" / "server_json.py"), "-o", str(folder), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the script makes."""
    folder = tmp_path_factory.mktemp("server")
    _made(folder)
    return dict(json.loads((folder / "server.json").read_text(encoding="utf-8")))


def test_it_follows_the_rules_of_the_registry(server: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(RULES).validate(server)


def test_it_is_about_this_version_of_the_package_under_the_name_in_the_readme(server: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = server["packages"][0]
    assert (package["identifier"], package["version"], server["version"]) == (
        project["name"], project["version"], project["version"],
    )  # fmt: skip
    assert f"<!-- mcp-name: {server['name']} -->" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    made = [_made(tmp_path / name, "--owner", "somebody") for name in ("first", "second")]
    first, second = ((tmp_path / name / "server.json").read_bytes() for name in ("first", "second"))
    assert first == second
    assert json.loads(first)["name"] == "io.github.somebody/sensorium"
    assert all("<!-- mcp-name: io.github.somebody/sensorium -->" in one.stderr for one in made)


async def test_its_command_line_starts_the_server(
    server: dict[str, Any], tmp_path: Path, environment: Callable[[Path], dict[str, str]]
) -> None:
    package = server["packages"][0]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, function = scripts[package["identifier"]].partition(":")  # uvx runs the script of the package's name
    given = {"positional": lambda one: [one["value"]], "named": lambda one: [one["name"], str(tmp_path)]}
    arguments = [part for one in package["packageArguments"] for part in given[one["type"]](one)]
    code = f"import sys; from {module} import {function}; sys.exit({function}())"
    parameters = StdioServerParameters(
        command=sys.executable, args=["-c", code, *arguments], env=environment(tmp_path / "home")
    )
    async with Client(parameters) as client:
        assert "probe_media" in {one.name for one in (await client.list_tools()).tools}


def test_every_variable_it_names_is_one_that_is_read(server: dict[str, Any]) -> None:
    named = {one["name"] for one in server["packages"][0]["environmentVariables"]}
    documents = "".join(
        path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    )
    assert [one for one in named if not re.search(rf"\b{one}\b", documents)] == []
