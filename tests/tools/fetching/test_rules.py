"""The `[fetch]` table of the settings."""

from pathlib import Path

import pytest

from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.settings import Settings
from sensorium.tools.fetching.rules import FetchRules, read_rules


def test_nothing_said_is_the_usual_ports_and_no_address_allowed() -> None:
    assert read_rules({}) == FetchRules()
    assert FetchRules().ports == {80, 443}


def test_the_home_says_what_may_be_fetched(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sensorium.toml").write_text(
        '[fetch]\nallow = ["*.example.org", "https://a.example/b/*"]\nports = [8080]\nmax_bytes = 1000\nseconds = 5\n'
    )
    settings = Settings.read({"SENSORIUM_HOME": str(tmp_path / "home")}, folder=tmp_path)
    assert settings.fetch == FetchRules(
        allow=("*.example.org", "https://a.example/b/*"), ports=frozenset({80, 443, 8080}), max_bytes=1000, seconds=5.0
    )


def test_a_folder_that_someone_else_made_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "sensorium.toml").write_text('[fetch]\nallow = ["evil.example"]\n')
    with pytest.raises(SettingsError, match=r"`\[fetch\]` stands in the sensorium.toml of the folder you are in"):
        Settings.read({"SENSORIUM_HOME": str(tmp_path / "home")}, folder=tmp_path)


def test_no_file_and_no_variable_opens_networks_that_are_not_public(tmp_path: Path) -> None:
    for name in ("also_public", "resolver", "certificates"):
        with pytest.raises(SettingsError, match=f"{name!r}. It can have: allow, ports, max_bytes, seconds"):
            read_rules({name: ["127.0.0.0/8"]})
    env = {"SENSORIUM_HOME": str(tmp_path), "SENSORIUM_FETCH_ALSO_PUBLIC": "127.0.0.0/8"}
    assert Settings.read(env, folder=tmp_path).fetch.also_public == ()


@pytest.mark.parametrize(
    "table",
    (
        [],
        {"allow": "example.org"},
        {"allow": ["*"]},
        {"allow": [1]},
        {"ports": [0]},
        {"ports": [65536]},
        {"ports": [True]},
        {"ports": 80},
        {"max_bytes": 0},
        {"max_bytes": "1"},
        {"seconds": float("inf")},
        {"seconds": float("nan")},
        {"seconds": True},
    ),
)
def test_what_cannot_be_understood_is_said(table: object) -> None:
    with pytest.raises(SettingsError):
        read_rules(table)
