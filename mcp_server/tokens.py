"""Tokens in a file: who holds one is its owner, and may do what its line says."""

import hashlib
import hmac
import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..tools.base.errors import SettingsError
from ..tools.base.secret_logs import logger_of
from ..tools.base.secrets import know
from .owner import LOCAL
from .principals import Principal
from .scopes import SCOPES, Scope

logger = logger_of(__name__)

DEFAULT_OWNER = "default"
SHORTEST = 16
"""Letters; a shorter token can be guessed."""
TOKEN_BYTES = 32
_FOR_OTHERS = 0o044
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_SCOPES = re.compile(r"[a-z]+:[a-z]+(?:,[a-z]+:[a-z]+)*")
_FORM = (
    f"must be `TOKEN` or `NAME TOKEN`, and after it what the token allows, such as `media:read,agent:run`: a token has "
    f"at least {SHORTEST} letters, a name has letters, digits, `-` and `_`."
)
# Their files are devices on Windows, whatever the case.
_DEVICES = frozenset(("con", "prn", "aux", "nul", *(f"{one}{n}" for one in ("com", "lpt") for n in range(10))))


@dataclass(frozen=True)
class Tokens:
    """Hashes of the tokens, each with whom it stands for."""

    principals: Mapping[bytes, Principal]

    @classmethod
    def of(cls, tokens: Mapping[str, str | Principal]) -> "Tokens":
        """Return these tokens, given with their owners; none of them is shown from now on."""
        know(*tokens)
        named = {token: Principal(who) if isinstance(who, str) else who for token, who in tokens.items()}
        return cls({_hash(token): who for token, who in named.items()})

    @classmethod
    def read(cls, path: Path) -> "Tokens":
        """Read a file with a line for each token: `TOKEN`, or `NAME TOKEN` for several owners; `#` begins a comment.

        What a token allows may stand behind it, such as `media:read,agent:run`; everything when left out.

        Raises:
            SettingsError: The file cannot be read, has no token, a short one or one twice, or a name or a scope that
                cannot be used.
        """
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()  # editors on Windows begin a file with a mark
            is_open = sys.platform != "win32" and path.stat().st_mode & _FOR_OTHERS
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"The token file {str(path)!r} cannot be read: {error}.") from error
        if is_open:
            logger.warning("Other users of this machine can read the token file %r: `chmod 600` it", str(path))
        found: dict[str, Principal] = {}
        names: dict[str, str] = {}
        for number, line in enumerate(lines, 1):
            words, where = line.split("#")[0].split(), f"Line {number} of {str(path)!r}"
            if not words:
                continue
            allowed = _allowed(words.pop(), where) if len(words) > 1 and _SCOPES.fullmatch(words[-1]) else SCOPES
            name, token = words if len(words) == 2 else (DEFAULT_OWNER, words[0])
            if len(words) > 2 or not _NAME.fullmatch(name) or len(token) < SHORTEST:
                raise SettingsError(f"{where} {_FORM}")
            if name.casefold() == LOCAL:  # folders of one name are the same whatever the case on some systems
                raise SettingsError(
                    f"{where} has the name {name!r}, which is that of whoever uses the server "
                    "on standard input. Choose another name."
                )
            if names.setdefault(name.casefold(), name) != name or name.casefold() in _DEVICES:
                raise SettingsError(
                    f"{where} has the name {name!r}, which differs from another only in case, or is a device on "
                    "Windows. Choose another name."
                )
            if token in found:
                raise SettingsError(f"{where} has the token of a line before it. Give each line its own.")
            found[token] = Principal(name, allowed)
        if not found:
            raise SettingsError(f"The token file {str(path)!r} has no token. Remove it to have one made.")
        return cls.of(found)

    @classmethod
    def make(cls, path: Path) -> "Tokens":
        """Write a file with a new random token that only this user can read.

        Raises:
            SettingsError: It cannot be written.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Readable by nobody else from its first moment on.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(token + "\n")
        except OSError as error:
            raise SettingsError(f"The token file {str(path)!r} cannot be written: {error}.") from error
        return cls.of({token: DEFAULT_OWNER})

    def principal(self, token: str) -> Principal | None:
        """Return whom this token stands for, in a time that tells nothing about the tokens."""
        given, found = _hash(token), None
        for known, principal in self.principals.items():
            if hmac.compare_digest(known, given):
                found = principal
        return found


def _allowed(text: str, where: str) -> frozenset[Scope]:
    given = text.split(",")
    if not SCOPES.issuperset(given):  # not quoted: it may be a token
        raise SettingsError(
            f"{where} ends with something that a token cannot allow. There are: {', '.join(sorted(SCOPES))}."
        )
    return frozenset(one for one in SCOPES if one in given)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
