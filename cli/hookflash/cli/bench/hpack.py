"""As much of HTTP/2's header compression (RFC 7541) as a load client needs, and nothing more.

Sending, a header is spelled out once and named by its number from then on, as any client does. Receiving, we allow the
server no memory of headers, so that each block stands alone and equal headers are equal bytes.
"""

from collections.abc import Iterator
from typing import Final

__all__ = ["RequestHeaders", "literals"]

_STATIC: Final = 61
_POST_OVER_HTTP: Final = b"\x83\x86"
_BYTE: Final = 0x80
_INDEX_MAX: Final = 0x7F


class RequestHeaders:
    """The blocks of headers of one connection's requests."""

    def __init__(self, authority: str, token: str) -> None:
        """Take what is the same in every request."""
        self._fixed = (
            (b":authority", authority.encode()),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
            (b"authorization", f"Bearer {token}".encode()),
        )
        self._known: list[tuple[bytes, bytes]] = []
        self._blocks: dict[tuple[str, str], bytes] = {}

    def block(self, path: str, timeout: str = "") -> bytes:
        """Return the block for a method; to be sent next, for it may teach the server headers."""
        found = self._blocks.get((path, timeout))
        if found is None:
            known = len(self._known)
            found = self._made(path, timeout)
            if len(self._known) > known:
                # What was known has another number now.
                self._blocks.clear()
            else:
                self._blocks[path, timeout] = found
        return found

    def _made(self, path: str, timeout: str) -> bytes:
        headers = [(b":path", path.encode()), *self._fixed]
        if timeout:
            headers.append((b"grpc-timeout", timeout.encode()))
        return _POST_OVER_HTTP + b"".join(map(self._one, headers))

    def _one(self, header: tuple[bytes, bytes]) -> bytes:
        if header not in self._known:
            self._known.append(header)
            return b"\x40" + _string(header[0]) + _string(header[1])
        number = _STATIC + len(self._known) - self._known.index(header)
        if number >= _INDEX_MAX:
            raise ValueError("This client knows too few numbers for so many methods.")
        return bytes((_BYTE | number,))


def literals(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers that a block spells out; what it names by number (`:status 200`) is left out.

    A value under Huffman's code comes as it is: gRPC writes none that we read.
    """
    at = 0
    while at < len(block):
        first = block[at]
        if first & 0x80:
            _, at = _integer(block, at, 7)
        elif first & 0xE0 == 0x20:  # noqa: PLR2004  a change of the table's size, RFC 7541, 6.3
            _, at = _integer(block, at, 5)
        else:
            number, at = _integer(block, at, 6 if first & 0x40 else 4)
            name = b""
            if not number:
                name, at = _text(block, at)
            value, at = _text(block, at)
            yield name, value


def _string(text: bytes) -> bytes:
    if len(text) < _INDEX_MAX:
        return bytes((len(text),)) + text
    rest = len(text) - _INDEX_MAX
    length = bytearray((_INDEX_MAX,))
    while rest >= _BYTE:
        length.append(rest % _BYTE | _BYTE)
        rest //= _BYTE
    length.append(rest)
    return bytes(length) + text


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    full = (1 << bits) - 1
    value = block[at] & full
    at += 1
    if value < full:
        return value, at
    shift = 0
    while True:
        byte = block[at]
        at += 1
        value += (byte & _INDEX_MAX) << shift
        shift += 7
        if not byte & _BYTE:
            return value, at


def _text(block: bytes, at: int) -> tuple[bytes, int]:
    length, at = _integer(block, at, 7)
    return block[at : at + length], at + length
