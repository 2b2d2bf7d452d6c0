"""Pictures without a model: cards set from type, enlarging by resampling, cutting one out of a grid."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..base.errors import ArgumentError, UnavailableError
from ..base.makers import Fitted, Made, Task, Wish
from ..base.settings import Settings
from ..credentials.keeping import Making, keep
from ..drawing.asking import Asked, read_card
from ..drawing.darkroom import Developed, enlarge, quarter
from ..drawing.palettes import PALETTES
from ..making.sizes import asked_size, read_aspect, size_within

if TYPE_CHECKING:
    from ..base.run import Run
    from ..base.workspace import Artifact

USUAL_ASPECT, USUAL_PIXELS = "16:9", 1920 * 1080
LEAST_SIDE, MOST_SIDE = 240, 4096
"""Pixels of a card's side."""
USUAL_SCALE = 2.0
NO_MODEL = "It was set from type on this machine; no model drew it."
RESAMPLED = "It was resampled: no detail was added."
CUT_OUT = "It was cut out of the grid on this machine, pixel by pixel."
WHAT_CARDS = (
    'What is set from type is made here: `title card: …`, `quote: "…" — NAME`, `list: a; b; c`, '
    "`bar chart: Jan 3, Feb 5` and `flow chart: A -> B -> C`"
)


def provider(settings: Settings) -> "Cards":
    return Cards()


class Cards:
    """Sets type, and does with pictures what takes no model."""

    identity = "cards"

    def missing(self) -> str | None:
        return None

    def tasks(self) -> frozenset[Task]:
        return frozenset({"image", "upscale", "pick"})

    def fit(self, wish: Wish) -> Fitted:
        """Return a wish as it is met here.

        Raises:
            UnavailableError: It asks for anything but a card.
            ArgumentError: The card cannot have this size, or there are not so many colours.
        """
        if wish.task == "upscale":
            scale = float(wish.values.get("scale", USUAL_SCALE))
            unused = (f"`{name}` was not used." for name in ("prompt", "index") if name in wish.values)
            return Fitted(wish=Wish(task="upscale", values={"scale": scale}, files=wish.files), notes=tuple(unused))
        if wish.task == "pick":
            return Fitted(wish=Wish(task="pick", values={"index": wish.values["index"]}, files=wish.files))
        asked = None if wish.files.get("pictures") else _asked(wish)
        if asked is None:
            raise UnavailableError(f"this is to be drawn, and cards are only set from type. {WHAT_CARDS}.")
        count = int(wish.values.get("count", 1))
        if count > len(PALETTES):
            raise ArgumentError(f"Cards come in {len(PALETTES)} colours, and {count} were asked for. Ask for fewer.")
        width, height = _size(wish)
        notes = []
        if "negative_prompt" in wish.values:
            notes.append("`negative_prompt` was not used: on a card stands what it was given and nothing else.")
        if "style" in wish.values and not read_card(str(wish.values["prompt"]), str(wish.values["style"])):
            notes.append(f"The style {str(wish.values['style'])[:60]!r} was not used: cards have their own.")
        values = {**wish.values, "width_pixels": width, "height_pixels": height}
        return Fitted(wish=Wish(task="image", values=values, files=wish.files), notes=tuple(notes))

    async def make(self, wish: Wish, *, run: "Run") -> Made:
        """Make a wish that was fitted.

        Raises:
            ArgumentError: There is more to read than fits, or a picture would be too large.
            UnavailableError: No font here has the letters; the message names the fix.
            MediaError: A picture cannot be decoded.
        """
        if wish.task == "upscale":
            return await self._developed(wish, run, enlarge, float(wish.values["scale"]))
        if wish.task == "pick":
            return await self._developed(wish, run, quarter, int(wish.values["index"]))
        return await self._cards(wish, run)

    async def _cards(self, wish: Wish, run: "Run") -> Made:
        from ..drawing.painter import paint

        asked = _asked(wish)
        assert asked is not None
        width, height = int(wish.values["width_pixels"]), int(wish.values["height_pixels"])
        seed = int(wish.values["seed"]) if "seed" in wish.values else None
        files: list[Artifact] = []
        notes = [NO_MODEL]
        for number in range(int(wish.values.get("count", 1))):
            run.progress(None, "setting type")
            png, signs = await run.thread(
                paint, asked, width_pixels=width, height_pixels=height, seed=seed, number=number
            )
            if signs and number == 0:
                notes.append(f"No font here has {signs[:20]!r}; these signs were left out.")
            files.append(await keep(run, png, name="card.png", media_type="image/png", making=Making(kind="algorithm")))
        return Made(files=tuple(files), served_by=self.identity, seed=seed, notes=tuple(notes))

    async def _developed(self, wish: Wish, run: "Run", work: Callable[..., Developed], how: float) -> Made:
        (handle,) = wish.files["picture"]
        done = await run.decode(work, run.path(handle), run.name(handle), how)
        making = Making(kind="edit", inputs=(handle,))
        made = await keep(run, done.png, name=f"{work.__name__}.png", media_type="image/png", making=making)
        return Made(
            files=(made,), served_by=self.identity, notes=(RESAMPLED if work is enlarge else CUT_OUT, *done.notes)
        )


def _asked(wish: Wish) -> Asked | None:
    prompt, style = str(wish.values["prompt"]), wish.values.get("style")
    by_style = read_card(prompt, str(style)) if style else None
    return by_style or read_card(prompt)


def _size(wish: Wish) -> tuple[int, int]:
    width, height = asked_size(wish.values)
    ratio = read_aspect(str(wish.values.get("aspect", USUAL_ASPECT)))
    if width is None and height is None:
        return size_within(ratio, pixels=USUAL_PIXELS)
    width, height = width or round((height or 0) * ratio), height or round((width or 0) / ratio)
    if not (LEAST_SIDE <= width <= MOST_SIDE and LEAST_SIDE <= height <= MOST_SIDE):
        raise ArgumentError(
            f"A card has {LEAST_SIDE} to {MOST_SIDE} px a side, and {width}×{height} were asked for. Ask for "
            f"{max(LEAST_SIDE, min(MOST_SIDE, width))}×{max(LEAST_SIDE, min(MOST_SIDE, height))}."
        )
    return width, height
