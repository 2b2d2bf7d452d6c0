"""Make the `.mcpb` bundle, by which programs such as Claude Desktop install the server with a click.

    python release/bundle.py [-o dist]

It holds the package's source, and of `pyproject.toml` what running it takes; uv, which the program brings along,
installs Python and the dependencies on the user's machine (manifest 0.4, `server.type` "uv"). Tools and prompts are
those that the real server lists. The same source gives the same bytes.
"""

import argparse
import asyncio
import io
import json
import re
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from icon import icon_png

ROOT = Path(__file__).resolve().parent.parent
AUTHOR = "The Sensorium authors"
LONG_DESCRIPTION = """Look at, listen to, measure, make and report on video, audio and pictures of this machine.

It works with no key and no network: real decoding, scenes, text on screen, draft speech recognition, speech, charts, \
and reports in which every statement has its time. It reads only the folders that you choose, and writes into a folder \
of its own. Keys and models are optional, and make it see and hear better. Tested on Linux; macOS and Windows are \
untested."""
PYTHON = "3.11"
"""What uv takes when the machine has several: the version that the tests run on."""
SERVE = '''"""Serve the tools over MCP."""

import sys

from sensorium.mcp_server.command import main

sys.exit(main())
'''
USER_CONFIG: dict[str, dict[str, Any]] = {
    "allowed_directories": {
        "type": "directory",
        "title": "Folders it may read",
        "description": "Media in these folders, with all that is inside, can be looked at. Nothing else can.",
        "multiple": True,
        "required": True,
    },
    "see_model": {
        "type": "string",
        "title": "Model that looks at pictures (optional)",
        "description": "For example openai:gpt-4o-mini. Left empty, pictures are read and measured on this machine.",
        "required": False,
        "default": "",
    },
    "think_model": {
        "type": "string",
        "title": "Model that plans (optional)",
        "description": "For example openai:gpt-4o-mini. Left empty, plans are made on this machine without a model.",
        "required": False,
        "default": "",
    },
    "openai_api_key": {
        "type": "string",
        "title": "Key for OpenAI's models (optional)",
        "description": "Only needed when a model above is one of OpenAI's.",
        "sensitive": True,
        "required": False,
        "default": "",
    },
    "local_only": {
        "type": "boolean",
        "title": "Let nothing leave this machine",
        "description": "No address is fetched and no model elsewhere is asked.",
        "required": False,
        "default": False,
    },
}
ENVIRONMENT = {
    "SENSORIUM_SEE": "${user_config.see_model}",
    "SENSORIUM_THINK": "${user_config.think_model}",
    "OPENAI_API_KEY": "${user_config.openai_api_key}",
    "SENSORIUM_LOCAL_ONLY": "${user_config.local_only}",
}
LIKE_1980 = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the bundle: the earliest that a zip can tell."""


def main() -> None:
    options = argparse.ArgumentParser(description="Make the .mcpb bundle.")
    options.add_argument("-o", "--out", type=Path, default=ROOT / "dist", metavar="DIR", help="where it goes (dist)")
    out: Path = options.parse_args().out
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{whole['project']['name']}-{whole['project']['version']}.mcpb"
    path.write_bytes(zipped(contents(whole)))
    print(path)


def contents(whole: dict[str, Any]) -> dict[str, bytes]:
    """Return the files of the bundle by name.

    Args:
        whole: What `pyproject.toml` says.
    """
    import tomli_w

    tools, prompts = asyncio.run(listed())
    manifest = json.dumps(manifest_of(whole["project"], tools, prompts), indent=2, ensure_ascii=False) + "\n"
    return {
        "manifest.json": manifest.encode(),
        "pyproject.toml": tomli_w.dumps(smaller(whole)).encode(),
        ".python-version": f"{PYTHON}\n".encode(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        "icon.png": icon_png(),
        "src/serve.py": SERVE.encode(),
        **sources(whole["tool"]["setuptools"]),
    }


def sources(setuptools: dict[str, Any]) -> dict[str, bytes]:
    """Return the files of the packages, as a wheel has them."""
    found = {}
    for package in setuptools["packages"]:
        folder = ROOT.joinpath(*package.split(".")[1:])
        for pattern in ("*.py", *setuptools["package-data"].get(package, ())):
            for path in sorted(folder.glob(pattern)):
                found[f"src/sensorium/{path.relative_to(ROOT).as_posix()}"] = path.read_bytes()
    return found


def smaller(whole: dict[str, Any]) -> dict[str, Any]:
    """Return a `pyproject.toml` for the bundle: what installing and running take."""
    wanted = (
        "name",
        "version",
        "description",
        "license",
        "license-files",
        "requires-python",
        "dependencies",
        "scripts",
    )
    setuptools = whole["tool"]["setuptools"]
    return {
        "build-system": whole["build-system"],
        "project": {name: whole["project"][name] for name in wanted},
        "tool": {"setuptools": {**setuptools, "package-dir": {"sensorium": "src/sensorium"}}},
    }


def manifest_of(project: dict[str, Any], tools: list[dict[str, str]], prompts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the manifest."""
    folders = ["--allow-dir", "${user_config.allowed_directories}"]
    return {
        "manifest_version": "0.4",
        "name": project["name"],
        "display_name": "Sensorium",
        "version": project["version"],
        "description": project["description"],
        "long_description": LONG_DESCRIPTION,
        "author": {"name": AUTHOR},
        "icon": "icon.png",
        "server": {
            "type": "uv",
            "entry_point": "src/serve.py",
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", "sensorium-mcp", *folders],
                "env": ENVIRONMENT,
            },
        },
        "tools": tools,
        "tools_generated": True,  # a model that sees, for example, brings more
        "prompts": prompts,
        "keywords": project["keywords"],
        "license": project["license"],
        "compatibility": {
            "platforms": ["darwin", "linux", "win32"],
            "runtimes": {"python": project["requires-python"]},
        },
        "user_config": USER_CONFIG,
    }


async def listed() -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Return the tools and the prompts of the real server, as it is started without any setting."""
    from mcp import Client

    from sensorium.mcp_server.access import Access
    from sensorium.mcp_server.app import build_server
    from sensorium.tools import catalog
    from sensorium.tools.base.settings import Settings

    with tempfile.TemporaryDirectory() as home:
        server = build_server(Settings(home=Path(home), offline=True), catalog(), Access())
        async with Client(server) as client:
            tools = [
                {"name": one.name, "description": first_sentence(one.description or "")}
                for one in (await client.list_tools()).tools
            ]
            prompts = []
            for one in (await client.list_prompts()).prompts:
                # The program that shows a prompt fills in what is needed; the rest stays as it is when left out.
                needed = [given.name for given in one.arguments or () if given.required]
                got = await client.get_prompt(one.name, {name: f"${{arguments.{name}}}" for name in needed})
                text = "\n".join(getattr(message.content, "text", "") for message in got.messages)
                prompts.append(
                    {"name": one.name, "description": one.description or "", "arguments": needed, "text": text}
                )
    return tools, prompts


def first_sentence(text: str) -> str:
    """Return what a description begins with."""
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip whose bytes depend on nothing but the files."""
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, LIKE_1980)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # so that the rights below are read as those of a file, on every system
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return stored.getvalue()


if __name__ == "__main__":
    main()
