"""Fetches what a provider made into a file: only from public hosts or its own, and on from where it was cut off."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpcore2

from ..base.contents import Contents
from ..base.errors import ArgumentError, DeniedError, MediaError, ProviderError, TransientError
from ..base.outward import refuse_if_local_only
from ..fetching.dialling import Dialler
from ..fetching.metering import Meter, MeteredBackend
from ..fetching.rules import FetchRules
from ..fetching.spelling import DEFAULT_PORTS, Location, read_location, read_redirect
from ..fetching.transport import MOST_HEADER_BYTES, MOST_REDIRECTS, believed, headers_of
from .addresses import is_same_host
from .again import again

if TYPE_CHECKING:
    from ..base.run import Run

WAITS_SECONDS = (0.5, 2.0, 5.0, 10.0)
"""Pauses before a file that was cut off is asked for again."""
LONGEST_WAIT_SECONDS = 60.0
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", re.ASCII)
_GONE = (401, 403, 404, 410)
_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class Expired(Exception):
    """There is nothing any more at an address; its provider may give another."""


class _Cut(Exception):
    """A download ended before its end; what came is kept."""

    def __init__(self, why: str, wait_seconds: float = 0.0) -> None:
        super().__init__(why)
        self.wait_seconds = wait_seconds


@dataclass(kw_only=True)
class Download:
    """One file of a provider."""

    run: "Run"
    name: str
    """The provider's, for messages."""
    base_url: str
    """Of its API: its host is dialled wherever that leads, for the user has set it."""
    keyed: Mapping[str, str] = field(default_factory=dict)
    """Headers with the key, for that host alone."""
    progress: Callable[[int, int | None], None] = lambda done, whole: None
    _meter: Meter = field(default_factory=Meter)
    _tag: str = ""
    """By which the server knows the version of the content that came so far."""

    async def to_file(self, address: str, path: Path) -> None:
        """Fetch an address into a file.

        Raises:
            Expired: There is nothing at the address.
            DeniedError: It, or what it redirects to, may not be fetched.
            MediaError: There is more than is allowed, or nothing.
            ProviderError: It could not be fetched, also not when it was tried again.
        """
        try:
            location = read_location(address)
        except ArgumentError as error:
            raise ProviderError(f"`{self.name}` gave an address that cannot be fetched. {error}") from None
        for wait in (*WAITS_SECONDS, None):
            try:
                async with asyncio.timeout(self._rules.seconds):
                    await self._follow(location, path)
            except (_Cut, TimeoutError, TransientError) as error:
                if wait is None:
                    raise ProviderError(
                        f"What `{self.name}` made could not be fetched from {location.host!r}: "
                        f"{str(error).rstrip('.') or 'it takes too long'}. It is paid for; {again(self.run)} "
                        "fetches it without ordering it anew.",
                        may_be_paid=True,
                    ) from error
                await asyncio.sleep(max(wait, min(getattr(error, "wait_seconds", 0.0), LONGEST_WAIT_SECONDS)))
            else:
                if not _size(path):
                    raise MediaError(f"What `{self.name}` made is empty (0 bytes). Ask for it again.")
                return

    @property
    def _rules(self) -> FetchRules:
        return self.run.settings.fetch

    async def _follow(self, location: Location, path: Path) -> None:
        for _ in range(MOST_REDIRECTS + 1):
            onward = await self._one(location, path)
            if onward is None:
                return
            if location.scheme == "https" and onward.scheme == "http":
                raise DeniedError(f"`{self.name}` redirects to {onward.url!r}, which is not encrypted.")
            location = onward
        raise ProviderError(f"`{self.name}` redirects more than {MOST_REDIRECTS} times, at last to {location.url!r}.")

    async def _one(self, location: Location, path: Path) -> Location | None:
        """Ask one address; return where it redirects to, or None when the file is whole."""
        dialler = Dialler(
            rules=self._rules, before=lambda host: refuse_if_local_only(self.run.settings, host), own=self._own()
        )
        dialler.check(location.host, location.port)
        self.run.check()
        had = _size(path) if self._tag else 0
        async with self._response(dialler, location, had) as response:
            headers = headers_of(response.headers)
            if response.status in (301, 302, 303, 307, 308) and "location" in headers:
                return read_redirect(location, headers["location"])
            if response.status in _GONE:
                raise Expired(f"{location.host!r} answered {response.status}")
            if response.status in _AGAIN:
                asked = headers.get("retry-after", "")
                raise _Cut(f"it answered {response.status}", float(asked) if asked.isdecimal() else 0.0)
            if response.status == 206 and (part := _part(headers)) and part[0] == had and self._is_same(headers, had):
                await self._save(response, headers, path, had, part[1])
            elif response.status == 200:
                await self._save(response, headers, path, 0, None)
            elif had:  # it has no such part, or one of another file: from the start, then
                self._tag = ""
                raise _Cut(f"it answered {response.status}")
            else:
                raise ProviderError(
                    f"What `{self.name}` made is not at {location.host!r}: it answered {response.status}. Later, "
                    f"{again(self.run)} fetches it without ordering it anew.",
                    may_be_paid=True,
                )
        return None

    @asynccontextmanager
    async def _response(self, dialler: Dialler, location: Location, had: int) -> AsyncIterator[httpcore2.Response]:
        rules = self._rules
        self._meter.limit(MOST_HEADER_BYTES, "before its content")
        wait = {"connect": rules.connect_seconds, "read": rules.read_seconds, "write": rules.read_seconds}
        url = httpcore2.URL(
            scheme=location.scheme.encode(), host=location.host.encode(), port=location.port,
            target=location.target.encode(),
        )  # fmt: skip
        asked = {"Host": location.authority, "User-Agent": "sensorium", "Accept": "*/*", "Accept-Encoding": "identity"}
        asked |= {"Connection": "close"} | ({"Range": f"bytes={had}-", "If-Range": self._tag} if had else {})
        if is_same_host(location.url, self.base_url):
            asked |= self.keyed
        before = self._meter.sent
        number = self.run.egress.begin(
            role="fetch", host=location.authority, to="GET", contents=Contents(characters=len(location.url))
        )
        try:
            async with httpcore2.AsyncConnectionPool(
                ssl_context=believed(rules) if location.scheme == "https" else None,
                max_connections=1,
                max_keepalive_connections=0,
                network_backend=MeteredBackend(dialler, self._meter),
            ) as pool:
                request = httpcore2.Request("GET", url, headers=list(asked.items()), extensions={"timeout": wait})
                response = await pool.handle_async_request(request)
                try:
                    yield response
                finally:
                    await response.aclose()
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, ConnectionError) as error:
            raise _Cut(_words(error)) from error
        except ssl.SSLError as error:
            raise ProviderError(f"The certificate of {location.host!r} is not accepted: {_words(error)}.") from error
        finally:
            self.run.egress.end(number, was_sent=self._meter.sent > before)

    def _is_same(self, headers: Mapping[str, str], had: int) -> bool:
        """Tell whether a part is of the content that came so far; some servers pass `If-Range` over.

        A part has the entity tag that the whole has, and may leave its date out (RFC 9110, 15.3.7).
        """
        tag = headers.get("etag", "")
        return not had or tag == self._tag or (not tag and not self._tag.startswith('"'))

    async def _save(
        self, response: httpcore2.Response, headers: Mapping[str, str], path: Path, had: int, total: int | None
    ) -> None:
        most = self._rules.max_bytes
        length = headers.get("content-length", "")
        whole = total or (had + int(length) if length.isdecimal() else None)
        if headers.get("content-encoding", "identity") not in ("identity", ""):
            raise ProviderError(f"`{self.name}` sends what it made compressed, though it was not asked to.")
        # A weak tag says nothing of bytes (RFC 9110, 13.1.5).
        tag = headers.get("etag", "")
        tag = tag if tag and not tag.startswith("W/") else headers.get("last-modified", "")
        self._tag = tag if tag.isascii() else ""
        if whole is not None and whole > most:
            raise self._too_large(f"{whole:,}", most)
        self._meter.limit(2 * most + MOST_HEADER_BYTES, "")
        assert not isinstance(response.stream, Iterable)
        size = had
        with path.open("ab" if had else "wb") as file:
            async for data in response.stream:
                size += len(data)
                if size > most:
                    raise self._too_large(f"more than {most:,}", most)
                file.write(data)
                self.progress(size, whole)
        if whole is not None and size != whole:
            self._tag = self._tag if size < whole else ""
            raise _Cut(f"{size:,} of {whole:,} bytes came")

    def _own(self) -> frozenset[tuple[str, int]]:
        parts = urlsplit(self.base_url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        return frozenset({(parts.hostname or "", port)})

    def _too_large(self, size: str, most: int) -> MediaError:
        return MediaError(
            f"What `{self.name}` made has {size} bytes; the limit is {most:,}. Raise `max_bytes` under `[fetch]` in "
            f"the sensorium.toml of your home folder; then {again(self.run)} fetches it."
        )


def _part(headers: Mapping[str, str]) -> tuple[int, int | None] | None:
    """Return the first byte that a part of a file has, and the bytes of the whole where they are told."""
    found = _RANGE.fullmatch(headers.get("content-range", ""))
    return (int(found[1]), None if found[2] == "*" else int(found[2])) if found else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _words(error: BaseException) -> str:
    return repr((str(error) or type(error).__name__)[:200])
