"""Raw bytes for the server's port: HTTP/2 frames that are almost right, and what is no HTTP/2 at all.

A connection's bytes are a function of the run's seed and the connection's number.
"""

import asyncio
from contextlib import suppress
from random import Random
from typing import Final

__all__ = ["FRAMES_EACH", "connection_bytes", "throw_frames"]

FRAMES_EACH: Final = 50
"""Frames on one connection, as far as the server lets them come."""

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS: Final = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_KINDS: Final = 10
_NO_HTTP2: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /hookflash.v1.AdminService/GetServer HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x00" * 4_096,
    b"PRI * HTTP/1.0\r\n\r\n",
)
# Header blocks: an index that does not exist, a length that lies, a table resized beyond all, a huge integer.
_BLOCKS: Final = (
    b"\xff\xff\xff\xff\x0f",
    b"\x40\x7f\xff\xff\xff\x7f",
    b"\x3f\xff\xff\xff\xff\x0f",
    b"\x82\x86\x84\x01\x09localhost",
    b"\x83\x86\x04\x25/hookflash.v1.AdminService/GetServer\x5f\x10application/grpc",
    b"\x00\x01\x00\x01\x00",
    b"\xbf",
)
_ANSWER_S: Final = 0.05
_AT_ONCE: Final = 16


def connection_bytes(seed: int, number: int) -> bytes:
    """Everything that is thrown at one connection."""
    chance = Random(f"frames {seed}/{number}")  # noqa: S311  repeatable, not secret
    if chance.random() < 0.1:
        return chance.choice(_NO_HTTP2) + chance.randbytes(chance.randrange(200))
    start = _PREFACE + _SETTINGS if chance.random() < 0.9 else _PREFACE[: chance.randrange(len(_PREFACE))]
    return start + b"".join(_frame(chance) for _ in range(FRAMES_EACH))


def _frame(chance: Random) -> bytes:
    kind = chance.randrange(_KINDS) if chance.random() < 0.9 else chance.randrange(256)
    flags = chance.choice((0, 1, 4, 5, 8, 0x20, 0xFF))
    stream = chance.choice((0, 1, 1, 3, 5, 2, 2**31 - 1, chance.getrandbits(31)))
    payload = _payload(kind, chance)
    length = len(payload) if chance.random() < 0.95 else chance.choice((0, 5, 2**14 + 1, 2**24 - 1))
    return length.to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _payload(kind: int, chance: Random) -> bytes:
    if chance.random() < 0.1:
        return chance.randbytes(chance.choice((0, 1, 7, 100, 2_000)))
    match kind:
        case 0:
            return chance.choice((b"\x00\x00\x00\x00\x00", b"\x01\xff\xff\xff\xff", b"\x00\x00\x00\x00\x02\x08\x01"))
        case 1 | 9:
            return chance.choice(_BLOCKS) + chance.randbytes(chance.randrange(4))
        case 3:
            return chance.getrandbits(32).to_bytes(4, "big")
        case 4:
            pairs = ((chance.randrange(8), chance.choice((0, 1, 2**31, 2**32 - 1))) for _ in range(chance.randrange(4)))
            return b"".join(key.to_bytes(2, "big") + value.to_bytes(4, "big") for key, value in pairs)
        case 6:
            return chance.randbytes(8)
        case 7:
            return chance.randbytes(8) + b"goodbye"
        case 8:
            return chance.choice((b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x01"))
        case _:
            return chance.randbytes(5)


async def throw_frames(address: str, seed: int, frames: int) -> int:
    """Throw so many frames, several connections at once; return how many connections it took."""
    host, _, port = address.rpartition(":")
    numbers = iter(range(-(-frames // FRAMES_EACH)))
    thrown = 0

    async def work() -> None:
        nonlocal thrown
        for number in numbers:
            with suppress(ConnectionError, TimeoutError):
                await _throw(host, int(port), connection_bytes(seed, number))
            thrown += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(work())
    return thrown


async def _throw(host: str, port: int, thrown: bytes) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(thrown)
        async with asyncio.timeout(_ANSWER_S):
            await writer.drain()
            while await reader.read(65_536):
                pass
    finally:
        writer.transport.abort()
