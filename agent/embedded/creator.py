"""Steps that make something new: a changed file, a picture, a film, music."""

import math
import re
from dataclasses import dataclass, field, replace

from ...tools.cutting.formats import FORMATS
from ..plan import literal
from ..recipe import read_recipe
from ..recipe_values import filled
from ..recipes import HOUSE
from .builder import Builder, Plain
from .facts import File
from .intents import DescribeSound, Draw, DrawSound, Edit, Explain, Film, Music, Slideshow
from .telling import exact
from .times import Span

SOUND_FORMATS = frozenset({"m4a", "mp3", "wav", "flac", "opus", "ogg"})
MOST_SCENES = 60
ASPECTS = ("16:9", "9:16", "1:1")
"""Of a film that is composed."""
MOST_PIECES = 60
MUSIC_SECONDS = 30.0
"""Of what plays under a film again and again."""
SCENE_SECONDS = 4.0
LEAST_SCENE_SECONDS = 1.0
LEAST_MUSIC_SECONDS, MOST_MUSIC_SECONDS = 8.0, 600.0
UNDER_SPEECH_DB = -15.0
LEAST_SPEED, MOST_SPEED = 0.1, 20.0
USUAL_HEIGHT_PIXELS = 720
LEAST_SIDE_PIXELS = 2
SHORTEST_MUSIC_SECONDS, LONGEST_MUSIC_SECONDS = 1.0, 1800.0


@dataclass(frozen=True)
class Changed:
    """What became of a file so far."""

    reference: str
    moved: bool = False
    """What is at a second now was at another one before."""
    timed_by: str = ""
    """What times are those of, where it is not the file that was given."""
    stage: int = 0
    """Of the last change."""


@dataclass
class Creator(Builder):
    """Adds the steps of intents to make or change something."""

    changed: dict[str, Changed] = field(default_factory=dict)
    """A file's reference -> what the changes so far made of it."""
    clips: dict[str, list[str]] = field(default_factory=dict)
    """A file's reference -> the parts of it that were cut out."""

    def edit(self, wanted: Edit) -> None:
        if wanted.task == "join":
            self.join()
            return
        if wanted.task in ("mix_sound", "replace_sound"):
            self.sound(wanted)
            return
        if wanted.task == "loop":
            self.loop(int(wanted.amount or 0))
            return
        if fault := self.fault(wanted):
            self.notes.append(fault)
            return
        # A file of subtitles or a sound may be the only one that is named: "burn subs.srt into the video".
        changed = [one for one in self.files if self.edits(one, wanted)]
        if not changed:
            changed = [one for one in self.given if self.edits(one, wanted)]
        for file in changed:
            self.change(file, wanted)
        if not changed:
            english, chinese = _CHANGED.get(wanted.task, _CHANGED["keep"])
            self.notes.append(
                self.say(f"This changes {english}, and there is none.", f"这只能用于{chinese}，这里没有。")
            )

    def edits(self, file: File, wanted: Edit) -> bool:
        """Tell whether a change can be made to a file at all."""
        match wanted.task:
            case "crop" | "scale" | "rotate" | "flip":
                return file.kind in ("video", "picture")
            case "upscale":
                return file.kind == "picture"
            case "sound" | "mute" | "without_silence" | "mux_subtitles" | "burn_subtitles":
                return file.sounds and (file.kind == "video" or wanted.task in ("sound", "without_silence"))
            case "gif" | "reverse":
                return file.kind == "video"
            case "convert":
                return file.kind in ("video", "audio", "picture")
            case _:
                return file.kind in ("video", "audio")

    def change(self, file: File, wanted: Edit) -> None:
        """Add the step, or the steps, of one change of one file."""
        if wanted.task == "upscale":
            args: Plain = {"picture": file.reference, "task": "upscale", "scale": wanted.amount}
            self.step(self.named("larger", file), "edit_image", args)
            return
        if wanted.stage > (now := self.changed.get(file.reference, Changed(file.reference))).stage:
            self.changed[file.reference] = replace(now, moved=False, timed_by=now.reference, stage=wanted.stage)
        if wanted.stage:
            file = replace(file, seconds=None)  # what was made is shorter or longer
        spans: tuple[Span | None, ...] = wanted.spans or (None,)
        spans = tuple(one for one in spans if self.has_part(file, one))
        if wanted.task == "leave_out":
            parts = [self.ended(one, file) for one in spans if one]
            if parts:
                self.edited(file, "without", {"task": "remove", "parts": parts})
            return
        for span in spans:
            args = self.arguments(file, wanted)
            if wanted.task == "split" and wanted.points and "at_seconds" not in args:
                return  # each of them is beyond the end, which was noted
            if span is not None:
                start, end = self.ended(span, file)
                args |= {"start_seconds": start, "end_seconds": end}
            self.edited(file, _STEP_NAMES.get(wanted.task, "changed"), args)
            if span is not None and wanted.task == "keep":
                self.clips.setdefault(file.reference, []).append(self.now(file))

    def arguments(self, file: File, wanted: Edit) -> Plain:
        """Return what `edit_media` is told beside the file and the part."""
        args: Plain = {"task": _TASKS.get(wanted.task, wanted.task)}
        match wanted.task:
            case "split" if points := self.points(file, wanted):
                args["at_seconds"] = points
            case "crop" if wanted.form:
                args["aspect"] = wanted.form
            case "crop":
                args |= {"width_pixels": wanted.width_pixels, "height_pixels": int(wanted.amount or 0)}
            case "scale":
                args |= self.scaled(file, wanted)
            case "without_silence" if wanted.amount:
                args["min_silence_seconds"] = wanted.amount
            case "flip":
                args |= {"mirror": True, **({"degrees": 180} if wanted.amount else {})}
            case "speed":
                args["speed"] = wanted.amount
            case "rotate":
                args["degrees"] = int(wanted.amount or 0)
            case "burn_subtitles" | "mux_subtitles":
                args["subtitles"] = self.subtitles_of(file, wanted)
            case "sound" | "convert" | "gif":
                if wanted.form in SOUND_FORMATS and file.kind == "video":
                    args["task"] = "extract_sound"
                if form := wanted.form or ("gif" if wanted.task == "gif" else ""):
                    args["format"] = form
        return args

    def fault(self, wanted: Edit) -> str:
        """Return why a change cannot be made as it was asked for; "" when it can."""
        if wanted.task == "rotate" and wanted.amount not in (90, 180, 270):
            return self.say(
                f"I turn by 90, 180 or 270 degrees, not by {wanted.amount or 0:g}.",
                f"只能旋转 90、180 或 270 度，不能旋转 {wanted.amount or 0:g} 度。",
            )
        if wanted.task == "speed" and not LEAST_SPEED <= (wanted.amount or 0) <= MOST_SPEED:
            return self.say(
                f"The speed may be {LEAST_SPEED:g} to {MOST_SPEED:g} times, not {wanted.amount or 0:g}.",
                f"速度可以是 {LEAST_SPEED:g} 到 {MOST_SPEED:g} 倍，不能是 {wanted.amount or 0:g} 倍。",
            )
        if any(side is not None and side < LEAST_SIDE_PIXELS for side in (wanted.width_pixels, wanted.amount)) and (
            wanted.task in ("crop", "scale")
        ):
            return self.say(
                f"Each side of a picture needs at least {LEAST_SIDE_PIXELS} pixels.",
                f"画面的每一边至少需要 {LEAST_SIDE_PIXELS} 个像素。",
            )
        if wanted.form and wanted.task in ("convert", "sound", "gif") and wanted.form not in FORMATS:
            return self.say(
                f"I do not write {wanted.form}. I write: {', '.join(FORMATS)}.",
                f"我不能输出 {wanted.form} 格式。可以输出：{'、'.join(FORMATS)}。",
            )
        if wanted.task == "keep" and not wanted.spans:
            return self.say(
                "Say from when to when, for example “cut out 0:10 to 0:20” or “keep the first minute”: what begins "
                "or ends there I cannot tell.",
                "请说明从何时到何时，例如“剪掉0:10到0:20”或“只保留前一分钟”：内容从哪里开始、到哪里结束，我无法判断。",
            )
        return ""

    def scaled(self, file: File, wanted: Edit) -> Plain:
        """Return the size that a file is brought to."""
        if wanted.max_bytes and file.kind == "picture":
            return {"task": "convert", "format": "jpeg", "max_bytes": wanted.max_bytes}
        if wanted.width_pixels or wanted.amount:
            sizes = {"width_pixels": wanted.width_pixels, "height_pixels": int(wanted.amount or 0)}
            return {name: one for name, one in sizes.items() if one}
        high = file.height_pixels
        if wanted.share and high:
            return {"height_pixels": max(2, round(high * wanted.share / 2) * 2)}
        height = USUAL_HEIGHT_PIXELS if not high or high > USUAL_HEIGHT_PIXELS else max(2, high // 4 * 2)
        asked = self.say(
            f"No size was named: {height} pixels high was taken. Name another height, such as 480p, if you want one.",
            f"没有指定大小：按高 {height} 像素处理。如需其他大小，请说明高度，例如 480p。",
        )
        if wanted.max_bytes:
            size = f"{wanted.max_bytes / 1e6:g} MB"
            asked = self.say(f"I cannot aim at {size} of a film. ", f"我不能把视频压到指定的 {size}。") + asked
        self.remarks.append(asked)
        return {"height_pixels": height}

    def subtitles_of(self, file: File, wanted: Edit) -> str:
        """Return the subtitles that were given, else those of what is heard."""
        if given := next((one for one in self.given if one.name.lower().endswith((".srt", ".vtt"))), None):
            return given.reference
        if wanted.form:
            self.remarks.append(
                self.say(
                    "The subtitles are in the language that is spoken: I cannot translate without a language model.",
                    "字幕与所说的语言相同：没有语言模型我不能翻译。",
                )
            )
        return f"{self.heard_in(file)}.srt"

    def sound(self, wanted: Edit) -> None:
        """Give a film, or a recording, another sound or a further one."""
        used = self.files if len(self.files) > 1 else self.given
        target = next((one for one in used if one.kind == "video"), None)
        target = target or next((one for one in used if one.sounds), None)
        others = [one for one in used if one.sounds and one is not target]
        other = next((one for one in others if one.kind == "audio"), others[0] if others else None)
        if target is None or (other is None and wanted.task == "replace_sound" and not wanted.form):
            self.notes.append(
                self.say(
                    "This needs a film and the other sound: name both files after the request.",
                    "这需要一个视频和另一段声音：请在请求后面写上两个文件。",
                )
            )
            return
        if other:
            sound = other.reference
        else:
            mood = wanted.form or "calm background"
            words = f"{mood} music" if mood.isascii() else f"{mood}的音乐"
            seconds = min(MOST_MUSIC_SECONDS, max(LEAST_MUSIC_SECONDS, target.seconds or MUSIC_SECONDS))
            music = {"description": literal(words), "seconds": round(seconds, 1)}
            sound = f"{self.step('music', 'make_music', music)}.audio"
        args: Plain = {"task": wanted.task, "sound": sound}
        if wanted.task == "mix_sound" and target.sounds:
            args["volume_db"] = UNDER_SPEECH_DB
        self.edited(target, "with_sound", args)

    def heard_in(self, file: File) -> str:
        """Return what is said in a file as the changes so far left it."""
        now = self.changed.get(file.reference, Changed(file.reference))
        if not now.moved:
            return self.hear(file, optional=False)
        return self.step(self.named("speech", file), "transcribe", {"media": now.reference})

    def points(self, file: File, wanted: Edit) -> list[float]:
        """Return where a file is split."""
        if not (wanted.every_seconds and file.seconds):
            return [one for one in wanted.points if self.has_part(file, (one, math.inf))]
        count = min(MOST_PIECES, math.ceil(file.seconds / wanted.every_seconds) - 1)
        return [round(wanted.every_seconds * one, 3) for one in range(1, count + 1)]

    def edited(self, file: File, name: str, args: Plain) -> None:
        """Add a change of a file: of what the changes before made of it, unless times would mean others there."""
        before = self.changed.get(file.reference, Changed(file.reference))
        is_timed = bool({"start_seconds", "parts", "at_seconds"} & args.keys())
        media = (before.timed_by or file.reference) if is_timed and before.moved else before.reference
        made = self.step(self.named(name, file), "edit_media", {"media": media, **args})
        if args["task"] not in ("split", "extract_sound") and args.get("format") != "gif":
            moved = before.moved or args["task"] in _MOVES
            self.changed[file.reference] = replace(before, reference=f"{made}.file", moved=moved)

    def ended(self, span: Span, file: File) -> list[float]:
        """Return a span that ends within the file."""
        end = file.seconds if file.seconds is not None and span[1] > file.seconds else span[1]
        return [span[0], end]

    def join(self) -> None:
        files = [file for file in self.in_order_of_names() if file.kind in ("video", "audio")]
        if len(files) < 2 and sum(file.kind == "picture" for file in self.files) > 1:
            self.notes.append(
                self.say(
                    "Pictures are not joined: ask for a slideshow of them, or for a comparison.",
                    "图片不能拼接：请说“用这些图片做视频”，或要求对比。",
                )
            )
            return
        parts = [part for one in files for part in self.clips.get(one.reference) or [self.now(one)]]
        if len(parts) < 2:
            self.notes.append(
                self.say(
                    "Joining needs two files or more. Name them after the request, in their order.",
                    "拼接至少需要两个文件，请在请求后面按顺序写上它们。",
                )
            )
            return
        self.whole(files, parts, sum(one.seconds or 0.0 for one in files))

    def loop(self, count: int) -> None:
        """Put each file behind itself."""
        files = [one for one in self.files if one.kind in ("video", "audio")]
        if not files:
            self.missing(self.say("length", "时长"), self.say("a video or a recording", "视频或录音"))
        for file in files:
            self.whole([file], [self.now(file)] * count, count * (file.seconds or 0.0))

    def now(self, file: File) -> str:
        """Return what the changes so far made of a file."""
        return self.changed[file.reference].reference if file.reference in self.changed else file.reference

    def whole(self, files: list[File], parts: list[str], seconds: float) -> None:
        """Join parts; what is asked further is asked of the whole, not of each file that is in it."""
        made = self.step("joined", "edit_media", {"task": "join", "files": parts})
        whole = replace(files[0], reference=f"{made}.file", seconds=round(seconds, 3) or None)
        self.files = [whole if one is files[0] else one for one in self.files if one not in files[1:]]
        self.given = [whole if one is files[0] else one for one in self.given if one not in files[1:]]

    def in_order_of_names(self) -> list[File]:
        """Return the files as the request names them: "b.mp4 and a.mp4" is another film than "a.mp4 and b.mp4"."""
        request = self.understood.request.casefold()
        places = [request.find(one.name.casefold()) for one in self.files]
        if -1 in places:
            return self.files
        return [one for _, one in sorted(zip(places, self.files, strict=True), key=lambda pair: pair[0])]

    def draw(self, wanted: Draw) -> None:
        prompt = literal(wanted.prompt)
        pictures = [file for file in self.files if file.kind == "picture"]
        if not wanted.repaints:
            self.step("drawn", "make_image", {"prompt": prompt})
            return
        for file in pictures:
            args: Plain = {"picture": file.reference, "task": "edit", "prompt": prompt}
            self.step(self.named("drawn", file), "edit_image", args)

    def film(self, wanted: Film) -> None:
        args: Plain = {"prompt": literal(wanted.prompt)}
        if picture := next((file for file in self.files if file.kind == "picture"), None):
            args["picture"] = picture.reference
            if said := next((file for file in self.files if file.kind == "audio"), None):
                args["sound"] = said.reference
        if wanted.seconds:
            args["seconds"] = wanted.seconds
        if wanted.aspect:
            args["aspect"] = wanted.aspect
        self.step("film", "make_video", args)

    def explain(self, wanted: Explain) -> None:
        """Add the steps of the recipe that explains a text."""
        text = next(file for file in self.files if file.kind == "text")
        values = {"aspect": wanted.aspect} if wanted.aspect in ASPECTS else {}
        for step in filled(read_recipe(HOUSE / "explainer.toml"), values, [self.given.index(text)]):
            self.steps.setdefault(step.id, step.model_dump(include={"id", "tool", "args", "depends_on"}))

    def slideshow(self, wanted: Slideshow) -> None:
        shown = [file for file in self.files if file.kind in ("picture", "video")][:MOST_SCENES]
        sounds = [file for file in self.files if file.kind == "audio"]
        if not shown:
            self.missing(self.say("pictures", "画面"), self.say("pictures or clips", "图片或视频"))
            return
        pictures = [file for file in shown if file.kind == "picture"]
        clips = sum(file.seconds or 0.0 for file in shown if file.kind == "video")
        each = wanted.each_seconds
        if wanted.seconds and pictures and not each:
            each = round(max(LEAST_SCENE_SECONDS, (wanted.seconds - clips) / len(pictures)), 2)
        scenes: list[Plain] = [
            {file.kind: file.reference, **({"seconds": each} if each and file.kind == "picture" else {})}
            for file in shown
        ]
        for scene, caption in zip((one for one in scenes if "picture" in one), wanted.captions, strict=False):
            scene["caption"] = literal(caption)
        if wanted.title:
            scenes.insert(0, {"title": literal(wanted.title)})
        if wanted.ending:
            scenes.append({"title": literal(wanted.ending)})
        args: Plain = {"scenes": scenes}
        if wanted.aspect in ASPECTS:
            args["aspect"] = wanted.aspect
        if sounds and len(scenes) == 1 and pictures:
            scenes[0]["narration"] = sounds[0].reference  # it is shown for as long as the recording lasts
        elif sounds:
            args["music"] = sounds[0].reference
        elif wanted.music:
            whole = clips + len(pictures) * (each or SCENE_SECONDS)
            music = {
                "description": literal(wanted.mood or "calm background music"),
                "seconds": round(min(MUSIC_SECONDS, max(LEAST_MUSIC_SECONDS, whole)), 1),
            }
            args["music"] = f"{self.step('music', 'make_music', music)}.audio"
        self.step("film", "compose_video", args)

    def music(self, wanted: Music) -> None:
        args: Plain = {"description": literal(wanted.description)}
        if wanted.seconds is not None and not SHORTEST_MUSIC_SECONDS <= wanted.seconds <= LONGEST_MUSIC_SECONDS:
            least, most = exact(SHORTEST_MUSIC_SECONDS), exact(LONGEST_MUSIC_SECONDS)
            self.notes.append(
                self.say(
                    f"Music may last from {least} to {most}, not {exact(wanted.seconds)}.",
                    f"音乐的时长可以是 {least} 到 {most}，不能是 {exact(wanted.seconds)}。",
                )
            )
            return
        if wanted.seconds:
            args["seconds"] = wanted.seconds
        self.step("music", "make_music", args)

    def draw_sound(self, wanted: DrawSound) -> None:
        for file in self.heard():
            args: Plain = {"media": file.reference, "form": wanted.form}
            self.step(self.named("sound_picture", file), "picture_sound", args)

    def describe_sound(self, wanted: DescribeSound) -> None:
        for file in self.heard():
            args: Plain = {"media": file.reference}
            # What is measured anyway needs no model that listens; that there is none would be said of a question.
            if not _MEASURED.search(wanted.question.lower()):
                args["question"] = literal(wanted.question)
            self.step(self.named("heard", file), "describe_sound", args)

    def heard(self) -> list[File]:
        """Return the files with sound; that there is none is noted."""
        found = [file for file in self.files if file.sounds]
        if not found:
            self.missing(self.say("sound", "声音"), self.say("a video or a recording with sound", "有声音的视频或录音"))
        return found


_MEASURED = re.compile(
    r"tempo|bpm|beats|how fast|\bkey\b|loud|sounds? like|\bsound$|describe"
    r"|节拍|节奏|几拍|什么调|调性|响度|什么声音|声音(?:是|像)|听起来|描述"
)
_TASKS = {
    "keep": "trim",
    "without_silence": "remove",
    "flip": "rotate",
    "mux_subtitles": "add_subtitles",
    "sound": "extract_sound",
    "gif": "convert",
}
_SUBTITLES = ("burn_subtitles", "mux_subtitles")
_CHANGED: dict[str, tuple[str, str]] = {
    "keep": ("a video or a recording", "视频或录音"),
    **dict.fromkeys(("crop", "scale", "rotate", "flip", "convert"), ("a video or a picture", "视频或图片")),
    "upscale": ("a picture", "图片"),
    **dict.fromkeys(("sound", "without_silence"), ("a video or a recording with sound", "有声音的视频或录音")),
    **dict.fromkeys(("mute", *_SUBTITLES), ("a video with sound", "有声音的视频")),
    **dict.fromkeys(("gif", "reverse"), ("a video", "视频")),
}
"""What each change is for."""
_MOVES = frozenset({"trim", "remove", "speed", "reverse"})
_STEP_NAMES = {
    "keep": "clip",
    "split": "pieces",
    "sound": "sound",
    "gif": "animation",
    "convert": "converted",
    "burn_subtitles": "subtitled",
    "mux_subtitles": "subtitled",
    "without_silence": "without_silence",
}
