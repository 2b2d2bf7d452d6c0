import subprocess
import sys
from pathlib import Path

import sensorium.tools.providers
from sensorium.tools.base.call import call
from sensorium.tools.base.models import Word
from sensorium.tools.base.run import Run
from sensorium.tools.base.sound import decode_sound
from sensorium.tools.providers.pocketsphinx import PocketSphinx, segments

WORKER = Path(sensorium.tools.providers.__file__).with_name("pocketsphinx_worker.py")


async def test_the_same_sound_gives_the_same_words(run: Run) -> None:
    text = "<#3#>".join(["The pendulum swings.", "It never comes higher.", "Go forward ten meters.", "Thank you."])
    audio = (await call("speak", {"text": text}, run)).audio
    sound = decode_sound(run.path(audio.handle), audio.name, run).samples
    once, again = [await PocketSphinx().transcribe(sound, language="en", run=run) for _ in range(2)]
    assert len(once.utterances) >= 3
    assert once == again


def test_a_recognizer_ends_with_its_input() -> None:
    """So that none is left when the process that started it is killed."""
    subprocess.run([sys.executable, "-P", str(WORKER)], stdin=subprocess.DEVNULL, timeout=60, check=True)


def words(*times: tuple[float, float]) -> list[Word]:
    return [Word(text="word", start_seconds=start, end_seconds=end) for start, end in times]


def lengths(found: list[list[Word]]) -> list[int]:
    return [len(one) for one in found]


def test_no_words_make_no_segment() -> None:
    assert segments([]) == []


def test_a_clear_pause_after_five_seconds_ends_a_segment() -> None:
    assert lengths(segments(words((0, 3), (3.6, 5.5), (6.1, 8)))) == [2, 1]


def test_a_long_pause_ends_even_a_short_segment() -> None:
    assert lengths(segments(words((0, 1), (3.5, 4)))) == [1, 1]


def test_speech_without_a_pause_is_cut_where_it_halts_most() -> None:
    steady = [(at * 0.5, at * 0.5 + (0.3 if at == 20 else 0.48)) for at in range(60)]
    found = segments(words(*steady))
    assert found[0][-1].start_seconds == 10.0
    assert all(one[-1].end_seconds - one[0].start_seconds <= 15.0 for one in found)
    assert [word for one in found for word in one] == words(*steady)
