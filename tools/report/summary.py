"""Say in three to seven sentences what a file holds, each with its evidence."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ..base.moments import Measure, Moment
from .chapters import Part
from .model import File, Sentence
from .rank import central
from .screens import Screen
from .spoken import Said, is_draft
from .wording import Wording, clean, clock, engine, number, quote

FEWEST = 3
MOST_HEADINGS = 6
MOST_QUOTES = 4
LONG_SECONDS = 600
# The file's own line, the facts at the top of the page, and comparisons, which concern two files.
TOLD_ELSEWHERE = ("write_report", "probe_media", "compare_media")
# The opening has said the size of a picture.
_SIZE = re.compile(r"[A-Z]+, [\d,]+ × [\d,]+ pixels")


def summarize(
    file: File, parts: Sequence[Part], spoken: Sequence[Said], measures: Mapping[str, Measure], say: Wording
) -> list[Sentence]:
    """Return the summary of one file."""
    fact = file.fact
    opening = _opening(file, fact, measures, say)
    if file.is_unread:
        return [opening, Sentence(text=say("nothing_read", name=clean(file.name)), evidence=(fact.id,))]
    found = [opening, *_headings(parts, measures, say), *_speech(file, measures, say)]
    if not any(part.headings for part in parts):
        found += [*_scenes(file, measures, say), *_texts(file, say), *_facts(file, say)]
    found += _quotes(file, parts, spoken, say)
    return found if len(found) >= FEWEST else [*found, *_probed(file, say)][:FEWEST]


def _opening(file: File, fact: Moment, measures: Mapping[str, Measure], say: Wording) -> Sentence:
    length, width, height = (measures.get(name) for name in ("duration_seconds", "width_pixels", "height_pixels"))
    name = clean(file.name)
    sized = {"width": number(width.value), "height": number(height.value)} if width and height else {}
    size = [one.name for one in (width, height) if one] if sized else []
    known = f"is_{file.kind}{'_sized' if sized else ''}"
    if file.kind in ("video", "audio") and length:
        key = known if file.kind == "video" else "is_audio"
        text = say(key, name=name, length=say.length(length.value), **sized)
        used = [length.name, *(size if file.kind == "video" else [])]
        return Sentence(text=text, evidence=(fact.id, *used))
    if file.kind == "image":
        return Sentence(text=say(known, name=name, **sized), evidence=(fact.id, *size))
    return Sentence(text=say("is_file", name=name, type=file.media_type), evidence=(fact.id,))


def _headings(parts: Sequence[Part], measures: Mapping[str, Measure], say: Wording) -> list[Sentence]:
    count = measures.get("headings_on_screen") or measures.get("slides")
    headed = list({one.start_seconds: one for part in parts for one in part.screens if one.title}.values())
    if not count or not headed:
        return []
    if len(headed) == 1:
        return [Sentence(text=say("one_heading", list=_heading(headed[0], say)), evidence=_ids(headed))]
    # The headings that became chapters are the ones to name when there are many.
    named = headed
    if len(headed) > MOST_HEADINGS:
        starts = {part.headings[0].id for part in parts if part.headings}
        chosen = [one for one in headed if one.headings[0].id in starts] or headed
        step = max(1, len(chosen) / MOST_HEADINGS)
        named = [chosen[int(at * step)] for at in range(min(MOST_HEADINGS, len(chosen)))]
    text = say(
        "headings" if named is headed else "headings_among",
        count=number(count.value),
        list=say.listed([_heading(one, say) for one in named]),
    )
    return [Sentence(text=text, evidence=(count.name, *_ids(named)))]


def _heading(screen: Screen, say: Wording) -> str:
    at = screen.headings[0].start_seconds or 0.0
    return say("heading_at", quote=quote(screen.title, 80), at=clock(at))


def _ids(headed: Sequence[Screen]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.id for screen in headed for one in screen.headings))


def _speech(file: File, measures: Mapping[str, Measure], say: Wording) -> list[Sentence]:
    spoken, length = measures.get("speech_seconds"), measures.get("duration_seconds")
    share = measures.get("speech_share_percent")
    pace = measures.get("words_per_minute") or measures.get("characters_per_minute")
    if not spoken or not length or not share:
        return []
    if not spoken.value:
        return [Sentence(text=say("no_speech"), evidence=(spoken.name,))]
    heard = measures.get("heard_seconds")
    whole, kind = (heard, "_heard") if heard and _is_share(share, spoken, heard) else (length, "")
    agrees = _is_share(share, spoken, whole)
    values = {"spoken": say.length(spoken.value), "length": say.length(whole.value), "share": f"{share.value:.0f}"}
    used = (spoken.name, whole.name, *([share.name] if agrees else []))
    speech = [one for one in file.moments if one.kind == "speech"]
    drafted = [one for one in speech if is_draft(one) and one.text.strip()]
    if pace and not drafted and agrees:
        unit = say.unit(pace.unit.split()[0])
        text = say(f"speech_pace{kind}", **values, pace=f"{pace.value:.0f}", unit=unit)
        return [Sentence(text=text, evidence=(*used, pace.name))]
    found = [Sentence(text=say(f"speech_time{kind}" if agrees else "speech_alone", **values), evidence=used)]
    if drafted:
        provider = engine(drafted[0].source.provider)
        text = say("draft_summary", provider=provider)
        found.append(Sentence(text=text, evidence=tuple(one.id for one in drafted[:3])))
    elif speech and not any(one.text.strip() for one in speech):
        found.append(untranscribed(speech, say))
    return found


def _is_share(share: Measure, part: Measure, whole: Measure) -> bool:
    """Tell whether a share is that of these two numbers: a reader will divide them."""
    return bool(whole.value) and abs(100 * part.value / whole.value - share.value) <= 1


def untranscribed(speech: Sequence[Moment], say: Wording) -> Sentence:
    """Say when someone speaks whose words are not known."""
    if len(speech) <= 3:
        spans = [say.span(one.start_seconds or 0.0, one.end_seconds or 0.0) for one in speech]
        text = say("untranscribed", list=say.listed(spans))
        return Sentence(text=text, evidence=tuple(one.id for one in speech))
    first, last = speech[0], speech[-1]
    text = say("untranscribed_between", start=clock(first.start_seconds or 0.0), end=clock(last.end_seconds or 0.0))
    return Sentence(text=text, evidence=(first.id, last.id))


def _scenes(file: File, measures: Mapping[str, Measure], say: Wording) -> list[Sentence]:
    scenes = measures.get("scenes")
    if not scenes or file.kind != "video":
        return []
    cuts = [one for one in file.moments if one.kind == "cut" and (one.start_seconds or 0) > 0]
    if not cuts:
        return [Sentence(text=say("one_scene"), evidence=(scenes.name,))] if scenes.value == 1 else []
    named = cuts[:MOST_HEADINGS]
    times = say.listed([clock(one.start_seconds or 0.0) for one in named])
    key = "scenes" if len(named) == len(cuts) else "scenes_among"
    text = say(key, count=number(scenes.value), list=times)
    return [Sentence(text=text, evidence=(scenes.name, *(one.id for one in named)))]


def _texts(file: File, say: Wording) -> list[Sentence]:
    texts = [one for one in file.moments if one.kind == "text" and one.text.strip()]
    if not texts:
        return []
    named = texts[:MOST_HEADINGS]
    listed = say.listed([quote(one.text, 120) for one in named])
    return [Sentence(text=say("reads", list=listed), evidence=tuple(one.id for one in named))]


def _facts(file: File, say: Wording) -> list[Sentence]:
    """Return what tools state about a whole picture or file."""
    facts = [one for one in file.moments if one.kind in ("fact", "picture") and one.text.strip()]
    whole = [one for one in facts if one.start_seconds is None and one.source.tool not in TOLD_ELSEWHERE]
    return [stated(one, say) for one in whole if not _SIZE.fullmatch(one.text)][:3]


def _probed(file: File, say: Wording) -> list[Sentence]:
    """Return what the file is made of, for want of anything it shows or says."""
    facts = [one for one in file.moments if one.source.tool == "probe_media" and one.start_seconds is None]
    return [stated(one, say) for one in facts if not one.text.startswith(("Length", "Picture"))]


def differences(file: File, say: Wording) -> list[Sentence]:
    """Return what a comparison with another file states."""
    facts = [one for one in file.moments if one.source.tool == "compare_media" and one.kind == "fact" and not one.box]
    return [stated(one, say) for one in facts if one.start_seconds is None]


def stated(moment: Moment, say: Wording) -> Sentence:
    """Return a tool's statement as a sentence."""
    plain = clean(say.told(moment.text))
    text = plain if plain[-1:] in ".!?。！？…" else plain + say("full_stop")
    return Sentence(text=text, evidence=(moment.id,))


def _quotes(file: File, parts: Sequence[Part], spoken: Sequence[Said], say: Wording) -> list[Sentence]:
    """Return the sentences that are most central to what was said, in order of time."""
    topics = [part.title for part in parts if part.headings]
    count = MOST_QUOTES if (file.coverage.seconds or 0) >= LONG_SECONDS else MOST_QUOTES - 1
    ranked = central([one.text for one in spoken], count * len(parts or [1]), topics=topics)
    unlike = list({spoken[at].text: at for at in reversed(ranked)}.values())[::-1]
    best = sorted(_spread(unlike, [_part_at(parts, one.start_seconds) for one in spoken])[:count])
    return [
        Sentence(
            text=say("quote_at", at=clock(spoken[at].start_seconds), quote=quote(spoken[at].text)),
            evidence=spoken[at].ids,
            role="said",
        )
        for at in best
    ]


def _part_at(parts: Sequence[Part], seconds: float) -> int:
    return next((at for at, part in enumerate(parts) if part.start_seconds <= seconds < part.end_seconds), 0)


def _spread(ranked: Sequence[int], homes: Sequence[int]) -> list[int]:
    """Return positions so that the best of each part comes before the second best of any."""
    seen: Counter[int] = Counter()
    turns: list[tuple[int, int, int]] = []
    for at in ranked:
        turns.append((seen[homes[at]], len(turns), at))
        seen[homes[at]] += 1
    return [at for _, _, at in sorted(turns)]
