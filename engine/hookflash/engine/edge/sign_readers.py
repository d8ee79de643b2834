"""Signs to customers of channels that are served from outside: for whoever reads them now, and for nobody else.

Nothing of it is kept. Of what waits for a reader each customer has one sign of each kind, the latest; where too many
wait, the rest is dropped.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Self, final

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.refusals import Refusal, TakenOver
from hookflash.engine.domain.struct import Struct
from hookflash.sdk.types import ChannelId, ExternalId

from .read_marks import UNREAD_MAX

__all__ = ["WAITING_MAX", "Sign", "SignReader", "SignReaders"]

WAITING_MAX: Final = 64
"""Signs of one channel that wait for its reader."""


@final
class Sign(Struct, frozen=True, kw_only=True):
    """To the customer at that address: an agent types, or has stopped; or, `is_typing` being None, has seen these."""

    address: str
    is_typing: bool | None = None
    seen: tuple[ExternalId, ...] = ()


@final
class SignReaders:
    """Who reads which channel's signs; at most one each."""

    def __init__(self) -> None:
        """Nobody reads."""
        self._readers: dict[ChannelId, SignReader] = {}

    def open_reader(self, channel: ChannelId) -> "SignReader":
        """Read a channel's signs from now on; a reader before is ended."""
        before = self._readers.get(channel)
        if before is not None:
            before.end(TakenOver(str(Address(Kind.CHANNEL, channel))))
        reader = self._readers[channel] = SignReader(self, channel)
        return reader

    def show_typing(self, channel: ChannelId, address: str, *, is_typing: bool) -> None:
        """Tell the channel's reader that an agent types to a customer."""
        reader = self._readers.get(channel)
        if reader is not None:
            reader.put(Sign(address=address, is_typing=is_typing))

    def mark_read(self, channel: ChannelId, address: str, external_ids: Sequence[ExternalId]) -> bool:
        """Tell the channel's reader what an agent has seen; False where it has too much to read, so another time."""
        reader = self._readers.get(channel)
        return reader is None or reader.put(Sign(address=address, seen=tuple(external_ids)))

    def leave(self, reader: "SignReader") -> None:
        """It reads no more."""
        if self._readers.get(reader.channel) is reader:
            del self._readers[reader.channel]


@final
class SignReader:
    """An endless iterator of one channel's signs; ends when closed, raises TakenOver when another one reads."""

    def __init__(self, readers: SignReaders, channel: ChannelId) -> None:
        """Made by `SignReaders.open_reader`."""
        self.channel: Final = channel
        self._readers = readers
        self._waiting: OrderedDict[tuple[bool, str], Sign] = OrderedDict()
        self._woken = asyncio.Event()
        self._is_closed = False
        self._refusal: Refusal | None = None

    def __aiter__(self) -> Self:
        """Be its own iterator."""
        return self

    async def __anext__(self) -> Sign:
        """Wait for the next sign."""
        while not self._is_closed:
            if self._waiting:
                return self._waiting.popitem(last=False)[1]
            self._woken.clear()
            await self._woken.wait()
        if self._refusal is not None:
            raise self._refusal
        raise StopAsyncIteration

    def put(self, sign: Sign) -> bool:
        """Let it wait to be read; False where it is dropped."""
        key = (sign.is_typing is None, sign.address)
        before = self._waiting.pop(key, None)
        if before is None and len(self._waiting) >= WAITING_MAX:
            return False
        if before is not None and sign.is_typing is None:
            sign = Sign(address=sign.address, seen=(*before.seen, *sign.seen)[-UNREAD_MAX:])
        self._waiting[key] = sign
        self._woken.set()
        return True

    def end(self, refusal: Refusal | None = None) -> None:
        """End the iteration, with a refusal where there is one."""
        self._is_closed, self._refusal = True, refusal
        self._waiting.clear()
        self._woken.set()

    def close(self) -> None:
        """Read no more. Closing twice is no error."""
        if not self._is_closed:
            self.end()
        self._readers.leave(self)
