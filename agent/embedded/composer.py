"""What each intent needs: its steps, or why there are none."""

from dataclasses import replace
from functools import partial

from ...tools.report.wording import clean
from ..plan import literal
from .builder import Plain
from .creator import Creator
from .facts import File
from .intents import (
    Chapters,
    Chart,
    Code,
    Compare,
    DescribeSound,
    Draw,
    DrawSound,
    Edit,
    Explain,
    Facts,
    Film,
    Find,
    Frames,
    Intent,
    Look,
    Music,
    Probe,
    Rate,
    Read,
    Report,
    Say,
    Scenes,
    Slideshow,
    Summarize,
    Transcribe,
)
from .phrases import lack_words
from .times import Span
from .trial import TRIAL_SECONDS, trial

MOST_FRAMES = 24
"""Pictures of one video for a report; more would be looked at by nobody."""


MOST_BESIDE = 50
"""Files that a script may have; `run_python` takes no more."""
MOST_COMPARED = 16
"""Pictures that are looked at together."""


class Composer(Creator):
    """Adds the steps that each intent needs."""

    def add_intent(self, intent: Intent) -> None:  # noqa: PLR0912 - a flat table reads best
        match intent:
            case Report():
                self.report(intent)
            case Transcribe():
                self.transcribe(intent)
            case Chapters():
                self.chapters()
            case Find():
                self.find(intent)
            case Read():
                self.read()
            case Frames():
                self.frames(intent)
            case Facts():
                self.facts(intent)
            case Look():
                self.look(intent)
            case Compare():
                self.compare()
            case Say():
                self.speak(intent)
            case Chart():
                self.chart(intent)
            case Rate():
                self.rate(intent)
            case Probe():
                self.probe(intent)
            case Scenes():
                self.scenes(intent)
            case Summarize():
                self.summarize(intent)
            case Code():
                self.code(intent)
            case Edit():
                self.edit(intent)
            case Draw():
                self.draw(intent)
            case Film():
                self.film(intent)
            case Explain():
                self.explain(intent)
            case Slideshow():
                self.slideshow(intent)
            case Music():
                self.music(intent)
            case DrawSound():
                self.draw_sound(intent)
            case DescribeSound():
                self.describe_sound(intent)

    def code(self, wanted: Code) -> None:
        for file in [file for file in self.files if file.is_code]:
            self.see_code(file)
            if not (wanted.runs or wanted.rewrites):
                continue
            if not file.runs:
                self.notes.append(
                    self.say(
                        f"{clean(file.name)} is {file.language}; only Python and notebooks are run here.",
                        f"{clean(file.name)} 是 {file.language}；这里只能运行 Python 和 notebook。",
                    )
                )
                continue
            beside = [file, *(one for one in self.given if one is not file)][:MOST_BESIDE]
            names, timed = [one.name for one in beside], wanted.times or wanted.rewrites
            args: Plain = {
                "code": literal(trial(names, 0, timed=timed)),
                "files": [one.reference for one in beside],
                "timeout_seconds": TRIAL_SECONDS,
            }
            self.step(self.named("timing", file), "run_python", args, optional=True)

    def report(self, wanted: Report) -> None:
        if not self.files:
            self.missing("", self.say("a file to report on", "要分析的文件"))
            return
        files = [file for file in self.files if self.has_part(file, wanted.span)]
        if not files:
            return
        look = self.examine if wanted.span is None else partial(self.examine_part, wanted.span)
        findings = [reference for file in files for reference in look(file)]
        findings += [f"${name}" for name, one in self.steps.items() if one["tool"] == "run_python"]
        args: Plain = {
            "findings": findings,
            "request": literal(self.understood.request),
            "media": [file.reference for file in files],
            "language": self.understood.language,
            "run_facts": "$run",
        }
        if charts := [f"${name}.picture" for name, one in self.steps.items() if one["tool"] == "make_chart"]:
            args["pictures"] = charts
        self.step("report", "write_report", args)

    def examine(self, file: File) -> list[str]:
        """Return everything a report says about a file."""
        without = self.understood.without
        several = len(self.files) > 1
        found = []
        if file.kind != "text":
            found.append(
                self.step(self.named("probe", file), "probe_media", {"media": file.reference}, optional=several)
            )
        if file.kind == "video" and "find_scenes" not in without:
            found.append(self.see_scenes(file))
            if "extract_frames" not in without:
                args = {"media": file.reference, "scenes": f"{found[-1]}.scenes", "count": MOST_FRAMES}
                found.append(self.step(self.named("frames", file), "extract_frames", args, optional=True))
        if file.kind == "picture":
            found.append(self.step(self.named("facts", file), "image_facts", {"media": file.reference}, optional=True))
        perceived = self.perceive(file)
        found += perceived
        if file.shows and self.understood.sees:
            args = {"media": file.reference, "language": self.understood.language, "findings": perceived}
            found.append(self.step(self.named("look", file), "look_at", args, optional=True))
        if file.sounds and "transcribe" not in without:
            found.append(self.pace(file))
        return found

    def examine_part(self, span: Span, file: File) -> list[str]:
        """Return what a report says about a part of a file: what was said and shown in it."""
        probed = self.step(self.named("probe", file), "probe_media", {"media": file.reference}, optional=True)
        sources = self.perceive(file)
        return [probed, self.search(self.named("part", file), sources, "", span)] if sources else [probed]

    def transcribe(self, wanted: Transcribe) -> None:
        files = self.sounding()
        for file in files:
            if not self.has_part(file, wanted.span):
                continue
            args: Plain = {"media": file.reference}
            if wanted.language:
                args["language"] = wanted.language
            heard = self.step(self.named("speech", file), "transcribe", args, optional=len(files) > 1)
            if wanted.span:
                self.search(self.named("part", file), [heard], "", wanted.span)

    def sounding(self) -> list[File]:
        """Return the files with sound; when there is none, why nothing is heard is noted."""
        found = [file for file in self.files if file.sounds]
        if not found:
            self.missing(
                self.say("sound, so there is nothing to transcribe", "声音，无法转写"),
                self.say("a video or a recording with sound", "有声音的视频或录音"),
            )
        return found

    def chapters(self) -> None:
        files = [file for file in self.files if file.seconds]
        if not files:
            self.missing(
                self.say("length to divide into chapters", "时长，不能分章"),
                self.say("a video or a recording", "视频或录音"),
            )
        for file in files:
            findings = self.perceive(file)
            if file.kind == "video":
                findings.append(self.see_scenes(file))
            args = {"findings": findings, "language": self.understood.language}
            self.step(self.named("chapters", file), "make_chapters", args)

    def find(self, wanted: Find) -> None:
        files = [file for file in self.files if self.has_part(file, wanted.span)]
        sources = [reference for file in files for reference in self.perceive(file, wanted.kinds)]
        if self.files and not files:
            return
        if sources:
            self.search("found", sources, wanted.query, wanted.span, wanted.kinds)
        elif not self.named_any:
            self.notes.append(lack_words("know", self.say))
        elif wanted.kinds == ("speech",):
            self.sounding()
        elif wanted.kinds == ("text",):
            self.no_pictures()
        else:
            self.missing(
                self.say("words to search", "可搜索的文字或语音"),
                self.say("a file to search in", "要搜索的文件"),
            )

    def read(self) -> None:
        seen = [file for file in self.files if file.shows or file.kind == "text"]
        if not seen:
            self.no_pictures()
        for file in seen:
            if file.kind == "text":
                self.step(self.named("content", file), "read_artifact", {"artifact": file.reference})
            else:
                self.see_text(file)

    def no_pictures(self) -> None:
        self.missing(
            self.say("pictures, so there is no text to read", "画面，没有可识别的文字"),
            self.say("a picture or a video", "图片或视频"),
        )

    def frames(self, wanted: Frames) -> None:
        videos = [file for file in self.files if file.kind == "video"]
        if not videos:
            self.missing(self.say("frames", "画面帧"), self.say("a video", "视频"))
        for file in videos:
            times = tuple(one for one in wanted.times if self.has_part(file, (one, one)))
            if (wanted.times and not times) or not self.has_part(file, wanted.span):
                continue
            args: Plain = {"media": file.reference, **self.which_frames(replace(wanted, times=times), file)}
            if wanted.sheet:
                args["contact_sheet"] = True
            self.step(self.named("pictures", file), "extract_frames", args)

    def which_frames(self, wanted: Frames, file: File) -> Plain:
        """Return the arguments that say which frames."""
        if wanted.times:
            return {"times": list(wanted.times)}
        args: Plain = {}
        if wanted.span:
            args["between_seconds"] = self.bounded(wanted.span)
        if wanted.every_seconds:
            return {"every_seconds": wanted.every_seconds, **args}
        if wanted.count:
            args["count"] = wanted.count
        if wanted.by == "scenes":
            args["scenes"] = f"{self.see_scenes(file)}.scenes"
        elif wanted.by == "changes" and not wanted.count:
            args["changed"] = True
        return args

    def facts(self, wanted: Facts) -> None:
        for file in [file for file in self.files if file.kind in ("picture", "video")]:
            if file.kind == "picture":
                args: Plain = {"media": file.reference}
                if "location" in wanted.subjects:
                    args["location"] = True
                self.step(self.named("facts", file), "image_facts", args)
                if not wanted.subjects:
                    self.see_text(file)
            else:
                args = {"media": file.reference, "changed": True}
                frames = self.step(self.named("pictures", file), "extract_frames", args)
                facts = self.step(self.named("facts", file), "image_facts", {"media": "$item.picture"})
                self.steps[facts[1:]]["for_each"] = f"{frames}.items"
        if not any(file.kind in ("picture", "video") for file in self.files):
            self.missing(self.say("pictures", "画面"), self.say("a picture", "图片"))

    def look(self, wanted: Look) -> None:
        shown = [file for file in self.files if file.shows]
        if not shown:
            self.missing(self.say("pictures", "画面"), self.say("a picture or a video", "图片或视频"))
            return
        asked: Plain = {"task": "describe" if wanted.describes else "answer", "question": literal(wanted.question)}
        pictures = [file for file in shown if file.kind == "picture"]
        if not wanted.describes and 1 < len(pictures) == len(shown) <= MOST_COMPARED:
            first, *others = pictures
            args = {"media": first.reference, "compare_with": [one.reference for one in others], **asked}
            self.step("look", "look_at", args)
            return
        for file in shown:
            args = {"media": file.reference, **asked}
            if file.kind == "video":
                args["findings"] = self.perceive(file)
            self.step(self.named("look", file), "look_at", args)

    def compare(self) -> None:
        files = [file for file in self.files if file.kind in ("video", "audio", "picture")]
        if len(files) < 2:
            self.notes.append(
                self.say(
                    "Comparing needs two files. Name both after the request.",
                    "对比需要两个文件，请在请求后面写上两个文件。",
                )
            )
            return
        first, *others = files
        for number, other in enumerate(others, 1):
            args: Plain = {"first": first.reference, "second": other.reference}
            if known := self.perceive(first):
                args["first_findings"] = known
            if known := self.perceive(other):
                args["second_findings"] = known
            self.step("compared" if len(others) == 1 else f"compared_{number}", "compare_media", args)

    def speak(self, wanted: Say) -> None:
        text = literal(wanted.text) or self.words_to_say()
        if not text:
            self.notes.append(
                self.say(
                    'There is nothing to say aloud. Put the words after a colon: "say aloud: hello".',
                    "没有要朗读的内容。请把文字写在冒号后面，例如“读出来：你好”。",
                )
            )
            return
        args: Plain = {"text": text}
        if wanted.language:
            args["language"] = wanted.language
        if wanted.words_per_minute:
            args["words_per_minute"] = wanted.words_per_minute
        if wanted.as_dialogue:
            args["voices"] = {}
        elif wanted.voice in ("female", "male"):
            args["voice"] = wanted.voice
        elif wanted.voice:
            self.remarks.append(
                self.say(
                    f"No voice was chosen for “{wanted.voice}”: only “female” and “male” are known.",
                    f"没有为“{wanted.voice}”选择嗓音：这里只认得“女声”和“男声”。",
                )
            )
        self.step("voice", "speak", args)

    def words_to_say(self) -> str:
        """Return a reference to the words of the files: the report or summary, else the text of a text file."""
        if any(isinstance(one, Report) for one in self.understood.intents) and "report" in self.steps:
            return "${report.text}"
        if summaries := [name for name in self.steps if name == "summary" or name.startswith("summary_")]:
            return " ".join(f"${{{name}.text}}" for name in summaries)
        if any(file.kind == "text" for file in self.files):
            file = next(file for file in self.files if file.kind == "text")
            content = self.step(self.named("content", file), "read_artifact", {"artifact": file.reference})
            return f"${{{content[1:]}.text}}"
        self.summarize(Summarize())
        return "${summary.text}" if "summary" in self.steps else ""

    def chart(self, wanted: Chart) -> None:
        if wanted.numbers is None:
            self.notes.append(
                self.say(
                    'There are no numbers to plot in the request. Write them down: "plot Jan 10, Feb 12, Mar 9". '
                    "I cannot read the values of a chart in a picture.",
                    "请求里没有可以画的数字。请写出来，例如“画柱状图：一月 10，二月 12，三月 9”。"
                    "我不能从图片里的图表读出数值。",
                )
            )
            return
        numbers = wanted.numbers
        series = [
            {"name": literal(row.name), "x": [literal(x) if isinstance(x, str) else x for x in row.x], "y": list(row.y)}
            for row in numbers.rows
        ]
        args: Plain = {"series": series, "kind": numbers.kind}
        if numbers.title:
            args["title"] = literal(numbers.title)
        self.step("chart", "make_chart", args)

    def pace(self, file: File) -> str:
        args = {"speech": self.hear(file)}
        return self.step(self.named("rate", file), "measure_speech", args, optional=True)

    def rate(self, wanted: Rate) -> None:
        for file in self.sounding():
            measured = self.pace(file)
            if wanted.chart:
                args = {
                    "series": f"{measured}.series",
                    "kind": "line",
                    "title": self.say("Speaking pace", "语速"),
                    "x_label": self.say("seconds", "秒"),
                    "y_label": f"{measured}.unit",
                }
                self.step(self.named("pace_chart", file), "make_chart", args)

    def probe(self, wanted: Probe) -> None:
        media = [file for file in self.files if file.kind != "text"]
        if not media:
            self.missing(
                self.say("picture or sound to measure", "可测量的画面或声音"), self.say("a media file", "媒体文件")
            )
        for file in media:
            args: Plain = {"media": file.reference}
            if wanted.loudness and file.sounds:
                args["loudness"] = True
            if wanted.silence and file.sounds:
                args["silence"] = True
            name = "probe" if len(args) == 1 else "sound"
            self.step(self.named(name, file), "probe_media", args)

    def scenes(self, wanted: Scenes) -> None:
        videos = [file for file in self.files if file.kind == "video"]
        if not videos:
            self.missing(self.say("scenes", "镜头"), self.say("a video", "视频"))
        for file in videos:
            if wanted.exact:
                args = {"media": file.reference, "exact": True}
                self.step(self.named("exact_scenes", file), "find_scenes", args)
            else:
                self.see_scenes(file)

    def summarize(self, wanted: Summarize) -> None:
        if wanted.text:
            self.step("summary", "summarize_text", {"text": literal(wanted.text), "sentences": wanted.sentences})
            return
        texts = [file for file in self.files if file.kind == "text"]
        if texts and len(texts) == len(self.files) == 1:
            self.step("summary", "summarize_text", {"file": texts[0].reference, "sentences": wanted.sentences})
            return
        files = [file for file in self.files if self.has_part(file, wanted.span)]
        sources = [reference for file in files for reference in self.perceive(file)]
        if self.files and not files:
            return
        if not sources:
            self.missing(
                self.say("words to summarize", "可总结的文字或语音"), self.say("a file to summarize", "要总结的文件")
            )
            return
        if wanted.span:
            sources = [self.search("part", sources, "", wanted.span)]
        self.step("summary", "summarize_text", {"findings": sources, "sentences": wanted.sentences})
