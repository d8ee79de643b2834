"""What a front and its engine tell each other: frames, in batches, over a socket that only the two of them have.

Whatever becomes ready together leaves together: a length of four bytes, then a list in MessagePack. No frame shows what
it holds, for a call holds its caller's token.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

__all__ = [
    "Answered",
    "Batches",
    "Cancelled",
    "Drain",
    "Ended",
    "FromEngine",
    "FromFront",
    "Invoked",
    "Item",
    "Kind",
    "Listen",
    "Listening",
    "Metadata",
    "NotListening",
    "Taken",
    "packed",
]

Metadata: TypeAlias = tuple[tuple[str, Any], ...]
"""Pairs as gRPC has them: a name that ends in `-bin` has bytes, any other a text."""

_LENGTH_BYTES: Final = 4
F = TypeVar("F")


class Kind(IntEnum):
    """How a method is called: a request and its answer; a request and items; requests, each with its answer."""

    UNARY = 0
    STREAM = 1
    EXCHANGE = 2


class _Frame(msgspec.Struct, frozen=True, array_like=True, gc=False):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class Listen(_Frame, frozen=True, tag=0):
    """Take the address and serve these methods, each a path and its kind; with a certificate over TLS.

    Of calls to `commands`, indexes of methods, not many more than `commands_max` are handed over at a time: the rest
    waits in gRPC's core, which drops what is too much.

    With `client_ca` a client must show a certificate, whose names go with its calls. All three are PEM.
    """

    address: str
    methods: tuple[tuple[str, Kind], ...]
    options: tuple[tuple[str, int], ...]
    commands: frozenset[int]
    commands_max: int
    key: bytes = b""
    certificate: bytes = b""
    client_ca: bytes = b""


class Answered(_Frame, frozen=True, tag=1):
    """The answer to a request; it ends a unary call well."""

    number: int
    body: bytes


class Item(_Frame, frozen=True, tag=2):
    """An item of a stream."""

    number: int
    body: bytes


class Ended(_Frame, frozen=True, tag=3):
    """A call has ended: a stream well (code 0), or any with that status."""

    number: int
    code: int = 0
    details: str = ""
    trailing: Metadata = ()


class Drain(_Frame, frozen=True, tag=5):
    """Take no more calls, cut those off that are still at work after so many seconds, and end."""

    grace_s: float


class Listening(_Frame, frozen=True, tag=0):
    """The address was taken, with that port, and calls come in."""

    port: int


class NotListening(_Frame, frozen=True, tag=1):
    """The address cannot be taken."""


class Invoked(_Frame, frozen=True, tag=2):
    """Somebody calls: `method` is an index into `Listen.methods`, `deadline` a time of the monotonic clock."""

    number: int
    method: int
    body: bytes
    metadata: Metadata
    peer: str
    deadline: float | None
    certificate_names: tuple[bytes, ...] = ()


class Cancelled(_Frame, frozen=True, tag=3):
    """Who called is gone, or his deadline has passed."""

    number: int


class Taken(_Frame, frozen=True, tag=4):
    """The reader of a stream has taken so many bytes more."""

    number: int
    size: int


FromEngine: TypeAlias = Listen | Answered | Item | Ended | Drain
FromFront: TypeAlias = Listening | NotListening | Invoked | Cancelled | Taken

_encode: Final = msgspec.msgpack.Encoder().encode


def packed(frames: Sequence[FromEngine] | Sequence[FromFront]) -> bytes:
    """One batch as it goes over the socket."""
    batch = _encode(frames)
    return len(batch).to_bytes(_LENGTH_BYTES, "big") + batch


class Batches(Generic[F]):
    """Takes what comes over the socket apart; `frames` is the union of what may come."""

    def __init__(self, frames: Any) -> None:  # noqa: ANN401  a union is no type to the type checker
        """Begin with nothing."""
        self._decode = msgspec.msgpack.Decoder(list[frames]).decode
        self._rest = bytearray()

    def of(self, data: bytes) -> Iterator[F]:
        """Yield the frames of every batch that is whole by now."""
        rest, at = self._rest, 0
        rest += data
        while len(rest) - at >= _LENGTH_BYTES:
            begin = at + _LENGTH_BYTES
            after = begin + int.from_bytes(rest[at:begin], "big")
            if after > len(rest):
                break
            batch, at = bytes(rest[begin:after]), after
            yield from self._decode(batch)
        del rest[:at]
