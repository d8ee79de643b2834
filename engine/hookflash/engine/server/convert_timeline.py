"""What was said and what happened: timeline entries for agents, transcript entries and deliveries for the customer.

Two halves that share no function which takes a whisper: `transcript_entry_to` and `delivery_to` match on exactly the
two events a customer may see, and the types they fill cannot hold anything else.
"""

from collections.abc import Iterable

from hookflash.engine.domain import events as e
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.notices import NoticeKey, Style
from hookflash.engine.domain.states import State
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import Invite
from hookflash.engine.server.convert_conversation import invite_to
from hookflash.engine.server.convert_media import media_to
from hookflash.engine.server.convert_values import FILTERING, LEAVE_REASON, NOTICE_STYLE, PARTICIPANT_ROLE, timestamp
from hookflash.engine.server.edge_ports import Sign
from hookflash.engine.server.names import numbered_name
from hookflash.sdk.messages import Template
from hookflash.sdk.types import ParticipantRole
from hookflash.v1 import delivery_pb2, message_pb2, participant_pb2, sign_pb2, timeline_pb2, transcript_pb2, whisper_pb2

__all__ = [
    "Entry",
    "delivery_to",
    "invites_of",
    "is_said",
    "message_to",
    "notice_to",
    "sign_to",
    "timeline_entry_to",
    "transcript_entry_to",
    "whisper_to",
]

Entry = e.TimelineEvent | e.CustomerNoticed
"""An event that has a place on the timeline."""


def message_to(conversation: str, event: e.MessageSent) -> message_pb2.Message:
    """Something said to everybody."""
    return message_pb2.Message(
        name=numbered_name(conversation, "messages", event.number),
        sender=_sender(event),
        text=event.text,
        create_time=timestamp(event.at),
        filtering=FILTERING[event.filtering],
        choices=[message_pb2.MessageChoice(id=choice.id, title=choice.title) for choice in event.choices],
        template=None if event.template is None else _template(event.template),
        choice_id=event.choice_id,
        media=None if event.media is None else media_to(event.media),
    )


def _template(template: Template) -> message_pb2.MessageTemplate:
    return message_pb2.MessageTemplate(name=template.name, language=template.language, values=template.values)


def _sender(event: e.MessageSent) -> str:
    if event.agent is not None:
        return f"agents/{event.agent}"
    return "customer" if event.role is ParticipantRole.CUSTOMER else "outside"


def whisper_to(conversation: str, event: e.WhisperSent) -> whisper_pb2.Whisper:
    """Something said to the agents."""
    return whisper_pb2.Whisper(
        name=numbered_name(conversation, "whispers", event.number),
        sender=f"agents/{event.agent}",
        text=event.text,
        create_time=timestamp(event.at),
    )


def notice_to(event: e.StaffNoticed) -> message_pb2.Notice:
    """A text of the engine for agents."""
    return _notice(event.key, event.text, event.style, event.at)


def is_said(event: Entry) -> bool:
    """Whether it is something that somebody said, which a VIEWER never reads (R-G12)."""
    return isinstance(event, e.MessageSent | e.WhisperSent)


def timeline_entry_to(
    conversation: str, event: Entry, invite: Invite | None = None, *, is_note_shown: bool = True
) -> timeline_pb2.TimelineEntry:
    """An entry as agents see it; `invite` is the one that ended, where the event says that one did."""
    entry = timeline_pb2.TimelineEntry(sequence=event.sequence or 0, create_time=timestamp(event.at))
    match event:
        case e.MessageSent():
            entry.message.CopyFrom(message_to(conversation, event))
        case e.WhisperSent():
            entry.whisper.CopyFrom(whisper_to(conversation, event))
        case e.StaffNoticed(agent=agent):
            entry.notice.CopyFrom(notice_to(event))
            entry.agent = "" if agent is None else f"agents/{agent}"
        case e.CustomerNoticed():
            entry.notice.CopyFrom(_notice(event.key, event.text, Style.TIMELINE, event.at))
        case e.ParticipantJoined():
            entry.participant_joined.participant.CopyFrom(_participant(event, joined_at=event.at))
        case e.ParticipantLeft(reason=reason):
            entry.participant_left.participant.CopyFrom(_participant(event, joined_at=None))
            entry.participant_left.reason = LEAVE_REASON[reason]
        case e.InvitePlaced(invite=placed):
            shown = invite_to(conversation, placed, is_note_shown=is_note_shown)
            entry.invite_changed.invite.CopyFrom(shown)
        case e.InviteEnded():
            if invite is not None:
                ended = changed(invite, state=event.state, agent=event.agent, offers=())
                shown = invite_to(conversation, ended, is_note_shown=is_note_shown)
                entry.invite_changed.invite.CopyFrom(shown)
            entry.invite_changed.agent = "" if event.agent is None else f"agents/{event.agent}"
    return entry


def _participant(
    event: e.ParticipantJoined | e.ParticipantLeft, joined_at: float | None
) -> participant_pb2.Participant:
    return participant_pb2.Participant(
        name=f"agents/{event.agent}",
        role=PARTICIPANT_ROLE[event.role],
        agent=f"agents/{event.agent}",
        display_name=event.display_name,
        join_time=None if joined_at is None else timestamp(joined_at),
    )


def invites_of(events: Iterable[e.Event], *states: State | None) -> dict[int, Invite]:
    """The invites known from a record's events and a conversation's states around it, by number, the latest wins."""
    found: dict[int, Invite] = {}
    for state in states:
        if isinstance(state, Conversation) and state.invite is not None:
            found[state.invite.number] = state.invite
    for event in events:
        if isinstance(event, e.InvitePlaced):
            found.setdefault(event.invite.number, event.invite)
    return found


def transcript_entry_to(conversation: str, event: e.TranscriptEvent) -> transcript_pb2.TranscriptEntry:
    """An entry as the customer sees it. Raises TypeError for any other event: this is a customer port."""
    content = _for_customer(conversation, event)
    entry = transcript_pb2.TranscriptEntry(sequence=event.transcript, create_time=timestamp(event.at))
    if isinstance(content, message_pb2.Message):
        entry.message.CopyFrom(content)
    else:
        entry.notice.CopyFrom(content)
    return entry


def delivery_to(
    conversation: str, address: str, event: e.TranscriptEvent, number: int, attempt: int
) -> delivery_pb2.Delivery:
    """A message of an agent, or a notice for the customer, on its way out. Raises TypeError for any other event."""
    content = _for_customer(conversation, event)
    delivery = delivery_pb2.Delivery(
        name=numbered_name(conversation, "deliveries", number),
        conversation=f"conversations/{conversation}",
        address=address,
        sequence=number,
        attempt=attempt,
    )
    if isinstance(content, message_pb2.Message):
        delivery.message.CopyFrom(content)
    else:
        delivery.notice.CopyFrom(content)
    return delivery


def sign_to(sign: Sign) -> sign_pb2.Sign:
    """A sign for a customer."""
    if sign.is_typing is not None:
        return sign_pb2.Sign(address=sign.address, is_typing=sign.is_typing)
    return sign_pb2.Sign(address=sign.address, read=sign_pb2.ReadMark(external_ids=sign.seen))


def _for_customer(conversation: str, event: e.TranscriptEvent) -> message_pb2.Message | message_pb2.Notice:
    # By exact type: what is untyped, or looks alike, must not get through here.
    if type(event) is e.MessageSent:
        message = message_to(conversation, event)
        message.ClearField("filtering")
        return message
    if type(event) is e.CustomerNoticed:
        return _notice(event.key, event.text, Style.TIMELINE, event.at)
    raise TypeError(f"{type(event).__name__} is not for the customer")


def _notice(key: NoticeKey, text: str, style: Style, at: float) -> message_pb2.Notice:
    return message_pb2.Notice(key=key, text=text, style=NOTICE_STYLE[style], create_time=timestamp(at))
