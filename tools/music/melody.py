"""Melodies from short motifs: what comes again is heard as a tune."""

import random
from collections.abc import Mapping, Sequence

from .moods import Density, Timbre
from .score import Note, Plan, Section
from .theory import Chord

Rhythm = tuple[float, ...]
"""Lengths in beats; a negative one is a rest."""

_FOURS: Mapping[Density, tuple[Rhythm, ...]] = {
    "sparse": ((2, 2), (3, 1), (2, 1, 1), (1, 1, 2), (1.5, 0.5, 2), (-1, 1, 2)),
    "medium": (
        (1, 1, 2), (1.5, 0.5, 1, 1), (1, 0.5, 0.5, 2), (0.5, 0.5, 1, 2), (1, 1, 0.5, 0.5, 1), (-0.5, 0.5, 1, 1, 1),
    ),
    "dense": (
        (0.5, 0.5, 1, 0.5, 0.5, 1), (1, 0.5, 0.5, 1, 1), (0.5, 0.5, 0.5, 0.5, 1, 1), (1.5, 0.5, 0.5, 0.5, 1),
        (-0.5, 0.5, 0.5, 0.5, 1, 1),
    ),
}  # fmt: skip
_THREES: Mapping[Density, tuple[Rhythm, ...]] = {
    "sparse": ((2, 1), (3,), (1, 2)),
    "medium": ((2, 1), (1, 1, 1), (1.5, 0.5, 1), (1, 0.5, 0.5, 1)),
    "dense": ((1, 0.5, 0.5, 1), (0.5, 0.5, 1, 1), (1, 1, 0.5, 0.5)),
}
_CLOSES: Mapping[int, tuple[Rhythm, ...]] = {4: ((3, -1), (1, 2, -1), (2, -2)), 3: ((2, -1), (3,))}
_STEPS = (-2, -1, -1, -1, 1, 1, 1, 2, 2, -3, 3)
_LOW: Mapping[Timbre, int] = {
    "strings": 64,
    "brass": 60,
    "guitar": 64,
    "clarinet": 66,
    "electric piano": 66,
    "organ": 66,
}
"""The lowest note of a melody, where it is not G4."""
_USUAL_LOW, _SPAN = 67, 16
_LONG_BEATS = 1.5


def melody_notes(plan: Plan, section: Section, chords: Sequence[Chord], *, is_last: bool) -> list[Note]:
    """Return the melody of a section in order; an introduction has none."""
    if section.form == "intro":
        return []
    # The same form has the same tune each time it comes.
    chance = random.Random(f"melody/{plan.seed}/{'verse' if section.form == 'outro' else section.form}")
    density: Density = "sparse" if section.form == "outro" else plan.style.density
    rhythms = (_THREES if plan.beats_a_bar == 3 else _FOURS)[density]
    first, second = chance.choice(rhythms), chance.choice(rhythms)
    motifs = {first: _motif(chance, first), second: _motif(chance, second)}
    closes = [chance.choice(_CLOSES[plan.beats_a_bar]) for _ in range(2)]
    lowest = _LOW.get(plan.timbres["lead"], _USUAL_LOW)
    at = lowest + (_SPAN // 2 if section.form == "chorus" else _SPAN // 3)
    found: list[Note] = []
    for bar, chord in enumerate(chords):
        in_phrase = bar % 4
        closing = in_phrase == 3 or bar + 1 == len(chords)
        rhythm = closes[bar // 4 % 2] if closing else second if in_phrase == 1 else first
        steps = [0, -1, -1, 0, 0, 0] if closing else motifs[rhythm]
        # The phrase rises to its third bar; a chorus lies higher.
        centre = lowest + _SPAN * (0.35, 0.45, 0.6, 0.4)[in_phrase] + (3 if section.form == "chorus" else 0)
        scale = _pitches(chord.scale_in(plan.key), lowest - 3, lowest + _SPAN + 3)
        tones = [pitch for pitch in scale if pitch % 12 in chord.tones]
        start = float((section.first_bar + bar) * plan.beats_a_bar)
        for number, beats in enumerate(rhythm):
            if beats > 0:
                at = _next(at, steps[number % len(steps)], scale, centre)
                strong = start == int(start) and (int(start) % plan.beats_a_bar) in (0, 2)
                if strong or beats >= _LONG_BEATS:
                    at = _nearest(at, tones)
                last = closing and number == max(i for i, one in enumerate(rhythm) if one > 0)
                found.append(_note(plan, section, start, beats, at, is_last_of_phrase=last))
            start += abs(beats)
    if section.turn and section.form == "verse":
        found = _ornamented(plan, found, chance)
    return found[:-1] if is_last and found and found[-1].start >= plan.end_beat else found


def _motif(chance: random.Random, rhythm: Rhythm) -> list[int]:
    """Return steps of the scale, one for each note; a leap is answered by a step back."""
    steps = [0]
    while len(steps) < len(rhythm):
        step = chance.choice(_STEPS)
        if abs(steps[-1]) > 2:
            step = -1 if steps[-1] > 0 else 1
        steps.append(step)
    return steps


def _next(at: int, step: int, scale: Sequence[int], centre: float) -> int:
    place = min(range(len(scale)), key=lambda one: abs(scale[one] - at)) + step
    # Far from where the phrase lies, it turns around.
    if (at - centre) * step > 0 and abs(at - centre) > 7:
        place -= 2 * step
    return scale[max(0, min(len(scale) - 1, place))]


def _nearest(at: int, tones: Sequence[int]) -> int:
    return min(tones, key=lambda one: (abs(one - at), one))


def _pitches(scale: Sequence[int], lowest: int, highest: int) -> list[int]:
    return [pitch for pitch in range(lowest, highest + 1) if pitch % 12 in scale]


def _note(plan: Plan, section: Section, start: float, beats: float, pitch: int, *, is_last_of_phrase: bool) -> Note:
    in_bar = start % plan.beats_a_bar
    accent = 0.08 if in_bar == 0 else 0.03 if in_bar == 2 else -0.04
    level = plan.style.level * (0.72 + 0.28 * section.energy)
    held = 1.0 if is_last_of_phrase else plan.style.short
    return Note(start=start, beats=beats * held, part="lead", pitch=pitch, velocity=min(1.0, level + accent))


def _ornamented(plan: Plan, melody: Sequence[Note], chance: random.Random) -> list[Note]:
    """Return a melody with some long notes parted, as a theme is played the second time."""
    found: list[Note] = []
    for one, following in zip(melody, [*melody[1:], None], strict=True):
        apart = following.pitch - one.pitch if following else 0
        if one.beats >= 2 and following and 1 < abs(apart) <= 7 and chance.random() < 0.5:
            between = _pitches(plan.key.scale, min(one.pitch, following.pitch), max(one.pitch, following.pitch))
            passing = [pitch for pitch in between if pitch not in (one.pitch, following.pitch)]
            if passing:
                short = plan.style.short
                found.append(Note(start=one.start, beats=one.beats - 0.5, part="lead", pitch=one.pitch,
                                  velocity=one.velocity))  # fmt: skip
                found.append(Note(start=one.start + one.beats - 0.5, beats=0.5 * short, part="lead",
                                  pitch=passing[0 if apart < 0 else -1], velocity=one.velocity * 0.85))  # fmt: skip
                continue
        found.append(one)
    return found
