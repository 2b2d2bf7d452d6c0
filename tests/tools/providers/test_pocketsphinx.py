from sensorium.tools.base.models import Word
from sensorium.tools.providers.pocketsphinx import segments


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
