"""Loads the file of a job API, and joins it with what the settings say of its provider."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..base.endpoints import http_address
from ..base.errors import SettingsError
from ..base.toml_text import read_toml
from .api import JobFileError, read_api
from .shapes import JobApi

_MOST_BYTES = 2**20


def read_table(file: Path) -> dict[str, Any]:
    """Return what a file holds.

    Raises:
        SettingsError: It cannot be read, or is no TOML.
    """
    try:
        if not file.is_file():
            raise SettingsError(f"{str(file)!r} is no regular file, so it describes no job API. Remove it.")
        if file.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"{str(file)!r} has more than {_MOST_BYTES:,} bytes, so it describes no job API.")
        return read_toml(file.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{str(file)!r} is not valid TOML: {error}. Mend or remove it.") from None
    except OSError as error:
        raise SettingsError(f"{str(file)!r} cannot be read: {error.strerror}. Mend its permission.") from None


def with_jobs(
    name: str, preset: Mapping[str, Any], table: Mapping[str, Any], environ: Mapping[str, str], file: Path
) -> tuple[dict[str, Any], JobApi]:
    """Return the preset of an endpoint with what its job file says, and the API.

    Args:
        name: The provider's.
        preset: Of `endpoints.toml`; empty where the provider has no other API.
        table: Its `[providers.NAME]` of sensorium.toml.
        environ: The environment variables; which key is used depends on which is set.
        file: Of the job API.

    Raises:
        SettingsError: They cannot be understood, or do not fit together.
    """
    own = read_table(file)
    try:
        api = read_api(own, name)
    except JobFileError as error:
        raise SettingsError(f"{error} `sensorium providers check {str(file)!r}` says on which line.") from None
    is_beside = bool(preset) or "jobs_url" in table
    if is_beside and preset.get("key") and api.key not in (None, preset["key"]):
        raise SettingsError(
            f"`key` in {str(file)!r} is {api.key!r}, and the key of `{name}` is in `{preset['key']}`. Leave it out."
        )
    key, issuer = _key(api, preset, table, environ)
    joined: dict[str, Any] = {
        **({} if is_beside else {"base_url": api.base_url, "wire": "jobs", "note": api.note}),
        **preset,
        "key": key,
        "issuer": issuer,
        **{one: {**preset.get(one, {}), **own[one]} for one in ("price", "limits") if one in own},
    }
    # Where the variable leads that overrides the address, the key belongs, and nowhere else.
    override = environ.get(str(preset.get("address")))
    changed = {**table, "base_url": override} if override else table
    return joined, replace(api, base_url=_base_url(name, api, preset, changed, is_beside=is_beside))


def _key(
    api: JobApi, preset: Mapping[str, Any], table: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """Return the variables of the key, and of who signs it where it is signed."""
    plain = table.get("key") or preset.get("key") or api.key
    if not api.jwt or (plain and environ.get(str(plain))):
        return plain, None
    is_set = environ.get(api.jwt.issuer) or environ.get(api.jwt.secret)
    return (api.jwt.secret, api.jwt.issuer) if is_set or not plain else (plain, None)


def _base_url(name: str, api: JobApi, preset: Mapping[str, Any], table: Mapping[str, Any], *, is_beside: bool) -> str:
    """Return where jobs are ordered: a host that the user has changed is changed for them, too."""
    where = f"in `[providers.{name}]` of sensorium.toml"
    if url := table.get("jobs_url"):
        return http_address(str(url).strip().rstrip("/"), f"`jobs_url` {where}", "https://host/api")
    if not (changed := str(table.get("base_url", "")).strip().rstrip("/")):
        return api.base_url
    changed = http_address(changed, f"`base_url` {where}", "https://host/v1")
    if not is_beside or api.base_url == preset.get("base_url"):
        return changed
    ours, theirs, new = urlsplit(api.base_url), urlsplit(str(preset.get("base_url", ""))), urlsplit(changed)
    return (
        ours._replace(scheme=new.scheme, netloc=new.netloc).geturl() if ours.netloc == theirs.netloc else api.base_url
    )
