"""What a request can want: the words between understanding it and planning it."""

from dataclasses import dataclass
from typing import Literal

from ...tools.base.words import Language
from .numbers import Numbers
from .times import Span

Lack = Literal[
    "translate",
    "see",
    "speakers",
    "write",
    "film",
    "clone",
    "edit",
    "code",
    "rewrite",
    "web",
    "address",
    "know",
    "change",
]
"""What cannot be done; `conclude` says why and what would add it."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report on all files, or on what is said and shown in a part of them."""

    span: Span | None = None


@dataclass(frozen=True, kw_only=True)
class Transcribe:
    """What is said, written down; also as subtitles."""

    language: str | None = None
    """Spoken language, when the user says it."""
    span: Span | None = None
    subtitles: bool = False


@dataclass(frozen=True)
class Chapters:
    """A table of contents with times."""


@dataclass(frozen=True, kw_only=True)
class Find:
    """Where something is said or shown; all that is in `span` when `query` is empty."""

    query: str
    span: Span | None = None
    """A point has no length: start and end are the same."""
    kinds: tuple[Literal["speech", "text"], ...] = ()
    """Only what is said, or only what is on screen; both when there are none."""


@dataclass(frozen=True)
class Read:
    """The text in pictures."""


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Pictures out of a video: at times, at an interval, or one of each scene or of each thing shown."""

    times: tuple[float, ...] = ()
    every_seconds: float | None = None
    count: int | None = None
    by: Literal["scenes", "changes"] = "changes"
    span: Span | None = None
    sheet: bool = False


Subject = Literal["codes", "faces", "colours", "light", "camera", "location"]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts of pictures."""

    subjects: frozenset[Subject] = frozenset()
    """Only these; all when there are none."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a picture or a video shows, as a model that sees tells it."""

    question: str
    """As the user asked."""
    describes: bool = False
    """It is to be described as a whole."""


@dataclass(frozen=True)
class Compare:
    """What differs between two files."""


@dataclass(frozen=True, kw_only=True)
class Say:
    """Words said aloud."""

    text: str
    """Empty: the text of the file, or its summary."""
    language: str | None = None
    words_per_minute: int | None = None
    as_dialogue: bool = False
    """Lines of several speakers, each in a voice of their own."""
    voice: str = ""
    """As it was asked for; `female` and `male` are known."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Numbers plotted; None when the request names none."""

    numbers: Numbers | None


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How fast is spoken, perhaps as a chart over time."""

    chart: bool = False


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Technical facts."""

    loudness: bool = False
    silence: bool = False


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """Where the picture changes."""

    exact: bool = False


@dataclass(frozen=True, kw_only=True)
class Summarize:
    """A few sentences, without a report; of `text` when the request brings it."""

    sentences: int = 5
    text: str = ""
    span: Span | None = None


@dataclass(frozen=True, kw_only=True)
class Code:
    """What files of code hold; also what they do, how long that takes and where, and what only a model can do."""

    runs: bool = False
    times: bool = False
    profiles: bool = False
    rewrites: bool = False


EditTask = Literal[
    "keep",
    "leave_out",
    "without_silence",
    "split",
    "join",
    "crop",
    "scale",
    "speed",
    "mute",
    "replace_sound",
    "mix_sound",
    "sound",
    "burn_subtitles",
    "mux_subtitles",
    "convert",
    "gif",
    "rotate",
    "flip",
    "reverse",
    "loop",
    "upscale",
]


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A given file changed into a new one."""

    task: EditTask
    spans: tuple[Span, ...] = ()
    """What is kept, or left out."""
    points: tuple[float, ...] = ()
    """Where it is split."""
    every_seconds: float | None = None
    """After how long it is split, again and again."""
    amount: float | None = None
    """How much faster, degrees clockwise, pixels high, the shortest silence in seconds, or how often it is played."""
    width_pixels: int | None = None
    share: float | None = None
    """Of its size, to which it is scaled."""
    max_bytes: int | None = None
    form: str = ""
    """An aspect such as `9:16`, a format such as `mp3`, music that is wanted, or the language of subtitles."""
    stage: int = 0
    """Its times are those of what the changes of the stage before made; at 0 of the file that was given."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A picture of what words say."""

    prompt: str
    repaints: bool = False
    """Out of the picture that is given."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """A video of what words say, or of a picture that moves."""

    prompt: str
    seconds: float | None = None
    aspect: str = ""


@dataclass(frozen=True, kw_only=True)
class Explain:
    """A film of slides that explains a given text, narrated and captioned."""

    aspect: str = ""


@dataclass(frozen=True, kw_only=True)
class Slideshow:
    """A film of the given pictures and clips, with the given sound under them."""

    seconds: float | None = None
    """Of the whole film."""
    each_seconds: float | None = None
    """Of each picture."""
    aspect: str = ""
    music: bool = False
    """With music that is made for it, where no sound is given."""
    mood: str = ""
    """Of that music, in the user's words."""
    captions: tuple[str, ...] = ()
    """Under the pictures, in their order."""
    title: str = ""
    """On a card before them."""
    ending: str = ""
    """On a card after them."""


@dataclass(frozen=True, kw_only=True)
class Music:
    """Music as words describe it."""

    description: str
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class DrawSound:
    """A sound as a picture of its waves or of its pitches, or as a moving one."""

    form: Literal["waveform", "spectrogram", "video"] = "waveform"


@dataclass(frozen=True, kw_only=True)
class DescribeSound:
    """What a sound is like: speech or music, how fast, how loud, in which key."""

    question: str


@dataclass(frozen=True)
class Greet:
    """A greeting."""


@dataclass(frozen=True)
class Help:
    """What can you do?"""


@dataclass(frozen=True)
class Cannot:
    """Something that no tool here can do."""

    lack: Lack


@dataclass(frozen=True, kw_only=True)
class NoTime:
    """Something that looks like a time and is none."""

    text: str


Intent = (
    Report
    | Transcribe
    | Chapters
    | Find
    | Read
    | Frames
    | Facts
    | Look
    | Compare
    | Say
    | Chart
    | Rate
    | Probe
    | Scenes
    | Summarize
    | Code
    | Edit
    | Draw
    | Film
    | Explain
    | Slideshow
    | Music
    | DrawSound
    | DescribeSound
    | Greet
    | Help
    | Cannot
    | NoTime
)

Step = Literal["transcribe", "read_text", "extract_frames", "find_scenes"]
"""What a report can be told to leave out."""


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """A request as it was understood."""

    request: str
    language: Language
    """Of the answer."""
    intents: tuple[Intent, ...]
    without: frozenset[Step] = frozenset()
    sees: bool = False
    """True when there is a model that can look."""
    assumed: bool = False
    """True when the words said nothing that is understood, and the usual thing is done."""
