"""What is on this machine and what is not, decided without asking anybody."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from sensorium.tools.base.endpoints import Endpoint, ServedModel
from sensorium.tools.base.errors import LocalOnlyError, SettingsError
from sensorium.tools.base.hub import Hub
from sensorium.tools.base.outward import is_this_machine, refuse_if_local_only
from sensorium.tools.base.posting import post
from sensorium.tools.base.settings import Settings


@pytest.fixture
def no_lookups(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(host: Any, *more: Any, **named: Any) -> Any:
        raise AssertionError(f"{host!r} was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_lookups")
@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_a_loopback_address_is_this_machine(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.usefixtures("no_lookups")
@pytest.mark.parametrize(
    "host",
    [
        "api.openai.com", "8.8.8.8", "10.0.0.1", "192.168.1.2", "169.254.169.254", "0.0.0.0", "::", "::ffff:8.8.8.8",
        "2130706433", "0x7f.1", "127.1",
        "127.0.0.1.nip.io", "localhost.evil.com", "notlocalhost", "a.localhost", "localhost.", "127.0.0.1.", "",
        "fe80::1%lo",
    ],
)  # fmt: skip
def test_all_else_is_not_and_no_name_is_looked_up(host: str) -> None:
    assert not is_this_machine(host)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST"])
def test_localhost_is_what_it_resolves_to(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*addresses: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    answer("127.0.0.1", "::1")
    assert is_this_machine(host)
    answer("127.0.0.1", "93.184.216.34")
    assert not is_this_machine(host)
    answer()
    assert not is_this_machine(host)


def test_the_error_names_the_switch(tmp_path: Path) -> None:
    refuse_if_local_only(Settings(home=tmp_path), "example.com")
    closed = Settings(home=tmp_path, local_only=True)
    refuse_if_local_only(closed, "127.0.0.1")
    with pytest.raises(LocalOnlyError, match=r"'example.com': `--local-only` \(`SENSORIUM_LOCAL_ONLY=1`"):
        refuse_if_local_only(closed, "example.com")


@pytest.mark.parametrize(
    ("env", "own", "here", "closed"),
    [
        ("", "", "", False),
        ("1", "", "", True),
        ("", "local_only = true", "", True),
        ("", "local_only = true", "local_only = false", True),
        ("", "", "local_only = true", True),
        ("0", "local_only = true", "", False),
    ],
)
def test_the_folder_can_close_and_never_open(tmp_path: Path, env: str, own: str, here: str, *, closed: bool) -> None:
    home, folder = tmp_path / "home", tmp_path / "here"
    for place, text in ((home, own), (folder, here)):
        place.mkdir()
        (place / "sensorium.toml").write_text(text)
    environ = {"SENSORIUM_HOME": str(home), "SENSORIUM_LOCAL_ONLY": env, "SENSORIUM_THINK": "openai:gpt"}
    read = Settings.read(environ, folder)
    assert (read.local_only, read.endpoints["openai"].local_only) == (closed, closed)
    assert Settings.read(environ, folder, local_only=True).endpoints["openai"].local_only


def test_a_word_that_is_neither_true_nor_false_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="`SENSORIUM_LOCAL_ONLY` is 'si'; it must be true or false"):
        Settings.read({"SENSORIUM_HOME": str(tmp_path), "SENSORIUM_LOCAL_ONLY": "si"}, tmp_path)


@pytest.mark.usefixtures("no_lookups")
async def test_an_endpoint_elsewhere_is_not_asked(tmp_path: Path) -> None:
    far = Endpoint(name="far", base_url="https://models.example/v1", secret="sk-0123456789")
    far = Settings(home=tmp_path, endpoints={"far": far}, local_only=True).endpoints["far"]
    with pytest.raises(LocalOnlyError, match=r"'models\.example'"):
        async with post(ServedModel(endpoint=far, name="big", role="think"), "/chat/completions", {}):
            pass


async def test_an_endpoint_on_this_machine_is_asked_past_any_proxy(
    tmp_path: Path, server: Any, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    server.play(script.whole("ready"))
    near = Endpoint(name="near", base_url=server.url.replace("127.0.0.1", "[::ffff:127.0.0.1]"))
    near = Settings(home=tmp_path, endpoints={"near": near}, local_only=True).endpoints["near"]
    async with post(ServedModel(endpoint=near, name="big", role="think"), "/chat/completions", {}) as response:
        assert response.status_code == 200


async def test_a_name_that_leads_elsewhere_once_it_is_dialled_gets_nothing(
    tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensorium.tools.base import clients

    # The check before the dial passes, and who answers the dial is not this machine's, as far as can be told.
    monkeypatch.setattr(clients, "is_loopback", lambda address: False)
    near = Endpoint(name="near", base_url=server.url)
    near = Settings(home=tmp_path, endpoints={"near": near}, local_only=True).endpoints["near"]
    with pytest.raises(LocalOnlyError):
        async with post(ServedModel(endpoint=near, name="big", role="think"), "/chat/completions", {}):
            pass
    assert server.requests == []


def test_nothing_is_downloaded(tmp_path: Path, run: Any) -> None:
    hub = Hub(Settings(home=tmp_path, local_only=True))
    assert str(hub.unreachable()).startswith("`--local-only`")
    with pytest.raises(Exception, match="lets nothing leave this machine"):
        hub.download("Systran/faster-whisper-base", ["model.bin"], run)


def test_settings_that_are_sent_to_another_process_stay_closed(tmp_path: Path) -> None:
    """Whoever serves the tools to others hands them to its workers."""
    far = Endpoint(name="far", base_url="https://models.example/v1")
    closed = Settings(home=tmp_path, endpoints={"far": far}, local_only=True)
    sent = json.loads(json.dumps(TypeAdapter(Settings).dump_python(closed, mode="json")))
    received = TypeAdapter(Settings).validate_python(sent)
    assert (received.local_only, received.endpoints["far"].local_only) == (True, True)
