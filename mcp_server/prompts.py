"""Requests that people make often, ready to be chosen in a client, in English and Chinese."""

from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from pydantic import Field

from ..prompts import load

STYLES = ("short", "detailed", "for a slide")
LANGUAGES = ("en", "zh")
CHOICES = {"style": STYLES, "language": LANGUAGES}
"""What completions offer for arguments that are no paths."""
PATHS = frozenset({"path", "first", "second"})

Language = Annotated[Literal["en", "zh"], Field(description="Of the prompt and of the answer: en or zh.")]
Path = Annotated[str, Field(description="A file in the allowed folders.")]


def add_prompts(server: MCPServer[Any]) -> None:
    """Register the prompts; their words are in `prompts/`."""

    @server.prompt(title="Report on a video")
    def video_report(
        path: Path,
        style: Annotated[str, Field(description="For example: short, detailed, for a slide.")] = STYLES[0],
        language: Language = "en",
    ) -> str:
        """A report in which every statement has its time."""
        return load(f"video_report_{language}", path=path, style=style)

    @server.prompt(title="Minutes of a meeting")
    def meeting_minutes(path: Path, language: Language = "en") -> str:
        """Topics, decisions and tasks of a recorded meeting."""
        return load(f"meeting_minutes_{language}", path=path)

    @server.prompt(title="Compare two pictures")
    def compare_pictures(first: Path, second: Path, language: Language = "en") -> str:
        """What differs between two pictures: measured, read and seen."""
        return load(f"compare_pictures_{language}", first=first, second=second)

    @server.prompt(title="Storyboard")
    def storyboard(
        brief: Annotated[str, Field(description="The idea, in a few words.")],
        seconds: Annotated[str, Field(description="How long the video is to be.")] = "20",
        language: Language = "en",
    ) -> str:
        """Shots, words and times for a short video."""
        return load(f"storyboard_{language}", brief=brief, seconds=seconds)

    @server.prompt(title="Subtitles")
    def subtitle(
        path: Path,
        target: Annotated[str, Field(description="Language of the subtitles; the spoken one when left out.")] = "",
        language: Language = "en",
    ) -> str:
        """Subtitle files for a recording, translated when wanted."""
        spoken = "the spoken one" if language == "en" else "与所说的语言相同"
        return load(f"subtitle_{language}", path=path, target=target or spoken)
