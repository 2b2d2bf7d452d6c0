"""The file of tokens."""

import sys
from pathlib import Path

import pytest

from sensorium.mcp_server.jwt_tokens import name_of
from sensorium.mcp_server.principals import Principal
from sensorium.mcp_server.scopes import SCOPES
from sensorium.mcp_server.tokens import Tokens
from sensorium.tools.base.errors import SettingsError


@pytest.mark.parametrize("name", ["local", "LOCAL", "Local"])
def test_nobody_is_named_as_the_user_on_standard_input_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"ana 0123456789abcdef\n{name} fedcba9876543210\n")
    with pytest.raises(SettingsError, match=f"Line 2 .*{name!r}.*standard input"):
        Tokens.read(path)


def test_a_line_is_a_token_or_a_name_with_one(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text("# for the house\nlocals 0123456789abcdef # Ana\n\nfedcba9876543210\n")
    tokens = Tokens.read(path)
    assert tokens.principal("0123456789abcdef") == Principal("locals")
    assert tokens.principal("fedcba9876543210") == Principal("default")
    assert tokens.principal("house") is None


@pytest.mark.skipif(sys.platform == "win32", reason="rights are others there")
def test_it_is_said_when_others_can_read_the_tokens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "tokens"
    path.write_text("0123456789abcdef\n")
    for mode, warnings in ((0o600, 0), (0o644, 1)):
        path.chmod(mode)
        caplog.clear()
        Tokens.read(path)
        assert len(caplog.records) == warnings and "0123456789abcdef" not in caplog.text


def test_a_file_of_an_editor_on_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_bytes(b"\xef\xbb\xbf0123456789abcdef\r\nana fedcba9876543210\r\n")
    tokens = Tokens.read(path)
    assert tokens.principal("0123456789abcdef") == Principal("default")
    assert tokens.principal("fedcba9876543210") == Principal("ana")


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("fedcba9876543210 media:read", {"media:read"}),
        ("ana fedcba9876543210 media:make,code:run  # of Ana", {"media:make", "code:run"}),
        ("ana fedcba9876543210", SCOPES),
    ],
)
def test_a_line_may_say_what_its_token_allows(tmp_path: Path, line: str, allowed: set[str]) -> None:
    path = tmp_path / "tokens"
    path.write_text(line + "\n")
    found = Tokens.read(path).principal("fedcba9876543210")
    assert found and found.scopes == allowed


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("ana fedcba9876543210 media:write", "There are: agent:run, code:run, media:make, media:read"),
        ("ana fedcba9876543210 media:read,,agent:run", "must be `TOKEN`"),
        ("ana fedcba9876543210 media:read agent:run", "must be `TOKEN`"),
        ("fedcba9876543210 fedcba9876543210 media:read\nfedcba9876543210", "token of a line before"),
        ("ana fedcba9876543210\nAna 0123456789abcdef", "'Ana'"),
        ("Nul fedcba9876543210", "'Nul'"),
        ("com1 fedcba9876543210", "'com1'"),
        ("ana abcdefghij:klmnopqrst", "at least|cannot allow"),
    ],
)
def test_a_line_that_may_mean_something_else_is_refused(tmp_path: Path, lines: str, says: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(lines)
    with pytest.raises(SettingsError, match=says) as refused:
        Tokens.read(path)
    assert not [word for word in ("fedcba9876543210", "klmnopqrst") if word in str(refused.value)]


def test_names_of_signed_tokens_are_no_names_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"{name_of('https://issuer.example', 'ana')} fedcba9876543210\n")
    with pytest.raises(SettingsError, match="Line 1"):
        Tokens.read(path)
