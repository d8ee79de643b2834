"""By which ids a channel's customers are known: each leads to the address under which a customer was known first.

A provider may name somebody by his number today and by an id of its own tomorrow; that is one customer, with one
conversation. What is learnt of an arrival is durable before the arrival is: in the same transaction where an adapter of
ours brought it, by `save` where somebody outside did.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, TypeVar, final

import structlog

from hookflash.engine.domain.refusals import JournalUnavailable
from hookflash.sdk.channel import CustomerAddress
from hookflash.sdk.types import ChannelId

from .inbox import Inbox
from .inbox_file import InboxFile

__all__ = ["AliasBook", "Aliases"]

_ALIASES_MAX: Final = 200_000
"""Ids of one channel that are remembered; beyond that a customer is known by his address alone."""

_PER_CUSTOMER_MAX: Final = 10
_ID_LENGTH_MAX: Final = 512

A = TypeVar("A")

_log = structlog.get_logger(__name__)


@final
class Aliases:
    """One channel's; `is_open` says whether a conversation is open at an address."""

    def __init__(self, channel: ChannelId, is_open: Callable[[str], bool], file: InboxFile) -> None:
        """Know nobody before `load`."""
        self._channel = channel
        self._is_open = is_open
        self._file = file
        self._saving = asyncio.Lock()
        self._addresses: dict[str, str] = {}
        self._others: dict[str, list[str]] = {}
        self._unsaved: list[tuple[str, str]] = []

    async def load(self) -> None:
        """Take what was learnt before. Raises sqlite3.Error."""
        for alias, address in await self._file.aliases(self._channel):
            self._learn(alias, address)

    def learnt(self) -> list[tuple[str, str, str]]:
        """What is to be kept, with the channel: whoever takes it keeps it, or gives it `back`."""
        taken, self._unsaved = self._unsaved, []
        return [(self._channel, *pair) for pair in taken]

    def back(self, learnt: list[tuple[str, str, str]]) -> None:
        """That was not kept."""
        self._unsaved[:0] = [(alias, address) for _, alias, address in learnt]

    async def save(self) -> None:
        """Keep what was learnt; all of it is durable when this returns. Raises sqlite3.Error."""
        if not self._unsaved and not self._saving.locked():
            return
        async with self._saving:
            learnt = self.learnt()
            if not learnt:
                return
            try:
                await self._file.keep((), learnt)
            except sqlite3.Error:
                self.back(learnt)
                raise

    def of(self, address: str) -> tuple[str, ...]:
        """The other ids of the customer at that address, the one learnt or seen last first."""
        return tuple(self._others.get(address, ()))

    def resolved(self, arrival: A) -> A:
        """The arrival, from the address under which its customer is known. What is wrong with it comes through."""
        address = getattr(arrival, "address", None)
        if not isinstance(address, CustomerAddress) or (not address.aliases and address.id not in self._addresses):
            return arrival
        known = self.address_of(address.id, address.aliases)
        return replace(arrival, address=replace(address, id=known))  # type: ignore[type-var]  # a dataclass

    def address_of(self, address: str, aliases: Iterable[str]) -> str:
        """The address under which that customer is known, learning the other ids that he came with."""
        ids = [each for each in (address, *aliases) if type(each) is str and len(each) <= _ID_LENGTH_MAX]
        known = self._known(ids)
        for each in reversed(ids[: _PER_CUSTOMER_MAX + 1]):
            if each != known:
                self._note(each, known)
        return known

    def _known(self, ids: list[str]) -> str:
        for each in ids:
            if each in self._addresses:
                return self._addresses[each]
        return next((each for each in ids if each in self._others or self._is_open(each)), ids[0])

    def _note(self, alias: str, address: str) -> None:
        if self._addresses.get(alias) != address:
            if len(self._addresses) >= _ALIASES_MAX:
                _log.warning("alias_not_kept", channel=self._channel, aliases_max=_ALIASES_MAX)
                return
            self._unsaved.append((alias, address))
        self._learn(alias, address)

    def _learn(self, alias: str, address: str) -> None:
        before = self._addresses.get(alias)
        if before is not None and alias in self._others.get(before, ()):
            self._others[before].remove(alias)
        self._addresses[alias] = address
        others = self._others.setdefault(address, [])
        others.insert(0, alias)
        for forgotten in others[_PER_CUSTOMER_MAX:]:
            self._addresses.pop(forgotten, None)
        del others[_PER_CUSTOMER_MAX:]


@final
class AliasBook:
    """The aliases of every channel, whoever serves it; each is read when it is first asked for."""

    def __init__(self, inbox: Inbox, file: InboxFile) -> None:
        """Read nothing yet."""
        self._inbox = inbox
        self._file = file
        self._reading = asyncio.Lock()
        self._channels: dict[ChannelId, Aliases] = {}

    async def of_channel(self, channel: ChannelId) -> Aliases:
        """Give a channel's. Raises JournalUnavailable."""
        if channel in self._channels:
            return self._channels[channel]
        async with self._reading:
            found = self._channels.get(channel)
            if found is None:
                found = Aliases(channel, lambda address: self._inbox.is_open(channel, address), self._file)
                with _told(channel):
                    await found.load()
                self._channels[channel] = found
            return found

    async def known(self, channel: ChannelId, address: str, aliases: Sequence[str]) -> str:
        """The address under which that customer is known; what is learnt is durable then. Raises JournalUnavailable."""
        known = await self.of_channel(channel)
        found = known.address_of(address, aliases)
        with _told(channel):
            await known.save()
        return found

    def forget(self, channel: ChannelId) -> None:
        """The channel was deleted; the file forgets by itself."""
        self._channels.pop(channel, None)


@contextmanager
def _told(channel: ChannelId) -> Iterator[None]:
    """Tell that the file fails, and refuse for now."""
    try:
        yield
    except sqlite3.Error as error:
        _log.warning("aliases_unavailable", channel=channel, error=str(error))
        raise JournalUnavailable("the inbox's file fails") from error
