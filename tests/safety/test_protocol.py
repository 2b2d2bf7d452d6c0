"""No lie on the control channel, and nothing done to the program in the cage, becomes the result of another call."""

from typing import Any

GROUPS = ("protocol",)
SIDE_BY_SIDE = 4
LIMITS = {"wall_seconds": 5, "descriptors": 128}
SECONDS = 1.5
PATIENT_SECONDS = 15
"""For what ends by itself: on a slow machine that takes longer."""
LATE_SECONDS = 6
ENDED = {"timeout", "killed", "crashed"}
# They change the interpreter that they go on living in: what it says of itself from then on is their own affair.
LIES_OF_ITS_OWN = {
    "builtins_are_changed", "compile_gives_another_program", "json_is_changed", "globals_are_changed",
    "stack_is_walked", "reads_the_next_call", "hooks_are_changed", "recursion_is_forbidden", "signals_without_end",
}  # fmt: skip
STATUSES = {
    "garbage": {"crashed"},
    "an_endless_length": {"crashed"},
    "wrong_ids": {"crashed"},
    "a_huge_blob_that_never_comes": {"crashed"},
    "many_blobs_that_never_come": {"crashed", "timeout"},
    "becomes_an_interpreter_with_the_channel": {"timeout"},
    "half_a_frame": {"crashed", "timeout"},
    "a_frame_in_drops": {"crashed", "timeout"},
    "frames_without_end": {"crashed"},
    "channel_closed": {"crashed"},
    "channel_shut_down": {"crashed"},
    "leaves_at_once": {"crashed"},
    "kills_itself": {"crashed"},
    "becomes_another_program": {"crashed"},
    "leaves_with_an_exit": {"done", "error"},
    "leaves_by_an_odd_exit": {"error"},
    "interrupts_itself": {"error"},
    "leaves_by_generator_exit": {"error"},
    "error_of_a_strange_kind": {"error", *ENDED},
    "code_object_of_a_strange_file": {"error"},
    "traceback_of_a_host_file": {"error"},
}


def _seconds(probe: str) -> float:
    return SECONDS if "timeout" in STATUSES.get(probe, ()) else PATIENT_SECONDS


def steps(name: str, attack: str) -> list[dict[str, Any]]:
    """Return what a session is told to do for an attack, and the calls after it."""
    return [
        {"code": "kept = 41", "seconds": 5},
        {"code": attack, "seconds": _seconds(name), "pause_seconds": 0.1},
        {"code": "print('clean')\n'the next' + 'one'", "seconds": 5},
        {"code": "'kept' in globals()", "seconds": 5},
    ]


def test_the_call_has_an_outcome(attacked: dict[str, Any], group: str, probe: str) -> None:
    outcome = attacked["jobs"][probe][1]
    assert outcome.get("status") in STATUSES.get(probe, {"done", "error", *ENDED}), outcome
    assert outcome["wall_seconds"] < _seconds(probe) + LATE_SECONDS
    assert outcome["state_lost"] == (outcome["status"] in ENDED)
    told = [outcome[one] or "" for one in ("stdout", "stderr", "value", "why", "background_output")]
    told += [str(one) for one in (outcome["error"] or {}).values()]
    assert all(one.encode() is not None for one in told)  # a lone surrogate would break whoever writes it down
    assert all(".." not in one["name"] and "/" not in one["name"] for one in outcome["artifacts"])


def test_the_next_call_is_answered_with_its_own_result(attacked: dict[str, Any], group: str, probe: str) -> None:
    told = attacked["jobs"][probe]
    assert "failed" not in told[-1], told[-1]
    if probe in LIES_OF_ITS_OWN:
        return
    _, _, following, _, _ = told
    assert (following["status"], following["value"]) == ("done", "'the nextone'"), following
    assert (following["stdout"], following["stderr"]) == ("clean\n", "")


def test_nothing_is_left(attacked: dict[str, Any], group: str, probe: str) -> None:
    closed = attacked["jobs"][probe][-1]
    assert closed["survivors"] == []
    assert closed["close_seconds"] < LATE_SECONDS


def test_the_host_is_as_before(attacked: dict[str, Any]) -> None:
    before, after = attacked["host"]["before"], attacked["host"]["after"]
    assert after["descriptors"] <= before["descriptors"] + 2
    assert after["scratch"] == []
    assert after["peak_bytes"] < 400 << 20
    assert attacked["bait"].visitors() == []
    assert attacked["bait"].changed() == []
    assert attacked["bait"].secret not in repr(attacked["jobs"]) + attacked["log"]
