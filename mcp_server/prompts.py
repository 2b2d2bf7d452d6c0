"""Requests that people make often, ready to be chosen in a client, in English and Chinese."""

import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from mcp import MCPError
from mcp.server import MCPServer
from mcp.types import INVALID_PARAMS, Prompt
from pydantic import Field

from ..prompts import load

STYLES = ("short", "detailed", "for a slide")
LANGUAGES = ("en", "zh")
TARGETS = ("English", "中文", "Español", "Français", "Deutsch", "日本語", "한국어")
SECONDS = ("10", "20", "30", "60")
CHOICES = {"style": STYLES, "language": LANGUAGES, "target": TARGETS, "seconds": SECONDS}
"""What completions offer for arguments that are no paths."""
NEEDS: Mapping[str, frozenset[str]] = {
    "video_report": frozenset({"run_agent", "view_media"}),
    "meeting_minutes": frozenset({"run_agent", "transcribe"}),
    "compare_pictures": frozenset({"compare_media", "view_media", "read_text"}),
    "storyboard": frozenset({"speak"}),
    "subtitle": frozenset({"transcribe"}),
}
"""The tools that a prompt is nothing without."""
PATHS = frozenset({"path", "first", "second"})
LONGEST = 2000
"""Letters of an argument: a path, or an idea in a few words."""
LONGEST_SECONDS = 600.0

Language = Annotated[str, Field(description="Of the prompt and of the answer: en or zh.")]
Path = Annotated[str, Field(description="A file in the allowed folders, or an `artifact://…` handle.")]


def add_prompts(server: MCPServer[Any]) -> None:
    """Register the prompts; their words are in `prompts/`."""

    @server.prompt(title="Report on a video")
    def video_report(
        path: Path,
        style: Annotated[str, Field(description="For example: short, detailed, for a slide.")] = STYLES[0],
        language: Language = "en",
    ) -> str:
        """A report in which every statement has its time."""
        return _filled("video_report", language, path=path, style=style)

    @server.prompt(title="Minutes of a meeting")
    def meeting_minutes(path: Path, language: Language = "en") -> str:
        """Topics, decisions and tasks of a recorded meeting."""
        return _filled("meeting_minutes", language, path=path)

    @server.prompt(title="Compare two pictures")
    def compare_pictures(first: Path, second: Path, language: Language = "en") -> str:
        """What differs between two pictures: measured, read and seen."""
        return _filled("compare_pictures", language, first=first, second=second)

    @server.prompt(title="Storyboard")
    def storyboard(
        brief: Annotated[str, Field(description="The idea, in a few words.")],
        seconds: Annotated[str, Field(description="How long the video is to be.")] = "20",
        language: Language = "en",
    ) -> str:
        """Shots, words and times for a short video."""
        return _filled("storyboard", language, brief=brief, seconds=_length(seconds))

    @server.prompt(title="Subtitles")
    def subtitle(
        path: Path,
        target: Annotated[str, Field(description="Language of the subtitles; the spoken one when left out.")] = "",
        language: Language = "en",
    ) -> str:
        """Subtitle files for a recording, translated when wanted."""
        spoken = "与所说的语言相同" if language == "zh" else "the spoken one"
        return _filled("subtitle", language, path=path, target=target.strip() or spoken)


def check_prompt(prompts: Collection[Prompt], name: str, arguments: Mapping[str, Any]) -> None:
    """Refuse a request for a prompt that is not there, or without what it needs.

    Raises:
        MCPError: It cannot be had; the message says what can.
    """
    prompt = next((one for one in prompts if one.name == name), None)
    if prompt is None:
        known = ", ".join(f"`{one.name}`" for one in prompts) or "none"
        raise MCPError(INVALID_PARAMS, f"There is no prompt {name!r:.100}. There are: {known}.")
    taken = {one.name: one.required for one in prompt.arguments or ()}
    takes = "It takes: " + ", ".join(f"`{one}`{'' if taken[one] else ' (optional)'}" for one in taken) + "."
    if missing := [one for one in taken if taken[one] and one not in arguments]:
        raise MCPError(INVALID_PARAMS, f"`{name}` needs {', '.join(f'`{one}`' for one in missing)}. {takes}")
    if unknown := [one for one in arguments if one not in taken]:
        raise MCPError(INVALID_PARAMS, f"`{name}` has no argument {unknown[0]!r:.100}. {takes}")


def _filled(name: str, language: str, **values: str) -> str:
    """Return a prompt in a language, with each value as a JSON string.

    Raises:
        MCPError: An argument cannot be used; the message says why.
    """
    if language not in LANGUAGES:
        raise MCPError(INVALID_PARAMS, f"`language` is {language!r:.100}; it must be `en` or `zh`.")
    for argument, value in values.items():
        if not value.strip() or len(value) > LONGEST:
            raise MCPError(
                INVALID_PARAMS, f"`{argument}` has {len(value.strip()):,} characters; give 1 to {LONGEST:,} of them."
            )
    return load(f"{name}_{language}", **{argument: quoted(value.strip()) for argument, value in values.items()})


def quoted(value: str) -> str:
    """Return a text as a JSON string that ends neither its line nor its quotes, nor hides letters in it."""
    shown = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in shown)


def _length(seconds: str) -> str:
    try:
        length = float(seconds)
    except ValueError:
        length = 0.0
    if not 1 <= length <= LONGEST_SECONDS:
        raise MCPError(
            INVALID_PARAMS, f"`seconds` is {seconds!r:.100}; it must be a number from 1 to {LONGEST_SECONDS:g}."
        )
    return f"{length:g}"
