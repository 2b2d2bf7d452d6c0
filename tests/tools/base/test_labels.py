"""Labels: they flow through calls, stay with artifacts and remembered results, and decide what is asked about."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from sensorium.tools.base.approvals import Approvals, approval_key
from sensorium.tools.base.call import call, perform
from sensorium.tools.base.errors import ApprovalError, SettingsError
from sensorium.tools.base.journal import Journal
from sensorium.tools.base.labels import (
    NOTHING,
    USER,
    Labels,
    Origin,
    condensed,
    in_words,
    joined,
    of_media,
    of_model,
    of_tool,
    of_web,
    trusted,
    untrusted,
)  # fmt: skip
from sensorium.tools.base.library import MIGRATIONS
from sensorium.tools.base.policy import Policy, Rule, judge, read_policy
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import AnyFile, Control, Tool, tool
from sensorium.tools.base.workspace import Artifact

LABELS = st.frozensets(st.sampled_from(["user", "system", "settings", "tool:t#r-a", "web:h", "media:aa", "mcp:s"]))
TAINTED: Labels = frozenset({"tool:read_text#r-text", "media:aa"})


class Kept(BaseModel):
    """What the small tools give."""

    text: str = ""
    file: Artifact | None = None


@tool(effect="pure")
async def keep(text: str = "", source: AnyFile | None = None, *, run: Run) -> Kept:
    """Keep a text as a file."""
    return Kept(text=text, file=run.put(f"kept {text}".encode(), name="kept.txt", media_type="text/plain"))


@tool(effect="pure")
async def keep_inside(text: str = "", source: AnyFile | None = None, *, run: Run) -> Kept:
    """Let another tool keep it."""
    kept: Kept = await call(keep, {"source": source}, run)
    return Kept(text=text, file=kept.file)


@tool(effect="network")
async def load(url: Annotated[str, Control()], text: str = "", *, run: Run) -> Kept:
    """Get something from an address."""
    run.comes_from_web("page.example")
    return Kept(file=run.put(b"from the web", name="page.txt", media_type="text/plain"))


@tool(effect="runs_code", objection=lambda args, run: "" if "safe" in args["code"] else "It is not kept in.")
async def compute(code: Annotated[str, Control()], *, run: Run) -> Kept:
    """Run code; what has `safe` in it cannot get out."""
    return Kept(text=code)


@tool(effect="network", objection=lambda args, run: "" if args["url"] in run.words else "Nobody named the address.")
async def visit(url: Annotated[str, Control()], *, run: Run) -> Kept:
    """Get something from an address, if the user named it."""
    return Kept(text=url)


@given(LABELS, LABELS)
def test_a_union_is_trusted_only_when_all_of_it_is(one: Labels, other: Labels) -> None:
    both = joined([one, other])
    assert both == one | other
    assert trusted(both) == (trusted(one) and trusted(other))
    assert trusted(both - untrusted(both))


@given(LABELS)
def test_condensed_labels_are_as_trusted_and_name_the_same_files_and_hosts(labels: Labels) -> None:
    short = condensed(labels, of_model("r"))
    assert trusted(short) == trusted(labels)
    assert {one for one in short if not one.startswith("tool:")} == {
        one for one in untrusted(labels) if not one.startswith("tool:")
    }


def test_words_name_files_and_hosts_first_and_then_the_steps_between() -> None:
    labels = frozenset({"user", of_media("aa"), of_web("h.example"), of_tool("read_text", "run-text"), of_model("run")})
    assert in_words(labels, lambda handle: [f"{handle[-2:]}.png"]) == (
        "'aa.png' and the page of h.example (through `text` and an answer of the model)"
    )
    assert in_words(frozenset({of_tool("read_text", "run-text")})) == "`text`"


async def test_a_result_has_the_labels_of_its_arguments_and_files_and_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("obey")
    given_labels = {"text": frozenset({"web:h"}), "source": USER}
    arguments = {"text": "x", "source": str(tmp_path / "note.txt")}
    done = await perform(keep, arguments, run, call_id="r-k", labels=given_labels)
    file = run.workspace.adopt(tmp_path / "note.txt")
    assert done.labels == {"user", "web:h", of_media(file.handle), "tool:keep#r-k"}
    assert isinstance(done.result, Kept)
    assert done.result.file
    assert run.workspace.labels([done.result.file.handle]) == done.labels


async def test_a_later_run_that_is_handed_the_artifact_still_knows(run: Run, tmp_path: Path) -> None:
    loaded = (await call(load, {"url": "http://page.example"}, run)).file
    (tmp_path / "copy.txt").write_bytes(b"from the web")
    later = Run.open(run.settings)
    for named in (loaded.handle, str(tmp_path / "copy.txt")):
        done = await perform(keep, {"source": named}, later)
        assert of_web("page.example") in done.labels, named
    later.library.close()


async def test_a_remembered_result_is_labelled_by_who_asks_now_and_by_what_it_met_then(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "note.txt").write_text("obey")
    arguments = {"text": "x", "source": str(tmp_path / "note.txt")}
    first = await perform(keep_inside, arguments, run, labels={"text": frozenset({"web:h"}), "source": USER})
    again = await perform(keep_inside, arguments, run, labels={"text": USER, "source": USER})
    assert (first.cached, again.cached) == (False, True)
    assert "web:h" in first.labels - again.labels
    assert any(one.startswith("tool:keep#") for one in again.labels)
    assert of_media(run.workspace.adopt(tmp_path / "note.txt").handle) in again.labels


async def test_what_a_call_inside_another_meets_is_the_other_ones_as_well(run: Run) -> None:
    @tool(effect="writes")
    async def outer(*, run: Run) -> Kept:
        """Load something."""
        found: Kept = await call(load, {"url": "http://page.example"}, run)
        return found

    assert {of_web("page.example")} <= (await perform(outer, {}, run)).labels


async def test_a_call_inside_another_is_no_way_around_the_question(run: Run) -> None:
    @tool(effect="pure")
    async def outer(address: str, *, run: Run) -> Kept:
        """Visit an address."""
        found: Kept = await call(visit, {"url": address}, run)
        return found

    lent = replace(run, approvals=Approvals(), settings=replace(run.settings, policy=Policy(tools={"visit": "safe"})))
    with pytest.raises(ApprovalError, match="Untrusted text steers it: `url` out of"):
        await call(outer, {"address": "http://evil.example"}, lent)


def origin(context: Labels = NOTHING, *, is_planned: bool = False, **args: Labels) -> Origin:
    return Origin(context=context, args=args, is_planned=is_planned)


SAFE = Policy(tools={"*": "safe"})
EXPLICIT = Policy(rules=(Rule(tool="load", decision="safe", tainted=True),))


@pytest.mark.parametrize(
    ("policy", "used", "objection", "origin", "decision", "is_exact"),
    [
        (SAFE, load, None, origin(), "safe", False),
        (SAFE, load, None, origin(url=USER, text=TAINTED), "safe", False),  # only what steers counts
        (SAFE, load, None, origin(url=TAINTED), "ask", True),  # `safe` for the tool does not lift it
        (SAFE, load, None, origin(TAINTED), "ask", True),
        (SAFE, load, "", origin(TAINTED, url=TAINTED), "safe", False),  # the user named the address
        (SAFE, keep, None, origin(TAINTED, text=TAINTED), "safe", False),  # it only looks
        (SAFE, compute, "", origin(code=TAINTED), "safe", False),  # nothing gets out of where it runs
        (SAFE, compute, "weak", origin(code=TAINTED), "ask", True),
        (SAFE, compute, "", origin(TAINTED, code=TAINTED), "ask", True),  # a replan adds only what looks
        (SAFE, compute, "", origin(TAINTED, code=TAINTED, is_planned=True), "safe", False),
        (SAFE, compute, "weak", origin(TAINTED, is_planned=True), "ask", True),
        (Policy(), load, None, origin(), "ask", False),
        (Policy(), load, None, origin(url=TAINTED), "ask", True),
        (Policy(), compute, "", origin(), "safe", False),
        (EXPLICIT, load, None, origin(TAINTED, url=TAINTED), "safe", False),
        (Policy(rules=(Rule(tool="load", decision="safe"),)), load, None, origin(url=TAINTED), "ask", True),
        (Policy(tools={"load": "deny"}), load, "", origin(TAINTED), "deny", False),
    ],
)
def test_what_untrusted_text_may_not_do(
    policy: Policy, used: Tool, objection: str | None, origin: Origin, decision: str, *, is_exact: bool
) -> None:
    verdict = policy.decide(used, {}, objection=objection, origin=origin)
    assert (verdict.decision, verdict.is_exact) == (decision, is_exact)
    if is_exact:
        assert "`text`" in verdict.reason
        assert "`tainted = true`" in verdict.setting


async def test_the_door_asks_by_the_labels_and_an_approval_is_for_the_very_arguments(run: Run) -> None:
    safe = replace(run, settings=replace(run.settings, policy=SAFE), approvals=Approvals())
    labels = {"url": TAINTED}
    with pytest.raises(ApprovalError, match="Untrusted text steers it: `url` out of"):
        await perform(load, {"url": "http://a.example"}, safe, labels=labels)
    approved = replace(safe, approvals=Approvals([approval_key(load, {"url": "http://a.example", "text": ""})]))
    with pytest.raises(ApprovalError):
        await perform(load, {"url": "http://b.example"}, approved, labels=labels)
    await perform(load, {"url": "http://a.example"}, approved, labels=labels)
    with pytest.raises(ApprovalError):
        await perform(load, {"url": "http://a.example"}, approved, labels=labels)


async def test_the_users_own_calls_are_not_asked_about(run: Run) -> None:
    assert (await call(visit, {"url": "http://a.example"}, run)).text == "http://a.example"


def test_an_address_that_also_stands_in_the_users_words_is_the_users(run: Run) -> None:
    told = replace(run, words=("http://a.example",), labels=TAINTED)
    decide: Callable[[str], Any] = lambda url: judge(visit, {"url": url}, told, labels={"url": TAINTED}).decision  # noqa: E731
    assert (decide("http://a.example"), decide("http://a.example/x")) == ("safe", "ask")


def test_tainted_is_said_of_rules_only_and_only_with_safe() -> None:
    rules = [{"tool": "run_python", "decision": "safe", "tainted": True}]
    assert read_policy({"rules": rules}).rules == (Rule(tool="run_python", decision="safe", tainted=True),)
    for wrong in ({"decision": "ask", "tainted": True}, {"decision": "safe", "tainted": "yes"}):
        with pytest.raises(SettingsError, match="tainted"):
            read_policy({"rules": [{"tool": "x", **wrong}]})


def test_what_was_recorded_before_there_were_labels_is_not_trusted(tmp_path: Path) -> None:
    before = next(at for at, one in enumerate(MIGRATIONS) if "labels" in one)
    with sqlite3.connect(tmp_path / "library.db") as db:
        for script in MIGRATIONS[:before]:
            db.executescript(script)
        db.execute(f"PRAGMA user_version={before}")
        db.execute("INSERT INTO provenance VALUES (?,'old','read_text','{}','[]','sensorium',0)", ("a" * 64,))
        db.execute("INSERT INTO plans VALUES ('old','k','{}',0)")
    db.close()
    run = Run.open(Settings(home=tmp_path, offline=True))
    assert run.workspace.labels([f"artifact://sha256/{'a' * 64}"]) == {"tool:read_text#old"}
    assert not any(map(trusted, Journal(run.library, tmp_path).read_before("old")))
    run.library.close()
