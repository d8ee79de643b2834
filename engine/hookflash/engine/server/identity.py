"""For whom a caller may act, and what it may read: the rules of R-G6 and R-G12 that need no decider.

An AGENT is its own subject; a SERVICE may be narrowed to agents, for any other it is IDENTITY_MISMATCH. An ADAPTER is
bound to one channel: whatever belongs to another is ROLE_NOT_ALLOWED, also where a name alone cannot tell.
"""

from typing import Final

from hookflash.engine.domain.conversation.state import Conversation, state_of
from hookflash.engine.domain.refusals import (
    BadField,
    ConversationClosed,
    ConversationNotActive,
    IdentityMismatch,
    NotAParticipant,
    OfferNotFound,
    RoleNotAllowed,
)
from hookflash.engine.domain.values import Invite, offer_id
from hookflash.engine.server import names
from hookflash.sdk.types import AgentId, ChannelId, OfferOutcome, ParticipantRole, Principal, Role

__all__ = [
    "acting_agent",
    "agent_of",
    "check_agent",
    "check_channel",
    "check_named_channel",
    "check_offer",
    "check_speaks",
    "hears_all",
    "may_read_note",
    "may_read_now",
    "own_agent",
]

_HEARS_ALL: Final = frozenset({Role.SUPERVISOR, Role.SERVICE, Role.ADMIN})


def own_agent(principal: Principal) -> AgentId | None:
    """The agent that an AGENT is; None for every other role."""
    return AgentId(principal.subject.partition("/")[2]) if principal.role is Role.AGENT else None


def check_agent(principal: Principal, agent: str) -> None:
    """Raise IdentityMismatch where the caller may not act for, or look as, the agent of that name."""
    if not agent:
        return
    if principal.role is Role.AGENT and agent != principal.subject:
        raise IdentityMismatch(principal.subject, agent)
    if principal.role is Role.SERVICE and principal.agents and agent.partition("/")[2] not in principal.agents:
        raise IdentityMismatch(principal.subject, agent)


def check_named_channel(principal: Principal, channel: str) -> None:
    """Raise RoleNotAllowed where an ADAPTER names a channel that is not its own."""
    if principal.role is Role.ADAPTER and channel and channel != f"channels/{principal.channel}":
        raise RoleNotAllowed(principal.role, f"serve {channel}")


def check_channel(principal: Principal, channel: ChannelId) -> None:
    """Raise RoleNotAllowed where what an ADAPTER asks about belongs to another channel."""
    if principal.role is Role.ADAPTER and channel != principal.channel:
        raise RoleNotAllowed(principal.role, "serve another channel than its own")


def acting_agent(principal: Principal, agent: str) -> AgentId:
    """The agent who acts: an AGENT himself, else the one named. Raises BadField where nobody is."""
    own = own_agent(principal)
    if own is not None:
        return own
    if not agent:
        raise BadField("agent", f"is required: a {principal.role} names the agent it acts for")
    return names.agent("agent", agent)


def agent_of(principal: Principal, agent: str) -> AgentId | None:
    """The agent as whom the caller looks, if as any."""
    return own_agent(principal) or names.agent_or_none("agent", agent)


def check_offer(principal: Principal, conversation: Conversation, number: int) -> None:
    """Raise IdentityMismatch where an offer is not for an agent the caller may act for."""
    if not 1 <= number <= len(conversation.offers):
        raise OfferNotFound(names.offer_name(offer_id(conversation.id, number)))
    check_agent(principal, f"agents/{conversation.offers[number - 1].agent}")


def check_speaks(conversation: Conversation, agent: AgentId) -> None:
    """Raise where an agent could not write to the customer now, as SendMessage would."""
    if conversation.closed is not None:
        raise ConversationClosed(conversation.id)
    participant = conversation.participant(agent)
    if participant is None:
        raise NotAParticipant(agent)
    if participant.role is not ParticipantRole.PRIMARY:
        raise RoleNotAllowed(participant.role, "write to the customer")
    if conversation.open_session is None:
        raise ConversationNotActive(conversation.id, state_of(conversation))


def hears_all(principal: Principal) -> bool:
    """Whether it may read what was said in every conversation (R-G12)."""
    return principal.role in _HEARS_ALL and not (principal.role is Role.SERVICE and principal.agents)


def may_read_now(agent: AgentId, conversation: Conversation) -> bool:
    """Whether an agent is or was in it, or is or was asked into it; his customer's history is asked of the views."""
    if conversation.participant(agent) is not None:
        return True
    invite = conversation.invite
    if invite is not None and agent == invite.requester:
        return True
    return any(
        past.agent == agent and past.outcome in (OfferOutcome.ACCEPTED, OfferOutcome.OPEN)
        for past in conversation.offers
    )


def may_read_note(principal: Principal, conversation: Conversation, invite: Invite | None) -> bool:
    """Whether an invite's note is for the caller: the participants, the two it is between, and who hears all."""
    if hears_all(principal):
        return True
    agents = principal.agents if principal.role is Role.SERVICE else (own_agent(principal),)
    if invite is None:
        return False
    offered = [offer.agent for offer in invite.offers]
    return any(
        agent is not None
        and (conversation.participant(agent) is not None or agent in (invite.requester, invite.agent, *offered))
        for agent in agents
    )
