"""Keys, scales and chords."""

import re
from dataclasses import dataclass
from typing import Literal

Mode = Literal["major", "minor"]

_SCALES: dict[Mode, tuple[int, ...]] = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
# As musicians spell the tonic of each key: F# minor, but Bb major.
_NAMES: dict[Mode, tuple[str, ...]] = {
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SHARP, _FLAT = ("#", "♯", "sharp", "升"), ("b", "♭", "flat", "降")
_KEY = re.compile(
    r"(?P<before>[升降])?\s*(?P<letter>[a-g])\s*(?P<after>#|♯|♭|b(?![a-z])|-?\s*sharp|-?\s*flat|升|降)?"
    r"\s*-?\s*(?P<mode>major|minor|maj\b|min\b|m\b|大调|小调)?",
    re.IGNORECASE,
)
_NUMERAL = re.compile(r"(?P<flat>b?)(?P<degree>VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(?P<more>.*)")
_DEGREES = ("I", "II", "III", "IV", "V", "VI", "VII")
_MORE: dict[str, tuple[tuple[int, ...] | None, tuple[int, ...]]] = {
    # What follows a numeral -> the triad, where it is not major or minor, and the semitones that are added.
    "": (None, ()),
    "7": (None, (10,)),
    "maj7": (None, (11,)),
    "add9": (None, (14,)),
    "sus2": ((0, 2, 7), ()),
    "sus4": ((0, 5, 7), ()),
    "°": ((0, 3, 6), ()),
    "ø7": ((0, 3, 6), (10,)),
}


@dataclass(frozen=True)
class Key:
    """A tonic and a mode."""

    tonic: int
    """Semitones above C."""
    mode: Mode

    @property
    def name(self) -> str:
        return f"{_NAMES[self.mode][self.tonic]} {self.mode}"

    @property
    def scale(self) -> tuple[int, ...]:
        """Semitones above C of its seven notes, from the tonic on."""
        return tuple((self.tonic + step) % 12 for step in _SCALES[self.mode])


@dataclass(frozen=True)
class Chord:
    """What sounds together."""

    root: int
    """Semitones above C."""
    tones: tuple[int, ...]
    """Semitones above C, the root first."""

    def scale_in(self, key: Key) -> tuple[int, ...]:
        """Return the key's notes with those in their place that this chord has raised or lowered."""
        notes = list(key.scale)
        firm = (key.tonic, (key.tonic + 7) % 12, *self.tones)
        for tone in self.tones:
            if tone not in notes:
                # In minor the dominant raises the seventh, it does not lower the tonic.
                beside = [one for one in notes if (one - tone) % 12 in (1, 11) and one not in firm]
                if beside:
                    notes[notes.index(beside[0])] = tone
        return tuple(notes)


def read_key(text: str) -> Key | None:
    """Return the key of a name such as `A minor`, `F#m`, `Bb` or `降B大调`; None when it is none."""
    found = _KEY.fullmatch(text.strip())
    if found is None:
        return None
    signs = [(found[part] or "").lower().strip(" -") for part in ("before", "after")]
    if all(signs):
        return None
    bent = sum((one in _SHARP) - (one in _FLAT) for one in signs if one)
    mode = found["mode"] or ""
    is_minor = mode.lower() in ("minor", "min", "小调") or mode == "m"
    return Key((_LETTERS[found["letter"].lower()] + bent) % 12, "minor" if is_minor else "major")


def chord_of(numeral: str, key: Key) -> Chord:
    """Return a chord by its Roman numeral: `ii7`, `V`, `bII`, `vii°`; the degrees are those of the key's own scale."""
    found = _NUMERAL.fullmatch(numeral)
    assert found is not None, numeral
    degree = found["degree"]
    root = (key.scale[_DEGREES.index(degree.upper())] - len(found["flat"])) % 12
    triad, added = _MORE[found["more"]]
    if triad is None:
        triad = (0, 4, 7) if degree.isupper() else (0, 3, 7)
    return Chord(root, tuple((root + step) % 12 for step in (*triad, *added)))
