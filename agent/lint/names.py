"""Which known name is meant by one that does not exist, and whether that is certain."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

from .vocabulary import CONCEPTS, EMPTY, KIND_WORDS, MAKING, SAME

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")

_STEM = {word: words.split()[0] for words in SAME for word in words.split()}


@dataclass(frozen=True)
class Guess:
    """What a name that does not exist may mean."""

    meant: str | None
    """None when it is not certain."""
    near: tuple[str, ...] = ()
    """What it may mean, best first."""

    def hint(self, known: Iterable[str]) -> str:
        """Return the words that help whoever wrote it."""
        if self.near:
            return f"Did you mean {' or '.join(f'`{one}`' for one in self.near[:3])}?"
        return f"There are: {', '.join(known)}."


def guess(name: str, known: Mapping[str, Collection[str]], fitting: Collection[str] | None = None) -> Guess:
    """Return which of the known names is meant.

    Args:
        name: The name that does not exist.
        known: The names that exist, each with its aliases.
        fitting: Those that fit where the name stands, such as tools that take what the step is given; None when that
            is not known.
    """
    # `functions.echo`: some models write the place a tool stands in before its name.
    for mark in ("functions.", "tools.", "default_api.", "sensorium.", "functions:", "tool:"):
        name = name.removeprefix(mark) or name
    flat = plain_name(name)
    for same in (_is_alias, _is_transposed, _is_same_words, _is_same_thing, _is_longer, _is_shorter):
        found = [one for one, aliases in known.items() if same(flat, name, (one, *aliases))]
        if same is _is_shorter:
            is_only = len(found) == 1 and _direction(name) == _direction(found[0]) is not None
            found = found if is_only else [one for one in found if not _tells_apart(name, one, known)]
        if len(found) == 1:
            return Guess(found[0], (found[0],))
        if found:
            fit = [one for one in found if fitting is not None and one in fitting]
            return Guess(fit[0] if len(fit) == 1 else None, tuple(fit or found))
    return _by_likeness(name, known, fitting)


CERTAIN, MARGIN, NEAR, SLIP = 0.82, 0.1, 0.55, 0.76
FIT, MISFIT = 0.12, 0.35
"""How much it speaks for a name that it fits where it stands, and against it that it does not."""


def _by_likeness(name: str, known: Mapping[str, Collection[str]], fitting: Collection[str] | None) -> Guess:
    scored = []
    for one, aliases in known.items():
        alike = max(likeness(name, other) for other in (one, *aliases))
        if fitting is not None:
            alike += FIT if one in fitting and alike > 0.4 else 0 if one in fitting else -MISFIT
        if alike >= NEAR:
            scored.append((alike, one))
    scored.sort(key=lambda pair: -pair[0])
    near = tuple(one for _, one in scored[:3]) or tuple(get_close_matches(name, known, n=1))
    second = scored[1][0] if len(scored) > 1 else 0.0
    certain = bool(scored) and scored[0][0] >= CERTAIN and scored[0][0] - second >= MARGIN
    if not certain and fitting is not None and len(fitting) == 1:
        (only,) = fitting  # nothing else can stand there, and its name speaks of the same
        if _speaks_of(name, only):
            return Guess(only, (only,))
    return Guess(near[0] if certain else None, near)


def _speaks_of(name: str, only: str) -> bool:
    """Return whether a name may be that of the only tool that fits: `Audio Extractor` for `Video-to-Audio`."""
    if _contradict(name, only) or _direction(name):
        return False
    mine, direction = set(words(name)), _direction(only)
    if direction:
        return direction[1] in mine and mine - KIND_WORDS <= MAKING
    return bool(mine & set(words(only)) - KIND_WORDS)


@lru_cache(maxsize=4096)
def likeness(one: str, other: str) -> float:
    """Return 0…1: how alike two names are, by letters and by words that mean the same."""
    if _contradict(one, other):
        return 0.0
    letters = _letters(plain_name(one), plain_name(other))
    first, second = words(one), words(other)
    if not first or not second:
        return letters
    shared = len(set(first) & set(second)) / len(set(first) | set(second))
    # Letters find slips of the keyboard, which no word is another word by: `Token` is none of `Text`.
    raw, others = _parts(one), _parts(other)
    slipped = len(raw) == len(others) and all(any(_is_slip(a, b) for b in others) for a in raw)
    is_slip = slipped or (letters >= 0.9 and len(raw) != len(others))
    return max(letters if is_slip else 0.6 * letters, 0.35 * letters + 0.65 * shared)


def _is_slip(one: str, other: str) -> bool:
    """Return whether a word is another with a slip of the keyboard."""
    return sorted(one) == sorted(other) or _letters(one, other) >= SLIP


def _letters(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _contradict(one: str, other: str) -> bool:
    """Return whether two names that say from what to what they convert say different things."""
    first, second = _direction(one), _direction(other)
    if first and second:
        return any(a != b and not (a not in KIND_WORDS and _is_slip(a, b)) for a, b in zip(first, second, strict=True))
    # `Video Search` is no slip for `Image Search`: the kind of media is the difference.
    kinds, others = set(words(one)) & KIND_WORDS, set(words(other)) & KIND_WORDS
    return bool(kinds and others and not (kinds & others))


@lru_cache(maxsize=4096)
def _direction(name: str) -> tuple[str, str] | None:
    """Return from what to what a name says that it converts: `Video-to-Audio`, `Audio from Video`."""
    parts = _parts(name)
    for at, part in enumerate(parts):
        if part in ("to", "2", "from") and 0 < at < len(parts) - 1:
            before, after = _stem(parts[at - 1]), _stem(parts[at + 1])
            if part != "from":
                return before, after
            if {before, after} <= KIND_WORDS:
                return after, before
    return None


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a name without case, spaces and marks."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name that say something, each as the first of those that mean the same."""
    return tuple(_stem(one) for one in _parts(name) if one not in EMPTY)


@lru_cache(maxsize=4096)
def _parts(name: str) -> tuple[str, ...]:
    return tuple(one.casefold() for one in _WORD.findall(name))


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    return _STEM.get(word) or _ROOTS.get(_root(word)) or _root(word)


def _root(word: str) -> str:
    """Return a word without the ending that makes it a noun, a doer or a plural."""
    word = word.removesuffix("s") if not word.endswith("ss") else word
    for ending in ("ization", "isation", "ation", "ition", "tion", "sion", "ing", "ment", "er", "or", "ed", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


_ROOTS = {_root(word): words.split()[0] for words in reversed(SAME) for word in words.split()}


def _is_alias(flat: str, _: str, names: Collection[str]) -> bool:
    return any(plain_name(one) == flat for one in names)


def _is_transposed(flat: str, _: str, names: Collection[str]) -> bool:
    """Return whether a name has the letters of another, some of them in each other's place."""
    letters = sorted(flat)
    return any(
        sorted(other) == letters and _letters(flat, other) >= 0.85 for other in map(plain_name, names) if len(other) > 3
    )


def _is_same_words(_: str, name: str, names: Collection[str]) -> bool:
    mine = words(name)
    if not mine:
        return False
    return any(
        not _contradict(name, one)
        and (words(one) == mine or (not _direction(name) and sorted(words(one)) == sorted(mine)))
        for one in names
    )


def _is_same_thing(_: str, name: str, names: Collection[str]) -> bool:
    mine = _concept(name)
    return mine is not None and any(_concept(one) == mine for one in names)


def _concept(name: str) -> int | None:
    """Return the number of the thing that a name is one of the names of."""
    concepts, direction = _concepts(), _direction(name)
    spelt = [plain_name(name), "".join(words(name)), "to".join(direction) if direction else ""]
    return next((concepts[one] for one in spelt if one in concepts), None)


def _is_longer(_: str, name: str, names: Collection[str]) -> bool:
    """Return whether a name says all that is meant by it, and more: `Voiceover` for `Video Voiceover`."""
    mine = set(words(name))
    return bool(mine - KIND_WORDS - {"to"}) and any(
        mine < set(words(one)) for one in names if not _contradict(name, one)
    )


def _is_shorter(_: str, name: str, names: Collection[str]) -> bool:
    """Return whether a name says more than what it means is called: `Text Key Extractor` for `Key Extractor`."""
    mine = set(words(name))
    return any(
        other < mine and bool(other - KIND_WORDS - {"to"} or _direction(one))
        for one in names
        if not _contradict(name, one) and (other := set(words(one)))
    )


def _tells_apart(name: str, meant: str, known: Collection[str]) -> bool:
    """Return whether what a name has more than a known one is what makes another of them different from that."""
    more = set(words(name)) - set(words(meant)) - {"to"}
    if not set(words(meant)) & KIND_WORDS:
        more -= {"text"}  # what most tools work on, so that many leave it out
    return any(more & set(words(other)) for other in known if other != meant)


def converts_by_name(name: str, given: str, made: str) -> bool:
    """Return whether a name says that it turns one kind of media into another."""
    direction = f"{given}-to-{made}".replace("picture", "image")
    if _direction(name) == _direction(direction):
        return True
    return _concept(name) is not None and _concept(name) == _concept(direction)


@lru_cache(maxsize=1)
def _concepts() -> dict[str, int]:
    """Return spelling -> number of the thing it means; a spelling of two things means none."""
    found: dict[str, int] = {}
    twice = set()
    for number, line in enumerate(CONCEPTS, 1):
        for phrase in line.split(";"):
            for spelt in {plain_name(phrase), "".join(words(phrase))}:
                twice |= {spelt} if found.get(spelt, number) != number else set()
                found[spelt] = number
    return {spelt: number for spelt, number in found.items() if spelt not in twice and spelt}
