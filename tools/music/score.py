"""A piece of music as it is planned: its sections, its tempo, and the notes that are to sound."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .moods import SHAKER_ALONE, STYLES, Mood, Part, Style, Timbre
from .reading import FASTEST, SLOWEST, Asked
from .theory import Key

SHORTEST_SECONDS, LONGEST_SECONDS = 2.0, 1800.0
MOST_TAIL_SECONDS = 4.5
"""In which the last chord fades."""
Form = Literal["intro", "verse", "chorus", "outro", "end"]
Drum = Literal["kick", "snare", "hat", "open hat", "tom", "low tom", "shaker", "rim", "clap", "crash"]


@dataclass(frozen=True, kw_only=True)
class Note:
    """One note of a part."""

    start: float
    """In beats, from the beginning of the piece."""
    beats: float
    part: Part
    pitch: int = 0
    """As MIDI counts: 60 is middle C. Of a drum nothing."""
    velocity: float
    """0…1."""
    drum: Drum | None = None
    fades: bool = False
    """It dies away while it lasts, as the last chord of a piece does."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Some bars in a row."""

    form: Form
    first_bar: int
    bars: int
    energy: float
    """0…1: how many play, and how loud."""
    turn: int
    """Which time it comes, from 0."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is decided before the first note."""

    mood: Mood
    style: Style
    key: Key
    seconds: float
    beats_per_minute: float
    beats_a_bar: int
    sections: Sequence[Section]
    timbres: dict[Part, Timbre]
    has_drums: bool
    seed: int

    @property
    def bars(self) -> int:
        return sum(one.bars for one in self.sections)

    @property
    def end_beat(self) -> float:
        """Where the last chord is struck."""
        return float(self.bars * self.beats_a_bar)

    @property
    def tail_beats(self) -> float:
        """How long the last chord may sound."""
        return self.seconds * self.beats_per_minute / 60 - self.end_beat

    def at_seconds(self, beat: float) -> float:
        """Return when a beat is, with the swing of its eighths."""
        whole = math.floor(beat)
        within = beat - whole
        swing = self.style.swing
        # Only eighths swing; what stands between them keeps its place among them.
        bent = within * 2 * swing if within <= 0.5 else swing + (within - 0.5) * 2 * (1 - swing)
        return (whole + bent) * 60 / self.beats_per_minute


def plan(
    *, seconds: float, asked: Asked, seed: int, key: Key | None = None, beats_per_minute: float | None = None
) -> Plan:
    """Decide on everything about a piece but its notes.

    Args:
        seconds: How long it is, to its last sound.
        asked: What its description asks for.
        seed: Another one gives another piece.
        key: Instead of one that is asked for.
        beats_per_minute: Instead of those that are asked for.
    """
    chance = random.Random(f"plan/{seed}")
    mood = asked.mood or "calm"
    style = STYLES[mood]
    wanted = asked.key or key or Key(chance.choice(style.keys), style.mode)
    beats_a_bar = 3 if asked.is_waltz else 4
    fixed = asked.beats_per_minute or beats_per_minute
    tempo = fixed or min(FASTEST, max(SLOWEST, chance.uniform(*style.tempo) * asked.tempo_factor))
    if wanted.mode != style.mode:
        style = _in_mode(style, wanted)
    bars, tempo = _fitted(seconds, tempo, beats_a_bar, may_change=fixed is None)
    timbres = dict(style.timbres)
    if asked.lead:
        timbres["lead"] = asked.lead
    if asked.chords:
        timbres["chords"] = asked.chords
    drums = style.drumming != "none" if asked.drums is None else asked.drums
    if beats_a_bar == 3:  # the mix was found with the drums of four in a bar
        style = replace(style, mix={part: level for part, level in style.mix.items() if part != "drums"})
    elif style.drumming == "none":
        style = replace(style, mix={**style.mix, "drums": SHAKER_ALONE})
    return Plan(
        mood=mood,
        style=style,
        key=wanted,
        seconds=seconds,
        beats_per_minute=tempo,
        beats_a_bar=beats_a_bar,
        sections=_sections(bars),
        timbres=timbres,
        has_drums=drums,
        seed=seed,
    )


def _in_mode(style: Style, key: Key) -> Style:
    """Return a style with chords of the other mode: a sad piece in C major borrows those of a calm one."""
    other = STYLES["romantic" if key.mode == "major" else "sad"]
    return replace(style, mode=key.mode, verses=other.verses, choruses=other.choruses)


def _fitted(seconds: float, tempo: float, beats_a_bar: int, *, may_change: bool) -> tuple[int, float]:
    """Return how many bars fit, and the tempo in which they end where the last chord has time to fade."""
    tail = min(MOST_TAIL_SECONDS, max(0.8, 0.22 * seconds))
    bar_seconds = beats_a_bar * 60 / tempo
    most = (seconds - 0.75 * tail) / bar_seconds
    if not may_change:
        return max(0, math.floor(most)), tempo
    usual = (seconds - tail) / bar_seconds
    near = range(max(1, math.floor(usual) - 3), math.ceil(usual) + 4)

    def strange(bars: int) -> float:
        bent = abs(math.log(bars / usual)) if usual > 0 else 9.0
        return 8 * bent + (0.25 if bars % 4 else 0.0) + (0.15 if bars % 2 else 0.0)

    bars = min(near, key=strange)
    bent = bars / usual if usual > 0 else 9.0
    if not 0.8 <= bent <= 1.2:
        # Too short a piece for whole bars in about this tempo.
        return max(0, math.floor(most)), tempo
    return bars, tempo * bent


def _sections(bars: int) -> list[Section]:
    """Return the form of a piece of so many bars: phrases of four, verse and chorus by turns."""
    lengths: list[tuple[Form, int]] = []
    outro = 4 if bars >= 20 else 2 if bars >= 10 else 0
    intro = (4 if bars >= 24 else 0) if bars > 4 else 0
    # What is over is played before the theme.
    intro += (bars - intro - outro) % 4 if bars > 4 else 0
    left = bars - intro - outro
    if intro:
        lengths.append(("intro", intro))
    form: Form = "verse"
    while left:
        # A short piece has a short theme, so that it gets further than that.
        length = 8 if bars >= 24 and left >= 8 else min(left, 4)
        lengths.append((form, length))
        left -= length
        form = "chorus" if form == "verse" else "verse"
    if outro:
        lengths.append(("outro", outro))
    found: list[Section] = []
    at = 0
    for form, length in lengths:
        turn = sum(one.form == form for one in found)
        found.append(Section(form=form, first_bar=at, bars=length, energy=_energy(form, turn), turn=turn))
        at += length
    return found


def _energy(form: Form, turn: int) -> float:
    """Return how full a section is: each return of the theme is a little fuller."""
    usual = {"intro": 0.45, "verse": 0.65, "chorus": 0.9, "outro": 0.5, "end": 0.6}[form]
    return min(1.0, usual + 0.08 * min(turn, 3) * (form in ("verse", "chorus")))
