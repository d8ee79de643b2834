"""Commands of the edge, which are patient: what is refused for now is asked again."""

from typing import Final

import structlog

from hookflash.engine.actors.calls import Answer, Call, no_answer
from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.commands import Command
from hookflash.engine.domain.refusals import Refusal
from hookflash.sdk.hosting.patience import sleep
from hookflash.sdk.types import ChannelId, Principal, Role

from .ports import EdgeShard

__all__ = ["adapter_principal", "submit_patiently"]

RETRY_S: Final = 1.0

_log = structlog.get_logger(__name__)


async def submit_patiently(
    shard: EdgeShard, clock: Clock, address: Address, command: Command, call: Call, answer: Answer = no_answer
) -> bytes:
    """Submit, and again for as long as it is refused for now only. Raises a Refusal that time does not mend."""
    while True:
        try:
            return await shard.submit(address, command, call, answer)
        except Refusal as refusal:
            if refusal.retry_after_s is None:
                raise
            _log.info("edge_waits", address=str(address), reason=str(refusal.reason))
            await sleep(clock, max(RETRY_S, refusal.retry_after_s))


def adapter_principal(channel: ChannelId) -> Principal:
    """In whose name the engine's own adapter of a channel acts."""
    return Principal(Role.ADAPTER, f"channels/{channel}", channel=channel)
