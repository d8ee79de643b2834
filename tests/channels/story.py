"""One story, told through every channel: a conversation, a conference with whispers, a transfer, the end.

A channel's test brings a `Customer`, who lives at the fake of its provider, and calls `play`. The story runs a real
engine in this process with the bundled plugin, and asserts what the customer saw, in order, and that no byte of what
is for agents only has reached the fake.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE, Address
from hookflash.engine.domain.values import AgentSettings, ChannelSettings, CloseCause, Target
from hookflash.engine.edge.adapter_host import ChannelState
from hookflash.sdk.types import AgentId, ChannelId, ConversationId, InviteKind
from tests.actors.running import BILLING, Running, conversation, running
from tests.channels.door import Door, open_door

__all__ = ["CHANNEL", "SECRETS", "Customer", "StoryWorld", "holds_no_secret", "play", "story_world"]

CHANNEL = ChannelId("story")

WHISPERS = ("whisper-0451: he is on the fraud list", "whisper-0452: offer him ten percent at most")
NOTE = "note-0453: charged twice, and he shouts"
SECRETS = (*WHISPERS, NOTE)
"""What agents tell each other in the story; no byte of it may reach a provider."""

HELLO, THANKS = "Hello, my card was charged twice", "That was quick, thank you"

SEEN = (
    "Ann has joined the conversation",
    "Hello Carl, let me look at that",
    "Ben has joined the conversation",
    "Ben here: one of them goes back today",
    "Your request is being transferred to Billing, please wait!",
    "Ann has left",
    "Cleo has joined the conversation",
    "Ben left the conversation",
    "It is on its way, Carl",
    "The conversation has been closed",
)
"""What the customer sees of it, in this order."""

_DEADLINE_S = 30.0


class Customer(Protocol):
    """A customer at the fake of a channel's provider."""

    kind: str
    """The kind of channel."""

    settings: Mapping[str, str]
    """The channel's settings as applied; secrets as `file:PATH` or `env:NAME`. They point to the fake."""

    address: str
    """What the engine will know him by."""

    def meet(self, door: Door) -> None:
        """Hear where the channel's webhook is; a channel that asks its provider needs no door."""

    async def says(self, text: str) -> None:
        """Write to us through the provider; returns when the provider has brought it, or has it ready to be asked."""

    def saw(self) -> list[str]:
        """The texts that the provider showed him, first one first."""

    def received(self) -> bytes:
        """Every byte that reached the provider, decoded as well where the channel encodes texts."""


@dataclass
class StoryWorld:
    """A running engine with the channel applied, and agents who are there."""

    run: Running
    door: Door

    async def until(self, is_so: Callable[[], object], what: str, step_s: float = 0.0) -> None:
        """Let the world turn until something is so; the engine's clock goes on by `step_s` a turn."""
        try:
            async with asyncio.timeout(_DEADLINE_S):
                while not is_so():
                    if step_s:
                        self.run.clock.advance(step_s)
                    await asyncio.sleep(0.001)
        except TimeoutError:
            raise AssertionError(f"never so: {what}") from None

    async def conversation_of(self, address: str, step_s: float = 0.0) -> ConversationId:
        """His open conversation, once there is one."""
        facts = self.run.engine.shard.facts
        await self.until(lambda: facts.conversation_at(CHANNEL, address), f"a conversation with {address}", step_s)
        found = facts.conversation_at(CHANNEL, address)
        assert found is not None
        return found

    def events(self) -> list[object]:
        """All that became durable, in order."""
        return [fact.event for sealed in self.run.sealed for fact in sealed.record.facts]

    def customer_said(self) -> list[str]:
        """What the engine took from customers."""
        return [event.text for event in self.events() if isinstance(event, e.MessageSent) and event.agent is None]

    async def ask(self, address: Address, command: c.Command) -> None:
        """Run a command and wait until it is durable."""
        await self.run.run(address, command)
        await self.run.settle()

    async def accept(self, talk: ConversationId, name: str) -> None:
        """Let him accept the offer that he has, once he has it."""
        person = self.run.person
        await self.until(lambda: person(name).reservations, f"an offer to {name}")
        (reservation,) = person(name).reservations
        number = int(reservation.offer.rpartition("~")[2])
        await self.ask(conversation(talk), c.AcceptOffer(number=number, agent=AgentId(name)))


@asynccontextmanager
async def story_world(customer: Customer, public_url: str = "") -> AsyncIterator[StoryWorld]:
    """Run an engine with this channel applied and running; Ann is ready, Ben and Cleo are known."""
    ending: asyncio.Task[None] | None = None
    try:
        async with running(public_url=public_url) as run:
            try:
                async with _world(customer, run) as world:
                    yield world
            except BaseException:
                # What ends is waited for by the engine's clock, which nobody else moves on any more.
                ending = asyncio.ensure_future(_passing(run.clock))
                raise
    finally:
        if ending is not None:
            ending.cancel()


@asynccontextmanager
async def _world(customer: Customer, run: Running) -> AsyncIterator[StoryWorld]:
    await run.site("ann")
    others = tuple(AgentSettings(id=AgentId(name), display_name=name.title()) for name in ("ben", "cleo"))
    channel = ChannelSettings(id=CHANNEL, kind=customer.kind, queue=BILLING, settings=customer.settings)
    await run.run(SITE, c.Apply(agents=others, channels=(channel,)))
    await run.engine.adapters.wait_until_settled()
    report = run.engine.adapters.reports[CHANNEL]
    assert report.state is ChannelState.RUNNING, report.reason
    async with open_door(run.engine, CHANNEL) as door:
        customer.meet(door)
        yield StoryWorld(run, door)


async def _passing(clock: ManualClock) -> None:
    while True:
        clock.advance(0.1)
        await asyncio.sleep(0.001)


async def play(
    customer: Customer,
    *,
    step_s: float = 0.0,
    settled: Callable[[StoryWorld], Awaitable[None]] | None = None,
    public_url: str = "",
) -> list[object]:
    """Tell the whole story and give every event of it.

    `public_url` is where the engine says it is; `step_s` is how fast time passes, for fakes that make trouble;
    `settled` waits until all that the provider has to say of what it was sent has come in.
    """
    async with story_world(customer, public_url) as world:
        talk = await _answered_by_ann(world, customer, step_s)
        await _conference_with_whispers(world, talk)
        await _transferred_to_cleo(world, talk)
        await customer.says(THANKS)
        await world.until(lambda: THANKS in world.customer_said(), "his thanks", step_s)
        await world.ask(conversation(talk), c.SendMessage(agent=AgentId("cleo"), text=SEEN[8]))
        await world.ask(conversation(talk), c.Close(agent=AgentId("cleo"), cause=CloseCause.AGENT))
        await world.until(lambda: not world.run.engine.outbox.pending(CHANNEL), "everything delivered", step_s)
        if settled is not None:
            await settled(world)
        assert tuple(customer.saw()) == SEEN
        assert world.customer_said() == [HELLO, THANKS]
        holds_no_secret(customer.received())
        return world.events()


async def _answered_by_ann(world: StoryWorld, customer: Customer, step_s: float) -> ConversationId:
    await customer.says(HELLO)
    talk = await world.conversation_of(customer.address, step_s)
    await world.accept(talk, "ann")
    await world.ask(conversation(talk), c.SendMessage(agent=AgentId("ann"), text=SEEN[1]))
    return talk


async def _conference_with_whispers(world: StoryWorld, talk: ConversationId) -> None:
    await world.run.ready("ben")
    ben = Target(agent=AgentId("ben"))
    invite = c.PlaceInvite(kind=InviteKind.CONFERENCE, agent=AgentId("ann"), target=ben, note=NOTE)
    await world.ask(conversation(talk), invite)
    await world.accept(talk, "ben")
    await world.ask(conversation(talk), c.SendWhisper(agent=AgentId("ann"), text=WHISPERS[0]))
    await world.ask(conversation(talk), c.SendWhisper(agent=AgentId("ben"), text=WHISPERS[1]))
    await world.ask(conversation(talk), c.SendMessage(agent=AgentId("ben"), text=SEEN[3]))


async def _transferred_to_cleo(world: StoryWorld, talk: ConversationId) -> None:
    await world.run.ready("cleo")
    billing = Target(queue=BILLING)
    invite = c.PlaceInvite(kind=InviteKind.TRANSFER, agent=AgentId("ann"), target=billing, note=NOTE)
    await world.ask(conversation(talk), invite)
    await world.accept(talk, "cleo")
    await world.ask(conversation(talk), c.Leave(agent=AgentId("ben")))


def holds_no_secret(received: bytes) -> None:
    """Nothing that agents told each other, and no notice of theirs, in any coating that a channel may give a text."""
    for secret in (*SECRETS, *(secret.split(":")[0] for secret in SECRETS), "request has been placed"):
        for shape in _shapes(secret):
            assert shape not in received, f"{secret!r} reached the provider"


def _shapes(text: str) -> set[bytes]:
    """The text itself, in URLs, in UTF-16, and inside base64 at each of its three alignments, less the edges."""
    raw = text.encode()
    shapes = {raw, quote(text).encode(), text.replace(" ", "+").encode(), text.encode("utf-16-le")}
    for shift in range(3):
        coated = b64encode(b"\0" * shift + raw)
        shapes.add(coated[4:-4])
    return shapes
