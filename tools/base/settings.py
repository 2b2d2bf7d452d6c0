"""Settings: one frozen object, read once at the edge and handed down."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..credentials.chosen import Credentials, read_credentials
from ..fetching.rules import FetchRules, read_rules
from ..local.rules import LocalRules, read_local
from ..sandbox.choice import Choice, read_choice
from ..servers.configured import Server, read_servers
from .budget import Caps
from .by_model import read_amounts
from .endpoints import Endpoint, read_endpoints
from .errors import SettingsError
from .home import home_folder, read_file
from .policy import Policy, read_policy
from .price import UNITS
from .secrets import know, secrets_in

ROLES = ("think", "see", "hear", "speak", "draw", "film", "play", "embed")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_OWN_TABLES = ("providers", "policy", "budget", "fetch", "sandbox", "mcp", "credentials")
"""Tables that are believed only in the home's sensorium.toml."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a user can set. Environment variables win over `sensorium.toml`."""

    home: Path
    """Where the library, the artifacts and the checkpoints live (`SENSORIUM_HOME`)."""
    offline: bool = False
    """Never try to download anything (`SENSORIUM_OFFLINE=1`)."""
    local_only: bool = False
    """Refuse whatever would leave this machine (`--local-only`, `SENSORIUM_LOCAL_ONLY=1`, `local_only = true`)."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Role -> `provider:model` (`SENSORIUM_HEAR=faster-whisper:small`, or `[models]` in the file)."""
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    """Where models are served, with their keys: those a role names, and the `[providers.NAME]` of the file."""
    policy: Policy = field(default_factory=Policy)
    """What tool calls may do (`[policy]` in the file of the home folder)."""
    fetch: FetchRules = field(default_factory=FetchRules)
    """What may be fetched (`[fetch]` in the file of the home folder)."""
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Role -> who is asked, in this order, when its model is down (`think = ["a:m", "b:m"]`, or with a comma)."""
    degrade: bool = True
    """Whether `see` and `hear` fall to what is embedded when the model they name fails (`SENSORIUM_DEGRADE=0`)."""
    caps: Caps = field(default_factory=Caps)
    """The most that one run may spend (`[budget]`: `usd`, and any unit of a price)."""
    sandbox: Choice = field(default_factory=Choice)
    """What confines code, and its limits (`[sandbox]` in the file of the home folder)."""
    credentials: Credentials = field(default_factory=Credentials)
    """How what is made tells who made it (`[credentials]` in the file of the home folder)."""
    servers: Mapping[str, Server] = field(default_factory=dict)
    """Other MCP servers, whose tools are offered, too (`[mcp.servers.NAME]` in the file of the home folder)."""
    local: LocalRules = field(default_factory=LocalRules)
    """How models on this machine run (`[local]`)."""
    webhook_listen: str = ""
    """`HOST:PORT` where providers tell of jobs (`SENSORIUM_WEBHOOK_LISTEN`); a `webhook` in `[providers.NAME]` leads
    there."""
    step_timeout_seconds: float = 1800.0
    """The longest one tool call may take (`SENSORIUM_STEP_TIMEOUT`)."""
    max_bytes: int = 64 * 2**30
    """Files larger than this are refused (`SENSORIUM_MAX_BYTES`)."""

    def __post_init__(self) -> None:
        if self.local_only:  # whoever is handed an endpoint alone must know it
            closed = {name: replace(one, local_only=True) for name, one in self.endpoints.items()}
            object.__setattr__(self, "endpoints", closed)

    @classmethod
    def read(
        cls, environ: Mapping[str, str] | None = None, folder: Path | None = None, *, local_only: bool = False
    ) -> "Settings":
        """Read `sensorium.toml` of the home folder, then that of `folder`, then the environment; the later wins.

        Args:
            environ: The environment variables; this process's when left out.
            folder: The folder that one works in; the current one when left out.
            local_only: Let nothing leave this machine, whatever they say.

        Raises:
            SettingsError: A value cannot be understood; the message names it.
        """
        env = os.environ if environ is None else environ
        know(*secrets_in(env))
        home = home_folder(env)
        folder = folder or Path.cwd()
        own, here = read_file(home / "sensorium.toml"), read_file(folder / "sensorium.toml")
        for table in _OWN_TABLES if folder.resolve() != home.resolve() else ():
            # A folder that someone else made must not be able to send the user's keys to an address of its choice,
            # nor do or spend more than the user allows.
            if table in here:
                raise SettingsError(
                    f"`[{table}]` stands in the sensorium.toml of the folder you are in, where it is not believed. "
                    f"Move it to {str(home / 'sensorium.toml')!r}."
                )
        if other := [one for one in ("mcpServers", "mcp_servers", "servers") if one in own]:
            raise SettingsError(
                f"`[{other[0]}]` in sensorium.toml is read by other programs. Here it is `[mcp.servers.NAME]`."
            )
        file = own | here
        if not all(isinstance(one.get("models", {}), dict) for one in (own, here)):
            raise SettingsError("`models` in sensorium.toml must be a table: `[models]`.")
        chosen = {str(role): model for one in (own, here) for role, model in one.get("models", {}).items()}
        chosen |= {role: env[f"SENSORIUM_{role.upper()}"] for role in ROLES if env.get(f"SENSORIUM_{role.upper()}")}
        asked = {role: _models(role, value) for role, value in chosen.items()}
        tables = file.get("providers", {})
        if not isinstance(tables, dict):
            raise SettingsError("`providers` in sensorium.toml must be tables: `[providers.NAME]`.")
        return cls(
            home=home,
            offline=_truth(env.get("SENSORIUM_OFFLINE") or env.get("HF_HUB_OFFLINE") or file.get("offline", False)),
            local_only=local_only or _local_only(env, own, here),
            models={role: names[0] for role, names in asked.items()},
            endpoints=read_endpoints([one for names in asked.values() for one in names], tables, env, home),
            fallbacks={role: names[1:] for role, names in asked.items() if names[1:]},
            degrade=_truth(env.get("SENSORIUM_DEGRADE") or file.get("degrade", True)),
            caps=_caps(file.get("budget", {})),
            policy=read_policy(own.get("policy", {})),
            fetch=read_rules(own.get("fetch", {})),
            sandbox=read_choice(own.get("sandbox", {})),
            credentials=read_credentials(own.get("credentials", {}), env, home),
            servers=read_servers(own.get("mcp", {}), env),
            local=read_local(file.get("local", {}), env),
            webhook_listen=_listen(str(env.get("SENSORIUM_WEBHOOK_LISTEN") or own.get("webhook_listen", ""))),
            step_timeout_seconds=_number(env, file, "step_timeout", cls.step_timeout_seconds),
            max_bytes=int(_number(env, file, "max_bytes", cls.max_bytes)),
        )


def _models(role: str, value: Any) -> tuple[str, ...]:
    """Return the models of a role: who serves it, then who does when that one is down."""
    if role not in ROLES:
        raise SettingsError(f"`[models]` has {role!r}. The roles are: {', '.join(ROLES)}.")
    names = tuple(str(one).strip() for one in (value if isinstance(value, list) else str(value).split(",")))
    if not names or not all(names):
        raise SettingsError(f"The role {role!r} is empty. Set it to `provider:model`, or leave it out.")
    return names


def _caps(table: Any) -> Caps:
    amounts = read_amounts(table, ("usd", *UNITS), "`[budget]` in sensorium.toml")
    return Caps(usd=amounts.pop("usd", None), units=amounts)


def _local_only(env: Mapping[str, str], own: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    """Return whether nothing may leave this machine; the folder's file can say that it may not, never that it may.

    Raises:
        SettingsError: It is neither true nor false: what was meant to hold must not be passed over.
    """
    said = {
        "`SENSORIUM_LOCAL_ONLY`": env.get("SENSORIUM_LOCAL_ONLY") or None,
        "`local_only` in the sensorium.toml of the folder you are in": here.get("local_only"),
        "`local_only` in sensorium.toml": own.get("local_only"),
    }
    for name, value in said.items():
        if value is not None and str(value).strip().lower() not in {*_YES, *_NO}:
            raise SettingsError(f"{name} is {value!r}; it must be true or false.")
    if said["`SENSORIUM_LOCAL_ONLY`"] is not None:
        return _truth(said["`SENSORIUM_LOCAL_ONLY`"])
    return any(_truth(one.get("local_only", False)) for one in (own, here))


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdecimal() and int(port) < 65_536):
        raise SettingsError(
            f"`SENSORIUM_WEBHOOK_LISTEN` is {text!r}; it must be `HOST:PORT`, such as `127.0.0.1:8750`."
        )
    return text


def _truth(value: object) -> bool:
    return str(value).strip().lower() in _YES


def _number(env: Mapping[str, str], file: Mapping[str, Any], name: str, default: float) -> float:
    variable = f"SENSORIUM_{name.upper()}"
    value = env.get(variable) or file.get(name, default)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 < number < math.inf:
        raise SettingsError(f"`{variable}` (or `{name}` in sensorium.toml) is {value!r}; it must be a number above 0.")
    return number
