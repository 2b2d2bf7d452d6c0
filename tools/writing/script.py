"""The script of a film, as data."""

from pydantic import BaseModel, Field

from ..base.workspace import Artifact

MOST_TITLE, MOST_POINT, MOST_SAY = 90, 160, 5000
"""Characters."""
MOST_POINTS, MOST_SLIDES = 5, 40


class Slide(BaseModel):
    """One slide: what stands on it, and what is said to it."""

    title: str = Field(max_length=200)
    subtitle: str = Field("", max_length=300, description="Under the title of a slide without points.")
    points: list[str] = Field(default_factory=list, max_length=8, description="Short lines under the title.")
    say: str = Field("", max_length=MOST_SAY, description="What is said while it is shown.")


class ScriptLine(BaseModel):
    """What one speaker says in one go."""

    speaker: str = Field(max_length=40)
    text: str = Field(max_length=1000)


class Script(BaseModel):
    """Slides with what is said to them, or the lines of a dialogue."""

    title: str
    language: str = Field(description="ISO 639-1 code.")
    slides: list[Slide] = Field(default_factory=list)
    lines: list[ScriptLine] = Field(
        default_factory=list, description="Of a dialogue, in turns: the first speaker asks."
    )
    first: list[str] = Field(default_factory=list, description="What the first speaker says, in order.")
    second: list[str] = Field(default_factory=list, description="What the second speaker answers, in order.")
    second_with_pauses: str = Field("", description="All answers with `<#…#>` pauses between, to be spoken at once.")
    text: Artifact = Field(description="The script to be read by people.")
    engine: str = Field(description="Who wrote it; `rules` where it is made of given words alone.")
    limits: list[str] = Field(default_factory=list)
