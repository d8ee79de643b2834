"""Sends one channel's deliveries through its adapter: in order per customer, customers side by side.

A delivery leaves here in one of two ways only: settled, by a command that is durable, or postponed in the outbox. What
an error means goes by its class (plugins.md 3.3); what an adapter says beyond its contract is contained and reported.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from random import Random
from typing import Final, final

import structlog

from hookflash.engine.actors.calls import Call
from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.commands import SettleDelivery
from hookflash.engine.domain.refusal_table import Reason
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.record import CauseKind
from hookflash.sdk.channel import ChannelAdapter, Delivery, Idempotency
from hookflash.sdk.errors import AuthExpired, Blocked, Permanent, SendError, Throttled, Transient, WindowClosed
from hookflash.sdk.hosting.fallback import parts_of
from hookflash.sdk.hosting.pace import Pace
from hookflash.sdk.hosting.patience import end, sleep, within
from hookflash.sdk.messages import Message
from hookflash.sdk.types import ChannelId

from .contents import clean_external_id, clean_reason
from .outbox import Outbox
from .parts_done import PartsDone
from .patience import adapter_principal, submit_patiently
from .ports import EdgeShard, FaultListener
from .receipts import ReceiptJoiner

__all__ = ["ChannelSender", "SendingRules"]

_THROTTLED_MAX_S: Final = 86_400.0
_FINISH_S: Final = 5.0

_log = structlog.get_logger(__name__)


class SendingRules(Struct, frozen=True, kw_only=True):
    """How sending is bounded, in sends and seconds; `life_s` is how long a delivery is tried, from when it was said.

    `relink_s` is how long a callback is waited for that tells whether a send without an answer has arrived.
    """

    parallel_max: int = 64
    send_timeout_s: float = 10.0
    life_s: float = 3600.0
    backoff_s: float = 1.0
    backoff_max_s: float = 60.0
    pause_s: float = 30.0
    pause_max_s: float = 600.0
    relink_s: float = 10.0


@dataclass(slots=True)
class _Hold:
    """An address that is not written to until then, after so many failures in a row."""

    until: float = 0.0
    failures: int = 0


@final
class ChannelSender:
    """Reads a channel's deliveries and sends them; `run` until cancelled, then `finish`."""

    def __init__(  # noqa: PLR0913  each of these is its own part of the engine
        self,
        channel: ChannelId,
        adapter: ChannelAdapter,
        *,
        shard: EdgeShard,
        outbox: Outbox,
        clock: Clock,
        random: Random,
        rules: SendingRules,
        receipts: ReceiptJoiner,
        parts: PartsDone,
        aliases: Callable[[str], tuple[str, ...]],
        on_part: Callable[[str], None],
        on_fault: FaultListener,
        on_auth: Callable[[str], None],
    ) -> None:
        """`on_fault` is told hook, error and fallback; `on_auth` why the channel pauses, and "" when it is back.

        `on_part` is told the provider's id of each part that another one follows.
        """
        self._channel = channel
        self._adapter = adapter
        self._shard = shard
        self._outbox = outbox
        self._clock = clock
        self._random = random
        self._rules = rules
        self._receipts = receipts
        self._parts = parts
        self._aliases = aliases
        self._on_part = on_part
        self._on_fault = on_fault
        self._on_auth = on_auth
        self._reader = outbox.open_reader(channel, rules.parallel_max, is_in_step=True, has_timeout=False)
        self._lanes: dict[str, deque[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._holds: dict[str, _Hold] = {}
        self._open_at = 0.0
        self._pace = Pace(adapter.capabilities.rate_per_s, clock)
        self._alarmed = ""
        self._pauses = 0

    async def run(self) -> None:
        """Hand every delivery to its customer's lane. Raises TakenOver where something else reads the channel."""
        while True:
            while (wait_s := self._open_at - self._clock.now()) > 0:
                await sleep(self._clock, wait_s)
            try:
                delivery = await anext(self._reader)
            except StopAsyncIteration:
                return
            self._enter_lane(delivery)

    async def finish(self) -> None:
        """Read no more, and let what is being sent come to its end for a few seconds."""
        self._reader.close()
        await end(self._clock, _FINISH_S, tuple(self._tasks), grace_s=_FINISH_S)

    async def settle(self, delivery: Delivery, *, external_id: str = "", error: str = "") -> None:
        """Settle a delivery, however long that is refused for."""
        number = delivery.sequence
        command = SettleDelivery(delivery=number, external_id=external_id, error=error)
        call = Call(principal=adapter_principal(self._channel), method="SettleDelivery", cause=CauseKind.PLUGIN)
        address = Address(Kind.CONVERSATION, delivery.conversation)
        while self._outbox.event_of(delivery.conversation, number) is not None:
            try:
                await submit_patiently(self._shard, self._clock, address, command, call)
            except Refusal as refusal:
                # Sent but not settled: sending it again would show it twice, so only the settling is tried again.
                _log.error("delivery_not_settled", delivery=delivery.id, reason=str(refusal.reason))
                await sleep(self._clock, self._rules.backoff_max_s)
            else:
                return

    def _enter_lane(self, delivery: Delivery) -> None:
        lane = self._lanes.get(delivery.to.id)
        if lane is not None:
            lane.append(delivery)
            return
        self._lanes[delivery.to.id] = lane = deque((delivery,))
        task = asyncio.get_running_loop().create_task(self._run_lane(delivery.to.id, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_lane(self, address: str, lane: deque[Delivery]) -> None:
        """Send what a customer is to get, one after the other; the lane is gone when it is empty."""
        try:
            while lane:
                await self._send(lane[0])
                lane.popleft()
        except Exception:  # noqa: BLE001  a defect of ours must not close this customer's lane for good
            _log.exception("sending_failed", channel=self._channel)
            for delivery in lane:
                self._postpone(delivery, self._rules.backoff_max_s)
        finally:
            del self._lanes[address]

    async def _send(self, delivery: Delivery) -> None:
        hold = self._holds.get(delivery.to.id)
        wait_s = max(self._open_at, hold.until if hold is not None else 0.0) - self._clock.now()
        if wait_s > 0:
            self._postpone(delivery, wait_s)
            return
        began = self._clock.now()
        delivery = self._reached(delivery)
        parts = parts_of(delivery, self._adapter.capabilities)
        relinked = self._receipts.relinked(self._channel, delivery) if delivery.attempt > 1 else None
        if relinked is not None and relinked.part >= len(parts):
            # It had arrived; only the answer to us was lost.
            await self._done(delivery, external_id=relinked.external_id)
            return
        if relinked is None and (error := self._too_late(delivery)):
            await self._done(delivery, error=error)
            return
        try:
            external_id = await self._send_parts(delivery, parts, 0 if relinked is None else relinked.part)
        except Exception as error:  # noqa: BLE001  whatever an adapter raises has an answer
            await self._not_sent(delivery, self._named(error))
            return
        # One that was under way when the channel paused proves nothing.
        if self._pauses and began >= self._open_at:
            self._pauses = 0
            self._on_auth("")
        self._alarmed = ""
        await self._done(delivery, external_id=external_id)

    def _reached(self, delivery: Delivery) -> Delivery:
        """The delivery, with all ids under which its customer is known."""
        others = self._aliases(delivery.to.id)
        return replace(delivery, to=replace(delivery.to, aliases=others)) if others else delivery

    def _too_late(self, delivery: Delivery) -> str:
        """Why it would not be carried any more, by the window that the channel declares; empty where it would."""
        window_s, content = self._adapter.capabilities.reply_window_s, delivery.content
        talk = self._shard.facts.conversation(delivery.conversation)
        if window_s is None or talk is None or talk.heard_at is None:
            return ""
        if (type(content) is Message and content.template is not None) or self._clock.now() - talk.heard_at <= window_s:
            return ""
        return f"{Reason.WINDOW_CLOSED}: the customer last wrote more than {window_s / 3600:g} h ago"

    async def _send_parts(self, delivery: Delivery, parts: Sequence[Delivery], relinked: int) -> str:
        """Send a delivery's parts from the first one on that is not out, as we know or were told; the last one's id."""
        done = max(relinked, await self._parts.done(delivery.id)) if len(parts) > 1 else 0
        external_id = ""
        for number, part in enumerate(parts, start=1):
            if number <= done:
                continue
            await self._pace.wait()
            external_id = await self._send_part(part)
            if number < len(parts):
                self._on_part(external_id)
                await self._parts.put(delivery.id, number)
        return external_id

    async def _send_part(self, part: Delivery) -> str:
        given: object = await within(self._clock, self._rules.send_timeout_s, lambda: self._adapter.send(part))
        external_id = clean_external_id(given)
        if external_id is None:
            self._on_fault("send", f"returned no external id but {type(given).__name__}", "settled without one")
        return external_id or ""

    async def _not_sent(self, delivery: Delivery, error: SendError) -> None:
        match error:
            case Permanent() | Blocked() | WindowClosed():
                if isinstance(error, Permanent) and error.is_alarming:
                    self._alarm(_words(error))
                await self._done(delivery, error=_words(error))
                return
            case Throttled():
                retry_s = self._throttled(delivery, error)
            case AuthExpired():
                retry_s = self._pause(error)
            case _:
                retry_s = self._back_off(delivery)
                if self._adapter.capabilities.idempotency is Idempotency.RELINK:
                    # It may have arrived: a callback that names it tells, and then it is not sent again.
                    retry_s = max(retry_s, self._rules.relink_s)
                    self._hold(delivery).until = self._clock.now() + retry_s
        event = self._outbox.event_of(delivery.conversation, delivery.sequence)
        if event is None:
            return  # Somebody else settled it meanwhile.
        if self._clock.now() + retry_s > event.at + self._rules.life_s:
            await self._done(delivery, error=f"given up after {self._rules.life_s:g} s: {_words(error)}")
        else:
            self._postpone(delivery, retry_s)

    def _alarm(self, words: str) -> None:
        """Tell the admins of what they have to see to, once until something goes out again."""
        if words != self._alarmed:
            self._alarmed = words
            self._on_fault("send", words, "the delivery failed; an admin has to see to it")

    async def _done(self, delivery: Delivery, *, external_id: str = "", error: str = "") -> None:
        self._holds.pop(delivery.to.id, None)
        await self.settle(delivery, external_id=external_id, error=error)
        await self._parts.forget(delivery.id)

    def _postpone(self, delivery: Delivery, retry_s: float) -> None:
        self._outbox.postpone(delivery.conversation, delivery.sequence, retry_s)

    def _throttled(self, delivery: Delivery, error: Throttled) -> float:
        given: object = error.retry_after_s
        if not isinstance(given, int | float) or not isfinite(given) or given < 0:
            self._on_fault("send", "raised Throttled without a number of seconds", "backed off")
            return self._back_off(delivery)
        retry_s = min(float(given), _THROTTLED_MAX_S)
        until = self._clock.now() + retry_s
        if error.scope == "account":
            self._open_at = max(self._open_at, until)
        else:
            self._hold(delivery).until = until
        return retry_s

    def _pause(self, error: AuthExpired) -> float:
        now = self._clock.now()
        # Those that were on their way together fail together: one pause.
        if now >= self._open_at:
            self._pauses += 1
            if self._pauses == 1:
                self._on_auth(_words(error))
            self._open_at = now + min(self._rules.pause_s * 2.0 ** min(self._pauses - 1, 20), self._rules.pause_max_s)
        return self._open_at - now

    def _back_off(self, delivery: Delivery) -> float:
        hold = self._hold(delivery)
        hold.failures += 1
        top_s = min(self._rules.backoff_s * 2.0 ** min(hold.failures - 1, 20), self._rules.backoff_max_s)
        retry_s = top_s * (0.5 + self._random.random() / 2)
        hold.until = self._clock.now() + retry_s
        return retry_s

    def _hold(self, delivery: Delivery) -> _Hold:
        return self._holds.setdefault(delivery.to.id, _Hold())

    def _named(self, error: Exception) -> SendError:
        if isinstance(error, SendError):
            return error
        if isinstance(error, TimeoutError):
            return Transient(_words(error))
        self._on_fault("send", type(error).__name__, "asked the adapter to classify it")
        try:
            named: object = self._adapter.classify(error)
        except BaseException as second:  # noqa: BLE001  not even an exit of a plugin ends the engine
            self._on_fault("classify", type(second).__name__, "tried again later")
            return Transient(type(error).__name__)
        if isinstance(named, SendError):
            return named
        self._on_fault("classify", f"returned {type(named).__name__}", "tried again later")
        return Transient(type(error).__name__)


def _words(error: Exception) -> str:
    """What an error says, never empty: an empty error would read as success."""
    try:
        said = clean_reason(str(error)).strip()
    except Exception:  # noqa: BLE001  an error that cannot even say what it is
        said = ""
    return said or type(error).__name__
