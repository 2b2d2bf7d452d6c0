"""Scripts of films: slides out of a text, or a dialogue of two."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from .base.errors import ArgumentError, MediaError
from .base.estimate import NOTHING, Estimate, between, exactly
from .base.run import Run
from .base.sniff import is_text
from .base.tool import AnyFile, tool
from .base.words import guess_language
from .writing import dialogue
from .writing.script import MOST_SLIDES, Script, ScriptLine, Slide
from .writing.slides import USUAL_SLIDES, slides_of

MOST_LETTERS = 60_000
"""About twenty pages; a film of some minutes cannot say more of it."""
MOST_EXCHANGES = 12
MOST_TOKENS = 4_000
"""Of the longest dialogue, written once more where the first was none."""
PAUSE_SECONDS = 1.2
"""Between two answers that are spoken at once: long enough to be found, short enough to look natural."""


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    if args.get("topic") is None:
        return NOTHING  # by rules
    return (
        exactly(calls=1.0) + between(300, 600, 2_000, "input_tokens") + between(100, 500, MOST_TOKENS, "output_tokens")
    )


@tool(effect="pure", resource="network", version=2, roles=("think",), units=_units)
async def write_script(
    text: Annotated[
        str | None, Field(description="What is explained, plain or Markdown; or the dialogue itself, `NAME: …` a line.")
    ] = None,
    file: Annotated[AnyFile | None, Field(description="Or a text file with it.")] = None,
    form: Annotated[
        Literal["slides", "dialogue"], Field(description="Slides with a narration, or two speakers in turns.")
    ] = "slides",
    *,
    topic: Annotated[
        str | None, Field(max_length=2000, description="dialogue: what it is about, for a model to write it.")
    ] = None,
    speakers: Annotated[
        list[str] | None, Field(min_length=2, max_length=2, description="dialogue: who asks, and who answers.")
    ] = None,
    exchanges: Annotated[
        int, Field(ge=1, le=MOST_EXCHANGES, description="dialogue: how many times one asks and the other answers.")
    ] = 3,
    slides: Annotated[
        int, Field(ge=2, le=MOST_SLIDES, description="slides: the most, with the title's.")
    ] = USUAL_SLIDES,
    pause_seconds: Annotated[
        float, Field(ge=0.6, le=5, description="dialogue: between answers in `second_with_pauses`.")
    ] = PAUSE_SECONDS,
    language: Annotated[str | None, Field(description="ISO 639-1 code; told from the words when left out.")] = None,
    run: Run,
) -> Script:
    """Write the script of a film: slides with their narration out of a text, or a short dialogue with a comic turn.

    Slides are made by rules out of the text's own words, English or Chinese; nothing is added to them. A dialogue is
    taken as it is given, or written by the model of `think` about a `topic`. `make_slides` and `compose_video` make a
    film of slides; `speak` says dialogues.
    """
    words = _words(text, file, run)
    if topic is None:
        run.call.idle_roles.add("think")
    if form == "slides":
        return await _of_slides(words, topic, slides, language, run)
    if (words is None) == (topic is None):
        raise ArgumentError(
            "A dialogue needs its words as `text` (or `file`), `NAME: …` line by line, or a `topic` for the model of "
            "`SENSORIUM_THINK` to write about: one of them."
        )
    if words is not None:
        lines = dialogue.given(words, speakers or (), exchanges)
        title, engine = lines[0].text, "rules"
    else:
        assert topic is not None
        names = speakers or (["甲", "乙"] if guess_language(topic) == "zh" else ["Ann", "Bob"])
        spoken = language or guess_language(topic)
        title, lines, engine = await dialogue.written(topic, names, exchanges, spoken, run)
        run.used(engine)
    made = _of_lines(title, lines, pause_seconds, run)
    return made.model_copy(update={"engine": engine, "language": language or made.language})


def _words(text: str | None, file: str | None, run: Run) -> str | None:
    if text is not None and file is not None:
        raise ArgumentError("Give `text` or `file`, not both.")
    if file is not None:
        artifact = run.artifact(file)
        if not is_text(artifact.media_type):
            raise MediaError(f"{artifact.name!r} is {artifact.media_type}, and a text is needed. Give a text file.")
        if artifact.bytes > 4 * MOST_LETTERS:
            raise ArgumentError(f"{artifact.name!r} has {artifact.bytes:,} bytes; {4 * MOST_LETTERS:,} is the limit.")
        text = run.path(file).read_text(encoding="utf-8-sig", errors="replace")
    if text is None:
        return None
    if not text.strip():
        raise ArgumentError("The text is empty. Give one with words in it.")
    if len(text) > MOST_LETTERS:
        raise ArgumentError(
            f"The text has {len(text):,} characters; the limit is {MOST_LETTERS:,}. Give a part of it, or what "
            "`summarize_text` picks."
        )
    return text


async def _of_slides(words: str | None, topic: str | None, most: int, language: str | None, run: Run) -> Script:
    if words is None or topic is not None:
        raise ArgumentError(
            "Slides are made of a text: give it as `text` or `file`. `topic` is for a dialogue that a model writes."
        )
    spoken = language or guess_language(words)
    title, made = await run.thread(slides_of, words, most, spoken)
    text = "\n\n".join(_slide_text(one) for one in made)
    return Script(
        title=title,
        language=spoken,
        slides=made,
        text=run.put(text.encode(), name="script.txt", media_type="text/plain"),
        engine="rules",
        limits=["The slides are made of the text's own words by rules; nobody weighed what was left out."],
    )


def _slide_text(slide: Slide) -> str:
    points = "".join(f"\n- {one}" for one in slide.points)
    return f"# {slide.title}{points}\n\n{slide.say}"


def _of_lines(title: str, lines: list[ScriptLine], pause_seconds: float, run: Run) -> Script:
    text = "\n".join(f"{one.speaker}: {one.text}" for one in lines)
    answers = [one.text for one in lines[1::2]]
    return Script(
        title=title,
        language=guess_language(" ".join(one.text for one in lines)),
        lines=lines,
        first=[one.text for one in lines[::2]],
        second=answers,
        second_with_pauses=f" <#{pause_seconds:g}#> ".join(answers),
        text=run.put(f"{text}\n".encode(), name="script.txt", media_type="text/plain"),
        engine="rules",
    )
