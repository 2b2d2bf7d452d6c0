"""What was measured of pictures and files, in words."""

from collections.abc import Mapping, Sequence

from ...tools.report.wording import clean, clock, number, quote
from .intents import Facts, Probe, Subject
from .phrases import Tongue
from .telling import MOST_LINES, Output, at, bullets, count_of, exact, files_line, items_of, more, paragraphs, span

MOST_FACTS = 40
MOST_COLOURS = 5


def tell_picture(output: Output, asked: Facts, say: Tongue) -> str:
    """Return the facts of a picture: those that were asked for, else all."""
    size = f"{output.get('width_pixels')} × {output.get('height_pixels')}"
    kind = clean(str(output.get("format", "")))
    lines = [] if asked.subjects else [say(f"{kind} picture, {size} pixels.", f"{kind} 图片，{size} 像素。")]
    for subject, found in _by_subject(output, say).items():
        if found and (not asked.subjects or subject in asked.subjects):
            lines.append(found)
        elif subject in asked.subjects:
            lines.append(_without(subject, say))
    if output.get("location_removed") and not asked.subjects:
        lines.append(
            say(
                "It holds a location, left out here; ask for the location to see it.",
                "图片含有位置信息，此处未列出；需要时请询问拍摄位置。",
            )
        )
    return "\n".join(lines)


def tell_frames_facts(
    outputs: Sequence[Output], places: Mapping[str, float], asked: Facts, total: int, say: Tongue
) -> str:
    """Return what was found on the frames of a video.

    Args:
        outputs: Facts of each frame.
        places: Handle of each frame's picture -> its time in seconds.
        asked: What was asked for; nothing means codes and faces.
        total: Number of frames, which may be more than the facts that are known here.
        say: In which language.
    """
    subjects: tuple[Subject, ...] = tuple(sorted(asked.subjects)) or ("codes", "faces")
    lines = []
    for output in outputs:
        where = places.get(str(output.get("media")))
        found = _by_subject(output, say)
        told = " ".join(found[subject] for subject in subjects if found[subject])
        if told:
            lines.append(f"{'' if where is None else f'[{exact(where)}] '}{told}")
    head = say(f"{total} frames were looked at.", f"共查看 {total} 帧画面。")
    if not lines:
        return paragraphs(head, *(_without(subject, say) for subject in subjects))
    return paragraphs(head, bullets(lines, len(lines), say, most=MOST_FACTS))


def _by_subject(output: Output, say: Tongue) -> dict[Subject, str]:
    """Return a sentence for each subject; "" where there is nothing."""
    colours = [
        f"{clean(one['name'])} {round(100 * one['share'])} % ({one['hex']})"
        for one in items_of(output, "colours")[:MOST_COLOURS]
    ]
    light = {"brightness": say("brightness", "亮度"), "sharpness": say("sharpness", "清晰度")}
    values = [f"{name} {number(float(output[key]))}" for key, name in light.items() if key in output]
    blank = say(" It is blank: one even surface.", "画面空白，只有一种颜色。") if output.get("blank") else ""
    codes = [f"{clean(one['kind'])}: {quote(one['text'])}" for one in items_of(output, "codes")]
    faces = count_of(output, "faces")
    camera = [f"{name}: {clean(str(value))}" for name, value in (output.get("exif") or {}).items()]
    place = [f"{name}: {clean(str(value))}" for name, value in (output.get("location") or {}).items()]
    return {
        "colours": say(f"Colours: {say.listed(colours)}.", f"颜色：{say.listed(colours)}。") if colours else "",
        "light": say(f"Light: {say.listed(values)}.", f"光线：{say.listed(values)}。") + blank if values else blank,
        "codes": say(f"Codes: {say.listed(codes)}.", f"码：{say.listed(codes)}。") if codes else "",
        "faces": say(f"At least {faces} frontal face{'s' * (faces != 1)}.", f"至少 {faces} 张正脸。") if faces else "",
        "camera": say(f"Camera data: {say.listed(camera)}.", f"拍摄信息：{say.listed(camera)}。") if camera else "",
        "location": say(f"Location: {say.listed(place)}.", f"位置：{say.listed(place)}。") if place else "",
    }


def _without(subject: Subject, say: Tongue) -> str:
    words: Mapping[Subject, tuple[str, str]] = {
        "colours": ("No colours were measured.", "没有测得颜色。"),
        "light": ("No light was measured.", "没有测得光线数据。"),
        "codes": ("No QR or bar code was found.", "没有发现二维码或条形码。"),
        "faces": ("No frontal face was found; faces from the side are missed.", "没有发现正脸；侧脸会漏检。"),
        "camera": ("The file holds no camera data.", "文件中没有拍摄信息。"),
        "location": ("The file holds no location.", "文件中没有位置信息。"),
    }
    return say(*words[subject])


def tell_look(output: Output, say: Tongue) -> str:
    """Return what a model saw, when it saw it, and how much it looked at."""
    seen = [f"{at(one)}{clean(str(one['text']))}" for one in items_of(output, "moments") if one.get("text")]
    timed = [one for one in seen if one.startswith("[")]
    spent = output.get("spent") or {}
    count, engine = int(spent.get("pictures", 0)), clean(str(output.get("engine", "")))
    by = say(
        f"({engine} was shown {count} picture{'s' * (count != 1)}.)",
        f"（{engine} 看了 {count} 张图片。）",
    )
    return paragraphs(
        clean(str(output.get("answer", ""))),
        bullets(timed, len(timed), say, most=MOST_LINES) if timed else "",
        by if count else "",
    )


def tell_comparison(output: Output, say: Tongue) -> str:
    """Return what differs between two files."""
    if output.get("identical"):
        return say("They are the same file, byte by byte.", "两个文件逐字节完全相同。")
    parts = []
    different = [one for one in items_of(output, "rows") if not one.get("same")]
    if different:
        lines = [f"{one['name']}: {one.get('first', '–')} / {one.get('second', '–')}" for one in different]
        parts += [
            say("They differ in (first / second):", "不同之处（第一个 / 第二个）："),
            bullets(lines, len(lines), say, 20),
        ]
    if output.get("near_duplicate"):
        parts.append(
            say(
                "They are near-duplicates: the same but for size, quality or light.",
                "两张图几乎相同，只有尺寸、质量或亮度的差别。",
            )
        )
    if (share := output.get("changed_share")) is not None:
        parts.append(say(f"{round(100 * share)} % of the picture differs.", f"画面有 {round(100 * share)} % 不同。"))
    if spans := [span(one["start_seconds"], one["end_seconds"]) for one in items_of(output, "differences")]:
        left = more(count_of(output, "differences") - len(spans[:20]), say)
        parts.append(say("The pictures differ at: ", "画面不同的时段：") + say.listed(spans[:20]) + left)
    for name, label in (
        ("text_only_in_first", say("Text only in the first:", "只在第一个中的文字：")),
        ("text_only_in_second", say("Text only in the second:", "只在第二个中的文字：")),
        ("speech_only_in_first", say("Said only in the first:", "只在第一个中说的话：")),
        ("speech_only_in_second", say("Said only in the second:", "只在第二个中说的话：")),
    ):
        if lines := [f"{at(one)}{clean(str(one['text']))}" for one in items_of(output, name)]:
            parts += [label, bullets(lines, count_of(output, name), say, 8)]
    nothing = say("No difference was found.", "没有发现不同。")
    return paragraphs(*(parts or [nothing]), files_line(output, say))


def tell_probe(output: Output, asked: Probe, say: Tongue) -> str:
    """Return what a file is made of."""
    lines = []
    if (seconds := output.get("seconds")) is not None:
        measured = say(", measured", "，实测") if output.get("seconds_are") == "measured" else ""
        lines.append(say("Length: ", "时长：") + f"{clock(seconds)} ({number(float(seconds))} s{measured})")
    if (width := output.get("width_pixels")) is not None:
        lines.append(say("Picture: ", "画面：") + f"{width} × {output.get('height_pixels')} px")
    rate = (output.get("video") or {}).get("frames_per_second")
    if rate is not None:
        lines.append(say("Frames a second: ", "帧率：") + number(float(rate)))
    lines.append(say("Container: ", "封装格式：") + clean(str(output.get("container", output.get("kind", "")))))
    lines.append(say("Size: ", "大小：") + f"{number(output.get('bytes', 0) / 1e6)} MB")
    lines += [clean(str(one)) for one in items_of(output, "streams")]
    if output.get("kind") == "video" and not output.get("has_sound"):
        lines.append(say("It has no sound.", "没有声音。"))
    if (loudness := output.get("loudness_lufs")) is not None:
        lines.append(say("Loudness: ", "响度：") + f"{loudness:.1f} LUFS")
    elif asked.loudness and output.get("has_sound"):
        lines.append(say("Loudness: silent throughout.", "响度：全程无声。"))
    if asked.silence and output.get("has_sound"):
        lines.append(_silences(output, say))
    return bullets(lines, len(lines), say, most=MOST_FACTS)


def _silences(output: Output, say: Tongue) -> str:
    spans = [span(start, end) for start, end in items_of(output, "silences")[: 2 * MOST_LINES]]
    if not spans:
        return say("No silent part was found.", "没有发现静音部分。")
    return say("Silent: ", "静音时段：") + say.listed(spans) + more(count_of(output, "silences") - len(spans), say)


def tell_scenes(output: Output, say: Tongue) -> str:
    """Return the cuts of a video."""
    total = count_of(output, "scenes")
    cuts = [exact(float(one["start_seconds"])) for one in items_of(output, "scenes")[1:]]
    head = say(f"{total} scene{'s' * (total != 1)}", f"{total} 个场景")
    if not cuts:
        return head + say(", without a cut.", "，没有切换。")
    listed = say.listed(cuts) + more(total - 1 - len(cuts), say)
    return head + say(f"; cuts at {listed}.", f"；切换于 {listed}。")


def tell_frames(output: Output, say: Tongue) -> str:
    """Return the times of frames, and their files."""
    total = count_of(output, "items")
    times = [exact(float(one["at_seconds"])) for one in items_of(output, "items") if one.get("at_seconds") is not None]
    listed = say.listed(times) + more(total - len(times), say)
    where = say(f" at {listed}", f"，位于 {listed}") if times else ""
    pictures = output.get("sheet") or output.get("items")
    return paragraphs(
        say(f"{total} frame{'s' * (total != 1)}", f"{total} 帧画面") + where + say(".", "。"),
        files_line(pictures, say),
    )
