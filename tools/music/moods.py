"""What makes music calm, tense or merry: mode, tempo, chords, instruments and patterns of each mood."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from .theory import Mode

Mood = Literal[
    "calm", "happy", "sad", "tense", "epic", "lo-fi", "dreamy", "romantic", "playful", "mysterious", "energetic"
]
MOODS: tuple[Mood, ...] = get_args(Mood)
Part = Literal["lead", "chords", "pad", "bass", "drums"]
Timbre = Literal[
    "piano", "electric piano", "guitar", "harp", "music box", "vibraphone", "strings", "pad", "flute", "clarinet",
    "brass", "organ", "synth", "chip", "soft bass", "synth bass", "plucked bass",
]  # fmt: skip
Comping = Literal["arpeggio", "broken", "held", "halves", "strum", "offbeat", "ostinato", "charleston", "waltz"]
Bassing = Literal["whole", "root_fifth", "pulse", "pedal", "loose", "waltz"]
Drumming = Literal["none", "soft", "pop", "lo-fi", "taiko", "four", "tick", "light", "waltz"]
Density = Literal["sparse", "medium", "dense"]
Progression = tuple[str, ...]
SHAKER_ALONE = 6.0
"""How much louder than beside other drums a shaker is that plays alone: else it is not heard."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a mood is played."""

    mode: Mode
    tempo: tuple[int, int]
    """Beats a minute."""
    verses: tuple[Progression, ...]
    """Four chords each, a bar a chord; the verse takes one of them."""
    choruses: tuple[Progression, ...]
    timbres: Mapping[Part, Timbre]
    comping: Comping
    bassing: Bassing
    drumming: Drumming
    density: Density
    swing: float = 0.5
    """Where the second of two eighths stands in its beat."""
    short: float = 1.0
    """How much of its length a note of the melody sounds."""
    reverb_seconds: float = 1.8
    wet: float = 0.25
    level: float = 0.8
    """Of loudness as it is played: soft music has softer, darker notes."""
    mix: Mapping[Part, float] = field(default_factory=dict)
    """How loud parts are beside the usual; found by measuring each alone: the melody leads by 2 to 5 dB."""
    keys: tuple[int, ...] = field(default=(0, 2, 4, 5, 7, 9))
    """Tonics to choose from, as semitones above C."""


STYLES: Mapping[Mood, Style] = {
    "calm": Style(
        mode="major",
        tempo=(66, 78),
        verses=(("Iadd9", "IVmaj7", "vi7", "IVmaj7"), ("I", "iii", "IV", "I"), ("Imaj7", "vi7", "ii7", "IVmaj7")),
        choruses=(("IVmaj7", "I", "ii7", "Vsus4"), ("vi", "IV", "I", "V")),
        timbres={"lead": "piano", "chords": "harp", "pad": "pad", "bass": "soft bass"},
        comping="arpeggio",
        bassing="whole",
        drumming="none",
        mix={"chords": 0.8, "lead": 1.1},
        density="sparse",
        reverb_seconds=2.4,
        wet=0.35,
        level=0.6,
    ),
    "happy": Style(
        mode="major",
        tempo=(112, 126),
        verses=(("I", "V", "vi", "IV"), ("I", "IV", "I", "V"), ("I", "vi", "IV", "V")),
        choruses=(("IV", "V", "I", "vi"), ("IV", "I", "V", "I")),
        timbres={"lead": "vibraphone", "chords": "guitar", "pad": "strings", "bass": "plucked bass"},
        comping="strum",
        bassing="root_fifth",
        drumming="pop",
        mix={"chords": 0.75, "drums": 1.2},
        density="medium",
        reverb_seconds=1.3,
        wet=0.18,
        level=0.85,
    ),
    "sad": Style(
        mode="minor",
        tempo=(60, 72),
        verses=(("i", "VI", "III", "VII"), ("i", "iv", "VI", "V"), ("i", "VII", "VI", "V")),
        choruses=(("VI", "VII", "i", "i"), ("iv", "i", "VI", "V")),
        timbres={"lead": "piano", "chords": "piano", "pad": "strings", "bass": "soft bass"},
        comping="broken",
        bassing="whole",
        drumming="none",
        mix={"lead": 1.1, "bass": 0.85},
        density="sparse",
        reverb_seconds=2.4,
        wet=0.32,
        level=0.6,
        keys=(9, 2, 4, 0, 7),
    ),
    "tense": Style(
        mode="minor",
        tempo=(96, 112),
        verses=(("i", "i", "bII", "i"), ("i", "VI", "iv", "V"), ("i", "ii°", "i", "V")),
        choruses=(("VI", "bII", "V", "i"), ("iv", "ii°", "V", "V")),
        timbres={"lead": "strings", "chords": "strings", "pad": "pad", "bass": "synth bass"},
        comping="ostinato",
        bassing="pedal",
        drumming="tick",
        mix={"chords": 1.5, "bass": 0.75},
        density="sparse",
        reverb_seconds=2.0,
        wet=0.25,
        keys=(2, 0, 4, 9),
    ),
    "epic": Style(
        mode="minor",
        tempo=(88, 100),
        verses=(("i", "VI", "III", "VII"), ("i", "VII", "VI", "VII")),
        choruses=(("VI", "VII", "i", "i"), ("VI", "III", "VII", "i")),
        timbres={"lead": "brass", "chords": "strings", "pad": "strings", "bass": "synth bass"},
        comping="ostinato",
        bassing="pulse",
        drumming="taiko",
        mix={"lead": 0.85, "chords": 1.6, "bass": 0.7, "drums": 1.3},
        density="medium",
        reverb_seconds=2.6,
        wet=0.3,
        level=0.95,
        keys=(2, 0, 4, 9),
    ),
    "lo-fi": Style(
        mode="major",
        tempo=(74, 84),
        verses=(("Imaj7", "vi7", "ii7", "V7"), ("IVmaj7", "iii7", "vi7", "vi7"), ("ii7", "V7", "Imaj7", "vi7")),
        choruses=(("IVmaj7", "V7", "iii7", "vi7"), ("ii7", "iii7", "IVmaj7", "V7")),
        timbres={
            "lead": "vibraphone",
            "chords": "electric piano",
            "pad": "pad",
            "bass": "soft bass",
        },
        comping="charleston",
        bassing="loose",
        drumming="lo-fi",
        mix={"chords": 0.85, "drums": 1.4},
        density="medium",
        swing=0.6,
        reverb_seconds=1.2,
        wet=0.2,
        level=0.65,
        keys=(0, 3, 5, 8, 10),
    ),
    "dreamy": Style(
        mode="major",
        tempo=(70, 82),
        verses=(("Imaj7", "iii7", "IVmaj7", "Iadd9"), ("IVmaj7", "Iadd9", "vi7", "IVmaj7")),
        choruses=(("vi7", "IVmaj7", "Imaj7", "Vsus4"), ("ii7", "IVmaj7", "Imaj7", "Imaj7")),
        timbres={"lead": "music box", "chords": "electric piano", "pad": "pad", "bass": "soft bass"},
        comping="arpeggio",
        bassing="whole",
        drumming="none",
        mix={"chords": 0.65},
        density="sparse",
        reverb_seconds=3.0,
        wet=0.45,
        level=0.6,
    ),
    "romantic": Style(
        mode="major",
        tempo=(76, 88),
        verses=(("I", "iii", "vi", "IV"), ("I", "vi", "ii7", "V7"), ("I", "V", "vi", "iii")),
        choruses=(("IV", "V", "iii", "vi"), ("IV", "iv", "I", "V7")),
        timbres={"lead": "strings", "chords": "piano", "pad": "strings", "bass": "soft bass"},
        comping="arpeggio",
        bassing="root_fifth",
        drumming="none",
        mix={"lead": 1.05, "bass": 0.8},
        density="medium",
        reverb_seconds=2.2,
        wet=0.3,
        level=0.7,
        keys=(3, 5, 8, 10, 2),
    ),
    "playful": Style(
        mode="major",
        tempo=(108, 122),
        verses=(("I", "V", "I", "V7"), ("I", "vi", "ii", "V"), ("I", "IV", "V", "I")),
        choruses=(("IV", "I", "ii", "V"), ("vi", "ii", "V", "I")),
        timbres={"lead": "clarinet", "chords": "guitar", "pad": "strings", "bass": "plucked bass"},
        comping="offbeat",
        bassing="root_fifth",
        drumming="light",
        mix={"lead": 1.5, "chords": 0.75, "drums": 1.4},
        density="dense",
        short=0.55,
        reverb_seconds=1.0,
        wet=0.15,
    ),
    "mysterious": Style(
        mode="minor",
        tempo=(72, 84),
        verses=(("i", "VI", "i", "ii°"), ("i", "iv", "i", "V"), ("i", "bII", "i", "VII")),
        choruses=(("iv", "i", "VI", "V"), ("VI", "iv", "ii°", "V")),
        timbres={"lead": "vibraphone", "chords": "harp", "pad": "pad", "bass": "soft bass"},
        comping="arpeggio",
        bassing="pedal",
        drumming="soft",
        mix={"chords": 0.75, "bass": 0.8, "drums": SHAKER_ALONE},
        density="sparse",
        reverb_seconds=2.8,
        wet=0.4,
        level=0.65,
        keys=(4, 2, 9, 11),
    ),
    "energetic": Style(
        mode="minor",
        tempo=(122, 130),
        verses=(("i", "VI", "III", "VII"), ("i", "iv", "VI", "VII")),
        choruses=(("VI", "VII", "i", "III"), ("iv", "VI", "i", "VII")),
        timbres={"lead": "synth", "chords": "synth", "pad": "pad", "bass": "synth bass"},
        comping="offbeat",
        bassing="pulse",
        drumming="four",
        mix={"lead": 0.62, "bass": 0.65},
        density="dense",
        short=0.8,
        reverb_seconds=1.2,
        wet=0.18,
        level=0.9,
        keys=(9, 0, 4, 5, 7),
    ),
}
