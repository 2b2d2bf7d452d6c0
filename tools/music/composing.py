"""The notes of a piece, section by section: chords, bass, melody and drums."""

import random
from collections.abc import Iterator, Sequence

from .accompaniment import bass_notes, chord_notes, drum_notes, low
from .melody import melody_notes
from .moods import Progression
from .score import Note, Plan, Section
from .theory import Chord, chord_of
from .voicing import Voicing, voiced


def notes(plan: Plan) -> Iterator[Note]:
    """Yield all notes of a piece in about the order of time; a bar's notes never begin before it."""
    voicing: Voicing | None = None
    for number, section in enumerate(plan.sections):
        chords = _chords(plan, section)
        is_last = number + 1 == len(plan.sections)
        melody = melody_notes(plan, section, chords, is_last=is_last)
        for bar, chord in enumerate(chords):
            voicing = voiced(chord, voicing)
            yield from _bar(plan, section, bar, chords, voicing)
            first = (section.first_bar + bar) * plan.beats_a_bar
            yield from (one for one in melody if first <= one.start < first + plan.beats_a_bar)
    yield from _end(plan, voicing)


def _chords(plan: Plan, section: Section) -> list[Chord]:
    """Return a chord for each bar; the same forms have the same chords, and a section ends with a cadence."""
    chance = random.Random(f"chords/{plan.seed}")
    verse, chorus = chance.choice(plan.style.verses), chance.choice(plan.style.choruses)
    pattern: Progression = chorus if section.form == "chorus" else verse
    numerals = [pattern[bar % 4] for bar in range(section.bars)]
    if section.form == "intro":  # what comes before the theme leads into it
        numerals = numerals[-section.bars :] if section.bars < 4 else numerals
    if section.first_bar + section.bars == plan.bars and section.bars >= 2:
        numerals[-2:] = ["ii7" if plan.key.mode == "major" else "iv", "V"]
    return [chord_of(one, plan.key) for one in numerals]


def _bar(plan: Plan, section: Section, bar: int, chords: Sequence[Chord], voicing: Voicing) -> Iterator[Note]:
    first = (section.first_bar + bar) * plan.beats_a_bar
    chord, following = chords[bar], chords[bar + 1] if bar + 1 < len(chords) else None
    is_opening = section.form == "intro" and bar < section.bars / 2
    yield from chord_notes(plan, section, first, voicing)
    if section.energy >= 0.6 or plan.style.comping in ("held", "halves"):
        for pitch in voicing:
            yield Note(
                start=first, beats=plan.beats_a_bar, part="pad", pitch=pitch, velocity=0.35 + 0.3 * section.energy
            )
    if not is_opening:
        yield from bass_notes(plan, section, first, chord, following)
    if plan.has_drums and section.form not in ("outro",) and not is_opening:
        yield from drum_notes(plan, section, first, is_fill=bar + 1 == section.bars and section.bars >= 4)


def _end(plan: Plan, voicing: Voicing | None) -> Iterator[Note]:
    """Yield the last chord: the tonic, struck once and left to fade."""
    tonic = chord_of("I" if plan.key.mode == "major" else "i", plan.key)
    last = voiced(tonic, voicing)
    start, beats = plan.end_beat, plan.tail_beats * 0.8
    level = 0.55 + 0.25 * plan.style.level
    for number, pitch in enumerate(last):
        # A little rolled, as a hand does.
        yield Note(
            start=start + 0.04 * number, beats=beats, part="chords", pitch=pitch, velocity=level * 0.9, fades=True
        )
        yield Note(start=start, beats=beats, part="pad", pitch=pitch, velocity=0.45, fades=True)
    yield Note(start=start, beats=beats, part="bass", pitch=low(tonic.root), velocity=level, fades=True)
    top = next(pitch for pitch in range(max(last) + 2, max(last) + 15) if pitch % 12 == tonic.root)
    yield Note(start=start, beats=beats, part="lead", pitch=top, velocity=level * 0.9, fades=True)
    if plan.has_drums and plan.style.drumming in ("taiko", "pop", "four"):
        yield Note(start=start, beats=1, part="drums", velocity=0.6, drum="crash")
        yield Note(start=start, beats=1, part="drums", velocity=0.7, drum="kick")
