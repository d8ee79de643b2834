"""The outside of the channels: providers that take deliveries in their own way, and the customers behind them.

What a customer's channel got is written down with all its bytes. A provider may take a delivery and fail all the same,
which is why customers are promised "at least once, under one key".
"""

import asyncio
from collections import defaultdict, deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hookflash.engine.checker.histories import RECEIVE, ClientCall, Handed, Outcome
from hookflash.sdk.channel import (
    Arrival,
    ChannelContext,
    CustomerAddress,
    CustomerLeft,
    Delivery,
    ExternalId,
    Inbound,
    Message,
    Receipt,
    ReceiptState,
    Text,
)
from hookflash.sdk.errors import AuthExpired, Blocked, Permanent, Throttled, Transient
from hookflash.sdk.routing import InviteView, RoutingContext
from hookflash.sdk.types import ChannelId

if TYPE_CHECKING:
    from .world import World

__all__ = ["Provider"]


class Provider:
    """What all channels of one simulation have outside: the plugin's `Outside`."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.handed: list[Handed] = []
        self._queues: defaultdict[str, deque[Arrival]] = defaultdict(deque)
        self._waiting: dict[str, asyncio.Future[None]] = {}

    # --- what goes out

    async def send(self, context: ChannelContext, delivery: Delivery) -> ExternalId:
        """Take a delivery, or not."""
        world = self.world
        name = f"delivery {delivery.conversation} {delivery.sequence} {delivery.attempt}"
        await context.sleep(world.mix.channel_s * (0.5 + world.chance.number(f"{name} takes")))
        fault = self._fault(name)
        if fault:
            world.story.count("channel faults")
            world.tell("provider", f"{fault} {delivery.id}")
        match fault:
            case "lost":
                raise Transient("connection reset")
            case "throttled":
                raise Throttled(3.003, "address")
            case "permanent":
                raise Permanent("131026", "not on this channel")
            case "blocked":
                raise Blocked("the customer blocked us")
            case "auth":
                raise AuthExpired("token expired")
            case "raises":
                raise ValueError("a bug of the adapter")
            case "hangs":
                await context.sleep(60.0)
        self.hand_over(delivery.conversation, delivery.sequence, str(delivery.id), _raw(delivery))
        await context.sleep(world.mix.channel_s * 0.2)
        external_id = ExternalId(f"x-{delivery.id}")
        self._report(context.channel, delivery.to, external_id, name)
        if fault == "taken_and_lost":
            raise Transient("connection reset after the request was sent")
        return ExternalId("") if fault == "no_id" else external_id

    def hand_over(self, conversation: str, sequence: int, key: str, raw: bytes) -> None:
        """A delivery reached the customer's channel."""
        world = self.world
        world.story.count("handed over")
        self.handed.append(Handed(conversation=conversation, sequence=sequence, key=key, raw=raw, at=world.now()))
        world.tell("customer gets", f"{conversation} #{sequence} {raw.decode()}")

    def _fault(self, name: str) -> str:
        if self.world.is_calm:
            return ""
        left = self.world.chance.number(f"{name} fault")
        for kind, share in self.world.mix.channel_faults.items():
            left -= share
            if left < 0:
                return kind
        return ""

    def _report(self, channel: ChannelId, address: CustomerAddress, external_id: ExternalId, name: str) -> None:
        number = self.world.chance.number
        if number(f"{name} receipt") >= self.world.mix.receipts:
            return
        for state in (ReceiptState.DELIVERED, ReceiptState.READ):
            at = self._time()
            receipt = Receipt(
                dedupe_key=f"{external_id}-{state}", state=state, at=at, external_id=external_id, address=address
            )
            delay_s = 4 * number(f"{name} {state}")
            for _ in range(2 if number(f"{name} {state} twice") < 0.2 else 1):
                self.world.outside(delay_s, lambda receipt=receipt: self._bring(str(channel), receipt))  # type: ignore[misc]

    # --- what comes in

    def say(self, channel: str, address: str, key: str, text: str | None) -> None:
        """A customer writes, or leaves (None)."""
        to = CustomerAddress(channel=ChannelId(channel), id=address)
        if text is None:
            arrival: Arrival = CustomerLeft(dedupe_key=key, address=to, at=self._time())
        else:
            arrival = Inbound(
                dedupe_key=key, address=to, content=Text(text=text), at=self._time(), external_id=ExternalId(key)
            )
        self._bring(channel, arrival)
        if self.world.chance.number(f"{key} twice") < self.world.mix.duplication:
            self.world.outside(1.7, lambda: self._bring(channel, arrival))

    async def next_arrival(self, channel: str) -> Arrival:
        """The first that is not acknowledged."""
        while not self._queues[channel]:
            waiting = self._waiting[channel] = self.world.loop.create_future()
            await waiting
        return self._queues[channel][0]

    def acknowledge(self, channel: str, arrival: Arrival) -> None:
        """It is durable."""
        queue = self._queues[channel]
        if queue and queue[0] is arrival:
            queue.popleft()
        if isinstance(arrival, Inbound | CustomerLeft):
            text = _said(arrival) if isinstance(arrival, Inbound) else None
            self.world.calls.append(
                ClientCall(
                    principal=f"ADAPTER:channels/{channel}",
                    method=RECEIVE,
                    request_id=f"{channel}/{arrival.dedupe_key}",
                    digest=f"{arrival.address.id} {text}".encode(),
                    invoked_at=arrival.at.timestamp(),
                    ended_at=self.world.now(),
                    outcome=Outcome.OK,
                )
            )

    def waiting(self) -> int:
        """How many arrivals nobody took yet."""
        return sum(len(queue) for queue in self._queues.values())

    def _bring(self, channel: str, arrival: Arrival) -> None:
        if not isinstance(arrival, Receipt):
            self.world.tell("customer", f"{arrival.address.id} through {channel}: {_said(arrival)}")
        self._queues[channel].append(arrival)
        waiting = self._waiting.pop(channel, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self.world.now(), UTC)

    # --- strategies

    def mood(self, invite: InviteView, context: RoutingContext) -> str:
        """How the strategy behaves this time; another time it may behave otherwise, so that nobody waits for ever."""
        if self.world.is_calm:
            return "well"
        about = f"{invite.id} {invite.offers_made} {context.waited_s:.0f}"
        drawn = self.world.chance.number(f"mood {about}")
        share = self.world.mix.strategy_faults
        if drawn < share:
            return "raises" if drawn < share / 2 else "stranger"
        wish = self.world.chance.number(f"wish {about}")
        return next(mood for up_to, mood in _WISHES if wish < up_to)


_WISHES = ((0.25, "all"), (0.45, "waits"), (0.55, "rejects"), (1.0, "well"))
"""How often a strategy in its senses wants what; the rest of the time one of two candidates."""


def _raw(delivery: Delivery) -> bytes:
    content = delivery.content
    if isinstance(content, Message):
        return f"{delivery.to.id}|{content.sender_name}: {content.text}".encode()
    return f"{delivery.to.id}|[{content.key}] {content.text}".encode()


def _said(arrival: Arrival) -> str:
    return arrival.content.text if isinstance(arrival, Inbound) and isinstance(arrival.content, Text) else "leaves"
