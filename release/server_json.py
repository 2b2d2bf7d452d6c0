"""Make `server.json`, by which the official MCP registry lists the server.

    python release/server_json.py [-o dist] [--owner NAME]

The registry takes a server's name from whoever publishes it, `io.github.OWNER/sensorium`, and accepts it only when the
README of the published package says the same in `<!-- mcp-name: … -->`. That line is the default; it has a placeholder
until the project has an owner.
"""

import argparse
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
PLACEHOLDER = "OWNER"
DESCRIPTION = "See, hear, measure, make and report on video, audio and pictures; no key and no network needed."
_MARKER = re.compile(r"<!-- mcp-name: (\S+) -->")


def main() -> None:
    options = argparse.ArgumentParser(description="Make server.json.")
    options.add_argument("-o", "--out", type=Path, default=ROOT / "dist", metavar="DIR", help="where it goes (dist)")
    options.add_argument("--owner", metavar="NAME", help="the GitHub user or organization that publishes it")
    chosen = options.parse_args()
    marked = _MARKER.search((ROOT / "README.md").read_text(encoding="utf-8"))
    if not marked:
        sys.exit("README.md has no line `<!-- mcp-name: io.github.OWNER/sensorium -->`, which the registry looks for.")
    name = f"io.github.{chosen.owner}/sensorium" if chosen.owner else marked[1]
    if name != marked[1]:
        print(f"README.md must say `<!-- mcp-name: {name} -->` before the package is published.", file=sys.stderr)
    elif f".{PLACEHOLDER}/" in name:
        print(f"{name} is a placeholder: give `--owner NAME`, and put it into README.md.", file=sys.stderr)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    chosen.out.mkdir(parents=True, exist_ok=True)
    path = chosen.out / "server.json"
    path.write_text(json.dumps(server(project, name), indent=2) + "\n", encoding="utf-8")
    print(path)


def server(project: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what the registry is told.

    Args:
        project: The table of `pyproject.toml`.
        name: Of the server, with its owner's namespace.
    """
    return {
        "$schema": SCHEMA,
        "name": name,
        "title": "Sensorium",
        "description": DESCRIPTION,
        "version": project["version"],
        "packages": [
            {
                "registryType": "pypi",
                "identifier": project["name"],
                "version": project["version"],
                "runtimeHint": "uvx",
                "transport": {"type": "stdio"},
                # uvx runs the script that is named like the package, and `sensorium mcp` is `sensorium-mcp`.
                "packageArguments": [
                    {"type": "positional", "value": "mcp"},
                    {
                        "type": "named",
                        "name": "--allow-dir",
                        "description": "A folder whose media it may read, with all that is inside",
                        "format": "filepath",
                        "isRequired": True,
                        "isRepeated": True,
                    },
                ],
                "environmentVariables": [
                    {
                        "name": "SENSORIUM_SEE",
                        "description": "Model that looks at pictures, as provider:model; none is needed",
                        "placeholder": "openai:gpt-4o-mini",
                    },
                    {
                        "name": "SENSORIUM_THINK",
                        "description": "Model that plans, as provider:model; none is needed",
                        "placeholder": "openai:gpt-4o-mini",
                    },
                    {
                        "name": "OPENAI_API_KEY",
                        "description": "Key for OpenAI's models, when one is named",
                        "isSecret": True,
                    },
                ],
            }
        ],
    }


if __name__ == "__main__":
    main()
