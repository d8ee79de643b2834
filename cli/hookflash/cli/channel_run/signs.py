"""From the engine's signs to an adapter's `typing` and `mark_read`; what is not shown at once is not shown.

A read mark that finds another one under way goes with the customer's next, as it does inside.
"""

from collections import OrderedDict
from typing import Final, final

import structlog

from hookflash.sdk.client import Client, HookflashError
from hookflash.sdk.client import messages as m
from hookflash.sdk.hosting.sign_calls import SignCalls
from hookflash.sdk.types import ChannelId, ExternalId

__all__ = ["Signs"]

_CUSTOMERS_MAX: Final = 1_000
_MARKS_MAX: Final = 100

_log = structlog.get_logger("hookflash.channel")


@final
class Signs:
    """One channel's signs to its customers."""

    def __init__(self, channel: ChannelId, client: Client, calls: SignCalls) -> None:
        """Read those of `channels/ID` of that server."""
        self._channel = channel
        self._client = client
        self._calls = calls
        self._later: OrderedDict[str, list[ExternalId]] = OrderedDict()

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
                self._mark_read(sign.address, [ExternalId(each) for each in sign.read.external_ids])
            case _:
                pass  # A sign of a newer engine.

    def _mark_read(self, address: str, external_ids: list[ExternalId]) -> None:
        marks = [*self._later.pop(address, ()), *external_ids][-_MARKS_MAX:]
        if self._calls.mark_read(address, marks):
            return
        self._later[address] = marks
        if len(self._later) > _CUSTOMERS_MAX:
            self._later.popitem(last=False)
