"""Who may call over HTTP and for what: tokens of an issuer, scopes for every route and tool, principals apart."""

import json
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.types import CallToolResult, PromptReference

from sensorium.mcp_server.issuer_keys import keys_at
from sensorium.mcp_server.jobs import Limits
from sensorium.mcp_server.jwt_tokens import JwtTokens, name_of
from sensorium.mcp_server.principals import Principal
from sensorium.mcp_server.tokens import Tokens

Body = Callable[[CallToolResult], dict[str, Any]]
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
WELL_KNOWN = "/.well-known/oauth-protected-resource"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
DISCOVER = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": META}}


SPEAK = {**INITIALIZE, "method": "tools/call", "params": {"name": "speak"}}


@pytest.fixture
def believing(provider: ModuleType, issuer: Any) -> JwtTokens:
    return JwtTokens(keys=keys_at(issuer.url), issuer=provider.ISSUER, audience=provider.AUDIENCE)


@pytest.fixture
async def web(serve: Callable[..., Any], running: Callable[..., Any], believing: JwtTokens) -> AsyncIterator[Any]:
    """A server that believes the issuer's tokens, and two of its own."""
    async with running(serve(), jwt=believing, origins=["https://page.example"]) as web:
        yield web


@pytest.fixture
async def http(web: Any) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=web.address, timeout=30) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def opens(http: httpx2.AsyncClient, era: str, headers: Any = None, path: str = "/mcp") -> httpx2.Response:
    """Send the first request of a client of that era."""
    if era == "legacy":
        return await http.post(path, headers=[*JSON.items(), *(headers or [])], json=INITIALIZE)
    named = {**JSON, "MCP-Protocol-Version": era, "Mcp-Method": "server/discover"}
    return await http.post(path, headers=[*named.items(), *(headers or [])], json=DISCOVER)


def challenge(answer: httpx2.Response) -> dict[str, str]:
    kind, _, rest = answer.headers["www-authenticate"].partition(" ")
    assert kind == "Bearer"
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


async def test_a_token_of_the_issuer_or_of_the_file_is_let_in_in_both_eras(
    http: httpx2.AsyncClient, provider: ModuleType, era: str
) -> None:
    for token in (provider.token(), provider.token("rsa"), "token-of-the-first-client"):
        assert (await opens(http, era, bearer(token).items())).status_code == 200


async def test_whoever_has_no_token_that_is_believed_is_told_where_to_get_one(
    http: httpx2.AsyncClient, provider: ModuleType, era: str
) -> None:
    good = provider.token()
    cases: dict[str, tuple[list[tuple[str, str]], str | None]] = {
        "none": ([], None),
        "another scheme": ([("Authorization", "Basic dXNlcjpwYXNz")], "invalid_token"),
        "no scheme": ([("Authorization", good)], "invalid_token"),
        "no token": ([("Authorization", "Bearer")], "invalid_token"),
        "two": ([*bearer(good).items(), *bearer(good).items()], "invalid_token"),
        "expired": (list(bearer(provider.token(exp=int(time.time()) - 100)).items()), "invalid_token"),
        "not yet": (list(bearer(provider.token(nbf=int(time.time()) + 100)).items()), "invalid_token"),
        "another audience": (list(bearer(provider.token(aud="https://other.example")).items()), "invalid_token"),
        "another issuer": (list(bearer(provider.token(iss="https://evil.example")).items()), "invalid_token"),
        "unsigned": (list(bearer(provider.raw({"alg": "none"}) + "AA").items()), "invalid_token"),
        "shared secret": (
            list(bearer(provider.raw({"alg": "HS256", "kid": "rsa"}, secret=provider.pem("rsa"))).items()),
            "invalid_token",
        ),
        "unknown key": (list(bearer(provider.token(headers={"kid": "x"})).items()), "invalid_token"),
        "of no one in the file": (list(bearer("token-of-the-third-client").items()), "invalid_token"),
    }
    for name, (headers, error) in cases.items():
        answer = await opens(http, era, headers)
        said = challenge(answer)
        assert (answer.status_code, said.get("error")) == (401, error), name
        assert said["resource_metadata"] == f"{http.base_url}".rstrip("/") + WELL_KNOWN + "/mcp"
        assert good[:20] not in answer.text and "Traceback" not in answer.text
    in_the_address = await opens(http, era, path=f"/mcp?access_token={good}")
    assert in_the_address.status_code == 401


async def test_without_a_token_it_is_said_who_gives_some_and_for_what(
    http: httpx2.AsyncClient, provider: ModuleType
) -> None:
    for path in (WELL_KNOWN + "/mcp", WELL_KNOWN):
        answer = await http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json() == {
            "resource": f"{str(http.base_url).rstrip('/')}/mcp",
            "authorization_servers": [provider.ISSUER],
            "scopes_supported": ["agent:run", "code:run", "media:make", "media:read"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Sensorium",
        }
        assert (await http.get(path, headers={"Host": "evil.example"})).status_code == 421
    assert (await http.get(WELL_KNOWN + "/other")).status_code == 401


async def test_tokens_cannot_be_judged_while_the_issuer_is_down(
    http: httpx2.AsyncClient, provider: ModuleType, issuer: Any
) -> None:
    issuer.status = 500
    answer = await opens(http, "legacy", bearer(provider.token()).items())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "127.0.0.1" not in answer.text
    assert (await opens(http, "legacy", bearer("token-of-the-first-client").items())).status_code == 200


class Pocket:
    """Where a client keeps its tokens."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


async def test_a_client_gets_itself_a_token_and_a_better_one_when_that_does_not_allow_enough(
    serve: Callable[..., Any], running: Callable[..., Any], provider: ModuleType, issuer: Any, era: str
) -> None:
    believing = JwtTokens(keys=keys_at(issuer.url), issuer=issuer.address, audience=provider.AUDIENCE)
    async with running(serve(), jwt=believing) as web:
        auth = ClientCredentialsOAuthProvider(
            f"{web.address}/mcp", Pocket(), "a program", "its password", issuer=issuer.address
        )
        http = httpx2.AsyncClient(auth=auth, timeout=30)
        async with http, Client(streamable_http_client(f"{web.address}/mcp", http_client=http), mode=era) as client:
            assert "run_python" not in {one.name for one in (await client.list_tools()).tools}
            called = await client.call_tool("run_python", {"no": "argument"})
            assert called.is_error and "has no argument" in called.model_dump_json()
    first, second = map(str.split, issuer.wanted)
    assert first == ["agent:run", "code:run", "media:make", "media:read"]
    assert {"code:run", "media:read"} <= set(second)


async def test_a_client_sees_and_calls_what_its_token_allows(web: Any, provider: ModuleType, era: str) -> None:
    async with web.client(era, token=provider.token(scope="media:read")) as client:
        names = {one.name for one in (await client.list_tools()).tools}
        assert {"probe_media", "view_media", "job_status", "job_cancel"} <= names
        assert not names & {"run_agent", "speak", "make_chart", "run_python"}
        assert "allowed_folders" in str((await client.read_resource("config://limits")).contents[0])
        for name, scope in {"run_agent": "agent:run", "speak": "media:make", "run_python": "code:run"}.items():
            with pytest.raises(MCPError, match=f"`{scope}`"):
                await client.call_tool(name, {"request": "x", "text": "x", "code": "1"})


async def test_without_a_scope_there_is_nothing_to_see_and_jobs_are_one_s_own(
    web: Any, provider: ModuleType, era: str
) -> None:
    async with web.client(era, token=provider.token(scope="openid")) as client:
        assert {one.name for one in (await client.list_tools()).tools} == {"job_status", "job_cancel"}
        assert (await client.list_resources()).resources == []
        for uri in ("config://limits", "media://slide.png", "artifact://sha256/" + 64 * "0", "run://x"):
            with pytest.raises(MCPError, match="`media:read`"):
                await client.read_resource(uri)
        reference = PromptReference(type="ref/prompt", name="video_report")
        assert (await client.complete(reference, {"name": "path", "value": ""})).completion.values == []
        assert (await client.list_prompts()).prompts == [], "they are about tools that it cannot call"
        with pytest.raises(MCPError, match="no job"):
            await client.read_resource("job://x")
        assert (await client.call_tool("job_status", {"job_id": "x"})).is_error


async def test_what_a_token_does_not_allow_is_refused_with_what_is_missing(
    http: httpx2.AsyncClient, provider: ModuleType, era: str
) -> None:
    headers = {**JSON, **bearer(provider.token(scope="media:make")), "MCP-Protocol-Version": era}
    if era == "legacy":
        opened = await opens(http, era, bearer(provider.token(scope="media:make")).items())
        headers |= {"MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": opened.headers["mcp-session-id"]}
    for method, params, asked in (
        ("tools/call", {"name": "run_agent", "arguments": {"request": "x"}}, "agent:run"),
        ("tools/call", {"name": "probe_media"}, "media:read"),
        ("tools/call", {"name": "fetch_url"}, "media:read"),
        ("tools/call", {"name": "run_python"}, "code:run"),
        ("resources/read", {"uri": "config://limits"}, "media:read"),
    ):
        request = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {**params, "_meta": META}}
        answer = await http.post("/mcp", headers=headers, json=request)
        said = challenge(answer)
        assert (answer.status_code, said["error"]) == (403, "insufficient_scope")
        assert set(said["scope"].split()) == {"media:make", asked}
        assert said["resource_metadata"].endswith(WELL_KNOWN + "/mcp")
        assert answer.json()["id"] == 7 and f"`{asked}`" in answer.json()["error"]["message"]


async def test_files_need_the_scope_to_read(http: httpx2.AsyncClient, provider: ModuleType) -> None:
    lacking, having = bearer(provider.token(scope="agent:run code:run media:make")), bearer(provider.token())
    for method, path in (("POST", "/upload"), ("GET", "/artifacts/" + 64 * "0"), ("GET", "/artifacts"), ("GET", "/")):
        answer = await http.request(method, path, headers=lacking, content=b"x" if method == "POST" else None)
        assert (answer.status_code, challenge(answer)["error"]) == (403, "insufficient_scope"), path
    assert (await http.post("/upload", headers=having, content=b"x")).status_code == 201


async def test_two_subjects_of_one_issuer_never_see_each_other_s_files(
    web: Any, http: httpx2.AsyncClient, provider: ModuleType, films: Path, body: Body
) -> None:
    ana, bob = provider.token(sub="ana"), provider.token("rsa", sub="bob")
    content = (films / "slide.png").read_bytes() + b"only Ana has this"
    handle = (await http.post("/upload", headers=bearer(ana), content=content)).json()["handle"]
    assert (await http.get(f"/artifacts/{handle[-64:]}", headers=bearer(ana))).status_code == 200
    assert (await http.get(f"/artifacts/{handle[-64:]}", headers=bearer(bob))).status_code == 404
    async with web.client("legacy", token=ana) as first, web.client(token=bob) as second:
        made = body(await first.call_tool("view_media", {"media": handle}))["picture"]
        assert Path(made["path"]).parent.name == name_of(provider.ISSUER, "ana")
        for named in (handle, made["handle"], made["path"]):
            assert (await second.call_tool("view_media", {"media": named})).is_error
        for uri in (handle, made["handle"]):
            with pytest.raises(MCPError, match="not an artifact"):
                await second.read_resource(uri)
        listed = {str(one.uri) for one in (await second.list_resources()).resources}
        assert not listed & {handle, made["handle"]}
    again = provider.token("p256", sub="ana")
    assert (await http.get(f"/artifacts/{handle[-64:]}", headers=bearer(again))).status_code == 200, "the same Ana"


async def test_two_subjects_of_one_issuer_never_see_each_other_s_jobs_runs_and_sessions(
    serve: Callable[..., Any],
    running: Callable[..., Any],
    believing: JwtTokens,
    provider: ModuleType,
    *,
    tmp_path: Path,
    body: Body,
) -> None:
    nap = {"seconds": 60, "mark": str(tmp_path / "mark")}
    ana, bob = (provider.token(sub=one, scope="media:read media:make agent:run") for one in ("ana", "bob"))
    server = serve(limits=Limits(answer_seconds=0.3))
    async with (
        running(server, jwt=believing) as web,
        httpx2.AsyncClient(base_url=web.address, timeout=30) as http,
        web.client(token=ana) as first,
        web.client(token=bob) as second,
    ):
        job = body(await first.call_tool("nap", nap))["job_id"]
        server.service.belongings.give(name_of(provider.ISSUER, "ana"), ["run:of-ana"])
        for tool in ("job_status", "job_cancel"):
            assert "You have no job" in (await second.call_tool(tool, {"job_id": job})).model_dump_json()
        for uri, says in ((f"job://{job}", "no job"), ("run://of-ana", "no run")):
            with pytest.raises(MCPError, match=says):
                await second.read_resource(uri)
        same = body(await second.call_tool("nap", nap))["job_id"]
        assert same != job
        for client, mine in ((first, job), (second, same)):
            assert body(await client.call_tool("job_cancel", {"job_id": mine}))["status"] == "cancelled"
        session = (await opens(http, "legacy", bearer(ana).items())).headers["mcp-session-id"]
        taken = {**JSON, "MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": session}
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        statuses = [
            (await http.post("/mcp", headers=taken | bearer(token), json=ping)).status_code
            for token in (bob, "token-of-the-first-client", provider.token("p384", sub="ana"))
        ]
    assert statuses == [404, 404, 200]


async def test_a_body_that_says_two_things_calls_nothing_that_is_not_allowed(
    http: httpx2.AsyncClient, provider: ModuleType
) -> None:
    headers = {**JSON, **bearer(provider.token()), "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call"}
    statuses = set()
    for first, second in (("run_agent", "probe_media"), ("probe_media", "run_agent")):
        names = f'"name": "{first}", "name": "{second}"'
        params = f'{{{names}, "arguments": {{"request": "x"}}, "_meta": {json.dumps(META)}}}'
        body = f'{{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {params}}}'
        for named in (first, second):
            for content in (body.encode(), body.encode("utf-16"), f"[{body}]".encode()):
                answer = await http.post("/mcp", headers={**headers, "Mcp-Name": named}, content=content)
                statuses.add(answer.status_code)
                assert answer.status_code != 200 or "`probe_media` has no argument `request`" in answer.text
    assert statuses == {200, 400, 403}


async def test_no_other_way_to_write_the_address_leads_around_a_scope(
    http: httpx2.AsyncClient, provider: ModuleType
) -> None:
    call = {**INITIALIZE, "method": "tools/call", "params": {"name": "speak", "_meta": META}}
    named = {**JSON, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "speak"}
    allowed = bearer(provider.token())
    for path in ("/mcp", "/mcp/", "/mcp%0a", "//mcp", "/MCP", "/%6dcp", "/mcp/../mcp", "/./mcp", "/mcp;x"):
        url = str(http.base_url).rstrip("/") + path
        for headers, refused in ((JSON, 401), (named, 401), (JSON | allowed, 403), (named | allowed, 403)):
            answer = await http.post(url, headers=headers, json=call)
            assert answer.status_code in (refused, 307, 404), path
            if answer.status_code == 403:
                assert challenge(answer)["scope"] == "media:make media:read"


async def test_each_request_of_a_session_may_do_what_its_own_token_allows(
    http: httpx2.AsyncClient, provider: ModuleType
) -> None:
    every, some = provider.token(scope="media:read media:make"), provider.token(scope="media:read")
    opened = await opens(http, "legacy", bearer(every).items())
    session = {**JSON, "MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": opened.headers["mcp-session-id"]}
    began = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await http.post("/mcp", headers=session | bearer(some), json=began)).status_code == 202
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    told = [(await http.post("/mcp", headers=session | bearer(one), json=listing)).text for one in (every, some, every)]
    assert ['"speak"' in one for one in told] == [True, False, True]
    assert all('"probe_media"' in one for one in told)


async def test_the_server_judges_again_what_it_understood(serve: Callable[..., Any], era: str) -> None:
    reader = AccessToken(token="", client_id="ana", scopes=["media:read"])
    known = auth_context_var.set(AuthenticatedUser(reader))
    try:
        async with Client(serve(), mode=era) as client:
            assert "run_agent" not in {one.name for one in (await client.list_tools()).tools}
            with pytest.raises(MCPError, match="`agent:run`"):
                await client.call_tool("run_agent", {"request": "x"})
            assert "You have no job" in (await client.call_tool("job_status", {"job_id": "x"})).model_dump_json()
    finally:
        auth_context_var.reset(known)


async def test_static_tokens_may_be_less_than_all(
    serve: Callable[..., Any], running: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "tokens"
    file.write_text("ana 0123456789abcdef media:read,agent:run\nana fedcba9876543210  # all\n")
    tokens = Tokens.read(file)
    assert tokens.principal("0123456789abcdef") == Principal("ana", frozenset({"media:read", "agent:run"}))
    async with (
        running(serve(), tokens=tokens) as web,
        web.client(token="0123456789abcdef") as some,
        web.client(token="fedcba9876543210") as every,
        httpx2.AsyncClient(base_url=web.address, headers=bearer("0123456789abcdef"), timeout=30) as http,
    ):
        names, all_names = [{one.name for one in (await client.list_tools()).tools} for client in (some, every)]
        assert all_names - names >= {"speak", "make_chart", "run_python"}
        assert names >= {"run_agent", "probe_media"}
        answer = await http.post("/mcp", headers=JSON, json=SPEAK)
        assert (answer.status_code, challenge(answer)["error"]) == (403, "insufficient_scope")
        assert "resource_metadata" not in challenge(answer), "nobody gives such tokens"


async def test_a_task_runs_no_code_for_a_token_that_does_not_allow_it(
    serve: Callable[..., Any], running: Callable[..., Any], films: Path, body: Body
) -> None:
    (films / "sums.py").write_text("total = 0\nfor number in range(1000):\n    total += number\nprint(total)\n")
    tokens = Tokens.of({"0123456789abcdef": Principal("ana", frozenset({"media:read", "agent:run"}))})
    async with (
        running(serve(approved=True), tokens=tokens) as web,
        web.client(token="0123456789abcdef") as client,
    ):
        task = {"request": "Optimise this script", "files": ["sums.py"]}
        answer = body(await client.call_tool("run_agent", task))
    errors = {one["tool"]: one.get("error") for one in answer["steps"]}
    assert errors["analyze_code"] is None
    assert "`code:run`" in errors["run_python"]


async def test_the_log_says_who_called_what_and_holds_no_token_and_no_content(
    web: Any, http: httpx2.AsyncClient, provider: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    token, expired = provider.token(sub="ana\nforged line"), provider.token(exp=int(time.time()) - 100)
    with caplog.at_level(logging.INFO, "sensorium"):
        async with web.client(token=token) as client:
            await client.call_tool("probe_media", {"media": "slide.png"})
            await client.call_tool("probe_media", {"media": "no-such-file.png"})
            await client.read_resource("config://limits")
        await http.post("/upload", headers=bearer(token), content=b"what is in the file")
        await http.post("/upload", headers=bearer(expired), content=b"x")
        await http.post(
            "/mcp",
            headers=JSON | bearer(token),
            json=SPEAK,
        )
    name, said = name_of(provider.ISSUER, "ana\nforged line"), caplog.text
    for line in (
        "called probe_media: done",
        "called probe_media: refused",
        "asked for a resource (config)",
        "uploaded 19 bytes",
    ):
        assert f"{name} {line}" in said
    assert f"to {name}: its token does not allow media:make" in said
    assert "The token has expired" in said
    assert f"{name} is 'ana\\nforged line'" in said
    for secret in (*token.split("."), *expired.split("."), "slide.png", "no-such-file", "what is in the file"):
        assert secret not in said
