"""A customer's medium, from its provider through the adapter to the engine, before the message that it belongs to."""

import asyncio
from collections.abc import Callable
from typing import Final, final

import structlog

from hookflash.sdk.channel import ChannelAdapter, MediaRef
from hookflash.sdk.client import Client, HookflashError
from hookflash.sdk.client import messages as m
from hookflash.sdk.hosting.fetching import FetchRules, fetched
from hookflash.sdk.hosting.patience import Alarms

__all__ = ["PIECE_BYTES", "MediaBringer"]

PIECE_BYTES: Final = 256 * 1024
_AT_ONCE_MAX: Final = 4
_BEGINNINGS_MAX: Final = 2
# The engine's own limit is its setting: what is larger than that it refuses. A provider waits for its acknowledgement.
_RULES: Final = FetchRules(size_max=64 * 1024 * 1024, tries=2, timeout_s=10.0)

_log = structlog.get_logger("hookflash.channel")


@final
class MediaBringer:
    """One channel's; a few at once, for each is in memory while it is on its way."""

    def __init__(
        self,
        channel: str,
        client: Client,
        adapter: ChannelAdapter,
        clock: Alarms,
        on_fault: Callable[[str, str, str], None],
    ) -> None:
        """Bring them to `channels/ID` of that server; `on_fault` is told hook, error and fallback."""
        self._channel = channel
        self._client = client
        self._adapter = adapter
        self._clock = clock
        self._on_fault = on_fault
        self._turns = asyncio.Semaphore(_AT_ONCE_MAX)

    async def bring(self, external_id: str, ref: MediaRef) -> str:
        """Bring the medium of the message that is received under that id; the engine's name of it.

        Empty where it cannot be had or is not taken: the message is shown without it. Raises HookflashError.
        """
        async with self._turns:
            try:
                return await self._brought(external_id, ref)
            except HookflashError as error:
                if error.code != "UNIMPLEMENTED":  # Else the engine is older than this.
                    raise
                return ""

    async def _brought(self, external_id: str, ref: MediaRef) -> str:
        asked = await self._sent(self._piece(external_id, ref))
        if asked.media or asked.not_taken:
            return asked.media
        body = await fetched(self._adapter, ref, _RULES, self._clock, on_fault=self._on_fault, on_missed=self._missed)
        if not body:
            return ""
        for beginning in range(1, _BEGINNINGS_MAX + 1):
            try:
                return await self._uploaded(external_id, ref, body)
            except HookflashError as error:
                # Begun anew by an engine that was started anew, or that gave its room to others.
                if error.reason != "BAD_FIELD" or beginning == _BEGINNINGS_MAX:
                    raise
        raise AssertionError("it returned or raised")

    async def _uploaded(self, external_id: str, ref: MediaRef, body: bytes) -> str:
        for offset in range(0, len(body), PIECE_BYTES):
            piece = self._piece(external_id, ref)
            piece.offset, piece.chunk = offset, body[offset : offset + PIECE_BYTES]
            piece.is_last = offset + PIECE_BYTES >= len(body)
            answer = await self._sent(piece)
            if answer.media or answer.not_taken:
                return answer.media
        return ""

    async def _sent(self, piece: m.UploadMediaRequest) -> m.UploadMediaResponse:
        answer = await self._client.upload_media(piece)
        if answer.not_taken:
            self._missed(answer.not_taken)
        return answer

    def _piece(self, external_id: str, ref: MediaRef) -> m.UploadMediaRequest:
        return m.UploadMediaRequest(
            channel=f"channels/{self._channel}",
            external_id=external_id,
            mime_type=_line(ref.mime_type),
            name=_line(ref.name),
        )

    def _missed(self, why: str) -> None:
        _log.info("medium_not_brought", channel=self._channel, error=why)


def _line(given: str) -> str:
    """What a provider says of a medium, so that the engine takes it."""
    return "".join(sign if sign.isprintable() else " " for sign in given)[:255].strip()
