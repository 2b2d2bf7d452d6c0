"""The user's policy holds for clients over MCP too."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import MediaServer, build_server
from sensorium.mcp_server.command import parser
from sensorium.mcp_server.groups import ALL
from sensorium.mcp_server.service import Options
from sensorium.tools import catalog
from sensorium.tools.base.policy import Decision, Policy
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool


@pytest.fixture
def serve(settings: Settings, films: Path, misbehaving: Mapping[str, Tool]) -> Any:
    """Build a server whose user has set these tools to be asked about or denied."""

    def build(tools: dict[str, Decision], **options: Any) -> MediaServer:
        known = replace(settings, policy=Policy(tools=tools))
        given = replace(Options(groups=frozenset({ALL})), **options)
        return build_server(known, {**catalog(), **misbehaving}, Access.to([films], private=settings.home), given)

    return build


def _text(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


async def test_what_the_policy_denies_is_refused_with_the_setting(serve: Any) -> None:
    async with Client(serve({"image_facts": "deny"}, approved=True)) as client:
        result = await client.call_tool("image_facts", {"media": "slide.png"})
    assert result.is_error
    assert "`image_facts` is not allowed" in _text(result)
    assert "change `image_facts` in `[policy]` of sensorium.toml" in _text(result)


async def test_what_the_policy_asks_about_is_refused_unless_the_server_may(serve: Any) -> None:
    for approved in (False, True):
        async with Client(serve({"image_facts": "ask"}, approved=approved)) as client:
            result = await client.call_tool("image_facts", {"media": "slide.png"})
        assert result.is_error is not approved, result.content
        if not approved:
            assert "`image_facts` needs approval" in _text(result)
            assert "`--yes`" in _text(result)


async def test_a_whole_task_keeps_to_it_too(serve: Any) -> None:
    for approved in (False, True):
        async with Client(serve({"image_facts": "ask"}, approved=approved)) as client:
            asked = {"request": "What are the colours of this picture?", "files": ["slide.png"]}
            result = await client.call_tool("run_agent", asked)
        assert ("Nobody was there to approve it" in _text(result)) is not approved


def test_the_server_is_started_to_allow_it_with_an_option() -> None:
    assert not parser().parse_args([]).yes
    assert parser().parse_args(["--yes"]).yes
