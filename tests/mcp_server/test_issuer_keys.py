"""The keys of an issuer: when they are fetched, how long they are believed, and from where."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sensorium.mcp_server import issuer_keys
from sensorium.mcp_server.issuer_keys import (
    AGAIN_SECONDS,
    FIRST_SECONDS,
    FRESH_SECONDS,
    MOST_BYTES,
    STALE_SECONDS,
    IssuerKeys,
    keys_at,
    keys_in,
    read_keys,
)
from sensorium.mcp_server.principals import KeysError
from sensorium.tools.base.errors import SettingsError


class Provider:
    """A provider whose clock and answers a test sets."""

    def __init__(self, listed: list[dict[str, Any]]) -> None:
        self.listed, self.now, self.loads, self.is_down = listed, 1000.0, 0, False
        self.hold: Callable[[], Awaitable[object]] | None = None
        self.keys = IssuerKeys(self._load, "here", clock=lambda: self.now)

    async def _load(self) -> bytes:
        self.loads += 1
        if self.hold:
            await self.hold()
        if self.is_down:
            raise KeysError("it is down.")
        return json.dumps({"keys": self.listed}).encode()

    async def knows(self, key_id: str) -> bool:
        return bool(await self.keys.find(key_id, "EdDSA"))


@pytest.fixture
def provided(provider: ModuleType) -> Provider:
    return Provider([provider.public("ed", "first")])


async def test_keys_are_fetched_once_and_again_when_they_are_old(provided: Provider, provider: ModuleType) -> None:
    assert [await provided.knows("first") for _ in range(3)] == [True] * 3
    assert provided.loads == 1
    provided.now += FRESH_SECONDS + 1
    provided.listed = [provider.public("ed", "second")]
    assert await provided.knows("second")
    assert provided.loads == 2
    assert not await provided.knows("first"), "it was withdrawn"


async def test_a_new_key_is_found_at_once_and_unknown_ones_are_not_looked_for_all_the_time(
    provided: Provider, provider: ModuleType
) -> None:
    assert await provided.knows("first")
    provided.listed.append(provider.public("ed", "second"))
    assert await provided.knows("second")
    assert provided.loads == 2
    provided.now += AGAIN_SECONDS - 1
    assert not any([await provided.knows(f"made up {one}") for one in range(50)])
    assert provided.loads == 2
    provided.now += 1
    assert not any([await provided.knows(f"made up {one}") for one in range(50)])
    assert provided.loads == 3


async def test_keys_are_believed_for_a_while_when_the_issuer_is_down(provided: Provider) -> None:
    assert await provided.knows("first")
    provided.is_down = True
    provided.now += FRESH_SECONDS + 1
    assert await provided.knows("first")
    assert await provided.knows("first")
    assert provided.loads == 2, "who is down is left alone for a while"
    provided.now += STALE_SECONDS
    with pytest.raises(KeysError, match="'here'"):
        await provided.knows("first")
    provided.is_down = False
    provided.now += AGAIN_SECONDS
    with pytest.raises(KeysError):  # nobody waits for an issuer that was down
        await provided.knows("first")
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
    assert await provided.knows("first")


async def test_without_any_keys_the_issuer_is_asked_again_soon(provided: Provider) -> None:
    provided.is_down = True
    for _ in range(5):
        with pytest.raises(KeysError):
            await provided.knows("first")
    assert provided.loads == 1
    provided.is_down = False
    provided.now += FIRST_SECONDS
    assert await provided.knows("first")


async def test_one_fetch_serves_all_who_wait_also_when_the_first_leaves(provided: Provider) -> None:
    go = asyncio.Event()
    provided.hold = go.wait
    waiting = [asyncio.create_task(provided.knows("first")) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting[0].cancel()
    go.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError)
    assert ended[1:] == [True] * 19
    assert provided.loads == 1


async def test_who_holds_a_known_key_does_not_wait_for_an_issuer_that_hangs(
    provided: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await provided.knows("first")
    provided.is_down = True
    provided.now += FRESH_SECONDS + 1
    assert await provided.knows("first")
    provided.hold = asyncio.Event().wait
    provided.now += AGAIN_SECONDS
    assert await asyncio.wait_for(provided.knows("first"), 1)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


def test_only_keys_that_verify_and_cannot_sign_are_taken(provider: ModuleType) -> None:
    good = provider.public("rsa", "good", use="sig", alg="RS256", key_ops=["verify"])
    private = provider.written(provider.PRIVATE["rsa"], "RS256")
    bad = [
        private,
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"},
        provider.public("rsa", use="enc"),
        provider.public("rsa", key_ops=["encrypt"]),
        provider.public("rsa", key_ops=7),
        provider.public("rsa", key_ops="verify"),
        provider.public("rsa", alg="HS256"),
        provider.public("rsa", alg="none"),
        provider.public("rsa", alg="ES256"),
        provider.public("p256", crv="secp256k1"),
        provider.public("p256", x="AA"),
        provider.public("ed", crv="X25519"),
        {**good, "n": "AQAB"},
        {**good, "kid": 7},
        {"kty": ["RSA"]},
        "a word",
        None,
    ]
    found = read_keys(json.dumps({"keys": [*bad, good]}).encode())
    assert [(one.id, one.algorithms) for one in found] == [("good", {"RS256"})]
    for content in (json.dumps({"keys": bad}).encode(), b'{"keys": []}', b'{"keys": {}}', b"[]", b"{", b"[" * 90_000):
        with pytest.raises(KeysError):
            read_keys(content)


async def test_what_an_address_answers_is_not_believed_blindly(
    issuer: Any, provider: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.dumps({"keys": [provider.public("ed")]}).encode()
    monkeypatch.setattr(issuer_keys, "FETCH_SECONDS", 0.2)
    answers: list[tuple[int, dict[str, str], bytes]] = [
        (500, {}, whole),
        (302, {"Location": issuer.url}, b""),
        (200, {}, b" " * MOST_BYTES + whole),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(whole)),
        (200, {"Content-Length": str(len(whole) + 1)}, whole),  # it never ends
        (200, {}, b"<html>"),
    ]
    for issuer.status, issuer.headers, issuer.body in answers:
        with pytest.raises(KeysError):
            await keys_at(issuer.url).find("ed", "EdDSA")
    issuer.status, issuer.headers, issuer.body = 200, {}, whole
    assert await keys_at(issuer.url).find("ed", "EdDSA")
    assert len(issuer.asked) == len(answers) + 1, "no redirect was followed"


async def test_keys_in_a_file_may_change(tmp_path: Path, provider: ModuleType) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [provider.public("ed", "first")]}))
    keys = keys_in(file)
    assert await keys.find("first", "EdDSA")
    file.write_text(json.dumps({"keys": [provider.public("ed", "second")]}))
    assert await keys.find("second", "EdDSA")


@pytest.mark.parametrize("content", [None, "", "{}", '{"keys": []}'])
def test_a_file_without_keys_is_refused_at_the_start(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match="jwks-file"):
        keys_in(file)


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/keys",
        "http://127.0.0.1.issuer.example/keys",
        "file:///etc/passwd",
        "ftp://127.0.0.1/keys",
        "https://name:password-of-it@issuer.example/keys",
        "https:///keys",
        "issuer.example/keys",
        "https://issuer.example:port/keys",
        "https://[::1/keys",
    ],
)
def test_keys_come_from_an_address_that_can_be_trusted(url: str) -> None:
    with pytest.raises(SettingsError, match="--jwks-url") as refused:
        keys_at(url)
    assert "password-of-it" not in str(refused.value)


def test_where_nothing_may_leave_this_machine_keys_are_not_fetched_from_elsewhere() -> None:
    with pytest.raises(SettingsError, match="--jwks-file"):
        keys_at("https://issuer.example/keys", local_only=True)
    assert keys_at("http://127.0.0.1:1/keys", local_only=True)
