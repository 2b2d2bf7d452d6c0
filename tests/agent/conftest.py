"""Small tools to plan with, an executor over them, and a brain behind a scripted endpoint."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from sensorium.agent.act import Executor
from sensorium.agent.assistant import Assistant
from sensorium.agent.endpoint import EndpointBrain
from sensorium.agent.events import Event
from sensorium.agent.plan import Plan
from sensorium.tools.base.endpoints import Endpoint, ServedModel
from sensorium.tools.base.errors import ToolError
from sensorium.tools.base.journal import Journal
from sensorium.tools.base.policy import Policy, Rule
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool, tool

CANARY = "sk-canary-0a1b2c3d"
"""The secret of the scripted endpoint: no test may find it anywhere."""


class Said(BaseModel):
    """What the small tools give."""

    text: str = ""
    items: list[int] = Field(default_factory=list)
    got: Any = None


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings under which the small tools may be called in plans that are made after a result was read."""
    rules = tuple(Rule(tool=name, decision="safe", tainted=True) for name in ("echo", "wait", "fail", "stumble"))
    return replace(settings, policy=Policy(rules=rules))


@pytest.fixture
def calls() -> list[str]:
    """The texts of `echo` calls that really ran, in order."""
    return []


@pytest.fixture
def small_tools(calls: list[str]) -> dict[str, Tool]:
    """Tools that wait, repeat, or fail: always, by number, or the first time."""

    @tool(effect="writes", resource="network")
    async def echo(text: str = "", items: list[int] | None = None, got: Any = None, *, run: Run) -> Said:
        """Give back what it was given."""
        calls.append(text)
        return Said(text=text, items=items or [], got=got)

    @tool(effect="writes", resource="network")
    async def wait(seconds: Annotated[float, Field(ge=0)], after: Any = None, *, run: Run) -> Said:
        """Wait for some seconds."""
        await asyncio.sleep(seconds)
        return Said(text=f"{seconds}")

    @tool(effect="writes", resource="network")
    async def fail(when: int | None = None, *, run: Run) -> Said:
        """Fail always, or when the number is negative."""
        if when is None or when < 0:
            raise ToolError(f"{when!r} does not work. Try another.")
        return Said(text=str(when))

    @tool(effect="writes", resource="network")
    async def stumble(*, run: Run) -> Said:
        """Fail the first time."""
        calls.append("stumble")
        if calls.count("stumble") == 1:
            raise ToolError("It stumbled. Try again.")
        return Said(text="steady")

    return {one.name: one for one in (echo, wait, fail, stumble)}


@pytest.fixture
def events() -> list[Event]:
    """What an executor announced, in order."""
    return []


@pytest.fixture
def executor(run: Run, small_tools: dict[str, Tool], events: list[Event]) -> Callable[[], Executor]:
    """Make an executor over the same journal, as a resumed process would."""
    journal = Journal(run.library, run.settings.home)
    return lambda: Executor(run=run, journal=journal, catalog=small_tools, emit=events.append)


@pytest.fixture(scope="session")
def plan() -> Callable[..., Plan]:
    """Make a plan of these steps."""
    return lambda *steps: Plan.model_validate({"goal": "test", "steps": list(steps)})


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    """An assistant with the embedded brain and an empty library."""
    with Assistant(settings) as opened:
        yield opened


@pytest.fixture
def make_brain(server: Any) -> Callable[..., EndpointBrain]:
    """Make a brain at the scripted server, or elsewhere."""

    def make(base_url: str = "", **more: Any) -> EndpointBrain:
        known: dict[str, Any] = {"name": "house", "key": "HOUSE_KEY", "secret": CANARY, "timeout_seconds": 20.0}
        endpoint = Endpoint(base_url=base_url or server.url, **(known | more))
        return EndpointBrain(served=ServedModel(endpoint=endpoint, name="big", role="think"))

    return make


@pytest.fixture
def brain(make_brain: Callable[..., EndpointBrain]) -> EndpointBrain:
    """A brain at the scripted server."""
    return make_brain()
