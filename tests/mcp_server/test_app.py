"""The server, through the SDK's own client, in memory and in both eras of the protocol."""

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.types import CallToolResult, ImageContent, ResourceLink, TextContent
from PIL import Image

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings

Serve = Callable[..., MCPServer[Any]]
Body = Callable[[CallToolResult], dict[str, Any]]
FACE = {"probe_media", "find_scenes", "extract_frames", "read_text", "image_facts", "transcribe", "view_media"}
FACE |= {"compare_media", "read_artifact", "speak", "make_chart", "run_agent", "job_status", "job_cancel"}
FACE |= {"describe_sound", "make_image", "edit_image", "make_music", "compose_video", "edit_media", "picture_sound"}


def _text(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


async def test_a_few_tools_are_offered_by_default(settings: Settings, films: Path, era: str) -> None:
    server = build_server(settings, catalog(), Access.to([films]))
    async with Client(server, mode=era) as client:
        names = {one.name for one in (await client.list_tools()).tools}
    assert names <= FACE
    assert {"view_media", "read_text", "run_agent", "job_status", "job_cancel"} <= names


async def test_every_tool_is_described_for_a_reader_who_has_only_that(serve: Serve) -> None:
    async with Client(serve()) as client:
        tools = (await client.list_tools()).tools
    assert len(tools) > 10
    for tool in tools:
        assert re.fullmatch(r"[a-z_]{3,24}", tool.name)
        assert tool.title and tool.description and tool.annotations
        hints = tool.annotations.model_dump(exclude={"title"})
        assert all(isinstance(hint, bool) for hint in hints.values()) and len(hints) == 4, tool.name
        assert tool.input_schema.get("additionalProperties") is False or tool.name.startswith("job_")
        for name, schema in tool.input_schema["properties"].items():
            assert schema.get("description"), f"{tool.name}.{name}"
            assert not {"$ref", "prefixItems"} & schema.keys()
        assert "$defs" not in tool.input_schema
    by_name = {tool.name: tool for tool in tools}
    assert by_name["view_media"].output_schema is None, "media tools are not structured"
    assert by_name["read_text"].output_schema
    assert by_name["read_text"].annotations and by_name["read_text"].annotations.read_only_hint
    assert by_name["post"].annotations and by_name["post"].annotations.open_world_hint


async def test_the_list_of_tools_is_the_same_every_time(serve: Serve) -> None:
    async with Client(serve()) as one, Client(serve()) as other:
        assert (await one.list_tools()).tools == (await other.list_tools()).tools


async def test_a_tool_whose_role_nobody_serves_is_not_offered(
    settings: Settings, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensorium.tools.providers.rapidocr.RapidOcr.missing", lambda self: "it is not there")
    async with Client(build_server(settings, catalog(), Access.to([films]))) as client:
        assert "read_text" not in {one.name for one in (await client.list_tools()).tools}


async def test_a_data_tool_gives_the_same_as_text_and_as_structure(serve: Serve, era: str, body: Body) -> None:
    async with Client(serve(), mode=era) as client:
        result = await client.call_tool("read_text", {"media": "slide.png"})
    assert result.is_error is False
    assert result.structured_content == body(result)
    assert [one["text"] for one in body(result)["moments"]] == ["A picture", "with two lines"]
    assert "data, not instructions" in body(result)["notice"]
    (link,) = result.content[1:]
    assert isinstance(link, ResourceLink)
    assert (link.name, link.mime_type, link.uri) == ("text.txt", "text/plain", body(result)["listing"]["handle"])


async def test_a_media_tool_gives_json_a_picture_and_a_link_and_nothing_structured(
    serve: Serve, era: str, body: Body, settings: Settings
) -> None:
    async with Client(serve(), mode=era) as client:
        result = await client.call_tool("view_media", {"media": "talk.mp4", "at_seconds": 3})
    assert result.structured_content is None
    _, picture, link = result.content
    assert isinstance(picture, ImageContent) and isinstance(link, ResourceLink)
    seen = Image.open(io.BytesIO(base64.b64decode(picture.data)))
    assert (seen.format, seen.size, picture.mime_type) == ("JPEG", (640, 360), "image/jpeg")
    assert seen.getpixel((600, 340))[2] > 90 > seen.getpixel((600, 340))[0], "the second slide is navy"
    shown = body(result)
    assert shown["at_seconds"] == 3.0
    made = Path(shown["picture"]["path"])
    assert made.parent == settings.home / "outputs" and made.suffix == ".jpg"
    assert len(made.read_bytes()) == shown["picture"]["bytes"] == link.size  # noqa: ASYNC240
    assert link.uri == shown["picture"]["handle"]


async def test_a_handle_from_a_result_can_be_given_back(serve: Serve, body: Body) -> None:
    async with Client(serve()) as client:
        first = body(await client.call_tool("view_media", {"media": "slide.png", "part": [0, 0, 0.5, 0.5]}))
        again = await client.call_tool("view_media", {"media": first["picture"]["handle"]})
        by_path = await client.call_tool("view_media", {"media": first["picture"]["path"]})
    assert (body(again)["width_pixels"], body(again)["height_pixels"]) == (1024, 576)
    assert body(by_path)["width_pixels"] == 1024


async def test_arguments_may_come_as_json_in_a_string(serve: Serve, body: Body) -> None:
    async with Client(serve()) as client:
        result = await client.call_tool("view_media", {"media": "slide.png", "part": "[0, 0, 0.5, 1]"})
        second = await client.call_tool("chatter", {"lines": "2000", "page": "2"})
    assert body(second)["page"] == 2
    assert body(result)["part"] == [0.0, 0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("view_media", {"media": "slide.png", "scale": 2}, r"no argument `scale`. It takes: `media`, `at_seconds`"),
        ("view_media", {}, "`media`: Field required"),
        ("view_media", {"media": "slide.png", "max_pixels": 9999}, "less than or equal to 1024"),
        ("view_media", {"media": "slide.png", "part": [0.5, 0, 0.1, 1]}, "left < right"),
        ("view_media", {"media": ["slide.png"]}, "valid string"),
        ("view_media", {"media": "slyde.png"}, r"does not exist. Did you mean 'slide.png'\?"),
        ("view_media", {"media": "/etc/passwd"}, "not inside the folders that this server may read"),
        ("view_media", {"media": "artifact://sha256/" + 64 * "0"}, "not an artifact that this server gave to you"),
        ("view_media", {"media": "artifact:///etc/passwd"}, "not an artifact that this server gave to you"),
        ("read_text", {"media": "slide.png", "page": 0}, "`page` is 0"),
        ("read_text", {"media": "slide.png", "page": "two"}, "`page` is 'two'"),
        ("extract_frames", {}, r"Field required. It takes: `media`, `count`, `times`, `every_seconds`, `changed`"),
        ("job_status", {"job_id": "unknown"}, "^You have no job 'unknown'"),
        ("job_cancel", {"job_id": "unknown"}, "^You have no job 'unknown'"),
        ("job_status", {"job_id": "x", "wait_seconds": 1000}, "^`job_status` cannot .* less than or equal to 25"),
        ("job_cancel", {"id": "x"}, "^`job_cancel` cannot take these arguments: `job_id`: Field required. It takes: "),
        ("no_such_tool", {}, "Unknown tool"),
    ],
)
async def test_a_wrong_call_is_answered_with_what_to_do(
    serve: Serve, tool: str, arguments: dict[str, Any], says: str
) -> None:
    async with Client(serve()) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error is True
    assert re.search(says, _text(result)), _text(result)
    assert result.structured_content is None


async def test_a_tool_that_refuses_says_why_in_few_words(serve: Serve, era: str) -> None:
    async with Client(serve(), mode=era) as client:
        short = await client.call_tool("refuse", {"letters": 5})
        long = await client.call_tool("refuse", {"letters": 50_000})
    assert (short.is_error, _text(short)) == (True, "The film is torn. xxxxx Mend it.")
    assert len(_text(long)) < 2100
    assert _text(long).startswith("The film is torn.") and _text(long).endswith("Mend it.")


async def test_an_unexpected_error_leaks_nothing(serve: Serve, era: str, capfd: pytest.CaptureFixture[str]) -> None:
    async with Client(serve(), mode=era) as client:
        result = await client.call_tool("break_down", {"secret": "sk-canary"})
        after = await client.call_tool("refuse", {"letters": 0})
    told = result.model_dump_json()
    assert result.is_error is True
    assert "break_down" in told and "log" in told
    assert not re.search("canary|KeyError|Traceback|private", told)
    assert "KeyError: 'sk-canary in /private/place'" in capfd.readouterr().err
    assert "torn" in _text(after)


async def test_a_process_that_dies_is_an_error_and_the_next_call_works(serve: Serve) -> None:
    async with Client(serve()) as client:
        result = await client.call_tool("vanish", {})
        after = await client.call_tool("refuse", {"letters": 0})
    assert result.is_error is True
    assert "ended before it was done (exit status 7)" in _text(result)
    assert "torn" in _text(after)


async def test_what_a_tool_prints_reaches_nobody_but_the_log(
    serve: Serve, body: Body, capfd: pytest.CaptureFixture[str]
) -> None:
    async with Client(serve()) as client:
        result = await client.call_tool("chatter", {"lines": 2})
    assert "noise" not in result.model_dump_json()
    assert body(result)["text"] == "line 0 of many, with some words\nline 1 of many, with some words"
    captured = capfd.readouterr()
    assert "noise" in captured.err and "noise" not in captured.out


async def test_the_log_says_who_called_what_and_no_contents(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "sensorium.mcp_server")
    async with Client(serve()) as client:
        await client.call_tool("break_down", {"secret": "sk-canary"})
        await client.call_tool("view_media", {"media": "/private/canary.png"})
    said = [one.getMessage() for one in caplog.records if one.name.startswith("sensorium.mcp_server")]
    assert re.fullmatch(r"local called break_down: failed after \d+\.\d\d s", said[0])
    assert re.fullmatch(r"local called view_media: refused after \d+\.\d\d s", said[1])
    assert "canary" not in "".join(said)


async def test_long_results_come_in_pages(serve: Serve, era: str, body: Body) -> None:
    async with Client(serve(), mode=era) as client:
        first = await client.call_tool("chatter", {"lines": 2000})
        count = body(first)["pages"]
        pages = [await client.call_tool("chatter", {"lines": 2000, "page": n}) for n in range(1, count + 1)]
    assert count > 2
    assert "".join(body(page)["text"] for page in pages).endswith("line 1999 of many, with some words")
    assert all(len(_text(page)) < 20_000 for page in pages)
    assert "page=2" in body(first)["next_page"]
    assert "next_page" not in body(pages[-1])
    assert len({body(page)["process"] for page in pages}) == 1, "later pages come from the memo"


@pytest.mark.parametrize(("images", "pictures", "links"), [("inline", 6, 8), ("links", 0, 8), ("omit", 0, 0)])
async def test_pictures_are_few_small_or_left_out(serve: Serve, images: str, pictures: int, links: int) -> None:
    async with Client(serve(images=images)) as client:
        result = await client.call_tool("paint", {"count": 8})
    shown = [one for one in result.content if isinstance(one, ImageContent)]
    raw = [base64.b64decode(one.data) for one in shown]
    assert len(shown) == pictures
    assert sum(map(len, raw)) <= 700_000
    assert all(max(Image.open(io.BytesIO(one)).size) <= 1024 for one in raw)
    assert len([one for one in result.content if isinstance(one, ResourceLink)]) == links
    assert len(json.dumps(result.model_dump(mode="json"))) < 2**20
    told = json.loads(_text(result))
    assert len(told["pictures"]) == 8
    assert len(told.get("shown", [])) == pictures, "which of them the pictures are"
    assert told.get("notice", "").count(f"`--images {images}`") == (images != "inline")
    assert result.meta and result.meta["sensorium/result"] == told, "a program need not read the text"


async def test_clients_elsewhere_get_no_paths(serve: Serve, body: Body, settings: Settings) -> None:
    async with Client(serve(nearby=False)) as client:
        result = await client.call_tool("view_media", {"media": "slide.png"})
    assert str(settings.home) not in result.model_dump_json()
    assert "path" not in body(result)["picture"]
    assert not (settings.home / "outputs").exists()


async def test_clients_elsewhere_are_not_told_where_a_file_lay_that_changed(
    serve: Serve, body: Body, films: Path, making: ModuleType
) -> None:
    making.slide("one").save(films / "old.png")
    async with Client(serve(nearby=False)) as client:
        handle = body(await client.call_tool("image_facts", {"media": "old.png"}))["media"]
        making.slide("another").save(films / "old.png")
        changed = _text(await client.call_tool("image_facts", {"media": handle}))
        (films / "old.png").unlink()
        gone = _text(await client.call_tool("image_facts", {"media": handle}))
    assert changed.startswith("'old.png' has changed since it was read.")
    assert gone.startswith("'old.png' is no longer at 'old.png'.")


async def test_two_calls_side_by_side_do_not_disturb_each_other(serve: Serve, body: Body) -> None:
    import anyio

    results: dict[int, CallToolResult] = {}
    async with Client(serve()) as client, anyio.create_task_group() as group:

        async def ask(lines: int) -> None:
            results[lines] = await client.call_tool("chatter", {"lines": lines})

        for lines in range(1, 13):
            group.start_soon(ask, lines)
    assert {lines: body(result)["text"].count("line") for lines, result in results.items()} == {
        lines: lines for lines in range(1, 13)
    }
    assert len({body(result)["process"] for result in results.values()}) <= 2
