"""An identity provider on loopback: keys of every kind, tokens signed with them, and whatever it answers."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

ISSUER, AUDIENCE = "https://issuer.example", "https://sensorium.example/mcp"
KINDS = {"rsa": "RS256", "pss": "PS256", "p256": "ES256", "p384": "ES384", "p521": "ES512", "ed": "EdDSA"}
_RSA = rsa.generate_private_key(65537, 2048)
PRIVATE: dict[str, Any] = {
    "rsa": _RSA,
    "pss": _RSA,
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
    "ed": ed25519.Ed25519PrivateKey.generate(),
}


def public(kind: str, key_id: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a public key as JSON, under its own kind's name or another."""
    return {**written(PRIVATE[kind].public_key(), KINDS[kind]), "kid": key_id or kind, **more}


def written(key: Any, algorithm: str) -> dict[str, Any]:
    """Return a key as JSON."""
    return dict(get_default_algorithms()[algorithm].to_jwk(key, as_dict=True))


def pem(kind: str) -> bytes:
    """Return a public key as many servers hand it out."""
    return bytes(PRIVATE[kind].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def token(kind: str = "ed", *, headers: Mapping[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
    """Return a signed token that is right in all that is not given; what is None is left out."""
    now = int(time.time())
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ana",
        "iat": now,
        "exp": now + 300,
        "scope": "media:read",
        **claims,
    }
    return jwt.encode(_kept(given), key or PRIVATE[kind], KINDS[kind], _kept({"kid": kind, **(headers or {})}))


def raw(header: Any, claims: Any = None, secret: bytes | None = None) -> str:
    """Return a token that no library writes: unsigned, or with a shared secret."""
    now = int(time.time())
    claims = claims or {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "exp": now + 300, "scope": "media:read"}
    signed = ".".join(encoded(json.dumps(one).encode()) for one in (header, claims))
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256)) if secret else ''}"


def _kept(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in given.items() if one is not None}


def encoded(content: bytes) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Issuer:
    """What the provider answers, and what it was asked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.url = f"{address}/jwks.json"
        self.keys = [public(kind) for kind in KINDS]
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: bytes | None = None
        self.asked: list[str] = []
        self.wanted: list[str] = []
        """The scopes of each token that a client got for itself; the first may only read."""

    def metadata(self) -> dict[str, Any]:
        """Return what clients are told of this provider (RFC 8414)."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "response_types_supported": ["code"],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }

    def grant(self, form: str) -> dict[str, Any]:
        """Return a token for a program that asks with its own password."""
        self.wanted.append(parse_qs(form)["scope"][0])
        scope = self.wanted[-1] if len(self.wanted) > 1 else "media:read"
        given = token(iss=self.address, sub="a program", scope=scope)
        return {"access_token": given, "token_type": "Bearer", "expires_in": 300, "scope": scope}


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Run a provider."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            known = {"/.well-known/oauth-authorization-server": issuer.metadata()}
            body = json.dumps(known.get(self.path, {"keys": issuer.keys})).encode()
            self._answer(body if issuer.body is None else issuer.body)

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(json.dumps(issuer.grant(form)).encode())

        def _answer(self, body: bytes) -> None:
            self.send_response(issuer.status)
            for name, value in {"Content-Length": str(len(body)), **issuer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            serving.join()
