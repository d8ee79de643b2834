"""An agent's desk and a channel's reader as tests hold them: streams read by tasks, whose content can be awaited."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import grpc
import grpc.aio

from hookflash.sdk.client import messages as m
from hookflash.sdk.client.connection import bearer
from hookflash.v1.agent_service_pb2_grpc import AgentServiceStub
from hookflash.v1.channel_service_pb2_grpc import ChannelServiceStub

from .server_lines import desk_line, entry_line

__all__ = ["SYNC", "Desk", "Reader"]

SYNC = "sync"
"""A media domain without queues. Turning an agent's readiness in it shows how far his stream has come."""

_DEADLINE_S = 10.0


class Desk:
    """One agent's stream, over as many attachments as a scenario makes."""

    def __init__(self, agent: str, token: str) -> None:
        self.lines: list[str] = []
        self.offers: dict[str, m.Offer] = {}
        self.is_synced = False
        self.is_open = False
        self._request = m.AttachRequest(agent=f"agents/{agent}")
        self._metadata = bearer(token)
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def attach(self, channel: grpc.aio.Channel) -> None:
        """Open the stream and wait for Welcome."""
        await self.close()
        stream = AgentServiceStub(channel).Attach(self._request, metadata=self._metadata)
        self._task = asyncio.create_task(self._read(stream))
        await self.until(lambda: self.is_open)

    async def close(self) -> None:
        """End the stream."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._task, self.is_open = None, False

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for the desk to be so."""
        async with asyncio.timeout(_DEADLINE_S):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    async def _read(self, stream: "grpc.aio.UnaryStreamCall[m.AttachRequest, m.AttachResponse]") -> None:
        try:
            async for update in stream:
                self._take(update)
                self._changed.set()
        except grpc.aio.AioRpcError:
            pass  # The server was killed, or another desk took over: whoever waits finds the desk closed.
        finally:
            self.is_open = False
            self._changed.set()

    def _take(self, update: m.AttachResponse) -> None:
        line = desk_line(update)
        if line is not None:
            self.lines.append(line)
        match update.WhichOneof("update"):
            case "welcome":
                self.offers = {offer.name: offer for offer in update.welcome.offers}
                self._follow(update.welcome.agent)
                self.is_open = True
            case "offer_made":
                self.offers[update.offer_made.offer.name] = update.offer_made.offer
            case "offer_withdrawn":
                del self.offers[update.offer_withdrawn.offer]
            case "agent_changed":
                self._follow(update.agent_changed.agent)
            case _:
                pass

    def _follow(self, agent: m.Agent) -> None:
        ready = m.AgentState.AGENT_STATE_READY
        self.is_synced = any(d.media_domain == SYNC and d.state == ready for d in agent.domains)


class Reader:
    """A channel's deliveries, settled as they come; each name counts once."""

    def __init__(self, channel_name: str, token: str) -> None:
        self.got: dict[str, list[tuple[int, str]]] = {}
        self._names: set[str] = set()
        self._request = m.DeliveriesRequest(channel=f"channels/{channel_name}", max_in_flight=100)
        self._metadata = bearer(token)
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self, channel: grpc.aio.Channel) -> None:
        """Begin to read, in the place of an earlier stream."""
        await self.close()
        self._task = asyncio.create_task(self._read(channel))

    async def close(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def until(self, conversation: str, count: int) -> list[tuple[int, str]]:
        """What came for a conversation, once it is so many."""
        async with asyncio.timeout(_DEADLINE_S):
            while len(self.got.get(conversation, ())) < count:
                self._changed.clear()
                await self._changed.wait()
        return list(self.got.get(conversation, ()))

    async def _read(self, channel: grpc.aio.Channel) -> None:
        stub = ChannelServiceStub(channel)
        try:
            async for delivery in stub.Deliveries(self._request, metadata=self._metadata):
                if delivery.name not in self._names:
                    self._names.add(delivery.name)
                    conversation = delivery.conversation.rpartition("/")[2]
                    self.got.setdefault(conversation, []).append((delivery.sequence, entry_line(delivery)))
                settled = m.SettleDeliveryRequest(name=delivery.name)
                await stub.SettleDelivery(settled, metadata=self._metadata)
                self._changed.set()
        except grpc.aio.AioRpcError:
            pass  # The server was killed; after its restart a new stream is opened.
