import pytest

from sensorium.tools.music.theory import Chord, Key, chord_of, read_key
from sensorium.tools.music.voicing import voiced


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("C", "C major"),
        ("A minor", "A minor"),
        ("F#m", "F# minor"),
        ("f sharp minor", "F# minor"),
        ("Bb", "Bb major"),
        ("B flat major", "Bb major"),
        ("b minor", "B minor"),
        ("C大调", "C major"),
        ("降B大调", "Bb major"),
        ("升c小调", "C# minor"),
        ("Cb", "B major"),
    ],
)
def test_names_of_keys_are_read(text: str, name: str) -> None:
    key = read_key(text)
    assert key is not None and key.name == name


@pytest.mark.parametrize("text", ["", "H", "A minor seventh", "major", "升C#", "calm"])
def test_what_is_no_key_is_none(text: str) -> None:
    assert read_key(text) is None


def test_chords_are_built_on_the_degrees_of_their_key() -> None:
    assert chord_of("V7", Key(0, "major")) == Chord(7, (7, 11, 2, 5))
    assert chord_of("ii°", Key(9, "minor")) == Chord(11, (11, 2, 5))
    assert chord_of("bII", Key(9, "minor")) == Chord(10, (10, 2, 5))
    assert chord_of("iv", Key(0, "major")) == Chord(5, (5, 8, 0))


def test_a_dominant_in_minor_raises_the_seventh_and_keeps_the_tonic() -> None:
    minor = Key(9, "minor")
    assert chord_of("V", minor).scale_in(minor) == (9, 11, 0, 2, 4, 5, 8)
    assert chord_of("bII", minor).scale_in(minor) == (9, 10, 0, 2, 4, 5, 7)
    assert chord_of("iv", minor).scale_in(minor) == minor.scale


def test_voices_move_little_and_sound_every_note_of_their_chord() -> None:
    key, before = Key(0, "major"), None
    for numeral in ("I", "vi", "IV", "V7", "Imaj7", "ii7", "Vsus4", "I"):
        chord = chord_of(numeral, key)
        after = voiced(chord, before)
        assert {pitch % 12 for pitch in after} == set(chord.tones)
        assert after[0] >= 52 and after[-1] <= 72
        if before:
            assert max(min(abs(pitch - old) for old in before) for pitch in after) <= 4
        before = after
