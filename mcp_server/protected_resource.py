"""Where clients find out who gives tokens for this server (RFC 9728)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..tools.base.outward import is_loopback
from .scopes import Scope

WELL_KNOWN = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, kw_only=True)
class ProtectedResource:
    """What is said of this server to who has no token yet."""

    issuer: str
    scopes: Collection[Scope]
    path: str
    public_url: str | None = None
    """The protocol's address as clients write it; made from the `Host` they send when left out."""

    def url(self, host: str) -> str:
        """Return the protocol's address; to a name that is not this machine's own a proxy with TLS leads."""
        name = urlsplit(f"//{host}").hostname or ""
        scheme = "http" if name == "localhost" or is_loopback(name) else "https"
        return self.public_url or f"{scheme}://{host}{self.path}"

    def metadata_url(self, host: str) -> str:
        """Return where `document` lies: the well-known part stands before the path."""
        parts = urlsplit(self.url(host))
        return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path.rstrip('/')}"

    def is_at(self, path: str) -> bool:
        """Return whether `document` lies there; clients that do not know the path look at the root."""
        public = urlsplit(self.public_url or "").path.rstrip("/")
        return path in (WELL_KNOWN, WELL_KNOWN + self.path, WELL_KNOWN + public)

    def document(self, host: str) -> dict[str, Any]:
        """Return the metadata."""
        document = {
            "resource": self.url(host),
            "scopes_supported": sorted(self.scopes),
            "bearer_methods_supported": ["header"],
            "resource_name": "Sensorium",
        }
        is_address = urlsplit(self.issuer).scheme in ("https", "http")
        return {**document, "authorization_servers": [self.issuer]} if is_address else document
