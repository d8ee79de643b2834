"""Customers' media that adapters outside bring, piece by piece, before the message that each belongs to.

What is not whole is in memory only, and begun anew after a restart; what is whole is kept as any medium is.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple, final

from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.refusals import BadField, RateLimited
from hookflash.sdk.types import ChannelId

from .media import MediaStore, new_place

__all__ = ["IDLE_S", "OF_CHANNEL_MAX", "UPLOADS_MAX", "Uploaded", "Uploads"]

UPLOADS_MAX: Final = 8
"""Media that are on their way at once, of all channels."""

OF_CHANNEL_MAX: Final = 4
"""Of one channel."""

IDLE_S: Final = 30.0
"""A medium of which nothing more came for so long gives its room to others."""

_KNOWN_MAX: Final = 10_000
_RETRY_S: Final = 1.0

_Key = tuple[ChannelId, str]


class Uploaded(NamedTuple):
    """The place of a medium that is whole, or why it is not taken; neither while more of it is to come."""

    place: str = ""
    not_taken: str = ""


@dataclass(slots=True)
class _Upload:
    """A medium on its way; `at` is when the last of it came."""

    at: float
    body: bytearray = field(default_factory=bytearray)


@final
class Uploads:
    """Takes media by channel and by the outside's id of their message; one that came before is known again."""

    def __init__(self, media: MediaStore, clock: Clock, random: Random) -> None:
        """Keep them in that store."""
        self._media = media
        self._clock = clock
        self._random = random
        self._uploads: OrderedDict[_Key, _Upload] = OrderedDict()
        self._known: OrderedDict[_Key, str] = OrderedDict()

    async def take(
        self,
        channel: ChannelId,
        external_id: str,
        *,
        mime_type: str,
        name: str,
        offset: int,
        chunk: bytes,
        is_last: bool,
    ) -> Uploaded:
        """Take what follows `offset` bytes of a medium; at 0 it begins anew. Raises BadField and RateLimited."""
        key = (channel, external_id)
        known = self._known.get(key)
        if known is not None and await self._media.url_in(channel, known) is not None:
            return Uploaded(place=known)
        if not self._media.is_served:
            return Uploaded(not_taken="this engine serves no media: it has no [http] public_url")
        if not (chunk or is_last):
            return Uploaded()  # Asked before anything is fetched.
        upload = self._upload(key, offset)
        if len(upload.body) + len(chunk) > self._media.bytes_max:
            del self._uploads[key]
            return Uploaded(not_taken=f"it has more than {self._media.bytes_max:,} bytes")
        upload.body += chunk
        upload.at = self._clock.now()
        if not is_last:
            return Uploaded()
        del self._uploads[key]
        return await self._keep(key, bytes(upload.body), mime_type, name)

    async def _keep(self, key: _Key, body: bytes, mime_type: str, name: str) -> Uploaded:
        if not body:
            return Uploaded(not_taken="it is empty")
        place = new_place(self._random)
        if not await self._media.keep(key[0], place, body, mime_type=mime_type, name=name):
            return Uploaded(not_taken="it cannot be kept")
        self._known[key] = place
        if len(self._known) > _KNOWN_MAX:
            self._known.popitem(last=False)
        return Uploaded(place=place)

    def _upload(self, key: _Key, offset: int) -> _Upload:
        if offset == 0:
            self._uploads.pop(key, None)
            self._make_room(key[0])
            self._uploads[key] = _Upload(self._clock.now())
        upload = self._uploads.get(key)
        if upload is None:
            raise BadField("offset", "must be 0: nothing of this medium is here")
        if offset != len(upload.body):
            raise BadField("offset", f"must be {len(upload.body)}, how much of it is here, or 0 to begin anew")
        return upload

    def _make_room(self, channel: ChannelId) -> None:
        idle_since = self._clock.now() - IDLE_S
        for key in [key for key, upload in self._uploads.items() if upload.at <= idle_since]:
            del self._uploads[key]
        of_channel = sum(key[0] == channel for key in self._uploads)
        if of_channel >= OF_CHANNEL_MAX or len(self._uploads) >= UPLOADS_MAX:
            raise RateLimited(_RETRY_S)
