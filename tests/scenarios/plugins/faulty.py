"""Three strategies that misbehave: one raises, one never answers in time, one names somebody who is no candidate."""

from threading import Event
from typing import ClassVar

from hookflash.sdk import hookimpl
from hookflash.sdk.registry import Registry
from hookflash.sdk.routing import AgentView, InviteView, Offer, OrderKey, QueueView, RoutingContext
from hookflash.sdk.types import AgentId

SDK_API = ">=1.0,<2"
_NEVER = Event()


class Raises:
    name: ClassVar[str] = "raises"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        raise RuntimeError(f"{queue.id} cannot order {agent.id}")


class Blocks:
    name: ClassVar[str] = "blocks"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002  it never gets that far
        _NEVER.wait(1)
        return (agent.place,)


class Strangers:
    name: ClassVar[str] = "strangers"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002  the contract's
        return (agent.place,)

    def select(self, invite: InviteView, candidates: object, context: RoutingContext) -> Offer:  # noqa: ARG002  the contract's
        return Offer(agents=(AgentId("nobody"),))


@hookimpl
def hookflash_register(registry: Registry) -> None:
    registry.strategy(Raises)
    registry.strategy(Blocks)
    registry.strategy(Strangers)
