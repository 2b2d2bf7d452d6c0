"""The key that seals what clients carry from a question to its answer; it lies in the home, for the next server."""

import os
import secrets
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from mcp.server.request_state import AESGCMRequestStateCodec, RequestStateSecurity

from .questions import ANSWER_SECONDS

NAME = "mcp-state-key"
KEY_BYTES = 32
_GRACE_SECONDS = 60.0
"""What is answered at the last moment arrives a little later."""


def state_security(home: Path) -> RequestStateSecurity:
    """Return what seals the state of calls that come again with an answer.

    Such a state comes back from the same caller, for the same tool and arguments, in time, or is refused.
    """
    return RequestStateSecurity(codec=_Codec(home / NAME), ttl=ANSWER_SECONDS + _GRACE_SECONDS)


class _Codec:
    """Seals with a key that is made, or read, when it is first needed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def seal(self, payload: bytes) -> str:
        return self._codec.seal(payload)

    def unseal(self, token: str) -> bytes:
        return self._codec.unseal(token)

    @cached_property
    def _codec(self) -> AESGCMRequestStateCodec:
        return AESGCMRequestStateCodec([self._key()])

    def _key(self) -> bytes:
        with suppress(FileNotFoundError):
            return self._file.read_bytes()
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whole before it has the name that others read, and readable by nobody else.
        made = self._file.with_name(f"{NAME}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        try:
            with suppress(FileExistsError):  # another server was quicker
                os.link(made, self._file)
        except OSError:  # a file system without links
            made.replace(self._file)
        finally:
            made.unlink(missing_ok=True)
        return self._file.read_bytes()
