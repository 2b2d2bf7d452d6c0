"""Who a token stands for, and why one is refused."""

from dataclasses import dataclass

from .scopes import SCOPES, Scope


@dataclass(frozen=True)
class Principal:
    """Who calls."""

    name: str
    """To whom jobs and artifacts belong; also the name of a folder."""
    scopes: frozenset[Scope] = SCOPES


class TokenError(Exception):
    """A token that is not believed; the message is for whoever sent it, and quotes nothing of the token."""


class KeysError(Exception):
    """Tokens cannot be judged at present: the keys of their issuer cannot be read."""
