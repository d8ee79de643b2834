"""Those who take part, each a client of its own: agents at their desks, and the customer behind a channel.

A desk is a stream that comes back by itself after the server was killed. The adapter settles what it has shown, and
shows nothing twice: a Delivery's name is its key.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Final

from hookflash.cli.demo.centre import CHANNEL, Person
from hookflash.cli.demo.heard import Heard, Kind, Log
from hookflash.cli.output import word
from hookflash.sdk.client import TimedOut, Unreachable
from hookflash.sdk.client import messages as m

if TYPE_CHECKING:
    from hookflash.sdk.client import Client

__all__ = ["CUSTOMER_LABEL", "Customer", "Desk", "closed"]

CUSTOMER_LABEL: Final = "Customer"
_MAX_IN_FLIGHT: Final = 8


class Desk:
    """One agent, logged in for as long as the stream is open."""

    def __init__(self, person: Person, client: Client) -> None:
        self.person = person
        self.client = client
        self.log = Log(person.display_name)

    @property
    def label(self) -> str:
        """What stands before this agent's lines."""
        return self.person.display_name

    async def read(self) -> None:
        """Read the stream until cancelled; what ends it is told to whoever waits on the log."""
        try:
            async with aclosing(self.client.attach()) as stream:
                async for update in stream:
                    heard = _heard(update)
                    if heard is not None:
                        self.log.add(heard)
        except Exception as error:  # noqa: BLE001 - raised again where the story waits
            self.log.fail(error)

    async def go_ready(self) -> None:
        """Take offers from now on."""
        await self.client.set_agent_state(m.SetAgentStateRequest(state=m.Readiness.READINESS_READY))

    async def state(self) -> m.AgentDomain:
        """Return this agent's state for chats, as the engine derives it now."""
        agent = await self.client.get_agent(m.GetAgentRequest(name=self.person.name))
        return next(domain for domain in agent.domains if domain.media_domain == "chat")

    async def timeline(self, conversation: str) -> list[m.TimelineEntry]:
        """Return a conversation as this agent sees it."""
        request = m.ListTimelineRequest(name=conversation, agent=self.person.name, page_size=500)
        return list((await self.client.list_timeline(request)).entries)


class Customer:
    """The customer, at the far end of a channel that is served from outside."""

    def __init__(self, client: Client, *, address: str, display_name: str) -> None:
        self.client = client
        self.display_name = display_name
        self.log = Log(CUSTOMER_LABEL)
        self.received: list[m.Delivery] = []
        self.settled_again = 0
        self._address = address
        self._said = 0
        self._shown: set[str] = set()
        self._settled: set[str] = set()

    label = CUSTOMER_LABEL

    async def read(self) -> None:
        """Show and settle Deliveries until cancelled."""
        request = m.DeliveriesRequest(channel=CHANNEL, max_in_flight=_MAX_IN_FLIGHT)
        try:
            async with aclosing(self.client.deliveries(request)) as stream:
                async for delivery in stream:
                    await self._take(delivery)
        except Exception as error:  # noqa: BLE001 - raised again where the story waits
            self.log.fail(error)

    async def say(self, text: str) -> str:
        """Write something; return the conversation."""
        self._said += 1
        customer = m.Customer(display_name=self.display_name, identified=True)
        received = await self.client.receive(
            m.ReceiveRequest(
                channel=CHANNEL,
                address=self._address,
                external_id=f"{self._address}-{self._said}",
                text=text,
                customer=customer,
            )
        )
        return received.conversation

    async def transcript(self, conversation: str) -> list[m.TranscriptEntry]:
        """Return the conversation as the customer sees it."""
        request = m.GetTranscriptRequest(name=conversation, page_size=500)
        return list((await self.client.get_transcript(request)).entries)

    async def _take(self, delivery: m.Delivery) -> None:
        self.received.append(delivery)
        if delivery.name in self._settled:
            self.settled_again += 1
        if delivery.name not in self._shown:
            self._shown.add(delivery.name)
            self.log.add(_delivered(delivery))
        # Not settled for want of a server: it comes again, under the same name.
        with suppress(Unreachable, TimedOut):
            await self.client.settle_delivery(m.SettleDeliveryRequest(name=delivery.name))
            self._settled.add(delivery.name)


async def closed(*tasks: asyncio.Task[None]) -> None:
    """Cancel the readers and wait until they are gone."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _delivered(delivery: m.Delivery) -> Heard:
    if delivery.WhichOneof("content") == "message":
        return Heard(kind=Kind.MESSAGE, text=delivery.message.text, sender=delivery.message.sender)
    return Heard(kind=Kind.NOTICE, text=delivery.notice.text)


def _heard(update: m.AttachResponse) -> Heard | None:
    """Return what an agent is shown of an update; None for facts that the story reads elsewhere."""
    match update.WhichOneof("update"):
        case "welcome":
            return Heard(kind=Kind.WELCOME, text="", offers=tuple(update.welcome.offers))
        case "offer_made":
            offer = update.offer_made.offer
            return Heard(kind=Kind.OFFER, text=offer.heading, offer=offer)
        case "offer_withdrawn":
            return Heard(kind=Kind.WITHDRAWN, text=word(update.offer_withdrawn, "outcome"))
        case "agent_notice":
            return _noticed(update.agent_notice.notice)
        case "timeline_update":
            return _entry(update.timeline_update.entry)
        case _:
            return None


def _entry(entry: m.TimelineEntry) -> Heard | None:
    match entry.WhichOneof("entry"):
        case "message":
            return Heard(kind=Kind.MESSAGE, text=entry.message.text, sender=entry.message.sender)
        case "whisper":
            return Heard(kind=Kind.WHISPER, text=entry.whisper.text, sender=entry.whisper.sender)
        case "notice":
            return _noticed(entry.notice)
        case _:
            return None


def _noticed(notice: m.Notice) -> Heard:
    is_toast = notice.style == m.NoticeStyle.NOTICE_STYLE_TOAST
    return Heard(kind=Kind.TOAST if is_toast else Kind.NOTICE, text=notice.text)
