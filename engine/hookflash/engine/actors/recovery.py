"""From the disk to a shard that goes on where it stopped: load what lives, note the restart, fire what is overdue.

The order is fixed: states and indexes, one record of the boot with everybody detached, then overdue deadlines in their
order. Only after that is a port opened. Nothing is matched here: with everybody detached there is no candidate, and
whoever comes back is marked by his coming.
"""

from collections.abc import Iterable

from hookflash.engine.domain.address import SITE, Address, Kind
from hookflash.engine.domain.commands import RecordBoot
from hookflash.engine.domain.states import State
from hookflash.engine.journal.record import CauseKind

from .alarms import Alarms
from .calls import Call
from .shard import Shard

__all__ = ["load", "resume"]


def load(shard: Shard, snapshots: Iterable[tuple[Address, State, int]], keys: Iterable[str]) -> None:
    """Bring every living entity back, and what repeats are known by."""
    # Conversations last: a parked invite takes its place in the line of a queue that has to be there.
    for address, state, position in sorted(snapshots, key=lambda each: each[0].kind is Kind.CONVERSATION):
        shard.facts.load(address, state, position)
        shard.world.follow(address, None, state)
    for key in keys:
        shard.keys.add_old(key)
    shard.matching.forget_marks()


async def resume(shard: Shard, alarms: Alarms, epoch: int) -> None:
    """Note the restart, and let the time have passed that the engine was down."""
    boot = Call(cause=CauseKind.BOOT, method="boot")
    noted = shard.run(SITE, RecordBoot(epoch=epoch), boot)
    # Before anything is awaited: the record has set the wake-up for what is overdue, which knows of no restart.
    alarms.fire_overdue()
    await noted
    alarms.arm()
