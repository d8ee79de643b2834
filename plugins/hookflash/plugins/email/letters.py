"""What is remembered of each customer's mails, so that ours land in the same thread and go out once.

Kept in the channel's store in a fixed number of places, each of a bounded size; where one is full, whoever was silent
longest is forgotten: he then gets a mail that begins a thread of its own.
"""

import asyncio
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, final

from hookflash.sdk import ChannelStore

__all__ = ["Letter", "Letters"]

_PLACES: Final = 1_024
_PLACE_SIZE_MAX: Final = 60_000
_SENT_MAX: Final = 8


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A customer's last mail: how he spelt his address, its id, subject and references; and our last mails to him.

    `thread` is the token of the address that we asked him to answer to.
    """

    written: str
    message_id: str = ""
    subject: str = ""
    references: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    thread: str = ""


@final
class Letters:
    """The letters of one channel, by customer."""

    def __init__(self, store: ChannelStore) -> None:
        """Read and write in that store."""
        self._store = store
        self._turn = asyncio.Lock()

    async def of(self, customer: str) -> Letter | None:
        """Give what is remembered of a customer."""
        found = (await self._place(customer)).get(customer)
        if found is None:
            return None
        return Letter(**{**found, "references": tuple(found["references"]), "sent": tuple(found["sent"])})

    async def received(self, customer: str, letter: Letter) -> None:
        """Remember a customer's mail; what we sent him stays known."""
        async with self._turn:
            before = await self.of(customer)
            if before is not None:
                letter = replace(letter, sent=before.sent, thread=before.thread)
            await self._put(customer, letter)

    async def sent(self, customer: str, message_id: str, thread: str) -> None:
        """Remember that a mail of ours went out."""
        async with self._turn:
            before = await self.of(customer) or Letter(written=customer)
            known = (*(one for one in before.sent if one != message_id), message_id)[-_SENT_MAX:]
            await self._put(customer, replace(before, sent=known, thread=thread))

    async def _place(self, customer: str) -> dict[str, dict[str, Any]]:
        value = await self._store.get(_key(customer))
        place: dict[str, dict[str, Any]] = {} if value is None else json.loads(value)
        return place

    async def _put(self, customer: str, letter: Letter) -> None:
        place = await self._place(customer)
        place.pop(customer, None)
        place[customer] = asdict(letter)
        value = json.dumps(place)
        while len(value) > _PLACE_SIZE_MAX and len(place) > 1:
            del place[next(iter(place))]
            value = json.dumps(place)
        await self._store.put(_key(customer), value)


def _key(customer: str) -> str:
    number = int.from_bytes(hashlib.sha256(customer.encode()).digest()[:4], "big") % _PLACES
    return f"letters/{number}"
