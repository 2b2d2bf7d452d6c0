"""Who works on a run."""

import threading

import pytest

from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.journal import Journal
from sensorium.tools.base.run import Run


@pytest.fixture
def journal(run: Run) -> Journal:
    return Journal(run.library, run.settings.home)


def test_a_run_is_held_as_long_as_its_lease(journal: Journal) -> None:
    assert not journal.held("abc")
    with journal.lease("abc"):
        assert journal.held("abc")
        with pytest.raises(ArgumentError, match="worked on by another process"), journal.lease("abc"):
            pass
    assert not journal.held("abc")


def test_a_run_that_is_held_for_a_moment_is_waited_for(journal: Journal) -> None:
    holding, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with journal.lease("abc"):
            holding.set()
            enough.wait(10)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    assert holding.wait(10)
    threading.Timer(0.2, enough.set).start()
    with journal.lease("abc"):
        assert enough.is_set()
    thread.join()


def test_those_who_look_do_not_keep_others_from_a_run(journal: Journal) -> None:
    with journal.lease("abc"):
        pass
    stop = threading.Event()
    seen: set[bool] = set()

    def look() -> None:
        while not stop.is_set():
            seen.add(journal.held("abc"))

    threads = [threading.Thread(target=look, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            with journal.lease("abc"):
                assert stop.wait(0.002) is False
    finally:
        stop.set()
    for thread in threads:
        thread.join()


def test_two_who_look_see_nobody_at_work(journal: Journal) -> None:
    with journal.lease("abc"):
        pass
    seen: list[bool] = []
    threads = [threading.Thread(target=lambda: seen.extend(journal.held("abc") for _ in range(200))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {False}


def test_the_lock_of_a_run_that_is_done_is_removed_and_of_one_that_can_go_on_is_kept(
    run: Run, journal: Journal
) -> None:
    for name, status in (("abc", "done"), ("def", "partial")):
        journal.begin(name, "Do it", [], {})
        with journal.lease(name):
            journal.end(name, status, {}, 1.0)
    assert [one.name for one in (run.settings.home / "locks").iterdir()] == ["def.lock"]
