"""From the engine's signs to an adapter's `typing` and `mark_read`; what is not shown at once is not shown."""

from typing import final

import structlog

from hookflash.sdk.client import Client, HookflashError
from hookflash.sdk.client import messages as m
from hookflash.sdk.hosting.sign_calls import SignCalls
from hookflash.sdk.types import ChannelId, ExternalId

__all__ = ["Signs"]

_log = structlog.get_logger("hookflash.channel")


@final
class Signs:
    """One channel's signs to its customers."""

    def __init__(self, channel: ChannelId, client: Client, calls: SignCalls) -> None:
        """Read those of `channels/ID` of that server."""
        self._channel = channel
        self._client = client
        self._calls = calls

    async def run(self) -> None:
        """Show each; return at once where the channel has no sign, or the engine is too old to tell any."""
        if not self._calls.are_any:
            return
        try:
            async for sign in self._client.signs(m.SignsRequest(channel=f"channels/{self._channel}")):
                self._show(sign)
        except HookflashError as error:
            if error.code != "UNIMPLEMENTED":
                raise
            _log.warning("signs_not_told", channel=self._channel)

    def _show(self, sign: m.Sign) -> None:
        match sign.WhichOneof("sign"):
            case "is_typing":
                self._calls.show_typing(sign.address, is_typing=sign.is_typing)
            case "read":
                self._calls.mark_read(sign.address, [ExternalId(each) for each in sign.read.external_ids])
            case _:
                pass  # A sign of a newer engine.
