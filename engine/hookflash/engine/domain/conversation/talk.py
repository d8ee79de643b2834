"""Opening a conversation and speaking in it."""

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.notices import NoticeKey
from hookflash.engine.domain.refusals import (
    ChannelNotFound,
    ContentNotSupported,
    ConversationExists,
    ConversationNotActive,
    DeliveryNotFound,
    NoOtherAgent,
    RoleNotAllowed,
    WindowClosed,
)
from hookflash.engine.domain.text import check_address, clean_caption, clean_message
from hookflash.engine.domain.values import Customer, Target
from hookflash.sdk.types import InviteKind, ParticipantRole

from . import attendance, search
from .state import Conversation, state_of
from .turn import Turn

__all__ = ["open_conversation", "receive", "record_echo", "record_receipt", "send_message", "send_whisper", "settle"]

_FAILED = "FAILED"


def open_conversation(turn: Turn, command: c.OpenConversation) -> None:
    """Begin; route at once to the target given, else to the channel's queue (R-G10)."""
    check_address(command.address)
    text = None if command.text is None else clean_message(command.text, turn.ctx.limits.message_length_max)
    channel = turn.ctx.facts.channels().get(command.channel)
    if channel is None:
        raise ChannelNotFound(command.channel)
    if command.target is not None:
        search.check_target_exists(turn, command.target)
    if turn.exists:
        raise ConversationExists(turn.id)
    other = turn.ctx.facts.conversation_at(command.channel, command.address)
    if other is not None:
        raise ConversationExists(other, "its customer's address is the same and it is still open")
    turn.add(
        e.ConversationOpened(
            at=turn.now,
            channel=channel.id,
            channel_kind=channel.kind,
            address=command.address,
            media_domain=channel.media_domain,
            customer=command.customer,
            attributes=command.attributes,
            queue_chosen_by=command.chosen_by,
            closed_queue=command.closed,
        )
    )
    if text is not None:
        _customer_says(turn, command.customer, text, command)
    if command.closed is not None:
        turn.tell_customer(NoticeKey.ROUTE_CUSTOMER_CLOSED, of_queue=command.closed)
        attendance.become_unattended(turn)
        return
    target = command.target
    if target is None and channel.queue is not None:
        target = Target(queue=channel.queue)
    if target is None:
        attendance.become_unattended(turn)
        return
    search.place(
        turn,
        c.PlaceInvite(kind=InviteKind.ROUTE, agent=None, target=target, ttl_s=command.ttl_s, priority=command.priority),
    )


def receive(turn: Turn, command: c.ReceiveMessage) -> None:
    """The customer writes; a customer who had left and writes while agents are still there is back."""
    text = clean_message(command.text, turn.ctx.limits.message_length_max)
    state = turn.open_state()
    if state.open_session is None:
        last = state.sessions[-1]
        turn.add(e.ChannelSessionOpened(at=turn.now, session=last.number + 1, address=last.address))
    _customer_says(turn, state.customer, text, command)


def record_echo(turn: Turn, command: c.RecordEcho) -> None:
    """Somebody of ours wrote past the engine: the customer has it already, so nothing goes out."""
    text = clean_message(command.text, turn.ctx.limits.message_length_max)
    turn.open_state()
    turn.message(ParticipantRole.BOT, None, "", text, command.filtering)


def send_message(turn: Turn, command: c.SendMessage) -> None:
    """An agent writes to everybody."""
    cleaned = clean_message if command.media is None else clean_caption
    text = cleaned(command.text, turn.ctx.limits.message_length_max)
    state = turn.open_state()
    speaker = turn.acting(command.agent)
    if speaker.role is not ParticipantRole.PRIMARY:
        raise RoleNotAllowed(speaker.role, "write to the customer")
    if state.open_session is None:
        raise ConversationNotActive(turn.id, state_of(state))
    _check_carried(turn, state, command)
    turn.message(
        speaker.role,
        speaker.agent,
        speaker.display_name,
        text,
        choices=command.choices,
        template=command.template,
        media=command.media,
    )


def send_whisper(turn: Turn, command: c.SendWhisper) -> None:
    """An agent writes to the agents. Alone in a pushed conversation he is refused: nobody would hear him (D-11)."""
    text = clean_message(command.text, turn.ctx.limits.message_length_max)
    state = turn.open_state()
    speaker = turn.acting(command.agent)
    if len(state.participants) < 2:  # noqa: PLR2004  himself and another
        raise NoOtherAgent
    turn.add(
        e.WhisperSent(
            at=turn.now,
            number=state.whispers + 1,
            sequence=state.sequence + 1,
            role=speaker.role,
            agent=speaker.agent,
            display_name=speaker.display_name,
            text=text,
        )
    )


def settle(turn: Turn, command: c.SettleDelivery) -> None:
    """A delivery is done or has failed for good; settled before, nothing happens."""
    if not _is_unsettled(turn, command.delivery):
        return
    turn.add(e.DeliverySettled(delivery=command.delivery, external_id=command.external_id, error=command.error))
    if command.error:
        turn.tell_agents(NoticeKey.DELIVERY_AGENTS_FAILED, reason=command.error)


def record_receipt(turn: Turn, command: c.RecordReceipt) -> None:
    """The channel says how far a delivery came."""
    _is_unsettled(turn, command.delivery)
    turn.add(e.DeliveryReceived(delivery=command.delivery, state=command.state, error=command.error))
    if command.state == _FAILED:
        turn.tell_agents(NoticeKey.DELIVERY_AGENTS_FAILED, reason=command.error or "the channel gave no reason")


def _check_carried(turn: Turn, state: Conversation, command: c.SendMessage) -> None:
    """Refuse what the customer's channel would not carry: the agent learns it now, and nothing is stored."""
    abilities = turn.ctx.facts.abilities(state.channel)
    content = _content_of(command)
    if content in abilities.rejected:
        raise ContentNotSupported(content, state.channel)
    window_s = abilities.reply_window_s
    # Not heard of yet (the conversation was opened by us): the provider knows whether he may be written to.
    if window_s is None or state.heard_at is None or command.template is not None:
        return
    if turn.now - state.heard_at > window_s:
        raise WindowClosed(state.channel, window_s)


def _content_of(command: c.SendMessage) -> str:
    """What is sent, in the words of `Abilities`."""
    if command.template is not None:
        return "template"
    if command.media is not None:
        return command.media.kind.lower()
    return "choice" if command.choices else "text"


def _is_unsettled(turn: Turn, delivery: int) -> bool:
    state = turn.state
    if not 1 <= delivery <= state.deliveries:
        raise DeliveryNotFound(f"conversations/{turn.id}/deliveries/{delivery}")
    return delivery > state.settled and delivery not in state.settled_ahead


def _customer_says(turn: Turn, customer: Customer, text: str, command: c.OpenConversation | c.ReceiveMessage) -> None:
    turn.message(
        ParticipantRole.CUSTOMER, None, customer.display_name, text, command.filtering, choice_id=command.choice_id
    )
