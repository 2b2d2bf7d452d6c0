"""Who a token stands for, and why one is refused."""

from dataclasses import dataclass, field

from .scopes import SCOPES, Scope


@dataclass(frozen=True)
class Principal:
    """Who calls."""

    name: str
    """To whom jobs and artifacts belong; also the name of a folder."""
    scopes: frozenset[Scope] = SCOPES
    until: float | None = field(default=None, compare=False)
    """When the token ends, in seconds since 1970; None for one that does not."""


class TokenError(Exception):
    """A token that is not believed; the message is for whoever sent it, and quotes nothing of the token."""


class KeysError(Exception):
    """Tokens cannot be judged at present: the keys of their issuer cannot be read."""
