"""The words of a report, in English and Chinese."""

import re
import unicodedata
from collections.abc import Mapping

from ..base.moments import Measure
from ..base.words import Language
from .chinese import in_chinese

# Control characters, and the marks that turn the direction of the text around them: media text must not move ours.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)

_BOTH: Mapping[str, tuple[str, str]] = {
    # the page
    "report_on": ("Report on {name}", "{name} 分析报告"),
    "report_on_files": ("Report on {count} files", "{count} 个文件的分析报告"),
    "draft_transcript": ("Draft transcript, mostly guesses", "语音草稿（多为猜测）"),
    "asked": ("Asked", "请求"),
    "summary": ("Summary", "摘要"),
    "contents": ("Chapters", "章节"),
    "coverage": ("What was looked at and listened to", "查看与收听范围"),
    "chapter": ("Part {number}", "第 {number} 部分"),
    "whole_video": ("The whole video", "整段视频"),
    "whole_audio": ("The whole recording", "整段录音"),
    "on_screen": ("On screen", "画面文字"),
    "said": ("Said", "语音内容"),
    "all_said": ("Everything said in this part ({count} lines)", "本部分全部语音（{count} 条）"),
    "draft_said": (
        "Draft transcript of this part ({count} lines, mostly guesses)",
        "本部分语音草稿（{count} 条，多为猜测）",
    ),
    "text_found": ("Text that was read", "识别出的文字"),
    "transcript": ("Transcript", "语音转写"),
    "facts": ("Facts", "事实"),
    "terms": ("Key terms", "关键词"),
    "measures": ("Measures", "测量值"),
    "name": ("name", "名称"),
    "value": ("value", "数值"),
    "compared": ("Compared", "对比"),
    "limits": ("Limits", "局限"),
    "no_limits": ("None were noted.", "未发现。"),
    "evidence": ("Evidence", "证据"),
    "evidence_note": (
        "Everything this report rests on, in order of time. Sentences above cite these lines.",
        "本报告的全部依据，按时间排列。上文各句均引用这些条目。",
    ),
    "evidence_count": ("{count} entries", "共 {count} 条"),
    "run": ("What ran", "运行记录"),
    "step": ("step", "步骤"),
    "tool": ("tool", "工具"),
    "status": ("status", "状态"),
    "seconds": ("seconds", "秒"),
    "cached": ("remembered", "命中缓存"),
    "cost": ("cost", "费用"),
    "provider": ("by", "提供者"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "total": ("Total: {seconds} s, {cost} USD.", "合计：{seconds} 秒，费用 {cost} 美元。"),
    "file": ("file", "文件"),
    "type": ("type", "类型"),
    "size": ("size", "大小"),
    "length": ("length", "时长"),
    "time": ("time", "时间"),
    "kind": ("kind", "种类"),
    "what": ("what", "内容"),
    "source": ("source", "来源"),
    "sure": ("sure", "置信度"),
    "picture_of": ("Picture at {at}", "{at} 处的画面"),
    "picture_of_file": ("Picture of {name}", "{name} 的画面"),
    "play": ("Play from {at}", "从 {at} 播放"),
    "close": ("Close the player", "关闭播放器"),
    "show_moment": ("Evidence {id}", "证据 {id}"),
    "made_by": (
        "Made by Sensorium. Each sentence leads to its evidence; text found in the media is quoted, never followed.",
        "由 Sensorium 生成。每句话都可追溯到证据；媒体中的文字只作引用，不作为指令。",
    ),
    "beside": (
        "Put {name} beside this page, and the times above play it at that second.",
        "将 {name} 放在本页面旁边，点击时间即可从该处播放。",
    ),
    "skip": ("Skip to the summary", "跳到摘要"),
    "more": ("and {count} more", "另有 {count} 条"),
    # kinds of moments and of files
    "speech": ("speech", "语音"),
    "text": ("text", "文字"),
    "picture": ("picture", "画面"),
    "cut": ("cut", "切换"),
    "fact": ("fact", "事实"),
    "measured": ("measured", "实测"),
    "good": ("good", "良好"),
    "draft": ("draft", "草稿"),
    # the strip
    "row_scenes": ("Parts", "章节"),
    "row_speech": ("Speech", "语音"),
    "row_text": ("Text", "文字"),
    "row_looked": ("Looked at", "已查看"),
    "row_heard": ("Listened to", "已收听"),
    "strip_of": ("Timeline of {name}, {length}", "{name} 的时间线，{length}"),
    "chart_words": ("Speaking pace over time, {unit}", "语速随时间变化（{unit}）"),
    "chart_speech": ("Share of time with speech, %", "语音占时比例（%）"),
    # coverage in words
    "looked_all": ("All {length} were looked at, in {frames} frames.", "全部 {length} 均已查看，共取 {frames} 帧。"),
    "looked_part": ("Looked at: {spans}, in {frames} frames.", "已查看：{spans}，共取 {frames} 帧。"),
    "looked_none": ("No frame was looked at.", "未查看任何画面。"),
    "not_looked": ("Not looked at: {spans}.", "未查看：{spans}。"),
    "heard_all": ("All of the sound was listened to.", "全部声音均已收听。"),
    "heard_part": ("Listened to: {spans}.", "已收听：{spans}。"),
    "heard_none": ("The sound was not listened to.", "未收听声音。"),
    "not_heard": ("Not listened to: {spans}.", "未收听：{spans}。"),
    "span": ("{start} to {end}", "{start} 至 {end}"),
    # sentences
    "is_video": ("{name} is a video of {length}.", "{name} 是一段时长 {length} 的视频。"),
    "is_video_sized": (
        "{name} is a video of {length}, {width} × {height} pixels.",
        "{name} 是一段时长 {length} 的视频，画面为 {width} × {height} 像素。",
    ),
    "is_audio": ("{name} is a sound recording of {length}.", "{name} 是一段时长 {length} 的录音。"),
    "is_image": ("{name} is a picture.", "{name} 是一幅图片。"),
    "is_image_sized": (
        "{name} is a picture of {width} × {height} pixels.",
        "{name} 是一幅 {width} × {height} 像素的图片。",
    ),
    "is_file": ("{name} is a file of type {type}.", "{name} 是 {type} 类型的文件。"),
    "nothing_read": ("Nothing could be read from {name}.", "未能从 {name} 中读出任何内容。"),
    "one_heading": ("One heading is on screen: {list}.", "画面中出现一个标题：{list}。"),
    "headings": ("{count} headings come on screen: {list}.", "画面中先后出现 {count} 个标题：{list}。"),
    "headings_among": (
        "{count} headings come on screen, among them {list}.",
        "画面中先后出现 {count} 个标题，其中有{list}。",
    ),
    "heading_at": ("{quote} ({at})", "{quote}（{at}）"),
    "speech_time": (
        "Someone speaks for {spoken} of {length} ({share} %).",
        "{length} 中有 {spoken} 是语音（{share} %）。",
    ),
    "speech_pace": (
        "Someone speaks for {spoken} of {length} ({share} %), at about {pace} {unit} a minute.",
        "{length} 中有 {spoken} 是语音（{share} %），语速约为每分钟 {pace} {unit}。",
    ),
    "no_speech": ("No speech was found in the sound.", "声音中未发现语音。"),
    "one_scene": ("It is one scene without a cut.", "全片为一个镜头，没有切换。"),
    "scenes": ("It has {count} scenes, with cuts at {list}.", "共有 {count} 个镜头，切换于 {list}。"),
    "scenes_among": (
        "It has {count} scenes; the first cuts are at {list}.",
        "共有 {count} 个镜头，最初几次切换于 {list}。",
    ),
    "quote_at": ("At {at}: {quote}", "{at} 处：{quote}"),
    "reads": ("It reads: {list}.", "其中的文字为：{list}。"),
    "screen": ("On screen: {list}.", "画面文字：{list}。"),
    "screen_from": ("On screen from {at}: {list}.", "自 {at} 起的画面文字：{list}。"),
    "screens_more": ("Later on screen: {list}.", "随后的画面标题：{list}。"),
    "draft_words": ("Draft transcript: {quote}", "语音草稿：{quote}"),
    "draft_summary": (
        "What is said was only drafted by {provider}: most words are guesses, so nothing here rests on them.",
        "语音仅由 {provider} 粗略转写，多数词语为猜测，因此本报告不以其为依据。",
    ),
    "untranscribed": ("Someone speaks from {list} (not transcribed).", "{list}有人说话（未转写）。"),
    "untranscribed_between": (
        "Someone speaks, with pauses, from {start} to {end} (not transcribed).",
        "{start} 至 {end} 断续有人说话（未转写）。",
    ),
    "shown_until": ("Shown until {end}.", "画面持续到 {end}。"),
    "shown": ("Shown from {start} to {end}.", "画面时间为 {start} 至 {end}。"),
    # limits
    "limit_partial": ("{name} could be read only in part.", "{name} 只能读取一部分。"),
    "limit_draft": (
        "The transcript is a draft ({provider}): many of its words are wrong.",
        "语音转写仅为草稿（{provider}），其中许多词语有误。",
    ),
    "limit_step": ("The step {step} ({tool}) did not finish: {message}", "步骤 {step}（{tool}）未完成：{message}"),
    "limit_struck": (
        "{count} sentences were struck because their evidence did not prove them.",
        "有 {count} 句因证据不足而被删去。",
    ),
    "limit_extractive": (
        "No model interpreted this: the report quotes and counts what the tools saw and heard.",
        "本报告未经模型解读：只引用和统计工具所见所闻。",
    ),
    "limit_nothing": (
        "No tool gave any findings about {name}; the file's type and size are all that is known.",
        "没有工具给出关于 {name} 的结果；已知的只有文件类型和大小。",
    ),
    "list_join": (", ", "、"),
    "full_stop": (".", "。"),
    "sentence_join": (" ", ""),
}

# Names of measures as people read them; others are shown by their name.
_MEASURES: Mapping[str, tuple[str, str]] = {
    "duration_seconds": ("length", "时长"),
    "headings_on_screen": ("headings on screen", "画面标题数"),
    "width_pixels": ("width", "宽度"),
    "height_pixels": ("height", "高度"),
    "frames_per_second": ("frame rate", "帧率"),
    "brightness": ("brightness", "亮度"),
    "contrast": ("contrast", "对比度"),
    "saturation": ("saturation", "饱和度"),
    "sharpness": ("sharpness", "清晰度"),
    "frontal_faces_at_least": ("frontal faces, at least", "正面人脸（至少）"),
    "codes": ("QR and bar codes", "二维码和条形码"),
    "slides": ("slides", "幻灯片数"),
    "text_lines": ("lines of text", "文字行数"),
    "scenes": ("scenes", "镜头数"),
    "speech_seconds": ("time with speech", "语音时长"),
    "speech_share_percent": ("share of time with speech", "语音占时比例"),
    "words_spoken": ("spoken", "语音总量"),
    "words_per_minute": ("speaking pace", "语速"),
    "characters_per_minute": ("speaking pace", "语速"),
    "pauses": ("pauses", "停顿次数"),
    "longest_pause_seconds": ("longest pause", "最长停顿"),
    "loudness_lufs": ("loudness", "响度"),
    "audio_channels": ("sound channels", "声道数"),
    "audio_samples_per_second": ("sampling rate", "采样率"),
    "hash_bits": ("difference of the picture hashes", "画面指纹差异"),
    "changed_share": ("share of the picture that differs", "画面差异比例"),
    "pictures_compared": ("pictures compared", "比较的画面"),
    "pictures_that_differ": ("pictures that differ", "不同的画面"),
}
# Units that only repeat what is counted.
_COUNTS = {"lines", "slides", "scenes", "cuts", "segments", "faces", "headings", "codes", "pairs"}
_UNITS: Mapping[str, str] = {
    "words per minute": "词/分钟",
    "words": "词",
    "characters per minute": "字/分钟",
    "characters": "字",
    "frames": "帧",
    "pixels": "像素",
    "frames/s": "帧/秒",
    "s": "秒",
    "seconds": "秒",
}


class Wording:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._at = 0 if language == "en" else 1

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a phrase with its values in place."""
        phrase = _BOTH[key][self._at].format(**values)
        # Figures are set off by a space, the unit after them is not: 时长 3:23 的, but 时长 6.2 秒的.
        return re.sub("秒 (?=[的中是均])", "秒", phrase) if self.language == "zh" else phrase

    def listed(self, items: list[str]) -> str:
        """Return items as one list in words."""
        return self("list_join").join(items)

    def length(self, seconds: float) -> str:
        """Return a length: `6.2 s`, and from a minute on `3:23`."""
        return clock(seconds) if seconds >= 59.5 else f"{number(round(seconds, 1))} {self.unit('s')}"

    def span(self, start: float, end: float) -> str:
        return self("span", start=clock(start), end=clock(end))

    def measure(self, name: str) -> str:
        """Return a measure's name for people."""
        return _MEASURES.get(name, (name.replace("_", " "),) * 2)[self._at]

    def value(self, measure: Measure) -> str:
        """Return a measure's value with its unit."""
        if measure.unit in ("s", "seconds") and measure.value >= 1:
            return f"{number(measure.value)} {self.unit(measure.unit)}" + (
                f" ({clock(measure.value)})" if measure.value >= 60 else ""
            )
        unit = "" if measure.unit in _COUNTS else self.unit(measure.unit)
        return f"{number(measure.value)} {unit}".strip()

    def told(self, statement: str) -> str:
        """Return what a tool states in this language where it is known, else as the tool wrote it."""
        return in_chinese(statement) if self.language == "zh" else statement

    def unit(self, unit: str) -> str:
        return _UNITS.get(unit, unit) if self.language == "zh" else unit


def clock(seconds: float) -> str:
    """Return a position as people write it: `0:20`, `1:02:03`."""
    whole = int(seconds + 0.5)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def number(value: float) -> str:
    """Return a number with as many digits as tell something."""
    if abs(value - round(value)) < 1e-9 or abs(value) >= 1000:
        return f"{round(value):,}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def engine(provider: str) -> str:
    """Return who served, without its model: `pocketsphinx` of `pocketsphinx:en-us`."""
    return clean(provider.partition(":")[0])


def clean(text: str) -> str:
    """Return media text on one line, without what cannot be seen or would reorder what stands around it."""
    return " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())


def quote(text: str, most: int = 240) -> str:
    """Return media text in quotation marks, cut at a word when it is longer than `most` characters."""
    plain = re.sub(r"[“”\"«»]", "’", clean(text)).strip()
    if len(plain) > most:
        head = plain[:most]
        plain = (head.rsplit(" ", 1)[0] if " " in head[most // 2 :] else head).rstrip(" ,;:，；：") + "…"
    return f"“{plain}”"
