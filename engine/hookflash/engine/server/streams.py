"""The life of an agent's stream: attached, told what it missed, told what happens, detached.

However it ends (by the reader, by a newer stream, by the engine), the end is in `finally`: nothing here catches a
cancellation.
"""

import asyncio
from typing import Final

import structlog

from hookflash.engine.actors.calls import Call, Outcome
from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.refusals import PositionGone, Refusal
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.convert_agent import agent_to
from hookflash.engine.server.convert_conversation import conversation_to
from hookflash.engine.server.convert_values import duration
from hookflash.engine.server.desks import Desk, Desks, heard_to
from hookflash.engine.server.names import conversation_of
from hookflash.engine.server.outlet import Outlet
from hookflash.engine.views.reads import Reads
from hookflash.sdk.types import AgentId
from hookflash.v1 import agent_service_pb2 as pb

__all__ = ["Streams"]

_log = structlog.get_logger("hookflash.server")
_METHOD: Final = "AgentService/Attach"
_RETRY_S: Final = 1.0


class Streams:
    """Attaches agents."""

    def __init__(self, asking: Asking, desks: Desks) -> None:
        """Take whom to ask, and where desks stand."""
        self._asking, self._desks = asking, desks
        self._detaching: set[asyncio.Future[bytes]] = set()
        self.is_ending = False

    async def attach(self, caller: Caller, agent: AgentId, after_position: int | None) -> None:
        """Serve an agent's desk until its stream ends. Raises AgentNotFound, PositionGone, TakenOver, SlowConsumer."""
        if after_position is not None and not 0 <= after_position <= self._asking.shard.last_position:
            raise PositionGone(after_position)
        acting = "" if caller.principal.subject == f"agents/{agent}" else agent
        call = Call(principal=caller.principal, method=_METHOD, acting=acting, cause=CauseKind.STREAM)

        def overflowed() -> None:
            # Soon, not now: the desks are being gone through. But not when the reader reads again: he may never.
            asyncio.get_running_loop().call_soon(self._leave, desk, call)

        outlet = Outlet(self._asking.limits.stream_buffer_events_max, overflowed)
        desk = Desk(agent, outlet, stream=self._asking.new_id())

        def welcome(outcome: Outcome) -> bytes:
            self._desks.open(desk, outcome.position)
            return self._welcome(agent, outcome).SerializeToString()

        try:
            address = Address(Kind.AGENT, agent)
            first = await self._asking.shard.submit(address, c.Attach(stream=desk.stream), call, welcome)
            self._desks.take_over(desk)
            await caller.write(first)
            for missed in await self._missed(agent, after_position, desk.after):
                await caller.write(missed)
            await desk.outlet.pour(caller.write, sent=desk.after)
        finally:
            self._leave(desk, call)
            outlet.leave()

    def _welcome(self, agent: AgentId, outcome: Outcome) -> pb.AttachResponse:
        state = outcome.state(Address(Kind.AGENT, agent))
        if not isinstance(state, Agent):
            raise TypeError(f"agent {agent} attached and has no state")
        welcome = pb.Welcome(
            agent=agent_to(state),
            position=outcome.position,
            grace=duration(self._asking.limits.disconnect_grace_s),
        )
        for conversation in state.slots:
            address = conversation_of(conversation)
            joined = outcome.state(address)
            if isinstance(joined, Conversation):
                welcome.conversations.append(conversation_to(joined, outcome.position_of(address)))
        for reservation in state.reservations:
            asked = outcome.state(conversation_of(reservation.conversation))
            if isinstance(asked, Conversation) and asked.open_invite is not None:
                invite = asked.open_invite
                own = [offer for offer in invite.offers if offer.agent == agent]
                welcome.offers.extend(self._desks.offer(asked, invite, offer) for offer in own)
        return pb.AttachResponse(welcome=welcome)

    async def _missed(self, agent: AgentId, after: int | None, up_to: int) -> list[bytes]:
        """What reached the agent between two positions, both given; nothing where that is more than is kept."""
        if after is None or after >= up_to - 1:
            return []

        def read(reads: Reads) -> list[bytes]:
            found = []
            for row in reads.stream(agent, after, up_to - 1) or ():
                event = row.event
                invite = reads.invite(row.conversation, event.invite) if isinstance(event, e.InviteEnded) else None
                found.append(heard_to(row.conversation, event, row.position, invite).SerializeToString())
            return found

        return await self._asking.viewed(up_to - 1, read)

    def _leave(self, desk: Desk, call: Call) -> None:
        """The desk hears nothing any more, and is nobody's presence. A second time is nothing."""
        self._desks.close(desk)
        if desk.after and not desk.is_left:
            desk.is_left = True
            self._detach(desk, call)

    def _detach(self, desk: Desk, call: Call) -> None:
        """Say that the stream ended. Not when the engine stops: its next start gives every desk its full grace."""
        if self.is_ending:
            return
        command = c.Detach(stream=desk.stream)
        ending = asyncio.ensure_future(self._asking.shard.submit(Address(Kind.AGENT, desk.agent), command, call))
        self._detaching.add(ending)
        ending.add_done_callback(lambda ended: self._detached(ended, desk, call))

    def _detached(self, ending: "asyncio.Future[bytes]", desk: Desk, call: Call) -> None:
        self._detaching.discard(ending)
        if ending.cancelled():
            return
        error = ending.exception()
        if isinstance(error, Refusal):
            if error.retry_after_s is not None:
                # As on a full disk. Until it is written he counts as there, and is offered what he cannot see.
                clock = self._asking.shard.clock
                clock.wake_at(clock.now() + max(_RETRY_S, error.retry_after_s), lambda: self._detach(desk, call))
        elif error is not None:
            _log.error("detach.failed", error=type(error).__name__)
