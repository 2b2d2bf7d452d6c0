"""Dials a host by an address that was checked: asked for once, refused if any answer is not public."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.errors import DeniedError, TransientError
from .addresses import Address, read_ip, why_not_public
from .rules import FetchRules, Resolver

if TYPE_CHECKING:
    from httpcore2 import AsyncNetworkStream

MOST_ADDRESSES = 4
"""Addresses of one host that are tried, one after the other."""
# RFC 6761, 6762 with its appendix G, 7686 and 8375, and ICANN's `internal`: names of no public network. The resolver is
# not asked for them, for it may pass the question on to the outside.
_INSIDE = (
    ".localhost", ".local", ".internal", ".intranet", ".private", ".corp", ".home", ".lan", ".home.arpa", ".onion"
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Dialler:
    """Opens connections to public addresses only; all that is fetched goes through one."""

    rules: FetchRules
    before: Callable[[str], None] = lambda host: None
    """Called with each host before anything is asked or dialled; raises to refuse it."""
    own: frozenset[tuple[str, int]] = frozenset()
    """Hosts and ports that the user has set: they are dialled wherever they lead."""

    def check(self, host: str, port: int) -> None:
        """Let a host pass that may be asked for, as far as that can be told without asking.

        Raises:
            DeniedError: The port, the IP address that the host is, or its name may not be dialled.
        """
        if (host, port) in self.own:
            return
        if (address := read_ip(host)) is not None:
            self._permit(host, address)
        if host.endswith(_INSIDE):
            raise DeniedError(
                f"{host!r} is the name of no public host, so it is not fetched. Only what lies on the public internet "
                "is; download it yourself and give the file."
            )
        if port not in self.rules.ports:
            usual = ", ".join(map(str, sorted(self.rules.ports)))
            raise DeniedError(
                f"Port {port} of {host!r} is not fetched from; the ports are {usual}. To add one, put "
                "`ports = [8080]` under `[fetch]` in the sensorium.toml of your home folder."
            )

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a host, all of them public.

        Raises:
            DeniedError: One of them is not.
            TransientError: It has none, or nobody answers.
        """
        self.before(host)
        self.check(host, port)
        if (literal := read_ip(host)) is not None:
            return [literal]
        answers = await self._ask(host, port)
        found = [read_ip(one) for one in dict.fromkeys(answers)]
        for answer, address in zip(dict.fromkeys(answers), found, strict=True):
            if address is None:
                raise DeniedError(f"{host!r} leads to {answer!r}, which is no address that can be checked.")
            if (host, port) not in self.own:
                self._permit(host, address)
        if not found:
            raise _unknown(host)
        return [address for address in found if address is not None]

    async def dial(self, host: str, port: int) -> "AsyncNetworkStream":
        """Return a connection to a host.

        Raises:
            DeniedError: It leads, or led when it was dialled, to what is not public.
            TransientError: It cannot be reached.
        """
        import httpcore2

        backend = httpcore2.AnyIOBackend()
        failure: Exception | None = None
        for address in (await self.addresses(host, port))[:MOST_ADDRESSES]:
            try:
                stream = await backend.connect_tcp(str(address), port, timeout=self.rules.connect_seconds)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            try:
                self._check_peer(host, address, stream, is_own=(host, port) in self.own)
            except BaseException:
                await stream.aclose()
                raise
            return stream
        said = f"no connection within {self.rules.connect_seconds:g} s"
        if not isinstance(failure, httpcore2.ConnectTimeout):
            said = str(failure) or "the connection failed"
        raise TransientError(f"{host!r} cannot be reached on port {port}: {said}. Is the address right?") from failure

    def _permit(self, host: str, address: Address) -> None:
        if any(address in network for network in self.rules.also_public if network.version == address.version):
            return
        if why := why_not_public(address):
            leads = "" if host == str(address) else f" leads to {address}, which"
            raise DeniedError(
                f"{host!r}{leads} is no public address ({why}), so it is not fetched. Only what lies on the public "
                "internet is; download it yourself and give the file."
            )

    def _check_peer(self, host: str, wanted: Address, stream: "AsyncNetworkStream", *, is_own: bool) -> None:
        """Refuse a connection that ended elsewhere than was checked, or on this machine under its public address."""
        here, there = (_address(stream.get_extra_info(name)) for name in ("client_addr", "server_addr"))
        if there != wanted:
            raise DeniedError(f"{host!r} was dialled at {wanted}, and {there} answered. Nothing was sent to it.")
        is_public = any(wanted in one for one in self.rules.also_public if one.version == wanted.version)
        if here == there and not (is_own or is_public):
            raise DeniedError(f"{host!r} leads to {wanted}, which is this machine, so it is not fetched.")

    async def _ask(self, host: str, port: int) -> Sequence[str]:
        """Ask the resolver, once, in a thread that nobody waits for when it takes too long."""
        answer: asyncio.Future[Sequence[str]] = asyncio.get_running_loop().create_future()
        resolver = self.rules.resolver or _system
        # Not the loop's own threads: those are waited for when the program ends, however long a resolver takes.
        threading.Thread(target=_resolve, args=(resolver, host, port, answer), daemon=True).start()
        try:
            async with asyncio.timeout(self.rules.connect_seconds):
                return await answer
        except TimeoutError as error:
            raise TransientError(
                f"Nobody said within {self.rules.connect_seconds:g} s which address {host!r} has. Is there a network?"
            ) from error
        except (OSError, UnicodeError) as error:
            raise _unknown(host) from error


def _resolve(resolver: Resolver, host: str, port: int, answer: "asyncio.Future[Sequence[str]]") -> None:
    def settle(found: Sequence[str] | Exception) -> None:
        if answer.done():
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    try:
        found: Sequence[str] | Exception = resolver(host, port)
    except Exception as error:  # it belongs to whoever asked, in another thread
        found = error
    loop = answer.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle, found)


def _system(host: str, port: int) -> list[str]:
    return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _address(pair: tuple[str, int] | None) -> Address | None:
    return read_ip(str(pair[0])) if pair else None


def _unknown(host: str) -> TransientError:
    return TransientError(f"The host {host!r} is not known, or there is no network. Check its spelling.")
