"""Which resolved addresses may be dialled."""

from ipaddress import ip_address

import pytest

from sensorium.tools.fetching.addresses import read_ip, why_not_public

PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "192.167.255.255",
    "192.169.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.254",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    "2001:4860:4860::8888",
    "2400:cb00:2048:1::c629:d7a2",
    "2a00:1450:4001:830::200e",
    "::ffff:8.8.8.8",  # the same as 8.8.8.8, and dialled as that
)
REFUSED = (
    # this machine, and nothing at all
    "0.0.0.0",
    "0.0.0.1",
    "0.255.255.255",
    "127.0.0.1",
    "127.0.0.2",
    "127.1.2.3",
    "127.255.255.255",
    "::",
    "::1",
    # private
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.255.255",
    "fc00::1",
    "fd00::1",
    "fdff:ffff::1",
    # clouds: metadata and platform
    "169.254.169.254",
    "169.254.170.2",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
    # shared, link-local, site-local
    "100.64.0.1",
    "100.127.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "feff::1",
    "2606:2800::1%1",
    # multicast, reserved, broadcast
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "ff0e::1",
    # documentation, benchmarks, protocols
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "198.18.0.1",
    "198.19.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.88.99.1",
    "2001:db8::1",
    "3fff::1",
    "3fff:fff::1",
    "100::1",
    "100:0:0:1::1",
    "5f00::1",
    "2001:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff::1",
    # IPv4 in IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:100.100.100.200",
    "::ffff:168.63.129.16",
    "::ffff:0.0.0.0",
    "::127.0.0.1",
    "::10.0.0.1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::10.0.0.1",
    "64:ff9b:1:fffe::8.8.8.8",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:808:808::",
    "2001:0:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2606:2800::5efe:7f00:1",
    "2606:2800::200:5efe:a9fe:a9fe",
    "2606:2800:1:2:0:5efe:808:808",
    "fe80::5efe:10.0.0.1",
    # outside of what is given out
    "1::1",
    "4000::1",
    "6000::1",
    "8000::1",
    "e000::1",
    "fe00::1",
)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_dialled(text: str) -> None:
    assert why_not_public(ip_address(text)) is None


@pytest.mark.parametrize("text", REFUSED)
def test_all_others_are_refused_with_a_reason(text: str) -> None:
    assert why_not_public(ip_address(text))


def test_a_mapped_address_is_the_address_that_it_dials() -> None:
    assert read_ip("::ffff:8.8.8.8") == ip_address("8.8.8.8")


@pytest.mark.parametrize("text", ("0177.0.0.1", "0x7f.0.0.1", "2130706433", "127.1", "010.0.0.1", "1.2.3", "", "a"))
def test_odd_spellings_are_no_addresses(text: str) -> None:
    assert read_ip(text) is None
