"""Entities whose turns fail again and again, and commands of time that could not be carried out.

Nothing dies silently: both are counted, logged and shown to administrators until the engine starts anew.
"""

from collections import deque

import structlog

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.refusals import Internal

__all__ = ["Quarantine"]

_log = structlog.get_logger(__name__)

_FAILURES_MAX = 3
_WITHIN_S = 60.0
_LETTERS_MAX = 1_000


class Quarantine:
    """Three failed turns within a minute put an entity aside."""

    def __init__(self) -> None:
        """Begin with none."""
        self._failures: dict[Address, deque[float]] = {}
        self.entities: set[Address] = set()
        self.dead_letters: deque[tuple[Address, str]] = deque(maxlen=_LETTERS_MAX)

    def check(self, address: Address) -> None:
        """Refuse what is asked of an entity that was put aside."""
        if address in self.entities:
            raise Internal("quarantined")

    def failed(self, address: Address, now: float) -> None:
        """Count a failed turn."""
        failures = self._failures.setdefault(address, deque(maxlen=_FAILURES_MAX))
        failures.append(now)
        if len(failures) == _FAILURES_MAX and now - failures[0] <= _WITHIN_S:
            self.entities.add(address)
            _log.error("entity.quarantined", address=str(address))

    def bury(self, address: Address, command: object) -> None:
        """Give up a command of time."""
        self.dead_letters.append((address, type(command).__name__))
        _log.error("timer.dead_letter", address=str(address), command=type(command).__name__)
