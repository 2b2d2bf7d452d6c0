"""Cuts a model's Markdown into sentences, each with its marks of evidence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from .marks import Known, Mark, marks_in, read_mark

Block = Literal["text", "item", "row", "quote", "heading", "code"]

MOST_LETTERS = 2_000
"""Of one sentence; more is cut at a space, so that no text costs more than its length."""
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_ITEM = re.compile(r"\s*(?:[-*+•·]|\d{1,3}[.)、])\s+(?:\[[ xX]\]\s+)?")
_QUOTE = re.compile(r"\s*(?:>\s?)+")
_RULE = re.compile(r"\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})")
_SEPARATOR = re.compile(r"\s*\|?[\s:|-]*-[\s:|-]*\|?\s*")
_CELL = re.compile(r"(?<!\\)\|")
_BOLD_LINE = re.compile(r"\s*(?:\*\*|__)[^*_\n]{0,100}[^*_\n.!?。！？](?:\*\*|__)[:：]?\s*")
_WHOLE = re.compile(
    r"“[^”]{0,400}”|「[^」]{0,400}」|『[^』]{0,400}』|《[^》]{0,100}》|\"[^\"\n]{0,400}\"|`[^`\n]{1,400}`"
)
"""What no sentence ends inside."""
_END = re.compile(r"(?<![。！？.!?…])(?:[。！？…]+[.!?]*|[.!?]+)[”’」』）)\]\"'*_~]*|[:：][*_]*(?=[ \t]*\n)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|approx|fig|figs|eq|vol|dept|inc|ltd|co|jr|sr)|\b[A-Z])\.$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\b(?:nos?|pp?|ch)\.$", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\n]{0,600}\)")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence, an item without one, a row of a table, or a block of code."""

    start: int
    end: int
    """Where it stands, with its marks."""
    text: str
    """Its words, without marks and without Markdown."""
    raw: str
    marks: tuple[Mark, ...]
    block: Block
    shared: tuple[Mark, ...] = ()
    """Where it has no marks of its own: those of the rest of its item, of the end of its paragraph, or of the line that
    leads to its list."""
    heading: str = ""
    """The heading it stands under."""
    leads: int = 0
    """How many items follow, where it leads to a list."""
    whole: tuple[int, int] = (0, 0)
    """The lines of its block: what goes when nothing of it is left."""


@dataclass
class _Region:
    block: Block
    start: int
    end: int
    line: int
    """Where its first line begins."""


def cut(text: str, known: Known) -> list[Claim]:
    """Return the sentences of a Markdown text in order; what has no letter and no digit is none.

    Args:
        known: Tells which ids there are; see `marks_in`.
    """
    found: list[Claim] = []
    heading = ""
    for number, region in enumerate(_regions(text)):
        # What a text opens with is its title.
        if region.block == "heading" and number:
            heading = _words(text[region.start : region.end], ())
        made = list(_sentences(text, region, known, heading))
        found += _shared(made) if region.block == "item" else _closed(made)
    return _led(found)


def _regions(text: str) -> Iterator[_Region]:
    """Yield the blocks of a text; lines that go on belong to the block before them."""
    lines = [(line.start(), line.end()) for line in re.finditer(r"[^\n]+|\n", text) if line[0] != "\n"]
    open_region: _Region | None = None
    fence = ""
    last_end = 0
    for number, (start, end) in enumerate(lines):
        line = text[start:end]
        fenced = _FENCE.fullmatch(line)
        if fence:
            assert open_region
            open_region.end = end
            if fenced and fenced[1].startswith(fence) and not fenced[2].strip():
                yield open_region
                open_region, fence = None, ""
            continue
        if text.count("\n", last_end, start) > 1 and open_region:
            yield open_region
            open_region = None
        last_end = end
        block, inner = _block(line, fenced is not None)
        if fenced:
            fence = fenced[1]
        following = text[slice(*lines[number + 1])] if block == "row" and number + 1 < len(lines) else ""
        if block == "row" and (_SEPARATOR.fullmatch(line) or _SEPARATOR.fullmatch(following)):
            block = None  # the names of the columns, and the line under them
        goes_on = open_region and block == "text" and open_region.block in ("text", "item", "quote")
        goes_on = goes_on or (open_region is not None and block == open_region.block == "quote")
        if goes_on and open_region:
            open_region.end = end
            continue
        if open_region:
            yield open_region
        open_region = _Region(block, start + inner, end, start) if block else None
    if open_region:
        yield open_region


def _block(line: str, fenced: bool) -> tuple[Block | None, int]:
    """Return what a line begins, and after how many characters its words do."""
    if fenced:
        return "code", 0
    if _RULE.fullmatch(line) or not line.strip():
        return None, 0
    if begun := _HEADING.match(line):
        return "heading", begun.end()
    if line.lstrip().startswith("|"):
        return "row", 0
    if begun := _QUOTE.match(line):
        return "quote", begun.end()
    if begun := _ITEM.match(line):
        return "item", begun.end()
    return ("heading" if len(line) < 120 and _BOLD_LINE.fullmatch(line) else "text"), 0


def _sentences(text: str, region: _Region, known: Known, heading: str) -> Iterator[Claim]:
    part = text[region.start : region.end]
    whole = (region.line, region.end)
    if region.block == "code":
        yield Claim(start=region.start, end=region.end, text=part, raw=part, marks=(), block="code",
                    heading=heading, whole=whole)  # fmt: skip
        return
    marks = marks_in(part, known, region.start)
    if region.block == "row":
        marks += _bare(part, known, region.start)
        spans = [(0, len(part))]
    else:
        spans = list(_spans(part, [(one.start - region.start, one.end - region.start) for one in marks]))
    for start, end in (_trimmed(part, *span) for span in spans):
        first, last = region.start + start, region.start + end
        own = tuple(sorted((one for one in marks if first <= one.start < last), key=lambda one: one.start))
        words = _words(part[start:end], tuple((one.start - first, one.end - first) for one in own))
        if own or re.search(r"\w", words):
            yield Claim(start=first, end=last, text=words, raw=part[start:end], marks=own, block=region.block,
                        heading=heading, whole=whole)  # fmt: skip


def _bare(row: str, known: Known, start: int) -> list[Mark]:
    """Return the cells of a row that are nothing but ids or times."""
    found, position = [], 0
    for cell in _CELL.split(row):
        begin = start + position + len(cell) - len(cell.lstrip())
        position += len(cell) + 1
        inside = cell.strip()
        if inside and not inside.startswith("[") and (cited := read_mark(inside, known)):
            found.append(Mark(begin, begin + len(inside), cited, bare=True))
    return found


def _spans(part: str, marks: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield where sentences stand; the marks after a full stop belong to the sentence before it."""
    wholes = sorted([*((one.start(), one.end()) for one in _WHOLE.finditer(part)), *marks])
    # Who begins with a mark, as in a transcript, writes each before its sentence.
    begun = len(part) - len(part.lstrip())
    after = {} if any(start == begun for start, _ in marks) else dict(marks)
    at, start = 0, 0
    for found in _END.finditer(part):
        end = found.end()
        while at < len(wholes) and wholes[at][1] <= found.start():
            at += 1
        if at < len(wholes) and wholes[at][0] <= found.start() and end < wholes[at][1]:
            continue
        if end <= start:
            continue
        end = _with_marks(part, end, after)
        if not _ends(part, found, end):
            continue
        yield from _short(part, start, end)
        start = end
    yield from _short(part, start, len(part))


def _with_marks(part: str, end: int, after: dict[int, int]) -> int:
    """Return the end of a sentence with the marks that follow it."""
    while True:
        following = end
        while following < len(part) and part[following] in " \t":
            following += 1
        if following not in after:
            return end
        end = after[following]


def _ends(part: str, found: re.Match[str], end: int) -> bool:
    """Tell whether a full stop ends a sentence; the point in `e.g.`, `3.5` or `talk.mp4` does not."""
    if found[0][0] in "。！？:：":
        return True
    following = part[end : end + 1]
    after_mark = part[found.start() - 1 : found.start()] in ("]", "】")
    if (
        found[0][0] != "…"
        and not after_mark
        and end == found.end()
        and following
        and not (following.isspace() or ord(following) > 0x2E7F)
    ):
        return False
    if _ABBREVIATION.search(part, max(0, found.start() - 8), found.start() + 1):
        return False
    rest = part[end : end + 8].lstrip()
    if rest[:1].isdigit() and _NUMBERED.search(part, max(0, found.start() - 8), found.start() + 1):
        return False
    return not rest[:1].islower()


def _short(part: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > MOST_LETTERS:
        space = part.rfind(" ", start + MOST_LETTERS // 2, start + MOST_LETTERS)
        middle = space if space > 0 else start + MOST_LETTERS
        yield start, middle
        start = middle
    yield start, end


def _trimmed(part: str, start: int, end: int) -> tuple[int, int]:
    piece = part[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _words(raw: str, marks: tuple[tuple[int, int], ...]) -> str:
    """Return what a sentence says, without its marks and without Markdown."""
    parts, position = [], 0
    for start, end in marks:
        parts.append(raw[position:start])
        position = end
    text = _LINK.sub(r"\1", "".join([*parts, raw[position:]]))
    text = re.sub(r"</?[a-zA-Z][^<>\n]{0,200}>", " ", text)
    text = re.sub(r"\*+|`+|~~|(?<!\w)_+|_+(?!\w)|^\s*>+\s?", "", text, flags=re.MULTILINE)
    text = re.sub(r"\s*(?<!\\)\|\s*", " ", text)
    return re.sub(r"\s+([.,;:!?。，；：！？])", r"\1", " ".join(text.split()))


def _shared(claims: list[Claim]) -> list[Claim]:
    """Let sentences of one item rest on all its marks where they have none of their own."""
    marks = tuple(mark for one in claims for mark in one.marks)
    return [one if one.marks else replace(one, shared=marks) for one in claims]


def _closed(claims: list[Claim]) -> list[Claim]:
    """Let the sentences of a paragraph rest on the marks at its end, where these are its only ones and name at least as
    many things as there are sentences: then they were written for all of them."""
    if len(claims) < 2 or any(one.marks for one in claims[:-1]):
        return claims
    *before, last = claims
    if sum(len(mark.cited) for mark in last.marks) < len(claims):
        return claims
    return [*(replace(one, shared=last.marks) for one in before), last]


def _led(claims: list[Claim]) -> list[Claim]:
    """Let a line that leads to a list rest on the marks of the list, and items without any on those of the line."""
    found = list(claims)
    for at, one in enumerate(claims):
        nested = one.block == "item" and _is_alone(claims, at)
        if not nested and (one.block not in ("text", "quote") or not one.text.endswith((":", "："))):
            continue
        items = []
        for later in range(at + 1, len(claims)):
            if claims[later].block not in ("item", "row", "code", "quote"):
                break
            if nested and _indent(claims[later]) <= _indent(one):
                break
            items.append(later)
        if nested and not items:
            continue
        marks = tuple(mark for item in items for mark in claims[item].marks)
        count = len({claims[item].whole for item in items})
        found[at] = replace(one, leads=count, shared=() if one.marks else marks)
        for item in items:
            if one.marks and not claims[item].marks and not claims[item].shared:
                found[item] = replace(claims[item], shared=one.marks)
    return found


def _is_alone(claims: list[Claim], at: int) -> bool:
    """Tell whether an item is one sentence without marks, as one is that names what is nested in it."""
    one = claims[at]
    beside = [*claims[max(0, at - 1) : at], *claims[at + 1 : at + 2]]
    return not one.marks and not one.shared and all(other.whole != one.whole for other in beside)


def _indent(claim: Claim) -> int:
    """Return how far into its line the words of an item begin."""
    return claim.start - claim.whole[0]
