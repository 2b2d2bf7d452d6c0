"""Approvals over kills, and orders that may have been paid: neither is taken for granted."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from sensorium.agent.answer import Answer
from sensorium.agent.approval import Decision, Decisions, Request
from sensorium.agent.assistant import Assistant
from sensorium.agent.endpoint import EndpointBrain
from sensorium.tools.base.budget import Order
from sensorium.tools.base.endpoints import ServedModel
from sensorium.tools.base.errors import ProviderError
from sensorium.tools.base.price import Quote
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool

PROGRAM = '''
import asyncio, os, sys
from pathlib import Path
from pydantic import BaseModel
from sensorium.agent.approval import Decision
from sensorium.agent.assistant import Assistant
from sensorium.tools.base.run import Run
from sensorium.tools.base.tool import tool

folder, what, die = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def note(name: str, line: str) -> None:
    with (folder / name).open("a") as file:
        file.write(line + "\\n")

class Sent(BaseModel):
    text: str

@tool(effect="network")
async def send(text: str, *, run: Run) -> Sent:
    """Send a text."""
    note("sent", text)
    if text == die:
        os.kill(os.getpid(), 9)
    return Sent(text=text)

async def approve(request):
    note("asked", " ".join(one.name for one in request.asks))
    if die == "card":
        os.kill(os.getpid(), 9)
    return [Decision(type="approve") for _ in request.asks]

async def main() -> None:
    with Assistant(tools={"send": send}) as assistant:
        if what == "run":
            answer = await assistant.run("Send", approve=approve)
        else:
            answer = await assistant.resume("last", approve=approve)
    print(answer.status)

asyncio.run(main())
'''
STEPS = [
    {"id": "one", "tool": "send", "args": {"text": "first"}},
    {"id": "two", "tool": "send", "args": {"text": "${one.text} second"}},
]


@pytest.fixture
def killed(tmp_path: Path, server: Any, script: ModuleType, environment: Any) -> Callable[[str], int]:
    """Run in a process that dies where it is told to; give its exit code."""
    (home := tmp_path / "home").mkdir()
    (home / "sensorium.toml").write_text(
        f'[models]\nthink = "house:big"\n[providers.house]\nbase_url = "{server.url}"\n'
    )
    server.play(script.calls(("make_plan", {"goal": "g", "steps": STEPS})), script.says("That is all."))

    def run(die: str) -> int:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), "run", die]
        return subprocess.run(command, env=environment(home), check=False, timeout=60).returncode

    return run


@pytest.fixture
def resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Go on in this process, which is another than the one that died; give what is printed."""

    def resume() -> str:
        monkeypatch.setenv("SENSORIUM_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("SENSORIUM_OFFLINE", "1")
        monkeypatch.setattr(sys, "argv", ["-c", str(tmp_path), "resume", "nowhere"])
        exec(PROGRAM, {"__name__": "__main__"})
        return capsys.readouterr().out.strip()

    return resume


@pytest.mark.skipif(os.name == "nt", reason="a process cannot kill itself so there")
@pytest.mark.parametrize(
    ("die", "asked", "sent"),
    [
        ("card", ["one two", "one two"], ["first", "first second"]),
        ("first", ["one two"], ["first", "first", "first second"]),
        ("first second", ["one two"], ["first", "first second", "first second"]),
    ],
)
def test_a_killed_run_keeps_its_approvals_and_asks_only_for_what_was_not_answered(
    killed: Callable[[str], int],
    resumed: Callable[[], str],
    tmp_path: Path,
    *,
    die: str,
    asked: list[str],
    sent: list[str],
) -> None:
    assert killed(die) == -9
    assert resumed() == "done"
    assert (tmp_path / "asked").read_text().splitlines() == asked
    assert (tmp_path / "sent").read_text().splitlines() == sent


class Bought(BaseModel):
    text: str


class Shop:
    """A run that buys once, and whose answer was lost the first time."""

    def __init__(self, settings: Settings, brain: EndpointBrain, server: Any, script: ModuleType) -> None:
        self.orders: list[str] = []
        self.requests: list[Request] = []
        self._play = lambda: server.play(
            script.calls(("buy", {"what": "a kite"})), script.says("That is all."), script.says("That is all.")
        )
        self.assistant = Assistant(settings, brain=brain, tools={"buy": self._tool(brain.served)})

    def _tool(self, served: ServedModel) -> Tool:
        @tool(effect="pure", cost="paid", roles=("see",))
        async def buy(what: str, *, run: Run) -> Bought:
            """Buy something."""
            order = Order(served=served, key=what, quote=Quote.unknown({"calls": 1}), call=run.call.id)
            async with run.budget.paying(order) as payment:
                if payment.outcome is None:
                    self.orders.append(what)
                    if len(self.orders) == 1:
                        raise ProviderError("The answer never came.", may_be_paid=True)
                    payment.settle(outcome={"bought": what})
            return Bought(text=what)

        return buy

    async def lose(self) -> None:
        """Buy, and lose the answer."""
        self._play()
        assert (await self.assistant.run("Buy")).status == "failed"
        assert self.orders == ["a kite"]

    async def resume(self, answer: Decisions | None = None, *, yes: bool = False) -> Answer:
        """Go on, with this answer to what is asked; with None nobody is there."""
        self._play()

        async def approve(request: Request) -> Decisions | None:
            self.requests.append(request)
            return answer

        return await self.assistant.resume("last", yes=yes, approve=approve if answer else None)


@pytest.fixture
def shop(settings: Settings, brain: EndpointBrain, server: Any, script: ModuleType) -> Any:
    made = Shop(replace(settings), brain, server, script)
    yield made
    made.assistant.close()


APPROVE, REJECT = [Decision(type="approve")], [Decision(type="reject")]


@pytest.mark.parametrize("yes", [False, True])
async def test_what_may_have_been_paid_is_sent_again_only_when_the_user_says_so(shop: Shop, *, yes: bool) -> None:
    await shop.lose()
    answer = await shop.resume(APPROVE, yes=yes)
    assert (answer.steps[0]["status"], shop.orders) == ("done", ["a kite", "a kite"])
    ask = shop.requests[0].asks[0]
    assert "its answer never came, so it may have been paid" in ask.reason
    assert ask.reason.endswith("Send it again?")
    assert ask.allowed == ("approve", "reject")


async def test_rejected_it_stays_failed_and_is_not_sent(shop: Shop) -> None:
    await shop.lose()
    answer = await shop.resume(REJECT)
    assert (answer.steps[0]["status"], answer.steps[0]["error"]["type"]) == ("failed", "OutcomeUnknown")
    assert shop.orders == ["a kite"]


@pytest.mark.parametrize("yes", [False, True])
async def test_with_nobody_there_it_is_not_sent_and_said_how_to_go_on(shop: Shop, *, yes: bool) -> None:
    await shop.lose()
    answer = await shop.resume(yes=yes)
    assert shop.orders == ["a kite"]
    assert "Nobody was there to ask; `sensorium resume` on a terminal asks" in json.dumps(answer.steps)
