"""The settings of other servers: what they may say, who may say it, and what is not offered."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from sensorium.tools.base.errors import SettingsError, UnavailableError
from sensorium.tools.base.secrets import known
from sensorium.tools.base.settings import Settings
from sensorium.tools.servers.configured import read_servers
from sensorium.tools.servers.link import leaving
from sensorium.tools.servers.listing import offered_name
from sensorium.tools.servers.offering import ask_servers, remote_named, remote_tools, why_not_offered
from sensorium.tools.servers.schemas import shape_of

NOTES = {"url": "https://notes.example/mcp", "key": "NOTES_KEY"}


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"comand": "x"}, "has 'comand'. It can have: command, args, env"),
        ({}, "must have either a `command`, which is started, or the `url`"),
        ({"command": "x", "url": "http://a/b"}, "must have either"),
        ({"command": "x", "headers": {}}, "has a `command`, and `headers` does not go with it"),
        ({"url": "http://a/b", "files": ["x"]}, "has a `url`, and `files` does not go with it"),
        ({"command": "./x"}, "depends on the folder one works in"),
        ({"command": ["x"]}, "must be a program, its arguments go into `args`"),
        ({"command": "x", "args": "y"}, "must be a list of texts"),
        ({"command": "x", "cwd": "here"}, "must be the whole path of a folder"),
        ({"command": "x", "cwd": "~nobody-here/x"}, "must be the whole path of a folder"),
        ({"command": "x", "env": {"A": "${HOME}/x"}}, "has `${HOME}` in it, and a variable is only put in where"),
        ({"url": "http://a/b", "headers": {"Authorization": "Bearer $K"}}, "has `$K` in it, and a variable"),
        ({"command": "x", "env": {"A B": "c"}}, "is no name of a variable"),
        ({"command": "x", "env": {"A": 1}}, "must be a table of texts"),
        ({"url": "ftp://a/b"}, "must be an address such as `https://host/mcp`"),
        ({"url": "http://me:pass@a/b"}, "holds a name or password"),
        ({"url": "http://a/b", "headers": {"Host": "x"}}, "'Host', which cannot be set"),
        ({"url": "http://a/b", "headers": {"X-A": "b\nc"}}, "has a letter that no header has"),
        ({"url": "http://a/b", "key": "sk-123 4"}, "must be the name of an environment variable, not the key itself"),
        ({"url": "http://a/b", "timeout_seconds": 0}, "must be a number above 0"),
        ({"url": "http://a/b", "enabled": "no"}, "must be true or false"),
    ],
)
def test_what_cannot_be_understood_is_named_with_what_can_be(table: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_servers({"servers": {"notes": table}}, {})
    assert told in str(error.value) and "`[mcp.servers.notes]` in sensorium.toml" in str(error.value)


@pytest.mark.parametrize("name", ["", "a b", "a__b", "a_", "1a", "x" * 25, "ä"])
def test_a_name_that_no_tool_could_have_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="is no name for a server"):
        read_servers({"servers": {name: NOTES}}, {})


def test_names_that_a_system_may_take_for_one_are_refused() -> None:
    with pytest.raises(SettingsError, match="differ only in capital letters"):
        read_servers({"servers": {"notes": NOTES, "Notes": NOTES}}, {})


def test_a_key_in_an_address_or_an_argument_is_a_secret() -> None:
    read_servers({"servers": {
        "far": {"url": "https://notes.example/mcp?token=tok-0a1b2c3d"},
        "own": {"command": "x", "args": ["--api-key", "arg-0a1b2c3d", "ACCESS_TOKEN=env-0a1b2c3d"]},
    }}, {})  # fmt: skip
    assert {"tok-0a1b2c3d", "arg-0a1b2c3d", "env-0a1b2c3d"} <= set(known())


def test_a_folder_cannot_add_a_server(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "sensorium.toml").write_text('[mcp.servers.evil]\ncommand = "/bin/sh"\n')
    environ = {"SENSORIUM_HOME": str(tmp_path / "home")}
    with pytest.raises(SettingsError, match=r"`\[mcp\]` stands in the sensorium.toml of the folder you are in"):
        Settings.read(environ, tmp_path / "here")


def test_the_table_of_another_program_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "sensorium.toml").write_text('[mcpServers.notes]\ncommand = "notes"\n')
    with pytest.raises(SettingsError, match=r"Here it is `\[mcp.servers.NAME\]`"):
        Settings.read({"SENSORIUM_HOME": str(tmp_path)}, tmp_path)


def test_what_a_variable_holds_is_a_secret_and_goes_to_other_processes_with_the_settings(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "sensorium.toml").write_text(
        '[mcp.servers.notes]\nurl = "https://notes.example/mcp"\n'
        'headers = { X-Team = "$TEAM_WORD" }\nkey = "NOTES_KEY"\n'
        '[mcp.servers.files]\ncommand = "files"\nenv = { WORD = "$TEAM_WORD", MODE = "fast" }\n'
    )
    environ = {
        "SENSORIUM_HOME": str(home), "NOTES_KEY": "sk-0a1b2c3d4e", "TEAM_WORD": "Word-0a1b2c3d", "PATH": "/bin",
        "OTHER_KEY": "sk-other-0a1b2c",
    }  # fmt: skip
    settings = Settings.read(environ, tmp_path)
    notes, files = settings.servers["notes"], settings.servers["files"]
    assert notes.headers == {"x-team": "Word-0a1b2c3d", "authorization": "Bearer sk-0a1b2c3d4e"}
    assert files.env == {"PATH": "/bin", "WORD": "Word-0a1b2c3d", "MODE": "fast"}
    assert {"sk-0a1b2c3d4e", "Word-0a1b2c3d"} <= set(known())
    assert "sk-0a1b" not in repr(settings) and "Word-0a1b" not in repr(settings)
    adapter = TypeAdapter(Settings)
    assert adapter.validate_python(adapter.dump_python(settings, mode="json")).servers == settings.servers


def test_a_server_is_not_offered_where_it_may_not_be_used_and_the_reason_is_said(settings: Settings) -> None:
    tables = {
        "far": {"url": "https://notes.example/mcp"}, "near": {"url": "http://127.0.0.1:9/mcp"}, "own": {"command": "x"},
        "off": {"command": "x", "enabled": False}, "keyless": NOTES,
    }  # fmt: skip
    servers = read_servers({"servers": tables}, {})

    def offered(**closed: bool) -> list[str]:
        now = replace(settings, servers=servers, **{"offline": False, **closed})
        return [name for name, one in servers.items() if not why_not_offered(one, now)]

    assert offered() == ["far", "near", "own"]
    assert offered(offline=True) == ["near", "own"]
    assert offered(local_only=True) == ["near"]
    closed = replace(settings, servers=servers, local_only=True)
    with pytest.raises(UnavailableError, match="is a program, which may send anything anywhere, and `--local-only`"):
        remote_named("own__x", closed)
    with pytest.raises(UnavailableError, match=r"`NOTES_KEY`, which .* names, is not set"):
        remote_named("keyless__x", closed)


async def test_a_list_is_kept_for_the_server_that_gave_it_and_a_silent_one_is_not_waited_for_each_time(
    settings_with: Callable[..., Settings], strange: Any, heard: Callable[[], list[str]]
) -> None:
    settings = settings_with(odd=strange(tools=["ec*", "die"]), gone={"command": "no-such-program"})
    assert (await ask_servers(settings)).keys() == {"gone"}
    assert list(remote_tools(settings)) == ["odd__die", "odd__echo"]
    assert await ask_servers(settings) == {}
    assert (await ask_servers(settings, unheard="gone")).keys() == {"gone"}
    assert await ask_servers(settings, unheard="odd") == {}
    assert len([one for one in heard() if one.startswith("start")]) == 1
    other = settings_with(odd=strange("hostile"))
    assert remote_tools(other) == {}


async def test_a_program_in_the_folder_one_works_in_is_not_started(
    settings_with: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").write_text("#!/bin/sh\n")
    (tmp_path / "notes").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    settings = settings_with(odd={"command": "notes", "env": {"PATH": "."}})
    assert "there is no program 'notes'" in (await ask_servers(settings))["odd"]


def test_a_name_that_has_to_be_changed_takes_no_other_tools_name() -> None:
    assert offered_name("notes", "add") == "notes__add"
    assert offered_name("notes", "a b") != offered_name("notes", "a_b") == "notes__a_b"
    assert len({offered_name("notes", "x" * length) for length in range(40, 200)}) == 160


def test_the_protocol_is_imported_only_when_a_server_is_asked(
    settings_with: Callable[..., Settings], strange: Any, modules_after: Callable[[str], set[str]]
) -> None:
    settings = settings_with(odd=strange())
    table = {"servers": {"odd": strange()}}
    code = f"""
import asyncio, os
from pathlib import Path
from sensorium.tools.base.catalog import offered
from sensorium.tools.base.settings import Settings
from sensorium.tools.servers.configured import read_servers
from sensorium.tools.servers.offering import ask_servers
settings = Settings(home=Path({str(settings.home)!r}), servers=read_servers({table!r}, os.environ))
"""
    asked = modules_after(f"{code}\nasyncio.run(ask_servers(settings))")
    assert "mcp" in asked
    planned = modules_after(f"{code}\n[one.input_schema for one in offered(settings).values()]")
    assert "mcp" not in planned and "httpx2" not in planned


def test_a_loop_that_ends_lets_go_of_its_servers(
    settings_with: Any, strange: Any, heard: Callable[[], list[str]]
) -> None:
    assert asyncio.run(leaving(ask_servers(settings_with(odd=strange())))) == {}
    assert heard()[-1] == "end"


def test_a_chain_of_references_is_not_followed_to_its_end() -> None:
    chain = {f"a{number}": {"$ref": f"#/$defs/a{number + 1}"} for number in range(40)}
    near, far = {"$ref": "#/$defs/a20"}, {"$ref": "#/$defs/a0"}
    given = {"properties": {"near": near, "far": far}, "$defs": {**chain, "a40": {"type": "string"}}}
    assert shape_of(given).schema["properties"] == {"near": {"type": "string"}, "far": {}}
