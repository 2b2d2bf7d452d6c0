"""Write the sentences of a chapter: what is on screen, what tools state, what is said."""

from collections.abc import Mapping, Sequence

from ..base.moments import Measure, Moment
from .chapters import Part
from .model import File, Sentence
from .rank import central
from .screens import Screen
from .spoken import Said, is_draft
from .summary import stated, untranscribed
from .wording import Wording, clock, quote

MOST_SCREENS = 4
MOST_LINES = 8
# Figures alone below this height of the picture are page numbers and clocks.
FOOTER = 0.85
MOST_QUOTES = 3
MOST_STATED = 4
DRAFT_CHARACTERS = 120


def describe(
    file: File, part: Part, spoken: Sequence[Said], measures: Mapping[str, Measure], say: Wording
) -> tuple[Sentence, ...]:
    """Return what there is to say about one part of a file."""
    found = [
        *_screens(part, say),
        *_stated(file, part, say),
        *_said(part, spoken, say),
        *_unsure(within(file.moments, part, "speech"), say),
    ]
    return tuple(found or [_shown(file, part, measures, say)])


def within(moments: Sequence[Moment], part: Part, kind: str) -> list[Moment]:
    """Return the moments of a kind that begin in a part."""
    return [
        one
        for one in moments
        if one.kind == kind
        and one.start_seconds is not None
        and part.start_seconds <= one.start_seconds < part.end_seconds
    ]


def _screens(part: Part, say: Wording) -> list[Sentence]:
    written = [screen for screen in part.screens if screen.moments]
    most = max(3, 2 * MOST_LINES // max(1, min(len(written), MOST_SCREENS))) if len(written) > 1 else MOST_LINES
    found = []
    for screen in written[:MOST_SCREENS]:
        lines = list(_lines(screen, part))[:most]
        if not lines:
            continue
        listed = say.listed([quote(one.text, 120) for one in lines])
        start = lines[0].start_seconds or 0.0
        alone = len(written) == 1
        text = say("screen", list=listed) if alone else say("screen_from", at=clock(start), list=listed)
        found.append(Sentence(text=text, evidence=tuple(one.id for one in lines), role="screen"))
    later = [screen for screen in written[MOST_SCREENS:] if screen.headings][:MOST_LINES]
    if later:
        items = [
            say("heading_at", quote=quote(screen.title, 80), at=clock(screen.headings[0].start_seconds or 0.0))
            for screen in later
        ]
        ids = dict.fromkeys(one.id for screen in later for one in screen.headings)
        text = say("screens_more", list=say.listed(items))
        found.append(Sentence(text=text, evidence=tuple(ids), role="screen"))
    return found


def _lines(screen: Screen, part: Part) -> Sequence[Moment]:
    """Return the lines of a screen once each; those up before this part only when they are all there is."""
    told = [one for one in screen.moments if not _is_page_number(one)] or list(screen.moments)
    own = [one for one in told if (one.start_seconds or 0.0) >= part.start_seconds - 1] or told
    lines = {one.text.casefold(): one for one in reversed(own)}
    first = [one for one in screen.headings if lines.get(one.text.casefold()) is one]
    return [*first, *(one for one in reversed(lines.values()) if one not in first)]


def _is_page_number(line: Moment) -> bool:
    low = line.box is not None and line.box[1] > FOOTER
    return low and not any(letter.isalpha() for letter in line.text)


def _stated(file: File, part: Part, say: Wording) -> list[Sentence]:
    facts = [*within(file.moments, part, "picture"), *within(file.moments, part, "fact")]
    texts = {one.text: one for one in reversed(facts) if one.text.strip()}
    return [stated(one, say) for one in list(texts.values())[-MOST_STATED:][::-1]]


def _said(part: Part, spoken: Sequence[Said], say: Wording) -> list[Sentence]:
    inside = [one for one in spoken if part.start_seconds <= one.start_seconds < part.end_seconds]
    topics = [part.title] if part.title else []
    best = sorted(central([one.text for one in inside], MOST_QUOTES, topics=topics))
    return [Sentence(text=quote(inside[at].text), evidence=inside[at].ids, role="said") for at in best]


def _unsure(speech: Sequence[Moment], say: Wording) -> list[Sentence]:
    """Quote a draft as a draft; of speech without words say only when it is."""
    drafted = [one for one in speech if is_draft(one) and one.text.strip()]
    if drafted:
        heard, used = "", list[Moment]()
        for one in drafted:
            if len(heard) + len(one.text) > DRAFT_CHARACTERS and used:
                break
            heard, used = f"{heard} {one.text}", [*used, one]
        text = say("draft_words", quote=quote(heard, DRAFT_CHARACTERS))
        return [Sentence(text=text, evidence=tuple(one.id for one in used), role="drafted")]
    silent = [one for one in speech if not one.text.strip()]
    return [untranscribed(silent, say)] if silent else []


def _shown(file: File, part: Part, measures: Mapping[str, Measure], say: Wording) -> Sentence:
    """Return the least that can be said: from when to when it is shown."""
    edges = [
        _nearest(file.moments, part.start_seconds) if part.start_seconds > 0 else None,
        _nearest(file.moments, part.end_seconds),
    ]
    length = [one.name for name, one in measures.items() if name == "duration_seconds"]
    proof = (*(one.id for one in edges if one), *length)
    if not part.start_seconds:
        return Sentence(text=say("shown_until", end=clock(part.end_seconds)), evidence=proof)
    text = say("shown", start=clock(part.start_seconds), end=clock(part.end_seconds))
    return Sentence(text=text, evidence=proof)


def _nearest(moments: Sequence[Moment], seconds: float) -> Moment | None:
    """Return a moment that begins or ends here."""

    def distance(one: Moment) -> float:
        return min(abs(time - seconds) for time in (one.start_seconds, one.end_seconds, 1e9) if time is not None)

    best = min(moments, key=distance, default=None)
    return best if best and distance(best) < 0.5 else None
