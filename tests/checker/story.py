"""A day in a small centre, run by the real engine in this process: the honest journal that the tests then falsify."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import count

from hookflash.engine.actors.calls import Call
from hookflash.engine.checker import ClientCall, Handed, Outcome, digest
from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import SITE, Address
from hookflash.engine.domain.states import State
from hookflash.engine.domain.values import AgentSettings, ChannelSettings, Customer, QueueSettings, Target
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.journal.record import CauseKind, Record
from hookflash.sdk.types import AgentId, InviteKind, Principal, QueueId, Role
from tests.actors.running import BILLING, WEB, Running, agent, conversation, running

__all__ = ["NOTE", "WHISPER", "Story", "honest"]

NOTE = "vip, be very kind to him"
WHISPER = "he has been here four times"
SALES = QueueId("sales")
_AGENTS = ("ann", "bob", "cat")


@dataclass
class Story:
    """What it left: the journal, what clients and the channel saw, the live engine's digest at its end."""

    records: list[Record] = field(default_factory=list)
    calls: list[ClientCall] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    live_digest: bytes = b""
    live: dict[Address, State | None] = field(default_factory=dict)


class _Teller:
    """Asks the engine as its clients do, and writes down what they hear."""

    def __init__(self, run: Running, story: Story, numbers: Callable[[], int]) -> None:
        self.run, self.story, self._next = run, story, numbers

    async def ask(self, principal: Principal, method: str, address: Address, command: c.Command) -> None:
        request_id = f"r{self._next()}"
        call = Call(principal=principal, method=method, request_id=request_id, digest=request_id.encode())
        now = self.run.clock.now()
        reply = await self.run.run(address, command, call)
        self.story.calls.append(
            ClientCall(
                principal=principal.key, method=method, request_id=request_id, digest=call.digest, invoked_at=now,
                ended_at=now, outcome=Outcome.OK, reply=reply,
            )
        )  # fmt: skip

    async def agent(self, name: str, method: str, address: Address, command: c.Command) -> None:
        await self.ask(Principal(Role.AGENT, f"agents/{name}"), method, address, command)

    async def opens(self, name: str, queue: QueueId = BILLING) -> None:
        command = c.OpenConversation(
            channel=WEB, address=name, customer=Customer(display_name="Carl"), target=Target(queue=queue), text="hello"
        )
        service = Principal(Role.SERVICE, "services/crm")
        await self.ask(service, "ConversationService/CreateConversation", conversation(name), command)

    async def accepts(self, name: str, talk: str, number: int) -> None:
        command = c.AcceptOffer(number=number, agent=AgentId(name))
        await self.agent(name, "AgentService/AcceptOffer", conversation(talk), command)

    async def places(self, kind: InviteKind, by: str, talk: str, target: Target, note: str | None = None) -> None:
        command = c.PlaceInvite(kind=kind, agent=AgentId(by), target=target, note=note)
        await self.agent(by, f"ConversationService/{kind.title()}", conversation(talk), command)

    async def settles(self, talk: str) -> None:
        """The channel takes all that is there to take."""
        state = self.run.talk(talk)
        adapter = Call(principal=Principal(Role.ADAPTER, "channels/web"), method="SettleDelivery")
        for number in range(state.settled + 1, state.deliveries + 1):
            self.story.handed.append(Handed(conversation=talk, sequence=number, key=f"{talk}/{number}", raw=b"text"))
            await self.run.run(conversation(talk), c.SettleDelivery(delivery=number), adapter)

    async def attaches(self, name: str) -> None:
        stream = Call(
            principal=Principal(Role.AGENT, f"agents/{name}"), method="AgentService/Attach", cause=CauseKind.STREAM
        )
        await self.run.run(agent(name), c.Attach(stream=f"desk of {name}"), stream)
        await self.agent(name, "AgentService/SetAgentState", agent(name), c.SetReadiness(is_ready=True))


@cache
def honest() -> Story:
    """The story; it is told once."""
    return asyncio.run(_told())


async def _told() -> Story:
    story, store, numbers = Story(), MemoryStore(), count(1).__next__
    async with running(store) as run:
        teller = _Teller(run, story, numbers)
        await _begins(teller)
        await _goes_on(teller)
        clock = run.clock
    clock.advance(100.0)
    async with running(store, clock=clock) as run:
        await _ends(_Teller(run, story, numbers))
        await run.settle()
        story.live = {entity.address: entity.state for entity in run.engine.shard.facts}
        story.live_digest = digest(story.live.items())
        story.records = run.engine.journal.read(0, 10_000)
    return story


async def _begins(teller: _Teller) -> None:
    apply = c.Apply(
        queues=(QueueSettings(id=BILLING, display_name="Billing"), QueueSettings(id=SALES, ttl_s=60.0)),
        agents=tuple(AgentSettings(id=AgentId(name), display_name=name.title()) for name in _AGENTS),
        channels=(ChannelSettings(id=WEB, kind="web"),),
    )
    await teller.ask(Principal(Role.ADMIN, "admins/root"), "AdminService/Apply", SITE, apply)
    for name in _AGENTS:
        await teller.attaches(name)
    await teller.opens("one")
    await teller.accepts("ann", "one", 1)
    say = c.SendMessage(agent=AgentId("ann"), text="good morning")
    await teller.agent("ann", "ConversationService/SendMessage", conversation("one"), say)
    await teller.settles("one")
    await teller.places(InviteKind.CONFERENCE, "ann", "one", Target(agent=AgentId("bob")))
    await teller.accepts("bob", "one", 2)
    whisper = c.SendWhisper(agent=AgentId("bob"), text=WHISPER)
    await teller.agent("bob", "ConversationService/Whisper", conversation("one"), whisper)
    await teller.places(InviteKind.TRANSFER, "ann", "one", Target(queue=BILLING), NOTE)


async def _goes_on(teller: _Teller) -> None:
    decline = c.DeclineOffer(number=3, agent=AgentId("cat"))
    await teller.agent("cat", "AgentService/DeclineOffer", conversation("one"), decline)  # Nobody else: ann placed it.
    await teller.run.pass_time(11.0)  # The pause is over: cat is asked again, and misses it.
    await teller.run.pass_time(31.0)
    await teller.settles("one")
    await teller.agent("cat", "AgentService/SetAgentState", agent("cat"), c.SetReadiness(is_ready=False))
    await teller.opens("two", SALES)
    await teller.opens("three", SALES)
    await teller.opens("four", SALES)  # The first two are offered to ann and bob, this one waits.


async def _ends(teller: _Teller) -> None:
    """After the crash: what fell due is over; the desks come back, and one does not."""
    await teller.attaches("ann")
    await teller.run.pass_time(31.0)
    await teller.opens("five")
    await teller.accepts("ann", "five", 1)
    await teller.opens("six")
    for name in ("two", "five"):
        await teller.settles(name)
    leave = c.Leave(agent=AgentId("ann"))
    await teller.agent("ann", "ConversationService/Leave", conversation("five"), leave)
    await teller.settles("five")
