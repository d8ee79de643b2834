"""By which ids a channel's customers are known: each leads to the address under which a customer was known first.

A provider may name somebody by his number today and by an id of its own tomorrow; that is one customer, with one
conversation. What is learnt of an arrival is kept in the same transaction as the arrival.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar, final

import structlog

from hookflash.sdk.channel import CustomerAddress

__all__ = ["Aliases"]

_ALIASES_MAX: Final = 200_000
"""Ids of one channel that are remembered; beyond that a customer is known by his address alone."""

_PER_CUSTOMER_MAX: Final = 10
_ID_LENGTH_MAX: Final = 512

A = TypeVar("A")

_log = structlog.get_logger(__name__)


@final
class Aliases:
    """One channel's; `is_open` says whether a conversation is open at an address, `unsaved` is what is to be kept."""

    def __init__(self, channel: str, is_open: Callable[[str], bool]) -> None:
        """Know nobody before `load`."""
        self._channel = channel
        self._is_open = is_open
        self._addresses: dict[str, str] = {}
        self._others: dict[str, list[str]] = {}
        self.unsaved: list[tuple[str, str]] = []

    def load(self, pairs: list[tuple[str, str]]) -> None:
        """Take what was learnt before: alias and address, the oldest first."""
        for alias, address in pairs:
            self._learn(alias, address)

    def of(self, address: str) -> tuple[str, ...]:
        """The other ids of the customer at that address, the one learnt or seen last first."""
        return tuple(self._others.get(address, ()))

    def resolved(self, arrival: A) -> A:
        """The arrival, from the address under which its customer is known. What is wrong with it comes through."""
        address = getattr(arrival, "address", None)
        if not isinstance(address, CustomerAddress) or (not address.aliases and address.id not in self._addresses):
            return arrival
        ids = [each for each in (address.id, *address.aliases) if type(each) is str and len(each) <= _ID_LENGTH_MAX]
        known = self._known(ids)
        for each in reversed(ids[: _PER_CUSTOMER_MAX + 1]):
            if each != known:
                self._note(each, known)
        return replace(arrival, address=replace(address, id=known))  # type: ignore[type-var]  # a dataclass

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
            self.unsaved.append((alias, address))
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
