"""The policy: what is asked about and what is denied, and that the door keeps to it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sensorium.tools.base.approvals import Approvals, approval_key
from sensorium.tools.base.call import call
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ApprovalError, DeniedError, SettingsError
from sensorium.tools.base.policy import Policy, Rule, may_start, read_policy
from sensorium.tools.base.price import Quote
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import AnyFile, Tool, tool


class Sent(BaseModel):
    """What the small tools give."""

    text: str = ""


@pytest.fixture
def make() -> Callable[..., Tool]:
    """Make a tool of some kind; all take a text, an address and a file."""

    def make(**kind: Any) -> Tool:
        @tool(**kind)
        async def send(text: str = "", url: str | None = None, media: AnyFile | None = None, *, run: Run) -> Sent:
            """Send something."""
            return Sent(text=text)

        return send

    return make


@pytest.fixture
def ruled(run: Run) -> Callable[..., Run]:
    """Return the run under a policy."""
    return lambda **policy: replace(run, settings=replace(run.settings, policy=Policy(**policy)))


@pytest.mark.parametrize(
    ("kind", "quote", "decision"),
    [
        ({"effect": "pure"}, None, "safe"),
        ({"effect": "writes"}, None, "safe"),
        ({"effect": "network"}, None, "ask"),
        ({"effect": "runs_code"}, None, "ask"),
        ({"effect": "pure", "cost": "paid", "roles": ("see",)}, None, "safe"),
        ({"effect": "pure", "cost": "paid", "roles": ("hear",)}, Quote.unknown({"calls": 1}), "safe"),
        ({"effect": "pure", "cost": "paid", "roles": ("see",)}, Quote(high_usd=1.5), "ask"),
        ({"effect": "pure", "cost": "paid", "roles": ("film",)}, None, "ask"),
        ({"effect": "pure", "cost": "paid", "roles": ("film",)}, Quote.free(), "safe"),
        ({"effect": "pure", "roles": ("speak",)}, None, "safe"),
        ({"effect": "pure", "roles": ("speak",)}, Quote.unknown({"characters": 9}), "ask"),
    ],
)
def test_without_a_setting_it_is_decided_by_what_the_tool_is(
    make: Callable[..., Tool], kind: dict[str, Any], quote: Quote | None, decision: str
) -> None:
    verdict = Policy().decide(make(**kind), {}, quote)
    assert verdict.decision == decision
    assert bool(verdict.reason) == bool(verdict.setting) == (decision != "safe")


def test_the_first_rule_that_fits_decides_then_the_word_for_the_tool_then_what_it_is(make: Callable[..., Tool]) -> None:
    policy = Policy(
        tools={"se*": "deny", "send": "ask"},
        rules=(
            Rule(tool="send", argument="url", matches="https://good.example/*", decision="safe"),
            Rule(tool="s*", argument="url", matches=r"re:^https?://(\w+\.)?example", decision="deny", reason="No."),
        ),
    )
    send = make(effect="pure")
    assert policy.decide(send, {"url": "https://GOOD.example/x"}).decision == "safe"
    denied = policy.decide(send, {"url": "https://bad.example/x"})
    assert (denied.decision, denied.reason, denied.by_argument) == ("deny", "No.", True)
    assert "rule 2" in denied.setting
    assert policy.decide(send, {"url": None, "text": "https://good.example/"}).decision == "ask"
    assert Policy(tools={"se*": "deny"}).decide(send, {}).decision == "deny"


def test_a_rule_sees_what_is_inside_lists_and_objects_and_what_is_no_text(make: Callable[..., Tool]) -> None:
    policy = Policy(rules=(Rule(tool="*", argument="*", matches="secret", decision="deny"),))
    deep: list[Any] = [["a", {"b": ["SECRET"]}], "secret", {"x": "secret"}]
    assert [policy.decide(make(effect="pure"), {"text": one}).decision for one in deep] == ["deny"] * 3
    numbers = Policy(rules=(Rule(tool="*", argument="n", matches="re:^(7|true)$", decision="deny"),))
    assert [numbers.decide(make(effect="pure"), {"n": one}).decision for one in (7, True, 8)] == [
        "deny",
        "deny",
        "safe",
    ]


def test_an_argument_that_is_not_known_yet_leaves_the_decision_open(make: Callable[..., Tool]) -> None:
    policy = Policy(rules=(Rule(tool="*", argument="url", matches="*bad*", decision="deny"),))
    send = make(effect="network")
    assert policy.decide(send, {}, unknown={"url"}).is_open
    assert not policy.decide(send, {}, unknown={"text"}).is_open
    assert not policy.decide(send, {"url": "bad"}, unknown={"text"}).is_open


def test_only_what_is_safe_and_free_may_start_before_its_plan_is_whole(
    make: Callable[..., Tool], ruled: Callable[..., Run]
) -> None:
    run = ruled(rules=(Rule(tool="*", argument="url", decision="ask"),))
    assert may_start(make(effect="pure"), {"text": "x"}, run)
    assert not may_start(make(effect="pure"), {"url": "x"}, run)
    assert not may_start(make(effect="network"), {}, run)
    assert not may_start(make(effect="pure", cost="paid", roles=("see",)), {}, run)
    looks = make(effect="pure", roles=("see",))
    assert may_start(looks, {}, run)
    for url, free in (("https://example.org/v1", False), ("http://127.0.0.1:9/v1", True)):
        endpoint = Endpoint(name="house", base_url=url)
        known = replace(run.settings, models={"see": "house:big"}, endpoints={"house": endpoint})
        assert may_start(looks, {}, replace(run, settings=known)) == free


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("policy = 1", r"`policy` in sensorium.toml must be a table"),
        ("[policy]\nspeak = 'never'", r"`speak` in `\[policy\]` .* is 'never'; .* safe, ask, deny"),
        ("[policy]\nspeak = true", "is True; it must be one of"),
        ("[policy]\nask_above_usd = -1", "must be a number from 0 up"),
        ("[policy]\nask_above_usd = nan", "must be a number from 0 up"),
        ("[policy]\nask_above_usd = '1'", "must be a number from 0 up"),
        ("[policy]\nrules = 'x'", r"must be tables: `\[\[policy.rules\]\]`"),
        ("[policy]\nrules = ['x']", "1 in sensorium.toml must be a table"),
        ("[[policy.rules]]\ndecision = 'deny'", "has no `tool`"),
        ("[[policy.rules]]\ntool = 'x'", "`decision` of .* is None"),
        ("[[policy.rules]]\ntool = 'x'\ndecision = 'deny'\nargumnt = 'y'", "has 'argumnt'. It can have"),
        ("[[policy.rules]]\ntool = 'x'\ndecision = 'deny'\nmatches = 'y'", "`matches` without `argument`"),
        ("[[policy.rules]]\ntool = 3\ndecision = 'deny'", "`tool` of .* is 3; it must be a text"),
        ("[[policy.rules]]\ntool='x'\nargument='y'\nmatches='re:('\ndecision='deny'", "is no regular expression"),
    ],
)
def test_a_wrong_policy_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "sensorium.toml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        Settings.read({"SENSORIUM_HOME": str(tmp_path)}, tmp_path)


def test_a_policy_is_believed_only_in_the_home(tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    for folder in (home, here):
        folder.mkdir()
        (folder / "sensorium.toml").write_text('[policy]\nspeak = "ask"\n')
    with pytest.raises(SettingsError, match=r"`\[policy\]` stands in .* where it is not believed"):
        Settings.read({"SENSORIUM_HOME": str(home)}, here)
    assert Settings.read({"SENSORIUM_HOME": str(home)}, home).policy == read_policy({"speak": "ask"})


async def test_the_door_denies_even_what_the_user_calls(make: Callable[..., Tool], ruled: Callable[..., Run]) -> None:
    with pytest.raises(DeniedError, match=r"`send` is not allowed: `send` is denied\. To allow it, change `send` in"):
        await call(make(effect="pure"), {}, ruled(tools={"send": "deny"}))


async def test_what_the_user_calls_is_approved_by_that(make: Callable[..., Tool], run: Run) -> None:
    assert await call(make(effect="network"), {"text": "x"}, run) == Sent(text="x")


async def test_an_approval_is_for_these_arguments_and_for_one_use(make: Callable[..., Tool], run: Run) -> None:
    send = make(effect="network")
    plain = {"text": "x", "url": None, "media": None}
    approved = replace(run, approvals=Approvals([approval_key(send, plain)]))
    with pytest.raises(ApprovalError, match=r"`send` needs approval.*network.*`--yes`, or change `send` in"):
        await call(send, {"text": "y"}, approved)
    assert await call(send, {"text": "x"}, approved) == Sent(text="x")
    with pytest.raises(ApprovalError):
        await call(send, {"text": "x"}, approved)


async def test_a_rule_about_a_file_knows_its_path_and_its_name(
    make: Callable[..., Tool], ruled: Callable[..., Run], tmp_path: Path
) -> None:
    (private := tmp_path / "private").mkdir()
    (file := private / "Notes.txt").write_text("mine")
    for matches in (f"{private.resolve()}/*", "notes.*"):
        run = ruled(rules=(Rule(tool="*", argument="media", matches=matches, decision="deny", reason="Private."),))
        handle = run.workspace.adopt(file).handle
        for named in (str(file), handle):
            with pytest.raises(DeniedError, match="Private"):
                await call(make(effect="pure"), {"media": named}, run)


async def test_a_denied_tool_is_not_answered_from_memory_either(
    make: Callable[..., Tool], run: Run, ruled: Callable[..., Run]
) -> None:
    send = make(effect="pure")
    await call(send, {"text": "x"}, run)
    with pytest.raises(DeniedError):
        await call(send, {"text": "x"}, ruled(tools={"send": "deny"}))


async def test_what_a_tool_calls_itself_is_asked_about_and_approved_with_it(ruled: Callable[..., Run]) -> None:
    @tool(effect="pure")
    async def say(text: str, *, run: Run) -> Sent:
        """Say something."""
        return Sent(text=text)

    @tool(effect="pure", calls=("say",))
    async def tell(text: str, *, run: Run) -> Sent:
        """Tell something, aloud."""
        told: Sent = await call(say, {"text": text}, run)
        return told

    run = replace(ruled(tools={"say": "ask"}), approvals=Approvals())
    with pytest.raises(ApprovalError, match=r"`tell` needs approval.*`say` is set to be asked about"):
        await call(tell, {"text": "x"}, run)
    approved = replace(run, approvals=Approvals([approval_key(tell, {"text": "x"})]))
    assert (await call(tell, {"text": "x"}, approved)).text == "x"
    with pytest.raises(ApprovalError, match="`say` needs approval"):
        await call(say, {"text": "y"}, approved)
    with pytest.raises(DeniedError, match="`say` is not allowed"):
        await call(tell, {"text": "y"}, replace(ruled(tools={"say": "deny"}), approvals=Approvals()))
