"""Slides out of a text, by rules: nothing is said that does not stand in it."""

import re
from collections.abc import Sequence

from ..base.errors import ArgumentError
from ..base.words import count_words, guess_language, is_han, join
from ..report.rank import central, key_terms
from .outline import Section, sections
from .script import MOST_POINT, MOST_POINTS, MOST_SAY, MOST_TITLE, Slide

USUAL_SLIDES, SAID_WORDS = 7, 75
"""Words that are said to one slide, about half a minute."""
_HAN_A_WORD = 2.2
"""Hanzi that take as long to say as a word."""
_TITLE_WORDS, _TITLE_HAN = 8, 16
_POINT_WORDS, _POINT_HAN = 15, 28
_ENOUGH_WORDS = 14
# Where a sentence can be cut so that what stands before it is one, too.
_CLAUSE = re.compile(r"\s*(?:[;；:：—–]|,\s|，|、(?=但|而|所以|因此))\s*")
_FILLER = re.compile(
    r"^(?:however|moreover|furthermore|therefore|thus|also|in addition|for example|for instance|in fact|of course|"
    r"finally|first|second|third|then|so|but|and|because of this)[,，]?\s+"
    r"|^(?:但是|然而|因此|所以|此外|而且|例如|比如|同时|首先|其次|最后)[,，]?\s*",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(
    r"^(?:when|if|while|in|on|at|after|before|as|since|because|although|though|with|from|by|for|to|it|they|this|these|he|"
    r"she|we|you|there)\b|^(?:到了|在|当|从|由于|如果|虽然|因为|随着|为了|这|它|他|她|我们)|(?:以后|之后|之前|时|的时候|后|中|里|上|下)$",
    re.IGNORECASE,
)
"""How clauses begin or end that lead to what is said and do not say it."""
_SUBJECT = re.compile(r"[^,;:，；：]{2,80}?(?=\s(?:is|are|was|were|has|have|can|will)\s|是)")
_LEADING = re.compile(
    r"(?:\s+(?:of|the|a|an|in|on|at|to|and|or|for|with|by|from|that|which|is|are|as))+$", re.IGNORECASE
)


def slides_of(text: str, most: int, language: str) -> tuple[str, list[Slide]]:
    """Return the title of a text and its slides, the first with the title alone.

    Args:
        text: What is explained; Markdown or plain.
        most: Slides, the title's among them.
        language: ISO 639-1 code.

    Raises:
        ArgumentError: There is no sentence in it, or one that is too long to be said.
    """
    title, parts = sections(text)
    if not parts:
        raise ArgumentError("The text has no sentence that could be said. Give one with words in it.")
    parts = _grouped(parts, max(1, most - 1), has_headings=any(one.heading for one in parts))
    every = [sentence for one in parts for sentence in [*one.sentences, *one.items]]
    title = title or _topic(every, parts)
    used = {title.casefold()}
    slides = [Slide(title=_cut(title, MOST_TITLE), say=_sayable(_ended(title, language)))]
    for part in parts:
        slides.append(_slide(part, used, title, language))
    return title, slides


def _grouped(parts: Sequence[Section], most: int, *, has_headings: bool) -> list[Section]:
    """Return as many parts as fit: neighbours are put together where the text is short or has too many of them."""
    found: list[Section] = []
    for one in parts:
        found += [one] if has_headings else _pieces(one)
    sizes = [_words(one) for one in found]
    while len(found) > 1:
        pairs = [sizes[at] + sizes[at + 1] for at in range(len(found) - 1)]
        at = min(range(len(pairs)), key=pairs.__getitem__)
        is_short = min(sizes[at], sizes[at + 1]) < _ENOUGH_WORDS
        short = not has_headings and is_short and pairs[at] <= SAID_WORDS
        if len(found) <= most and not short:
            break
        one, other = found[at], found[at + 1]
        both = Section(one.heading, one.level, [*one.sentences, *other.sentences], [*one.items, *other.items])
        found[at : at + 2], sizes[at : at + 2] = [both], [pairs[at]]
    return found


def _pieces(part: Section) -> list[Section]:
    """Return a long paragraph as several of a few sentences each, of about the same length."""
    count = max(1, round(_words(part) / 45))
    if count == 1 or len(part.sentences) < 2:
        return [part]
    each = _words(Section(sentences=part.sentences)) / count
    found, said = [Section()], 0.0
    for sentence in part.sentences:
        if said >= each * len(found) - each / 4 and len(found) < count:
            found.append(Section())
        found[-1].sentences.append(sentence)
        said += _length(sentence)
    found[-1].items = part.items
    return found


def _words(part: Section) -> float:
    return sum(map(_length, [*part.sentences, *part.items]))


def _length(text: str) -> float:
    """Return how long a text takes to say, in words."""
    return count_words(text) / (_HAN_A_WORD if _is_mostly_han(text) else 1)


def _slide(part: Section, used: set[str], whole: str, language: str) -> Slide:
    said = _said(part)
    title = part.heading or _title(part, used, whole)
    used.add(title.casefold())
    return Slide(
        title=_cut(title, MOST_TITLE),
        points=_points(part, title),
        say=_sayable(join(said) if said else _ended(title, language)),
    )


def _said(part: Section) -> list[str]:
    """Return the sentences that are said, in their order: the most central ones where all are too many."""
    sentences = [_ended(one, guess_language(one)) for one in [*part.sentences, *part.items]]
    if sum(map(_length, sentences)) <= SAID_WORDS * 1.3:
        return sentences
    chosen: set[int] = {0}
    for at in [0, *central(sentences, len(sentences))]:
        if sum(_length(sentences[one]) for one in chosen | {at}) <= SAID_WORDS:
            chosen.add(at)
    return [sentences[at] for at in sorted(chosen)]


def _points(part: Section, title: str) -> list[str]:
    if part.items:
        found = [_short(one) for one in part.items[:MOST_POINTS]]
    else:
        ranks = sorted(central(part.sentences, 4))
        found = [_short(part.sentences[at]) for at in ranks]
    seen = {title.casefold().rstrip(".。")}
    points = []
    for one in found:
        # The title may be how a sentence begins: little is left of it to be shown.
        rest = one[len(title) :] if one.casefold().startswith(title.casefold()) else one
        if 2 * len(rest) > len(one) and one.casefold() not in seen:
            seen.add(one.casefold())
            points.append(one)
    return points[: MOST_POINTS if part.items else 4]


def _short(sentence: str) -> str:
    """Return a sentence as a line of a slide: its first clauses, without what leads over from the one before."""
    text = _FILLER.sub("", sentence.strip()).rstrip(".。;；,，:：")
    most = _POINT_HAN if is_han(text[:2]) or _is_mostly_han(text) else _POINT_WORDS
    if count_words(text) > most:
        kept = ""
        for clause in _CLAUSE.finditer(text):
            if count_words(text[: clause.start()]) > most:
                break
            kept = text[: clause.start()]
        # A clause of a word or two, such as "In 1969", says nothing alone.
        text = kept if count_words(kept) >= most / 3 else _first(text, most)
    return _cut(text[:1].upper() + text[1:], MOST_POINT)


def _first(text: str, most: int) -> str:
    if _is_mostly_han(text):
        return text[:most].rstrip("，、；： ") + "…"
    return _LEADING.sub("", " ".join(text.split()[:most]).rstrip(",;:")) + " …"


def _title(part: Section, used: set[str], whole: str) -> str:
    """Return what a part without a heading is about: its first clause if that says it, else the whole's."""
    first = part.sentences[0] if part.sentences else part.items[0]
    bare = _FILLER.sub("", first).rstrip(".。!！?？")
    most = _TITLE_HAN if _is_mostly_han(bare) else _TITLE_WORDS
    for clause in dict.fromkeys((bare, _CLAUSE.split(bare, maxsplit=1)[0])):
        fits = most / 3 <= count_words(clause) <= most and not _NO_TITLE.search(clause)
        if fits and clause.casefold() not in used:
            return clause[:1].upper() + clause[1:]
    return whole


def _topic(sentences: Sequence[str], parts: Sequence[Section]) -> str:
    if parts[0].heading and len(parts) == 1:
        return parts[0].heading
    if subject := _subject(sentences[0]):
        return subject
    if _length(sentences[0]) <= _TITLE_WORDS:
        return sentences[0].rstrip(".。")
    terms = key_terms(sentences, 2)
    if not terms:
        return _short(sentences[0])
    best = terms[0].text
    return best[:1].upper() + best[1:]


def _subject(sentence: str) -> str:
    """Return what a sentence says something of, where that is said plainly: words before `is`, or 是."""
    found = _SUBJECT.match(_FILLER.sub("", sentence))
    if not found or _NO_TITLE.search(found[0]):
        return ""
    most = _TITLE_HAN if _is_mostly_han(found[0]) else _TITLE_WORDS
    return found[0][:1].upper() + found[0][1:] if 2 <= count_words(found[0]) <= most else ""


def _sayable(text: str) -> str:
    if len(text) > MOST_SAY:
        raise ArgumentError(
            f"One slide would be said with {len(text):,} characters ({text[:40]!r} …); the limit is {MOST_SAY:,}. "
            "Break what is said there into sentences."
        )
    return text


def _ended(text: str, language: str) -> str:
    if text.rstrip("\"'”’）)」』")[-1:] in ".。!！?？…":
        return text
    return text + ("。" if language == "zh" or _is_mostly_han(text) else ".")


def _is_mostly_han(text: str) -> bool:
    return 2 * sum(map(is_han, text)) > sum(letter.isalpha() for letter in text)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
