"""Whether what is made is signed, and by whom: `[credentials]` of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.errors import SettingsError

ALGORITHMS = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")
_WHERE = "`[credentials]` of sensorium.toml"
_KNOWN = ("enabled", "certificate", "key", "key_variable", "algorithm")


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """How files tell who made them; a certificate of its own is made when none is set."""

    enabled: bool = True
    certificate: Path | None = None
    """Of the user, with those it hangs on, in PEM."""
    key: Path | None = None
    """That belongs to it, in PEM."""
    key_text: str = field(default="", repr=False)
    """The same, where a variable holds it."""
    algorithm: str = "es256"


def read_credentials(table: Any, env: Mapping[str, str], home: Path) -> Credentials:
    """Return what the table `[credentials]` says; paths in it count from the home folder.

    Raises:
        SettingsError: It cannot be understood, or names a file that there is not.
    """
    if not isinstance(table, Mapping):
        raise SettingsError(f"`credentials` in sensorium.toml must be a table: `[credentials]`. It can have: {_all()}.")
    if unknown := [str(one) for one in table if one not in _KNOWN]:
        raise SettingsError(f"{_WHERE} has {unknown[0]!r}. It can have: {_all()}.")
    enabled = table.get("enabled", True)
    if not isinstance(enabled, bool):
        raise SettingsError(f"`enabled` in {_WHERE} is {enabled!r}; it must be true or false.")
    texts = {name: table[name] for name in _KNOWN[1:] if name in table}
    for name, value in texts.items():
        if not isinstance(value, str) or not value.strip():
            raise SettingsError(f"`{name}` in {_WHERE} is {value!r}; it must be a text.")
    algorithm = str(texts.get("algorithm", "es256")).lower()
    if algorithm not in ALGORITHMS:
        raise SettingsError(f"`algorithm` in {_WHERE} is {algorithm!r}. Supported: {', '.join(ALGORITHMS)}.")
    key_text = _key_text(texts, env)
    return Credentials(
        enabled=enabled,
        certificate=_file(texts, "certificate", home),
        key=_file(texts, "key", home),
        key_text=key_text,
        algorithm=algorithm,
    )


def _key_text(texts: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """Return the key of a variable.

    Raises:
        SettingsError: It is not set, or certificate and key do not come together.
    """
    keys = [name for name in ("key", "key_variable") if name in texts]
    if len(keys) == 2:
        raise SettingsError(f"{_WHERE} has `key` and `key_variable`. Leave out one of them.")
    if bool(keys) != ("certificate" in texts):
        missing = "`certificate`" if keys else "`key` (a file), or `key_variable`"
        raise SettingsError(f"{_WHERE} lacks {missing}: a certificate and its key are set together, or neither.")
    if "algorithm" in texts and not keys:
        raise SettingsError(f"`algorithm` in {_WHERE} goes with `certificate` and its key.")
    name = texts.get("key_variable")
    if name is None:
        return ""
    if not env.get(name):
        raise SettingsError(f"`key_variable` in {_WHERE} names `{name}`, which is not set. Set it to a key in PEM.")
    # A variable of one line may hold the lines of PEM with the two letters `\n`.
    return env[name].replace("\\n", "\n")


def _file(texts: Mapping[str, Any], name: str, home: Path) -> Path | None:
    if name not in texts:
        return None
    path = home / Path(texts[name]).expanduser()
    if not path.is_file():
        raise SettingsError(f"`{name}` in {_WHERE} is {str(path)!r}, and there is no such file. Name one in PEM.")
    return path


def _all() -> str:
    return ", ".join(f"`{one}`" for one in _KNOWN)
