"""Calls that are answered with what they gave before, without a process."""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, ElicitResult, TextContent

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import MediaServer, build_server
from sensorium.mcp_server.groups import ALL
from sensorium.mcp_server.pool import Pool
from sensorium.mcp_server.remembered import Remembered
from sensorium.mcp_server.service import Options
from sensorium.tools import catalog
from sensorium.tools.base.models import Models
from sensorium.tools.base.policy import Policy
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool

Serve = Callable[..., MediaServer]
Body = Callable[[CallToolResult], dict[str, Any]]


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tools of the calls that a process worked on, in order."""
    done, do = [], Pool.do

    async def noted(self: Pool, order: Any, *given: Any) -> Any:
        done.append(order.tool)
        return await do(self, order, *given)

    monkeypatch.setattr(Pool, "do", noted)
    return done


def _given(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


async def _calls(client: Client, times: int, name: str, **arguments: Any) -> list[CallToolResult]:
    return [await client.call_tool(name, arguments) for _ in range(times)]


async def test_a_call_that_the_library_answered_is_answered_without_a_process(
    serve: Serve, era: str, worked: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sensorium.mcp_server.door_tool")
    async with Client(serve(), mode=era) as client:
        results = await _calls(client, 4, "probe_media", media="talk.mp4")
    assert worked == ["probe_media"] * 2, "one that decodes, one that the library answers"
    assert all(one.content == results[0].content for one in results)
    assert all(one.structured_content == results[0].structured_content for one in results)
    said = [one.getMessage() for one in caplog.records if "called probe_media" in one.getMessage()]
    assert len(said) == 4 and all("local called probe_media: done" in one for one in said)


async def test_another_page_file_or_argument_is_another_call(serve: Serve, worked: list[str], body: Body) -> None:
    async with Client(serve()) as client:
        await _calls(client, 3, "chatter", lines=3000)
        second = await client.call_tool("chatter", {"lines": 3000, "page": 2})
        third = await client.call_tool("chatter", {"lines": 3000, "page": 2})
        other = await client.call_tool("chatter", {"lines": 2999})
    assert body(second)["page"] == body(third)["page"] == 2
    assert second.content != other.content
    assert worked == ["chatter"] * 4, "the second page was known to the library, so that its repetition took nothing"


@pytest.mark.parametrize("change", ["grown", "replaced with the same size and time"])
async def test_a_file_that_changed_is_read_again(
    serve: Serve, films: Path, worked: list[str], body: Body, change: str
) -> None:
    file = films / "talk.mp4"
    async with Client(serve()) as client:
        before = await _calls(client, 3, "probe_media", media="talk.mp4")
        state = file.stat()
        if change == "grown":
            with file.open("ab") as end:
                end.write(bytes(1000))
        else:
            (films / "other").write_bytes(file.read_bytes()[:-8] + b"\0" * 8)
            os.utime(films / "other", ns=(state.st_atime_ns, state.st_mtime_ns))
            (films / "other").replace(file)
        after = await client.call_tool("probe_media", {"media": "talk.mp4"})
    assert len(worked) == 3
    assert body(after)["media"] != body(before[2])["media"], "its handle is of the new content"


async def test_a_result_is_made_again_when_what_it_names_is_gone(
    serve: Serve, settings: Settings, worked: list[str]
) -> None:
    async with Client(serve(nearby=False)) as client:
        await _calls(client, 3, "paint", count=2, pixels=64)
        assert len(worked) == 2
        stored = sorted((settings.home / "artifacts").glob("*/*"))
        assert len(stored) == 2
        stored[1].unlink()
        again = await client.call_tool("paint", {"count": 2, "pixels": 64})
        assert len(worked) == 3 and not again.is_error
        assert stored[1].exists()
        await _calls(client, 2, "paint", count=2, pixels=64)
    assert len(worked) == 4


async def test_copies_for_a_client_are_looked_after_by_each_call(
    serve: Serve, settings: Settings, worked: list[str]
) -> None:
    async with Client(serve()) as client:
        await _calls(client, 3, "paint", count=1, pixels=64)
        (copy,) = (settings.home / "outputs").glob("*.jpg")
        copy.unlink()
        await client.call_tool("paint", {"count": 1, "pixels": 64})
    assert copy.exists()
    assert len(worked) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
async def test_a_file_that_may_not_be_read_any_more_is_refused(serve: Serve, films: Path, tmp_path: Path) -> None:
    async with Client(serve()) as client:
        await _calls(client, 3, "probe_media", media="talk.mp4")
        outside = (films / "talk.mp4").rename(tmp_path / "talk.mp4")
        (films / "talk.mp4").symlink_to(outside)
        refused = await client.call_tool("probe_media", {"media": "talk.mp4"})
    assert refused.is_error
    assert isinstance(refused.content[0], TextContent)
    assert "not inside the folders" in refused.content[0].text


async def test_what_has_an_effect_fails_or_is_a_part_is_done_each_time(
    serve: Serve, worked: list[str], mark: Any
) -> None:
    async with Client(serve()) as client:
        await _calls(client, 3, "refuse", letters=3)
        await _calls(client, 3, "glance", partial=True)
        assert worked == ["refuse"] * 3 + ["glance"] * 3
        await _calls(client, 3, "glance", partial=False)
        assert worked[6:] == ["glance"] * 2
        await _calls(client, 3, "nap", seconds=0.1, mark=str(mark))
    assert worked[8:] == ["nap"] * 3 and mark.naps() == 3


async def test_what_is_asked_about_is_asked_each_time(
    settings: Settings, films: Path, misbehaving: Mapping[str, Tool], worked: list[str]
) -> None:
    asked: list[str] = []

    async def accept(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"approve": True})

    careful = replace(settings, policy=Policy(tools={"weigh": "ask"}))
    options = Options(groups=frozenset({ALL}))
    server = build_server(careful, {**catalog(), **misbehaving}, Access.to([films], private=settings.home), options)
    async with Client(server, elicitation_callback=accept) as client:
        results = await _calls(client, 4, "weigh", media=["talk.mp4"])
    assert [one.is_error for one in results] == [False] * 4
    assert len(asked) == len(worked) == 4


async def test_what_one_owner_was_given_answers_no_other(
    serve: Serve, running: Callable[..., Any], worked: list[str], body: Body
) -> None:
    async with running(serve()) as web, web.client() as first, web.client(token="token-of-the-second-client") as second:
        mine = await _calls(first, 3, "probe_media", media="talk.mp4")
        handle = body(mine[0])["media"]
        assert len(worked) == 2
        refused = await second.call_tool("probe_media", {"media": handle})
        assert refused.is_error, "its hash gives nobody a right to it"
        await second.call_tool("probe_media", {"media": "talk.mp4"})
        assert len(worked) == 3
        assert not (await second.call_tool("probe_media", {"media": handle})).is_error
        assert handle in [str(one.uri) for one in (await second.list_resources()).resources]


async def test_a_better_model_that_came_meanwhile_is_asked(serve: Serve, settings: Settings) -> None:
    service = serve().service
    tools = catalog()
    assert service.lasting_key(tools["transcribe"], "key") == f"key {Models(settings).fingerprint(('hear',))}"
    assert service.lasting_key(tools["fetch_url"], "key") is None


def test_no_more_is_kept_than_there_is_room_for() -> None:
    memory = Remembered(lambda owner, handle: True, most_results=3, most_bytes=1000)
    for number in range(3):
        memory.put("me", str(number), _given(f"{number}"), [])
    assert memory.get("me", "0")
    memory.put("me", "3", _given("3"), [])
    assert [bool(memory.get("me", str(one))) for one in range(4)] == [True, False, True, True], "1 was used longest ago"
    memory.put("me", "long", _given("x" * 900), [])
    assert [bool(memory.get("me", one)) for one in ("0", "2", "3", "long")] == [False, False, True, True]
    memory.put("me", "too long", _given("x" * 1001), [])
    assert memory.get("me", "too long") is None and memory.get("me", "long")


def test_a_result_is_its_owners_and_lasts_as_long_as_what_it_names() -> None:
    there = {("me", "a"), ("me", "b")}
    memory = Remembered(lambda owner, handle: (owner, handle) in there)
    memory.put("me", "key", _given("one"), ["a", "b"])
    assert memory.get("other", "key") is None
    assert memory.get("me", "key") is not memory.get("me", "key"), "whoever gets it may add to it"
    there.remove(("me", "b"))
    assert memory.get("me", "key") is None
    there.add(("me", "b"))
    assert memory.get("me", "key") is None, "it was forgotten"
