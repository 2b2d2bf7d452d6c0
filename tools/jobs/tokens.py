"""Keys that are good for minutes: JSON Web Tokens, made of a secret."""

import base64
import hashlib
import hmac
import json
import time

from ..base.secrets import know


def signed(issuer: str, secret: str, seconds: float, now: float | None = None) -> str:
    """Return a key that is good for half so long at least: a JSON Web Token, signed with HS256 (RFC 7519, 7515).

    In that time it is the same, for each is a secret that is looked for in all that is written from then on.
    """
    now = time.time() if now is None else now
    now -= now % (seconds / 2)
    # A few seconds back, for clocks differ.
    claims = {"iss": issuer, "exp": int(now + seconds), "nbf": int(now - 5)}
    parts = [_b64(json.dumps(one, separators=(",", ":")).encode()) for one in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.new(secret.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
    made = ".".join([*parts, _b64(signature)])
    know(made)
    return made


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
