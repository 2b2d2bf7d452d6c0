"""Whether something may leave this machine: under `--local-only` nothing does, not even the question for an address."""

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import LocalOnlyError

if TYPE_CHECKING:
    from .endpoints import Endpoint
    from .settings import Settings

SWITCH = "`--local-only` (`SENSORIUM_LOCAL_ONLY=1`, or `local_only = true` in sensorium.toml)"


def refuse_if_local_only(settings: "Settings", host: str) -> None:
    """Let a connection to a host pass, or refuse it; every client asks here before it resolves or dials anything.

    Args:
        settings: Their `local_only` decides.
        host: A name or an address, without a port.

    Raises:
        LocalOnlyError: The settings let nothing leave this machine, and the host is not on it.
    """
    if settings.local_only and not is_this_machine(host):
        raise refusal(host)


def refuse_endpoint(endpoint: "Endpoint") -> None:
    """Let an endpoint be asked, or refuse it.

    Raises:
        LocalOnlyError: It is not on this machine, and nothing may leave it.
    """
    host = urlsplit(endpoint.base_url).hostname or ""
    if endpoint.local_only and not is_this_machine(host):
        raise refusal(host)


def refusal(host: str) -> LocalOnlyError:
    """Return the error of a connection that was not made."""
    return LocalOnlyError(
        f"Nothing was sent to {host!r}: {SWITCH} lets nothing leave this machine. Leave it out, or use a model on this "
        "machine, such as one behind Ollama at `http://127.0.0.1:11434/v1`, or what is embedded."
    )


def is_this_machine(host: str) -> bool:
    """Return whether a host is a loopback address, or `localhost` where that resolves to nothing else.

    Other names are not looked up, also not `x.localhost` or `localhost.`: the question alone may leave this machine.
    """
    host = host.strip("[]").lower()
    if host != "localhost":
        return is_loopback(host)
    try:
        found = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(is_loopback(str(address[0])) for *_, address in found)


def is_loopback(address: str) -> bool:
    """Return whether an address, written as such, is this machine's own."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
