"""What was said, read, searched and made of words, in words."""

from typing import NamedTuple

from ...tools.base.words import join
from ...tools.report.wording import clean, clock, number, quote
from .phrases import Tongue
from .telling import MOST_LINES, Output, at, bullets, count_of, exact, files_line, items_of, measure, paragraphs, span

MOST_FOUND = 10
MOST_SHOWN = 40


def tell_report(output: Output, say: Tongue) -> str:
    """Return title, summary, chapters and files of a report."""
    chapters = [clean(str(one)) for one in items_of(output, "chapters")]
    contents = bullets(chapters, count_of(output, "chapters"), say)
    pages = [output[name] for name in ("markdown", "html", "data") if name in output]
    return paragraphs(
        clean(str(output.get("title", ""))),
        join([clean(str(one)) for one in items_of(output, "summary")]),
        say("Chapters:", "章节：") if contents else "",
        contents,
        files_line(pages, say),
    )


def tell_transcript(output: Output, say: Tongue) -> str:
    """Return the first lines of what is said, and the files that hold all of it."""
    spoken = [one for one in items_of(output, "moments") if one.get("kind") == "speech"]
    lines = [f"{at(one)}{clean(one['text'])}" for one in spoken if one.get("text")]
    how = say.listed([str(output[name]) for name in ("language", "engine", "quality") if name in output])
    if lines:
        head = say(f"Transcript ({how}):", f"转写（{how}）：")
        total = max(len(lines), count_of(output, "moments"))
        return paragraphs(head, bullets(lines, total, say), files_line(output, say))
    if not spoken:
        return say(f"No speech was found ({how}).", f"没有发现语音（{how}）。")
    spans = say.listed([span(one["start_seconds"], one["end_seconds"]) for one in spoken[:MOST_LINES]])
    return say(
        f"Someone speaks at {spans}; the words were not recognized ({how}).",
        f"{spans} 有人说话，但未能识别内容（{how}）。",
    )


def tell_pace(output: Output, say: Tongue) -> str:
    """Return how fast somebody speaks."""
    lines = [measure(one, say) for one in items_of(output, "measures")]
    if not output.get("series"):
        lines.append(say("No words were recognized, so there is no pace.", "没有识别出词语，因此没有语速。"))
    return paragraphs(say("Speech:", "语音："), bullets(lines, len(lines), say))


def tell_found(output: Output, say: Tongue) -> str:
    """Return the places a search found, in order of time."""
    matches = items_of(output, "matches")
    query = str(output.get("query", ""))
    if not matches:
        return _nothing_found(output, query, say)
    best = matches[:MOST_FOUND] if query else matches
    best = sorted(best, key=lambda one: one["moment"].get("start_seconds") or 0.0)
    total = count_of(output, "matches")
    plural = "s" * (total != 1)
    head = (
        say(f"{quote(query)}: {total} place{plural}.", f"{quote(query)}：{total} 处。")
        if query
        else say(
            f"{_Sort.of(output).english.capitalize()}{_place(output, say)}: {total} line{plural}.",
            f"{_place(output, say)}共有 {total} 条{_Sort.of(output).chinese}。",
        )
    )
    # Neighbours of one passage are one place to a reader.
    lines = list({_passage(one, say, whole=bool(query)): _match(one, say, whole=bool(query)) for one in best}.values())
    left = total - len(best)
    return paragraphs(head, bullets(lines, len(lines) + left, say, most=MOST_FOUND if query else MOST_SHOWN))


class _Sort(NamedTuple):
    """What was looked for in a part of a file."""

    english: str
    chinese: str

    @classmethod
    def of(cls, output: Output) -> "_Sort":
        names = {("speech",): cls("said", "语音"), ("text",): cls("written on screen", "画面文字")}
        return names.get(tuple(output.get("kinds") or ()), cls("said or shown", "语音或文字"))


def _place(output: Output, say: Tongue) -> str:
    """Return the part of a file that was searched, as it stands after a verb in English and first in Chinese."""
    if between := output.get("between_seconds"):
        start, end = (exact(float(one)) for one in between)
        return say(f" at {start}–{end}", f"{start}–{end} ")
    return say(" there", "该时段")


def _match(match: Output, say: Tongue, *, whole: bool) -> str:
    unsure = say(" (only resembles it)", "（仅读音相近）") if match.get("fuzzy") else ""
    return f"{at(match['moment'])}{_passage(match, say, whole=whole)}{unsure}"


def _passage(match: Output, say: Tongue, *, whole: bool) -> str:
    moment = match["moment"]
    text = (match.get("passage") if whole else "") or moment.get("text", "")
    timed = moment.get("start_seconds") is not None
    return _kind(moment.get("kind", ""), timed, say) + say(": ", "：") + quote(text, 300)


def _nothing_found(output: Output, query: str, say: Tongue) -> str:
    lines = [_searched(kind, count, say) for kind, count in output.get("searched", {}).items()]
    where = say(f"; searched: {say.listed(lines)}.", f"；已搜索：{say.listed(lines)}。") if lines else say(".", "。")
    if not query:
        sort, place = _Sort.of(output), _place(output, say)
        return say(f"Nothing was found to be {sort.english}{place}.", f"{place}没有发现{sort.chinese}。")
    hint = say(
        " Words are compared, not meanings: try a word that would be said or shown.",
        "比较的是字词而不是含义：请换一个会被说出或显示的词。",
    )
    return say(f"{quote(query)} was not found", f"没有找到{quote(query)}") + where + hint


def _searched(kind: str, count: int, say: Tongue) -> str:
    return say(f"{count} line{'s' * (count != 1)} of {kind}", f"{count} 条{_kind(kind, False, say)}")


def _kind(kind: str, timed: bool, say: Tongue) -> str:
    names = {
        "speech": ("said", "语音"),
        "text": ("on screen", "画面文字") if timed else ("text", "文字"),
        "picture": ("picture", "画面"),
        "cut": ("cut", "切换"),
        "fact": ("fact", "事实"),
    }
    return say(*names.get(kind, (kind, kind)))


def tell_text(output: Output, say: Tongue) -> str:
    """Return the text on screen, slide by slide where there are slides."""
    lines = [clean(str(one)) for one in items_of(output, "text")]
    if not lines:
        return say("No text was found in the pictures.", "画面中没有发现文字。")
    slides = [_slide(place, one) for place, one in enumerate(items_of(output, "slides"), 1)]
    listing = files_line(output.get("listing"), say)
    if not slides:
        return paragraphs(
            say("Text:", "文字："), bullets(lines, count_of(output, "text"), say, most=MOST_SHOWN), listing
        )
    left = count_of(output, "slides") - len(slides)
    cut = say(f"… and {left} more", f"…… 还有 {left} 页") if left > 0 else ""
    return paragraphs(say("Text on screen:", "画面文字："), *slides, cut, listing)


def _slide(place: int, slide: Output) -> str:
    rest = " / ".join(clean(str(line)) for line in items_of(slide, "lines"))
    title = clean(str(slide.get("title", "")))
    when = span(slide["start_seconds"], slide["end_seconds"])
    return f"{place}. [{when}] {': '.join(filter(None, (title, rest)))}"


def tell_content(output: Output, say: Tongue) -> str:
    """Return the beginning of a text file."""
    more = say("(the beginning only)", "（仅开头部分）") if output.get("next") else ""
    return paragraphs(str(output.get("text", "")).strip(), more)


def tell_chapters(output: Output, say: Tongue) -> str:
    """Return chapters with their times."""
    lines = [
        f"{clock(one['start_seconds'])} {clean(str(one.get('title', '')))}" for one in items_of(output, "chapters")
    ]
    listed = bullets(lines, count_of(output, "chapters"), say, most=MOST_SHOWN)
    return paragraphs(say("Chapters:", "章节："), listed, files_line(output, say))


def tell_summary(output: Output, say: Tongue) -> str:
    """Return the sentences of a summary and its key terms."""
    picked = [f"{at(one)}{clean(str(one['text']))}" for one in items_of(output, "sentences")]
    terms = say.listed([clean(str(one["text"])) for one in items_of(output, "terms")])
    return paragraphs(
        say("Summary, in its own words:", "摘要（原文摘录）："),
        bullets(picked, len(picked), say, most=len(picked)),
        say(f"Key terms: {terms}", f"关键词：{terms}") if terms else "",
    )


def tell_spoken(output: Output, say: Tongue) -> str:
    """Return where the words are that were said aloud."""
    languages = say.listed([str(one) for one in output.get("languages", [])])
    name = clean(str(output["audio"]["name"]))
    seconds = number(float(output.get("seconds", 0.0)))
    return say(f"Said aloud: {name} ({seconds} s, {languages}).", f"已朗读：{name}（{seconds} 秒，{languages}）。")


def tell_chart(output: Output, say: Tongue) -> str:
    """Return where a chart is."""
    names = say.listed([clean(str(output[name]["name"])) for name in ("picture", "drawing") if name in output])
    points = output.get("points", 0)
    return say(f"Chart of {points} numbers: {names}.", f"图表（{points} 个数值）：{names}。")
