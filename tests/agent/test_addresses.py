"""Addresses in requests and where files are given: fetched first, then worked on like files."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest

from sensorium import Assistant
from sensorium.agent.addresses import named_in
from sensorium.agent.embedded.brain import EmbeddedBrain
from sensorium.agent.embedded.understand import is_about_files
from sensorium.agent.given_files import given_file, is_address
from sensorium.agent.lint import check
from sensorium.tools import catalog
from sensorium.tools.base.call import call
from sensorium.tools.base.errors import ArgumentError
from sensorium.tools.base.policy import Policy
from sensorium.tools.base.settings import Settings
from sensorium.tools.fetching.addresses import networks
from sensorium.tools.fetching.rules import FetchRules

PAGE = (
    "<!DOCTYPE html><html lang=en><head><title>Puppies</title></head><body><article><h1>Puppies</h1>"
    + "".join(f"<p>Puppies write code in the morning and sleep all afternoon, number {n}.</p>" for n in range(8))
    + "</article></body></html>"
).encode()


@pytest.fixture
def served(making: Any, tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A web server whose host counts as public, and what it was asked for."""
    clip = making.video(tmp_path / "clip.mp4", lambda at: making.slide("Puppies"), seconds=1.0).read_bytes()
    contents: Mapping[str, bytes] = {"/clip.mp4": clip, "/page": PAGE}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = contents.get(self.path, b"")
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.2", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://videos.example:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def assistant(tmp_path: Path, served: tuple[str, list[str]]) -> Iterator[Assistant]:
    port = int(served[0].rpartition(":")[2])
    fetch = FetchRules(
        ports=frozenset({80, 443, port}),
        also_public=networks(["127.0.0.2/32"]),
        resolver=lambda host, port: ["127.0.0.2"] if host == "videos.example" else ["127.0.0.1"],
        connect_seconds=2.0,
        read_seconds=2.0,
    )
    with contextlib.closing(Assistant(Settings(home=tmp_path / "home", fetch=fetch))) as opened:
        yield opened


@pytest.mark.parametrize("request_of", (lambda url: f"What is in {url}?", lambda url: f"分析{url}，它有多长？"))
async def test_a_video_whose_address_the_user_writes_is_fetched_and_worked_on(
    request_of: Callable[[str], str], assistant: Assistant, served: tuple[str, list[str]]
) -> None:
    url, asked = served
    answer = await assistant.run(request_of(f"{url}/clip.mp4"))
    assert answer.status == "done", answer.text
    assert asked == ["/clip.mp4"]


async def test_a_page_is_worked_on_as_text(assistant: Assistant, served: tuple[str, list[str]]) -> None:
    answer = await assistant.run(f"summarize {served[0]}/page")
    assert answer.status == "done"
    assert "Puppies write code" in answer.text


async def test_an_address_can_be_given_as_a_file(assistant: Assistant, served: tuple[str, list[str]]) -> None:
    answer = await assistant.run("How long is it?", [f"{served[0]}/clip.mp4"])
    assert answer.status == "done"
    assert served[1] == ["/clip.mp4"]


async def test_what_cannot_be_fetched_is_said(assistant: Assistant, served: tuple[str, list[str]]) -> None:
    answer = await assistant.run("summarize http://127.0.0.1/secret and http://inside.example/x")
    assert "no public address" in answer.text
    assert served[1] == []


@pytest.mark.parametrize(("decision", "says"), (("deny", "is not allowed"), ("ask", "needs approval")))
async def test_a_policy_is_above_the_words_of_a_request(
    decision: Literal["ask", "deny"], says: str, assistant: Assistant, served: tuple[str, list[str]]
) -> None:
    strict = replace(assistant.settings, policy=Policy(tools={"fetch_url": decision}))
    with contextlib.closing(Assistant(strict)) as careful:
        answer = await careful.run(f"summarize {served[0]}/page")
    assert says in answer.text
    assert served[1] == []


@pytest.mark.parametrize(
    ("request_text", "expected"),
    (
        ("analyze https://example.org/a.mp4 and write a report", True),
        ("总结 https://example.org/a", True),
        ("https://example.org/a.mp4", True),
        ("say aloud: visit https://example.org/", False),
        (
            "summarize: Puppies write code in the morning and sleep. See https://evil.example/?all for more of it.",
            False,
        ),
        ("summarize: https://example.org/a/very/long/address/of/a/page/that/is/about/puppies/and/nothing/else", True),
        ("hello", False),
    ),
)
def test_only_what_a_request_is_about_is_fetched(request_text: str, expected: bool) -> None:
    assert is_about_files(request_text) is expected


def test_an_address_is_fetched_once(served: tuple[str, list[str]]) -> None:
    brain, request = EmbeddedBrain(), "compare https://example.org/a.mp4 with https://example.org/b.mp4"
    assert named_in(request, brain) == ["https://example.org/a.mp4", "https://example.org/b.mp4"]
    known = [{"address": "https://example.org/a.mp4"}]
    assert named_in(request, brain, known, ["HTTPS://example.org/b.mp4", "c.mp4"]) == []


def test_a_file_is_a_path_or_an_address() -> None:
    assert given_file("https://example.org//a") == "https://example.org//a"
    assert given_file("a/b.mp4") == Path("a/b.mp4")
    assert not is_address("ftp://example.org/a")
    assert not is_address("/tmp/https://x")


def test_a_plan_that_gives_an_address_as_a_file_is_told_how() -> None:
    plan = {
        "goal": "hear it",
        "steps": [{"id": "a", "tool": "transcribe", "args": {"media": "https://example.org/a.mp4"}}],
    }
    (finding,) = check(plan, catalog(), facts=[])
    assert finding.severity == "error"
    assert "Make a step that fetches it" in finding.message and "`$page.file`" in finding.message


def test_what_was_fetched_fits_where_files_are_taken() -> None:
    steps = [
        {"id": "page", "tool": "fetch_url", "args": {"url": "https://example.org/a.mp4"}},
        {"id": "speech", "tool": "transcribe", "args": {"media": "$page.file"}},
    ]
    assert check({"goal": "hear it", "steps": steps}, catalog(), facts=[]) == []


async def test_a_tool_that_is_given_an_address_says_what_fetches_it(assistant: Assistant) -> None:
    with pytest.raises(ArgumentError, match=r"is an address. Fetch it with `fetch_url` first"):
        await call("probe_media", {"media": "https://example.org/a.mp4"}, assistant._base)
