"""What the tools that make pictures and film give."""

from pydantic import BaseModel, Field

from ..base.makers import Made
from ..base.workspace import Artifact


class Pictures(BaseModel):
    """Pictures that were made."""

    pictures: list[Artifact] = Field(description="In the order in which they came; none where words were asked for.")
    texts: list[str] = Field(
        default_factory=list, description="Words that came with them: the prompt as it was changed, a description."
    )
    seed: int | None = Field(None, description="Given again with the same words, it gives the same picture.")
    engine: str = Field(description="Who made them.")
    limits: list[str] = Field(default_factory=list, description="What is not as it was asked for.")

    @classmethod
    def of(cls, made: Made) -> "Pictures":
        return cls(
            pictures=list(made.files),
            texts=list(made.texts),
            seed=made.seed,
            engine=made.served_by,
            limits=list(made.notes),
        )


class MadeVideo(BaseModel):
    """A film that was made."""

    video: Artifact
    seconds: float
    width_pixels: int
    height_pixels: int
    has_sound: bool
    texts: list[str] = Field(default_factory=list, description="Words that came with it: the prompt as it was changed.")
    seed: int | None = None
    engine: str = Field(description="Who made it.")
    limits: list[str] = Field(default_factory=list, description="What is not as it was asked for.")

    @classmethod
    def of(cls, made: Made) -> "MadeVideo":
        """Return what was made and proved."""
        film = made.files[0]
        return cls(
            video=film,
            seconds=float(film.facts.get("seconds") or 0.0),
            width_pixels=int(film.facts.get("width_pixels") or 0),
            height_pixels=int(film.facts.get("height_pixels") or 0),
            has_sound=bool(film.facts.get("has_sound")),
            texts=list(made.texts),
            seed=made.seed,
            engine=made.served_by,
            limits=list(made.notes),
        )
