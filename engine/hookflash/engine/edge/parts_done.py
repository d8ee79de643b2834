"""How many parts of a long delivery are out, so that a crash in the middle sends none of them twice."""

import sqlite3
from typing import Final, final

import structlog

from hookflash.sdk.types import ChannelId, DeliveryId

from .inbox_file import InboxFile

__all__ = ["PartsDone"]

_ROWS_MAX: Final = 10_000

_log = structlog.get_logger(__name__)


@final
class PartsDone:
    """The deliveries of one channel of which some parts are out; kept in the inbox's file, beside the channel's store.

    What the disk does not take is remembered in memory: then only a crash sends a part once more.
    """

    def __init__(self, file: InboxFile, channel: ChannelId) -> None:
        """Keep what belongs to that channel."""
        self._file = file
        self._place = f"parts of {channel}"
        self._known: dict[DeliveryId, int] = {}

    async def done(self, delivery: DeliveryId) -> int:
        """How many of its first parts are out."""
        if delivery in self._known:
            return self._known[delivery]
        try:
            found = await self._file.get(self._place, delivery)
        except sqlite3.Error as error:
            _log.warning("parts_not_read", error=str(error))
            return 0
        self._known[delivery] = 0 if found is None else int(found)
        return self._known[delivery]

    async def put(self, delivery: DeliveryId, count: int) -> None:
        """So many are out now."""
        self._known[delivery] = count
        try:
            await self._file.put(self._place, delivery, str(count), keys_max=_ROWS_MAX)
        except sqlite3.Error as error:
            _log.warning("parts_not_kept", error=str(error))

    async def forget(self, delivery: DeliveryId) -> None:
        """The delivery is settled."""
        if self._known.pop(delivery, None) is None:
            return
        try:
            await self._file.delete(self._place, delivery)
        except sqlite3.Error as error:
            _log.warning("parts_not_forgotten", error=str(error))
