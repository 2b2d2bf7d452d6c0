"""What one tool found, in words: `tell` has a line or a few for each kind of result."""

from collections.abc import Callable, Mapping
from typing import Any

from ..tools.report.wording import clean, clock, number, quote
from .phrases import Tongue

Output = Mapping[str, Any]
"""A result as plain data, cut to what is read: without empty fields; a cut list ends with a line that says so."""

MOST_LINES = 12
MOST_FOUND = 10


def tell(tool: str, output: Any, say: Tongue) -> str:
    """Return what a result says, as a short paragraph or list; "" for what speaks for itself elsewhere."""
    if isinstance(output, list):  # a step with `for_each`
        return "\n".join(filter(None, (tell(tool, one, say) for one in output if isinstance(one, Mapping))))
    teller = _TELLERS.get(tool)
    return teller(output, say) if teller and isinstance(output, Mapping) else ""


def files_line(output: Output, say: Tongue) -> str:
    """Return the names of the files a result made."""
    names = list(dict.fromkeys(_names(output)))
    if not names:
        return ""
    shown = names[:6]
    more = say(f" and {len(names) - 6} more", f" 等 {len(names)} 个") if len(names) > 6 else ""
    return say("Files: ", "文件：") + say.listed(shown) + more


def _names(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        if {"handle", "media_type", "name"} <= value.keys():
            return [clean(str(value["name"]))]
        return [name for part in value.values() for name in _names(part)]
    if isinstance(value, list):
        return [name for part in value for name in _names(part)]
    return []


def _items(output: Output, name: str) -> list[Any]:
    """Return a list of a result without the line that says it was cut."""
    return [one for one in output.get(name) or [] if not (isinstance(one, str) and one.startswith("… and "))]


def _count(output: Output, name: str) -> int:
    """Return how long a list was before it was cut."""
    listed = output.get(name) or []
    if listed and isinstance(listed[-1], str) and listed[-1].startswith("… and "):
        return len(listed) - 1 + int(listed[-1].split()[2])
    return len(listed)


def _at(item: Output) -> str:
    """Return "[0:12] ", or nothing for what has no time."""
    start = item.get("start_seconds")
    return f"[{clock(float(start))}] " if start is not None else ""


def _bullets(lines: list[str], total: int, say: Tongue, most: int = MOST_LINES) -> str:
    """Return lines as a list; what is left out is counted."""
    shown = [f"- {line}" for line in lines[:most]]
    if total > len(shown):
        shown.append(say(f"- … and {total - len(shown)} more", f"- …… 还有 {total - len(shown)} 条"))
    return "\n".join(shown)


def _paragraphs(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _report(output: Output, say: Tongue) -> str:
    chapters = [clean(str(one)) for one in _items(output, "chapters")]
    contents = (
        say("Chapters:", "章节：") + "\n" + _bullets(chapters, _count(output, "chapters"), say) if chapters else ""
    )
    pages = {name: output[name] for name in ("markdown", "html", "data") if name in output}
    summary = " ".join(clean(str(one)) for one in _items(output, "summary"))
    return _paragraphs(clean(str(output.get("title", ""))), summary, contents, files_line(pages, say))


def _transcript(output: Output, say: Tongue) -> str:
    lines = [one for one in _items(output, "moments") if one.get("kind") == "speech"]
    spoken = [f"{_at(one)}{clean(one['text'])}" for one in lines if one.get("text")]
    engine, language = output.get("engine", ""), output.get("language")
    how = say.listed([str(part) for part in (language, engine, output.get("quality")) if part])
    if not spoken:
        if lines:
            spans = [f"{clock(one['start_seconds'])}–{clock(one['end_seconds'])}" for one in lines[:MOST_LINES]]
            return say(
                f"Someone speaks at {say.listed(spans)}; the words were not recognized ({how}).",
                f"{say.listed(spans)} 有人说话，但未能识别内容（{how}）。",
            )
        return say(f"No speech was found ({how}).", f"没有发现语音（{how}）。")
    head = say(f"Transcript ({how}):", f"转写（{how}）：")
    return _paragraphs(
        head, _bullets(spoken, max(_count(output, "moments"), len(spoken)), say), files_line(output, say)
    )


def _found(output: Output, say: Tongue) -> str:
    matches = [one for one in _items(output, "matches") if isinstance(one, Mapping)]
    query = output.get("query", "")
    searched = say.listed([_lines(kind, count, say) for kind, count in output.get("searched", {}).items()])
    if not matches:
        what = (
            say(f"{quote(query)} was not found", f"没有找到{quote(query)}")
            if query
            else say("Nothing was found", "没有内容")
        )
        where = say(f"; searched: {searched}.", f"；已搜索：{searched}。") if searched else say(".", "。")
        hint = say(
            " Words are compared, not meanings: try a word that would be said or shown.",
            "比较的是字词而不是含义：请换一个会被说出或显示的词。",
        )
        return what + where + (hint if query else "")
    total = _count(output, "matches")
    best = matches[:MOST_FOUND] if query else matches
    best = sorted(best, key=lambda one: one["moment"].get("start_seconds") or 0.0)
    lines = [_match(one, say, passage=bool(query)) for one in best]
    head = (
        say(f"{quote(query)}: {total} place{'s' * (total != 1)}.", f"{quote(query)}：{total} 处。")
        if query
        else say(f"Said and shown there: {total} line{'s' * (total != 1)}.", f"该时段共有 {total} 条内容。")
    )
    return _paragraphs(head, _bullets(lines, total, say, most=MOST_FOUND if query else 2 * MOST_LINES))


def _match(match: Output, say: Tongue, *, passage: bool) -> str:
    moment = match["moment"]
    text = (match.get("passage") if passage else "") or moment.get("text", "")
    unsure = say(" (only resembles it)", "（仅读音相近）") if match.get("fuzzy") else ""
    return f"{_at(moment)}{_kind(moment.get('kind', ''), say)}: {quote(text, 300)}{unsure}"


def _lines(kind: str, count: int, say: Tongue) -> str:
    return say(f"{count} lines of {'text on screen' if kind == 'text' else kind}", f"{count} 条{_kind(kind, say)}")


def _kind(kind: str, say: Tongue) -> str:
    names = {
        "speech": ("said", "语音"),
        "text": ("on screen", "画面文字"),
        "picture": ("picture", "画面"),
        "cut": ("cut", "切换"),
        "fact": ("fact", "事实"),
    }
    return say(*names.get(kind, (kind, kind)))


def _text(output: Output, say: Tongue) -> str:
    slides = _items(output, "slides")
    lines = [clean(str(one)) for one in _items(output, "text")]
    if not lines:
        return say("No text was found in the pictures.", "画面中没有发现文字。")
    if not slides:
        return _paragraphs(
            say("Text:", "文字："), _bullets(lines, _count(output, "text"), say, most=40), files_line(_own(output), say)
        )
    shown = []
    for place, one in enumerate(slides, 1):
        rest = " / ".join(clean(str(line)) for line in _items(one, "lines"))
        span = f"[{clock(one['start_seconds'])}–{clock(one['end_seconds'])}]"
        shown.append(f"{place}. {span} {clean(str(one.get('title', '')))}{': ' if rest else ''}{rest}")
    more = _count(output, "slides") - len(shown)
    if more:
        shown.append(say(f"… and {more} more", f"…… 还有 {more} 页"))
    return _paragraphs(say("Text on screen:", "画面文字："), "\n".join(shown), files_line(_own(output), say))


def _own(output: Output) -> Output:
    """Return a result without the pictures it points at: they are evidence, not what was asked for."""
    return {name: part for name, part in output.items() if name not in ("pictures", "slides", "moments")}


def _content(output: Output, say: Tongue) -> str:
    more = say("\n(the beginning only)", "\n（仅开头部分）") if output.get("next") else ""
    return str(output.get("text", "")).strip() + more


def _chapters(output: Output, say: Tongue) -> str:
    marks = [f"{clock(one['start_seconds'])} {clean(str(one.get('title', '')))}" for one in _items(output, "chapters")]
    head = say("Chapters:", "章节：")
    return _paragraphs(head, _bullets(marks, _count(output, "chapters"), say, most=40), files_line(output, say))


def _summary(output: Output, say: Tongue) -> str:
    picked = [f"{_at(one)}{clean(str(one['text']))}" for one in _items(output, "sentences")]
    terms = [clean(str(one["text"])) for one in _items(output, "terms")]
    key = say("Key terms: ", "关键词：") + say.listed(terms) if terms else ""
    return _paragraphs(
        say("Summary, in its own words:", "摘要（原文摘录）："), _bullets(picked, len(picked), say, most=100), key
    )


def _spoken(output: Output, say: Tongue) -> str:
    languages = say.listed([str(one) for one in output.get("languages", [])])
    name = clean(str(output["audio"]["name"]))
    seconds = number(float(output.get("seconds", 0.0)))
    return say(f"Said aloud: {name} ({seconds} s, {languages}).", f"已朗读：{name}（{seconds} 秒，{languages}）。")


def _chart(output: Output, say: Tongue) -> str:
    names = [clean(str(output[name]["name"])) for name in ("picture", "drawing") if name in output]
    points = output.get("points", 0)
    return say(f"Chart of {points} numbers: {say.listed(names)}.", f"图表（{points} 个数值）：{say.listed(names)}。")


def _picture(output: Output, say: Tongue) -> str:
    facts = [
        say(
            f"{output.get('format', '')} picture, {output.get('width_pixels')} × {output.get('height_pixels')} pixels.",
            f"{output.get('format', '')} 图片，{output.get('width_pixels')} × {output.get('height_pixels')} 像素。",
        )
    ]
    if output.get("blank"):
        facts.append(say("It is blank: one even surface.", "画面空白，没有内容。"))
    if colours := _items(output, "colours"):
        shares = [f"{one['name']} {round(100 * one['share'])} % ({one['hex']})" for one in colours[:5]]
        facts.append(say("Colours: ", "颜色：") + say.listed(shares) + say(".", "。"))
    names = {"brightness": say("Brightness", "亮度"), "sharpness": say("sharpness", "清晰度")}
    light = [f"{name} {number(float(output[key]))}" for key, name in names.items() if key in output]
    if light:
        facts.append(say.listed(light) + say(".", "。"))
    faces = _count(output, "faces")
    facts.append(
        say(f"At least {faces} frontal face{'s' * (faces != 1)}.", f"至少 {faces} 张正脸。")
        if faces
        else say("No frontal face was found; others are missed.", "没有发现正脸（侧脸等可能漏检）。")
    )
    facts += [
        say(f"{one['kind']} code: ", f"{one['kind']} 码：") + quote(one["text"]) for one in _items(output, "codes")
    ]
    if exif := output.get("exif"):
        facts.append(
            say("Camera data: ", "拍摄信息：")
            + say.listed([f"{name}: {clean(str(value))}" for name, value in exif.items()])
        )
    if place := output.get("location"):
        facts.append(
            say("Location: ", "位置：") + say.listed([f"{name}: {clean(str(value))}" for name, value in place.items()])
        )
    elif output.get("location_removed"):
        facts.append(
            say(
                "It holds a location, left out here; ask for the location to see it.",
                "图片含有位置信息，此处未列出；需要时请询问拍摄位置。",
            )
        )
    return "\n".join(facts)


def _comparison(output: Output, say: Tongue) -> str:
    if output.get("identical"):
        return say("They are the same file, byte by byte.", "两个文件逐字节完全相同。")
    rows = [one for one in _items(output, "rows") if not one.get("same")]
    facts = [f"{one['name']}: {one.get('first', '–')} / {one.get('second', '–')}" for one in rows]
    parts = (
        [
            say("They differ in (first / second):", "不同之处（第一个 / 第二个）：")
            + "\n"
            + _bullets(facts, len(facts), say, 20)
        ]
        if facts
        else []
    )
    if output.get("near_duplicate"):
        parts.append(
            say(
                "They are near-duplicates: the same but for size, quality or light.",
                "两张图几乎相同，只有尺寸、质量或亮度的差别。",
            )
        )
    if (share := output.get("changed_share")) is not None:
        parts.append(say(f"{round(100 * share)} % of the picture differs.", f"画面有 {round(100 * share)} % 不同。"))
    spans = [f"{clock(one['start_seconds'])}–{clock(one['end_seconds'])}" for one in _items(output, "differences")]
    if spans:
        parts.append(say("The pictures differ at: ", "画面不同的时段：") + say.listed(spans[:20]))
    for name, label in (
        ("text_only_in_first", say("Text only in the first:", "只在第一个中的文字：")),
        ("text_only_in_second", say("Text only in the second:", "只在第二个中的文字：")),
        ("speech_only_in_first", say("Said only in the first:", "只在第一个中说的话：")),
        ("speech_only_in_second", say("Said only in the second:", "只在第二个中说的话：")),
    ):
        lines = [f"{_at(one)}{clean(str(one['text']))}" for one in _items(output, name)]
        if lines:
            parts.append(f"{label}\n{_bullets(lines, _count(output, name), say, 8)}")
    nothing = say("No difference was found.", "没有发现不同。")
    return _paragraphs(*(parts or [nothing]), files_line(output, say))


def _probe(output: Output, say: Tongue) -> str:
    lines = []
    if (seconds := output.get("seconds")) is not None:
        how = say(f" ({output['seconds_are']})", "") if output.get("seconds_are") == "measured" else ""
        lines.append(say("Length: ", "时长：") + f"{clock(seconds)} ({number(float(seconds))} s){how}")
    if (width := output.get("width_pixels")) is not None:
        lines.append(say("Picture: ", "画面：") + f"{width} × {output.get('height_pixels')} px")
    lines.append(say("Container: ", "封装格式：") + clean(str(output.get("container", output.get("kind", "")))))
    lines.append(say("Size: ", "大小：") + f"{number(output.get('bytes', 0) / 1e6)} MB")
    lines += [clean(str(one)) for one in _items(output, "streams")]
    if not output.get("has_sound") and output.get("kind") == "video":
        lines.append(say("It has no sound.", "没有声音。"))
    if (loudness := output.get("loudness_lufs")) is not None:
        lines.append(say("Loudness: ", "响度：") + f"{loudness:.1f} LUFS")
    if silences := _items(output, "silences"):
        spans = [f"{clock(start)}–{clock(end)}" for start, end in silences]
        lines.append(say("Silent: ", "静音时段：") + say.listed(spans[: 2 * MOST_LINES]))
        lines[-1] += _more(_count(output, "silences") - len(spans[: 2 * MOST_LINES]), say)
    return _bullets(lines, len(lines), say, most=40)


def _more(count: int, say: Tongue) -> str:
    return say(f" and {count} more", f" 等，另有 {count} 处") if count > 0 else ""


def _frames(output: Output, say: Tongue) -> str:
    total = _count(output, "items")
    times = [clock(float(one["at_seconds"])) for one in _items(output, "items") if one.get("at_seconds") is not None]
    head = say(f"{total} frame{'s' * (total != 1)}", f"{total} 帧画面")
    at = say(" at ", "，位于 ") + say.listed(times) + _more(total - len(times), say) if times else ""
    files = {"sheet": output["sheet"]} if "sheet" in output else {"items": output.get("items", [])}
    return _paragraphs(head + at + say(".", "。"), files_line(files, say))


def _scenes(output: Output, say: Tongue) -> str:
    total = _count(output, "scenes")
    cuts = [clock(float(one["start_seconds"])) for one in _items(output, "scenes")[1:]]
    head = say(f"{total} scene{'s' * (total != 1)}", f"{total} 个场景")
    if not cuts:
        return head + say(", without a cut.", "，没有切换。")
    listed = say.listed(cuts) + _more(total - 1 - len(cuts), say)
    return head + say(f"; cuts at {listed}.", f"；切换于 {listed}。")


def _pace(output: Output, say: Tongue) -> str:
    measures = [f"{one['name'].replace('_', ' ')}: {number(one['value'])} {one.get('unit', '')}".strip()
                for one in _items(output, "measures")]  # fmt: skip
    if not output.get("series"):
        measures.append(say("No words were recognized, so there is no pace.", "没有识别出词语，因此没有语速。"))
    return _bullets(measures, len(measures), say)


_TELLERS: Mapping[str, Callable[[Output, Tongue], str]] = {
    "write_report": _report,
    "transcribe": _transcript,
    "find_moments": _found,
    "read_text": _text,
    "read_artifact": _content,
    "make_chapters": _chapters,
    "summarize_text": _summary,
    "speak": _spoken,
    "make_chart": _chart,
    "image_facts": _picture,
    "compare_media": _comparison,
    "probe_media": _probe,
    "find_scenes": _scenes,
    "extract_frames": _frames,
    "measure_speech": _pace,
}
