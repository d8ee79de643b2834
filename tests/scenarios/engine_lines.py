"""The engine's own events as lines of text: what a desk, a timeline and a customer would show.

The same words as `server_lines.py` makes of what comes over the wire.
"""

from collections.abc import Iterator, Mapping

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.notices import NOTICES, NoticeKey, Style
from hookflash.engine.domain.values import Invite, offer_id
from hookflash.engine.views.audience import audience
from hookflash.sdk.types import InviteKind, InviteState, OfferOutcome

from .values import SeenInvite, SeenOffer

__all__ = ["customer_line", "desk_lines", "entry_line", "seen_invite", "seen_offer"]

_HEADINGS = {
    InviteKind.TRANSFER: NoticeKey.OFFER_AGENT_TRANSFER,
    InviteKind.CONFERENCE: NoticeKey.OFFER_AGENT_CONFERENCE,
}


def entry_line(event: e.Event, kinds: Mapping[int, str]) -> str:
    """A timeline entry; `kinds` are the kinds of the conversation's invites by number."""
    match event:
        case e.MessageSent(agent=None, text=text):
            return f"customer: {text}"
        case e.MessageSent(agent=agent, text=text):
            return f"{agent}: {text}"
        case e.WhisperSent(agent=agent, text=text):
            return f"{agent} whispers: {text}"
        case e.StaffNoticed(text=text, style=style):
            return f"toast: {text}" if style is Style.TOAST else text
        case e.ParticipantJoined(agent=agent):
            return f"+ {agent}"
        case e.ParticipantLeft(agent=agent, reason=reason):
            return f"- {agent} {reason}"
        case e.InvitePlaced(invite=invite):
            return f"{invite.kind} PARKED{'' if invite.note is None else f' ({invite.note})'}"
        case e.InviteEnded(invite=number, state=state, agent=winner):
            return f"{kinds[number]} {state}{'' if winner is None else f' {winner}'}"
        case _:
            raise TypeError(f"{type(event).__name__} is no entry")


def customer_line(event: e.MessageSent | e.CustomerNoticed) -> str:
    """An entry of the transcript, or a delivery."""
    return entry_line(event, {}) if isinstance(event, e.MessageSent) else event.text


def desk_lines(sealed: Sealed, kinds: Mapping[Address, Mapping[int, str]]) -> Iterator[tuple[str, str]]:
    """Who hears what of a record, in its order."""
    told: list[tuple[int, str, str]] = []
    for agent, index, conversation, event in audience(sealed.record, sealed.states):
        told.append((index, agent, entry_line(event, kinds[conversation])))
    made: set[tuple[Address, int]] = set()
    for index, fact in enumerate(sealed.record.facts):
        match fact.event:
            case e.OfferMade(offer=offer):
                made.add((fact.subject, offer.number))
                told.append((index, offer.agent, f"offer {offer_id(fact.subject.id, offer.number)}"))
            case e.OfferEnded(agent=agent, number=number, outcome=outcome) if outcome is not OfferOutcome.ACCEPTED:
                name = offer_id(fact.subject.id, number)
                if (fact.subject, number) in made:
                    told = [each for each in told if each[1:] != (agent, f"offer {name}")]
                else:
                    told.append((index, agent, f"withdrawn {name} {outcome}"))
            case _:
                pass
    for _, hearer, line in sorted(told, key=lambda each: each[0]):
        yield hearer, line


def seen_invite(invite: Invite, now: float) -> SeenInvite:
    """An invite as scenarios compare it."""
    agent = invite.offer.agent if invite.offer is not None else invite.agent
    return SeenInvite(
        kind=invite.kind,
        state=invite.state,
        priority=invite.priority,
        attempts=invite.attempts,
        requester=invite.requester or "",
        agent=agent or "",
        left_s=round(invite.expire_at - now, 3),
        age_s=round(now - invite.placed_at, 3),
    )


def seen_offer(conversation: Conversation, agent: str, queue_name: str, now: float) -> SeenOffer:
    """The conversation's open offer to that agent."""
    invite = conversation.invite
    assert invite is not None
    (offer,) = (each for each in invite.offers if each.agent == agent)
    assert invite.state is InviteState.OFFERED
    customer = conversation.customer.display_name or conversation.address
    key = _HEADINGS.get(invite.kind, NoticeKey.OFFER_AGENT_ROUTE)
    heading = NOTICES[key].default.format(agent_name=invite.requester_name, customer_name=customer)
    return SeenOffer(
        id=offer_id(conversation.id, offer.number),
        kind=invite.kind,
        heading=heading,
        requester=invite.requester or "",
        requester_name=invite.requester_name,
        channel_kind=conversation.channel_kind,
        customer_name=customer,
        is_identified=conversation.customer.is_identified,
        note=invite.note,
        queue=invite.target.queue or "",
        queue_name=queue_name,
        offered_before=invite.attempts - 1,
        left_s=round(offer.expire_at - now, 3),
    )
