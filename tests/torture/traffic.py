"""Agents, customers and an adapter that keep a centre busy while its server lives, and write down what they hear.

Their choices are seeded; what they meet depends on when the server dies.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import grpc
import grpc.aio

from hookflash.sdk.client import Client, TimedOut, Unreachable
from hookflash.sdk.client import messages as m
from hookflash.sdk.client.connection import bearer, open_channel
from hookflash.v1.agent_service_pb2_grpc import AgentServiceStub
from hookflash.v1.channel_service_pb2_grpc import ChannelServiceStub
from tests.torture.ledger import Ledger

__all__ = ["AGENTS", "CHANNEL", "QUEUES", "Traffic"]

AGENTS = ("ann", "bob", "cat", "dan")
QUEUES = ("billing", "sales")
CUSTOMERS = ("carl", "cora", "curt")
CHANNEL = "channels/web"
_DEADLINE_S = 5.0
_PATIENCE_S = 0.05
_SETTLING_MAX = 16


class Traffic:
    """The clients of a server, through all its lives."""

    def __init__(self, ledger: Ledger, seed: int, tokens: dict[str, str], *, burst_max: int = 1) -> None:
        self.ledger = ledger
        self.chance = Random(seed)  # noqa: S311  which moment, not which secret
        self.inside: dict[str, set[str]] = {agent: set() for agent in AGENTS}
        self._tokens = tokens
        self._burst_max = burst_max
        self._serial = 0

    @asynccontextmanager
    async def running(self, address: str, *, is_quiet: bool = False) -> AsyncIterator[None]:
        """All of them at work against this address. Quiet: the adapter reads and the desks stand open, no more."""
        parts: list[Callable[[str], Awaitable[None]]] = [self._adapter]
        parts += [_bound(self._desk, agent, is_quiet) for agent in AGENTS]
        if not is_quiet:
            parts += [_bound(self._customer, name) for name in CUSTOMERS]
            parts += [_bound(self._work, agent) for agent in AGENTS]
        tasks = [asyncio.create_task(_until_gone(part, address)) for part in parts]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    def client(self, address: str, subject: str) -> Client:
        """A client with that subject's token."""
        return Client(address, token=self._tokens[subject], timeout_s=_DEADLINE_S)

    def _id(self) -> str:
        self._serial += 1
        return f"r{self._serial}"

    async def _adapter(self, address: str) -> None:
        """Read deliveries and settle them, several at once, so that no backlog outlives the lives of the server."""
        metadata = bearer(self._tokens[CHANNEL])
        settling: set[asyncio.Task[None]] = set()
        async with self.client(address, CHANNEL) as client, open_channel(address, None) as channel:
            request = m.DeliveriesRequest(channel=CHANNEL, max_in_flight=50)
            try:
                async for delivery in ChannelServiceStub(channel).Deliveries(request, metadata=metadata):
                    self.ledger.arrived(delivery)
                    settling.add(asyncio.create_task(self._settled(client, delivery.name)))
                    if len(settling) >= _SETTLING_MAX:
                        done, settling = await asyncio.wait(settling, return_when=asyncio.FIRST_COMPLETED)
                        for each in done:
                            each.result()
            finally:
                for each in settling:
                    each.cancel()
                await asyncio.gather(*settling, return_exceptions=True)

    async def _settled(self, client: Client, name: str) -> None:
        await client.settle_delivery(m.SettleDeliveryRequest(name=name))
        self.ledger.settled.add(name)
        self.ledger.tick()

    async def _customer(self, name: str, address: str) -> None:
        """Write, and now and then leave."""
        async with self.client(address, CHANNEL) as client:
            for asked in self.ledger.unknown(name):
                await self.ledger.settle(client, asked)
            while True:
                if self.chance.random() < 0.06:
                    left = m.ReceiveRequest(channel=CHANNEL, address=name, external_id=self._id(), customer_left=True)
                    await self.ledger.ask(client, name, "receive", left)
                else:
                    await self._at_once(
                        [self.ledger.ask(client, name, "receive", self._text(name)) for _ in self._burst()]
                    )
                with suppress(TimeoutError):  # A customer waits for an answer, but not for long.
                    async with asyncio.timeout(_PATIENCE_S):
                        await self.ledger.until(self.ledger.happened + self.chance.randint(2, 12))

    async def _desk(self, agent: str, is_quiet: bool, address: str) -> None:  # noqa: FBT001  bound by position
        """Stand open, and answer the offers that come, most of them well."""
        metadata = bearer(self._tokens[f"agents/{agent}"])
        async with self.client(address, f"agents/{agent}") as client, open_channel(address, None) as channel:
            stream = AgentServiceStub(channel).Attach(m.AttachRequest(), metadata=metadata)
            async for update in stream:
                offers: list[m.Offer] = []
                if update.HasField("welcome"):
                    self.inside[agent] = {each.name for each in update.welcome.conversations}
                    offers = list(update.welcome.offers)
                    if not is_quiet:
                        ready = m.SetAgentStateRequest(state=m.Readiness.READINESS_READY, request_id=self._id())
                        await self.ledger.ask(client, agent, "set_agent_state", ready)
                elif update.HasField("offer_made"):
                    offers = [update.offer_made.offer]
                for offer in offers if not is_quiet else ():
                    await self._answer(client, agent, offer)

    async def _answer(self, client: Client, agent: str, offer: m.Offer) -> None:
        die = self.chance.random()
        if die < 0.8:
            accept = m.AcceptOfferRequest(name=offer.name, request_id=self._id())
            if await self.ledger.ask(client, agent, "accept_offer", accept) is not None:
                self.inside[agent].add(offer.conversation)
        elif die < 0.9:
            decline = m.DeclineOfferRequest(name=offer.name, request_id=self._id())
            await self.ledger.ask(client, agent, "decline_offer", decline)

    async def _work(self, agent: str, address: str) -> None:
        """Talk, whisper, transfer, confer and leave in the conversations he is in."""
        async with self.client(address, f"agents/{agent}") as client:
            for asked in self.ledger.unknown(agent):
                await self.ledger.settle(client, asked)
            while True:
                mine = sorted(self.inside[agent])
                if not mine:
                    await self.ledger.until(self.ledger.happened + 1)
                    continue
                conversation = self.chance.choice(mine)
                method, request = self._command(conversation)
                more = [self._message(conversation) for _ in self._burst()] if method == "send_message" else []
                calls = [self.ledger.ask(client, agent, method, each) for each in (*more, request)]
                answer = (await self._at_once(calls))[-1]
                is_out = answer is None if method == "send_message" else answer is not None
                if method in ("transfer", "leave", "send_message") and is_out:
                    self.inside[agent].discard(conversation)

    def _burst(self) -> range:
        """How many more at once."""
        return range(self.chance.randint(1, self._burst_max))

    async def _at_once(self, asked: Sequence[Awaitable[Any]]) -> list[Any]:
        """All answers; where one never came its error, once all have ended."""
        ended = await asyncio.gather(*asked, return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException):
                raise error
        return list(ended)

    def _text(self, customer: str) -> m.ReceiveRequest:
        identifier = self._id()
        text = f"{customer} says {identifier}"
        return m.ReceiveRequest(channel=CHANNEL, address=customer, external_id=identifier, text=text)

    def _message(self, conversation: str) -> m.SendMessageRequest:
        identifier = self._id()
        return m.SendMessageRequest(name=conversation, text=f"message {identifier}", request_id=identifier)

    def _command(self, conversation: str) -> tuple[str, object]:
        identifier = self._id()
        queue = m.Target(queue=f"queues/{self.chance.choice(QUEUES)}")
        somebody = m.Target(agent=f"agents/{self.chance.choice(AGENTS)}")
        target = self.chance.choice((queue, queue, somebody))
        match self.chance.choices(("say", "whisper", "transfer", "conference", "leave"), weights=(6, 2, 3, 3, 1), k=1)[
            0
        ]:
            case "say":
                return "send_message", self._message(conversation)
            case "whisper":
                text = f"whisper {identifier}"
                return "whisper", m.WhisperRequest(name=conversation, text=text, request_id=identifier)
            case "transfer":
                note = f"note {identifier}"
                return "transfer", m.TransferRequest(name=conversation, target=target, note=note, request_id=identifier)
            case "conference":
                return "conference", m.ConferenceRequest(name=conversation, target=target, request_id=identifier)
            case _:
                return "leave", m.LeaveRequest(name=conversation, request_id=identifier)


def _bound(part: Callable[..., Awaitable[None]], *before: object) -> Callable[[str], Awaitable[None]]:
    async def bound(address: str) -> None:
        await part(*before, address)

    return bound


async def _until_gone(part: Callable[[str], Awaitable[None]], address: str) -> None:
    """Go on until the server is gone. Whatever else ends a part ends the test."""
    try:
        with suppress(Unreachable, TimedOut):
            await part(address)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
