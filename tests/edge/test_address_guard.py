"""Plugins call the internet and nothing behind our own walls, however an address is written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from hookflash.sdk import http as guard
from hookflash.sdk.http import guarded_client, is_outside

NAMES = {
    "internal.example.com": ["10.0.0.7"],
    "one-of-two.example.com": ["93.184.216.34", "127.0.0.1"],
    "mapped.example.com": ["::ffff:192.168.1.1"],
    "nat64.example.com": ["64:ff9b::7f00:1"],
    "metadata.example.com": ["169.254.169.254"],
    "none.example.com": [],
}

INSIDE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.255.255.254/",
    "http://0/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1/",
    "http://192.0.0.8/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:53aa:64c::1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "https://internal.example.com/",
    "https://one-of-two.example.com/",
    "https://mapped.example.com/",
    "https://nat64.example.com/",
    "https://metadata.example.com/",
    "https://none.example.com/",
]


async def _resolve(host: str, port: int) -> list[str]:
    return NAMES[host] if host in NAMES else await guard._resolved(host, port)  # noqa: SLF001  numbers need no network


@pytest.mark.parametrize("url", INSIDE)
async def test_what_is_not_in_the_internet_is_not_called(url: str) -> None:
    async with guarded_client(resolve=_resolve) as client:
        with pytest.raises(httpx.ConnectError, match=r"is not in the internet|has no address"):
            await client.get(url)


OUTSIDE = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", OUTSIDE)
def test_the_internet_is_outside(address: str) -> None:
    assert is_outside(address)


@asynccontextmanager
async def _listening(answer: bytes) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


@pytest.mark.parametrize("allowed", ["127.0.0.0/8", "127.0.0.1/32", "ours.example.com"])
async def test_an_admin_allows_a_host_or_a_network_of_his_own(allowed: str) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with _listening(OK) as port, guarded_client((allowed,), resolve=resolve) as client:
        assert (await client.get(f"http://OURS.example.com:{port}/")).text == "hi"


async def test_the_address_that_was_judged_is_the_one_that_is_called_and_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    redirect = b"HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n"
    async with _listening(redirect) as port, guarded_client(("ours.example.com",), resolve=resolve) as client:
        assert (await client.get(f"http://ours.example.com:{port}/")).status_code == 302
    assert asked == ["ours.example.com"]


async def test_an_answer_is_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "ANSWER_BYTES_MAX", 1_000)
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000
    async with _listening(endless) as port, guarded_client(("127.0.0.1/32",)) as client:
        with pytest.raises(httpx.ReadError, match="more than 1,000 bytes"):
            await client.get(f"http://127.0.0.1:{port}/")
