"""Proves what a model says: each sentence about the media against its evidence, and each file against what was made.

A sentence ends in marks of evidence (`marks`): ids of moments, measures or steps as the results show them, or times.
What needs none is told apart by fixed rules (`claiming`). For each claim the ids are resolved, quoted words are looked
up in the cited moments and in those next to them, and numbers and times among the cited moments, measures and results,
by the checker that reports are held to. A sentence without a mark is not lost when its own quotations, times or
measures lead to evidence that proves it.

What is not proven is `struck` when it contradicts or invents: a wrong quotation, number or time, or a file that no tool
made. It is `marked` when nothing backs it: no evidence, evidence that does not exist, or a small count (`3 reasons`,
`two people`) that a reader may have made himself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..tools.report.check import CLOCK, Checker, Fault, clock_seconds, quotations
from ..tools.report.model import Sentence
from .claiming import MEDIA, asserts, denies, is_heading_claim, needs_evidence
from .claims import Claim, cut
from .evidence import Evidence, plain
from .files_said import Files
from .marks import Cited
from .numbers_said import is_small_count, measures_named, without_count

Status = Literal["backed", "marked", "struck"]

NEAREST = 6
"""Moments that a bare time stands for, unless the sentence needs others of that time."""
MOST_AT_ONE_TIME = 60
_NUMBERED_ROW = re.compile(r"\s*\|\s*\d{1,3}\s*\|")
_CONTRADICTS = frozenset({"quotation", "time", "number", "late"})
_LETTERS_OF_A_LIMIT = 15


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A sentence that says something, and what came of it."""

    claim: Claim
    evidence: tuple[str, ...] = ()
    """Ids that are there; a claim that is backed has at least one."""
    status: Status = "backed"
    problems: tuple[str, ...] = ()
    is_quoting_draft: bool = False

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {"text": self.claim.text, "evidence": list(self.evidence), "status": self.status}
        return told | ({"problems": list(self.problems)} if self.problems else {})


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was checked of one text."""

    text: str
    checked: tuple[Checked, ...]

    @property
    def faults(self) -> list[Checked]:
        return [one for one in self.checked if one.status != "backed"]

    @property
    def score(self) -> int:
        return len(self.checked) - 2 * len(self.faults)


@dataclass(frozen=True, kw_only=True)
class Prover:
    """Checks texts of one run."""

    evidence: Evidence
    files: Files = field(default_factory=Files)
    request: str = ""
    told: str = ""
    """Letters of the limits and errors of the steps: repeating them needs no evidence."""

    @property
    def _looked(self) -> bool:
        """Whether a tool looked or listened; else only what names the media, or files, is checked."""
        return self.evidence.found > 0

    def prove(self, text: str) -> Proof:
        """Check every sentence of a text."""
        checker = Checker(self.evidence.moments, self.evidence.measures)
        made = (self._check(one, checker) for one in cut(text, self.evidence.knows))
        return Proof(text=text, checked=tuple(one for one in made if one is not None))

    def _check(self, claim: Claim, checker: Checker) -> Checked | None:
        """Return what came of a sentence; None where it says nothing that is to be proven."""
        invented = tuple(self.files.problems(claim.text, lambda: asserts(claim.raw, claim.text)))
        if invented and claim.block != "code":
            return Checked(claim=claim, status="struck", problems=invented)
        if not self._says_something(claim):
            return None
        return self._code(claim) if claim.block == "code" else self._sentence(claim, checker)

    def _says_something(self, claim: Claim) -> bool:
        if claim.marks:
            return True
        if claim.block == "code":
            return self._looked and _is_words(claim.text)
        if not self._looked:
            return bool(MEDIA.search(claim.text)) and needs_evidence(claim.raw, claim.text)
        if claim.block == "heading":
            return is_heading_claim(claim.text)
        if claim.leads and not re.search(r"[“”「」\"\d]", claim.text):
            return False  # what its list says is checked there
        rest = self.files.without(claim.text)
        if not re.search(r"\w", rest) or self._repeats(claim.text):
            return False
        if self.files.tells_of(claim.text) and not re.search(r"[“”「」\"\d]", rest):
            return False  # where a file is; that it was made is known by now
        return needs_evidence(claim.raw, claim.text)

    def _repeats(self, text: str) -> bool:
        letters = plain(text)
        return len(letters) >= _LETTERS_OF_A_LIMIT and letters in self.told

    def _sentence(self, claim: Claim, checker: Checker) -> Checked:
        sentence = self._counted(claim)
        cited, unknown, times = self._resolved(claim)
        if cited and claim.block == "row":  # the time in its first cell is what the row says, not what proves it
            bare = [one.name for mark in claim.marks if mark.bare for one in mark.cited if one.kind == "time"]
            sentence, times = " ".join([sentence, *bare]), [] if bare else times
        if not cited and not times:
            if unknown:
                return Checked(claim=claim, status="marked", problems=tuple(unknown))
            cited, times = self._led_to(sentence)
        if not cited and not times:
            return Checked(claim=claim, status="marked", problems=("no evidence is given",))
        ids, faults = self._best(sentence, cited, times, checker)
        if not faults:
            return Checked(claim=claim, evidence=tuple(ids), is_quoting_draft=self._quotes_draft(sentence, ids))
        contradicts = any(one.wrong in _CONTRADICTS and not is_small_count(one, sentence) for one in faults)
        problems = tuple(dict.fromkeys([*unknown, *(self._hinted(one) for one in faults)]))
        return Checked(
            claim=claim, evidence=tuple(ids), status="struck" if contradicts else "marked", problems=problems
        )

    def _counted(self, claim: Claim) -> str:
        """Return what of a sentence is to be proven: not names of files, counts of its list, or the user's words."""
        text = self.files.without(claim.text)
        if claim.block == "row":  # its number
            text = re.sub(r"^\s*\d{1,3}\b(?![:.,%])", "", text) if _NUMBERED_ROW.match(claim.raw) else text
        if claim.leads:
            text = without_count(text, claim.leads)
        if denies(claim.text):  # “budget” is not mentioned
            asked = plain(self.request)
            for quoted in quotations(text):
                if plain(quoted) in asked:
                    text = re.sub(rf"[“「『\"]{re.escape(quoted)}[”」』\"]", " ", text, count=1)
        return text

    def _resolved(self, claim: Claim) -> tuple[list[str], list[str], list[list[str]]]:
        """Return the ids of a sentence's marks, what is wrong with those of no evidence, and the ids of each time."""
        ids: dict[str, None] = {}
        unknown: list[str] = []
        times: list[list[str]] = []
        for one in (cited for mark in claim.marks or claim.shared for cited in mark.cited):
            if one.kind == "time":
                found = self._at(one)
                if found:
                    times.append(found)
                else:
                    unknown.append(f"nothing was found at {one.name}")
            elif name := self.evidence.resolve(one.name):
                ids[name] = None
            else:
                unknown.append(f"the evidence {one.name!r} does not exist")
        return list(ids), unknown, times

    def _at(self, cited: Cited) -> list[str]:
        return self.evidence.at(cited.start_seconds, cited.end_seconds)[:MOST_AT_ONE_TIME]

    def _led_to(self, text: str) -> tuple[list[str], list[list[str]]]:
        """Return what a sentence without a mark leads to: by its quotations, its times, or a measure it names."""
        quoted = [name for one in quotations(text) if len(plain(one)) >= 4 for name in self.evidence.containing(one)]
        times = [self.evidence.at(clock_seconds(clock))[:MOST_AT_ONE_TIME] for clock in CLOCK.finditer(text)]
        if quoted or any(times):
            return list(dict.fromkeys(quoted)), [one for one in times if one]
        return measures_named(text, self.evidence.measures), []

    def _best(
        self, text: str, cited: list[str], times: list[list[str]], checker: Checker
    ) -> tuple[list[str], list[Fault]]:
        """Return the fewest ids that prove a sentence and no fault, or all that were cited and the faults."""
        near = list(dict.fromkeys([*cited, *(one for found in times for one in found[:NEAREST])]))
        first = self._faults(text, near, checker)
        if not first:
            exact = re.search(r"[“”「」『』\"\d]", text)
            return self._fewest(text, cited, near, checker) if exact and times else near, []
        every = list(dict.fromkeys([*cited, *(one for found in times for one in found)]))
        # Words may go on in the next line of a transcript; a number or a time may not be taken from there.
        only_words = all(one.wrong == "quotation" for one in first)
        beside = [one for name in near for one in self.evidence.around(name)] if only_words else near
        for wider in (every, list(dict.fromkeys(beside))):
            if wider != near and not self._faults(text, wider, checker):
                return self._fewest(text, cited, wider, checker), []
        return near, first

    def _fewest(self, text: str, cited: list[str], ids: list[str], checker: Checker) -> list[str]:
        for one in reversed(ids):
            rest = [name for name in ids if name != one]
            if one not in cited and rest and not self._faults(text, rest, checker):
                ids = rest
        return ids

    def _faults(self, text: str, ids: Sequence[str], checker: Checker) -> list[Fault]:
        return checker.faults(Sentence(text=text, evidence=tuple(ids), role="model"))

    def _hinted(self, fault: Fault) -> str:
        """Return a fault with where the words really stand, when they stand somewhere."""
        if fault.wrong == "quotation":
            places = [name for one in quotations(fault.problem) for name in self.evidence.containing(one)]
            quoted = re.search(r"the quotation '(.*)' does not", fault.problem, re.DOTALL)
            places = places or (self.evidence.containing(quoted[1]) if quoted else [])
            if places:
                return f"{fault.problem}; these words stand in {', '.join(places)}"
        return fault.problem

    def _quotes_draft(self, text: str, ids: Sequence[str]) -> bool:
        """Tell whether quoted words stand in a draft transcript only."""
        cited = [moment for one in ids if (moment := self.evidence.moments.get(one))]
        drafts = [one for one in cited if one.kind == "speech" and one.source.quality == "draft"]
        good = "".join(plain(one.text) for one in cited if one not in drafts)
        return bool(drafts) and any(plain(one) not in good for one in quotations(text))

    def _code(self, claim: Claim) -> Checked:
        """Check a block of plain text, such as a transcript: its lines must stand in what was found."""
        lines = [line for line in claim.text.splitlines()[1:] if len(plain(re.sub(r"[\d:.,>\-\s]+", "", line))) > 1]
        lines = [line for line in lines if not re.match(r"\s*(?:`{3}|~{3})", line)]
        ids: dict[str, None] = {}
        missing = 0
        for line in lines:
            words = re.sub(r"^[\s\d:.,>\[\]()-]+", "", line)
            found = self.evidence.containing(words)
            missing += not found
            ids |= dict.fromkeys(found)
        if ids and missing * 5 <= len(lines):
            return Checked(claim=claim, evidence=tuple(ids)[:MOST_AT_ONE_TIME])
        return Checked(claim=claim, status="marked", problems=("these lines do not stand in the evidence",))


_PROSE = frozenset({"", "text", "txt", "srt", "vtt", "md", "markdown", "plaintext", "transcript"})
_COMMAND = re.compile(r"^\s*(?:\$ |sensorium |pip |ffmpeg |export |cd |#|//|[A-Z_]+=|[{}\[\]<])")


def _is_words(fence: str) -> bool:
    """Tell whether a block of code holds words that were said or shown, and not code."""
    first, _, rest = fence.partition("\n")
    language = first.strip().strip("`~").split(" ")[0].casefold()
    lines = [line for line in rest.splitlines() if line.strip()]
    return language in _PROSE and not any(_COMMAND.match(line) for line in lines[:3])
