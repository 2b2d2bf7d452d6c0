from pathlib import Path

import mido
import pytest

from sensorium.tools.music.composing import notes
from sensorium.tools.music.midi import write_midi
from sensorium.tools.music.reading import read
from sensorium.tools.music.score import plan


def test_a_piece_is_written_down_note_by_note(tmp_path: Path) -> None:
    made = plan(seconds=20, asked=read("happy waltz in Bb major, 120 bpm, drums"), seed=1)
    write_midi(made, tmp_path / "music.mid", title="欢快")
    file = mido.MidiFile(str(tmp_path / "music.mid"), charset="utf-8")
    head = {one.type: one for one in file.tracks[0]}
    assert head["set_tempo"].tempo == 500_000
    assert head["time_signature"].numerator == 3
    assert head["key_signature"].key == "Bb"
    assert head["track_name"].name == "欢快"
    struck = [one for track in file.tracks for one in track if one.type == "note_on"]
    assert len(struck) == len(list(notes(made)))
    assert {one.channel for one in struck} == {0, 1, 2, 3, 9}
    for track in file.tracks:
        sounding: dict[tuple[int, int], int] = {}
        for one in track:
            if one.type in ("note_on", "note_off"):
                step = 1 if one.type == "note_on" else -1
                sounding[one.channel, one.note] = sounding.get((one.channel, one.note), 0) + step
        assert all(count == 0 for count in sounding.values()), "every note ends"
    assert file.length == pytest.approx(20, abs=3.0)


@pytest.mark.parametrize("description", ["dreamy", "romantic waltz, 220 bpm", "happy in F# major, 40 bpm"])
def test_a_key_that_is_struck_again_is_let_go_before(tmp_path: Path, description: str) -> None:
    write_midi(plan(seconds=30, asked=read(description), seed=3), tmp_path / "music.mid", title="a")
    for track in mido.MidiFile(str(tmp_path / "music.mid")).tracks:
        held: set[int] = set()
        for one in track:
            if one.type == "note_on":
                assert one.note not in held, "one end would silence both"
                held.add(one.note)
            elif one.type == "note_off":
                held.remove(one.note)
        assert not held
