"""Which resolved addresses may be dialled: public ones, whatever form they are wrapped in."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# `ipaddress.is_global` depends on the version of Python and passes several of these (3.11.7 passes NAT64 and 6to4).
# The registries: IANA IPv4 and IPv6 Special-Purpose Address Registry.
_REFUSED_V4: Sequence[tuple[str, str]] = (
    ("0.0.0.0/8", "this host"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by carriers, or a cloud's metadata"),
    ("127.0.0.0/8", "this machine"),
    ("168.63.129.16/32", "a cloud's platform service"),
    ("169.254.0.0/16", "link-local, or a cloud's metadata"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved for protocols, or a cloud's metadata"),
    ("192.0.2.0/24", "for documentation"),
    ("192.88.99.0/24", "a 6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved or broadcast"),
)
_REFUSED_V6: Sequence[tuple[str, str]] = (
    ("::1/128", "this machine"),
    ("::/128", "unspecified"),
    ("::/96", "an IPv4 address in IPv6"),
    ("::ffff:0:0:0/96", "a translated IPv4 address"),
    ("64:ff9b::/96", "an IPv4 address behind NAT64"),
    ("64:ff9b:1::/48", "an IPv4 address behind a local NAT64"),
    ("100::/64", "discarded"),
    ("2001::/32", "a Teredo tunnel"),
    ("2001::/23", "reserved for protocols"),
    ("2001:db8::/32", "for documentation"),
    ("2002::/16", "a 6to4 tunnel"),
    ("3fff::/20", "for documentation"),
    ("5f00::/16", "for segment routing"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)
_V4 = tuple((IPv4Network(network), why) for network, why in _REFUSED_V4)
_V6 = tuple((IPv6Network(network), why) for network, why in _REFUSED_V6)
# All that has been given out for use between networks (RFC 4291); what lies outside is refused even without a reason.
_GLOBAL_V6 = IPv6Network("2000::/3")
# The interface id of ISATAP (RFC 5214) holds an IPv4 address behind one of these 32 bits.
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


def read_ip(text: str) -> Address | None:
    """Return what an answer of a resolver stands for; an IPv4 address in its mapped form is that IPv4 address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return unwrapped(address)


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address that a mapped one (`::ffff:a.b.c.d`) dials; any other address as it is."""
    if isinstance(address, IPv6Address) and address.scope_id is None and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def why_not_public(address: Address) -> str | None:
    """Return why an address must not be dialled, or None when it is a public one."""
    address = unwrapped(address)
    if isinstance(address, IPv4Address):
        found = next((why for network, why in _V4 if address in network), None)
        return found or (None if address.is_global else "not public")
    if address.scope_id is not None:
        return "bound to one network interface"
    if why := next((why for network, why in _V6 if address in network), None):
        return why
    if address not in _GLOBAL_V6:
        return "outside of what is given out for public use"
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return "an IPv4 address behind an ISATAP tunnel"
    return None if address.is_global else "not public"


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return networks by how they are written, for example `127.0.0.0/8`."""
    return tuple(ip_network(text) for text in texts)
