"""The structure of Python source: what is defined where, what is imported, and how branched each function is."""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

MOST_DOCSTRING = 200
_BRANCHES = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.comprehension, ast.match_case,
    ast.Assert,
)  # fmt: skip
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, kw_only=True)
class Defined:
    """A class or a function."""

    name: str
    """With the classes and functions around it: `Reader.read`."""
    kind: str
    """`class`, `function`, `method`, `async function` or `async method`."""
    line: int
    end_line: int
    complexity: int
    """1 for a function plus its branches: if, loop, except, and/or, case, comprehension; 0 for a class."""
    arguments: int
    docstring: str
    """The first line of it; empty when there is none."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A module that is imported."""

    module: str
    line: int
    is_local: bool
    """It is imported with a dot, from the same package."""


@dataclass(frozen=True, kw_only=True)
class Structure:
    """What Python source holds."""

    defined: tuple[Defined, ...]
    imported: tuple[Imported, ...]
    docstring: str


class NotParsed(Exception):
    """The source is no Python, or too deep to be parsed."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


def read_structure(text: str) -> Structure:
    """Return the structure of Python source.

    Raises:
        NotParsed: It has a syntax error, or is nested too deeply.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of invalid escapes in the source; the lint names them
            tree = ast.parse(text)
    except SyntaxError as error:
        raise NotParsed(error.msg or "invalid syntax", error.lineno or 1, error.offset or 1) from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise NotParsed(str(error), 1, 1) from error
    except (RecursionError, MemoryError) as error:
        raise NotParsed("it is nested too deeply for Python to parse", 1, 1) from error
    return Structure(
        defined=tuple(_defined(tree)),
        imported=tuple(_imported(tree)),
        docstring=_docstring(tree),
    )


def _defined(tree: ast.Module) -> Iterator[Defined]:
    """Yield every definition, in order, without recursion: source may be nested deeply."""
    waiting: list[tuple[ast.AST, str, bool]] = [(tree, "", False)]
    found: list[tuple[int, Defined]] = []
    while waiting:
        node, within, in_class = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _DEFINITIONS):
                name = f"{within}.{child.name}" if within else child.name
                found.append((child.lineno, _of(child, name, in_class)))
                waiting.append((child, name, isinstance(child, ast.ClassDef)))
            else:
                waiting.append((child, within, in_class))
    yield from (one for _, one in sorted(found, key=lambda pair: pair[0]))


def _of(node: Definition, name: str, in_class: bool) -> Defined:
    if isinstance(node, ast.ClassDef):
        kind, complexity, arguments = "class", 0, 0
    else:
        kind = "method" if in_class else "function"
        kind = f"async {kind}" if isinstance(node, ast.AsyncFunctionDef) else kind
        complexity = _complexity(node)
        given = node.args
        arguments = len([*given.posonlyargs, *given.args, *given.kwonlyargs]) + bool(given.vararg) + bool(given.kwarg)
    return Defined(
        name=name,
        kind=kind,
        line=node.lineno,
        end_line=node.end_lineno or node.lineno,
        complexity=complexity,
        arguments=arguments,
        docstring=_docstring(node),
    )


def _complexity(function: ast.AST) -> int:
    """Return the cyclomatic complexity (McCabe 1976), with `and`, `or` as branches, without what is defined inside."""
    branches = 1
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, _DEFINITIONS):
            continue
        branches += isinstance(node, _BRANCHES)
        if isinstance(node, ast.BoolOp):
            branches += len(node.values) - 1
        waiting.extend(ast.iter_child_nodes(node))
    return branches


def _imported(tree: ast.Module) -> Iterator[Imported]:
    seen: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(one.name.partition(".")[0], False) for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [((node.module or "").partition(".")[0] or ".", node.level > 0)]
        else:
            continue
        for module, is_local in names:
            if module not in seen:
                seen.add(module)
                yield Imported(module=module, line=node.lineno, is_local=is_local)


def _docstring(node: ast.Module | Definition) -> str:
    said = ast.get_docstring(node) or ""
    return " ".join(said.strip().partition("\n")[0].split())[:MOST_DOCSTRING]
