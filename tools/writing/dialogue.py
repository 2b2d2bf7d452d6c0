"""The script of a short dialogue of two speakers: as it was given, or as a model writes it."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from ... import prompts
from ..base.errors import ArgumentError, UnavailableError
from .script import ScriptLine

if TYPE_CHECKING:
    from ..base.run import Run

_LINE = re.compile(r"^[-*]?\s*\**([^\W\d_][^:：\n<>*]{0,39}?)\**\s*[:：]\**\s*(\S.*)$")
MOST_LETTERS = 400
"""Of one line: a talking picture is good for some seconds of speech."""


class WrittenDialogue(BaseModel):
    """What a model writes."""

    title: str = Field(max_length=200)
    lines: list[ScriptLine] = Field(min_length=2, max_length=24)


def given(text: str, speakers: Sequence[str], exchanges: int) -> list[ScriptLine]:
    """Return the lines of a dialogue that the user wrote: as many exchanges as wanted, each of a line and an answer.

    Args:
        text: `NAME: …` line by line; a line without a name goes on with who spoke before.
        speakers: The two, the one who asks first; empty: as they first speak.
        exchanges: How many.

    Raises:
        ArgumentError: It is none, or of another shape; the message says what was found.
    """
    spoken: list[tuple[str, list[str]]] = []
    for row in text.splitlines():
        words = " ".join(row.split())
        if match := _LINE.match(words):
            name = match[1].strip()
            if spoken and spoken[-1][0].casefold() == name.casefold():
                spoken[-1][1].append(match[2])
            else:
                spoken.append((name, [match[2]]))
        elif words and spoken:
            spoken[-1][1].append(words)
    what = "The dialogue"
    lines = [ScriptLine(speaker=name, text=_short_enough(" ".join(said), what)) for name, said in spoken]
    return checked(lines, speakers, exchanges, what)


def checked(lines: Sequence[ScriptLine], speakers: Sequence[str], exchanges: int, what: str) -> list[ScriptLine]:
    """Return lines that are a dialogue of two in turns, of as many exchanges as wanted.

    Raises:
        ArgumentError: They are not.
    """
    shape = f"Write {exchanges} exchange{'s' * (exchanges != 1)} of two speakers, each a line `NAME: …` and its answer."
    names = list(dict.fromkeys(one.speaker.casefold() for one in lines))
    if len(names) != 2:
        found = ", ".join(dict.fromkeys(one.speaker for one in lines)) or "none"
        raise ArgumentError(f"{what} needs two speakers, and has {len(names)} ({found}). {shape}")
    wanted = [one.casefold() for one in speakers] or names
    if wanted != names:
        raise ArgumentError(
            f"{what} begins with {lines[0].speaker!r}; its speakers are to be {' and '.join(speakers)}, in this order. "
            f"{shape}"
        )
    if [one.speaker.casefold() for one in lines] != names * (len(lines) // 2) or len(lines) != 2 * exchanges:
        raise ArgumentError(
            f"{what} has {len(lines)} lines in turns, and {2 * exchanges} are wanted: a line and an answer, "
            f"{exchanges} time{'s' * (exchanges != 1)}. {shape} Or ask for another number of `exchanges`."
        )
    for one in lines:
        _short_enough(one.text, what)
    return list(lines)


def _short_enough(said: str, what: str) -> str:
    if len(said) > MOST_LETTERS:
        raise ArgumentError(
            f"{what} has a line of {len(said)} letters ({said[:40]!r} …); the limit is {MOST_LETTERS}. Make it shorter."
        )
    return said


async def written(
    topic: str, speakers: Sequence[str], exchanges: int, language: str, run: "Run"
) -> tuple[str, list[ScriptLine], str]:
    """Return the title and the lines of a dialogue that the `think` model writes, and who that is.

    Raises:
        UnavailableError: No model is set that could.
        AnswerError, ProviderError, SettingsError: It does not write one, or cannot be asked.
    """
    from ..providers.endpoint_writer import EndpointWriter

    chosen = run.settings.models.get("think", "embedded")
    if chosen == "embedded":
        raise UnavailableError(
            "Nothing here can make up a dialogue: no model is set. Write it yourself and give it as `text` "
            f"(`{speakers[0]}: …` and `{speakers[1]}: …`, line by line), or set `SENSORIUM_THINK=provider:model`, for "
            "example `openai:gpt-4o-mini` with its key."
        )
    writer = EndpointWriter(run.settings, chosen)
    if reason := writer.missing():
        raise UnavailableError(f"No dialogue can be made up: {reason} Or write it yourself and give it as `text`.")
    asked = prompts.load(
        "write_dialogue",
        topic=topic,
        first=speakers[0],
        second=speakers[1],
        exchanges=str(exchanges),
        language={"en": "English", "zh": "Chinese"}.get(language, language),
    )
    answer = await writer.write(asked, schema=WrittenDialogue, run=run)
    lines = checked(answer.lines, speakers, exchanges, f"What `{chosen}` wrote")
    return " ".join(answer.title.split()), lines, chosen
