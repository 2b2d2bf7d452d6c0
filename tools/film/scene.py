"""A scene of a film, as whoever asks for the film writes it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..base.tool import Picture, Sounding, Video
from .shots import Move

Transition = Literal["cut", "fade"]


class Scene(BaseModel):
    """One scene: a picture, a clip or a title card, and what is said over it."""

    model_config = ConfigDict(extra="forbid")

    picture: Annotated[Picture | None, Field(description="A still picture; a camera moves over it slowly.")] = None
    video: Annotated[Video | None, Field(description="A clip.")] = None
    title: Annotated[
        str, Field(max_length=300, description="Words in the middle: over the picture or clip, else on a card.")
    ] = ""
    text: Annotated[str, Field(max_length=600, description="Smaller words under the title.")] = ""
    seconds: Annotated[
        float | None,
        Field(gt=0, le=3600, description="How long it lasts; left out: its narration or its clip, else some seconds."),
    ] = None
    start_seconds: Annotated[float, Field(ge=0, description="Where in the clip it begins.")] = 0.0
    end_seconds: Annotated[float | None, Field(gt=0, description="Where in the clip it ends.")] = None
    narration: Annotated[
        Sounding | None, Field(description="A recording that is heard from the start of the scene.")
    ] = None
    say: Annotated[str, Field(max_length=5000, description="Words that are spoken here, instead of a recording.")] = ""
    caption: Annotated[
        str | None,
        Field(max_length=5000, description="Words at the lower edge; left out: what `say` says. '' for none."),
    ] = None
    with_sound: Annotated[bool, Field(description="Whether the clip's own sound is heard.")] = True
    move: Annotated[Move | None, Field(description="Of the camera over a picture; left out: one after the other.")] = (
        None
    )
    transition: Annotated[
        Transition | None, Field(description="How it comes after the one before; left out: as the film's.")
    ] = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Scene":
        if self.picture and self.video:
            raise ValueError("a scene shows a `picture` or a `video`, not both; make two scenes")
        if not (self.picture or self.video or self.title.strip() or self.text.strip()):
            raise ValueError("a scene needs a `picture`, a `video` or a `title`")
        if self.narration and self.say.strip():
            raise ValueError("a scene has a `narration` or words to `say`, not both")
        if not self.video and (self.start_seconds or self.end_seconds is not None):
            raise ValueError("`start_seconds` and `end_seconds` are of a `video`; use `seconds`")
        if self.end_seconds is not None and self.end_seconds <= self.start_seconds:
            raise ValueError(f"`end_seconds` ({self.end_seconds:g}) must be after `start_seconds`")
        return self
