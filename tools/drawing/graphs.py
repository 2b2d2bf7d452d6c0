"""Reads a diagram as people write it: `A -> B -> C`, an arrow with words as `A -[yes]-> B`, lines for more."""

import re

from .card import DiagramCard

_ARROW = re.compile(
    r"\s*(?:-{1,2}\[(?P<inside>[^\]\n]{1,40})\]-{1,2}>|(?:-{1,3}|={1,2}|—)>(?:\|(?P<after>[^|\n]{1,40})\|)?|[→⟶⇒➔➜➡]️?)\s*"
)
_LINES = re.compile(r"\s*(?:\n+|[;；])\s*")
_STEPS = re.compile(r"\s*(?:\n+|[;；,，、]|\bthen\b|然后)\s*", re.IGNORECASE)
_TITLE = re.compile(r"(?P<title>[^:：\n]{1,80}?)\s*(?:[:：]|\n)\s*(?P<rest>.+)", re.DOTALL)
_NODE_LETTERS, _BARE_LETTERS, _BARE_WORDS = 80, 40, 6


def read_diagram(content: str, *, is_bare: bool = False, takes_steps: bool = False) -> DiagramCard | None:
    """Return a diagram; None where it is not written as one.

    Args:
        content: What follows the word for a diagram.
        is_bare: The whole prompt, which says nowhere that it is a diagram: only short names between arrows will do.
        takes_steps: Without arrows, names in a row are steps that follow each other.
    """
    content = content.strip().rstrip(".。")
    title, found = "", _TITLE.fullmatch(content)
    if found and not _ARROW.search(found["title"]) and not is_bare:
        title, content = found["title"].strip(), found["rest"]
    if _ARROW.search(content):
        return _graph(content, title, is_bare)
    if not takes_steps:
        return None
    steps = tuple(filter(None, (_name(one) for one in _STEPS.split(content))))
    if len(steps) < 2 or any(len(one) > _NODE_LETTERS for one in steps):
        return None
    return DiagramCard(nodes=steps, edges=tuple((at, at + 1, "") for at in range(len(steps) - 1)), title=title)


def _graph(content: str, title: str, is_bare: bool) -> DiagramCard | None:
    nodes: dict[str, int] = {}
    edges: list[tuple[int, int, str]] = []
    for line in filter(None, _LINES.split(content)):
        arrows = list(_ARROW.finditer(line))
        starts, ends = [0, *(one.end() for one in arrows)], [*(one.start() for one in arrows), len(line)]
        names = [_name(line[start:end]) for start, end in zip(starts, ends, strict=True)]
        if any(not name or len(name) > _NODE_LETTERS for name in names) or (is_bare and not all(map(_is_short, names))):
            return None
        places = [nodes.setdefault(name, len(nodes)) for name in names]
        labels = [(one["inside"] or one["after"] or "").strip() for one in arrows]
        edges += zip(places, places[1:], labels, strict=False)
    # Two words with an arrow may also be what something is to turn into.
    if len(nodes) < (3 if is_bare else 2) or not edges or any(start == end for start, end, _ in edges):
        return None
    return DiagramCard(nodes=tuple(nodes), edges=tuple(dict.fromkeys(edges)), title=title)


def _name(text: str) -> str:
    return " ".join(text.split()).strip("\"“”「」'[]()（）")


def _is_short(name: str) -> bool:
    return len(name) <= _BARE_LETTERS and len(name.split()) <= _BARE_WORDS and not re.search(r"[.!?。！？,，:：]", name)
