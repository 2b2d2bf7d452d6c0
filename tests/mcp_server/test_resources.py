"""What a client can read, and the prompts it can choose."""

import base64
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from mcp import Client, MCPError
from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    PromptReference,
    ReadResourceResult,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)

from sensorium.mcp_server.app import MediaServer
from sensorium.mcp_server.jobs import Limits
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings

Serve = Callable[..., MediaServer]
Body = Callable[[CallToolResult], dict[str, Any]]


def _json(result: ReadResourceResult) -> dict[str, Any]:
    assert isinstance(result.contents[0], TextResourceContents)
    return dict(json.loads(result.contents[0].text))


async def test_artifacts_are_listed_newest_first_and_read_with_their_own_type(
    serve: Serve, era: str, body: Body, films: Path
) -> None:
    async with Client(serve(), mode=era) as client:
        assert [one.uri for one in (await client.list_resources()).resources] == ["config://limits"]
        first = body(await client.call_tool("view_media", {"media": "slide.png"}))["picture"]
        second = body(await client.call_tool("view_media", {"media": "talk.mp4"}))["picture"]
        listed = (await client.list_resources()).resources[1:]
        read = await client.read_resource(first["handle"])
    assert [one.mime_type for one in listed] == ["image/jpeg", "video/mp4", "image/jpeg", "image/png"]
    assert [one.uri for one in listed[::2]] == [second["handle"], first["handle"]]
    assert listed[0].size == second["bytes"] and listed[0].name == second["name"]
    contents = read.contents[0]
    assert isinstance(contents, BlobResourceContents)
    assert contents.mime_type == "image/jpeg"
    assert base64.b64decode(contents.blob) == Path(first["path"]).read_bytes()  # noqa: ASYNC240


async def test_the_list_of_artifacts_comes_in_pages(serve: Serve, era: str, settings: Settings) -> None:
    server = serve()
    run = Run.open(settings)
    made = [run.put(b"%d" % n, name=f"{n}.txt", media_type="text/plain").handle for n in range(120)]
    run.library.close()
    server.service.belongings.give("local", made)
    server.service.belongings.give("other", made[:5])
    async with Client(server, mode=era) as client:
        first = await client.list_resources()
        # Made while the client turns the pages; it moves nothing.
        server.service.belongings.give("local", ["artifact://sha256/" + 64 * "0"])
        pages = [first]
        while cursor := pages[-1].next_cursor:
            pages.append(await client.list_resources(cursor=cursor))
        with pytest.raises(MCPError, match="is none that this server gave") as refused:
            await client.list_resources(cursor="-1")
    assert [len(one.resources) for one in pages] == [51, 50, 20]
    assert [one.uri for page in pages for one in page.resources] == ["config://limits", *reversed(made)]
    assert refused.value.error.code == -32602
    annotations = first.resources[1].annotations
    assert annotations and annotations.last_modified and annotations.last_modified.endswith("+00:00")


async def test_a_text_artifact_is_read_as_text(serve: Serve, settings: Settings) -> None:
    server = serve()
    run = Run.open(settings)
    made = run.put("Grüße, 你好".encode(), name="words.txt", media_type="text/plain")
    large = run.put(b"x" * 1_000_001, name="large.txt", media_type="text/plain")
    run.library.close()
    server.service.belongings.give("local", [made.handle, large.handle])
    async with Client(server) as client:
        contents = (await client.read_resource(made.handle)).contents[0]
        assert isinstance(contents, TextResourceContents)
        assert (contents.text, contents.mime_type) == ("Grüße, 你好", "text/plain")
        with pytest.raises(MCPError, match="1,000,001 bytes, and a resource may have 1,000,000"):
            await client.read_resource(large.handle)


@pytest.mark.parametrize(
    "uri",
    [
        "artifact://sha256/" + 64 * "0",
        "artifact://sha256/../../library.db",
        "artifact://sha256/..%2f..%2flibrary.db",
        "job://unknown",
        "run://unknown",
        "run://last",
        "media://missing.mp4",
        "media:///etc/passwd",
        "media://../home/library.db",
        "media://%2fetc%2fpasswd",
        "media://slide.png%00.mp4",
        "nothing://at-all",
    ],
)
async def test_what_is_not_the_clients_is_not_found(serve: Serve, era: str, uri: str) -> None:
    async with Client(serve(), mode=era) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)
    assert refused.value.error.code == -32602
    assert "root:" not in str(refused.value)


async def test_an_artifact_of_another_run_is_not_the_clients(serve: Serve, settings: Settings) -> None:
    run = Run.open(settings)
    foreign = run.put(b"of the command line", name="private.txt", media_type="text/plain")
    run.library.close()
    async with Client(serve()) as client:
        with pytest.raises(MCPError, match="not an artifact that this server gave to you"):
            await client.read_resource(foreign.handle)


async def test_facts_of_a_file_can_be_read(serve: Serve, era: str, films: Path) -> None:
    async with Client(serve(), mode=era) as client:
        by_name = _json(await client.read_resource("media://talk.mp4"))
        by_path = _json(await client.read_resource(f"media://{films / 'talk.mp4'}"))
        limits = _json(await client.read_resource("config://limits"))
    assert (by_name["kind"], by_name["seconds"]) == ("video", 4.0)
    assert by_path == by_name
    assert limits["allowed_folders"] == [str(films)]
    assert limits["answer_seconds"] == 40.0


async def test_a_job_and_a_run_can_be_read(serve: Serve, body: Body, films: Path) -> None:
    async with Client(serve(limits=Limits(answer_seconds=0.2))) as client:
        told = await client.call_tool("run_agent", {"request": "Read the text", "files": ["slide.png"]})
        job = body(told)["job_id"]
        standing = _json(await client.read_resource(f"job://{job}"))
        assert (standing["job_id"], standing["tool"]) == (job, "run_agent")
        while (result := await client.call_tool("job_status", {"job_id": job})) and len(result.content) == 1:
            assert body(result)["status"] == "running"
        assert isinstance(result.content[1], TextContent)
        answer = json.loads(result.content[1].text)
        run = _json(await client.read_resource(f"run://{answer['run_id']}"))
    assert (run["request"], run["status"]) == ("Read the text", "done")
    assert run["answer"] == answer["answer"]
    assert "read_text" in {step["tool"] for step in run["steps"]}


async def test_what_is_typed_is_completed(serve: Serve, era: str, films: Path, body: Body) -> None:
    async with Client(serve(), mode=era) as client:
        handle = body(await client.call_tool("view_media", {"media": "slide.png"}))["picture"]["handle"]
        report = PromptReference(name="video_report")
        path = await client.complete(report, {"name": "path", "value": "ta"})
        style = await client.complete(report, {"name": "style", "value": "de"})
        language = await client.complete(report, {"name": "language", "value": ""})
        outside = await client.complete(report, {"name": "path", "value": "/etc/"})
        template = ResourceTemplateReference(uri="artifact://sha256/{sha256}")
        sha256 = await client.complete(template, {"name": "sha256", "value": handle[-64:][:4]})
    assert path.completion.values == [str(films / "talk.mp4")]
    assert style.completion.values == ["detailed"]
    assert language.completion.values == ["en", "zh"]
    assert outside.completion.values == []
    assert sha256.completion.values == [handle[-64:]]


async def test_a_client_is_told_that_there_are_more_completions(serve: Serve, films: Path) -> None:
    for number in range(101):
        (films / f"part {number:03}.mp4").touch()
    async with Client(serve()) as client:
        many = await client.complete(PromptReference(name="video_report"), {"name": "path", "value": "part"})
        fewer = await client.complete(PromptReference(name="video_report"), {"name": "path", "value": "part 0"})
    assert (len(many.completion.values), many.completion.has_more) == (100, True)
    assert (len(fewer.completion.values), fewer.completion.has_more) == (100, False)


async def test_prompts_come_in_english_and_chinese(serve: Serve, era: str) -> None:
    given = {"path": "a $5 film.mp4", "first": "a.png", "second": "b.png", "brief": "a puppy programs"}
    async with Client(serve(), mode=era) as client:
        prompts = (await client.list_prompts()).prompts
        tools = {one.name for one in (await client.list_tools()).tools}
        assert {one.name for one in prompts} == {
            "video_report", "meeting_minutes", "compare_pictures", "storyboard", "subtitle",
        }  # fmt: skip
        for prompt in prompts:
            assert prompt.description and prompt.title
            assert all(one.description for one in prompt.arguments or [])
            wanted = {one.name: given[one.name] for one in prompt.arguments or [] if one.required}
            texts = {}
            for language in ("en", "zh"):
                result = await client.get_prompt(prompt.name, {**wanted, "language": language})
                content = result.messages[0].content
                assert isinstance(content, TextContent)
                texts[language] = content.text
                assert all(value in content.text for value in wanted.values())
                named = set(re.findall(r"`([a-z]+_[a-z]+)`", content.text))
                assert named - {"job_id", "at_seconds", "next_page"} <= tools
            assert (
                len(re.findall(r"[\u4e00-\u9fff]", texts["zh"]))
                > 100
                > len(re.findall(r"[\u4e00-\u9fff]", texts["en"]))
            )


async def test_a_prompt_without_what_it_needs_is_refused(serve: Serve) -> None:
    async with Client(serve()) as client:
        with pytest.raises(MCPError):
            await client.get_prompt("video_report", {})
        with pytest.raises(MCPError):
            await client.get_prompt("video_report", {"path": "a.mp4", "language": "../user"})


NAMES = ["会议 录像.png", "50% off #1?.png", "a&b=c+d.png", 'quote".png', "[1].png", "{x}.png", "👩\u200d💻.png"]


async def test_files_of_any_name_are_completed_and_read(serve: Serve, era: str, films: Path, body: Body) -> None:
    for name in NAMES:
        (films / name).write_bytes((films / "slide.png").read_bytes())
    template = ResourceTemplateReference(uri="media://{+path}")
    async with Client(serve(), mode=era) as client:
        completed = (await client.complete(template, {"name": "path", "value": ""})).completion.values
        assert set(completed) == {str(films / one) for one in (*NAMES, "slide.png", "talk.mp4")}
        for name in NAMES:
            facts = _json(await client.read_resource(f"media://{quote(name)}"))
            assert (facts["kind"], facts["width_pixels"]) == ("picture", 1600), name
            assert (body(await client.call_tool("probe_media", {"media": name})))["media"] == facts["media"]
        listed = [one.name for one in (await client.list_resources()).resources]
    assert NAMES[-1] in listed or "slide.png" in listed, "one content has one name"


@pytest.mark.skipif(sys.platform != "linux", reason="names there are bytes")
async def test_a_name_that_is_no_text_is_not_spoken_of(serve: Serve, films: Path) -> None:
    for name in (b"bad\xff.png", b"new\nline.png"):
        (films / os.fsdecode(name)).touch()
    async with Client(serve()) as client:
        path = await client.complete(PromptReference(name="video_report"), {"name": "path", "value": ""})
        near = await client.call_tool("probe_media", {"media": "bad.png"})
        other = await client.call_tool("probe_media", {"media": "nothing-like-it"})
        given = await client.call_tool("probe_media", {"media": os.fsdecode(b"bad\xff.png")})
    assert path.completion.values == [str(films / "slide.png"), str(films / "talk.mp4")]
    for result in (near, other, given):
        assert result.is_error and result.model_dump_json().isascii() and "in the server's log" not in str(result)
