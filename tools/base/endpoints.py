"""Where models are served: address, key and quirks of OpenAI-compatible endpoints."""

import re
import tomllib
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from ..jobs.files import job_files
from ..jobs.shapes import JobApi
from .abilities import Ability, Kind, ability_of, read_abilities, read_takes
from .by_model import ORDERED, Amounts, for_model, read_by_model
from .errors import SettingsError
from .price import read_prices
from .secrets import know, redact

Reasoning = Literal["drop", "field", "tags"]
Wire = Literal["openai", "jobs", "webui", "comfyui"]
"""What is spoken there: OpenAI's API; jobs, as a file of `providers/jobs/` describes them; the API of Stable Diffusion
WebUI; ComfyUI's."""

_REASONING: tuple[Reasoning, ...] = get_args(Reasoning)
_FIELDS = (
    "base_url", "jobs_url", "key", "takes", "timeout_seconds", "quirks", "models", "price", "limits", "wire", "webhook"
)  # fmt: skip
# Upper case only, so that a key pasted in the place of its variable's name is noticed and never shown.
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
LIMITS = ("audio_minutes", "pictures", "bytes", "output_tokens")
"""What a provider may limit in one request: the length of sound, pictures, the size of a file, and of an answer."""
MAKING = ("draw", "film", "speak", "play")
"""Roles that may be served by jobs."""
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """How an endpoint differs from OpenAI's."""

    usage: bool = True
    """Ask for the count of tokens with `stream_options`; false for a server that refuses the field."""
    json: bool = True
    """Ask for data with `response_format`; false for a server that takes no pictures with it."""
    reasoning: Reasoning = "drop"
    """How a model gets back what it thought before a tool call: not at all, in the field `reasoning_content`, or in the
    text between `<think>` and `</think>`."""
    max_tokens: str = "max_tokens"
    """The field that limits the length of an answer; it is sent only where a budget has to hold."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """More fields of every request."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A server of models, an OpenAI-compatible one where nothing else is said."""

    name: str
    base_url: str
    """`/chat/completions` is below it."""
    key: str | None = None
    """The environment variable that holds the key; None when there is none."""
    address: str | None = None
    """The environment variable that overrides `base_url`."""
    takes: tuple[Kind, ...] = ()
    """What its models take beside text, where nothing is said of a model."""
    models: tuple[Ability, ...] = ()
    """What single models of it can take; for others see `abilities.ability_of`."""
    timeout_seconds: float = 300.0
    """The longest silence before it counts as down; a model may think for minutes before its first word."""
    quirks: Quirks = Quirks()
    prices: Mapping[str, Amounts] = field(default_factory=dict)
    """Pattern of a model's name -> USD for one of each unit; see `price.price_of`."""
    limits: Mapping[str, Amounts] = field(default_factory=dict)
    """Pattern of a model's name -> the most of each of `LIMITS` in one request."""
    wire: Wire = "openai"
    note: str = ""
    """What to know when it cannot be reached."""
    jobs: JobApi | None = None
    """What it takes jobs for, and how."""
    webhook: str | None = None
    """The public address that leads to our listener; a job's end is noticed sooner with it."""
    fault: str = ""
    """Why it cannot be used: its file is broken."""
    local_only: bool = False
    """It is asked only where it is on this machine; all endpoints of settings that say so have it."""
    secret: str | None = field(default=None, repr=False)
    """The key itself; it goes into the request's header and nowhere else."""
    issuer: str | None = field(default=None, repr=False)
    """Who signs, where a key is signed anew for each request with the secret."""

    def __post_init__(self) -> None:
        know(self.secret)
        know(self.issuer)

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return urlsplit(self.base_url).hostname in _LOCAL_HOSTS

    @property
    def address_setting(self) -> str:
        """What to set to give it another address, in words."""
        variable = f"`{self.address}`, or " if self.address else ""
        return f"{variable}`base_url` in `[providers.{self.name}]` of sensorium.toml"

    @property
    def authorization(self) -> str:
        """The header of that name; WebUI takes `USER:PASSWORD`, as its `--api-auth` has it."""
        if self.wire == "webui" and ":" in (self.secret or ""):
            return "Basic " + b64encode(str(self.secret).encode()).decode()
        return f"Bearer {self.secret}"

    def hide(self, text: str) -> str:
        """Return text without the key, should a server have echoed it."""
        return redact(text)


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model at an endpoint, and the role it was chosen for."""

    endpoint: Endpoint
    name: str
    role: str

    @property
    def full_name(self) -> str:
        return f"{self.endpoint.name}:{self.name}"

    @property
    def ability(self) -> Ability:
        """What is known of the model."""
        return ability_of(self.name, self.endpoint.models)

    @property
    def takes(self) -> tuple[Kind, ...]:
        """What it takes beside text: as its model's table says, else its endpoint's, else what is known of the name."""
        own = next((one.takes for one in self.endpoint.models if one.takes is not None and one.fits(self.name)), None)
        if own is not None:
            return own
        return self.endpoint.takes or self.ability.takes or ()

    @property
    def limits(self) -> Amounts:
        """The most of each of `LIMITS` that one request may have; nothing is known of what is left out."""
        return for_model(self.endpoint.limits, self.name) or {}

    @property
    def setting(self) -> str:
        """What to set to choose another model."""
        return f"SENSORIUM_{self.role.upper()}"


@cache
def presets() -> dict[str, dict[str, Any]]:
    """Return the endpoints known without any file, as `providers/endpoints.toml` has them."""
    file = Path(__file__).parent.parent / "providers" / "endpoints.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def split_model(model: str) -> tuple[str, str]:
    """Return provider and name of `provider:model`; the name may hold further colons."""
    provider, _, name = model.partition(":")
    return provider.strip(), name.strip()


def read_endpoints(
    models: Iterable[str], tables: Mapping[str, Any], environ: Mapping[str, str], home: Path | None = None
) -> dict[str, Endpoint]:
    """Return the endpoints that a model or a `[providers.NAME]` names, with their keys.

    Raises:
        SettingsError: A table cannot be understood; the message names the field and never shows a key.
    """
    named = [split_model(model)[0] for model in models]
    files = job_files(home)
    wanted = dict.fromkeys([*(name for name in named if name in presets() or name in files), *tables])
    return {name: _read(name, tables.get(name, {}), environ, files.get(name)) for name in wanted}


def served_model(model: str, role: str, endpoints: Mapping[str, Endpoint]) -> ServedModel:
    """Return the model that a role is set to.

    Raises:
        SettingsError: It is not `provider:model`, the provider is unknown, or its key is missing.
    """
    provider, name = split_model(model)
    setting = f"`SENSORIUM_{role.upper()}` (or `{role}` in `[models]`)"
    if provider not in endpoints or not name:
        known = ", ".join(sorted({*presets(), *job_files(None), *endpoints}))
        raise SettingsError(
            f"{setting} is {model!r}, which must be `provider:model`, for example `openai:gpt-5-mini`. The providers "
            f"are: {known}; add another as `[providers.NAME]` with a `base_url` in sensorium.toml."
        )
    endpoint = endpoints[provider]
    if endpoint.fault and (role in MAKING or not endpoint.base_url):
        raise SettingsError(f"{setting} is {model!r}, which cannot be used. {endpoint.fault}")
    if endpoint.key and not endpoint.secret and not endpoint.is_local:
        raise SettingsError(
            f"{setting} is {model!r}, and the key of `{provider}` is missing. Set `{endpoint.key}` to it."
        )
    if (
        endpoint.wire == "jobs"
        and endpoint.jobs
        and role not in (roles := {one.role for one in endpoint.jobs.operations})
    ):
        raise SettingsError(
            f"{setting} is {model!r}, and `{provider}` serves {', '.join(sorted(roles))} only. `sensorium providers` "
            "lists who serves what."
        )
    return ServedModel(endpoint=endpoint, name=name, role=role)


def _read(name: str, table: Any, environ: Mapping[str, str], file: Path | None) -> Endpoint:
    where = f"`[providers.{name}]` in sensorium.toml"
    if not isinstance(table, Mapping):
        raise SettingsError(f"{where} must be a table with a `base_url`.")
    if unknown := [one for one in table if one not in _FIELDS]:
        raise SettingsError(f"{where} has {unknown[0]!r}. It can have: {', '.join(_FIELDS)}.")
    preset, jobs = presets().get(name, {}), None
    if file:
        from ..jobs.loading import with_jobs  # what it stands on reads endpoints

        try:
            preset, jobs = with_jobs(name, preset, table, environ, file)
        except SettingsError as error:
            # Whoever has no use for it must not be kept from their work.
            if not preset:
                return Endpoint(name=name, base_url="", fault=str(error))
            preset = {**preset, "fault": str(error)}
    merged = {**preset, **table}
    key, address = merged.get("key"), preset.get("address")
    if key is not None and not (isinstance(key, str) and VARIABLE.fullmatch(key)):
        raise SettingsError(
            f"`key` in {where} must be the name of an environment variable in capitals, not the key itself."
        )
    seconds = merged.get("timeout_seconds", Endpoint.timeout_seconds)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
        raise SettingsError(f"`timeout_seconds` in {where} is {seconds!r}; it must be a number above 0.")
    if (wire := merged.get("wire", Endpoint.wire)) not in get_args(Wire):
        raise SettingsError(f"`wire` in {where} is {wire!r}; it must be one of: {', '.join(get_args(Wire))}.")
    override = environ.get(address) if address else None
    return Endpoint(
        name=name,
        base_url=http_address(
            str(override or merged.get("base_url") or "").strip().rstrip("/").removesuffix("/chat/completions"),
            f"`{address}`" if override else f"`base_url` in {where}",
            "https://host/v1",
        ),
        key=key,
        address=address,
        takes=read_takes(merged.get("takes", []), where),
        # The user's first: of several that fit a name the first one counts.
        models=tuple(
            one for own in (table, preset) for one in read_abilities(own.get("models", {}), f"`[providers.{name}]`")
        ),
        timeout_seconds=float(seconds),
        quirks=_quirks(merged.get("quirks", {}), where),
        prices=_by_model(preset, table, "price", lambda one: read_prices(one, where)),
        limits=_by_model(preset, table, "limits", lambda one: read_by_model(one, LIMITS, f"`limits` in {where}")),
        wire=wire,
        note=str(preset.get("note", "")),
        jobs=jobs,
        webhook=_webhook(table.get("webhook"), where),
        fault=str(preset.get("fault", "")),
        secret=_secret(key, environ),
        issuer=_secret(preset.get("issuer"), environ),
    )


def _by_model(
    preset: Mapping[str, Any], table: Mapping[str, Any], name: str, read: Callable[[Any], dict[str, Any]]
) -> dict[str, Amounts]:
    """Return the numbers of a preset with the user's before them, pattern by pattern.

    Who says what a model costs says it for every order of it.
    """
    theirs = read(table.get(name, {}))
    ours = {key: one for key, one in read(preset.get(name, {})).items() if key.split(ORDERED)[0] not in theirs}
    return {**ours, **theirs}


def http_address(text: str, setting: str, example: str, *, takes_query: bool = False) -> str:
    """Return an http or https address of the settings as it was given.

    Raises:
        SettingsError: It is none, or holds a name or password: addresses are shown in errors.
    """
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  reading it is what checks it
    except ValueError:
        parts = urlsplit("")
    if parts.username or parts.password:
        raise SettingsError(f"{setting} holds a name or password. Put the key into a variable and name it in `key`.")
    is_whole = parts.scheme in ("http", "https") and parts.hostname and not parts.fragment and text.isprintable()
    if not is_whole or (parts.query and not takes_query):
        raise SettingsError(f"{setting} is {text!r}; it must be an address such as `{example}`.")
    return text


def _webhook(value: Any, where: str) -> str | None:
    text = str(value).strip().rstrip("/")
    return None if value is None else http_address(text, f"`webhook` in {where}", "https://example.com/hook")


def _quirks(value: Any, where: str) -> Quirks:
    known = Quirks.__dataclass_fields__
    if not isinstance(value, Mapping) or any(one not in known for one in value):
        raise SettingsError(f"`quirks` in {where} can have: {', '.join(known)}.")
    quirks = Quirks(**value)
    if not (isinstance(quirks.usage, bool) and isinstance(quirks.json, bool) and isinstance(quirks.body, Mapping)):
        raise SettingsError(f"`quirks` in {where}: `usage` and `json` must be true or false, and `body` a table.")
    if not isinstance(quirks.max_tokens, str) or not quirks.max_tokens.isidentifier():
        raise SettingsError(f"`quirks` in {where}: `max_tokens` must be the name of a field.")
    if quirks.reasoning not in _REASONING:
        raise SettingsError(f"`quirks` in {where}: `reasoning` must be one of: {', '.join(_REASONING)}.")
    return quirks


def _secret(key: str | None, environ: Mapping[str, str]) -> str | None:
    secret = environ.get(key, "").strip() if key else ""
    if any(not "!" <= letter <= "~" for letter in secret):
        raise SettingsError(f"`{key}` has a space or a letter that no key has. Copy the key again.")
    return secret or None
