"""The ordering that serves first whose time is over first: of two who wait, the one with the nearer deadline.

With one ttl for all it is the age. It matters where placements give ttls of their own, or a customer came from another
queue with little time left.
"""

from typing import ClassVar, final

from hookflash.sdk import InviteView, OrderKey, Registry, hookimpl

__all__ = ["SDK_API", "SoonestDeadline", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
class SoonestDeadline:
    """Orders by the deadline."""

    name: ClassVar[str] = "soonest_deadline"

    def key(self, invite: InviteView) -> OrderKey:
        """Give the time at which the invite ends unserved."""
        return (invite.deadline,)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the ordering."""
    registry.ordering(SoonestDeadline)
