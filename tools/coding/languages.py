"""Which language a file of code is in, and which of its lines are comments."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language by the endings of its files, and how its comments begin."""

    name: str
    endings: tuple[str, ...]
    line_comments: tuple[str, ...] = ()
    block_comments: tuple[tuple[str, str], ...] = ()


MOST_COUNTED_BYTES = 10_000_000
"""Of a larger file the lines are not counted before somebody asks."""


def _like_c(name: str, *endings: str) -> Language:
    return Language(name=name, endings=endings, line_comments=("//",), block_comments=(("/*", "*/"),))


def _with_hash(name: str, *endings: str) -> Language:
    return Language(name=name, endings=endings, line_comments=("#",))


LANGUAGES = (
    _with_hash("Python", ".py", ".pyw", ".pyi"),
    Language(name="Jupyter notebook", endings=(".ipynb",)),
    _like_c("JavaScript", ".js", ".mjs", ".cjs", ".jsx"),
    _like_c("TypeScript", ".ts", ".mts", ".cts", ".tsx"),
    _like_c("C", ".c", ".h"),
    _like_c("C++", ".cc", ".cpp", ".cxx", ".hpp", ".hh"),
    _like_c("C#", ".cs"),
    _like_c("Java", ".java"),
    _like_c("Kotlin", ".kt", ".kts"),
    _like_c("Swift", ".swift"),
    _like_c("Go", ".go"),
    _like_c("Rust", ".rs"),
    Language(name="PHP", endings=(".php",), line_comments=("//", "#"), block_comments=(("/*", "*/"),)),
    _with_hash("Ruby", ".rb"),
    _with_hash("Perl", ".pl", ".pm"),
    _with_hash("R", ".r"),
    _with_hash("Shell", ".sh", ".bash", ".zsh"),
    Language(name="SQL", endings=(".sql",), line_comments=("--",), block_comments=(("/*", "*/"),)),
    Language(name="Lua", endings=(".lua",), line_comments=("--",)),
    Language(name="CSS", endings=(".css",), block_comments=(("/*", "*/"),)),
    Language(name="HTML", endings=(".html", ".htm"), block_comments=(("<!--", "-->"),)),
)
_BY_ENDING = {ending: one for one in LANGUAGES for ending in one.endings}
_BY_PROGRAM = {"python": "Python", "node": "JavaScript", "bash": "Shell", "sh": "Shell", "zsh": "Shell", "ruby": "Ruby",
               "perl": "Perl", "Rscript": "R", "lua": "Lua", "php": "PHP"}  # fmt: skip
_PROGRAM = re.compile(r"#!\s*\S*?(?:env\s+(?:-S\s+)?)?([A-Za-z]+)[\d.]*(?:\s|$)")


def language_of(name: str, first_line: str = "") -> Language | None:
    """Return the language of a file by its ending, else by the program that its first line names; None for no code."""
    if known := _BY_ENDING.get(PurePosixPath(name.lower()).suffix):
        return known
    if found := _PROGRAM.match(first_line[:200]):
        named = _BY_PROGRAM.get(found[1])
        return next((one for one in LANGUAGES if one.name == named), None)
    return None


def code_facts(name: str, media_type: str, path: Path) -> dict[str, str | int]:
    """Return the language and the number of lines of a file of code; nothing for what is no code."""
    if not (media_type.startswith("text/") or media_type == "application/octet-stream"):
        return {}
    with path.open("rb") as file:
        content = file.read(MOST_COUNTED_BYTES + 1)
    language = language_of(name, content[:200].split(b"\n", 1)[0].decode("ascii", "replace"))
    if language is None or media_type == "text/x-playlist":
        return {}
    if len(content) > MOST_COUNTED_BYTES:
        return {"language": language.name}
    return {"language": language.name, "lines": content.count(b"\n") + (not content.endswith(b"\n"))}


@dataclass(frozen=True, kw_only=True)
class Lines:
    """How many lines of each sort a text has."""

    total: int
    code: int
    comments: int
    blank: int
    longest: int
    """Letters of the longest line."""


def count_lines(text: str, language: Language | None) -> Lines:
    """Count lines of code, of comments alone, and of nothing; inside a string a marker may be taken for a comment."""
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    comments = blank = 0
    ends_with = ""
    for line in map(str.strip, lines):
        if ends_with:
            comments += 1
            if ends_with in line:
                ends_with = ""
        elif not line:
            blank += 1
        elif language and line.startswith(language.line_comments or "\0"):
            comments += 1
        elif language and (block := next((one for one in language.block_comments if line.startswith(one[0])), None)):
            comments += 1
            ends_with = "" if block[1] in line[len(block[0]) :] else block[1]
    longest = max(map(len, lines), default=0)
    return Lines(total=len(lines), code=len(lines) - comments - blank, comments=comments, blank=blank, longest=longest)
