"""Names and summaries of all tools, read without importing them: a list of tools must not load what they stand on."""

import ast
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent.parent


@dataclass(frozen=True)
class Listed:
    """A tool as a list shows it."""

    name: str
    sentence: str
    """The first sentence of its docstring."""


def listing() -> list[Listed]:
    """Return every tool by name; the same ones as `catalog()`, which a test checks."""
    return [
        Listed(path.stem, first_sentence(_docstring(path)))
        for path in sorted(_FOLDER.glob("*.py"))
        if path.stem != "__init__"
    ]


def first_sentence(text: str) -> str:
    """Return the first sentence of a docstring on one line, without its full stop."""
    paragraph = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    return paragraph.split(". ")[0].removesuffix(".")


def _docstring(path: Path) -> str:
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name == path.stem:
            return ast.get_docstring(node) or ""
    return ""
