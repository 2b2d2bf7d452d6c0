from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sensorium.tools.music.composing import notes
from sensorium.tools.music.limiting import gains
from sensorium.tools.music.listening import listen
from sensorium.tools.music.moods import MOODS, STYLES, Mood, Timbre
from sensorium.tools.music.reading import read
from sensorium.tools.music.rendering import BLOCK, Room, _Band
from sensorium.tools.music.score import Note, plan
from sensorium.tools.music.timbres import RATE, SOUNDS, tone
from sensorium.tools.music.tunes import key_of, tempo_of


@pytest.mark.parametrize("mood", MOODS)
def test_a_piece_is_as_long_and_as_loud_as_it_should_be(
    mood: str, played: Callable[..., Any], samples_in: Callable[..., np.ndarray]
) -> None:
    _, rendered, path = played(mood)
    sound = samples_in(path)
    assert len(sound) == 12 * RATE
    assert rendered.loudness_lufs == pytest.approx(-16.0, abs=0.5)
    assert np.abs(sound).max() <= 10 ** (-1.1 / 20)
    assert abs(sound.mean()) < 0.002
    assert np.abs(sound[0]).max() < 0.01 and np.abs(sound[-32:]).max() < 0.001, "it begins and ends at nothing"
    assert not (np.abs(sound[: 10 * RATE]).reshape(-1, RATE // 2, 2).max(axis=(1, 2)) < 0.01).any(), "no hole"
    assert 0.2 < np.corrcoef(sound.T)[0, 1] < 0.98, "it is wide, and holds in mono"


def test_no_note_is_cut_off_at_the_end(played: Callable[..., Any], samples_in: Callable[..., np.ndarray]) -> None:
    made, _, path = played("sad")
    sound = samples_in(path)
    loud = [np.sqrt(np.square(one).mean()) for one in np.array_split(sound[round(-2.2 * RATE) :], 11)]
    assert loud[-1] < 0.01 * loud[0]
    assert all(after < 1.6 * before for before, after in pairwise(loud)), "it only dies away"
    assert made.seconds == 12.0


def test_no_sample_jumps(played: Callable[..., Any], samples_in: Callable[..., np.ndarray]) -> None:
    sound = samples_in(played("calm")[2])
    # A click has as much in the highest octave as elsewhere; a piano has next to nothing there.
    high = np.abs(np.diff(sound[:, 0], n=4))
    assert high.max() < 0.15


@pytest.mark.parametrize(
    ("description", "key"),
    [("calm in D major", "D major"), ("sad in A minor", "A minor"), ("happy in F major", "F major"),
     ("epic in C minor", "C minor"), ("lo-fi in Eb major", "Eb major")],
)  # fmt: skip
def test_the_key_is_heard(description: str, key: str, played: Callable[..., Any], quiet: Any) -> None:
    heard = listen(played(description, 16.0)[2], "music", quiet)
    found = key_of(heard.chroma)
    assert found is not None and found.key.name == key


@pytest.mark.parametrize(("description", "beats"), [("happy 120 bpm", 120), ("lo-fi 84 bpm", 84), ("epic 96 bpm", 96)])
def test_the_beat_is_heard(description: str, beats: int, played: Callable[..., Any], quiet: Any) -> None:
    found = tempo_of(listen(played(description, 16.0)[2], "music", quiet).onsets)
    assert found is not None and found.beats_per_minute == pytest.approx(beats, rel=0.02)


@pytest.mark.parametrize("timbre", SOUNDS)
def test_an_instrument_plays_its_pitch_and_begins_and_ends_at_nothing(timbre: Timbre) -> None:
    note = tone(timbre, 57, 0.8, 0.8)
    assert abs(note[0]) < 0.01 and abs(note[-1]) < 0.01
    assert 0.05 < np.abs(note).max() < 1.0
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note))))
    hertz = np.fft.rfftfreq(len(note), 1 / RATE)
    strongest = hertz[spectrum.argmax()]
    assert min(abs(strongest / (220 * one) - 1) for one in (1, 2, 3)) < 0.02
    soft = tone(timbre, 57, 0.8, 0.4)
    assert np.abs(soft).max() < 0.75 * np.abs(note).max()


@pytest.mark.parametrize("mood", MOODS)
def test_the_echo_of_a_room_fades_to_nothing_and_does_not_break_off(mood: Mood) -> None:
    room, clap = Room(STYLES[mood].reverb_seconds, 1), np.zeros((2, BLOCK), dtype=np.float32)
    clap[:, 0] = 1
    echo = np.concatenate([room.answer(clap), room.answer(0 * clap)], axis=1)
    heard = np.flatnonzero(np.abs(echo).max(axis=0) > 1e-7)[-1]
    before_end = echo[:, heard - RATE // 10 : heard]
    assert np.square(before_end).sum() < 1e-5 * np.square(echo).sum(), "50 dB less than all of it"


@pytest.mark.parametrize("mood", MOODS)
def test_no_drum_drowns_the_others_in_a_waltz_nor_is_a_shaker_lost(mood: str) -> None:
    waltz = plan(seconds=12, asked=read(f"{mood} waltz with drums"), seed=1)
    kick = Note(start=0, beats=1, part="drums", velocity=1.0, drum="kick")
    assert 0.5 <= np.abs(_Band(waltz).play(kick, 0, 12 * RATE)[0]).max() <= 1.0
    song = plan(seconds=12, asked=read(f"{mood} with drums"), seed=1)
    strokes = [one for one in notes(song) if one.drum]
    assert max(np.abs(_Band(song).play(one, 0, 12 * RATE)[0]).max() for one in strokes) >= 0.12


def test_the_limiter_lets_no_peak_pass_and_changes_slowly() -> None:
    peaks = np.full(2000, 0.3, dtype=np.float32)
    peaks[700] = 3.0
    curve = gains(peaks, 1.5, 0.9)
    assert len(curve) == len(peaks)
    for near in (699, 700, 701):
        assert curve[near] * 3.0 <= 0.9 + 1e-6
    assert np.abs(np.diff(curve)).max() < 0.1
    assert curve[0] == pytest.approx(1.5) and curve[-1] == pytest.approx(1.5)


def test_the_same_piece_is_the_same_file(played: Callable[..., Any]) -> None:
    first, again = played("calm", 4.0, 1)[2], played("calm", 4.0, 2)[2]
    assert first.read_bytes() != again.read_bytes()
    assert played("calm ", 4.0, 1)[2].read_bytes() == first.read_bytes()
