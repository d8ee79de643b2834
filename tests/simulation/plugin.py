"""The simulation's plugin: a channel whose provider is simulated, and a strategy that fails in its own ways.

An ordinary plugin of the SDK. It finds its outside through `OUTSIDE`, which the simulation sets.
"""

from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import ClassVar, Protocol

from hookflash.sdk.channel import (
    Arrival,
    Capabilities,
    ChannelContext,
    Delivery,
    ExternalId,
    Idempotency,
    PullChannel,
    Receipts,
)
from hookflash.sdk.config import NoConfig
from hookflash.sdk.hooks import hookimpl
from hookflash.sdk.registry import Registry
from hookflash.sdk.routing import (
    AgentView,
    Candidates,
    Decision,
    InviteView,
    Offer,
    OrderKey,
    QueueView,
    Reject,
    RoutingContext,
    Wait,
)
from hookflash.sdk.types import AgentId

__all__ = ["OUTSIDE", "SDK_API", "Moody", "Simulated", "hookflash_register"]

SDK_API = ">=1.0,<2"


class Outside(Protocol):
    """What the plugin finds outside."""

    async def send(self, context: ChannelContext, delivery: Delivery) -> ExternalId:
        """Take a delivery, in the provider's way."""

    async def next_arrival(self, channel: str) -> Arrival:
        """Wait for what a customer does; the same again until it is acknowledged."""

    def acknowledge(self, channel: str, arrival: Arrival) -> None:
        """It is durable in the engine."""

    def mood(self, invite: InviteView, context: RoutingContext) -> str:
        """How a strategy answers: `well`, `all`, `waits`, `rejects`, or badly: `raises`, `stranger`."""


OUTSIDE: ContextVar[Outside] = ContextVar("OUTSIDE")


class Simulated(PullChannel):
    """A provider's channel."""

    kind: ClassVar[str] = "simulated"
    Config = NoConfig
    capabilities: ClassVar[Capabilities] = Capabilities(receipts=Receipts.EACH, idempotency=Idempotency.NONE)

    async def send(self, delivery: Delivery) -> ExternalId:
        return await OUTSIDE.get().send(self.context, delivery)

    async def poll(self) -> AsyncIterator[Arrival]:
        outside, channel = OUTSIDE.get(), str(self.context.channel)
        while True:
            arrival = await outside.next_arrival(channel)
            yield arrival
            outside.acknowledge(channel, arrival)


class Moody:
    """The last candidate first; offers to several, waits, rejects, raises or names a stranger as its mood says.

    Its cursor goes on by one with each decision, so that nobody can lose it unseen.
    """

    name: ClassVar[str] = "moody"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002
        return (-agent.place,)

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        cursor = 1 + (context.cursor if isinstance(context.cursor, int) else 0)
        first = tuple(agent.id for agent in candidates.top(2))
        match OUTSIDE.get().mood(invite, context):
            case "raises":
                raise ValueError("not today")
            case "stranger":
                return Offer(agents=(AgentId("nobody"),))
            case "all":
                return Offer(agents=(*first, *(agent.id for agent in candidates if agent.id not in first)), to="all")
            case "waits":
                return Wait(wait_s=4.0031, cursor=cursor)
            case "rejects":
                return Reject(reason="not today", cursor=cursor)
            case _:
                return Offer(agents=first, cursor=cursor)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    registry.channel(Simulated)
    registry.strategy(Moody)
