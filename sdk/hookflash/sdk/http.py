"""An HTTP client that reaches the internet and nothing behind our own walls: what plugins call others with.

A name is resolved once, every address that it has is judged, and the one that was judged is connected to, so a name
that changes its mind in between changes nothing. No redirects are followed, no proxy of the environment is used.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from functools import cache
from typing import Final, TypeAlias, final

import httpcore
import httpx

__all__ = ["ANSWER_BYTES_MAX", "Resolve", "guarded_client", "is_outside"]

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""No answer's body is read further than this."""

_CALL_S: Final = 10.0
_CONNECTIONS_MAX: Final = 64

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_Option: TypeAlias = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a name."""

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Not in the internet, whatever a release of Python says of them.
_INSIDE: Final = tuple(
    ipaddress.ip_network(given)
    for given in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/8",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/9",
        "ff00::/8",
    )
)


def guarded_client(allow_private: Collection[str] = (), *, resolve: Resolve | None = None) -> httpx.AsyncClient:
    """Make a client; whoever makes it closes it.

    `allow_private` are host names and networks that may be called although they are not in the internet. Any other such
    call raises httpx.ConnectError. `resolve` stands in for the system's resolver.
    """
    return httpx.AsyncClient(
        transport=_GuardedTransport(allow_private, resolve or _resolved), timeout=_CALL_S, trust_env=False
    )


def is_outside(address: str) -> bool:
    """Whether an IP address is in the internet; one that wraps another is judged by that one."""
    return _is_outside(ipaddress.ip_address(address))


def _is_outside(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None or address.teredo is not None:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_outside(inner)
    return not any(address.version == network.version and address in network for network in _INSIDE)


@final
class _GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport over connections that are guarded."""

    def __init__(self, allow_private: Collection[str], resolve: Resolve) -> None:
        super().__init__(verify=_trust(), trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_trust(),
            max_connections=_CONNECTIONS_MAX,
            network_backend=_GuardedBackend(allow_private, resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Call, and read no more of the answer than is allowed."""
        response = await super().handle_async_request(request)
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _CappedStream(response.stream)
        return response


@cache
def _trust() -> ssl.SSLContext:
    """Whom we believe to be who he says; loaded once, for that takes a while."""
    return httpx.create_ssl_context(trust_env=False)


@final
class _CappedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > ANSWER_BYTES_MAX:
                raise httpx.ReadError(f"the answer has more than {ANSWER_BYTES_MAX:,} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


@final
class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses in the internet, and to those that an admin allows."""

    def __init__(self, allow_private: Collection[str], resolve: Resolve) -> None:
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()
        self._networks = tuple(network for given in allow_private if (network := _network(given)) is not None)
        self._names = frozenset(given.lower() for given in allow_private)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[_Option] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, judge, and connect to what was judged. Raises httpcore.ConnectError."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} has no address") from error
        if not addresses or not self._may_call(host, addresses):
            raise httpcore.ConnectError(
                f"{host} is not in the internet; allow it in [http] allow_private of hookflash.toml,"
                " or with --allow-private"
            )
        return await self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's own signature
        socket_options: Iterable[_Option] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: a socket of this machine is not in the internet."""
        del timeout, socket_options
        raise httpcore.ConnectError(f"{path} is not in the internet")

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        await asyncio.sleep(seconds)

    def _may_call(self, host: str, addresses: list[str]) -> bool:
        if host.lower().rstrip(".") in self._names:
            return True
        found = [ipaddress.ip_address(address) for address in addresses]
        return all(_is_outside(each) or any(_is_in(each, network) for network in self._networks) for each in found)


def _is_in(address: _Address, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return address.version == network.version and address in network


def _network(given: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(given)
    except ValueError:
        return None


async def _resolved(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
