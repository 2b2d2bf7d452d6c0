"""Search in what was seen and heard."""

import difflib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from .base.errors import ArgumentError
from .base.estimate import NOTHING, Estimate, between
from .base.meaning import fused, nearness, nearness_of_pictures, standing_out
from .base.moments import Findings, Kind, Moment, flatten
from .base.run import Run
from .base.tool import tool
from .base.words import is_han, join, terms

# The usual constants of BM25 (Robertson 1994); moments are short, so length counts for less.
SATURATION, LENGTH_WEIGHT = 1.2, 0.5
# A draft transcript has words that only sound like those that were said.
SOUNDS_LIKE = 0.75
FUZZY_WEIGHT = 0.5
# What stands before and after a short moment makes it understandable.
NEIGHBOUR_SECONDS = 10.0


class Match(BaseModel):
    """One moment that was found."""

    moment: Moment
    score: float = Field(description="Higher is nearer; only comparable within one search.")
    words: list[str] = Field(description="What matched, as indexed: stems, and pairs of hanzi.")
    meaning: float | None = Field(None, description="How near its meaning is, -1 to 1; None: only words were compared.")
    fuzzy: bool = Field(description="True when the words of a draft transcript only resemble those asked for.")
    passage: str = Field(description="The moment with what was said or shown just before and after it.")


class Found(Findings):
    """Moments that fit a query, the nearest first; `moments` holds the same in order of time."""

    query: str
    matches: list[Match]
    searched: dict[str, int] = Field(description="How many moments of each kind were searched.")
    not_found: list[str] = Field(description="Words of the query that are nowhere.")
    kinds: list[Kind] = Field(default_factory=list, description="Only these were searched; all when it is empty.")
    between_seconds: tuple[float, float] | None = Field(None, description="Only this part was searched.")


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    """Return what comparing meanings takes: nothing is known of findings that are still to be made."""
    return between(0, 5_000, 300_000, "input_tokens") if args.get("query") else NOTHING


@tool(effect="pure", resource="cpu", version=3, roles=("embed",), units=_units)
async def find_moments(
    findings: Annotated[
        list[Findings], BeforeValidator(flatten), Field(description="Results of transcribe, read_text and the like.")
    ],
    query: Annotated[
        str, Field(description="Words, or a whole question; English or Chinese. Empty: all within `between_seconds`.")
    ] = "",
    kinds: Annotated[list[Kind] | None, Field(description="Search only these; all when left out.")] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Most matches to return.")] = 10,
    between_seconds: Annotated[
        tuple[float, float] | None, Field(description="Search only what is said or shown in this part: start and end.")
    ] = None,
    *,
    run: Run,
) -> Found:
    """Find when something is said or shown: moments whose words fit a query, ranked, with their times.

    It compares words, and meanings only where a model is set for that (`embed`): ask with words that would be said or
    written. Give it the findings of `transcribe` and `read_text`.
    """
    moments = [
        one if one.media else one.model_copy(update={"media": part.media})
        for part in findings
        for one in part.moments
        if one.text.strip() and (not kinds or one.kind in kinds) and _within(one, between_seconds)
    ]
    moments = list(dict.fromkeys(moments))
    asked = query.strip() and terms(query, query=True)
    texts, told = await nearness(query, [one.text for one in moments] if asked else [], run)
    pictures = _pictures(findings, kinds, between_seconds) if asked else []
    shown, missed = await nearness_of_pictures(query, [one.artifact or "" for one in pictures], run)
    near = _Near(texts=texts, first_picture=len(moments), pictures=shown)
    if shown:
        moments += pictures
    found = await run.thread(
        _find, findings, moments, query, run, kinds=kinds, limit=limit, between_seconds=between_seconds, near=near
    )
    found.limits += [*told, *missed]
    return found


def _pictures(
    findings: list[Findings], kinds: list[Kind] | None, between_seconds: tuple[float, float] | None
) -> list[Moment]:
    """Return the moments of which there is a picture and no words."""
    found = [
        one if one.media else one.model_copy(update={"media": part.media})
        for part in findings
        for one in part.moments
        if one.kind == "picture" and one.artifact and not one.text.strip() and _within(one, between_seconds)
    ]
    return list(dict.fromkeys(found)) if not kinds or "picture" in kinds else []


@dataclass(frozen=True, kw_only=True)
class _Near:
    """How near moments are to the question by what they mean, or show."""

    texts: Sequence[float] | None
    first_picture: int
    """The position of the first moment that is a picture."""
    pictures: Sequence[float] | None

    def of(self, at: int) -> float | None:
        values, place = (self.texts, at) if at < self.first_picture else (self.pictures, at - self.first_picture)
        return None if values is None else round(values[place], 3)

    def rankings(self, limit: int) -> list[list[int]]:
        """Return the positions that stand out: of texts, and of pictures, whose values have another range."""
        texts = standing_out(self.texts or [], limit)
        pictures = [self.first_picture + at for at in standing_out(self.pictures or [], limit)]
        return [one for one in (texts, pictures) if one]


def _find(
    findings: list[Findings],
    moments: list[Moment],
    query: str,
    run: Run,
    *,
    kinds: list[Kind] | None,
    limit: int,
    between_seconds: tuple[float, float] | None,
    near: _Near,
) -> Found:
    wanted = list(dict.fromkeys(terms(query, query=True)))
    if not wanted and (query.strip() or not between_seconds):
        raise ArgumentError(f"{query!r} has no word to search for. Give a word that would be said or shown.")
    if not wanted:
        moments.sort(key=lambda one: one.start_seconds or 0.0)
    index = Index(moments)
    known = index.known(wanted)
    run.check()
    everything = [Hit(at, 0.0, [], False) for at in range(len(moments))]
    ranked = index.search(known, len(wanted)) if wanted else everything
    meant = near.rankings(limit) if wanted else []
    ranked = (_with_meanings(ranked, meant) if meant else ranked)[:limit]
    matches = [
        Match(
            moment=moments[hit.at],
            score=round(hit.score, 3),
            words=hit.words,
            meaning=near.of(hit.at),
            fuzzy=hit.fuzzy,
            passage=_passage(moments, hit.at),
        )
        for hit in ranked
    ]
    searched: Counter[str] = Counter(one.kind for one in moments)
    media = {one.media for one in moments}
    return Found(
        media=media.pop() if len(media) == 1 else None,
        moments=sorted((match.moment for match in matches), key=lambda one: one.start_seconds or 0.0),
        limits=_limits(query, matches, searched, moments, findings),
        partial=any(part.partial for part in findings),
        query=query,
        matches=matches,
        searched=dict(searched),
        not_found=[word for word in wanted if word not in known],
        kinds=kinds or [],
        between_seconds=between_seconds,
    )


def _with_meanings(hits: Sequence["Hit"], meant: Sequence[Sequence[int]]) -> list["Hit"]:
    """Return what fits by its words together with what fits by its meaning; what does both comes first."""
    by_words = {hit.at: hit for hit in hits}
    scores = fused(list(by_words), *meant)
    return [replace(by_words.get(at, Hit(at, 0.0, [], False)), score=score) for at, score in scores.items()]


@dataclass(frozen=True)
class Hit:
    """A moment that fits, by its position."""

    at: int
    score: float
    words: list[str]
    fuzzy: bool


@dataclass(frozen=True)
class Index:
    """Words of moments, ranked by BM25."""

    moments: Sequence[Moment]

    @cached_property
    def bags(self) -> list[Counter[str]]:
        return [Counter(terms(one.text)) for one in self.moments]

    @cached_property
    def spread(self) -> Counter[str]:
        """In how many moments each word stands."""
        return Counter(word for bag in self.bags for word in bag)

    @cached_property
    def draft_words(self) -> list[str]:
        """Words that only draft transcripts have a say about."""
        drafts = (bag for one, bag in zip(self.moments, self.bags, strict=True) if one.source.quality == "draft")
        return sorted({word for bag in drafts for word in bag if len(word) > 3 and not is_han(word)})

    def known(self, wanted: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return for each word that is there what to look for and its weight: itself, or what resembles it."""
        found: dict[str, dict[str, float]] = {}
        for word in wanted:
            if word in self.spread:
                found[word] = {word: 1.0}
                continue
            alike = difflib.get_close_matches(word, self.draft_words, n=3, cutoff=SOUNDS_LIKE) if len(word) > 3 else []
            if is_han(word) and len(word) == 2 and any(letter in self.spread for letter in word):
                # 说猫 in a question stands in no text, but 猫 may.
                rare = min((letter for letter in word if letter in self.spread), key=lambda one: self.spread[one])
                found[word] = {rare: FUZZY_WEIGHT}
            elif alike:
                found[word] = dict.fromkeys(alike, FUZZY_WEIGHT)
        return found

    def search(self, known: Mapping[str, Mapping[str, float]], asked: int) -> list[Hit]:
        """Return the moments that have any of these words, the best first.

        Args:
            known: Those of the words asked for that are there, see `known`.
            asked: How many words were asked for.
        """
        average = sum(bag.total() for bag in self.bags) / max(1, len(self.bags))
        hits = []
        for at, bag in enumerate(self.bags):
            score, words, fuzzy = 0.0, list[str](), False
            for targets in known.values():
                best = max(targets, key=lambda word: targets[word] * self._score(word, bag, average))
                gained = targets[best] * self._score(best, bag, average)
                if gained > 0:
                    score += gained
                    words.append(best)
                    fuzzy = fuzzy or (targets[best] < 1 and not is_han(best))
            if words:
                # Half of the question in one moment is worth more than one word of it often.
                share = len(words) / asked
                hits.append(Hit(at, score * (0.5 + share), words, fuzzy))
        return sorted(hits, key=lambda hit: (-hit.score, self.moments[hit.at].start_seconds or 0.0))

    def _score(self, word: str, bag: Mapping[str, int], average: float) -> float:
        count = bag.get(word, 0)
        if not count:
            return 0.0
        rarity = math.log(1 + (len(self.bags) - self.spread[word] + 0.5) / (self.spread[word] + 0.5))
        length = 1 - LENGTH_WEIGHT + LENGTH_WEIGHT * sum(bag.values()) / max(average, 1e-9)
        return rarity * count * (SATURATION + 1) / (count + SATURATION * length)


def _within(moment: Moment, between_seconds: tuple[float, float] | None) -> bool:
    """Tell whether a moment and a part of the file overlap; one without times is nowhere."""
    if between_seconds is None:
        return True
    if moment.start_seconds is None:
        return False
    start, end = between_seconds
    if moment.end_seconds is None or moment.end_seconds <= moment.start_seconds:
        return start <= moment.start_seconds < end
    return moment.start_seconds < end and moment.end_seconds > start


def _passage(moments: Sequence[Moment], at: int) -> str:
    """Return a moment's text with its neighbours in time."""
    centre = moments[at]
    if centre.kind != "speech" or centre.start_seconds is None:
        return centre.text
    near = [
        moments[beside]
        for beside in range(max(0, at - 1), min(len(moments), at + 2))
        if moments[beside].kind == "speech"
        and moments[beside].media == centre.media
        and abs((moments[beside].start_seconds or 0.0) - centre.start_seconds) <= NEIGHBOUR_SECONDS
    ]
    return join([one.text for one in near])


def _limits(
    query: str,
    matches: Sequence[Match],
    searched: Mapping[str, int],
    moments: Sequence[Moment],
    findings: Sequence[Findings],
) -> list[str]:
    limits = list(dict.fromkeys(limit for part in findings for limit in part.limits))
    if not matches:
        kinds = ", ".join(f"{count} of {kind}" for kind, count in sorted(searched.items())) or "none at all"
        nothing = f"Nothing fits {query!r}" if query else "Nothing is said or shown there"
        limits.append(f"{nothing}; the moments that were searched: {kinds}.")
    if any(one.kind == "speech" and one.source.quality == "draft" for one in moments):
        limits.append("The transcript is a draft: something that was said may be missed or found in the wrong place.")
    return limits
