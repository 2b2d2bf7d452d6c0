"""What of a plan is still to be done when it is checked again."""

from collections.abc import Callable

from sensorium.agent.act import Executor
from sensorium.agent.ahead import calls_ahead, in_journal_or_memory, still_ahead
from sensorium.agent.plan import Plan

Make = Callable[[], Executor]
Planned = Callable[..., Plan]


def each(*items: int) -> list[dict[str, object]]:
    return [
        {"id": "list", "tool": "echo", "args": {"text": "list", "items": list(items)}},
        {"id": "each", "tool": "echo", "args": {"text": "one of ${item}"}, "for_each": "$list.items"},
    ]


async def test_calls_that_are_done_are_not_ahead_where_others_of_their_step_are(executor: Make, plan: Planned) -> None:
    def ahead(*items: int) -> tuple[set[str], dict[str, int]]:
        made, wanted = executor(), plan(*each(*items))
        scope, later = still_ahead(wanted, made.scope | {"list": {"items": list(items)}}, in_journal_or_memory(made))
        return later, calls_ahead(wanted, scope, later - {"list"}, made)

    assert ahead(1, 2, 3)[1] == {"each": 3}
    await executor().act(plan(*each(1, 2)))
    assert ahead(1, 2) == (set(), {})
    assert ahead(1, 2, 3)[1] == {"each": 1}
    assert "each" in ahead(1, 2, 3)[0]


async def test_how_many_calls_are_ahead_is_not_known_before_their_list_is(executor: Make, plan: Planned) -> None:
    made, wanted = executor(), plan(*each(1, 2))
    scope, later = still_ahead(wanted, made.scope, in_journal_or_memory(made))
    assert (later, calls_ahead(wanted, scope, later, made)) == ({"list", "each"}, {})
