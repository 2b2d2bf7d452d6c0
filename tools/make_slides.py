"""Slides as pictures, and the scenes of a film of them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from .base.errors import ArgumentError
from .base.run import Run
from .base.tool import tool
from .base.workspace import Artifact
from .credentials.keeping import Making, keep
from .film.scene import Scene
from .writing.script import MOST_SLIDES, Slide

Theme = Literal["night", "paper", "sea", "plain", "forest", "plum", "ember"]
_SIZES = {"16:9": (1920, 1080), "9:16": (1080, 1920), "1:1": (1080, 1080)}
_FREE, _FREE_UPRIGHT = (0.0, 0.22), (0.18, 0.24)
"""Of the height, above a list and below all: there stand captions."""


class Slides(BaseModel):
    """Slides, as pictures and as scenes."""

    pictures: list[Artifact]
    scenes: list[Scene] = Field(description="For `compose_video`: each shows its slide and says its words.")
    limits: list[str] = Field(default_factory=list)


@tool(effect="pure", resource="cpu", version=1)
async def make_slides(
    slides: Annotated[
        list[Slide],
        Field(min_length=1, max_length=MOST_SLIDES, description="As `write_script` gives them, or your own."),
    ],
    aspect: Annotated[Literal["16:9", "9:16", "1:1"], Field(description="Shape of the picture.")] = "16:9",
    theme: Annotated[Theme, Field(description="Colours.")] = "night",
    *,
    run: Run,
) -> Slides:
    """Set slides from type as pictures, with room for captions below, and give the scenes of a film of them.

    The scenes go into `compose_video` as they are; it speaks what they say. Charts are drawn with `make_chart`.
    """
    pictures: list[Artifact] = []
    missing = ""
    width, height = _SIZES[aspect]
    for number, slide in enumerate(slides, 1):
        if not any(one.strip() for one in (slide.title, slide.subtitle, *slide.points)):
            raise ArgumentError(f"Slide {number} has no words to stand on it. Give it a `title`, or leave it out.")
    for number, slide in enumerate(slides):
        run.progress(number / len(slides), f"slide {number + 1} of {len(slides)}")
        png, signs = await run.thread(_set, slide, theme, width, height)
        missing += "".join(one for one in signs if one not in missing)
        pictures.append(
            await keep(
                run,
                png,
                name=f"slide-{number + 1:02}.png",
                media_type="image/png",
                making=Making(kind="algorithm"),
                facts={"width_pixels": width, "height_pixels": height},
            )
        )
    limits = [f"No font here has {missing[:20]!r}; these signs were left out."] if missing else []
    scenes = [
        Scene(picture=picture.handle, say=slide.say, move="none")
        for picture, slide in zip(pictures, slides, strict=True)
    ]
    return Slides(pictures=pictures, scenes=scenes, limits=limits)


def _set(slide: Slide, theme: str, width: int, height: int) -> tuple[bytes, str]:
    """Return a slide as PNG, and the signs that no font here has."""
    from .drawing.card import ListCard, TitleCard
    from .drawing.slide import set_slide

    card = (
        ListCard(title=slide.title, items=tuple(slide.points))
        if slide.points
        else TitleCard(title=slide.title, subtitle=slide.subtitle)
    )
    above, below = _FREE_UPRIGHT if height > width else _FREE
    free_above = round(above * height) if slide.points else 0
    return set_slide(card, theme, width, height, free_above=free_above, free_below=round(below * height))
