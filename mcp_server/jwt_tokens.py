"""Tokens that an identity provider signed: whose they are and what they allow, by its public keys."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from ..tools.base.secret_logs import logger_of
from .issuer_keys import ALLOWED, IssuerKey, IssuerKeys
from .principals import Principal, TokenError
from .scopes import SCOPES

logger = logger_of(__name__)

LONGEST_TOKEN = 8192
"""Letters; servers before this one seldom let longer headers through."""
LONGEST_SUBJECT = 1024
LEEWAY_SECONDS = 30.0
"""How far the clocks of two machines may be apart."""
PREFIX = "jwt-"
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# RFC 9068 wants the second; many issuers write the first, or nothing. An id token or a logout token is none of them.
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
MOST_NOTED = 10_000


@dataclass(frozen=True, kw_only=True)
class JwtTokens:
    """Believes tokens of one issuer that were made for this server."""

    keys: IssuerKeys
    issuer: str
    audience: str
    _noted: dict[str, None] = field(default_factory=dict)

    async def principal(self, token: str) -> Principal:
        """Return whom a token stands for.

        Raises:
            TokenError: It is not believed.
            KeysError: It cannot be judged at present.
        """
        key_id, algorithm = _header(token)
        keys = await self.keys.find(key_id, algorithm)
        if not keys or (key_id is None and len(keys) > 1):
            raise TokenError("The token was signed with a key that is not known.")
        claims = self._claims(token, algorithm, keys)
        try:
            until = float(claims["exp"]) + LEEWAY_SECONDS
        except OverflowError:
            raise TokenError("The token ends at no time that there is.") from None
        principal = Principal(name_of(self.issuer, claims["sub"]), _scopes(claims), until)
        self._note(principal, claims["sub"])
        return principal

    def _claims(self, token: str, algorithm: str, keys: list[IssuerKey]) -> Mapping[str, Any]:
        for one in keys:
            try:
                claims = jwt.decode(
                    token,
                    one.key,
                    algorithms=[algorithm],
                    issuer=self.issuer,
                    audience=self.audience,
                    leeway=LEEWAY_SECONDS,
                    options={"require": ["iss", "aud", "exp", "sub"]},
                )
            except jwt.InvalidSignatureError:
                continue  # two keys may have one name
            except jwt.ExpiredSignatureError:
                raise TokenError("The token has expired.") from None
            except jwt.ImmatureSignatureError:
                raise TokenError("The token is not valid yet.") from None
            except jwt.InvalidAudienceError:
                raise TokenError("The token is for another audience.") from None
            except jwt.InvalidIssuerError:
                raise TokenError("The token is from another issuer.") from None
            except jwt.MissingRequiredClaimError as error:
                raise TokenError(f"The token has no claim {error.claim}.") from None
            except (jwt.PyJWTError, ValueError, TypeError):
                raise TokenError("The token cannot be read.") from None
            if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
                raise TokenError(f"The claim sub of the token must have 1 to {LONGEST_SUBJECT} letters.")
            return claims
        raise TokenError("The signature of the token is wrong.")

    def _note(self, principal: Principal, subject: str) -> None:
        """Log once whose name it is, for who reads the log."""
        if principal.name not in self._noted and len(self._noted) < MOST_NOTED:
            self._noted[principal.name] = None
            logger.info("%s is %r of %s", principal.name, subject, self.issuer)


def name_of(issuer: str, subject: str) -> str:
    """Return a name that is a folder's on every system, and longer than any that a token file may give."""
    written = json.dumps([issuer, subject]).encode()
    return PREFIX + hashlib.sha256(written).hexdigest()[:40]


def _header(token: str) -> tuple[str | None, str]:
    """Return which key a token names, and how it was signed; whatever else it says of keys is not looked at.

    Raises:
        TokenError: It has no such form, or is signed in a way that is not allowed.
    """
    if len(token) > LONGEST_TOKEN or not _SHAPE.fullmatch(token):
        raise TokenError(f"That is no token of this server: a signed JWT of at most {LONGEST_TOKEN} letters is.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise TokenError("The token cannot be read.") from None
    algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "jwt")
    if not isinstance(algorithm, str) or algorithm not in ALLOWED:
        raise TokenError(f"The token must be signed with one of: {' '.join(sorted(ALLOWED))}.")
    if "crit" in header or "b64" in header or not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenError("The token is no access token, or asks for what is not understood.")
    return key_id, algorithm


def _scopes(claims: Mapping[str, Any]) -> frozenset[Any]:
    """Return what a token allows; nothing where it says nothing."""
    given: set[str] = set()
    for name in ("scope", "scp"):  # RFC 9068; Microsoft and Okta
        said = claims.get(name)
        words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
        given.update(one for one in words if isinstance(one, str))
    return frozenset(one for one in SCOPES if one in given)
