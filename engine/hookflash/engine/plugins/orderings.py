"""A registered ordering as the engine uses it, and its keys made safe to sort by.

A bundled one is called in the turn in which an invite begins to wait, any other on its plugin's thread: until it has
answered, and if it fails, the invite has no key and is served before those that have one, so that it never waits for
that.
"""

from typing import TypeAlias, final

from hookflash.engine.domain.struct import Struct
from hookflash.sdk.routing import InviteView, QueueOrdering

__all__ = ["BY_AGE", "NO_KEY", "LoadedOrdering", "SafeKey"]

SafeKey: TypeAlias = tuple[tuple[int, float | str], ...]
"""An ordering's key with its elements told apart, so that any two can be compared: numbers come before texts."""

NO_KEY: SafeKey = ()
"""That of an invite whose queue has no ordering, or whose ordering has not answered."""

BY_AGE = "priority and age"
"""What orders where an ordering does not."""

_LENGTH_MAX = 16


@final
class LoadedOrdering(Struct, frozen=True, kw_only=True):
    """An ordering and whose it is."""

    name: str
    plugin: str
    is_bundled: bool
    ordering: QueueOrdering

    @property
    def what(self) -> str:
        """What it is called where its faults are told."""
        return f"ordering {self.name}"

    def key(self, invite: InviteView) -> SafeKey:
        """The invite's key; whatever the ordering raises comes through.

        Raises:
            ValueError: the answer is no key.
        """
        answer: object = self.ordering.key(invite)
        if not isinstance(answer, tuple) or len(answer) > _LENGTH_MAX:
            raise ValueError(f"a key is a tuple of at most {_LENGTH_MAX} numbers and texts")
        return tuple([_safe(element) for element in answer])


def _safe(element: object) -> tuple[int, float | str]:
    if isinstance(element, str):
        return 1, element
    # A NaN is equal to nothing, itself included, and would unsettle the order.
    if isinstance(element, int | float) and element == element:  # noqa: PLR0124
        return 0, element
    raise ValueError(f"a key is a tuple of numbers and texts, without {element!r}")
