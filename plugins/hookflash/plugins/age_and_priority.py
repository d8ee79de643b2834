"""The ordering by which waiting makes up for priority: a step of priority is worth a minute of waiting.

Genesys' rule: the score of an interaction is the minutes it has waited plus its priority, and the highest is served
first. Who of two is served first never changes while they wait, so their order can be kept.
"""

from typing import ClassVar, Final, final

from hookflash.sdk import InviteView, OrderKey, Registry, hookimpl

__all__ = ["SDK_API", "AgeAndPriority", "hookflash_register"]

SDK_API = ">=1.0,<2"

_STEP_S: Final = 60.0


@final
class AgeAndPriority:
    """Orders by when the invite would have been placed if its priority were waiting, in seconds of engine time."""

    name: ClassVar[str] = "age_and_priority"

    def key(self, invite: InviteView) -> OrderKey:
        """Give the earliest first."""
        return (invite.placed_at - _STEP_S * invite.priority,)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the ordering."""
    registry.ordering(AgeAndPriority)
