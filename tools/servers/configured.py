"""Other programs' MCP servers, as the home folder's sensorium.toml names them: `[mcp.servers.NAME]`."""

import hashlib
import json
import math
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..base.endpoints import http_address
from ..base.errors import SettingsError
from ..base.outward import is_this_machine
from ..base.secrets import know, secrets_in

MOST_NAME_LETTERS = 24
"""Of a server, so that most names of its tools fit into the 64 letters that models take."""
CONNECT_SECONDS = 20.0
"""How long a server may take to start, and to say what it has."""
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]|_(?!_))*(?<!_)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What other programs put variables into.
_MEANT = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_:.-]*\}|(?<=Bearer )\$\w+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FIELDS = ("command", "args", "env", "cwd", "url", "headers", "key", "tools", "files", "timeout_seconds", "enabled")
_PROGRAM, _ADDRESS = ("command", "args", "env", "cwd", "files"), ("url", "headers", "key")
# What the protocol itself sets, or what decides how a message is read.
_OWN_HEADERS = ("host", "content-", "transfer-encoding", "connection", "accept", "mcp-", "last-event-id")
_BASE = (
    ("APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATH", "PATHEXT", "PROCESSOR_ARCHITECTURE", "SYSTEMDRIVE",
     "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE")
    if sys.platform == "win32"
    else ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER")
)  # fmt: skip
"""Variables that a program gets without being named: none of them holds a secret."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """An MCP server: a program that is started here and spoken to over its pipes, or an address."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """All of its environment: the few variables that any program needs, and what the settings name."""
    cwd: Path | None = None
    """Where it is started; None: an empty folder of its own, so that no project can slip it a file to load."""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What goes with each request, the key in it."""
    tools: tuple[str, ...] = ("*",)
    """Names, or patterns with `*`, of the tools that are taken, as the server calls them."""
    files: tuple[str, ...] = ()
    """Arguments that are paths: the program is given a copy of the file that a plan names."""
    timeout_seconds: float = 120.0
    """The longest that one call may take."""
    enabled: bool = True
    unset: tuple[str, ...] = ()
    """Variables that the settings name and that are not set."""

    def __post_init__(self) -> None:
        know(*secrets_in(self.env), *secrets_in({name.replace("-", "_"): one for name, one in self.headers.items()}))
        know(self.headers.get("authorization", "").removeprefix("Bearer "))
        know(*secrets_in(dict(parse_qsl(urlsplit(self.url).query))), *secrets_in(_options(self.args)))

    @property
    def is_program(self) -> bool:
        """Whether it is started on this machine; what it sends on is not known here."""
        return bool(self.command)

    @property
    def is_local(self) -> bool:
        """Whether it answers at an address of this machine."""
        return not self.is_program and is_this_machine(urlsplit(self.url).hostname or "")

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"`{self.command}`" if self.is_program else urlsplit(self.url).netloc

    @property
    def identity(self) -> str:
        """What makes it this server and no other: not its secrets, and not which of its tools are taken."""
        told = [self.name, self.command, *self.args, str(self.cwd or ""), self.url]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        """All that is set of it."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()

    def takes(self, tool: str) -> bool:
        """Tell whether a tool of it is taken."""
        return any(fnmatchcase(tool, one) for one in self.tools)


def read_servers(table: Any, environ: Mapping[str, str]) -> dict[str, Server]:
    """Return the servers that the table `[mcp]` describes, by name.

    Raises:
        SettingsError: It cannot be understood; the message names the field and never shows a secret.
    """
    if not isinstance(table, Mapping) or not isinstance(table.get("servers", {}), Mapping):
        raise SettingsError("`mcp` in sensorium.toml must hold tables: `[mcp.servers.NAME]`.")
    if unknown := [one for one in table if one != "servers"]:
        raise SettingsError(f"`[mcp]` in sensorium.toml has {unknown[0]!r}. It can have: servers.")
    servers = {name: _read(name, one, environ) for name, one in table.get("servers", {}).items()}
    # What is kept of each lies in files of its name, which some systems do not tell apart by case.
    if alike := [one for one in servers if [other.casefold() for other in servers].count(one.casefold()) > 1]:
        raise SettingsError(
            f"`[mcp.servers.{alike[0]}]` and `[mcp.servers.{alike[1]}]` in sensorium.toml differ only in capital "
            "letters. Rename one."
        )
    return servers


def _read(name: str, table: Any, environ: Mapping[str, str]) -> Server:
    where = f"`[mcp.servers.{name}]` in sensorium.toml"
    if len(name) > MOST_NAME_LETTERS or not _NAME.fullmatch(name):
        raise SettingsError(
            f"{where}: {name!r} is no name for a server. It has up to {MOST_NAME_LETTERS} letters, digits, `-` and "
            "single `_`, and begins with a letter."
        )
    if not isinstance(table, Mapping):
        raise SettingsError(f"{where} must be a table with a `command` or a `url`.")
    if unknown := [one for one in table if one not in _FIELDS]:
        raise SettingsError(f"{where} has {unknown[0]!r}. It can have: {', '.join(_FIELDS)}.")
    if ("command" in table) == ("url" in table):
        raise SettingsError(f"{where} must have either a `command`, which is started, or the `url` of a server.")
    others = [one for one in (_ADDRESS if "command" in table else _PROGRAM) if one in table]
    if others:
        kind = "command" if "command" in table else "url"
        raise SettingsError(f"{where} has a `{kind}`, and `{others[0]}` does not go with it. Take one of them away.")
    seconds = table.get("timeout_seconds", Server.timeout_seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise SettingsError(f"`timeout_seconds` in {where} is {seconds!r}; it must be a number above 0.")
    enabled = table.get("enabled", True)
    if not isinstance(enabled, bool):
        raise SettingsError(f"`enabled` in {where} is {enabled!r}; it must be true or false.")
    env = _environment(table.get("env", {}), where, environ) if "command" in table else {}
    headers = _headers(table, where, environ) if "url" in table else {}
    named = [
        *table.get("env", {}).values(),
        *table.get("headers", {}).values(),
        f"${table['key']}" if "key" in table else "",
    ]
    return Server(
        name=name,
        command=_command(table["command"], where) if "command" in table else "",
        args=_texts(table.get("args", []), f"`args` in {where}"),
        env=env,
        cwd=_folder(table.get("cwd"), where),
        url=http_address(str(table["url"]).strip(), f"`url` in {where}", "https://host/mcp", takes_query=True)
        if "url" in table
        else "",
        headers=headers,
        unset=tuple(dict.fromkeys(one[1:] for one in named if _is_named(one) and not environ.get(one[1:], "").strip())),
        tools=_texts(table.get("tools", ["*"]), f"`tools` in {where}"),
        files=_texts(table.get("files", []), f"`files` in {where}"),
        timeout_seconds=float(seconds),
        enabled=enabled,
    )


def _command(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise SettingsError(f"`command` in {where} is {value!r}; it must be a program, its arguments go into `args`.")
    path = Path(value)
    if value != path.name and not value.startswith("~") and not path.is_absolute():
        raise SettingsError(
            f"`command` in {where} is {value!r}, which depends on the folder one works in. Give a whole path, or the "
            "bare name of a program in `PATH`."
        )
    return str(_at_home(path)) if value.startswith("~") else value


def _at_home(path: Path) -> Path:
    """Return a path with the folder in the place of `~`; as it was where there is no such user."""
    with suppress(RuntimeError):
        return path.expanduser()
    return path


def _options(args: tuple[str, ...]) -> dict[str, str]:
    """Return what stands after names of options: `--api-key=…`, `--api-key …`, `API_KEY=…`."""
    told = [one.partition("=") for one in args if "=" in one] + [
        (name, "", one) for name, one in pairwise(args) if name.startswith("-") and "=" not in name
    ]
    return {name.lstrip("-").replace("-", "_"): one for name, _, one in told}


def _texts(value: Any, setting: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and "\0" not in one for one in value):
        raise SettingsError(f'{setting} is {value!r}; it must be a list of texts, such as `["one"]`.')
    return tuple(value)


def _folder(value: Any, where: str) -> Path | None:
    if value is None:
        return None
    path = _at_home(Path(value)) if isinstance(value, str) and "\0" not in value else None
    if path is None or not path.is_absolute():
        raise SettingsError(f"`cwd` in {where} is {value!r}; it must be the whole path of a folder.")
    return path


def _environment(table: Any, where: str, environ: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(table, Mapping) or not all(isinstance(one, str) for one in table.values()):
        raise SettingsError(f'`env` in {where} must be a table of texts: `{{ MODE = "fast", KEY = "$MY_KEY" }}`.')
    if wrong := [one for one in table if not _VARIABLE.fullmatch(one)]:
        raise SettingsError(f"`env` in {where} has {wrong[0]!r}, which is no name of a variable.")
    base = {name: environ[name] for name in _BASE if name in environ}
    return base | {name: _value(one, f"`{name}` of `env` in {where}", environ) for name, one in table.items()}


def _headers(table: Mapping[str, Any], where: str, environ: Mapping[str, str]) -> dict[str, str]:
    given, key = table.get("headers", {}), table.get("key")
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for one in given.values()):
        raise SettingsError(f'`headers` in {where} must be a table of texts: `{{ X-Key = "$MY_KEY" }}`.')
    for name in given:
        if not _HEADER.fullmatch(name) or name.lower().startswith(_OWN_HEADERS):
            raise SettingsError(f"`headers` in {where} has {name!r}, which cannot be set.")
    headers = {name.lower(): _value(one, f"`{name}` of `headers` in {where}", environ) for name, one in given.items()}
    if key is not None:
        if not isinstance(key, str) or not _VARIABLE.fullmatch(key):
            raise SettingsError(f"`key` in {where} must be the name of an environment variable, not the key itself.")
        if "authorization" in headers:
            raise SettingsError(f"{where} has a `key` and an `Authorization` among its `headers`. Take one away.")
        if value := _value(f"${key}", f"`key` in {where}", environ):
            headers["authorization"] = f"Bearer {value}"
    for name, one in headers.items():
        if any(not " " <= letter <= "~" for letter in one) or one != one.strip():
            raise SettingsError(f"`{name}` of `headers` in {where} has a letter that no header has. Copy it again.")
    return headers


def _is_named(text: str) -> bool:
    """Tell whether a text stands for a variable: `$NAME`."""
    return text.startswith("$") and bool(_VARIABLE.fullmatch(text[1:]))


def _value(text: str, setting: str, environ: Mapping[str, str]) -> str:
    """Return a text, or what the variable holds that it names with `$`, which is a secret."""
    if "\0" in text:
        raise SettingsError(f"{setting} has a nul in it, which nothing here can hold.")
    if not _is_named(text):
        if meant := _MEANT.search(text):
            raise SettingsError(
                f"{setting} has `{meant[0]}` in it, and a variable is only put in where it is the whole text: `$NAME`. "
                "For `Authorization: Bearer …` there is `key`."
            )
        return text
    value = environ.get(text[1:], "").strip()
    know(value)
    return value
