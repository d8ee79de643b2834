"""What each customer was shown last: numbered, kept in the channel's store, so that nothing is lost or told twice.

A customer's numbers begin at the time in milliseconds and rise by one. So when his frames were dropped, and he starts
anew, he gets higher numbers than he ever had, and a client that asks for what follows an older one gets a snapshot.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, final

from hookflash.plugins.webchat.frames import Json
from hookflash.sdk import ChannelStore

__all__ = ["PLACES", "RESUMED_MAX", "Backlog", "Entry", "History", "place_of"]

PLACES: Final = 4_096
"""In how many values of the store customers are kept; each holds some, and the oldest frames go where it is full."""

RESUMED_MAX: Final = 128
"""So many frames are told one by one to who missed them; more come at once, in a snapshot: a socket's line is short."""

_PLACE_SIZE_MAX: Final = 60_000

_Place: TypeAlias = dict[str, dict[str, Any]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A numbered frame: its event, and the Delivery that it shows, where it shows one."""

    seq: int
    event: Json
    delivery: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What a client is to be told. `is_resumed`: exactly what follows the number that it named; else all that is kept.

    `last` is the number of the last frame, 0 where there was none; `is_complete`: nothing before was dropped.
    """

    entries: tuple[Entry, ...]
    last: int
    is_resumed: bool
    is_complete: bool


@final
class History:
    """The frames of one channel's customers. Whoever calls it holds the lock of the customer's place."""

    def __init__(self, store: ChannelStore, frames_kept: int) -> None:
        """Keep so many frames of each customer at most."""
        self._store = store
        self._frames_kept = frames_kept

    async def append(
        self, customer: str, key: str, event: Json, *, now: datetime, delivery: str | None = None
    ) -> tuple[Entry, bool]:
        """Keep a frame, durably; with a key that is kept already it is that one, and False."""
        place = await self._read(customer)
        kept = place.setdefault(customer, {"last": 0, "first": 0, "delivered": 0, "read": 0, "frames": []})
        for frame in kept["frames"]:
            if frame["key"] == key:
                return _entry(frame), False
        seq = kept["last"] + 1 if kept["last"] else int(now.timestamp() * 1000)
        frame = {"seq": seq, "key": key, "event": event, "delivery": delivery}
        kept["first"] = kept["first"] or seq
        kept["last"] = seq
        kept["frames"] = [*kept["frames"], frame][-self._frames_kept :]
        await self._write(customer, place)
        return _entry(frame), True

    async def since(self, customer: str, after: int | None) -> Backlog:
        """What follows that number, or all that is kept where it cannot be told, or is much."""
        kept = (await self._read(customer)).get(customer)
        if kept is None:  # Who has a number was forgotten.
            return Backlog(entries=(), last=0, is_resumed=after == 0, is_complete=not after)
        entries = [_entry(frame) for frame in kept["frames"]]
        before_first = (entries[0].seq if entries else kept["last"] + 1) - 1
        missed = [entry for entry in entries if after is not None and entry.seq > after]
        is_resumed = after is not None and before_first <= after <= kept["last"] and len(missed) <= RESUMED_MAX
        return Backlog(
            entries=tuple(missed if is_resumed else entries),
            last=kept["last"],
            is_resumed=is_resumed,
            # Who has a number of before he was forgotten knows of more than his frames since.
            is_complete=before_first < kept["first"] and not 0 < (after or 0) < kept["first"] - 1,
        )

    async def unmarked(self, customer: str, mark: str, up_to: int) -> tuple[Entry, ...]:
        """The deliveries up to that number which have no such mark (`delivered` or `read`) yet."""
        kept = (await self._read(customer)).get(customer)
        if kept is None:
            return ()
        entries = (_entry(frame) for frame in kept["frames"])
        return tuple(entry for entry in entries if entry.delivery and kept[mark] < entry.seq <= up_to)

    async def mark(self, customer: str, mark: str, up_to: int) -> None:
        """Remember that all deliveries up to that number are marked."""
        place = await self._read(customer)
        kept = place.get(customer)
        if kept is not None and kept[mark] < up_to <= kept["last"]:
            kept[mark] = up_to
            await self._write(customer, place)

    async def _read(self, customer: str) -> _Place:
        value = await self._store.get(f"frames/{place_of(customer)}")
        place: _Place = {} if value is None else json.loads(value)
        return place

    async def _write(self, customer: str, place: _Place) -> None:
        value = _coded(place)
        while len(value.encode()) > _PLACE_SIZE_MAX:
            _drop_oldest(place, customer)
            value = _coded(place)
        await self._store.put(f"frames/{place_of(customer)}", value)


def place_of(customer: str) -> int:
    """Where a customer is kept: the same place always."""
    return int.from_bytes(hashlib.sha256(customer.encode()).digest()[:4], "big") % PLACES


def _coded(place: _Place) -> str:
    return json.dumps(place, ensure_ascii=False, separators=(",", ":"))


def _drop_oldest(place: _Place, writing: str) -> None:
    """Make room: the oldest frame of all goes, and who has none left is forgotten."""
    oldest = min((kept["frames"][0]["event"]["at"], name) for name, kept in place.items() if kept["frames"])[1]
    del place[oldest]["frames"][0]
    if not place[oldest]["frames"] and oldest != writing:
        del place[oldest]


def _entry(frame: dict[str, Any]) -> Entry:
    return Entry(seq=frame["seq"], event=frame["event"], delivery=frame["delivery"])
