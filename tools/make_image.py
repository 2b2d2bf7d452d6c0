"""Pictures from words."""

from collections.abc import Mapping, Set
from typing import Annotated, Any

from pydantic import Field

from .base.errors import ArgumentError
from .base.estimate import Estimate
from .base.models import Models
from .base.run import Run
from .base.tool import Foreseen, Picture, tool
from .making.foreseeing import foreseen, foreseen_wish
from .making.inputs import MOST_PICTURES, check_words, see_pictures, wish_of
from .making.ordering import make
from .making.results import Pictures
from .making.sizes import LEAST_PIXELS, MOST_PIXELS, check_size
from .making.units import of_pictures

MOST_AT_ONCE = 10


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    pictures = args.get("pictures")
    return of_pictures(args, given=len(pictures) if isinstance(pictures, list) else 0)


def _foresee(args: Mapping[str, Any], given: Set[str], models: Models) -> Foreseen:
    try:
        check_size(args.get("aspect"), args.get("width_pixels"), args.get("height_pixels"))
    except ArgumentError as error:
        return Foreseen(problem=str(error))
    return foreseen("draw", foreseen_wish("image", args, given, {"count": 1}), models)


@tool(effect="pure", resource="network", version=1, roles=("draw",), units=_units, foresee=_foresee)
async def make_image(
    prompt: Annotated[str, Field(description="What is to be seen, in any language the model reads.")],
    negative_prompt: Annotated[str | None, Field(description="What must not be seen.")] = None,
    aspect: Annotated[str | None, Field(description="Width to height, such as `16:9`, `1:1` or `9:16`.")] = None,
    width_pixels: Annotated[
        int | None, Field(ge=LEAST_PIXELS, le=MOST_PIXELS, description="The nearest that the model makes.")
    ] = None,
    height_pixels: Annotated[int | None, Field(ge=LEAST_PIXELS, le=MOST_PIXELS, description="Likewise.")] = None,
    *,
    count: Annotated[int, Field(ge=1, le=MOST_AT_ONCE, description="How many pictures of it.")] = 1,
    seed: Annotated[
        int | None, Field(ge=0, le=2**32 - 1, description="Another one gives another picture of the same words.")
    ] = None,
    style: Annotated[str | None, Field(description="Such as watercolour, or a name that the provider knows.")] = None,
    pictures: Annotated[
        list[Picture] | None,
        Field(max_length=MOST_PICTURES, description="Who or what must look the same in the new picture."),
    ] = None,
    run: Run,
) -> Pictures:
    """Draw pictures from words; reference pictures keep a character or a product the same.

    It takes a model that draws (`SENSORIUM_DRAW`). Without one, only what is set from type is made here: a title card,
    a quote, a list, a chart of given numbers or a simple diagram, asked for as `title card: …`, `quote: "…" — NAME`,
    `list: a; b; c`, `bar chart: Jan 3, Feb 5` or `flow chart: A -> B -> C`. A picture that is given is changed with
    `edit_image`; numbers in files are drawn with `make_chart`.
    """
    check_words("prompt", prompt)
    check_words("negative_prompt", negative_prompt)
    check_size(aspect, width_pixels, height_pixels)
    if pictures:
        await see_pictures(pictures, run)
    wish = wish_of(
        "image",
        {
            "prompt": prompt,
            "negative_prompt": negative_prompt,
            "aspect": aspect,
            "width_pixels": width_pixels,
            "height_pixels": height_pixels,
            "count": count if count > 1 else None,
            "seed": seed,
            "style": style,
        },
        {"pictures": pictures},
    )
    return Pictures.of(await make("draw", wish, run))
