"""Customers' media: fetched once, when they arrive, kept by what they are, and found by a name that nobody can guess.

What a provider says of a medium is never trusted: it is kept as bytes, and served as a download of a harmless type.
"""

import asyncio
import hashlib
import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final, final

import structlog

from hookflash.engine.actors.clock import Clock
from hookflash.engine.settings import HttpSettings
from hookflash.sdk.channel import ChannelAdapter, MediaRef
from hookflash.sdk.hosting.fetching import FetchRules, fetched
from hookflash.sdk.types import ChannelId

from .inbox_file import InboxFile, MediaRow
from .inbox_rows import KeptMedia
from .ports import FaultListener

__all__ = ["MEDIA_DIRECTORY", "MediaStore", "new_place", "with_url"]

MEDIA_DIRECTORY: Final = "media"
"""The name of the folder in the data directory."""

_FETCH_S: Final = 30.0
_TRIES: Final = 3
_ROOM: Final = 20
"""Room is made for so much of all: a twentieth."""

_PLACE: Final = re.compile(r"[0-9a-f]{32}")

_log = structlog.get_logger(__name__)


@final
class MediaStore:
    """The media of all channels, in a folder of the data directory; without a URL to serve them at, none is fetched."""

    def __init__(self, directory: Path, file: InboxFile, settings: HttpSettings, clock: Clock) -> None:
        """Make the folder when the first medium comes."""
        self._directory = directory
        self._file = file
        self._settings = settings
        self._base = settings.media_url or settings.public_url
        self._clock = clock
        self._changing = asyncio.Lock()
        self._bytes = 0
        self._dropped = 0

    @property
    def bytes_kept(self) -> int:
        """How many bytes all media have, as of the last look."""
        return self._bytes

    @property
    def dropped(self) -> int:
        """How many media were let go of since the start, for their age or to make room."""
        return self._dropped

    @property
    def is_served(self) -> bool:
        """Whether there is a URL to serve media at; without one none is worth fetching."""
        return bool(self._base)

    @property
    def bytes_max(self) -> int:
        """How many bytes one may have."""
        return self._settings.media_bytes_max

    async def url(
        self, channel: ChannelId, adapter: ChannelAdapter, media: KeptMedia, on_fault: FaultListener
    ) -> str | None:
        """Where a medium is served, after fetching it; None where it cannot be had."""
        if not self.is_served or _PLACE.fullmatch(media.place) is None:
            return None
        if await self._file.media(media.place) is None:
            body = await self._fetched(channel, adapter, media.ref, on_fault)
            if not body or not await self.keep(channel, media.place, body, mime_type=media.mime_type, name=media.name):
                return None
        return self._url(media.place)

    async def url_in(self, channel: ChannelId, place: str) -> str | None:
        """Where a medium of that channel is served; None where there is none of that name."""
        found = await self.find(place)
        return self._url(place) if self.is_served and found is not None and found[1].channel == channel else None

    async def keep(self, channel: ChannelId, place: str, body: bytes, *, mime_type: str, name: str) -> bool:
        """Keep a medium under the name that it will be served by; False, and the log says why, where that fails."""
        try:
            return await self._keep(channel, place, body, mime_type, name)
        except (sqlite3.Error, OSError) as error:
            _log.warning("medium_not_kept", channel=channel, error=str(error))
            return False

    async def tidy(self) -> None:
        """Let go of what was kept for long enough, and of the oldest ones where all are too many."""
        async with self._changing:
            await self._drop(self._settings.media_total_bytes_max)

    async def _drop(self, bytes_max: int) -> None:
        before = self._clock.now() - self._settings.media_kept_s
        kept = await self._file.drop_media(before=before, bytes_max=bytes_max)
        self._bytes = kept.bytes_
        if kept.dropped:
            self._dropped += kept.dropped
            _log.info("media_dropped", media=kept.dropped, bytes_kept=kept.bytes_)
            await asyncio.to_thread(self._remove, kept.unnamed)

    async def _keep(self, channel: ChannelId, place: str, body: bytes, mime_type: str, name: str) -> bool:
        """Make room and keep it; False for one that is larger than all may be together."""
        size, bytes_max = len(body), self._settings.media_total_bytes_max
        if size > bytes_max:
            _log.warning("medium_not_kept", channel=channel, error="larger than [http] media_total_bytes_max")
            return False
        async with self._changing:
            if self._bytes + size > bytes_max:
                # For some more than this one: to look for the oldest costs the more, the more there are.
                await self._drop(min(bytes_max - size, bytes_max - bytes_max // _ROOM))
            digest = await asyncio.to_thread(self._write, body)
            row = MediaRow(place, channel, digest, mime_type, name, self._clock.now(), size)
            await self._file.put_media(row)
            self._bytes += size
        return True

    async def find(self, place: str) -> tuple[Path, MediaRow] | None:
        """The file of a medium, and what its provider said of it."""
        if _PLACE.fullmatch(place) is None:
            return None
        row = await self._file.media(place)
        return None if row is None or not self._path(row.digest).is_file() else (self._path(row.digest), row)

    async def _fetched(
        self, channel: ChannelId, adapter: ChannelAdapter, ref: MediaRef, on_fault: FaultListener
    ) -> bytes | None:
        rules = FetchRules(size_max=self.bytes_max, tries=_TRIES, timeout_s=_FETCH_S)

        def missed(why: str) -> None:
            _log.info("medium_not_fetched", channel=channel, error=why)

        return await fetched(adapter, ref, rules, self._clock, on_fault=on_fault, on_missed=missed)

    def _url(self, place: str) -> str:
        return f"{self._base}/media/{place}"

    def _remove(self, digests: Sequence[str]) -> None:
        """Remove the files of media that nobody names any more; one that stays behind is only a file too many."""
        for digest in digests:
            with suppress(OSError):
                self._path(digest).unlink()

    def _write(self, body: bytes) -> str:
        """Keep the bytes under their digest, whole or not at all; in a thread."""
        digest = hashlib.sha256(body).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.new")
        descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return digest

    def _path(self, digest: str) -> Path:
        return self._directory / digest[:2] / digest


def with_url(words: str, url: str, length_max: int) -> str:
    """What the timeline shows of a medium: the words before it cut where there are too many."""
    room = length_max - len(url) - 1
    return f"{words[:room].rstrip()} {url}"


def new_place(random: Random) -> str:
    """A name by which a medium is served, which nobody can guess where chance is the system's."""
    return f"{random.getrandbits(128):032x}"
