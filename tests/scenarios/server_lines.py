"""What comes over the wire as lines of text and values: the same words as `engine_lines.py` makes of events."""

from google.protobuf.timestamp_pb2 import Timestamp

from hookflash.sdk.client import messages as m

from .values import SeenConversation, SeenInvite, SeenOffer

__all__ = ["bare", "desk_line", "entry_line", "seen_conversation", "seen_invite", "seen_offer", "word"]

_DIGITS = 3


def bare(name: str) -> str:
    """The last part of a resource name."""
    return name.rpartition("/")[2]


def word(enum: object, value: int) -> str:
    """An enum's value without its prefix: `NO_AGENT`."""
    name: str = enum.Name(value)  # type: ignore[attr-defined]  # every generated enum has it
    prefix = "".join(f"_{c}" if c.isupper() else c.upper() for c in enum.DESCRIPTOR.name).lstrip("_")  # type: ignore[attr-defined]
    return name.removeprefix(f"{prefix}_")


def entry_line(entry: m.TimelineEntry | m.TranscriptEntry | m.Delivery) -> str:
    """An entry of the timeline or the transcript, or a delivery."""
    which = entry.WhichOneof("content") if isinstance(entry, m.Delivery) else entry.WhichOneof("entry")
    if which == "message":
        return f"{bare(entry.message.sender)}: {entry.message.text}"
    if which == "notice":
        return entry.notice.text
    assert isinstance(entry, m.TimelineEntry)
    match which:
        case "whisper":
            return f"{bare(entry.whisper.sender)} whispers: {entry.whisper.text}"
        case "participant_joined":
            return f"+ {bare(entry.participant_joined.participant.agent)}"
        case "participant_left":
            left = entry.participant_left
            return f"- {bare(left.participant.agent)} {word(m.LeaveReason, left.reason)}"
        case "invite_changed":
            return _invite_line(entry)
        case _:
            raise TypeError(f"an entry without content: {entry}")


def _invite_line(entry: m.TimelineEntry) -> str:
    invite = entry.invite_changed.invite
    kind, state = word(m.InviteKind, invite.kind), word(m.InviteState, invite.state)
    if state == "PARKED":
        return f"{kind} {state}{f' ({invite.note})' if invite.HasField('note') else ''}"
    winner = bare(entry.invite_changed.agent)
    return f"{kind} {state}{f' {winner}' if winner else ''}"


def desk_line(update: m.AttachResponse) -> str | None:
    """What an update shows on a desk; None for what is no news to a scenario."""
    match update.WhichOneof("update"):
        case "offer_made":
            return f"offer {bare(update.offer_made.offer.name)}"
        case "offer_withdrawn":
            withdrawn = update.offer_withdrawn
            return f"withdrawn {bare(withdrawn.offer)} {word(m.OfferOutcome, withdrawn.outcome)}"
        case "timeline_update":
            return entry_line(update.timeline_update.entry)
        case "agent_notice":
            notice = update.agent_notice.notice
            is_toast = notice.style == m.NoticeStyle.NOTICE_STYLE_TOAST
            return f"toast: {notice.text}" if is_toast else notice.text
        case _:
            return None


def seen_invite(invite: m.Invite, now: float) -> SeenInvite:
    """An invite as scenarios compare it."""
    return SeenInvite(
        kind=word(m.InviteKind, invite.kind),
        state=word(m.InviteState, invite.state),
        priority=invite.priority,
        attempts=invite.attempts,
        requester=bare(invite.requester),
        agent=bare(invite.agent),
        left_s=round(_seconds(invite.expire_time) - now, _DIGITS),
        age_s=round(now - _seconds(invite.create_time), _DIGITS),
    )


def seen_conversation(conversation: m.Conversation, now: float) -> SeenConversation:
    """A conversation as scenarios compare it."""
    return SeenConversation(
        state=word(m.ConversationState, conversation.state),
        agents=tuple(bare(p.agent) for p in conversation.participants if p.agent),
        is_conference=conversation.is_conference,
        transfers=conversation.transfer_count,
        invite=seen_invite(conversation.invite, now) if conversation.HasField("invite") else None,
    )


def seen_offer(offer: m.Offer, now: float) -> SeenOffer:
    """An offer as scenarios compare it."""
    return SeenOffer(
        id=bare(offer.name),
        kind=word(m.InviteKind, offer.kind),
        heading=offer.heading,
        requester=bare(offer.requester),
        requester_name=offer.requester_display_name,
        channel_kind=offer.channel_kind,
        customer_name=offer.customer_name,
        is_identified=offer.customer_identified,
        note=offer.note if offer.HasField("note") else None,
        queue=bare(offer.queue),
        queue_name=offer.queue_display_name,
        offered_before=offer.offered_before,
        left_s=round(_seconds(offer.expire_time) - now, _DIGITS),
    )


def _seconds(time: Timestamp) -> float:
    return time.ToMicroseconds() / 1_000_000
