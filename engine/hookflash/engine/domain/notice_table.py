"""Every text of the engine's own that a person can see: one table of keys, default texts, audiences and styles.

The texts are the seed's, word for word. Overriding and filling them is the part of `notices.py`; which notice goes out
when, and in which order, is decided where the event is made.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from hookflash.engine.domain.struct import Struct

__all__ = ["NOTICES", "WITHOUT_AGENT", "Audience", "NoticeKey", "NoticeText", "Style"]


class NoticeKey(StrEnum):
    """The stable name of a notice (domain section 1)."""

    TRANSFER_AGENT_CLOSED = "transfer.agent.closed"
    TRANSFER_AGENT_PLACED = "transfer.agent.placed"
    TRANSFER_CUSTOMER_PLACED = "transfer.customer.placed"
    TRANSFER_CUSTOMER_PLACED_AGENT = "transfer.customer.placed_agent"
    TRANSFER_CUSTOMER_LEFT = "transfer.customer.left"
    TRANSFER_CUSTOMER_NO_AGENT = "transfer.customer.no_agent"
    TRANSFER_AGENTS_PLACED = "transfer.agents.placed"
    TRANSFER_AGENTS_PLACED_AGENT = "transfer.agents.placed_agent"
    TRANSFER_AGENTS_NO_AGENT = "transfer.agents.no_agent"
    TRANSFER_AGENTS_NO_AGENT_AGENT = "transfer.agents.no_agent_agent"
    TRANSFER_AGENTS_CANCELLED = "transfer.agents.cancelled"
    CONFERENCE_AGENT_TOAST = "conference.agent.toast"
    CONFERENCE_AGENT_PLACED = "conference.agent.placed"
    CONFERENCE_AGENTS_PLACED = "conference.agents.placed"
    CONFERENCE_AGENTS_PLACED_AGENT = "conference.agents.placed_agent"
    CONFERENCE_AGENTS_NO_AGENT = "conference.agents.no_agent"
    CONFERENCE_AGENTS_CANCELLED = "conference.agents.cancelled"
    JOIN_AGENT_SELF = "join.agent.self"
    JOIN_OTHERS_JOINED = "join.others.joined"
    LEAVE_OTHERS_LEFT = "leave.others.left"
    LEAVE_AGENT_REMOVED = "leave.agent.removed"
    CUSTOMER_AGENTS_LEFT = "customer.agents.left"
    INVITE_AGENTS_DECLINED = "invite.agents.declined"
    OFFER_AGENT_ROUTE = "offer.agent.route"
    OFFER_AGENT_TRANSFER = "offer.agent.transfer"
    OFFER_AGENT_CONFERENCE = "offer.agent.conference"
    ROUTE_CUSTOMER_NO_AGENT = "route.customer.no_agent"
    ROUTE_CUSTOMER_AGAIN = "route.customer.again"
    ROUTE_CUSTOMER_CLOSED = "route.customer.closed"
    CLOSE_CUSTOMER_CLOSED = "close.customer.closed"
    CLOSE_CUSTOMER_FORCE_CLOSED = "close.customer.force_closed"
    DELIVERY_AGENTS_FAILED = "delivery.agents.failed"


class Audience(StrEnum):
    """Who sees a notice."""

    AGENT = "AGENT"
    """One agent alone."""
    AGENTS = "AGENTS"
    """The agents in the conversation, never the customer."""
    CUSTOMER = "CUSTOMER"
    """The customer; it has its place in the one order, and agents do not see it."""
    EVERYONE_ELSE = "EVERYONE_ELSE"
    """All but the agent it is about, the customer included."""


class Style(StrEnum):
    """Whether a notice is kept."""

    TOAST = "TOAST"
    """Shown once on the agent's stream."""
    TIMELINE = "TIMELINE"
    """An entry that its audience also sees later."""


class NoticeText(Struct, frozen=True, kw_only=True):
    """One row of the table. Placeholders stand in braces: `{queue_name}`."""

    default: str
    audience: Audience
    style: Style = Style.TIMELINE


def _agent(default: str) -> NoticeText:
    return NoticeText(default=default, audience=Audience.AGENT)


def _toast(default: str) -> NoticeText:
    return NoticeText(default=default, audience=Audience.AGENT, style=Style.TOAST)


def _agents(default: str) -> NoticeText:
    return NoticeText(default=default, audience=Audience.AGENTS)


def _customer(default: str) -> NoticeText:
    return NoticeText(default=default, audience=Audience.CUSTOMER)


def _everyone_else(default: str) -> NoticeText:
    return NoticeText(default=default, audience=Audience.EVERYONE_ELSE)


_K = NoticeKey

NOTICES: Mapping[NoticeKey, NoticeText] = MappingProxyType(
    {
        # N1 to N5, and what belongs to a transfer.
        _K.TRANSFER_AGENT_CLOSED: _agent("Conversation is closed due to CHAT TRANSFERRED"),
        _K.TRANSFER_AGENT_PLACED: _toast("Transfer request placed successfully"),
        _K.TRANSFER_CUSTOMER_PLACED: _customer("Your request is being transferred to {queue_name}, please wait!"),
        _K.TRANSFER_CUSTOMER_PLACED_AGENT: _customer("Your request is being transferred to {agent_name}, please wait!"),
        _K.TRANSFER_CUSTOMER_LEFT: _customer("{agent_name} has left"),
        _K.TRANSFER_CUSTOMER_NO_AGENT: _customer("No agents were available"),
        _K.TRANSFER_AGENTS_PLACED: _agents("Queue transfer request has been placed by {agent_name}"),
        _K.TRANSFER_AGENTS_PLACED_AGENT: _agents("Agent transfer request has been placed by {agent_name}"),
        _K.TRANSFER_AGENTS_NO_AGENT: _agents("No agent is available for Queue Transfer"),
        _K.TRANSFER_AGENTS_NO_AGENT_AGENT: _agents("No agent is available for Agent Transfer"),
        _K.TRANSFER_AGENTS_CANCELLED: _agents("Transfer request has been cancelled"),
        # N7, N8, N11, and what belongs to a conference.
        _K.CONFERENCE_AGENT_TOAST: _toast("a conference request has been placed successfully."),
        _K.CONFERENCE_AGENT_PLACED: _agent("Conference request has been successfully placed"),
        _K.CONFERENCE_AGENTS_PLACED: _agents("Queue conference request has been placed by {agent_name}"),
        _K.CONFERENCE_AGENTS_PLACED_AGENT: _agents("Agent conference request has been placed by {agent_name}"),
        _K.CONFERENCE_AGENTS_NO_AGENT: _agents("No agents were available to join the conference conversation"),
        _K.CONFERENCE_AGENTS_CANCELLED: _agents("Conference request has been cancelled"),
        # N6, N9, N10: joining and leaving.
        _K.JOIN_AGENT_SELF: _agent("You have joined the conversation"),
        _K.JOIN_OTHERS_JOINED: _everyone_else("{agent_name} has joined the conversation"),
        _K.LEAVE_OTHERS_LEFT: _everyone_else("{agent_names} left the conversation"),
        _K.LEAVE_AGENT_REMOVED: _agent("You are removed due to {reason}"),
        _K.CUSTOMER_AGENTS_LEFT: _agents("The customer left the conversation"),
        # Invites of any kind, and the headings of offers.
        _K.INVITE_AGENTS_DECLINED: _agents("{agent_name} declined the request"),
        _K.OFFER_AGENT_ROUTE: _toast("Chat request with customer {customer_name}"),
        _K.OFFER_AGENT_TRANSFER: _toast("Chat transfer request from {agent_name} with customer {customer_name}"),
        _K.OFFER_AGENT_CONFERENCE: _toast("Chat conference request from {agent_name} with customer {customer_name}"),
        _K.ROUTE_CUSTOMER_NO_AGENT: _customer("No agents were available"),
        _K.ROUTE_CUSTOMER_AGAIN: _customer("You are being connected to another agent, please wait!"),
        _K.ROUTE_CUSTOMER_CLOSED: _customer("We are closed at the moment. Your message has been received"),
        # The end, and what could not be delivered.
        _K.CLOSE_CUSTOMER_CLOSED: _customer("The conversation has been closed"),
        _K.CLOSE_CUSTOMER_FORCE_CLOSED: _customer(
            "Your chat has ended due to technical issues. Please come back later at a convenient time"
        ),
        _K.DELIVERY_AGENTS_FAILED: _agents("A message could not be delivered to the customer: {reason}"),
    }
)

WITHOUT_AGENT = frozenset(
    {
        _K.TRANSFER_AGENTS_PLACED,
        _K.TRANSFER_AGENTS_PLACED_AGENT,
        _K.CONFERENCE_AGENTS_PLACED,
        _K.CONFERENCE_AGENTS_PLACED_AGENT,
        _K.OFFER_AGENT_TRANSFER,
        _K.OFFER_AGENT_CONFERENCE,
    }
)
"""Notices of an invite that a supervisor or service may have placed: no `agent_name` then, and no "by" or "from"."""
