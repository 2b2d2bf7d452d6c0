"""The public keys of an issuer: fetched, kept for a while, fetched again when a token names one that is not there."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from jwt import PyJWK
from jwt.algorithms import AllowedPublicKeys
from jwt.exceptions import PyJWTError

from ..tools.base.errors import SettingsError
from ..tools.base.outward import is_this_machine
from ..tools.base.secret_logs import logger_of
from .principals import KeysError

logger = logger_of(__name__)

FRESH_SECONDS = 600.0
"""A key that the issuer withdrew is believed no longer than this."""
STALE_SECONDS = 3600.0
"""How much longer keys are believed while the issuer cannot be asked."""
AGAIN_SECONDS = 30.0
"""How often a token with an unknown key may have them fetched, and how often an issuer that is down is asked."""
FIRST_SECONDS = 2.0
"""The same while there are no keys at all."""
FETCH_SECONDS = 5.0
MOST_BYTES = 256 * 1024
MOST_KEYS = 100
SMALLEST_RSA_BITS, LARGEST_RSA_BITS = 2048, 8192
"""NIST SP 800-131A; above, a token takes milliseconds to check."""

# Asymmetric only: with any other kind, what verifies could also sign.
ALGORITHMS: Mapping[tuple[str, str | None], frozenset[str]] = {
    ("RSA", None): frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}
ALLOWED = frozenset().union(*ALGORITHMS.values())

Load = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, kw_only=True)
class IssuerKey:
    """A public key and what it may verify."""

    id: str | None
    algorithms: frozenset[str]
    key: AllowedPublicKeys


class IssuerKeys:
    """The keys of one issuer."""

    def __init__(self, load: Load, source: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Know where the keys are; they are loaded when the first token comes.

        Args:
            load: Returns the JSON Web Key Set; may raise `KeysError`.
            source: Where it lies, for the log.
            clock: Seconds that only grow.
        """
        self._load = load
        self._source = source
        self._clock = clock
        self._keys: tuple[IssuerKey, ...] = ()
        self._loaded = -float("inf")
        self._tried = -float("inf")
        self._asked_again = -float("inf")
        self._failed = False
        self._loading: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None, algorithm: str) -> list[IssuerKey]:
        """Return the keys that a token with this header may be signed with; several when it names none.

        Raises:
            KeysError: No keys can be had.
        """
        if self._age > FRESH_SECONDS:
            await self._renew()
        if self._age > FRESH_SECONDS + STALE_SECONDS:
            raise KeysError(f"The keys of the issuer cannot be read from {self._source!r}.")
        found = self._matching(key_id, algorithm)
        if not found and self._clock() - self._asked_again >= AGAIN_SECONDS:
            self._asked_again = self._clock()
            await asyncio.shield(self._begin())
            found = self._matching(key_id, algorithm)
        elif not found and self._loading:
            await asyncio.shield(self._loading)
            found = self._matching(key_id, algorithm)
        return found

    @property
    def _age(self) -> float:
        return self._clock() - self._loaded

    def _matching(self, key_id: str | None, algorithm: str) -> list[IssuerKey]:
        return [one for one in self._keys if algorithm in one.algorithms and key_id in (None, one.id)]

    async def _renew(self) -> None:
        """Load the keys again; while old ones will do and the issuer is down, nobody waits for it."""
        pause = AGAIN_SECONDS if self._keys else FIRST_SECONDS
        if self._failed and not self._loading and self._clock() - self._tried < pause:
            return
        loading = self._begin()
        if not (self._failed and self._keys):
            await asyncio.shield(loading)

    def _begin(self) -> "asyncio.Task[None]":
        """Return the one load that is under way: whoever asked first may leave."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._reload())
            self._loading.add_done_callback(self._ended)
        return self._loading

    def _ended(self, _: "asyncio.Task[None]") -> None:
        self._loading = None

    async def _reload(self) -> None:
        self._tried = self._clock()
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                content = await self._load()
            self._keys = await asyncio.to_thread(read_keys, content)
        except (KeysError, TimeoutError) as error:
            self._failed = True
            reason = str(error) or f"it took more than {FETCH_SECONDS:g} s"
            logger.warning("The keys of the issuer cannot be read from %r: %s", self._source, reason)
        else:
            self._failed = False
            self._loaded = self._clock()


def read_keys(content: bytes) -> tuple[IssuerKey, ...]:
    """Return the keys of a JSON Web Key Set that can verify tokens; others are passed over.

    Raises:
        KeysError: There is none.
    """
    try:
        listed = json.loads(content)["keys"]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise KeysError("it holds no JSON Web Key Set.") from None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise KeysError(f"its `keys` are no list of at most {MOST_KEYS}.")
    if not (keys := tuple(key for one in listed if (key := _key(one)))):
        raise KeysError("none of its keys can verify tokens (RSA from 2048 bits, P-256, P-384, P-521, Ed25519).")
    return keys


def _key(listed: Any) -> IssuerKey | None:
    if not isinstance(listed, dict) or "d" in listed:  # a private key that is published is nobody's any more
        return None
    kind, curve, key_id = listed.get("kty"), listed.get("crv"), listed.get("kid")
    if not all(one is None or isinstance(one, str) for one in (kind, curve, key_id)):
        return None
    algorithms = ALGORITHMS.get((str(kind), None if kind == "RSA" else curve), frozenset())
    if (named := listed.get("alg")) is not None:
        # RFC 9864 names the curve where tokens still say EdDSA.
        algorithms &= frozenset({"EdDSA" if named == "Ed25519" else str(named)})
    uses = listed.get("key_ops") or ["verify"]
    is_to_verify = listed.get("use") in (None, "sig") and isinstance(uses, list) and "verify" in uses
    if not algorithms or not is_to_verify:
        return None
    try:
        key = PyJWK(listed, algorithm=min(algorithms)).key
    except (PyJWTError, ValueError, TypeError, AttributeError):
        return None
    if kind == "RSA" and not SMALLEST_RSA_BITS <= key.key_size <= LARGEST_RSA_BITS:
        return None
    return IssuerKey(id=key_id, algorithms=algorithms, key=key)


def keys_at(url: str, *, local_only: bool = False) -> IssuerKeys:
    """Return the keys that lie at an address.

    Raises:
        SettingsError: The address cannot be trusted, or must not be asked.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise SettingsError(f"`--jwks-url` {url!r} is no address: {error}.") from None
    is_near = bool(host) and is_this_machine(host)
    if parts.scheme not in (("https", "http") if is_near else ("https",)) or not host or parts.username:
        raise SettingsError(
            "`--jwks-url` must be an address that begins with https:// (http:// only on this machine), without a name "
            "and a password."
        )
    if local_only and not is_near:
        raise SettingsError(f"`--jwks-url` {url!r} is not on this machine, which nothing may leave. Use `--jwks-file`.")
    return IssuerKeys(partial(_fetch, url, is_near=is_near), url)


def keys_in(path: Path) -> IssuerKeys:
    """Return the keys that lie in a file, which may change.

    Raises:
        SettingsError: It cannot be used.
    """
    try:
        read_keys(_read(path))
    except KeysError as error:
        raise SettingsError(f"`--jwks-file` {str(path)!r} cannot be used: {error}") from None
    return IssuerKeys(partial(asyncio.to_thread, _read, path), str(path))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise KeysError(f"{error.strerror}.") from None
    return _small(content)


async def _fetch(url: str, *, is_near: bool) -> bytes:
    content = b""
    # Making a client reads the certificates of the system, which takes a while; no proxy leads to this machine.
    client = await asyncio.to_thread(
        httpx2.AsyncClient, timeout=FETCH_SECONDS, follow_redirects=False, trust_env=not is_near
    )
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    try:
        async with client, client.stream("GET", url, headers=headers) as answer:
            if answer.status_code != 200 or "content-encoding" in answer.headers:
                raise KeysError(f"it answered with status {answer.status_code}; 200 is needed, not compressed.")
            async for piece in answer.aiter_raw():
                content = _small(content + piece)
    except (httpx2.HTTPError, OSError) as error:
        raise KeysError(f"{type(error).__name__}.") from None
    return content


def _small(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise KeysError(f"it has more than {MOST_BYTES:,} bytes.")
    return content
