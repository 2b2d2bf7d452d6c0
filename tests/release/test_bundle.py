"""The bundle: made twice alike, whole, taken by its own tools, and started as its manifest says."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "release" / "bundle.py"
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
# What a program that installs bundles does with a manifest and its user's answers; the code is the packer's own.
RESOLVE = """
import { getMcpConfigForManifest } from "@anthropic-ai/mcpb";
import { readFileSync } from "node:fs";
const [folder, given] = process.argv.slice(2);
console.log(JSON.stringify(await getMcpConfigForManifest({
  manifest: JSON.parse(readFileSync(`${folder}/manifest.json`)),
  extensionPath: folder, systemDirs: {}, userConfig: JSON.parse(given), pathSeparator: "/",
})));
"""


def _made(folder: Path) -> Path:
    subprocess.run([sys.executable, str(SCRIPT), "-o", str(folder)], check=True, capture_output=True)
    return next(folder.glob("*.mcpb"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, as the script makes it."""
    return _made(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def manifest(unpacked: Path) -> dict[str, Any]:
    """What it says about itself."""
    return dict(json.loads((unpacked / "manifest.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def mcpb(npm_modules: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run the official packer."""
    node, packer = npm_modules / ".bin" / "node", npm_modules / "@anthropic-ai" / "mcpb" / "dist" / "cli" / "cli.js"

    def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        command = [str(node), str(packer), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, making: ModuleType) -> list[Path]:
    """Two folders with a picture each."""
    folders = [tmp_path_factory.mktemp(name).resolve() for name in ("first", "second")]
    for folder in folders:
        making.slide(folder.name, width=160, height=90).save(folder / f"{folder.name[:5]}.png")
    return folders


@pytest.fixture(scope="module")
def config(npm_modules: Path, unpacked: Path, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """How a program starts the server, when its user chose two folders."""
    folder = tmp_path_factory.mktemp("resolving")
    (folder / "resolve.mjs").write_text(RESOLVE, encoding="utf-8")
    (folder / "node_modules").symlink_to(npm_modules)  # Node looks beside the script
    given = json.dumps({"allowed_directories": [str(one) for one in pictures], "local_only": True})
    command = [str(npm_modules / ".bin" / "node"), str(folder / "resolve.mjs"), str(unpacked), given]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="module")
def installed(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the project of the bundle: what uv does, but with the dependencies of this environment.

    They take a gigabyte and a network.
    """
    source = tmp_path_factory.mktemp("source") / "bundle"
    shutil.copytree(unpacked, source)  # a build leaves folders behind
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True)
    return target


def _contents(bundle: Path) -> Mapping[str, str]:
    """Return the hash of each file: what differs is told in a line, not in a megabyte."""
    with zipfile.ZipFile(bundle) as archive:
        return {name: sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def test_the_same_source_gives_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    again = _made(tmp_path)
    assert _contents(again) == _contents(bundle), "the source changed meanwhile"
    assert sha256(again.read_bytes()).digest() == sha256(bundle.read_bytes()).digest()


def test_it_has_the_package_and_nothing_that_does_not_belong(unpacked: Path) -> None:
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    package = {
        f"src/sensorium/{path.relative_to(ROOT).as_posix()}"
        for folder in ("agent", "mcp_server", "prompts", "recipes", "tools")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    top = {"__init__.py", "__main__.py", "py.typed"}
    own = {"manifest.json", "pyproject.toml", ".python-version", "LICENSE", "icon.png", "src/serve.py"}
    assert files == own | package | {f"src/sensorium/{name}" for name in top}


def test_the_packer_takes_it_and_packs_the_same_files(
    mcpb: Callable[..., "subprocess.CompletedProcess[str]"], bundle: Path, unpacked: Path, tmp_path: Path
) -> None:
    validated = mcpb("validate", unpacked / "manifest.json")
    assert validated.returncode == 0, validated.stdout + validated.stderr
    assert "schema validation passes" in validated.stdout
    packed = mcpb("pack", unpacked, tmp_path / "again.mcpb")
    assert packed.returncode == 0, packed.stdout + packed.stderr
    assert _contents(tmp_path / "again.mcpb") == _contents(bundle)
    assert mcpb("unpack", bundle, tmp_path / "there").returncode == 0
    assert (tmp_path / "there" / "manifest.json").read_bytes() == (unpacked / "manifest.json").read_bytes()


def test_it_is_the_version_of_the_package(manifest: dict[str, Any], bundle: Path, unpacked: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (manifest["name"], manifest["version"]) == (project["name"], project["version"])
    assert bundle.name == f"{project['name']}-{project['version']}.mcpb"
    packed = tomllib.loads((unpacked / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert packed["dependencies"] == project["dependencies"]
    assert packed["requires-python"] == manifest["compatibility"]["runtimes"]["python"] == project["requires-python"]


def test_every_prompt_has_a_place_for_each_argument_that_it_asks_for(manifest: dict[str, Any]) -> None:
    missing = [
        (prompt["name"], name)
        for prompt in manifest["prompts"]
        for name in prompt["arguments"]
        if f"${{arguments.{name}}}" not in prompt["text"]
    ]
    assert len(manifest["prompts"]) == 5
    assert missing == []


def test_its_manifest_names_the_folders_that_the_user_chose(
    config: dict[str, Any], unpacked: Path, pictures: list[Path]
) -> None:
    running = ["run", "--directory", str(unpacked), "sensorium-mcp"]
    assert config["command"] == "uv"
    assert config["args"] == [*running, "--allow-dir", *map(str, pictures)]
    assert config["env"]["SENSORIUM_LOCAL_ONLY"] == "true"
    assert "${" not in json.dumps(config)


async def test_it_serves_what_it_lists_when_it_is_started_as_the_manifest_says(
    config: dict[str, Any],
    installed: Path,
    manifest: dict[str, Any],
    pictures: list[Path],
    environment: Callable[[Path], dict[str, str]],
) -> None:
    folder, script = config["args"][2], installed / SCRIPTS / config["args"][3]
    env = {**environment(installed / "home"), **config["env"], "PYTHONPATH": str(installed)}
    server = StdioServerParameters(command=str(script), args=config["args"][4:], env=env, cwd=folder)
    async with Client(server) as client:
        listed = [(one.name, one.description or "") for one in (await client.list_tools()).tools]
        said = [(one["name"], one["description"]) for one in manifest["tools"]]
        assert [name for name, _ in said] == [name for name, _ in listed]
        assert all(whole.startswith(first) for (_, first), (_, whole) in zip(said, listed, strict=True))
        prompts = [one.name for one in (await client.list_prompts()).prompts]
        assert [one["name"] for one in manifest["prompts"]] == prompts
        for one in pictures:
            looked = await client.call_tool("probe_media", {"media": str(next(one.iterdir()))})
            assert looked.structured_content and looked.structured_content["width_pixels"] == 160


def test_that_server_is_the_one_in_the_bundle(installed: Path) -> None:
    command = [sys.executable, "-P", "-c", "import sensorium.mcp_server.worker as one; print(one.__file__)"]
    env = {**os.environ, "PYTHONPATH": str(installed)}
    found = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    assert Path(found.strip()).is_relative_to(installed)
