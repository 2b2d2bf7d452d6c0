"""The file of tokens."""

from pathlib import Path

import pytest

from sensorium.mcp_server.principals import Principal
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
