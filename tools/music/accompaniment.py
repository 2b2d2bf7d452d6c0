"""What goes on under a melody: patterns of chords, bass and drums, a bar at a time."""

import random
from collections.abc import Iterator, Mapping, Sequence

from .moods import Bassing, Comping, Drumming
from .score import Drum, Note, Plan, Section
from .theory import Chord
from .voicing import Voicing

# Beat, length in beats, which voices (from the lowest), how strong.
_Stroke = tuple[float, float, str | int, float]
_ALL = "all"
_CHORDS: Mapping[Comping, tuple[_Stroke, ...]] = {
    "arpeggio": (
        (0, 2, 0, 1), (0.5, 1.5, 1, 0.8), (1, 1, 2, 0.85), (1.5, 1, -1, 0.8),
        (2, 2, 1, 0.9), (2.5, 1.5, 2, 0.8), (3, 1, -1, 0.85), (3.5, 0.5, 2, 0.75),
    ),
    "broken": (
        (0, 1, 0, 1), (0.5, 0.5, -1, 0.7), (1, 1, 1, 0.8), (1.5, 0.5, -1, 0.7),
        (2, 1, 0, 0.9), (2.5, 0.5, -1, 0.7), (3, 1, 1, 0.8), (3.5, 0.5, -1, 0.7),
    ),
    "held": ((0, 4, _ALL, 1),),
    "halves": ((0, 2, _ALL, 1), (2, 2, _ALL, 0.85)),
    "strum": (
        (0, 1, _ALL, 1), (1, 0.5, _ALL, 0.75), (1.5, 0.5, "high", 0.55), (2.5, 0.5, "high", 0.6),
        (3, 0.5, _ALL, 0.8), (3.5, 0.5, "high", 0.55),
    ),
    "offbeat": ((0.5, 0.3, _ALL, 0.9), (1.5, 0.3, _ALL, 1), (2.5, 0.3, _ALL, 0.9), (3.5, 0.3, _ALL, 1)),
    "ostinato": tuple(
        (beat / 2, 0.45, place, 1.0 if beat % 4 == 0 else 0.72) for beat, place in enumerate((0, 1, 0, 2, 0, 1, 0, 1))
    ),
    "charleston": ((0, 1.4, _ALL, 1), (1.5, 1.5, _ALL, 0.8), (3.5, 0.5, "high", 0.5)),
    "waltz": ((1, 0.8, _ALL, 0.8), (2, 0.8, _ALL, 0.75)),
}  # fmt: skip
# Beat, length, what: the root, its fifth, the octave, the tonic, a step towards the next root; how strong.
_BASS: Mapping[Bassing, tuple[tuple[float, float, str, float], ...]] = {
    "whole": ((0, 4, "root", 1),),
    "root_fifth": ((0, 1.8, "root", 1), (2, 1.8, "fifth", 0.85)),
    "pulse": tuple((beat / 2, 0.45, "root", 1.0 if beat % 2 == 0 else 0.8) for beat in range(8)),
    "pedal": ((0, 2, "tonic", 1), (2, 2, "tonic", 0.8)),
    "loose": ((0, 1.4, "root", 1), (1.5, 1.3, "root", 0.8), (3.5, 0.5, "towards", 0.75)),
    "waltz": ((0, 2.5, "root", 1),),
}
_DRUMS: Mapping[Drumming, tuple[tuple[float, Drum, float], ...]] = {
    "none": (),
    "soft": tuple((beat / 2, "shaker", 0.5 if beat % 2 == 0 else 0.3) for beat in range(8)),
    "light": (
        (0, "kick", 0.6), (2, "kick", 0.45), (1, "rim", 0.5), (3, "rim", 0.5),
        *((beat + 0.5, "shaker", 0.4) for beat in range(4)),
    ),
    "pop": (
        (0, "kick", 0.9), (2, "kick", 0.8), (2.5, "kick", 0.5), (1, "snare", 0.8), (3, "snare", 0.85),
        *((beat / 2, "hat", 0.55 if beat % 2 == 0 else 0.38) for beat in range(8)),
    ),
    "lo-fi": (
        (0, "kick", 0.85), (1.5, "kick", 0.5), (2.5, "kick", 0.7), (1, "snare", 0.6), (3, "snare", 0.65),
        *((beat / 2, "hat", 0.4 if beat % 2 == 0 else 0.25) for beat in range(8)),
    ),
    "taiko": (
        (0, "low tom", 1.0), (0.75, "tom", 0.5), (1.5, "low tom", 0.75), (2, "low tom", 0.85), (2.5, "tom", 0.5),
        (3, "tom", 0.7), (3.5, "tom", 0.6),
    ),
    "four": (
        *((float(beat), "kick", 0.95) for beat in range(4)), (1, "clap", 0.7), (3, "clap", 0.7),
        *((beat + 0.5, "open hat", 0.45) for beat in range(4)), *((beat / 2, "hat", 0.3) for beat in range(8)),
    ),
    "tick": (
        (0, "low tom", 0.7), (3.5, "rim", 0.4),
        *((beat / 2, "hat", 0.45 if beat % 4 == 0 else 0.28) for beat in range(8)),
    ),
    "waltz": ((0, "kick", 0.6), (1, "hat", 0.4), (2, "hat", 0.4)),
}  # fmt: skip
_FILLS: Mapping[Drumming, tuple[tuple[float, Drum, float], ...]] = {
    "pop": ((3.5, "snare", 0.7), (3.75, "snare", 0.8)),
    "lo-fi": ((3.5, "rim", 0.5),),
    "taiko": tuple((3 + step / 4, "tom", 0.6 + 0.1 * step) for step in range(4)),
    "four": ((3.5, "snare", 0.6), (3.75, "snare", 0.7)),
    "light": ((3.5, "rim", 0.6),),
}
_LOWEST_BASS = 28
"""E1, the lowest string of a bass."""
_STRUM_BEATS = 0.02
"""Between two strings."""


def chord_notes(plan: Plan, section: Section, first: float, voicing: Voicing) -> Iterator[Note]:
    """Yield the chords of one bar."""
    comping: Comping = "waltz" if plan.beats_a_bar == 3 and plan.style.comping != "arpeggio" else plan.style.comping
    if section.form in ("intro", "outro") and comping in ("offbeat", "strum", "charleston"):
        comping = "halves"
    level = plan.style.level * (0.55 + 0.3 * section.energy)
    for beat, beats, which, strength in _CHORDS[comping]:
        if beat >= plan.beats_a_bar:
            continue
        chosen = _chosen(voicing, which)
        for number, pitch in enumerate(chosen):
            delay = number * _STRUM_BEATS if comping == "strum" else 0.0
            yield Note(
                start=first + beat + delay,
                beats=min(beats, plan.beats_a_bar - beat),
                part="chords",
                pitch=pitch,
                velocity=level * strength / (1.0 if len(chosen) == 1 else 1.15),
            )


def _chosen(voicing: Voicing, which: str | int) -> Sequence[int]:
    if isinstance(which, int):
        return (voicing[min(which, len(voicing) - 1)],)
    return voicing if which == _ALL else voicing[1:]


def bass_notes(plan: Plan, section: Section, first: float, chord: Chord, following: Chord | None) -> Iterator[Note]:
    """Yield the bass of one bar."""
    bassing: Bassing = "waltz" if plan.beats_a_bar == 3 else plan.style.bassing
    if section.form in ("intro", "outro"):
        bassing = "waltz" if plan.beats_a_bar == 3 else "whole"
    root = low(chord.root)
    # A fifth may be lowered, as the chord has it.
    fifth = root + (chord.tones[2] - chord.root) % 12
    pitches = {
        "root": root,
        "fifth": fifth if fifth <= 48 else fifth - 12,
        # Where the tonic is no part of a chord, its own root stands below it.
        "tonic": low(plan.key.tonic) if plan.key.tonic in chord.tones else root,
        "towards": _towards(root, following, plan),
    }
    level = plan.style.level * (0.7 + 0.2 * section.energy)
    for beat, beats, what, strength in _BASS[bassing]:
        length = min(beats, plan.beats_a_bar - beat)
        yield Note(start=first + beat, beats=length, part="bass", pitch=pitches[what], velocity=level * strength)


def low(root: int) -> int:
    """Return a root as a note of the bass, from E1 to Eb2."""
    return _LOWEST_BASS + (root - _LOWEST_BASS) % 12


def _towards(root: int, following: Chord | None, plan: Plan) -> int:
    if following is None:
        return root
    goal = low(following.root)
    near = range(max(_LOWEST_BASS, goal - 3), goal + 4)
    steps = [pitch for pitch in near if pitch % 12 in plan.key.scale and pitch != goal]
    return min(steps, key=lambda pitch: (abs(pitch - goal), abs(pitch - root)))


def drum_notes(plan: Plan, section: Section, first: float, *, is_fill: bool) -> Iterator[Note]:
    """Yield the drums of one bar; a section ends with a fill, and a full one begins with a cymbal."""
    drumming: Drumming = "waltz" if plan.beats_a_bar == 3 else plan.style.drumming
    if drumming == "none":
        drumming = "soft"
    chance = random.Random(f"drums/{plan.seed}/{first}")
    fill = _FILLS.get(drumming, ()) if is_fill else ()
    strokes = [one for one in _DRUMS[drumming] if not fill or one[0] < fill[0][0]]
    quiet = section.energy < 0.6
    if (
        first == section.first_bar * plan.beats_a_bar
        and section.form == "chorus"
        and drumming in ("pop", "taiko", "four")
    ):
        strokes.append((0, "crash", 0.55))
    for beat, drum, strength in [*strokes, *fill]:
        if quiet and drum in ("snare", "clap", "crash"):
            continue
        level = (0.6 + 0.4 * section.energy) * plan.style.level**0.5
        velocity = min(1.0, level * strength * chance.uniform(0.92, 1.05))
        yield Note(start=first + beat, beats=0.25, part="drums", velocity=velocity, drum=drum)
