"""The guard around an adapter's PURE calls, as the engine has it: 50 ms on a thread of its own, a breaker after faults.

A call cannot be ended from outside. Where one does not come back the process ends, and whoever runs it starts it again.
"""

import asyncio
from collections import Counter
from typing import Final, final

import structlog

from hookflash.cli.failures import CommandError
from hookflash.sdk.channel import ChannelAdapter
from hookflash.sdk.hosting.asking import AskingThread
from hookflash.sdk.hosting.breaker import Breaker
from hookflash.sdk.hosting.calls import PureCalls
from hookflash.sdk.hosting.patience import LoopAlarms

__all__ = ["STUCK_S", "AdapterGuard"]

STUCK_S: Final = 10.0
"""How long a call that was given up may go on before the process ends."""

_STOP_S: Final = 1.0
_BUNDLED: Final = "hookflash.plugins."

_log = structlog.get_logger("hookflash.channel")


@final
class AdapterGuard:
    """One adapter's; made on the loop that it runs on. `faults` counts them by hook."""

    def __init__(self, channel: str, adapter: type[ChannelAdapter]) -> None:
        """Start no thread yet; a bundled adapter is called in place, as it is in the engine."""
        self.clock: Final = LoopAlarms()
        self.faults: Counter[str] = Counter()
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._thread = AskingThread(adapter.kind, self.clock.now)
        self._stuck: asyncio.Future[str] = self._loop.create_future()
        is_bundled = adapter.__module__.startswith(_BUNDLED)
        self.calls: Final = PureCalls(
            breaker=Breaker(self.clock.now),
            thread=None if is_bundled else lambda: self._thread,
            clock=self.clock.now,
            wake_at=self.clock.wake_at,
            report=self.report,
        )

    def report(self, hook: str, fault: str, fallback: str) -> None:
        """Count and tell a fault; called from any thread."""
        self.faults[hook] += 1
        _log.warning("adapter_fault", channel=self._channel, hook=hook, error=fault, fallback=fallback)
        self._loop.call_soon_threadsafe(self._loop.call_later, STUCK_S, self._look, hook)

    async def until_stuck(self) -> None:
        """Wait for ever, or until a call does not come back. Raises CommandError."""
        hook = await self._stuck
        raise CommandError(f"The adapter's {hook} has not come back for {STUCK_S:g} s, so this process ends.")

    async def stop(self) -> None:
        """End the thread; a call that does not return is left behind."""
        await asyncio.to_thread(self._thread.stop, _STOP_S)

    def _look(self, hook: str) -> None:
        if self._thread.is_stuck and not self._stuck.done():
            self._stuck.set_result(hook)
