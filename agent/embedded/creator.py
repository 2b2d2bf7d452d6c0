"""Steps that make something new: a changed file, a picture, a film, music."""

import math
from dataclasses import dataclass, field

from ..plan import literal
from .builder import Builder, Plain
from .facts import File
from .intents import DescribeSound, Draw, DrawSound, Edit, Film, Music, Slideshow
from .times import Span

SOUND_FORMATS = frozenset({"m4a", "mp3", "wav", "flac", "opus", "ogg"})
MOST_SCENES = 60
MOST_PIECES = 60
MUSIC_SECONDS = 30.0
"""Of what plays under a film again and again."""
SCENE_SECONDS = 4.0
LEAST_SCENE_SECONDS = 1.0


@dataclass(frozen=True)
class Changed:
    """What became of a file so far."""

    reference: str
    moved: bool = False
    """What is at a second now was at another one before."""


@dataclass
class Creator(Builder):
    """Adds the steps of intents to make or change something."""

    changed: dict[str, Changed] = field(default_factory=dict)
    """A file's reference -> what the changes so far made of it."""

    def edit(self, wanted: Edit) -> None:
        if wanted.task == "join":
            self.join()
            return
        changed = False
        for file in self.files:
            if self.edits(file, wanted):
                changed = True
                self.change(file, wanted)
        if not changed:
            self.missing(
                self.say("what this changes", "可以这样修改的内容"),
                self.say("a video, a recording or a picture", "视频、录音或图片"),
            )

    def edits(self, file: File, wanted: Edit) -> bool:
        """Tell whether a change can be made to a file at all."""
        match wanted.task:
            case "crop" | "scale" | "rotate":
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
        spans: tuple[Span | None, ...] = wanted.spans or (None,)
        spans = tuple(one for one in spans if self.has_part(file, one))
        if wanted.task == "leave_out":
            parts = [self.ended(one, file) for one in spans if one]
            if parts:
                self.edited(file, "without", {"task": "remove", "parts": parts})
            return
        for span in spans:
            args = self.arguments(file, wanted)
            if span is not None:
                start, end = self.ended(span, file)
                args |= {"start_seconds": start, "end_seconds": end}
            self.edited(file, _STEP_NAMES.get(wanted.task, "changed"), args)

    def arguments(self, file: File, wanted: Edit) -> Plain:
        """Return what `edit_media` is told beside the file and the part."""
        args: Plain = {"task": _TASKS.get(wanted.task, wanted.task)}
        match wanted.task:
            case "split":
                args["at_seconds"] = self.points(file, wanted)
            case "crop":
                args["aspect"] = wanted.form
            case "scale" | "speed" | "rotate":
                name = {"scale": "height_pixels", "speed": "speed", "rotate": "degrees"}[wanted.task]
                args[name] = wanted.amount if wanted.task == "speed" else int(wanted.amount or 0)
            case "burn_subtitles" | "mux_subtitles":
                args["subtitles"] = f"{self.heard_in(file)}.srt"
            case "sound" | "convert" | "gif":
                if wanted.form in SOUND_FORMATS and file.kind == "video":
                    args["task"] = "extract_sound"
                if form := "gif" if wanted.task == "gif" else wanted.form:
                    args["format"] = form
        return args

    def heard_in(self, file: File) -> str:
        """Return what is said in a file as the changes so far left it."""
        now = self.changed.get(file.reference, Changed(file.reference))
        if not now.moved:
            return self.hear(file, optional=False)
        return self.step(self.named("speech", file), "transcribe", {"media": now.reference})

    def points(self, file: File, wanted: Edit) -> list[float]:
        """Return where a file is split."""
        if not (wanted.every_seconds and file.seconds):
            return list(wanted.points)
        count = min(MOST_PIECES, math.ceil(file.seconds / wanted.every_seconds) - 1)
        return [round(wanted.every_seconds * one, 3) for one in range(1, count + 1)]

    def edited(self, file: File, name: str, args: Plain) -> None:
        """Add a change of a file: of what the changes before made of it, unless times would mean others there."""
        before = self.changed.get(file.reference, Changed(file.reference))
        is_timed = bool({"start_seconds", "parts", "at_seconds"} & args.keys())
        media = file.reference if is_timed and before.moved else before.reference
        made = self.step(self.named(name, file), "edit_media", {"media": media, **args})
        if args["task"] not in ("split", "extract_sound") and args.get("format") != "gif":
            self.changed[file.reference] = Changed(f"{made}.file", moved=before.moved or args["task"] in _MOVES)

    def ended(self, span: Span, file: File) -> list[float]:
        """Return a span that ends within the file."""
        end = file.seconds if file.seconds is not None and span[1] > file.seconds else span[1]
        return [span[0], end]

    def join(self) -> None:
        files = [file for file in self.files if file.kind in ("video", "audio")]
        if len(files) < 2:
            self.notes.append(
                self.say(
                    "Joining needs two files or more. Name them after the request, in their order.",
                    "拼接至少需要两个文件，请在请求后面按顺序写上它们。",
                )
            )
            return
        self.step("joined", "edit_media", {"task": "join", "files": [one.reference for one in files]})

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
        if wanted.seconds:
            args["seconds"] = wanted.seconds
        if wanted.aspect:
            args["aspect"] = wanted.aspect
        self.step("film", "make_video", args)

    def slideshow(self, wanted: Slideshow) -> None:
        shown = [file for file in self.files if file.kind in ("picture", "video")][:MOST_SCENES]
        sounds = [file for file in self.files if file.kind == "audio"]
        if not shown:
            self.missing(self.say("pictures", "画面"), self.say("pictures or clips", "图片或视频"))
            return
        pictures = [file for file in shown if file.kind == "picture"]
        clips = sum(file.seconds or 0.0 for file in shown if file.kind == "video")
        each = None
        if wanted.seconds and pictures:
            each = round(max(LEAST_SCENE_SECONDS, (wanted.seconds - clips) / len(pictures)), 2)
        scenes: list[Plain] = [
            {file.kind: file.reference, **({"seconds": each} if each and file.kind == "picture" else {})}
            for file in shown
        ]
        args: Plain = {"scenes": scenes}
        if wanted.aspect in ("16:9", "9:16", "1:1"):
            args["aspect"] = wanted.aspect
        if sounds:
            args["music"] = sounds[0].reference
        elif wanted.music:
            whole = clips + len(pictures) * (each or SCENE_SECONDS)
            music = {"description": "calm background music", "seconds": min(MUSIC_SECONDS, max(8.0, whole))}
            args["music"] = f"{self.step('music', 'make_music', music)}.audio"
        self.step("film", "compose_video", args)

    def music(self, wanted: Music) -> None:
        args: Plain = {"description": literal(wanted.description)}
        if wanted.seconds:
            args["seconds"] = wanted.seconds
        self.step("music", "make_music", args)

    def draw_sound(self, wanted: DrawSound) -> None:
        for file in self.heard():
            args: Plain = {"media": file.reference, "form": wanted.form}
            self.step(self.named("sound_picture", file), "picture_sound", args)

    def describe_sound(self, wanted: DescribeSound) -> None:
        for file in self.heard():
            args: Plain = {"media": file.reference, "question": literal(wanted.question)}
            self.step(self.named("heard", file), "describe_sound", args)

    def heard(self) -> list[File]:
        """Return the files with sound; that there is none is noted."""
        found = [file for file in self.files if file.sounds]
        if not found:
            self.missing(self.say("sound", "声音"), self.say("a video or a recording with sound", "有声音的视频或录音"))
        return found


_TASKS = {
    "keep": "trim",
    "without_silence": "remove",
    "mux_subtitles": "add_subtitles",
    "sound": "extract_sound",
    "gif": "convert",
}
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
