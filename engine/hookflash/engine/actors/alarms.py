"""Lets deadlines fire: in their order, never early, and again a little later where a turn failed."""

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import islice

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.commands import AskUnattended, EndDecision, EndOffer, Timer
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.struct import changed
from hookflash.engine.journal.record import CauseKind

from .calls import Call
from .shard import Shard

__all__ = ["Alarms"]

_RETRY_S = 1.0
_TRIES_MAX = 3
_BURST_MAX = 200


class Alarms:
    """The shard's wake-up call for its next deadline."""

    def __init__(
        self,
        shard: Shard,
        end_decision: Callable[[Address, EndDecision], None],
        ask_unattended: Callable[[Address], None],
    ) -> None:
        """Follow the shard; what concerns plugins is judged by whoever asks them."""
        self._shard = shard
        self._end_decision = end_decision
        self._ask_unattended = ask_unattended
        self._armed_for: float | None = None
        self._cancel: Callable[[], None] = lambda: None
        self._tries: Counter[tuple[Address, Timer]] = Counter()
        shard.on_sealed = self.arm
        shard.on_undone = self._arm_later

    def arm(self) -> None:
        """Wake at the next deadline, whichever that is now."""
        when = self._shard.world.timers.next_at()
        if when is None or (self._armed_for is not None and self._armed_for <= when):
            return
        self._cancel()
        self._armed_for = when
        self._cancel = self._shard.clock.wake_at(when, self._ring)

    def stop(self) -> None:
        """Wake nobody any more."""
        self._cancel()

    def fire_overdue(self) -> None:
        """After a restart: fire what fell due meanwhile. An offer among it counts against nobody (R-O9)."""
        for when, address, command in self._shard.world.timers.due(self._shard.clock.now()):
            overdue = changed(command, is_overdue=True) if isinstance(command, EndOffer) else command
            self._fire(when, address, overdue)

    def _ring(self) -> None:
        self._armed_for = None
        # Not all at once: let commands have their turn in between; the next wake-up is then due at once.
        for when, address, command in islice(self._shard.world.timers.due(self._shard.clock.now()), _BURST_MAX):
            self._fire(when, address, command)
        self.arm()

    def _fire(self, when: float, address: Address, command: Timer) -> None:
        if isinstance(command, EndDecision):
            self._end_decision(address, command)
            return
        if isinstance(command, AskUnattended):
            # It stands again until the answer is recorded, for the journal may not take that.
            self._later(address, command)
            self._ask_unattended(address)
            return
        call = Call(cause=CauseKind.TIMER, method=type(command).__name__)
        try:
            done = self._shard.run(address, command, call)
        except Refusal:
            self._try_again(when, address, command)
            return
        self._tries.pop((address, command), None)
        future = asyncio.ensure_future(done)
        future.add_done_callback(lambda done: self._after(done, address, command))

    def _arm_later(self) -> None:
        """Deadlines that were put back with what was not written stand again, and nobody else would wake for them."""
        self._shard.clock.wake_at(self._shard.clock.now() + _RETRY_S, self.arm)

    def _after(self, done: "asyncio.Future[bytes]", address: Address, command: Timer) -> None:
        if not done.cancelled() and done.exception() is not None:
            self._later(address, command)

    def _later(self, address: Address, command: Timer) -> None:
        # The journal did not take it, so the deadline stands again; not at once, or a full disk would spin.
        self._shard.world.timers.postpone(self._shard.clock.now() + _RETRY_S, address, command)
        self.arm()

    def _try_again(self, when: float, address: Address, command: Timer) -> None:
        self._tries[address, command] += 1
        if self._tries[address, command] >= _TRIES_MAX:
            del self._tries[address, command]
            self._shard.quarantine.bury(address, command)
            return
        self._shard.world.timers.postpone(max(when, self._shard.clock.now()) + _RETRY_S, address, command)
