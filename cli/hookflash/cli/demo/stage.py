"""Who and what is on stage while the story is played, and what is kept of it as evidence.

A scene is a function of the Stage: it lets somebody act, waits for what the engine sends, and shows that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from hookflash.cli.demo.heard import Kind
from hookflash.cli.demo.promises import Evidence
from hookflash.sdk.client import messages as m

if TYPE_CHECKING:
    from hookflash.cli.demo.actors import Customer, Desk
    from hookflash.cli.demo.own_server import OwnServer
    from hookflash.cli.demo.screen import Screen
    from hookflash.sdk.client import Client

__all__ = ["Pace", "Scene", "Stage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long the story's own deadlines are."""

    offer_timeout_s: float
    night_ttl_s: float


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything a scene needs; `conversation` is a name once the customer has written, `said` are all Messages."""

    server: OwnServer
    screen: Screen
    pace: Pace
    admin: Client
    ann: Desk
    bob: Desk
    cleo: Desk
    dan: Desk
    customer: Customer
    conversation: str = ""
    said: list[str] = field(default_factory=list)
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def desks(self) -> tuple[Desk, ...]:
        """All agents' desks."""
        return (self.ann, self.bob, self.cleo, self.dan)

    async def told(self, kind: Kind, *actors: Desk | Customer, count: int = 1) -> None:
        """Wait until each of them was sent so many more of a kind, and show what came."""
        for actor in actors:
            await actor.log.until(kind, count)
            await self.screen.hears(actor)

    async def says(self, desk: Desk, text: str) -> None:
        """Let an agent say something, and the customer and everybody in the conversation hear it."""
        await self.screen.does(desk.label, f"writes to the customer: {text}")
        await desk.client.send_message(m.SendMessageRequest(name=self.conversation, text=text))
        self.said.append(text)
        await self.told(Kind.MESSAGE, desk, self.customer)

    async def customer_says(self, text: str, *hearers: Desk) -> None:
        """Let the customer write, and those who are in the conversation hear it."""
        await self.screen.does(self.customer.label, f"writes: {text}")
        self.conversation = await self.customer.say(text)
        self.said.append(text)
        await self.told(Kind.MESSAGE, *hearers)

    async def offered(self, desk: Desk) -> m.Offer:
        """Wait for an offer to an agent, show it and keep it as evidence."""
        heard = await desk.log.until(Kind.OFFER)
        await self.screen.hears(desk)
        offer = heard.offer or m.Offer()
        self.evidence.offers.setdefault(desk.label, []).append(offer)
        return offer

    async def accepted(self, desk: Desk, offer: m.Offer, *others: Desk) -> None:
        """Let an agent accept; show what he, the other agents and the customer are told."""
        await self.screen.does(desk.label, "accepts")
        await desk.client.accept_offer(m.AcceptOfferRequest(name=offer.name))
        await self.told(Kind.NOTICE, desk, *others, self.customer)

    async def gather_evidence(self) -> None:
        """Take down what everybody has been sent, and the customer's side byte by byte."""
        evidence = self.evidence
        evidence.heard = {desk.label: tuple(desk.log.items) for desk in self.desks}
        evidence.heard[self.customer.label] = tuple(self.customer.log.items)
        evidence.customer_name = self.customer.display_name
        evidence.settled_again = self.customer.settled_again
        evidence.customer_side = [*self.customer.received, *await self.customer.transcript(self.conversation)]


Scene: TypeAlias = Callable[[Stage], Awaitable[None]]
