from itertools import pairwise

import pytest

from sensorium.tools.music.composing import notes
from sensorium.tools.music.moods import MOODS, STYLES, Mood
from sensorium.tools.music.reading import read
from sensorium.tools.music.score import Note, Plan, plan


def piece(mood: Mood, seconds: float = 45.0, seed: int = 3, more: str = "") -> Plan:
    return plan(seconds=seconds, asked=read(f"{mood} {more}"), seed=seed)


@pytest.mark.parametrize("mood", MOODS)
def test_every_mood_is_music_in_its_key_and_registers(mood: Mood) -> None:
    made = piece(mood)
    played = list(notes(made))
    assert made.mood == mood and STYLES[mood].mode == made.key.mode
    pitched = [one for one in played if one.drum is None]
    inside = sum(one.pitch % 12 in made.key.scale for one in pitched)
    assert inside > 0.8 * len(pitched), "few notes are borrowed from other keys"
    lead, bass = ([one for one in pitched if one.part == part] for part in ("lead", "bass"))
    assert all(28 <= one.pitch <= 48 for one in bass) and all(57 <= one.pitch <= 90 for one in lead)
    leaps = [abs(after.pitch - before.pitch) for before, after in pairwise(lead)]
    assert sum(leap <= 4 for leap in leaps) > 0.6 * len(leaps), "a melody mostly goes by steps"
    assert all(0 < one.velocity <= 1 and one.beats > 0 for one in played)


@pytest.mark.parametrize("mood", MOODS)
def test_a_piece_ends_with_its_tonic_chord_in_time(mood: Mood) -> None:
    made = piece(mood)
    last = [one for one in notes(made) if one.start >= made.end_beat and one.drum is None]
    tonic = {made.key.tonic, (made.key.tonic + 7) % 12, (made.key.tonic + (4 if made.key.mode == "major" else 3)) % 12}
    assert {one.pitch % 12 for one in last} == tonic
    assert all(one.fades for one in last)
    assert max(made.at_seconds(one.start + one.beats) for one in last) < made.seconds
    lead = [one for one in notes(made) if one.part == "lead" and one.start >= made.end_beat]
    assert [one.pitch % 12 for one in lead] == [made.key.tonic]


def test_strong_beats_of_the_melody_are_notes_of_the_chord() -> None:
    made = piece("happy")
    played = list(notes(made))
    chords: dict[float, set[int]] = {}
    for one in played:
        if one.part in ("chords", "bass"):
            chords.setdefault(one.start // made.beats_a_bar, set()).add(one.pitch % 12)
    strong = [one for one in played if one.part == "lead" and one.start % made.beats_a_bar == 0]
    assert strong and all(one.pitch % 12 in chords[one.start // made.beats_a_bar] for one in strong)


def test_the_theme_comes_again() -> None:
    made = piece("romantic", seconds=150.0)
    verses = [one for one in made.sections if one.form == "verse"]
    assert len(verses) >= 2
    tunes = []
    for section in verses[:2]:
        first = section.first_bar * made.beats_a_bar
        tune = {(one.start - first, one.pitch) for one in notes(made) if one.part == "lead"}
        tunes.append({one for one in tune if 0 <= one[0] < 4 * made.beats_a_bar})
    assert len(tunes[0] & tunes[1]) >= 0.5 * len(tunes[0])


def test_the_same_seed_gives_the_same_notes_and_another_others() -> None:
    assert list(notes(piece("calm"))) == list(notes(piece("calm")))
    assert list(notes(piece("calm"))) != list(notes(piece("calm", seed=4)))


def test_what_is_asked_for_is_played() -> None:
    made = piece("calm", more="waltz in E minor, 84 bpm, flute, with drums")
    assert (made.key.name, made.beats_per_minute, made.beats_a_bar) == ("E minor", 84, 3)
    assert made.timbres["lead"] == "flute"
    assert any(one.drum for one in notes(made))
    assert not any(one.drum for one in notes(piece("happy", more="no drums")))


@pytest.mark.parametrize("seconds", [2.0, 3.0, 5.0, 7.5, 11.0, 20.0, 33.0, 61.0, 240.0, 1800.0])
def test_any_length_is_filled_to_a_last_chord_with_time_to_fade(seconds: float) -> None:
    made = piece("energetic", seconds=seconds)
    tail = seconds - made.at_seconds(made.end_beat)
    assert 0.5 < tail < 7.5
    assert made.bars == (made.sections[-1].first_bar + made.sections[-1].bars if made.sections else 0)
    assert 100 <= made.beats_per_minute <= 160


def test_notes_come_bar_by_bar() -> None:
    made = piece("lo-fi")
    bars = [int(one.start // made.beats_a_bar) for one in notes(made)]
    assert bars == sorted(bars)


def test_no_note_of_the_melody_lies_on_the_next() -> None:
    lead: list[Note] = [one for one in notes(piece("playful")) if one.part == "lead"]
    assert all(before.start + before.beats <= after.start + 1e-9 for before, after in pairwise(lead))
