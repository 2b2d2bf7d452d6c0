"""Probes that look for a way out by sockets; the host listens on all that it can and counts who comes."""

import errno
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from prelude import FACTS, HIGH_BITS, INTEL, syscall, told

LOCAL, FOUR, SIX, VSOCK = 1, 2, 10, 40


def _reaches(family: int, kind: int, address: object) -> bool:
    """Return whether a connection or a datagram gets away."""
    try:
        with socket.socket(family, kind) as made:
            made.settimeout(0.3)
            made.connect(address)  # type: ignore[arg-type]
            made.send(b"out")
    except OSError:
        return False
    return True


def _forbidden(addresses: list[str], port: int) -> list[str]:
    return [one for one in addresses if _reaches(socket.AF_INET, socket.SOCK_STREAM, (one, port))]


def loopback_of_the_host() -> list[str]:
    return _forbidden(["127.0.0.1", "127.1.2.3", "0.0.0.0"], FACTS["tcp_port"])


def addresses_of_the_host() -> list[str]:
    return _forbidden(FACTS["addresses"], FACTS["tcp_port"])


def datagrams_to_the_host() -> list[str]:
    """A datagram to our own loopback gets away and reaches nobody; the host counts."""
    for one in ("127.0.0.1", *FACTS["addresses"]):
        _reaches(socket.AF_INET, socket.SOCK_DGRAM, (one, FACTS["udp_port"]))
    return []


def metadata_services() -> list[str]:
    found = _forbidden(["169.254.169.254", "100.100.100.200", "168.63.129.16"], 80)
    return found + (["IPv6"] if _reaches(socket.AF_INET6, socket.SOCK_STREAM, ("fd00:ec2::254", 80)) else [])


def name_servers() -> list[str]:
    found = [one for one in ("8.8.8.8", "1.1.1.1") if _reaches(socket.AF_INET, socket.SOCK_DGRAM, (one, 53))]
    with suppress(OSError):
        found.append(f"a name was resolved: {socket.getaddrinfo('example.com', 80)[0][4]}")
    return found


def the_next_generation() -> list[str]:
    addresses = ["::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::8.8.8.8", "2001:4860:4860::8888"]
    return [one for one in addresses if _reaches(socket.AF_INET6, socket.SOCK_STREAM, (one, FACTS["tcp_port"]))]


def broadcast_and_groups() -> list[str]:
    found = []
    for one in ("255.255.255.255", "224.0.0.251", "239.255.255.250"):
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            made.sendto(b"out", (one, FACTS["udp_port"]))
            found.append(one)
    return found


def fast_open() -> list[str]:
    """Data in the first packet, which no connect announces."""
    found = []
    for one in ("127.0.0.1", *FACTS["addresses"]):
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
            made.settimeout(0.3)
            made.sendto(b"out", 0x20000000, (one, FACTS["tcp_port"]))
            found.append(one)
    return found


def only_the_loopback_interface() -> list[str]:
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    return [line.split(":")[0].strip() for line in lines if line.split(":")[0].strip() != "lo"]


def no_routes() -> list[str]:
    return Path("/proc/net/route").read_text().splitlines()[1:]


def families_beyond_the_three() -> list[str]:
    """Netlink, packet, vsock, bluetooth, ALG, XDP, TIPC, SMC, CAN and whatever has a number."""
    found = []
    for family in (*range(3, 64), 0, 255, 65535):
        for kind in (1, 2, 3, 5):
            result = -errno.EAFNOSUPPORT if family == SIX else syscall("socket", family, kind, 0)
            if result not in (-errno.EAFNOSUPPORT, -errno.EPERM):
                found.append(f"family {family} kind {kind}: {told(result)}")
    return found


def sockets_to_the_machine_below() -> list[str]:
    """A network namespace does not cover AF_VSOCK: the hypervisor, the host of a virtual machine, itself."""
    found = [f"kind {kind}: {told(got)}" for kind in (1, 2, 5) if (got := syscall("socket", VSOCK, kind, 0)) >= 0]
    with suppress(OSError, AttributeError), socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as made:
        made.settimeout(0.3)
        for context in (0, 1, 2, 3, 0xFFFFFFFF):
            with suppress(OSError):
                made.connect((context, 22))
            found.append(f"context {context} was dialled")
    return found


def families_with_high_bits() -> list[str]:
    """The kernel reads an int: a filter that compares 64 bits is walked round."""
    found = []
    for family in (VSOCK, 16, 17, 38):
        for high in HIGH_BITS:
            result = syscall("socket", family | high, 1 if family == VSOCK else 3, 0)
            if result not in (-errno.EAFNOSUPPORT, -errno.EPERM):
                found.append(f"{family} | {high:#x}: {told(result)}")
    return found


def known_families_with_high_bits() -> list[str]:
    """The same of a family that is allowed: refused or as without them, never another."""
    found = []
    for high in HIGH_BITS:
        if (handle := syscall("socket", LOCAL | high, 1, 0)) >= 0:
            with socket.socket(fileno=handle) as made:
                if made.family != LOCAL:
                    found.append(f"{high:#x} gave family {made.family}")
    return found


def pairs_of_other_families() -> list[str]:
    import ctypes

    pair = (ctypes.c_int * 2)()
    found = []
    for family in (VSOCK, 16, 17, 30, VSOCK | (1 << 32)):
        result = syscall("socketpair", family, 1, 0, ctypes.addressof(pair))
        if result not in (-errno.EAFNOSUPPORT, -errno.EPERM):
            found.append(f"{family & 0xFF}: {told(result)}")
    return found


def raw_packets() -> list[str]:
    found = []
    for family in (FOUR, SIX):
        for protocol in (0, 1, 6, 17, 58, 255):
            if (result := syscall("socket", family, 3, protocol)) >= 0:
                found.append(f"family {family} protocol {protocol}: {told(result)}")
    return found


def abstract_sockets_of_the_host() -> list[str]:
    name = "\0" + FACTS["abstract"]
    found = [
        str(kind)
        for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM)
        if _reaches(LOCAL, kind, name)
    ]
    return found + [one for one in Path("/proc/net/unix").read_text().splitlines() if FACTS["abstract"] in one]


def sockets_in_files_of_the_host() -> list[str]:
    known = (
        "/run/dbus/system_bus_socket /var/run/docker.sock /run/docker.sock /run/podman/podman.sock "
        "/run/systemd/private /run/containerd/containerd.sock /run/systemd/journal/socket /dev/log /tmp/.X11-unix/X0 "
        "/run/user/0/bus /run/user/1000/bus /run/nscd/socket /var/run/nscd/socket"
    )
    paths = [FACTS["unix_path"], *known.split()]
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
    return [one for one in paths if any(_reaches(LOCAL, kind, one) for kind in kinds)]


def sockets_of_the_host_through_roots_of_processes() -> list[str]:
    found = []
    for pid in (1, os.getppid(), os.getpid()):
        path = f"/proc/{pid}/cwd/../../../..{FACTS['unix_path']}"
        if len(path) < 100 and _reaches(LOCAL, socket.SOCK_STREAM, path):
            found.append(path)
    return found


def own_network_is_alone() -> list[str]:
    """What listens here is another loopback than the host's: the host knocks at the same number."""
    with socket.create_server(("0.0.0.0", 0)) as made:
        return [] if made.getsockname()[1] else ["no port"]


def interfaces_cannot_be_made() -> list[str]:
    """The oldest control calls: add an address, bring an interface up, make a tunnel."""
    found = []
    if not INTEL:
        return []
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        for name, request in {
            "SIOCSIFADDR": 0x8916,
            "SIOCSIFFLAGS": 0x8914,
            "SIOCADDRT": 0x890B,
            "SIOCBRADDBR": 0x89A0,
        }.items():
            with suppress(OSError):
                fcntl.ioctl(made, request, struct.pack("16sH22x", b"lo", 2))
                found.append(name)
    return found


def buffers_cannot_grow() -> list[str]:
    """What waits in a socket is memory of no process: 256 sockets of 8 MB are 2 GB that no limit of ours sees."""
    found = []
    for family, kind in (
        (LOCAL, socket.SOCK_STREAM),
        (LOCAL, socket.SOCK_DGRAM),
        (FOUR, socket.SOCK_STREAM),
        (SIX, socket.SOCK_DGRAM),
    ):
        with socket.socket(family, kind) as made:
            for name in ("SO_SNDBUF", "SO_RCVBUF"):
                option = getattr(socket, name)
                for force in (option, option + 25):
                    with suppress(OSError):
                        made.setsockopt(socket.SOL_SOCKET, force, 1 << 24)
                if made.getsockopt(socket.SOL_SOCKET, option) > 1 << 20:
                    found.append(f"{name} of family {family}")
    return found


def options_of_sockets_still_work() -> list[str]:
    """The filter that keeps buffers small lets all others through."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.IPPROTO_TCP, 8, 5)  # TCP_LINGER2 has the number of SO_RCVBUF
        return [] if made.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) else ["SO_REUSEADDR"]
