"""Reads an http(s) address strictly: what is read here is what is dialled, and what is odd is refused."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from ..base.errors import ArgumentError
from .addresses import Address, read_ip

LONGEST = 4096
"""Characters of an address."""
DEFAULT_PORTS = {"http": 80, "https": 443}
_SPLIT = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)(?:#.*)?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What some resolvers read as a number: `0x7f.1`, `017700000001`, `2130706433`.
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
# Of RFC 3986, and `%` for what is written so already.
_KEPT = "/?:@!$&'()*+,;=-._~%[]|"


@dataclass(frozen=True, kw_only=True)
class Location:
    """An address as it is dialled."""

    scheme: str
    host: str
    """In lower case; a name in ASCII (`xn--…`), or the digits of an IP address."""
    port: int
    target: str
    """Path and query as they are sent, in ASCII, beginning with `/`."""

    @property
    def ip(self) -> Address | None:
        """The IP address that the host is, when it is no name."""
        return read_ip(self.host)

    @property
    def authority(self) -> str:
        """Host and port as they stand in an address; the usual port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def name(self) -> str:
        """The last part of the path, for a file's name; the host where there is none."""
        from urllib.parse import unquote

        return unquote(self.target.partition("?")[0].rpartition("/")[2], errors="replace") or self.host


def read_location(text: str) -> Location:
    """Return an address as it is dialled, without its fragment.

    Raises:
        ArgumentError: It is no plain http(s) address; the message says what is odd about it.
    """
    text = text.strip(" ")
    if not text or len(text) > LONGEST:
        raise _odd(text, f"it has {len(text):,} characters; 1 to {LONGEST:,} are read")
    if odd := next((one for one in text if one.isspace() or not one.isprintable() or one == "\\"), None):
        raise _odd(text, f"it holds the character {odd!r}")
    split = _SPLIT.fullmatch(text)
    if not split or (scheme := split["scheme"].lower()) not in DEFAULT_PORTS:
        raise _odd(text, "it does not begin with `http://` or `https://`")
    authority = split["authority"]
    if "@" in authority:
        raise _odd(text, "it holds a user name or a password before the host")
    parts = _AUTHORITY.fullmatch(authority)
    if not parts or not parts["host"]:
        raise _odd(text, f"{authority!r} is no host with an optional port")
    port = int(parts["port"]) if parts["port"] else DEFAULT_PORTS[scheme]
    if not 0 < port < 65_536:
        raise _odd(text, f"{port} is no port")
    target = split["target"]
    target = target if target.startswith("/") else f"/{target}"
    return Location(scheme=scheme, host=_host(parts["host"], text), port=port, target=quote(target, safe=_KEPT))


def read_redirect(base: Location, header: str) -> Location:
    """Return where a `Location` header leads from an address.

    Raises:
        ArgumentError: It leads to no plain http(s) address.
    """
    header = header.strip(" ").replace(" ", "%20")  # as browsers do; in a host it stays odd
    # Before it is joined: `urljoin` drops tabs and line breaks, and what is left would be another address.
    if odd := next((one for one in header if one.isspace() or not one.isprintable() or one == "\\"), None):
        raise _odd(header, f"it holds the character {odd!r}")
    if header.startswith("//"):
        header = f"{base.scheme}:{header}"
    try:
        # `http:x` and `http:///x` lead to a path for some readers and to a host for others, so they are not joined.
        return read_location(header if _SCHEME.match(header) else urljoin(base.url, header))
    except ValueError as error:
        raise _odd(header, "it cannot be read") from error


def _host(written: str, text: str) -> str:
    """Return the host in the one form that is dialled."""
    if written.startswith("["):
        address = read_ip(written[1:-1]) if ":" in written else None
        if address is None or "%" in written:
            raise _odd(text, f"{written!r} is no IPv6 address")
        return str(address)
    name = _ascii_name(written, text).lower()
    if name.endswith("."):  # the root of all names; `example.org.` is `example.org`
        name = name[:-1]
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise _odd(text, f"{written!r} is no name of a host")
    if _NUMERIC.fullmatch(labels[-1]):
        if (address := read_ip(name)) is None:
            raise _odd(text, f"{written!r} is no IP address in its usual form, such as 93.184.215.14")
        return str(address)
    return name


def _ascii_name(written: str, text: str) -> str:
    """Return a name as it stands in DNS: letters beyond ASCII by the rules for international names."""
    import idna

    if written.isascii() and "xn--" not in written.lower():
        return written
    try:
        return idna.encode(written, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError, ValueError) as error:
        raise _odd(text, f"{written!r} is no name of a host") from error


def _odd(text: str, why: str) -> ArgumentError:
    shown = re.sub(r"//[^/?#]*@", "//…@", text if len(text) <= 200 else text[:200] + "…")
    return ArgumentError(
        f"The address {shown!r} cannot be fetched: {why}. Give a plain one, such as `https://example.org/talk.mp4`."
    )
