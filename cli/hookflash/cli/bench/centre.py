"""A small customer centre on a running server, made through the API: queue, channel, agents at their desks, adapter.

Every desk accepts every offer and the adapter settles every delivery. A search is over when the receiving agent's
AcceptOffer was answered and the notice that tells the customer so is settled. Leaving the `async with` closes all
streams and leaves the conversations open.
"""

import asyncio
from functools import partial
from time import perf_counter
from typing import Self

from hookflash.cli.bench.site import ACCEPT, ATTACH, DELIVERIES, SETTLE, apply_site, method, new_id, set_ready
from hookflash.cli.bench.wire import Wire
from hookflash.v1 import agent_service_pb2 as agents
from hookflash.v1 import channel_service_pb2 as channels
from hookflash.v1 import conversation_service_pb2 as conversations
from hookflash.v1.delivery_pb2 import Delivery
from hookflash.v1.target_pb2 import Target

__all__ = ["Centre"]

_JOINED = "join.others.joined"
_DEADLINE_S = 30.0
_IN_FLIGHT_MAX = 1_000
_WELCOME, _OFFER_MADE = 0x0A, 0x12
"""The first byte of an item of a desk's stream: which field of AttachResponse is set."""
_TRANSFER, _CONFERENCE = method("ConversationService", "Transfer"), method("ConversationService", "Conference")
_LEAVE, _CREATE = method("ConversationService", "Leave"), method("ConversationService", "CreateConversation")
_CLOSE = method("ConversationService", "CloseConversation")


class _Search:
    """One invite from its placement until its agent has joined and the customer knows."""

    __slots__ = ("agent", "is_accepted", "is_told", "placed", "served")

    def __init__(self) -> None:
        self.agent = ""
        self.is_accepted = self.is_told = False
        self.placed = perf_counter()
        self.served: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def advance(self) -> None:
        """Resolve once both sides are through."""
        if self.is_accepted and self.is_told and not self.served.done():
            self.served.set_result(self.agent)


class Centre:
    """One queue, one channel and so many agents, whose ids begin with the centre's own."""

    def __init__(self, wire: Wire, *, name: str, agents_count: int, capacity: int) -> None:
        """Take the connection, which stays the caller's."""
        self._wire = wire
        self._queue, self._channel = f"queues/{name}", f"channels/{name}"
        self.agents = tuple(f"agents/{name}-{number}" for number in range(agents_count))
        self._capacity = capacity
        self._streams: list[int] = []
        self._searches: dict[str, _Search] = {}
        self.offered: list[float] = []
        """Seconds from a placement's sending to its offer's arrival at a desk."""

    async def __aenter__(self) -> Self:
        """Apply the site, attach every agent, set them ready, and read the channel's deliveries."""
        wire = self._wire
        await apply_site(
            wire,
            queues=[self._queue],
            channel=self._channel,
            agents_=self.agents,
            served=[self._queue],
            capacity=self._capacity,
        )
        attached = [asyncio.get_running_loop().create_future() for _ in self.agents]
        for agent, is_attached in zip(self.agents, attached, strict=True):
            body = agents.AttachRequest(agent=agent).SerializeToString()
            self._streams.append(wire.read(ATTACH, body, partial(self._at_desk, agent, is_attached)))
        reading = channels.DeliveriesRequest(channel=self._channel, max_in_flight=_IN_FLIGHT_MAX)
        self._streams.append(wire.read(DELIVERIES, reading.SerializeToString(), self._deliver))
        await asyncio.wait_for(asyncio.gather(*attached), _DEADLINE_S)
        await set_ready(wire, self.agents)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close the streams."""
        for stream in self._streams:
            self._wire.cancel(stream)

    async def open_conversation(self) -> tuple[str, str]:
        """Open a conversation, routed to the queue; return its name and the agent who accepted it."""
        name = f"c-{new_id()}"
        request = conversations.CreateConversationRequest(
            request_id=new_id(),
            conversation_id=name,
            channel=self._channel,
            address=f"+{name}",
            target=Target(queue=self._queue),
        )
        return f"conversations/{name}", await self._served(f"conversations/{name}", _CREATE, request)

    async def add_agent(self, conversation: str, by: str) -> str:
        """Add a second agent by conference; return who it is."""
        request = conversations.ConferenceRequest(
            request_id=new_id(), name=conversation, agent=by, target=Target(queue=self._queue)
        )
        return await self._served(conversation, _CONFERENCE, request)

    async def transfer(self, conversation: str, by: str) -> str:
        """One whole cycle: placed, offer seen, accepted, the customer told and that settled; return who has it now."""
        request = conversations.TransferRequest(
            request_id=new_id(), name=conversation, agent=by, target=Target(queue=self._queue), note="wants a refund"
        )
        return await self._served(conversation, _TRANSFER, request)

    async def leave(self, conversation: str, agent: str) -> None:
        """Let an agent leave."""
        request = conversations.LeaveRequest(request_id=new_id(), name=conversation, agent=agent)
        await self._wire.ask(_LEAVE, request.SerializeToString())

    async def close_conversation(self, conversation: str) -> None:
        """End a conversation."""
        request = conversations.CloseConversationRequest(request_id=new_id(), name=conversation)
        await self._wire.ask(_CLOSE, request.SerializeToString())
        del self._searches[conversation]

    async def _served(
        self,
        conversation: str,
        path: str,
        request: conversations.CreateConversationRequest
        | conversations.ConferenceRequest
        | conversations.TransferRequest,
    ) -> str:
        # Before the call is answered its offer may be here.
        search = self._searches[conversation] = _Search()
        await self._wire.ask(path, request.SerializeToString())
        return await asyncio.wait_for(search.served, _DEADLINE_S)

    def _at_desk(self, agent: str, is_attached: "asyncio.Future[None]", item: bytes) -> None:
        if item[0] == _WELCOME:
            is_attached.set_result(None)
        elif item[0] == _OFFER_MADE:
            offer = agents.AttachResponse.FromString(item).offer_made.offer
            search = self._searches[offer.conversation]
            self.offered.append(perf_counter() - search.placed)
            search.agent = agent
            request = agents.AcceptOfferRequest(request_id=new_id(), name=offer.name)
            self._wire.call(ACCEPT, request.SerializeToString(), partial(self._accepted, search))

    @staticmethod
    def _accepted(search: _Search, _answer: bytes) -> None:
        search.is_accepted = True
        search.advance()

    def _deliver(self, item: bytes) -> None:
        delivery = Delivery.FromString(item)
        request = channels.SettleDeliveryRequest(name=delivery.name)
        is_joining = delivery.notice.key == _JOINED
        settled = partial(self._settled, delivery.conversation, is_joining=is_joining)
        self._wire.call(SETTLE, request.SerializeToString(), settled)

    def _settled(self, conversation: str, _answer: bytes, *, is_joining: bool) -> None:
        if is_joining:
            search = self._searches[conversation]
            search.is_told = True
            search.advance()
