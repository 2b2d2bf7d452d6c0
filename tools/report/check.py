"""Refuse a report or an answer that says more than its evidence."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..base.errors import EvidenceError
from ..base.moments import Measure, Moment
from .model import Draft, Sentence

CLOCK = re.compile(r"(?<![\d.:])(\d+):([0-5]\d)(?::([0-5]\d))?(?!:?\d)")
"""A time in a sentence: `1:23`, `1:02:03`."""
_NUMBER = re.compile(r"(?<![\d.])\d[\d,]*(?:\.\d+)?")
_QUOTED = re.compile(
    r"„([^“”\n]*)[“”]|“([^”]*)”|「([^」]*)」|『([^』]*)』|\"([^\"]*)\"|«([^«»\n]*)»|"
    r"(?<!\w)[‘'](?=\S)(?P<single>(?:[^‘’'\n]|[’'](?=\w)){5,400})(?<=\S)[’'](?!\w)"
)
_LEAST_WORDS = 3
"""In single quotation marks, which also set off a word or a name."""
_SPOKEN_CLOCK = re.compile(
    r"(?<![A-Za-z0-9_.:])(\d{1,3})\s?(?:m|min|mins|minutes?|分钟?)[\s,]*(?:and\s+)?([0-5]?\d)\s?(?:s|secs?|seconds?|秒)(?![a-z])",
    re.IGNORECASE,
)
_NUMBER_WORDS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
_WORDS = {word: value for value, word in enumerate(_NUMBER_WORDS.split(), 2)} | {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
# One is left out: 一个 is an article as often as a number.
_HAN_NUMBER = re.compile(
    r"(?<!第)([二两三四五六七八九]?十[一二三四五六七八九]?|[二两三四五六七八九])(?=[个张次页条段位名秒分幅幕])"
)
# A position is shown to the second.
CLOCK_ERROR_SECONDS = 0.51
# A model cuts where we round: 83.9 s may be its 1:23.
MODEL_CLOCK_ERROR_SECONDS = 0.999
# Containers round their length; a moment may end this much after it.
END_ERROR_SECONDS = 1.0
# What a number is that says about how many.
_ABOUT = re.compile(
    r"(?:\babout|\baround|\broughly|\bapproximately|\bnearly|\balmost|\bsome|~|≈|大约|约|近|将近|左右)\s*$",
    re.IGNORECASE,
)
ABOUT_SHARE = 0.1
MOST_NUMBERS = 2_000
"""In a text whose numbers may also be given rounded, or as times."""
_MINUTES = re.compile(r"[\s-]*(?:minutes?\b|mins?\b|分钟)", re.IGNORECASE)
_HOURS = re.compile(r"[\s-]*(?:hours?\b|hrs?\b|小时)", re.IGNORECASE)
_BELOW_ZERO = re.compile(r"(?:\b(?:minus|negative)\s+|负|(?<![\w.,)%\]])[-−])$", re.IGNORECASE)
_SAYS_BELOW_ZERO = re.compile(r"\b(?:minus|negative)\b|负|[-−–]\s?\d", re.IGNORECASE)
# The number of a part is its place in an order of the writer's own, not something that was measured.
_ORDINAL = re.compile(
    r"(?:\b(?:part|chapter|section|step|option|figure|table|item|point|slide|scene|shot|segment|file|picture|image|"
    r"frame|video|no\.?|number|#)|第)\s*#?$",
    re.IGNORECASE,
)

Wrong = Literal["none", "unknown", "late", "quotation", "time", "number", "numeral"]
"""What kind of fault: no evidence, unknown evidence, evidence behind the end, words or a time or a number that are not
in it; a numeral is a number that is written as a word."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one sentence."""

    at: int
    """Position of the sentence among those that were checked."""
    sentence: str
    problem: str
    wrong: Wrong = "none"


def check_claims(
    claims: Sequence[Sentence],
    moments: Iterable[Moment],
    measures: Iterable[Measure],
    *,
    seconds: Mapping[str, float] | None = None,
) -> list[Fault]:
    """Return what is wrong with these sentences; an empty list when each is proven.

    Each must cite evidence, each id must be of a moment or a measure, each quotation must stand in what is cited, and
    each number must be a number in a cited text, a time of a cited moment or the value of a cited measure.

    A sentence of a model (its role is `model`) may also name any second that a cited moment lasts, how long it lasts,
    how many moments it cites, and the place of a part in an order; and its times are exact to a second.

    Args:
        seconds: Length of each file by handle, so that a link to a second behind its end is found.
    """
    checker = Checker({one.id: one for one in moments}, {one.name: one for one in measures}, seconds or {})
    return [fault for at, claim in enumerate(claims) for fault in checker.faults(claim, at)]


def check_report(draft: Draft, *, exists: Callable[[str], bool]) -> None:
    """Refuse a report that says more than its evidence or links to nothing.

    Args:
        exists: Tells whether the artifact of a handle is there.

    Raises:
        EvidenceError: Something is not proven; `faults` lists everything that was found.
    """
    seconds = {one.handle: one.coverage.seconds for one in draft.files if one.coverage.seconds is not None}
    claims = check_claims(draft.sentences, draft.moments, draft.measures, seconds=seconds)
    faults = [f"{fault.problem}, in: {fault.sentence}" for fault in claims]
    faults += _structure(draft, exists)
    if faults:
        raise refusal(faults)


def strike(draft: Draft, *, exists: Callable[[str], bool]) -> tuple[Draft, int]:
    """Return the report without what is not proven, and how many sentences that were.

    What is left can still be refused, but no step's findings are lost for one sentence.
    """
    seconds = {one.handle: one.coverage.seconds for one in draft.files if one.coverage.seconds is not None}
    sentences = draft.sentences
    faulty = {
        id(sentences[fault.at]) for fault in check_claims(sentences, draft.moments, draft.measures, seconds=seconds)
    }
    chapters = tuple(
        replace(
            chapter,
            sentences=tuple(one for one in chapter.sentences if id(one) not in faulty),
            picture=chapter.picture if chapter.picture and exists(chapter.picture) else None,
        )
        for chapter in draft.chapters
    )
    moments = tuple(
        one if one.artifact is None or exists(one.artifact) else one.model_copy(update={"artifact": None})
        for one in draft.moments
    )
    summary = tuple(one for one in draft.summary if id(one) not in faulty)
    return replace(draft, summary=summary, chapters=chapters, moments=moments), len(faulty)


def check_page(page: str) -> None:
    """Refuse an HTML page with a link to no anchor, an anchor that stands twice, or anything loaded from elsewhere.

    Raises:
        EvidenceError: See above; `faults` lists everything that was found.
    """
    tags = re.findall(r"<[a-zA-Z][^<>]*>", page)
    anchors = [anchor for tag in tags for anchor in re.findall(r'\sid="([^"]*)"', tag)]
    links = [link for tag in tags for link in re.findall(r'\shref="([^"]*)"', tag)]
    known = Counter(anchors)
    nowhere = [link for link in dict.fromkeys(links) if link.removeprefix("#") not in known]
    faults = [f"the link {link!r} leads nowhere" for link in nowhere]
    faults += [f"the anchor {anchor!r} stands twice" for anchor, count in known.items() if count > 1]
    sources = [source for tag in tags for source in re.findall(r'\ssrc="([^"]*)"', tag)]
    faults += [
        f"{source!r} is loaded from elsewhere" for source in sources if not source.startswith(("data:image/", "./"))
    ]
    if faults:
        raise refusal(faults)


def refusal(faults: list[str]) -> EvidenceError:
    """Return the error that lists all faults."""
    listed = "\n".join(f"- {fault}" for fault in faults)
    return EvidenceError(f"This says more than its evidence ({len(faults)} faults):\n{listed}", faults)


@dataclass(frozen=True)
class Checker:
    """Checks sentences one by one against the same evidence; hundreds of them may cite one long text."""

    moments: Mapping[str, Moment]
    measures: Mapping[str, Measure]
    seconds: Mapping[str, float] = field(default_factory=dict)
    _letters: dict[str, str] = field(default_factory=dict)
    _numbers: dict[str, frozenset[str]] = field(default_factory=dict)

    def faults(self, claim: Sentence, at: int = 0) -> list[Fault]:
        """Return what is wrong with a sentence; see `check_claims`."""
        return [Fault(at, claim.text, problem, wrong) for wrong, problem in _problems(claim, self)]

    def letters_of(self, moment: Moment) -> str:
        if moment.id not in self._letters:
            self._letters[moment.id] = _plain(moment.text)
        return self._letters[moment.id]

    def numbers_of(self, moment: Moment) -> frozenset[str]:
        if moment.id not in self._numbers:
            found = _NUMBER.findall(f"{moment.text} {moment.source.provider}")
            self._numbers[moment.id] = frozenset(one.replace(",", "").rstrip(".") for one in found)
        return self._numbers[moment.id]


def _problems(claim: Sentence, evidence: Checker) -> Iterator[tuple[Wrong, str]]:
    if not claim.evidence:
        yield "none", "no evidence is given"
    for name in claim.evidence:
        if name not in evidence.moments and name not in evidence.measures:
            yield "unknown", f"the evidence {name!r} does not exist"
    cited = [evidence.moments[name] for name in claim.evidence if name in evidence.moments]
    values = [evidence.measures[name] for name in claim.evidence if name in evidence.measures]
    for moment in cited:
        end = evidence.seconds.get(moment.media or "")
        if end is not None and (moment.start_seconds or 0.0) > end + END_ERROR_SECONDS:
            late = f"the evidence {moment.id!r} is at {moment.start_seconds:g} s, behind the end at {end:g} s"
            yield "late", late
    everything = "".join(evidence.letters_of(moment) for moment in cited)
    for quoted in quotations(claim.text):
        # A quotation may leave something out where it says so.
        parts = [part for part in re.split(r"…|\.\.\.", quoted) if part]
        if not all(_plain(part) in everything for part in parts):
            yield "quotation", f"the quotation {quoted!r} does not stand in the evidence"
    yield from _unproven_numbers(_unquoted(claim.text), cited, values, evidence, claim.role == "model")


def quotations(text: str) -> list[str]:
    """Return what stands in quotation marks."""
    return ["".join(filter(None, one.groups())) for one in _QUOTED.finditer(text) if _is_quotation(one)]


def _unquoted(text: str) -> str:
    return _QUOTED.sub(lambda found: " " if _is_quotation(found) else found[0], text)


def _is_quotation(found: re.Match[str]) -> bool:
    return found["single"] is None or len(found["single"].split()) >= _LEAST_WORDS


def _plain(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _unproven_numbers(
    text: str, cited: Sequence[Moment], measures: Sequence[Measure], evidence: Checker, by_model: bool
) -> Iterator[tuple[Wrong, str]]:
    times = [time for one in cited for time in (one.start_seconds, one.end_seconds) if time is not None]
    if by_model:  # what is stated in seconds may be said as a position: `Length: 90.4 s.` is 1:30
        stated = [one for one in cited if one.kind == "fact" and one.start_seconds is None]
        times += [float(number) for one in stated for number in _few(evidence.numbers_of(one))]
    values = [one.value for one in measures]
    # A time in words is one number, not two.
    text = _SPOKEN_CLOCK.sub(lambda found: f" {int(found[1])}:{int(found[2]):02} ", text)
    for clock in CLOCK.finditer(text):
        if not _is_time(clock_seconds(clock), [*times, *values], cited, by_model):
            yield "time", f"no cited moment or measure has the time {clock[0]}"
    written = frozenset[str]().union(*(evidence.numbers_of(one) for one in cited))
    lasting = [(one.end_seconds or 0.0) - one.start_seconds for one in cited if one.start_seconds is not None]
    known = [*values, *times, *(lasting if by_model else [])]
    rest = CLOCK.sub(" ", text)
    below_zero = any(one < 0 for one in values) or any(_SAYS_BELOW_ZERO.search(one.text) for one in cited)
    for found in _NUMBER.finditer(rest):
        digits = found[0].replace(",", "").rstrip(".")
        if by_model and _BELOW_ZERO.search(rest[: found.start()][-16:]) and not below_zero:
            yield "number", f"no cited moment or measure has the number −{found[0]}"
            continue
        if digits in written or _is_rounded(digits, known):
            continue
        before = rest[max(0, found.start() - 16) : found.start()]
        if by_model and (float(digits) == len(cited) or _is_place(before, float(digits), evidence)):
            continue
        if by_model and _is_roughly(rest, found, [*known, *(float(one) for one in _few(written))]):
            continue
        yield "number", f"no cited moment or measure has the number {found[0]}"
    folded = " ".join(f"{one.text} {one.source.provider}" for one in cited).casefold() if _has_numeral(text) else ""
    for word, value in _numerals(text):
        counted = by_model and value == len(cited)
        if word.casefold() not in folded and str(value) not in written and value not in values and not counted:
            yield "numeral", f"no cited moment or measure has the number {word}"


def _is_time(seconds: float, known: Sequence[float], cited: Sequence[Moment], by_model: bool) -> bool:
    early = MODEL_CLOCK_ERROR_SECONDS if by_model else CLOCK_ERROR_SECONDS
    if any(-CLOCK_ERROR_SECONDS <= time - seconds <= early for time in known):
        return True
    lasting = [(one.start_seconds, one.end_seconds) for one in cited] if by_model else []
    return any(start is not None and end is not None and start <= seconds <= end for start, end in lasting)


def _is_rounded(digits: str, known: Sequence[float]) -> bool:
    places = len(digits.partition(".")[2])
    return any(abs(round(value, places) - float(digits)) < 1e-9 for value in known)


def _few(numbers: frozenset[str]) -> list[str]:
    """Return numbers that others may be compared with; among thousands there is always one that is near."""
    return [one for one in numbers if len(one) < 18] if len(numbers) <= MOST_NUMBERS else []


def _is_place(before: str, number: float, evidence: Checker) -> bool:
    """Tell whether a number is the place of a part in an order: there are no more parts than moments."""
    return bool(_ORDINAL.search(before)) and number <= len(evidence.moments)


def _is_roughly(text: str, found: re.Match[str], known: Sequence[float]) -> bool:
    """Tell whether a number is a known one in minutes or hours, or said to be about one."""
    before, after = text[max(0, found.start() - 16) : found.start()], text[found.end() : found.end() + 12]
    divisor = 60.0 if _MINUTES.match(after) else 3600.0 if _HOURS.match(after) else 1.0
    scaled = [one / divisor for one in known]
    digits = found[0].replace(",", "").rstrip(".")
    if _is_rounded(digits, scaled):
        return True
    about = _ABOUT.search(before) or after.strip().startswith(("左右", "上下"))
    return bool(about) and any(abs(float(digits) - one) <= ABOUT_SHARE * abs(one) for one in scaled)


def _has_numeral(text: str) -> bool:
    return bool(_WORD.search(text) or _HAN_NUMBER.search(text))


def clock_seconds(clock: re.Match[str]) -> float:
    """Return the seconds of a time that `CLOCK` found."""
    first, second, third = int(clock[1]), int(clock[2]), clock[3]
    return first * 60 + second if third is None else first * 3600 + second * 60 + int(third)


def _numerals(text: str) -> Iterator[tuple[str, int]]:
    """Yield numbers that are written as words."""
    for word in _WORD.findall(text):
        yield word, _WORDS[word.casefold()]
    for han in _HAN_NUMBER.findall(text):
        tens, ten, ones = han.rpartition("十")
        value = (_HAN_DIGITS.get(tens, 1) * 10 if ten else 0) + _HAN_DIGITS.get(ones, 0)
        yield han, value


def _structure(draft: Draft, exists: Callable[[str], bool]) -> Iterator[str]:
    """Yield what is wrong with a report beside its sentences."""
    ids = [one.id for one in draft.moments]
    names = [one.name for one in draft.measures]
    known = {*ids, *names}
    if len(known) < len(ids) + len(names):
        yield "two moments or measures have the same name"
    if not draft.summary:
        yield "there is no summary"
    for measure in draft.measures:
        yield from (f"the measure {measure.name!r} cites {one!r}" for one in measure.evidence if one not in known)
    for term in draft.terms:
        yield from (f"the term {term.text!r} cites {one!r}" for one in term.evidence if one not in known)
    for chapter in draft.chapters:
        if not chapter.start_seconds < chapter.end_seconds:
            yield f"the chapter {chapter.title!r} ends before it starts"
        if chapter.picture and not exists(chapter.picture):
            yield f"the picture of the chapter {chapter.title!r} is missing"
    for moment in draft.moments:
        if moment.artifact and not exists(moment.artifact):
            yield f"the artifact of {moment.id!r} is missing"
