"""A piece as a MIDI file, to be opened in a notation or sequencing program."""

from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path

from .composing import notes
from .drums import KEYS
from .moods import Part
from .score import Plan
from .timbres import SOUNDS

TICKS_PER_BEAT = 480
_CHANNELS: dict[Part, int] = {"lead": 0, "chords": 1, "pad": 2, "bass": 3, "drums": 9}

_Strike = tuple[int, int]
"""The tick at which a note ends, and its velocity."""


def write_midi(plan: Plan, path: Path, *, title: str) -> None:
    """Write a track for each part that plays, after one with tempo, metre and key."""
    from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

    played: dict[Part, dict[tuple[int, int], _Strike]] = {}
    for one in notes(plan):
        pitch = one.pitch if one.drum is None else KEYS[one.drum]
        # A note ends just before its place, so that it can be struck again there.
        start, end = round(one.start * TICKS_PER_BEAT), round((one.start + one.beats) * TICKS_PER_BEAT) - 1
        velocity = max(1, min(127, round(127 * one.velocity)))
        played.setdefault(one.part, {})[pitch, start] = (max(end, start + 1), velocity)
    file = MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8")
    head = MidiTrack()
    head.append(MetaMessage("track_name", name=title))
    head.append(MetaMessage("text", text="Composed by rules, no model."))
    head.append(MetaMessage("set_tempo", tempo=bpm2tempo(plan.beats_per_minute)))
    head.append(MetaMessage("time_signature", numerator=plan.beats_a_bar, denominator=4))
    head.append(MetaMessage("key_signature", key=plan.key.name.split()[0] + "m" * (plan.key.mode == "minor")))
    file.tracks.append(head)
    for part, channel in _CHANNELS.items():
        if part not in played:
            continue
        track = MidiTrack()
        track.append(MetaMessage("track_name", name=part))
        if part != "drums":
            track.append(Message("program_change", channel=channel, program=SOUNDS[plan.timbres[part]].program))
        track.extend(_messages(played[part], channel))
        file.tracks.append(track)
    file.save(str(path))


def _messages(played: Mapping[tuple[int, int], _Strike], channel: int) -> list[object]:
    """Return the messages for pitches and starts; a key that is struck again is let go before."""
    from mido import Message

    events: list[tuple[int, bool, int, int]] = []
    strikes = sorted(played)
    for (pitch, start), following in zip_longest(strikes, strikes[1:]):
        end, velocity = played[pitch, start]
        if following and following[0] == pitch:
            end = min(end, following[1])
        events += [(start, True, pitch, velocity), (end, False, pitch, 0)]
    found: list[object] = []
    before = 0
    # At one time what ends comes before what begins.
    for tick, begins, pitch, velocity in sorted(events):
        kind = "note_on" if begins else "note_off"
        found.append(Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - before))
        before = tick
    return found
