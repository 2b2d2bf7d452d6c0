"""What a caller may be allowed to do."""

from typing import Literal, get_args

Scope = Literal["media:read", "media:make", "code:run", "agent:run"]
SCOPES: frozenset[Scope] = frozenset(get_args(Scope))
