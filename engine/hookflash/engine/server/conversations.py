"""ConversationService: translates and thinks nothing. What may be done is the conversation's own business."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from hookflash.engine.actors.calls import Outcome
from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.text import check_id
from hookflash.engine.server import identity, names
from hookflash.engine.server.asking import Asking, RequestText, event_in
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.convert_commands import (
    close_from,
    message_from,
    open_from,
    place_from,
    route_from,
    said_in,
)
from hookflash.engine.server.convert_timeline import message_to, whisper_to
from hookflash.engine.server.convert_values import seconds_or_none
from hookflash.engine.server.reading import Reading, conversation_in, invite_in
from hookflash.sdk.filters import FilterStage
from hookflash.sdk.types import AgentId, InviteKind
from hookflash.v1 import conversation_pb2, invite_pb2
from hookflash.v1 import conversation_service_pb2 as pb

__all__ = ["ConversationServicer"]

E = TypeVar("E")


class ConversationServicer:
    """The methods of ConversationService."""

    def __init__(self, asking: Asking, reading: Reading) -> None:
        """Take whom to ask."""
        self._asking, self._reading = asking, reading

    async def CreateConversation(self, request: pb.CreateConversationRequest, caller: Caller) -> bytes:  # noqa: N802
        """Open a conversation for a customer's address."""
        command = await self._destined(open_from(request))
        given = request.conversation_id
        address = names.conversation_of(check_id("conversation_id", given) if given else self._asking.new_id())
        answer = conversation_in(address, caller.principal)
        return await self._asking.submit(caller, request, address, command, answer, is_fresh=not given)

    async def GetConversation(  # noqa: N802
        self, request: pb.GetConversationRequest, caller: Caller
    ) -> conversation_pb2.Conversation:
        """Read one conversation."""
        return await self._reading.conversation(caller, names.conversation("name", request.name))

    async def ListConversations(  # noqa: N802
        self, request: pb.ListConversationsRequest, caller: Caller
    ) -> pb.ListConversationsResponse:
        """List conversations, newest first."""
        return await self._reading.conversations(caller, request)

    async def CloseConversation(self, request: pb.CloseConversationRequest, caller: Caller) -> bytes:  # noqa: N802
        """End a conversation for everybody."""
        address = names.conversation_of(names.conversation("name", request.name))
        own = identity.own_agent(caller.principal)
        command = close_from(caller.principal.role, own, request.reason)
        answer = conversation_in(address, caller.principal)
        return await self._asking.submit(caller, request, address, command, answer)

    async def SendMessage(self, request: pb.SendMessageRequest, caller: Caller) -> bytes:  # noqa: N802
        """Say something to everybody in the conversation."""
        address, agent = self._acting(request, caller)
        message = message_from(request, agent, self._asking.limits)
        said = RequestText(
            message.text,
            FilterStage.OUTBOUND,
            lambda passed: changed(message, text=passed or ""),
            beside=_beside(message),
        )
        answer = partial(_said, address.id, e.MessageSent, message_to)
        return await self._asking.say(caller, request, address, said, answer, acting=agent)

    async def Transfer(self, request: pb.TransferRequest, caller: Caller) -> bytes:  # noqa: N802
        """Hand the conversation on."""
        return await self._place(InviteKind.TRANSFER, request, caller)

    async def Conference(self, request: pb.ConferenceRequest, caller: Caller) -> bytes:  # noqa: N802
        """Add an agent."""
        return await self._place(InviteKind.CONFERENCE, request, caller)

    async def Whisper(self, request: pb.WhisperRequest, caller: Caller) -> bytes:  # noqa: N802
        """Say something to the agents and supervisors."""
        address, agent = self._acting(request, caller)
        text = said_in(request.text, self._asking.limits)
        said = RequestText(text, FilterStage.WHISPER, lambda passed: c.SendWhisper(agent=agent, text=passed or ""))
        answer = partial(_said, address.id, e.WhisperSent, whisper_to)
        return await self._asking.say(caller, request, address, said, answer, acting=agent)

    async def SendTyping(self, request: pb.SendTypingRequest, caller: Caller) -> Empty:  # noqa: N802
        """Show the customer that an agent types."""
        address, agent = self._acting(request, caller)
        state, _ = await self._asking.conversation(address.id)
        identity.check_speaks(state, agent)
        self._asking.engine.signs.agent(state.channel, state.address, is_typing=request.is_typing)
        return Empty()

    async def Leave(self, request: pb.LeaveRequest, caller: Caller) -> bytes:  # noqa: N802
        """Take an agent out of the conversation."""
        address, agent = self._acting(request, caller)
        answer = conversation_in(address, caller.principal)
        return await self._asking.submit(caller, request, address, c.Leave(agent=agent), answer, acting=agent)

    async def Route(self, request: pb.RouteRequest, caller: Caller) -> bytes:  # noqa: N802
        """Seek an agent for a conversation that nobody attends."""
        address = names.conversation_of(names.conversation("name", request.name))
        return await self._asking.submit(caller, request, address, route_from(request), _placed_invite)

    async def GetInvite(self, request: pb.GetInviteRequest, caller: Caller) -> invite_pb2.Invite:  # noqa: N802
        """Read an invite, or wait for its end."""
        conversation, number = names.numbered("name", request.name, "invites")
        wait_s = seconds_or_none(request, "wait", is_zero_allowed=True)
        if wait_s:
            await self._reading.until_invite_ended(caller, conversation, number, wait_s)
        return await self._reading.invite(caller, conversation, number)

    async def CancelInvite(self, request: pb.CancelInviteRequest, caller: Caller) -> bytes:  # noqa: N802
        """Withdraw an open invite."""
        conversation, number = names.numbered("name", request.name, "invites")
        address = names.conversation_of(conversation)
        command = c.CancelInvite(number=number, agent=identity.own_agent(caller.principal))
        return await self._asking.submit(caller, request, address, command, invite_in(address, number))

    async def ListTimeline(  # noqa: N802
        self, request: pb.ListTimelineRequest, caller: Caller
    ) -> pb.ListTimelineResponse:
        """List the Timeline, oldest first."""
        return await self._reading.timeline(caller, request)

    async def GetTranscript(  # noqa: N802
        self, request: pb.GetTranscriptRequest, caller: Caller
    ) -> pb.GetTranscriptResponse:
        """List the customer's view, oldest first."""
        return await self._reading.transcript(caller, request)

    async def _destined(self, command: c.OpenConversation) -> c.OpenConversation:
        """With the queue that plugins and hours say, unless the caller names a target: that is his to say."""
        channel = self._asking.shard.facts.channels().get(command.channel)
        if command.target is not None or channel is None:
            return command
        name = command.customer.display_name
        found = await self._asking.engine.opening.of(channel, command.address, text="", customer_name=name, target=None)
        return changed(command, target=found.target, chosen_by=found.chosen_by, closed=found.closed)

    def _acting(
        self,
        request: pb.SendMessageRequest | pb.SendTypingRequest | pb.WhisperRequest | pb.LeaveRequest,
        caller: Caller,
    ) -> tuple[Address, AgentId]:
        conversation = names.conversation("name", request.name)
        return names.conversation_of(conversation), identity.acting_agent(caller.principal, request.agent)

    async def _place(
        self, kind: InviteKind, request: pb.TransferRequest | pb.ConferenceRequest, caller: Caller
    ) -> bytes:
        address = names.conversation_of(names.conversation("name", request.name))
        agent = identity.acting_agent(caller.principal, request.agent)
        command = place_from(kind, request, agent, self._asking.limits)
        note = RequestText(command.note, FilterStage.NOTE, lambda passed: changed(command, note=passed), field="note")
        return await self._asking.say(caller, request, address, note, _placed_invite, acting=agent)


def _beside(message: c.SendMessage) -> tuple[str, ...]:
    """The shorter texts of a message, as they would be recorded."""
    titles = (choice.title for choice in message.choices)
    values = () if message.template is None else message.template.values
    of_media = () if message.media is None else (message.media.ref.name, message.media.ref.url)
    return tuple(text for text in (*titles, *values, *of_media) if text)


def _said(conversation: str, cls: type[E], render: Callable[[str, E], Message], outcome: Outcome) -> Message:
    """What was just said, as its sender gets it back."""
    return render(conversation, event_in(outcome, cls))


def _placed_invite(outcome: Outcome) -> invite_pb2.Invite:
    """The invite as it stands at the seal: perhaps offered to somebody already."""
    placed = next(fact for fact in outcome.facts if isinstance(fact.event, e.InvitePlaced))
    return invite_in(placed.subject, event_in(outcome, e.InvitePlaced).invite.number)(outcome)
