"""What a tool asks of those who make media: a wish of known words goes in, stored files come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from .models import Provider
from .workspace import Artifact

if TYPE_CHECKING:
    from .run import Run

Value = str | int | float | bool
Task = Literal[
    # draw
    "image", "edit", "inpaint", "outpaint", "vary", "blend", "upscale", "pick", "describe", "swap_face",
    # film
    "video", "animate", "reference", "extend", "talk", "dance",
    # speak
    "speech", "clone",
    # play
    "music", "continue",
]  # fmt: skip
"""`animate`: from a first frame; `reference`: with pictures of who is in it; `talk`: a picture says a recording;
`dance`: a picture moves as a video does; `pick`: one of a grid of pictures; `continue`: music that goes on from a
sample."""
TASKS: Mapping[str, tuple[Task, ...]] = {
    "draw": ("image", "edit", "inpaint", "outpaint", "vary", "blend", "upscale", "pick", "describe", "swap_face"),
    "film": ("video", "animate", "reference", "extend", "talk", "dance"),
    "speak": ("speech", "clone"),
    "play": ("music", "continue"),
}
"""Role -> what its makers may be able to do."""
ValueName = Literal[
    "prompt", "negative_prompt", "width_pixels", "height_pixels", "size", "aspect", "resolution", "quality", "count",
    "seed", "style", "strength", "index", "scale", "left_pixels", "right_pixels", "top_pixels", "bottom_pixels",
    "seconds", "frames_per_second", "with_sound", "text", "language", "voice", "speed", "emotion", "lyrics", "title",
    "instrumental", "beats_per_minute", "job",
]  # fmt: skip
VALUES: tuple[ValueName, ...] = get_args(ValueName)
"""`size` is `1024x1024`, `aspect` `16:9`, `resolution` `720p`; `speed` 1 is usual; `strength` 0 keeps the picture, 1
replaces it; `index` counts from 1, row by row; `scale` is a factor; `job` is the provider's own id of what a file came
from."""
FileName = Literal["picture", "pictures", "mask", "last_frame", "video", "sound", "face"]
FILES: tuple[FileName, ...] = get_args(FileName)
"""`picture` is what is edited, or the first frame; `pictures` are references or what is blended; a `mask` is white
where something new belongs."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be made."""

    task: Task
    values: Mapping[ValueName, Value] = field(default_factory=dict)
    files: Mapping[FileName, tuple[str, ...]] = field(default_factory=dict)
    """Handles of artifacts."""
    salt: str = ""
    """Tells wishes apart that are otherwise the same, also for a model that takes no seed: each is an order."""

    @property
    def priced_by(self) -> dict[str, Any]:
        """What a price may hold for: the task, the values, and how many files of each name are given."""
        values = {str(name): value for name, value in self.values.items()}
        return {"task": self.task, **values, **{name: len(self.files.get(name, ())) for name in FILES}}


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A wish as a model takes it."""

    wish: Wish
    notes: tuple[str, ...] = ()
    """What is not as it was wished, for people: another size, a seed that the model does not take."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What was made."""

    files: tuple[Artifact, ...]
    served_by: str
    """`provider:model`; see `Provider.identity`."""
    texts: tuple[str, ...] = ()
    """Words that came with it: the prompt as the provider changed it, a description, a new voice's name."""
    seed: int | None = None
    job: str = ""
    """The provider's own id of it, where something else can be made from it there."""
    notes: tuple[str, ...] = ()


class Maker(Provider, Protocol):
    """Makes media in one role."""

    def tasks(self) -> frozenset[Task]:
        """Return what it can do; cheap."""
        ...

    def fit(self, wish: Wish) -> Fitted:
        """Return a wish as the model takes it; free, and nothing is sent.

        Raises:
            ArgumentError: It cannot be had from this model: the message names the limit and what to ask for instead.
        """
        ...

    async def make(self, wish: Wish, *, run: "Run") -> Made:
        """Make a wish that was fitted; its files are stored with their credentials.

        Raises:
            OverBudget, OutcomeUnknown: As for any paid order.
            ArgumentError: The provider refuses it, for example for its policy; the message says why.
            ProviderError, SettingsError: The provider cannot be asked, or failed.
            MediaError: What came back is not what was ordered.
        """
        ...
