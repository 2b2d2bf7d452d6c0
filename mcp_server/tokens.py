"""Bearer tokens: who holds one is its owner."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..tools.base.errors import SettingsError
from ..tools.base.secrets import know
from .owner import LOCAL

DEFAULT_OWNER = "default"
SHORTEST = 16
"""Letters; a shorter token can be guessed."""
TOKEN_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Tokens:
    """Hashes of the tokens, each with its owner."""

    owners: Mapping[bytes, str]

    @classmethod
    def of(cls, tokens: Mapping[str, str]) -> "Tokens":
        """Return these tokens, given with their owners; none of them is shown from now on."""
        know(*tokens)
        return cls({_hash(token): owner for token, owner in tokens.items()})

    @classmethod
    def read(cls, path: Path) -> "Tokens":
        """Read a file with a line for each token: `TOKEN`, or `NAME TOKEN` for several owners; `#` begins a comment.

        Raises:
            SettingsError: The file cannot be read, has no token, a short one, or a name that cannot be used.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"The token file {str(path)!r} cannot be read: {error}.") from error
        found: dict[str, str] = {}
        for number, line in enumerate(lines, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            name, token = words if len(words) == 2 else (DEFAULT_OWNER, words[0])
            if len(words) > 2 or not _NAME.fullmatch(name) or len(token) < SHORTEST:
                raise SettingsError(
                    f"Line {number} of {str(path)!r} must be `TOKEN` or `NAME TOKEN`: a token has at least {SHORTEST} "
                    "letters, a name has letters, digits, `-` and `_`."
                )
            if name.casefold() == LOCAL:  # folders of one name are the same whatever the case on some systems
                raise SettingsError(
                    f"Line {number} of {str(path)!r} has the name {name!r}, which is that of whoever uses the server "
                    "on standard input. Choose another name."
                )
            found[token] = name
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

    def owner(self, token: str) -> str | None:
        """Return whose token this is, in a time that tells nothing about the tokens."""
        given, found = _hash(token), None
        for known, owner in self.owners.items():
            if hmac.compare_digest(known, given):
                found = owner
        return found


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
