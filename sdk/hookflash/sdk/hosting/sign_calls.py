"""Signs to customers through an adapter: that an agent types, and that what they wrote was seen.

A sign is never waited for and never repeated: what an adapter cannot show for now is dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

from hookflash.sdk.channel import ChannelAdapter, CustomerAddress, Level
from hookflash.sdk.errors import SendError
from hookflash.sdk.types import ChannelId, ExternalId

from .patience import Alarms, within

__all__ = ["SIGNS_MAX", "SIGN_S", "SignCalls"]

SIGN_S: Final = 5.0
"""How long an adapter may take to show one."""

SIGNS_MAX: Final = 64
"""Signs of one channel that are being shown at once; more are dropped."""

_SHOWN: Final = (Level.NATIVE, Level.PARTIAL)


@final
class SignCalls:
    """One adapter's; `tasks` are those at work. A sign is shown where the channel has such a one."""

    def __init__(
        self, channel: ChannelId, adapter: ChannelAdapter, clock: Alarms, on_fault: Callable[[str, str, str], None]
    ) -> None:
        """Show nothing yet; `on_fault` is told hook, error and fallback."""
        self._channel = channel
        self._adapter = adapter
        self._clock = clock
        self._on_fault = on_fault
        self._shown: set[tuple[str, str]] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being shown."""
        return not self._shown

    @property
    def are_any(self) -> bool:
        """Whether this channel has any sign."""
        capabilities = self._adapter.capabilities
        return capabilities.typing in _SHOWN or capabilities.read in _SHOWN

    def show_typing(self, address: str, *, is_typing: bool) -> None:
        """Show the customer that an agent types, or has stopped; may drop it."""
        if self._adapter.capabilities.typing in _SHOWN:
            self._show("typing", address, lambda to: self._adapter.typing(to, is_typing))

    def mark_read(self, address: str, external_ids: Sequence[ExternalId]) -> bool:
        """Tell the customer that these were seen; False where that is to be told later, for one is under way."""
        if self._adapter.capabilities.read not in _SHOWN:
            return True
        return self._show("mark_read", address, lambda to: self._adapter.mark_read(to, tuple(external_ids)))

    def _show(self, sign: str, address: str, call: Callable[[CustomerAddress], Awaitable[None]]) -> bool:
        if (sign, address) in self._shown or len(self._shown) >= SIGNS_MAX:
            return False
        self._shown.add((sign, address))
        task = asyncio.get_running_loop().create_task(self._called(sign, address, call))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return True

    async def _called(self, sign: str, address: str, call: Callable[[CustomerAddress], Awaitable[None]]) -> None:
        to = CustomerAddress(channel=self._channel, id=address)
        try:
            await within(self._clock, SIGN_S, lambda: call(to))
        except SendError:
            pass  # A sign that is not shown is nobody's loss.
        except Exception as error:  # noqa: BLE001  whatever an adapter raises has an answer
            words = f"TimeoutError: {error}" if isinstance(error, TimeoutError) else type(error).__name__
            self._on_fault(sign, words, "showed no sign")
        finally:
            self._shown.discard((sign, address))
