"""Agents, their offers, and what their desks are told."""

from hookflash.engine.domain.agent import Agent, state_in
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.notices import Catalogue, NoticeKey
from hookflash.engine.domain.values import Invite, Offer, RevokeReason, offer_id
from hookflash.engine.server.convert_site import agent_settings_to, etag_of
from hookflash.engine.server.convert_values import AGENT_STATE, INVITE_KIND, OFFER_OUTCOME, timestamp
from hookflash.engine.server.names import numbered_name, offer_name
from hookflash.sdk.types import AgentState, InviteKind, InviteState, OfferOutcome
from hookflash.v1 import agent_pb2, agent_service_pb2, offer_pb2

__all__ = ["AGENT_STATE_FROM", "agent_to", "is_in_state", "offer_to", "offer_withdrawn_to"]

AGENT_STATE_FROM = {value: state for state, value in AGENT_STATE.items()}

_HEADINGS = {
    InviteKind.ROUTE: NoticeKey.OFFER_AGENT_ROUTE,
    InviteKind.TRANSFER: NoticeKey.OFFER_AGENT_TRANSFER,
    InviteKind.CONFERENCE: NoticeKey.OFFER_AGENT_CONFERENCE,
    InviteKind.CONSULT: NoticeKey.OFFER_AGENT_CONFERENCE,
}


def agent_to(agent: Agent) -> agent_pb2.Agent:
    """An agent as he is now: in each media domain his state, derived (R-A1), and his slots."""
    domains = [
        agent_pb2.AgentDomain(
            media_domain=domain,
            state=AGENT_STATE[state_in(agent, domain)],
            active=agent.active(domain),
            reserved=agent.reserved(domain),
            capacity=agent.capacity[domain],
        )
        for domain in sorted(agent.capacity)
    ]
    message = agent_settings_to(agent.settings)
    del message.domains[:]
    message.domains.extend(domains)
    message.ready = bool(agent.ready) and agent.is_logged_in
    message.etag = etag_of(agent.settings)
    return message


def is_in_state(agent: Agent, state: AgentState, domain: str | None) -> bool:
    """Whether he is in that state in the media domain, or in any where none is named."""
    return any(state_in(agent, each) is state for each in agent.capacity if domain in (None, each))


def offer_to(
    conversation: Conversation, invite: Invite, offer: Offer, queue_name: str, catalogue: Catalogue
) -> offer_pb2.Offer:
    """An open offer as its agent sees it (R-G5); `queue_name` is the queue's name now."""
    session = conversation.sessions[invite.session - 1]
    customer = conversation.customer.display_name or session.address
    queue = invite.target.queue
    heading = catalogue.text(
        _HEADINGS[invite.kind],
        channel=conversation.channel,
        queue=queue,
        agent_name=invite.requester_name,
        customer_name=customer,
    )
    return offer_pb2.Offer(
        name=offer_name(offer_id(conversation.id, offer.number)),
        invite=numbered_name(conversation.id, "invites", invite.number),
        conversation=f"conversations/{conversation.id}",
        kind=INVITE_KIND[invite.kind],
        channel=f"channels/{session.channel}",
        customer_name=customer,
        customer_identified=conversation.customer.is_identified,
        note=invite.note,
        requester="" if invite.requester is None else f"agents/{invite.requester}",
        requester_display_name=invite.requester_name,
        expire_time=timestamp(offer.expire_at),
        channel_kind=conversation.channel_kind,
        address=session.address,
        queue="" if queue is None else f"queues/{queue}",
        queue_display_name="" if queue is None else queue_name,
        offered_before=invite.attempts - 1,
        heading=heading or "",
    )


def offer_withdrawn_to(
    offer: str, outcome: OfferOutcome, reason: RevokeReason, invite_state: InviteState | None
) -> agent_service_pb2.OfferWithdrawn:
    """An offer that ended. The reason is the outcome's word, or of a revoke why it was: if the invite ended, how."""
    word = str(outcome)
    if outcome is OfferOutcome.REVOKED and reason is not RevokeReason.NONE:
        word = str(reason)
        if reason in (RevokeReason.INVITE_ENDED, RevokeReason.CONVERSATION_CLOSED) and invite_state is not None:
            word = str(invite_state)
    return agent_service_pb2.OfferWithdrawn(offer=offer_name(offer), reason=word, outcome=OFFER_OUTCOME[outcome])
