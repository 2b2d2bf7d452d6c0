"""Cuts are planned so that nothing is copied that cannot be decoded, and as little as can be is encoded."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.tools.cutting.outline import Plan, Stored, decoding_times, plan

# In the order of decoding; 9 is a clean entry, which 7 and 8 come before in display.
ORDER = (0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 13)
TICK = 0.04


def stored(order: Sequence[int] = ORDER, keys: Sequence[int] = (0, 9)) -> list[Stored]:
    return [Stored(one, "clean" if one in keys else "") for one in order]


def planned(start: int, end: int, *, exact: bool = True, is_first: bool = True) -> Plan | None:
    return plan(stored(), start, end, TICK, exact, is_first)


def test_from_a_key_frame_to_the_end_of_a_run_nothing_is_encoded() -> None:
    found = planned(0, 7)
    assert found is not None
    assert (found.head, found.body, found.tail, found.encoded) == (None, (0, 5), None, 0)
    assert list(found.order) == [0, 3, 1, 2, 6, 4, 5]


def test_what_comes_before_the_next_key_frame_is_encoded() -> None:
    found = planned(4, 13)
    assert found is not None
    assert (found.head, found.body, found.tail) == ((4, 9), (9, 11), None)
    assert list(found.order) == [4, 5, 6, 7, 8, 9, 12, 10, 11]


def test_frames_that_need_a_later_one_are_encoded() -> None:
    found = planned(0, 5)
    assert found is not None
    assert (found.body, found.tail) == ((0, 2), (4, 5))
    assert found.encoded == 1


def test_without_a_key_frame_all_of_a_part_is_encoded() -> None:
    found = planned(4, 6)
    assert found is not None
    assert (found.head, found.body, found.encoded) == ((4, 6), None, 2)


def test_a_cut_that_need_not_be_exact_begins_at_the_key_frame_and_encodes_nothing() -> None:
    found = planned(4, 6, exact=False)
    assert found is not None
    assert (found.start, found.end, found.encoded) == (0, 7, 0)


def test_only_the_start_of_a_file_may_be_a_key_frame_that_leads_others() -> None:
    packets = [Stored(one, "key" if one == 9 else "clean" if one == 0 else "") for one in ORDER]
    first = plan(packets, 9, 13, TICK, True, True)
    later = plan(packets, 9, 13, TICK, True, False)
    assert first is not None and first.encoded == 0
    assert later is not None and later.head == (9, 13)


def test_a_frame_that_stays_long_is_cut_in_two() -> None:
    packets = [Stored(0, "clean"), Stored(100, ""), Stored(200, "")]
    found = plan(packets, 50, 150, TICK, True, True)
    assert found is not None
    assert (found.start, found.end, found.head, found.body) == (50, 150, None, (0, 100))


def test_nothing_is_planned_where_nothing_is_shown() -> None:
    assert plan([Stored(0, "clean", True)], 0, 5, TICK, True, True) is None


@given(st.integers(0, 12), st.integers(1, 14))
def test_every_frame_of_a_part_is_had_once(start: int, length: int) -> None:
    end = min(14, start + length)
    found = planned(start, end)
    assert found is not None
    assert sorted(found.order) == list(range(start, end))


@given(st.permutations(list(range(12))))
def test_packets_are_decoded_one_by_one_and_never_too_late(order: list[int]) -> None:
    times = decoding_times(order, 1)
    assert all(later > before for before, later in pairwise(times))
    assert all(decoded <= shown for decoded, shown in zip(times, order, strict=True))


@pytest.mark.parametrize("order", [[0], [5], [3, 1, 2]])
def test_the_smallest_streams_have_times_too(order: list[int]) -> None:
    assert len(decoding_times(order, 1)) == len(order)
