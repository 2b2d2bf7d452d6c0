"""Places for work: shared by whoever has some, and never all taken from who has none."""

import asyncio

from sensorium.mcp_server.places import Places


async def given(*waiting: "asyncio.Task[None]") -> list[bool]:
    """Return which of these have a place by now."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return [one.done() for one in waiting]


async def test_whoever_is_alone_has_all_places_and_no_more() -> None:
    places = Places(2)
    calls = [asyncio.create_task(places.take("ana")) for _ in range(3)]
    assert await given(*calls) == [True, True, False]
    places.leave("ana")
    assert await given(*calls) == [True, True, True]


async def test_work_that_lasts_keeps_nobody_else_waiting() -> None:
    places = Places(2)
    lasting = [asyncio.create_task(places.take("ana")) for _ in range(4)]
    await given(*lasting)
    first, second = asyncio.create_task(places.take("bob")), asyncio.create_task(places.take("bob"))
    assert await given(*lasting, first, second) == [True, True, False, False, True, False]
    places.leave("bob")
    assert await given(*lasting, second) == [True, True, False, False, True], "before those who wait longer"


async def test_a_place_of_somebody_who_gave_up_is_for_the_next() -> None:
    places = Places(1)
    await places.take("ana")
    waiting, gone, late = (asyncio.create_task(places.take(one)) for one in ("ana", "ana", "bob"))
    await given(waiting)
    gone.cancel()
    places.leave("ana")
    waiting.cancel()  # in the moment in which it was given the place
    await asyncio.gather(waiting, gone, return_exceptions=True)
    assert (waiting.cancelled(), gone.cancelled(), await given(late)) == (True, True, [True])
    places.leave("bob")
    again = [asyncio.create_task(places.take("ana")) for _ in range(2)]
    assert await given(*again) == [True, False], "none was lost, none is there twice"
    again[1].cancel()


async def test_whoever_gives_up_in_the_moment_of_his_turn_does_not_stop_the_next() -> None:
    places = Places(1)
    await places.take("ana")
    first, next_one = asyncio.create_task(places.take("ana")), asyncio.create_task(places.take("ana"))
    await given(first)
    first.cancel()
    places.leave("ana")
    assert await given(next_one) == [True]
    assert first.cancelled()
