"""Two clients of one server: what is the one's is to the other as if it never was, whatever he names it in."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import MCPError
from mcp.types import CallToolResult, PromptReference, ResourceTemplateReference

from sensorium.mcp_server.jobs import Limits
from sensorium.tools.base.workspace import PREFIX

Body = Callable[[CallToolResult], dict[str, Any]]
FIRST, SECOND = ("token-of-the-first-client", "token-of-the-second-client")
NOBODYS = PREFIX + "0" * 64
"""What never was."""
LATER = "Fri, 01 Jan 2100 00:00:00 GMT"


@dataclass(frozen=True)
class Secret:
    """What the first client has; nothing of it may reach the second."""

    handle: str
    made: str
    job: str
    run: str
    web: Any

    def is_in(self, told: str) -> bool:
        return any(one in told for one in ("hidden plan", "asleep", "made"))


@pytest.fixture
async def secret(
    serve: Callable[..., Any], running: Callable[..., Any], films: Path, mark: Any, body: Body
) -> AsyncIterator[Secret]:
    """A server, and what its first client was given."""
    server = serve(limits=Limits(answer_seconds=0.3))
    async with running(server) as web:
        headers = {"Authorization": f"Bearer {FIRST}"}
        async with httpx2.AsyncClient(base_url=web.address, headers=headers, timeout=30) as http:
            content = (films / "slide.png").read_bytes() + b"the first's alone"
            handle = (await http.post("/upload", params={"name": "hidden plan.png"}, content=content)).json()["handle"]
        async with web.client(token=FIRST) as client:
            job = body(await client.call_tool("nap", {"seconds": 60, "mark": str(mark)}))["job_id"]
        made = server.service.workspace.put(b"made", name="hidden plan.txt", media_type="text/plain").handle
        server.service.belongings.give("first", [made, "run:0123456789abcdef"])
        yield Secret(handle, made, job, "0123456789abcdef", web)
        assert (await server.service.jobs.cancel(job, "first")).status == "cancelled", "nobody else has stopped it"


def filled(schema: Mapping[str, Any]) -> Any:
    """Return something that an argument takes."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return filled(schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "array":
        return [filled(schema["items"])]
    if kind == "object":
        return {name: filled(schema["properties"][name]) for name in schema.get("required", [])}
    return {"string": "x", "boolean": True}.get(str(kind), schema.get("minimum", 1))


def named(schema: Mapping[str, Any], handle: str) -> Iterator[Any]:
    """Yield every value of an argument that has the handle in one of its places for texts."""
    for choice in schema.get("anyOf", []):
        yield from named(choice, handle)
    kind = schema.get("type")
    if kind == "string" and "enum" not in schema:
        yield handle
    elif kind == "array":
        yield from ([one] for one in named(schema.get("items", {}), handle))
    elif kind == "object":
        for name, inner in schema.get("properties", {}).items():
            yield from ({**filled(schema), name: one} for one in named(inner, handle))


async def test_no_argument_of_a_tool_opens_what_is_anothers(secret: Secret) -> None:
    tried = set()
    async with secret.web.client(token=SECOND) as client:
        for tool in (await client.list_tools()).tools:
            properties = tool.input_schema["properties"]
            required = {one: filled(properties[one]) for one in tool.input_schema.get("required", [])}
            for name, schema in properties.items():
                theirs, nobodys = (secret.job, "0" * 32) if name == "job_id" else (secret.handle, NOBODYS)
                for mine, never in zip(named(schema, theirs), named(schema, nobodys), strict=True):
                    told = [(await client.call_tool(tool.name, {**required, name: value})) for value in (mine, never)]
                    wire = [one.model_dump_json() for one in told]
                    assert [one.is_error for one in told] == [True, True], (tool.name, name, wire)
                    assert wire[0].replace(theirs, nobodys) == wire[1], (tool.name, name)
                    assert not secret.is_in(wire[0].replace(theirs, "")), (tool.name, name, wire)
                    tried.add((tool.name, name))
    assert {("view_media", "media"), ("run_agent", "files"), ("job_cancel", "job_id"), ("speak", "text")} <= tried


async def test_no_other_request_opens_what_is_anothers(secret: Secret, era: str) -> None:
    async with secret.web.client(era, token=SECOND) as client:
        for theirs, never in (
            (secret.handle, NOBODYS),
            (secret.made, NOBODYS),
            (f"job://{secret.job}", "job://" + "0" * 32),
            (f"run://{secret.run}", "run://" + "0" * 16),
            (f"media://{secret.handle}", f"media://{NOBODYS}"),
        ):
            told = []
            for uri in (theirs, never):
                with pytest.raises(MCPError) as refused:
                    await client.read_resource(uri)
                told.append(f"{refused.value.error!r}".replace(uri, "URI").replace(uri.rpartition("/")[2], "ID"))
            assert told[0] == told[1], theirs
        assert secret.handle not in (listed := (await client.list_resources()).model_dump_json())
        assert not secret.is_in(listed)
        # What the completions hold for whom it belongs to, `test_resources.py` proves.
        for template, name in (
            (f"{PREFIX}{{sha256}}", "sha256"), ("run://{run_id}", "run_id"), ("job://{job_id}", "job_id")
        ):  # fmt: skip
            completed = await client.complete(ResourceTemplateReference(uri=template), {"name": name, "value": ""})
            assert completed.completion.values == [], name
        given = [
            (await client.get_prompt("video_report", {"path": handle})).model_dump_json().replace(handle, "HANDLE")
            for handle in (secret.handle, NOBODYS)
        ]
        assert given[0] == given[1]
        typed = await client.complete(PromptReference(name="video_report"), {"name": "path", "value": "hidden"})
        assert typed.completion.values == []


async def test_no_route_opens_what_is_anothers(secret: Secret) -> None:
    headers = {"Authorization": f"Bearer {SECOND}"}
    async with httpx2.AsyncClient(base_url=secret.web.address, headers=headers, timeout=30) as http:
        for method in ("GET", "HEAD"):
            for more in (
                {},
                {"Range": "bytes=0-0"},
                {"If-None-Match": "*"},
                {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
            ):
                told = []
                for handle in (secret.handle, secret.made, NOBODYS):
                    sha256 = handle.removeprefix(PREFIX)
                    answer = await http.request(method, f"/artifacts/{sha256}", headers=more)
                    known = {name: value for name, value in answer.headers.items() if name != "date"}
                    told.append((answer.status_code, known, answer.text.replace(sha256, "SHA256")))
                assert told[0][0] == 404 and told[0] == told[1] == told[2], (method, more)
        own = await http.post("/upload", content=b"the second's")
        assert (await http.get(f"/artifacts/{own.json()['handle'][-64:]}")).text == "the second's"
