"""Who sent a request, by the token in it: one of a file, or of an issuer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from .principals import Principal, TokenError
from .protected_resource import ProtectedResource
from .tokens import Tokens

if TYPE_CHECKING:
    from .jwt_tokens import JwtTokens


@dataclass(frozen=True, kw_only=True)
class Authenticator:
    """Tells who calls: by the tokens of a file, or of an issuer; one of the two is there."""

    tokens: Tokens | None = None
    jwt: "JwtTokens | None" = None
    resource: ProtectedResource | None = None
    """Tells who gives tokens, where somebody does."""

    async def principal(self, headers: Headers) -> Principal:
        """Return who sent a request.

        Raises:
            TokenError: It has no token, or one that is not believed.
            KeysError: Its token cannot be judged at present.
        """
        given = headers.getlist("authorization")
        kind, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            raise TokenError("Send `Authorization: Bearer TOKEN` once.")
        if self.tokens and (known := self.tokens.principal(token)):
            return known
        if self.jwt is None:
            raise TokenError("The token is not in the token file of the server.")
        return await self.jwt.principal(token)
