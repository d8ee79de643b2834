"""A small customer centre on a running server, made through the API: queue, channel, agents at their desks, adapter.

Every desk accepts every offer and the adapter settles every delivery. A search is over when the receiving agent's
AcceptOffer was answered and the notice that tells the customer so is settled. Leaving the `async with` closes all
streams and leaves the conversations open.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Self
from uuid import uuid4

import grpc.aio

from hookflash.v1 import admin_service_pb2 as admin
from hookflash.v1 import agent_pb2, channel_pb2, delivery_pb2, queue_pb2
from hookflash.v1 import agent_service_pb2 as agents
from hookflash.v1 import channel_service_pb2 as channels
from hookflash.v1 import conversation_service_pb2 as conversations
from hookflash.v1.admin_service_pb2_grpc import AdminServiceStub
from hookflash.v1.agent_service_pb2_grpc import AgentServiceStub
from hookflash.v1.channel_service_pb2_grpc import ChannelServiceStub
from hookflash.v1.conversation_service_pb2_grpc import ConversationServiceStub
from hookflash.v1.target_pb2 import Target

__all__ = ["Centre"]

_JOINED = "join.others.joined"
_DEADLINE_S = 30.0
_IN_FLIGHT_MAX = 1_000


class _Search:
    """One invite from its placement until its agent has joined and the customer knows."""

    def __init__(self) -> None:
        self.agent = ""
        self.is_accepted = self.is_told = False
        self.served: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def advance(self) -> None:
        """Resolve once both sides are through."""
        if self.is_accepted and self.is_told and not self.served.done():
            self.served.set_result(self.agent)


class Centre:
    """One queue, one channel and so many agents, whose ids begin with the centre's own."""

    def __init__(self, address: str, token: str, *, name: str, agents_count: int, capacity: int) -> None:
        self._connection = grpc.aio.insecure_channel(address)
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._admin = AdminServiceStub(self._connection)
        self._desks = AgentServiceStub(self._connection)
        self._adapter = ChannelServiceStub(self._connection)
        self._conversations = ConversationServiceStub(self._connection)
        self._queue, self._channel = f"queues/{name}", f"channels/{name}"
        self._agents = tuple(f"agents/{name}-{number}" for number in range(agents_count))
        self._capacity = capacity
        self._tasks: set[asyncio.Task[None]] = set()
        self._searches: dict[str, _Search] = {}
        self._error: BaseException | None = None

    async def __aenter__(self) -> Self:
        """Apply the site, attach every agent, set them ready, and read the channel's deliveries."""
        await self._apply()
        attached = [asyncio.Event() for _ in self._agents]
        for agent, is_attached in zip(self._agents, attached, strict=True):
            self._spawn(self._desk(agent, is_attached))
        self._spawn(self._deliver())
        for is_attached in attached:
            await asyncio.wait_for(is_attached.wait(), _DEADLINE_S)
        for agent in self._agents:
            ready = agents.SetAgentStateRequest(request_id=_new(), agent=agent, state=agent_pb2.READINESS_READY)
            await self._desks.SetAgentState(ready, metadata=self._metadata, timeout=_DEADLINE_S)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close the streams and the connection."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._connection.close()

    async def open_conversation(self) -> tuple[str, str]:
        """Open a conversation, routed to the queue; return its name and the agent who accepted it."""
        name = f"c-{_new()}"
        request = conversations.CreateConversationRequest(
            request_id=_new(),
            conversation_id=name,
            channel=self._channel,
            address=f"+{name}",
            target=Target(queue=self._queue),
        )
        created = self._conversations.CreateConversation(request, metadata=self._metadata, timeout=_DEADLINE_S)
        return f"conversations/{name}", await self._served(f"conversations/{name}", created)

    async def add_agent(self, conversation: str, by: str) -> str:
        """Add a second agent by conference; return who it is."""
        request = conversations.ConferenceRequest(
            request_id=_new(), name=conversation, agent=by, target=Target(queue=self._queue)
        )
        placed = self._conversations.Conference(request, metadata=self._metadata, timeout=_DEADLINE_S)
        return await self._served(conversation, placed)

    async def transfer(self, conversation: str, by: str) -> str:
        """One whole cycle: placed, offer seen, accepted, the customer told and that settled; return who has it now."""
        request = conversations.TransferRequest(
            request_id=_new(), name=conversation, agent=by, target=Target(queue=self._queue), note="wants a refund"
        )
        placed = self._conversations.Transfer(request, metadata=self._metadata, timeout=_DEADLINE_S)
        return await self._served(conversation, placed)

    async def close_conversation(self, conversation: str) -> None:
        """End a conversation."""
        request = conversations.CloseConversationRequest(request_id=_new(), name=conversation)
        await self._conversations.CloseConversation(request, metadata=self._metadata, timeout=_DEADLINE_S)
        del self._searches[conversation]

    async def _served(self, conversation: str, placing: Awaitable[object]) -> str:
        # Before the call is answered its offer may be here.
        search = self._searches[conversation] = _Search()
        await placing
        if self._error is not None:
            raise self._error
        return await asyncio.wait_for(search.served, _DEADLINE_S)

    async def _apply(self) -> None:
        chat = agent_pb2.AgentDomain(media_domain="chat", capacity=self._capacity)
        request = admin.ApplyRequest(
            request_id=_new(),
            queues=[queue_pb2.Queue(name=self._queue, display_name="Billing")],
            channels=[channel_pb2.Channel(name=self._channel, is_external=True)],
            agents=[agent_pb2.Agent(name=each, domains=[chat], queues=[self._queue]) for each in self._agents],
        )
        await self._admin.Apply(request, metadata=self._metadata, timeout=_DEADLINE_S)

    async def _desk(self, agent: str, is_attached: asyncio.Event) -> None:
        stream = self._desks.Attach(agents.AttachRequest(agent=agent), metadata=self._metadata)
        async for update in stream:
            match update.WhichOneof("update"):
                case "welcome":
                    is_attached.set()
                case "offer_made":
                    offer = update.offer_made.offer
                    self._spawn(self._accept(agent, offer.name, offer.conversation))

    async def _accept(self, agent: str, offer: str, conversation: str) -> None:
        search = self._searches[conversation]
        search.agent = agent
        request = agents.AcceptOfferRequest(request_id=_new(), name=offer)
        await self._desks.AcceptOffer(request, metadata=self._metadata, timeout=_DEADLINE_S)
        search.is_accepted = True
        search.advance()

    async def _deliver(self) -> None:
        request = channels.DeliveriesRequest(channel=self._channel, max_in_flight=_IN_FLIGHT_MAX)
        async for delivery in self._adapter.Deliveries(request, metadata=self._metadata):
            self._spawn(self._settle(delivery))

    async def _settle(self, delivery: delivery_pb2.Delivery) -> None:
        request = channels.SettleDeliveryRequest(name=delivery.name)
        await self._adapter.SettleDelivery(request, metadata=self._metadata, timeout=_DEADLINE_S)
        if delivery.notice.key == _JOINED:
            search = self._searches[delivery.conversation]
            search.is_told = True
            search.advance()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self._error is None:
            # Whoever waits would wait in vain: one broken stream ends the whole measurement.
            self._error = error
            for search in self._searches.values():
                if not search.served.done():
                    search.served.set_exception(error)


def _new() -> str:
    return uuid4().hex
