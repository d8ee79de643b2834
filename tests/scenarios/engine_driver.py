"""Scenarios on the engine itself: in this process, over a journal in memory, under a clock that the scenario turns.

A crash drops the engine as it is and starts another on the same store, with views made anew from it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from hookflash.engine.actors.calls import Answer, Call, Sealed, no_answer
from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.checker import Checker, digest
from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE, Address, Kind
from hookflash.engine.domain.agent import Agent, state_in
from hookflash.engine.domain.conversation.state import Conversation, state_of
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.states import State
from hookflash.engine.domain.values import CloseCause, Customer, Target
from hookflash.engine.engine import Engine
from hookflash.engine.journal.groups import records_of
from hookflash.engine.journal.memory import MemoryJournal, MemoryStore
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.settings import PluginSettings, Settings
from hookflash.engine.views.store import Views
from hookflash.sdk.types import AgentId, ChannelId, ConversationId, InviteKind, MediaDomainId, Principal, QueueId, Role

from .driver import Numbered
from .engine_lines import customer_line, desk_lines, entry_line, seen_invite, seen_offer
from .site import agent_settings, site_command
from .values import Attempt, Caller, Person, RefusedError, SeenConversation, SeenInvite, SeenOffer, Site

__all__ = ["PLUGINS", "EngineDriver", "open_engine"]

T = TypeVar("T")

PLUGINS = Path(__file__).parent / "plugins"
"""Strategies that misbehave."""

_ADMIN = Principal(Role.ADMIN, "scenarios")
_SERVICE = Principal(Role.SERVICE, "scenarios")
_STREAM = Call(cause=CauseKind.STREAM, method="Attach")
_ADAPTER = Principal(Role.ADAPTER, "channels/web")
_DEADLINE_S = 10.0


def _conversation(identifier: str) -> Address:
    return Address(Kind.CONVERSATION, identifier)


def _target(target: tuple[str, str]) -> Target:
    kind, name = target
    return Target(queue=QueueId(name)) if kind == "queues" else Target(agent=AgentId(name))


@asynccontextmanager
async def open_engine(limits: Mapping[str, Any]) -> AsyncIterator["EngineDriver"]:
    """A fresh engine for one scenario."""
    driver = EngineDriver(Limits(**limits))
    await driver.start()
    try:
        yield driver
        await driver.check()
    finally:
        await driver.engine.stop()


class EngineDriver:
    """Drives the real engine, its shard and its views."""

    def __init__(self, limits: Limits) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore()
        self.settings = Settings(limits=limits, plugins=PluginSettings(plugins_dir=PLUGINS))
        self.attached: set[str] = set()
        self.listeners: list[Callable[[Sequence[Sealed]], None]] = []
        self.engine: Engine
        self._desks: defaultdict[str, list[str]] = defaultdict(list)
        self._sent: defaultdict[str, Numbered] = defaultdict(list)
        self._happened: defaultdict[str, list[str]] = defaultdict(list)
        self._kinds: defaultdict[Address, dict[int, str]] = defaultdict(dict)
        self._faults = 0
        self._serial = count(1)
        self._heard = asyncio.Event()

    async def start(self) -> None:
        """Open the store and recover."""
        self.engine = Engine.assemble(self.settings, MemoryJournal(self.store), Views.open(None), clock=self.clock)
        self.engine.shard.subscribe(self._hear)
        for listener in self.listeners:
            self.engine.shard.subscribe(listener)
        await self.engine.start()
        await self.settle()

    async def settle(self) -> None:
        """Wait until everything decided is durable and shown."""
        shard = self.engine.shard
        await shard.until_durable(shard.last_position)
        assert await self.engine.until_shown(shard.durable_position, _DEADLINE_S)

    async def check(self) -> None:
        """Let the checker of the promises read the whole journal, and compare it with what is live."""
        await self.settle()
        checker = Checker()
        for record in records_of(self.store.groups, 0, None):
            checker.follow(record)
        live = digest((entity.address, entity.state) for entity in self.engine.shard.facts)
        broken = checker.finish(end=self.clock.now(), live_digest=live)
        assert not broken, "\n".join(str(violation) for violation in broken)

    def _hear(self, group: Sequence[Sealed]) -> None:
        for sealed in group:
            for fact in sealed.record.facts:
                self._note(fact.subject, fact.event)
            for agent, line in desk_lines(sealed, self._kinds):
                if agent in self.attached:
                    self._desks[agent].append(line)
            for fact in sealed.record.facts:
                if isinstance(fact.event, e.AgentLoggedOut):
                    self.attached.discard(fact.subject.id)
        self._heard.set()

    def _note(self, subject: Address, event: e.Event) -> None:
        if subject.kind is Kind.CONVERSATION:
            self._happened[subject.id].append(type(event).__name__)
        match event:
            case e.InvitePlaced(invite=invite):
                self._kinds[subject][invite.number] = invite.kind
            case e.MessageSent(delivery=delivery) if delivery is not None:
                self._sent[subject.id].append((delivery, customer_line(event)))
            case e.CustomerNoticed(delivery=delivery):
                self._sent[subject.id].append((delivery, event.text))
            case e.PluginFault():
                self._faults += 1
            case _:
                pass

    # --- asking

    async def _as_agent(
        self, agent: str, address: Address, command: c.Command, *, request_id: str = "", answer: Answer = no_answer,
        is_dry_run: bool = False,
    ) -> bytes:  # fmt: skip
        digest = sha256(repr(command).encode()).digest()
        call = Call(
            principal=Principal(Role.AGENT, f"agents/{agent}"),
            method=type(command).__name__,
            request_id=request_id or f"made-{next(self._serial)}",
            digest=digest,
            is_dry_run=is_dry_run,
        )
        return await self._asked(self.engine.shard.submit(address, command, call, answer))

    async def _as_service(self, address: Address, command: c.Command) -> None:
        principal = _ADMIN if address == SITE else _SERVICE
        call = Call(principal=principal, method=type(command).__name__)
        await self._asked(self.engine.shard.submit(address, command, call))

    async def _asked(self, asked: Awaitable[T]) -> T:
        try:
            answer = await asked
        except Refusal as refusal:
            raise RefusedError(refusal.reason, str(refusal)) from None
        await self.settle()
        return answer

    def _state(self, address: Address) -> State:
        state = self.engine.shard.state(address)
        assert state is not None, address
        return state

    def _agent(self, agent: str) -> Agent:
        state = self._state(Address(Kind.AGENT, agent))
        assert isinstance(state, Agent)
        return state

    # --- settings

    async def apply(self, site: Site) -> None:
        """Apply settings without pruning."""
        await self._as_service(SITE, site_command(site))

    async def configure_agent(self, agent: str, person: Person) -> None:
        """Apply one agent anew."""
        await self._as_service(SITE, c.Apply(agents=(agent_settings(agent, person),)))

    # --- agents

    async def attach(self, agent: str) -> None:
        """Open the desk."""
        stream = f"stream-{next(self._serial)}"
        await self._asked(self.engine.shard.submit(Address(Kind.AGENT, agent), c.Attach(stream=stream), _STREAM))
        self.attached.add(agent)

    async def detach(self, agent: str) -> None:
        """End the stream."""
        self.attached.discard(agent)
        await self._asked(self.engine.shard.submit(Address(Kind.AGENT, agent), c.Detach(stream=None), _STREAM))

    async def set_ready(self, agent: str, domain: str, *, is_ready: bool) -> None:
        """Set readiness."""
        named = MediaDomainId(domain) if domain else None
        await self._as_agent(agent, Address(Kind.AGENT, agent), c.SetReadiness(is_ready=is_ready, media_domain=named))

    async def log_out(self, agent: str) -> None:
        """Log out."""
        await self._as_agent(agent, Address(Kind.AGENT, agent), c.Logout())

    async def agent_state(self, agent: str, domain: str) -> str:
        """State with load and capacity."""
        found, named = self._agent(agent), MediaDomainId(domain)
        load = found.active(named) + found.reserved(named)
        return f"{state_in(found, named)} {load}/{found.capacity[named]}"

    async def offers(self, agent: str) -> list[SeenOffer]:
        """The offers open on the desk."""
        seen = []
        for reservation in self._agent(agent).reservations:
            state = self._state(_conversation(reservation.conversation))
            assert isinstance(state, Conversation)
            assert state.invite is not None
            queue = state.invite.target.queue
            name = self.engine.shard.facts.queues()[queue].settings.name if queue else ""
            seen.append(seen_offer(state, agent, name, self.clock.now()))
        return seen

    async def desk(self, agent: str) -> list[str]:
        """Everything that reached the desk."""
        return list(self._desks[agent])

    async def until_offered(self, agent: str) -> None:
        """Wait for an offer."""
        async with asyncio.timeout(_DEADLINE_S):
            while not self._agent(agent).reservations:
                self._heard.clear()
                await self._heard.wait()
        await self.settle()

    # --- the customer

    async def receive(
        self,
        channel: str,
        address: str,
        external_id: str,
        text: str | None,
        target: tuple[str, str] | None,
        customer: Caller,
    ) -> str:
        """Let the customer write, or leave."""
        arriving = self.engine.inbox.receive(
            _ADAPTER,
            ChannelId(channel),
            address,
            external_id,
            text=text,
            customer=Customer(display_name=customer.name, is_identified=customer.is_identified),
            target=_target(target) if target is not None else None,
        )
        conversation, _ = await self._asked(arriving)
        return conversation or ""

    async def transcript(self, conversation: str) -> Numbered:
        """The customer's view."""
        rows = self.engine.views.transcript(ConversationId(conversation), 0, 1_000)
        return [(row.number, customer_line(row.event)) for row in rows]

    async def deliveries(self, channel: str, conversation: str, count: int) -> Numbered:  # noqa: ARG002  nothing to wait for
        """What goes out."""
        return list(self._sent[conversation])

    # --- conversations

    async def place(self, kind: str, conversation: str, agent: str, target: tuple[str, str], attempt: Attempt) -> bytes:
        """Transfer or conference."""
        command = c.PlaceInvite(
            kind=InviteKind(kind), agent=AgentId(agent), target=_target(target), note=attempt.note,
            ttl_s=attempt.ttl_s, priority=attempt.priority,
        )  # fmt: skip
        address = _conversation(conversation)
        return await self._as_agent(
            agent, address, command, request_id=attempt.request_id, is_dry_run=attempt.is_dry_run,
            answer=lambda outcome: repr(outcome.state(address)).encode(),
        )  # fmt: skip

    async def route(self, conversation: str, target: tuple[str, str]) -> None:
        """Place a ROUTE invite."""
        command = c.PlaceInvite(kind=InviteKind.ROUTE, agent=None, target=_target(target))
        await self._as_service(_conversation(conversation), command)

    async def cancel(self, conversation: str, invite: int, agent: str) -> None:
        """Cancel an invite."""
        await self._as_agent(agent, _conversation(conversation), c.CancelInvite(number=invite, agent=AgentId(agent)))

    async def say(self, conversation: str, agent: str, text: str) -> None:
        """Send a message."""
        await self._as_agent(agent, _conversation(conversation), c.SendMessage(agent=AgentId(agent), text=text))

    async def whisper(self, conversation: str, agent: str, text: str) -> None:
        """Whisper."""
        await self._as_agent(agent, _conversation(conversation), c.SendWhisper(agent=AgentId(agent), text=text))

    async def leave(self, conversation: str, agent: str) -> None:
        """Leave."""
        await self._as_agent(agent, _conversation(conversation), c.Leave(agent=AgentId(agent)))

    async def close(self, conversation: str) -> None:
        """Close."""
        await self._as_service(_conversation(conversation), c.Close(agent=None, cause=CloseCause.SERVICE))

    async def accept(self, offer: str, agent: str, request_id: str) -> bytes:
        """Accept."""
        identifier, _, number = offer.partition("~")
        command, address = c.AcceptOffer(number=int(number), agent=AgentId(agent)), _conversation(identifier)
        return await self._as_agent(
            agent, address, command, request_id=request_id,
            answer=lambda outcome: repr(outcome.state(address)).encode(),
        )  # fmt: skip

    async def decline(self, offer: str, agent: str) -> None:
        """Decline."""
        identifier, _, number = offer.partition("~")
        command = c.DeclineOffer(number=int(number), agent=AgentId(agent))
        await self._as_agent(agent, _conversation(identifier), command)

    async def conversation(self, conversation: str) -> SeenConversation:
        """The conversation as it is."""
        found = await self.engine.shard.read(_conversation(conversation))
        assert found is not None
        state = found[0]
        assert isinstance(state, Conversation)
        invite = state.open_invite
        return SeenConversation(
            state=state_of(state),
            agents=tuple(p.agent for p in state.participants),
            is_conference=len(state.primaries) > 1,
            transfers=state.transfers,
            invite=None if invite is None else seen_invite(invite, self.clock.now()),
        )

    async def invite(self, conversation: str, number: int) -> SeenInvite:
        """Any of its invites."""
        found = self.engine.views.invite(ConversationId(conversation), number)
        assert found is not None
        return seen_invite(found, self.clock.now())

    async def timeline(self, conversation: str, agent: str) -> Numbered:
        """The timeline as that agent reads it."""
        rows = self.engine.views.timeline(ConversationId(conversation), AgentId(agent) if agent else None, 0, 1_000)
        kinds = self._kinds[_conversation(conversation)]
        return [(row.sequence, entry_line(row.event, kinds)) for row in rows]

    async def queue_counts(self, queue: str, conversation: str, agent: str) -> tuple[int, int]:
        """Available agents and waiting invites."""
        leave_out = {AgentId(agent)} if agent else set()
        if conversation:
            state = self._state(_conversation(conversation))
            assert isinstance(state, Conversation)
            leave_out |= {p.agent for p in state.participants}
        stats = self.engine.shard.matching.stats(QueueId(queue), leave_out)
        return stats.available, stats.waiting

    async def events(self, conversation: str) -> list[str]:
        """The names of all its events."""
        return list(self._happened[conversation])

    async def faults(self) -> int:
        """How many plugin faults were recorded."""
        return self._faults

    # --- time and crashes

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        await self.settle()

    async def crash(self, down_s: float) -> None:
        """Drop the engine and start another on the same store."""
        lost, self.clock = self.engine, ManualClock(self.clock.now() + down_s)
        self.attached.clear()
        await lost.stop()
        await self.start()
