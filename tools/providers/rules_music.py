"""Music composed by rules on this machine, without any model."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import ArgumentError
from ..base.makers import Fitted, Made, Task, Value, ValueName, Wish
from ..base.settings import Settings
from ..credentials.keeping import Making, keep
from ..music.listening import Listened, listen
from ..music.midi import write_midi
from ..music.moods import MOODS
from ..music.reading import FASTEST, SLOWEST, Asked, read
from ..music.rendering import render
from ..music.score import LONGEST_SECONDS, SHORTEST_SECONDS, Plan, plan
from ..music.tunes import key_of, tempo_of

if TYPE_CHECKING:
    from ..base.run import Run

USUAL_SECONDS = 30.0
_KNOWN: tuple[ValueName, ...] = ("prompt", "seconds", "seed", "beats_per_minute")


def provider(settings: Settings) -> "RulesMusic":
    return RulesMusic()


class RulesMusic:
    """Chords, bass, melody and drums after the rules of a mood; the same words and seed give the same piece."""

    identity = "rules-music"

    def missing(self) -> str | None:
        return None

    def tasks(self) -> frozenset[Task]:
        return frozenset({"music", "continue"})

    def fit(self, wish: Wish) -> Fitted:
        """Return a wish with a length and a seed; see `Maker.fit`."""
        values: dict[ValueName, Value] = {name: wish.values[name] for name in _KNOWN if name in wish.values}
        seconds = float(values.setdefault("seconds", USUAL_SECONDS))
        if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
            raise ArgumentError(
                f"`seconds` is {seconds:g}; music by rules is {SHORTEST_SECONDS:g} to {LONGEST_SECONDS:g} s long. Ask "
                "for a length between them."
            )
        values.setdefault("seed", 0)
        notes = []
        if str(wish.values.get("lyrics", "")).strip():
            notes.append(
                "The lyrics are not sung: nothing here sings, and the music was made without them. "
                "`SENSORIUM_PLAY=minimax:music-2.5` with its key would."
            )
        asked = read(str(values.get("prompt", "")))
        if asked.mood is None:
            notes.append(f"No mood was read in the description, so it is calm. It can be: {', '.join(MOODS)}.")
        if (tempo := asked.unplayed_tempo) and "beats_per_minute" not in values:
            taken = "the mood's own tempo" if not wish.files.get("sound") else "another tempo"
            notes.append(
                f"{tempo} beats a minute are not played: rules play {SLOWEST} to {FASTEST}, and {taken} was taken."
            )
        return Fitted(wish=replace(wish, values=values), notes=tuple(notes))

    async def make(self, wish: Wish, *, run: "Run") -> Made:
        """Compose and play a wish; see `Maker.make`. Its texts are the handle of the MIDI file, and what it is."""
        prompt, seed = str(wish.values.get("prompt", "")), int(wish.values["seed"])
        asked = read(prompt)
        if beats := wish.values.get("beats_per_minute"):
            asked = replace(asked, beats_per_minute=int(beats))
        samples = wish.files.get("sound", ())
        heard = await run.decode(listen, run.path(samples[0]), run.name(samples[0]), run) if samples else None
        composed, notes = _planned(asked, heard, float(wish.values["seconds"]), seed)
        run.used(self.identity)
        making = Making(kind="algorithm", provider=self.identity, inputs=samples)
        with run.workspace.scratch() as folder:
            try:
                await run.thread(_write, composed, folder, f"{composed.mood} music in {composed.key.name}", run)
            except asyncio.CancelledError:
                run.call.stop.set()
                raise
            music = await keep(run, folder / "music.wav", name="music.wav", media_type="audio/wav", making=making)
            midi = await keep(run, folder / "music.mid", name="music.mid", media_type="audio/midi", making=making)
        return Made(
            files=(music,), served_by=self.identity, texts=(midi.handle, told(composed)), seed=seed, notes=notes
        )


def _planned(asked: Asked, heard: Listened | None, seconds: float, seed: int) -> tuple[Plan, tuple[str, ...]]:
    """Return what is to be played, and what of a sample it goes on with."""
    if heard is None:
        return plan(seconds=seconds, asked=asked, seed=seed), ()
    key, tempo = key_of(heard.chroma), tempo_of(heard.onsets)
    found = [
        *([f"the key ({key.key.name})"] if key else []),
        *([f"the tempo ({tempo.beats_per_minute:.0f} a minute)"] if tempo else []),
    ]
    taken = (
        f"Of the sample it takes up {' and '.join(found)}" if found else "Neither key nor tempo was found in the sample"
    )
    composed = plan(
        seconds=seconds,
        asked=asked,
        seed=seed,
        key=key.key if key else None,
        beats_per_minute=tempo.beats_per_minute if tempo else None,
    )
    return composed, (f"{taken}; its melody and its instruments are not known to rules.",)


def _write(composed: Plan, folder: Path, title: str, run: "Run") -> None:
    render(composed, folder / "music.wav", folder / "raw", run)
    (folder / "raw").unlink()
    write_midi(composed, folder / "music.mid", title=title)


def told(composed: Plan) -> str:
    """Return what a piece is, in words."""
    forms = ", ".join(dict.fromkeys(one.form for one in composed.sections)) or "one chord"
    plays = dict.fromkeys([*composed.timbres.values(), *(["drums"] if composed.has_drums else [])])
    return (
        f"Composed by rules, no model: {composed.mood}, {composed.key.name}, {composed.beats_per_minute:.1f} beats a "
        f"minute in {composed.beats_a_bar}/4, {composed.bars} bars ({forms}); {', '.join(plays)}."
    )
