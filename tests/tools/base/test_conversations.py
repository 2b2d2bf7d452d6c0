"""Threads and facts in a library."""

import pytest

from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.journal import Journal, StepRow
from sensorium.tools.base.run import Run
from sensorium.tools.base.threads import Threads, Turn
from sensorium.tools.base.user_facts import UserFacts

A = {"handle": "artifact://sha256/a", "name": "a.mp4"}
B = {"handle": "artifact://sha256/b", "name": "b.mp4"}


@pytest.fixture
def threads(run: Run) -> Threads:
    return Threads(run.library)


def test_a_thread_has_its_runs_in_order_and_the_id_of_the_first(threads: Threads) -> None:
    assert threads.begin("run1", "Write a report on this") == "run1"
    assert threads.begin("run2", "shorter", "run1") == "run1"
    thread = threads.get("run2")
    assert (thread.id, thread.title, thread.runs) == ("run1", "Write a report on this", ["run1", "run2"])
    assert [one.id for one in threads.latest()] == ["run1"]
    assert threads.before("run2").runs == ["run1"]


def test_a_turn_has_what_those_before_it_kept(threads: Threads) -> None:
    done, failed = {"status": "done", "key": "k1"}, {"status": "failed", "key": ""}
    for number in (1, 2, 3):
        threads.begin(f"run{number}", "x", None if number == 1 else "run1")
    threads.keep(Turn(run="run1", files=[A], records={"one": done, "two": failed}, messages=[{"type": "human"}]))
    threads.keep(Turn(run="run2", files=[A, {"name": "c", "error": "gone"}, B], records={"one": done | {"key": "k2"}}))
    known = threads.before("run3")
    assert known.files == [A, B]
    assert known.records == {"one": done | {"key": "k2"}}
    assert [turn.messages for turn in known.turns] == [[{"type": "human"}], []]
    threads.keep(Turn(run="run2"))
    assert threads.before("run3").files == [A]


def test_a_step_of_an_earlier_turn_is_found_and_one_of_another_thread_is_not(run: Run, threads: Threads) -> None:
    journal = Journal(run.library, run.settings.home)
    for name, thread in (("run1", None), ("run2", "run1"), ("other", None)):
        threads.begin(name, "x", thread)
    row = StepRow(step="one", key="k", record={"tool": "echo"}, result={"text": "a"}, args={"text": "a"})
    journal.record("run1", row, 0.1)
    journal.record("other", StepRow(step="one", key="secret", record={}, result=1), 0.1)
    assert journal.step_of_thread("run2", "k") == row
    assert journal.step_of_thread("run1", "k") is None
    assert journal.step_of_thread("run2", "secret") is None


def test_a_plan_that_is_run_again_is_recorded_once(run: Run) -> None:
    journal = Journal(run.library, run.settings.home)
    for goal in ("a", "b", "a"):
        journal.plan("run1", {"goal": goal, "steps": []})
    assert [one["goal"] for one in journal.plans("run1")] == ["a", "b"]


def test_a_deleted_thread_leaves_nothing_of_its_runs(run: Run, threads: Threads) -> None:
    journal = Journal(run.library, run.settings.home)
    for name, thread in (("run1", None), ("other", None)):
        journal.begin(name, "x", [], {})
        threads.begin(name, "x", thread)
        journal.plan(name, {"goal": "a"})
    threads.rename("other", "  Kept\nhere ")
    threads.delete("run1")
    assert [one.title for one in threads.latest()] == ["Kept here"]
    assert [one.run for one in journal.latest()] == ["other"]
    assert (journal.plans("run1"), len(journal.plans("other"))) == ([], 1)


@pytest.mark.parametrize(
    ("named", "words"), [("last", "no conversation yet"), ("abc", "no thread 'abc'"), ("%", "no thread '%'")]
)
def test_a_thread_that_is_not_there_is_said(threads: Threads, named: str, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        threads.get(named)


def test_a_conversation_that_is_not_the_users_own_is_found_by_its_id_only(threads: Threads) -> None:
    threads.begin("mine", "x")
    threads.begin("other", "y", is_listed=False)
    threads.begin("other2", "y", "other")
    assert (threads.get("last").id, [one.id for one in threads.latest()]) == ("mine", ["mine"])
    assert threads.get("other").runs == ["other", "other2"]


def test_a_beginning_that_several_threads_share_is_not_guessed(threads: Threads) -> None:
    threads.begin("ab1", "x")
    threads.begin("ab2", "x")
    with pytest.raises(ArgumentError, match="Several threads"):
        threads.get("ab")
    assert threads.get("last").id == "ab2"


def test_facts_are_kept_once_listed_and_deleted(run: Run) -> None:
    facts = UserFacts(run.library)
    assert [facts.add(one) for one in ("I like short answers", "I am\nAnna", "i like Short answers")] == [1, 2, 1]
    assert facts.all() == {1: "I like short answers", 2: "I am Anna"}
    assert facts.delete(1) == "I like short answers"
    assert facts.add("new") == 3
    with pytest.raises(ArgumentError, match="no fact 1"):
        facts.delete(1)
