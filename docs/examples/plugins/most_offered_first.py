"""`Registry.ordering`: in a queue that names it, what was offered in vain most often is served next."""

from typing import ClassVar

from hookflash.sdk import InviteView, OrderKey, Registry, hookimpl

SDK_API = ">=1.0,<2"


class MostOfferedFirst:
    """By offers made; the engine's own order breaks ties."""

    name: ClassVar[str] = "most_offered_first"

    def key(self, invite: InviteView) -> OrderKey:
        """Give the invite's place: the smaller is served earlier."""
        return (-invite.offers_made,)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the ordering."""
    registry.ordering(MostOfferedFirst)
