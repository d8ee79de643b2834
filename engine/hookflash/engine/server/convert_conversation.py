"""Conversations and invites as callers see them.

What an ADAPTER gets is made by a function of its own: nothing in it counts or names what the customer may not know
(R-G11).
"""

from hookflash.engine.domain.conversation.state import Conversation, state_of
from hookflash.engine.domain.values import ChannelSession, Invite, Participant
from hookflash.engine.server.convert_values import (
    CONVERSATION_STATE,
    INVITE_KIND,
    INVITE_STATE,
    PARTICIPANT_ROLE,
    customer_to,
    target_to,
    timestamp,
)
from hookflash.engine.server.names import numbered_name
from hookflash.sdk.types import ParticipantRole
from hookflash.v1 import conversation_pb2, invite_pb2, participant_pb2

__all__ = ["conversation_for_adapter", "conversation_to", "invite_etag", "invite_to", "participant_to"]


def conversation_to(
    conversation: Conversation, position: int, *, is_note_shown: bool = True
) -> conversation_pb2.Conversation:
    """A conversation after the record at `position`; without the open invite's note for whom that is not."""
    message = _common(conversation)
    message.position = position
    message.etag = conversation.etag
    invite = conversation.open_invite
    if invite is not None:
        message.invite.CopyFrom(invite_to(conversation.id, invite, is_note_shown=is_note_shown))
    return message


def conversation_for_adapter(conversation: Conversation) -> conversation_pb2.Conversation:
    """A conversation as a channel's adapter may see it: without invite, position and etag."""
    return _common(conversation)


def _common(conversation: Conversation) -> conversation_pb2.Conversation:
    return conversation_pb2.Conversation(
        name=f"conversations/{conversation.id}",
        state=CONVERSATION_STATE[state_of(conversation)],
        channel=f"channels/{conversation.channel}",
        channel_sessions=[_session_to(session) for session in conversation.sessions],
        participants=_participants_to(conversation),
        is_conference=len(conversation.primaries) > 1,
        transfer_count=conversation.transfers,
        customer=customer_to(conversation.customer),
        attributes=conversation.attributes,
        create_time=timestamp(conversation.opened_at),
    )


def _session_to(session: ChannelSession) -> conversation_pb2.ChannelSession:
    return conversation_pb2.ChannelSession(
        channel=f"channels/{session.channel}",
        address=session.address,
        open_time=timestamp(session.opened_at),
        close_time=None if session.closed_at is None else timestamp(session.closed_at),
    )


def _participants_to(conversation: Conversation) -> list[participant_pb2.Participant]:
    agents = [participant_to(participant) for participant in conversation.participants]
    session = conversation.open_session
    if session is None:
        return agents
    customer = participant_pb2.Participant(
        name="customer",
        role=PARTICIPANT_ROLE[ParticipantRole.CUSTOMER],
        display_name=conversation.customer.display_name,
        join_time=timestamp(session.opened_at),
    )
    return [customer, *agents]


def participant_to(participant: Participant) -> participant_pb2.Participant:
    """An agent who is in a conversation."""
    return participant_pb2.Participant(
        name=f"agents/{participant.agent}",
        role=PARTICIPANT_ROLE[participant.role],
        agent=f"agents/{participant.agent}",
        display_name=participant.display_name,
        join_time=timestamp(participant.joined_at),
    )


def invite_etag(invite: Invite) -> str:
    """What changes with every change of the invite."""
    return f"{invite.number}.{invite.revision}"


def invite_to(conversation: str, invite: Invite, *, is_note_shown: bool = True) -> invite_pb2.Invite:
    """An invite, open or ended; without its note for whom that is not."""
    offer = invite.offer if invite.is_open else None
    agent = invite.agent if offer is None else offer.agent
    return invite_pb2.Invite(
        name=numbered_name(conversation, "invites", invite.number),
        kind=INVITE_KIND[invite.kind],
        state=INVITE_STATE[invite.state],
        target=target_to(invite.target),
        note=invite.note if is_note_shown else None,
        requester="" if invite.requester is None else f"agents/{invite.requester}",
        agent="" if agent is None else f"agents/{agent}",
        attempts=invite.attempts,
        priority=invite.priority,
        create_time=timestamp(invite.placed_at),
        expire_time=timestamp(invite.expire_at),
        etag=invite_etag(invite),
        offer_expire_time=None if offer is None else timestamp(offer.expire_at),
    )
