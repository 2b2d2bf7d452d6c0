"""Parts of a text: its headings, paragraphs and lists, without the marks that make them."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..base.words import is_han, split_sentences

_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(\S.*)?$")
_RULE = re.compile(r"^\s*(?:=+|-{3,}|\*{3,}|_{3,})\s*$")
_ITEM = re.compile(r"^\s*(?:[-*+•·]|\d{1,2}[.)、]|[（(]?[一二三四五六七八九十]{1,2}[、.）)])\s*(.+)$")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^)\s]{0,500}+(?:\s++\"[^\"]{0,500}+\")?\)")
_MARK = re.compile(r"\*\*|__|\*|`+|~~")
# None of these tries a letter again for each before it: texts come from anywhere, and may be made to take hours.
_NOTE = re.compile(r"<@?[^<>\s@]+@[^<>\s]+>|\[\d{1,3}\]|</?[a-z][^<>]{0,300}>|<!--.{0,1000}?-->", re.IGNORECASE)
_ADDRESS = re.compile(r"<?https?://(?:www\.)?([^\s<>，。；）]+)(>(?=[.,;:!?)]*(?:[\s，。；）]|$))|(?![<>]))?")
_HOST = re.compile(r"[\w.-]*\w")
_FORMULA = re.compile(r"\$(?=\S)([^$\n]{0,200}?[=\\^_][^$\n]{0,200}?)(?<=\S)\$")
_SIGNS = {r"\cdot": "·", r"\times": "×", r"\leq": "≤", r"\geq": "≥", r"\approx": "≈", r"\pm": "±", r"\to": "→"}
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_UNDER_HEADER = re.compile(r"^[\s|:-]+$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_MOST_HEADING, _MOST_HAN_HEADING = 90, 30
_ENDS = (".", "。", "!", "！", "?", "？", "…")


@dataclass
class Section:
    """What stands under one heading, or between two empty lines where there is none."""

    heading: str = ""
    level: int = 0
    sentences: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.sentences or self.items)


def sections(text: str) -> tuple[str, list[Section]]:
    """Return the title of a text, if it has one, and its parts in order."""
    blocks = list(_blocks(text.replace("\r\n", "\n").replace("\r", "\n")))
    headings = [one for one in blocks if isinstance(one, tuple)]
    title = ""
    if headings and isinstance(blocks[0], tuple) and sum(one[0] <= headings[0][0] for one in headings) == 1:
        title = headings[0][1]
        blocks = blocks[1:]
    elif blocks and isinstance(blocks[0], list) and _is_title(blocks):
        title = _plain(blocks[0][0])
        blocks = blocks[1:]
    found: list[Section] = []
    if not any(isinstance(one, tuple) for one in blocks):
        blocks = [(1, words) if (words := _heading(blocks[at : at + 2])) else one for at, one in enumerate(blocks)]
    has_headings = any(isinstance(one, tuple) for one in blocks)
    for block in blocks:
        if isinstance(block, tuple):
            found.append(Section(heading=block[1], level=block[0]))
            continue
        if not found or not has_headings:
            found.append(Section())
        _add(found[-1], block)
    # A heading over another heading says what comes, and has nothing of its own.
    return title, [one for one in found if not one.is_empty]


def _blocks(text: str) -> Iterator[tuple[int, str] | list[str]]:
    """Yield headings as level and words, and what stands between empty lines as its lines."""
    block: list[str] = []
    lines = text.split("\n")
    is_code = False
    for number, line in enumerate(lines):
        if _FENCE.match(line):
            is_code = not is_code
            continue
        if is_code:
            continue
        heading = _HEADING.match(line)
        below = lines[number + 1] if number + 1 < len(lines) else ""
        underlined = bool(line.strip()) and re.fullmatch(r"\s*(?:={3,}|-{3,})\s*", below) and not block
        if heading or underlined:
            if block:
                yield block
                block = []
            words = _plain(_unclosed(heading[2] or "") if heading else line)
            if words:
                yield (len(heading[1]) if heading else 1 if "=" in below else 2), words
        elif not line.strip() or _RULE.match(line):
            if block:
                yield block
                block = []
        else:
            block.append(line)
    if block:
        yield block


def _unclosed(words: str) -> str:
    """Return the words of a heading without the signs that may close it; those of `C#` belong to it."""
    bare = words.rstrip().rstrip("#")
    return words if bare[-1:].strip() else bare


def _is_title(blocks: list[tuple[int, str] | list[str]]) -> bool:
    """Tell whether a text begins with a short line alone, which is what it is called."""
    first = blocks[0]
    if len(blocks) < 2 or not isinstance(first, list) or len(first) != 1 or _ITEM.match(first[0]):
        return False
    line = _plain(first[0])
    return (
        0 < len(line) <= (_MOST_HAN_HEADING if is_han(line[:1]) else _MOST_HEADING)
        and line[-1:] not in ".。!！;；:：,，"
    )


def _heading(blocks: list[tuple[int, str] | list[str]]) -> str:
    """Return a short line that stands alone over a sentence or a list; over lines as short it may be a poem's."""
    if not _is_title(blocks) or not isinstance(blocks[0], list) or not isinstance(blocks[1], list):
        return ""
    heads = blocks[1][-1].rstrip().endswith(_ENDS) or _ITEM.match(blocks[1][0])
    return _plain(blocks[0][0]) if heads else ""


def _add(section: Section, block: list[str]) -> None:
    running: list[str] = []
    rows = [line for line in block if _ROW.match(line)]
    section.items += _table(rows)
    for line in block:
        if _ROW.match(line):
            continue
        if item := _ITEM.match(line):
            section.items.append(_plain(item[1]))
        elif section.items and line[:1].isspace():
            section.items[-1] = f"{section.items[-1]} {_plain(line)}"
        else:
            running.append(line.strip())
    wide = all(is_han(line[-1:]) or line[-1:] in "，。！？；：、”）" for line in running[:-1] if line)
    text = _plain(("" if wide else " ").join(running))
    section.sentences += [text[start:end] for start, end in split_sentences(text)]


def _table(rows: list[str]) -> list[str]:
    """Return each row of a table as a line: its first cell, then the others with the names of their columns."""
    cells = [[_plain(one) for one in row.strip().strip("|").split("|")] for row in rows if not _UNDER_HEADER.match(row)]
    if len(cells) < 2:
        return [", ".join(filter(None, row)) for row in cells]
    header, *body = cells
    said = [
        [
            row[0],
            *(f"{name}: {cell}" if name else cell for name, cell in zip(header[1:], row[1:], strict=False) if cell),
        ]
        for row in body
    ]
    return [", ".join(filter(None, row)) for row in said if any(row)]


def _plain(line: str) -> str:
    """Return a line without marks of Markdown and HTML, and numbers of notes; of an address its host is left."""
    line = html.unescape(_NOTE.sub("", _ADDRESS.sub(_host, _LINK.sub(r"\1", line.lstrip("> ")))))
    line = _FORMULA.sub(lambda hit: re.sub(r"\\[a-z]+", lambda one: _SIGNS.get(one[0], ""), hit[1]), line)
    return re.sub(r"\s+([.,;:!?，。；：！？])", r"\1", " ".join(_unmarked(line).split())).strip()


def _host(address: re.Match[str]) -> str:
    """Return the host of an address with the signs that stand behind it; what ends inside of a mark stays."""
    host = _HOST.match(address[1])
    if host is None or address[2] is None:
        return address[0]
    return host[0] if address[2] else host[0] + address[1][len(address[1].rstrip(".,;:!?)")) :]


def _unmarked(line: str) -> str:
    """Return a line without the marks around words, as of `**bold**`: each goes with the next one like it."""
    opened: dict[str, re.Match[str]] = {}
    pairs: list[tuple[int, int]] = []
    for mark in _MARK.finditer(line):
        start, end = mark.span()
        if before := opened.get(mark[0]):
            if before.end() < start and not line[start - 1].isspace():
                pairs += [before.span(), mark.span()]
                del opened[mark[0]]
        elif line[end : end + 1].strip():
            opened[mark[0]] = mark
    kept, at = [], 0
    for start, end in sorted(pairs):
        kept.append(line[at:start])
        at = end
    return "".join(kept) + line[at:]
