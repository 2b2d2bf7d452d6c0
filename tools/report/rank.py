"""Rank sentences and terms by how central they are to a text."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..base.words import HAN_STOP_WORDS, count_words, han_phrases, is_han, is_stop, stem, terms, tokens

# A sentence of fewer words says little on its own; one of more is hard to read in a summary.
SHORT_WORDS, LONG_WORDS = 6, 40
# How much a sentence loses for repeating what was already picked (maximal marginal relevance, Carbonell 1998).
REPETITION_WEIGHT = 0.7
CANDIDATES = 40
_LONGEST_PHRASE = 3
_LONGEST_HAN = 6


def central(sentences: Sequence[str], count: int, *, topics: Iterable[str] = ()) -> list[int]:
    """Return the positions of the `count` most central sentences, best first.

    A sentence is scored by its cosine with the centroid of all, as in Radev's MEAD (2004), and less for being
    short, long, or close to one already picked. It is linear in the number of sentences.

    Args:
        topics: Texts that say what it is about, such as titles; sentences that share their words are raised.
    """
    bags = [Counter(terms(sentence)) for sentence in sentences]
    spread = Counter(term for bag in bags for term in bag)
    weights = {term: math.log(1 + len(bags) / seen) for term, seen in spread.items()}
    vectors = [_unit({term: seen * weights[term] for term, seen in bag.items()}) for bag in bags]
    middle: Counter[str] = Counter()
    for vector in vectors:
        for term, weight in vector.items():
            middle[term] += weight  # type: ignore[assignment]  # a Counter of floats adds as one of ints does
    centre = _unit(middle)
    wanted = {term for topic in topics for term in terms(topic)}
    scores = []
    for sentence, vector in zip(sentences, vectors, strict=True):
        raised = 1 + 0.5 * len(wanted & vector.keys()) / (len(wanted) ** 0.5 or 1)
        scores.append(_dot(vector, centre) * raised * _ease(count_words(sentence)))
    # Those far down the list would not be picked, however new they are.
    left = sorted(range(len(scores)), key=lambda at: (-scores[at], at))[: 4 * count + CANDIDATES]
    repeats = dict.fromkeys(left, 0.0)
    picked: list[int] = []
    while left and len(picked) < count:
        best = max(left, key=lambda at: (scores[at] * (1 - REPETITION_WEIGHT * repeats[at]), -at))
        left.remove(best)
        picked.append(best)
        for at in left:
            repeats[at] = max(repeats[at], _dot(vectors[at], vectors[best]))
    return picked


def _ease(words: int) -> float:
    if words < SHORT_WORDS:
        return words / SHORT_WORDS / 2
    return min(1.0, LONG_WORDS / words)


def _unit(vector: dict[str, float] | Counter[str]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {term: weight / length for term, weight in vector.items()} if length else {}


def _dot(one: dict[str, float], other: dict[str, float]) -> float:
    small, large = sorted((one, other), key=len)
    return sum(weight * large.get(term, 0.0) for term, weight in small.items())


@dataclass(frozen=True, kw_only=True)
class Term:
    """A word or phrase that a text is about."""

    text: str
    count: int
    places: tuple[int, ...]
    """Positions of the sentences that have it."""


def key_terms(sentences: Sequence[str], count: int, *, titles: Iterable[int] = ()) -> list[Term]:
    """Return the words and phrases a text is about, the most telling first.

    Frequent phrases of content words that no stop word or punctuation parts; a part of a phrase that is hardly
    ever seen without it is left out, as in the C-value of Frantzi (2000).

    Args:
        titles: Positions of sentences that are titles; what stands there counts three times, and a whole title is a
            term although it is seen once.
    """
    places: dict[str, list[int]] = {}
    written: dict[str, Counter[str]] = {}
    weight: Counter[str] = Counter()
    raised = set(titles)
    whole: set[str] = set()
    for at, sentence in enumerate(sentences):
        for phrase in _phrases(sentence):
            key = " ".join(map(stem, phrase.split()))
            places.setdefault(key, []).append(at)
            written.setdefault(key, Counter())[phrase] += 1
            weight[key] += 3 if at in raised else 1
            if at in raised and phrase == sentence.strip():
                whole.add(key)
    found: dict[str, Term] = {}
    for key in sorted(weight, key=lambda key: (-_worth(key, weight[key]), places[key][0], key)):
        once = len(places[key]) < 2 and key not in whole and len(sentences) > 3
        if once or _adds_nothing(key, places, found):
            continue
        text = written[key].most_common(1)[0][0]
        found[key] = Term(text=text, count=len(places[key]), places=tuple(dict.fromkeys(places[key])))
        if len(found) == count:
            break
    return list(found.values())


def _worth(key: str, weight: int) -> float:
    if is_han(key):
        return float(weight * min(len(key), 4) ** 0.8)
    # A phrase is rarer than its words and says more; short words are seldom telling.
    return weight * (0.0, 1.0, 2.2, 3.2)[len(key.split())] * min(1.0, len(key) / 6)


def _adds_nothing(key: str, places: Mapping[str, Sequence[int]], found: Mapping[str, Term]) -> bool:
    """Tell whether a phrase is seen mostly inside those found, or is hardly more than one of them."""
    seen, words = len(places[key]), set(key.split())
    inside = sum(term.count for known, term in found.items() if _contains(known, key))
    return (inside > 0 and seen <= 2 * inside) or any(
        _contains(key, known) and seen < term.count / 2
        if is_han(known)
        else len(words & set(known.split())) >= 2 and seen <= term.count
        for known, term in found.items()
    )


def _contains(whole: str, part: str) -> bool:
    return part in whole if is_han(part) else f" {part} " in f" {whole} "


def _phrases(sentence: str) -> Iterator[str]:
    run: list[str] = []
    for token, joined in _tokens_and_gaps(sentence):
        if not joined:
            yield from _grams(run)
            run = []
        if is_han(token):
            yield from _grams(run)
            run = []
            yield from _han_grams(token)
        elif is_stop(token) or token[0].isdigit():
            yield from _grams(run)
            run = []
        else:
            run.append(token)
    yield from _grams(run)


def _tokens_and_gaps(sentence: str) -> Iterator[tuple[str, bool]]:
    """Yield each token with whether only a space parts it from the one before."""
    position = 0
    for token in tokens(sentence):
        at = sentence.index(token, position)
        yield token, not sentence[position:at].strip()
        position = at + len(token)


def _grams(run: Sequence[str]) -> Iterator[str]:
    for start in range(len(run)):
        for size in range(1, _LONGEST_PHRASE + 1):
            if start + size <= len(run) and (size > 1 or len(run[start]) > 2):
                yield " ".join(run[start : start + size])


def _han_grams(run: str) -> Iterator[str]:
    for piece in han_phrases(run):
        for size in range(2, min(len(piece), _LONGEST_HAN) + 1):
            for start in range(len(piece) - size + 1):
                gram = piece[start : start + size]
                if gram not in HAN_STOP_WORDS:
                    yield gram
