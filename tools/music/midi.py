"""A piece as a MIDI file, to be opened in a notation or sequencing program."""

from collections.abc import Sequence
from pathlib import Path

from .composing import notes
from .drums import KEYS
from .moods import Part
from .score import Plan
from .timbres import SOUNDS

TICKS_PER_BEAT = 480
_CHANNELS: dict[Part, int] = {"lead": 0, "chords": 1, "pad": 2, "bass": 3, "drums": 9}


def write_midi(plan: Plan, path: Path, *, title: str) -> None:
    """Write a track for each part that plays, after one with tempo, metre and key."""
    from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

    events: dict[Part, list[tuple[int, bool, int, int]]] = {}
    for one in notes(plan):
        pitch = one.pitch if one.drum is None else KEYS[one.drum]
        # A note ends just before its place, so that it can be struck again there.
        start, end = round(one.start * TICKS_PER_BEAT), round((one.start + one.beats) * TICKS_PER_BEAT) - 1
        velocity = max(1, min(127, round(127 * one.velocity)))
        events.setdefault(one.part, []).extend(((start, True, pitch, velocity), (max(end, start + 1), False, pitch, 0)))
    file = MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8")
    head = MidiTrack()
    head.append(MetaMessage("track_name", name=title))
    head.append(MetaMessage("text", text="Composed by rules, no model."))
    head.append(MetaMessage("set_tempo", tempo=bpm2tempo(plan.beats_per_minute)))
    head.append(MetaMessage("time_signature", numerator=plan.beats_a_bar, denominator=4))
    head.append(MetaMessage("key_signature", key=plan.key.name.split()[0] + "m" * (plan.key.mode == "minor")))
    file.tracks.append(head)
    for part, channel in _CHANNELS.items():
        if part not in events:
            continue
        track = MidiTrack()
        track.append(MetaMessage("track_name", name=part))
        if part != "drums":
            track.append(Message("program_change", channel=channel, program=SOUNDS[plan.timbres[part]].program))
        track.extend(_messages(events[part], channel))
        file.tracks.append(track)
    file.save(str(path))


def _messages(events: Sequence[tuple[int, bool, int, int]], channel: int) -> list[object]:
    from mido import Message

    found: list[object] = []
    before = 0
    # At one time what ends comes before what begins.
    for tick, begins, pitch, velocity in sorted(events):
        kind = "note_on" if begins else "note_off"
        found.append(Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - before))
        before = tick
    return found
