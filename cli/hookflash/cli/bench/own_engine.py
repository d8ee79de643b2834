"""An engine in this process, without gRPC, with a site of its own: what is measured here is the engine alone.

Commands are those that the server would submit: with a principal, a request id and an answer to keep.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from hookflash.engine import collector
from hookflash.engine.actors.calls import Call
from hookflash.engine.actors.shard import Shard
from hookflash.engine.domain.address import SITE, Address, Kind
from hookflash.engine.domain.commands import (
    AcceptOffer,
    Apply,
    Attach,
    Close,
    Command,
    OpenConversation,
    PlaceInvite,
    SendMessage,
    SetReadiness,
)
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.values import AgentSettings, ChannelSettings, CloseCause, Customer, QueueSettings, Target
from hookflash.engine.engine import Engine, Threads
from hookflash.engine.journal.memory import MemoryJournal
from hookflash.engine.journal.port import Journal
from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.engine.serve import THREADS
from hookflash.engine.settings import PluginSettings, Settings
from hookflash.engine.views.store import VIEWS_FILE, Views
from hookflash.sdk.types import AgentId, ChannelId, InviteKind, MediaDomainId, Principal, QueueId, Role

__all__ = ["QUEUE", "TRANSFERS_MAX", "OwnEngine"]

QUEUE: Final = QueueId("billing")
TRANSFERS_MAX: Final = 30
"""Of one conversation; an engine with its default settings allows 32."""

_CHANNEL: Final = ChannelId("web")
_APPLIED_AT_ONCE: Final = 500
_ANSWER: Final = bytes(120)


class OwnEngine:
    """A running engine and what one does with it."""

    def __init__(self, engine: Engine) -> None:
        """Take an engine that was started."""
        self.engine = engine
        self.shard: Shard = engine.shard

    @classmethod
    @asynccontextmanager
    async def on_disk(cls, directory: Path, plugins: PluginSettings | None = None) -> "AsyncIterator[OwnEngine]":
        """Run one as `hookflash serve` does, on a directory that is made for it, perhaps with plugins of one's own."""
        journal = SqliteJournal.open(directory)
        async with cls._running(journal, directory, THREADS, plugins) as own:
            yield own

    @classmethod
    @asynccontextmanager
    async def in_memory(cls, directory: Path) -> "AsyncIterator[OwnEngine]":
        """Run one whose journal is in memory; only its views are files."""
        await asyncio.to_thread(directory.mkdir, parents=True)
        async with cls._running(MemoryJournal(), directory, None) as own:
            yield own

    @classmethod
    @asynccontextmanager
    async def _running(
        cls, journal: Journal, directory: Path, threads: Threads | None, plugins: PluginSettings | None = None
    ) -> "AsyncIterator[OwnEngine]":
        settings = Settings(data=directory, plugins=plugins or PluginSettings())
        # Hundreds of conversations may come to one agent, whose mailbox is one.
        settings = replace(settings, limits=replace(settings.limits, mailbox_size_max=10_000))
        engine = Engine.assemble(settings, journal, Views.open(directory / VIEWS_FILE), threads=threads)
        await engine.start()
        collector.calm()
        try:
            yield cls(engine)
        finally:
            await engine.stop()

    async def add_agents(self, agents: list[AgentId], capacity: int, queue: QueueId = QUEUE) -> None:
        """Make agents who serve a queue, with their desks attached, and ready."""
        taken = {MediaDomainId("chat"): capacity}
        for first in range(0, len(agents), _APPLIED_AT_ONCE):
            made = tuple(
                AgentSettings(id=each, display_name=each, capacity=taken, queues=(queue,))
                for each in agents[first : first + _APPLIED_AT_ONCE]
            )
            site = Apply(
                queues=(QueueSettings(id=queue, display_name=str(queue)),),
                agents=made,
                channels=(ChannelSettings(id=_CHANNEL, is_external=True),),
            )
            await self.shard.submit(SITE, site, Call())
        for agent in agents:
            await self.shard.submit(Address(Kind.AGENT, agent), Attach(stream=f"s-{agent}"), Call())
            await self.shard.submit(Address(Kind.AGENT, agent), SetReadiness(is_ready=True), Call())

    def open(self, queue: QueueId = QUEUE) -> tuple[Address, Awaitable[bytes]]:
        """Open a conversation that is routed to the queue; return it, and what is done when that is durable."""
        conversation = Address(Kind.CONVERSATION, uuid4().hex)
        opening = OpenConversation(
            channel=_CHANNEL,
            address=conversation.id,
            customer=Customer(display_name="Kim"),
            target=Target(queue=queue),
            text="hello",
        )
        return conversation, self.shard.submit(conversation, opening, Call(is_fresh=True))

    async def opened(self) -> tuple[Address, AgentId]:
        """Open a conversation and let the agent accept it whom it was offered."""
        conversation, opening = self.open()
        await opening
        agent, accepting = self.accept(conversation)
        await accepting
        return conversation, agent

    def transfer(self, conversation: Address, agent: AgentId, queue: QueueId = QUEUE) -> Awaitable[bytes]:
        """Hand a conversation on to whoever is next in the queue."""
        place = PlaceInvite(kind=InviteKind.TRANSFER, agent=agent, target=Target(queue=queue), note="VIP")
        return self._submit(conversation, "Transfer", agent, place)

    def accept(self, conversation: Address) -> tuple[AgentId, Awaitable[bytes]]:
        """Accept the open offer; return whose it was. Raises RuntimeError where there is none."""
        invite = self.state(conversation).open_invite
        if invite is None or invite.offer is None:
            raise RuntimeError("Nobody was offered the conversation: there are more of them than agents have slots.")
        agent = invite.offer.agent
        command = AcceptOffer(number=invite.offer.number, agent=agent)
        return agent, self._submit(conversation, "AcceptOffer", agent, command)

    def offered_to(self, agent: AgentId) -> Address:
        """Return the conversation that an agent of one slot is offered. Raises RuntimeError where there is none."""
        for reservation in self.shard.facts.agents()[agent].reservations:
            return Address(Kind.CONVERSATION, reservation.conversation)
        raise RuntimeError(f"{agent} is offered nothing.")

    def send(self, conversation: Address, agent: AgentId, text: str) -> Awaitable[bytes]:
        """Say something to everybody."""
        return self._submit(conversation, "SendMessage", agent, SendMessage(agent=agent, text=text))

    def close(self, conversation: Address, agent: AgentId) -> Awaitable[bytes]:
        """End a conversation."""
        return self._submit(conversation, "CloseConversation", agent, Close(agent=agent, cause=CloseCause.AGENT))

    def state(self, conversation: Address) -> Conversation:
        """Return how a conversation is. Raises RuntimeError where it is not there."""
        state = self.shard.state(conversation)
        if not isinstance(state, Conversation):
            raise RuntimeError(f"{conversation} is not there.")  # noqa: TRY004  no caller gave a wrong type
        return state

    def _submit(self, conversation: Address, method: str, agent: AgentId, command: Command) -> Awaitable[bytes]:
        principal = Principal(Role.AGENT, f"agents/{agent}")
        call = Call(principal=principal, method=method, request_id=uuid4().hex, digest=bytes(32))
        return self.shard.submit(conversation, command, call, lambda _outcome: _ANSWER)
