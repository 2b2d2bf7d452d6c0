"""Chords as voices that move as little as they can."""

from itertools import combinations, pairwise

from .theory import Chord

Voicing = tuple[int, ...]
"""Pitches from low to high."""
_LOWEST, _HIGHEST = 52, 72
_MIDDLE = 61.0
_LEAST_GAP, _MOST_GAP = 2, 9
_MOST_SPAN = 15


def voiced(chord: Chord, before: Voicing | None) -> Voicing:
    """Return a chord between E3 and C5, as near to the one before as it can be."""
    tones = dict.fromkeys(chord.tones)
    places = [pitch for pitch in range(_LOWEST, _HIGHEST + 1) if pitch % 12 in tones]
    complete = [
        one
        for one in combinations(places, len(tones))
        if len({pitch % 12 for pitch in one}) == len(tones) and one[-1] - one[0] <= _MOST_SPAN and _is_even(one)
    ]
    return min(complete, key=lambda one: _cost(one, before))


def _is_even(voicing: Voicing) -> bool:
    gaps = [high - low for low, high in pairwise(voicing)]
    # A semitone is left to where it does not stand lowest: there it is only rough.
    return all(one <= _MOST_GAP for one in gaps) and gaps[0] > _LEAST_GAP


def _cost(voicing: Voicing, before: Voicing | None) -> float:
    off = abs(sum(voicing) / len(voicing) - _MIDDLE)
    rough = sum(high - low < _LEAST_GAP for low, high in pairwise(voicing))
    if before is None:
        return off + 2 * rough
    moved = sum(min(abs(pitch - old) for old in before) for pitch in voicing)
    top = abs(voicing[-1] - before[-1])
    return moved + 0.5 * top + 0.6 * off + 2 * rough
