"""Addresses that a provider's answers hold, against that of its API."""

from urllib.parse import urljoin, urlsplit


def is_same_host(address: str, base_url: str) -> bool:
    """Tell whether an address is on the host of another: same scheme, same name, same port."""
    try:
        one, other = urlsplit(address), urlsplit(base_url)
        ports = [it.port or {"http": 80, "https": 443}.get(it.scheme) for it in (one, other)]
        same = (one.scheme, one.hostname) == (other.scheme, other.hostname) and ports[0] == ports[1]
        return same and not one.username
    except ValueError:
        return False


def whole_address(address: str, base_url: str) -> str:
    """Return an address of a result; some give only its path on their own host, or `./` and what is below the API."""
    is_path = address.startswith(("/", "./")) and not address.startswith("//")
    return urljoin(f"{base_url}/", address) if is_path else address
