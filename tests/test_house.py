"""The house: nothing forgotten in the package, nothing in it that should not be."""

import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import sensorium
from sensorium.tools import catalog
from sensorium.tools.base.document import document
from sensorium.tools.base.listing import first_sentence, listing

ROOT = Path(__file__).parent.parent
NOT_PACKAGES = {"benchmarks", "docs", "examples", "release", "tests", "build", "dist", "out"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _package_folders() -> list[Path]:
    folders = [path.parent for path in ROOT.rglob("*.py")]
    inside = {one for one in folders if not set(one.relative_to(ROOT).parts) & NOT_PACKAGES}
    return sorted(one for one in inside if not any(part[0] == "." for part in one.relative_to(ROOT).parts))


def test_no_package_folder_is_forgotten(project: dict[str, Any]) -> None:
    names = [".".join(("sensorium", *one.relative_to(ROOT).parts)) for one in _package_folders()]
    assert sorted(project["tool"]["setuptools"]["packages"]) == names


def test_every_package_folder_says_what_it_is_for() -> None:
    silent = [one for folder in _package_folders() for one in folder.glob("*.py") if not _opens_with_docstring(one)]
    assert silent == []


def _opens_with_docstring(path: Path) -> bool:
    return path.read_text(encoding="utf-8").startswith('"""')


def test_the_version_is_the_same_everywhere(project: dict[str, Any]) -> None:
    assert sensorium.__version__ == project["project"]["version"] == metadata.version("sensorium")
    assert f"## {sensorium.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_tested_versions_are_within_the_bounds(project: dict[str, Any]) -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    pinned = {name.lower().replace("_", "-"): version for name, version in pinned.items()}
    wanted = [Requirement(one) for one in project["project"]["dependencies"]]
    wanted += [Requirement(one) for one in project["project"]["optional-dependencies"]["dev"]]
    wanted = [one for one in wanted if one.name != "setuptools"]  # pip's own tools are not pinned
    assert [str(one) for one in wanted if not one.specifier.contains(pinned[one.name.lower()])] == []


def test_the_list_of_tools_is_the_catalog() -> None:
    assert [(one.name, one.sentence) for one in listing()] == [
        (name, first_sentence(tool.description)) for name, tool in catalog().items()
    ]
    assert all(one.sentence for one in listing())


def test_the_page_of_tools_is_current() -> None:
    page = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
    assert page == document(catalog()), "run `make docs`"


def test_links_in_the_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    dead = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                dead.append(f"{page.name}: {target}")
    assert len(pages) > 4
    assert dead == []


def test_no_file_of_the_repository_is_large_or_names_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    assert [str(one) for one in files if one.stat().st_size > 1_000_000] == []
    # Written in pieces, so that this file does not find itself.
    # Others of the same name are the sandbox's own.
    private = re.compile(r"/ho" r"me/\w+/|/ro" r"ot/|/wo" r"rk/(?:main|shared|\.[a-z])|C:\\\\Us" r"ers\\\\\w")
    named = [str(one) for one in files if private.search(one.read_text(encoding="utf-8", errors="ignore"))]
    assert named == []
