"""Fetches one address into a file: each hop checked from the start, with limits for time and size that hold."""

import asyncio
import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import httpcore2

from ..base.errors import (
    ArgumentError,
    DeniedError,
    MediaError,
    SettingsError,
    StorageError,
    ToolError,
    TransientError,
)
from .decoding import decoder
from .dialling import Dialler
from .metering import Meter, MeteredBackend
from .rules import FetchRules
from .spelling import Location, read_redirect

MOST_REDIRECTS = 5
MOST_HEADER_BYTES = 256 * 2**10
"""Of all that comes before the content, interim answers too."""
_REDIRECTS = (301, 302, 303, 307, 308)
# Frames around small chunks cost up to as much as what they hold; what costs more is no honest server.
_FRAMING = 2
_AGENT = "sensorium"


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What came from an address."""

    location: Location
    """Where it came from in the end."""
    redirects: tuple[str, ...]
    """The addresses that led there, the first being the one that was asked for."""
    claimed_type: str
    """What the server calls it."""
    charset: str
    bytes: int


@dataclass(kw_only=True)
class Fetching:
    """One fetch: everything it dials goes through its dialler."""

    dialler: Dialler
    progress: Callable[[int, int | None], None] = lambda done, whole: None
    """Bytes so far, and those that are announced; may raise to stop."""
    noting: Callable[[Location], AbstractContextManager[None]] = lambda location: nullcontext()
    """Wraps each request, from before it is dialled."""
    _meter: Meter = field(default_factory=Meter)

    @property
    def sent_bytes(self) -> int:
        """What the servers were sent."""
        return self._meter.sent

    async def to_file(self, location: Location, path: Path) -> Fetched:
        """Fetch an address into a file.

        Raises:
            DeniedError: It, or what it redirects to, may not be fetched.
            MediaError: The answer is no content, or beyond the limits.
            TransientError: There is no answer, and may be one later.
        """
        rules = self.dialler.rules
        try:
            async with asyncio.timeout(rules.seconds):
                return await self._follow(location, path)
        except TimeoutError as error:
            raise MediaError(
                f"{location.host!r} did not send everything within {rules.seconds:g} s. Raise `seconds` under "
                "`[fetch]` in the sensorium.toml of your home folder, or download it yourself and give the file."
            ) from error

    async def _follow(self, location: Location, path: Path) -> Fetched:
        passed: list[str] = []
        for _ in range(MOST_REDIRECTS + 1):
            try:
                onward = await self._one(location, path, tuple(passed))
            except (ArgumentError, DeniedError) as error:
                if isinstance(error, DeniedError) and not passed:
                    raise
                # What was asked for may be fetched; where it leads may not.
                asked = passed[0] if passed else location.url
                raise type(error)(f"{asked!r} redirects. {error}") from error
            if isinstance(onward, Fetched):
                return onward
            if location.scheme == "https" and onward.scheme == "http":
                raise DeniedError(
                    f"{location.url!r} redirects to {onward.url!r}, which is not encrypted. Give that address itself "
                    "if it is what you want."
                )
            passed.append(location.url)
            location = onward
        raise MediaError(
            f"{passed[0]!r} redirects more than {MOST_REDIRECTS} times, at last to {location.url!r}. Give the address "
            "where the content is."
        )

    async def _one(self, location: Location, path: Path, passed: tuple[str, ...]) -> Fetched | Location:
        """Ask one address; return what it gives, or where it redirects to."""
        # Before anything else, so that no address is written down as asked that never may be.
        self.dialler.check(location.host, location.port)
        rules = self.dialler.rules
        self._meter.limit(MOST_HEADER_BYTES, "before its content")
        wait = {"connect": rules.connect_seconds, "read": rules.read_seconds, "write": rules.read_seconds}
        request = httpcore2.Request(
            "GET",
            httpcore2.URL(
                scheme=location.scheme.encode(),
                host=location.host.encode(),
                port=location.port,
                target=location.target.encode(),
            ),
            headers={
                "Host": location.authority,
                "User-Agent": _AGENT,
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
            extensions={"timeout": wait},
        )
        with self.noting(location), _as_ours(location, rules.read_seconds):
            # A pool for each request: no connection that was checked for one host serves another.
            async with httpcore2.AsyncConnectionPool(
                ssl_context=believed(rules) if location.scheme == "https" else None,
                max_connections=1,
                max_keepalive_connections=0,
                network_backend=MeteredBackend(self.dialler, self._meter),
            ) as pool:
                response = await pool.handle_async_request(request)
                try:
                    headers = headers_of(response.headers)
                    if response.status in _REDIRECTS and "location" in headers:
                        return read_redirect(location, headers["location"])
                    _accept(location, response.status, headers)
                    size = await self._save(response, headers, location, path)
                finally:
                    await response.aclose()
        kind, charset = _content_type(headers.get("content-type", ""))
        return Fetched(location=location, redirects=passed, claimed_type=kind, charset=charset, bytes=size)

    async def _save(
        self, response: httpcore2.Response, headers: Mapping[str, str], location: Location, path: Path
    ) -> int:
        """Write the content into the file, and return how many bytes it has."""
        most = self.dialler.rules.max_bytes
        announced = int(length) if (length := headers.get("content-length", "")).isdecimal() else None
        if announced is not None and announced > most:
            raise _too_large(location, f"{announced:,}", most)
        self._meter.limit(most * _FRAMING + MOST_HEADER_BYTES, "")
        unpacked = decoder(headers.get("content-encoding", ""), location.host)
        size = 0
        assert not isinstance(response.stream, Iterable)
        with path.open("wb") as file:
            async for data in response.stream:
                for piece in unpacked.feed(data):
                    size += len(piece)
                    if size > most:
                        raise _too_large(location, f"more than {most:,}", most)
                    file.write(piece)
                self.progress(size, announced)
        unpacked.close(location.host)
        if not size:
            raise MediaError(f"{location.url!r} is empty (0 bytes). Open it in a browser to see what it gives.")
        return size


@contextmanager
def _as_ours(location: Location, read_seconds: float) -> Iterator[None]:
    """Turn what goes wrong on the way into errors that say what to do."""
    try:
        yield
    except ToolError:
        raise
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout, ssl.SSLError) as error:
        # That it waited for more to read is how OpenSSL begins, not what went wrong.
        of_tls = [e for e in causes(error) if isinstance(e, ssl.SSLError) and not isinstance(e, ssl.SSLWantReadError)]
        if of_tls:
            raise MediaError(
                f"The certificate or the encryption of {location.host!r} is not accepted: {_plain(of_tls[-1])}. Check "
                "the address; a server that cannot prove who it is is not fetched from."
            ) from error
        raise TransientError(f"{location.host!r} cannot be reached: {_plain(error)}. Try again later.") from error
    except httpcore2.TimeoutException as error:
        raise MediaError(
            f"{location.host!r} was silent for {read_seconds:g} s. Try again later, or download it yourself and give "
            "the file."
        ) from error
    except httpcore2.ProtocolError as error:
        raise MediaError(
            f"{location.host!r} does not answer as HTTP asks for: {_plain(error)}. Open the address in a browser, or "
            "try again later."
        ) from error
    except (httpcore2.NetworkError, ConnectionError) as error:
        raise TransientError(f"{location.host!r} broke off: {_plain(error)}. Try again later.") from error
    except OSError as error:  # not of the network: httpcore has errors of its own
        said = f"What {location.host!r} sends cannot be written: {error.strerror}."
        raise StorageError(f"{said} Free the disk.") from error


def believed(rules: FetchRules) -> ssl.SSLContext:
    """Return whose certificates are believed; `SSL_CERT_FILE` and `SSL_CERT_DIR` may say so."""
    if rules.certificates:
        context: ssl.SSLContext = rules.certificates
        return context
    try:
        return httpcore2.default_ssl_context()
    except OSError as error:
        raise SettingsError(
            f"The certificates to believe cannot be read: {error}. Correct `SSL_CERT_FILE` and `SSL_CERT_DIR`, or take "
            "them away."
        ) from error


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _plain(error: BaseException) -> str:
    """Return the words of an error in quotes and on one line; a server may have chosen some of them."""
    return repr((str(error) or type(error).__name__)[:200].rstrip("."))


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by their names in lower case; of one that comes several times, the first."""
    found: dict[str, str] = {}
    for name, value in raw:
        try:
            found.setdefault(name.decode("ascii").lower(), value.decode("utf-8"))
        except UnicodeDecodeError:
            found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def _accept(location: Location, status: int, headers: Mapping[str, str]) -> None:
    """Let an answer pass that has content."""
    if status == 200:
        return
    said = {
        401: "it wants a login, and none is ever sent",
        402: "it wants to be paid",
        403: "it refuses",
        404: "there is nothing at this address",
        410: "what was there is gone",
        429: "it has been asked too often",
        451: "it may not be shown where you are",
        503: "it is busy",
    }.get(status, "the server failed" if status >= 500 else "it gives no content")
    later = headers.get("retry-after", "")
    wait = f" It asks to wait {later} s." if later.isdecimal() and len(later) < 8 else ""
    raise MediaError(
        f"{location.url!r} was answered with status {status}: {said}.{wait} Check the address in a browser; what only "
        "you may see, download yourself and give the file."
    )


def _content_type(header: str) -> tuple[str, str]:
    """Return media type and character set as the server names them, or empty texts."""
    kind, _, rest = header.partition(";")
    kind = kind.strip().lower()
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", rest, re.IGNORECASE | re.ASCII)
    return (kind if re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", kind, re.ASCII) else ""), found[1] if found else ""


def _too_large(location: Location, size: str, most: int) -> MediaError:
    return MediaError(
        f"{location.url!r} has {size} bytes; the limit is {most:,}. Raise `max_bytes` under `[fetch]` in the "
        "sensorium.toml of your home folder, or download it yourself and give the file."
    )
