"""Music from a description."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from .base.errors import ArgumentError
from .base.estimate import Estimate, exactly
from .base.run import Run
from .base.tool import Sounding, tool
from .base.workspace import PREFIX, Artifact
from .making.inputs import wish_of
from .making.ordering import make
from .music.moods import Mood
from .music.reading import FASTEST, SLOWEST, line
from .music.score import LONGEST_SECONDS
from .music.theory import read_key

MOST_LETTERS = 2_000
MOST_LYRICS_LETTERS = 5_000
BY_RULES = "rules-music (composed by rules, no model)"


class Music(BaseModel):
    """A piece of music."""

    audio: Artifact
    midi: Artifact | None = Field(None, description="Its notes, where it was composed by rules.")
    seconds: float
    engine: str = Field(description="Who made it.")
    texts: list[str] = Field(default_factory=list, description="What is said of it: key, tempo, form; or its lyrics.")
    seed: int | None = None
    limits: list[str] = Field(default_factory=list)


def _units(args: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Estimate:
    seconds = args.get("seconds")
    minutes = float(seconds) / 60 if isinstance(seconds, int | float) else 0.5
    return exactly(calls=1.0, audio_minutes=round(minutes, 4))


@tool(effect="pure", resource="cpu", version=1, roles=("play",), units=_units)
async def make_music(
    description: Annotated[
        str,
        Field(description="Mood, style, instruments, tempo, key: `calm slow piano`, `欢快的吉他`, `waltz in D minor`."),
    ],
    seconds: Annotated[
        float | None,
        Field(ge=1, le=LONGEST_SECONDS, description="Its length with its end; the model's own if left out, here 30."),
    ] = None,
    lyrics: Annotated[str | None, Field(description="To be sung, by a model that sings.")] = None,
    *,
    instrumental: Annotated[bool, Field(description="No voice.")] = False,
    sample: Annotated[Sounding | None, Field(description="Music that it goes on from.")] = None,
    key: Annotated[str | None, Field(description="Such as `A minor`, `F# major` or `降B大调`.")] = None,
    mood: Annotated[Mood | None, Field(description="Instead of the one that is read in the description.")] = None,
    beats_per_minute: Annotated[int | None, Field(ge=SLOWEST, le=FASTEST, description="Tempo.")] = None,
    seed: Annotated[
        int | None, Field(ge=0, le=2**32 - 1, description="Another one gives another piece of the same words.")
    ] = None,
    run: Run,
) -> Music:
    """Make a piece of music: background for a film, a jingle, a song where a model of music is set (`SENSORIUM_PLAY`).

    Without one it is composed by rules and played by synthesis on this machine, exactly as long as asked and with an
    end of its own, as WAV and MIDI; it says so. The same words and seed give the same piece. Lyrics are sung by models
    only.
    """
    if not description.strip() and mood is None:
        raise ArgumentError("`description` has no word in it. Say what music it is to be, for example `calm piano`.")
    for name, words, most in (("description", description, MOST_LETTERS), ("lyrics", lyrics, MOST_LYRICS_LETTERS)):
        if words and len(words) > most:
            raise ArgumentError(f"`{name}` has {len(words):,} characters; the limit is {most:,}. Say what matters.")
    if lyrics is not None and not lyrics.strip():
        raise ArgumentError("`lyrics` has no word in it. Leave it out for music without a text.")
    if lyrics and instrumental:
        raise ArgumentError("`lyrics` are to be sung, and `instrumental` music has no voice. Leave out one of them.")
    if key is not None and (found := read_key(key)) is None:
        raise ArgumentError(f"`key` is {key!r}, which is no key. Give one such as `C major`, `F# minor` or `降B大调`.")
    named = line(mood, found if key is not None else None, beats_per_minute)
    wish = wish_of(
        "continue" if sample else "music",
        {
            "prompt": f"{description.strip()} {named}".strip(),
            "seconds": seconds,
            "lyrics": lyrics,
            "instrumental": True if instrumental else None,
            "seed": seed,
        },
        {"sound": sample},
    )
    made = await make("play", wish, run)
    audio, *others = made.files
    notes = next((run.artifact(one) for one in made.texts if one.startswith(PREFIX)), None)
    return Music(
        audio=audio,
        midi=notes,
        seconds=float(audio.facts.get("seconds") or 0.0),
        engine=BY_RULES if made.served_by == "rules-music" else made.served_by,
        texts=[one for one in made.texts if not one.startswith(PREFIX)],
        seed=made.seed,
        limits=[*made.notes, *(f"It came with another version: {one.handle}." for one in others)],
    )
