"""Refusals by the rules of conversations, invites, offers and what is configured: existence, state and target.

Import them from `refusals.py`. Ids and names were checked for their form before any of these can be raised.
"""

from hookflash.engine.domain.refusal_table import Reason, Refusal, shown


class ConversationNotFound(Refusal):
    """There is no such conversation."""

    reason = Reason.CONVERSATION_NOT_FOUND

    def __init__(self, conversation: str) -> None:
        """Take its id or name."""
        super().__init__(
            f"There is no conversation {shown(conversation)}; list conversations to see those there are.",
            metadata={"conversation": conversation},
        )


class QueueNotFound(Refusal):
    """There is no such queue."""

    reason = Reason.QUEUE_NOT_FOUND

    def __init__(self, queue: str) -> None:
        """Take its id or name."""
        super().__init__(
            f"There is no queue {shown(queue)}; list queues to see those there are.", metadata={"queue": queue}
        )


class AgentNotFound(Refusal):
    """There is no such agent."""

    reason = Reason.AGENT_NOT_FOUND

    def __init__(self, agent: str) -> None:
        """Take his id or name."""
        super().__init__(
            f"There is no agent {shown(agent)}; list agents to see those there are.", metadata={"agent": agent}
        )


class InviteNotFound(Refusal):
    """There is no such invite."""

    reason = Reason.INVITE_NOT_FOUND

    def __init__(self, invite: str) -> None:
        """Take its name."""
        super().__init__(
            f"There is no invite {shown(invite)}; read the conversation to see the one that is open.",
            metadata={"invite": invite},
        )


class OfferNotFound(Refusal):
    """There is no such offer."""

    reason = Reason.OFFER_NOT_FOUND

    def __init__(self, offer: str) -> None:
        """Take its name."""
        super().__init__(
            f"There is no offer {shown(offer)}; attach to see the offers that are open.", metadata={"offer": offer}
        )


class ChannelNotFound(Refusal):
    """There is no such channel."""

    reason = Reason.CHANNEL_NOT_FOUND

    def __init__(self, channel: str) -> None:
        """Take its id or name."""
        super().__init__(
            f"There is no channel {shown(channel)}; apply it first, or export to see those there are.",
            metadata={"channel": channel},
        )


class DeliveryNotFound(Refusal):
    """There is no such delivery."""

    reason = Reason.DELIVERY_NOT_FOUND

    def __init__(self, delivery: str) -> None:
        """Take its name."""
        super().__init__(
            f"There is no delivery {shown(delivery)}; settle deliveries by the name they came with.",
            metadata={"delivery": delivery},
        )


class TokenNotFound(Refusal):
    """There is no such token."""

    reason = Reason.TOKEN_NOT_FOUND

    def __init__(self, token: str) -> None:
        """Take its id, which is no secret."""
        super().__init__(
            f"There is no token {shown(token)}; list tokens to see those there are.", metadata={"token": token}
        )


class ConversationExists(Refusal):
    """The given id is taken, or the address has an open conversation (R-G10)."""

    reason = Reason.CONVERSATION_EXISTS

    def __init__(self, conversation: str, why: str = "its id is taken") -> None:
        """Take the conversation that is there, and why as words that follow "already:"."""
        super().__init__(
            f"There is conversation {shown(conversation)} already: {why}; use that one, or close it first.",
            metadata={"conversation": conversation},
        )


class ConversationClosed(Refusal):
    """The conversation is CLOSED."""

    reason = Reason.CONVERSATION_CLOSED

    def __init__(self, conversation: str) -> None:
        """Take its id."""
        super().__init__(
            f"Conversation {shown(conversation)} is closed and stays so; open a new one.",
            metadata={"conversation": conversation},
        )


class ConversationNotActive(Refusal):
    """The conversation is not ACTIVE: say, the customer left."""

    reason = Reason.CONVERSATION_NOT_ACTIVE

    def __init__(self, conversation: str, state: str) -> None:
        """Take its id and the state it is in."""
        super().__init__(
            f"Conversation {shown(conversation)} is {state}, not ACTIVE; this needs the customer and an agent in it.",
            metadata={"conversation": conversation, "state": state},
        )


class ConversationAttended(Refusal):
    """A ROUTE was asked for while a PRIMARY is there."""

    reason = Reason.CONVERSATION_ATTENDED

    def __init__(self, conversation: str) -> None:
        """Take its id."""
        super().__init__(
            f"Conversation {shown(conversation)} has an agent already; let him transfer it or add an agent.",
            metadata={"conversation": conversation},
        )


class NotAParticipant(Refusal):
    """The agent is not in the conversation, or not any more."""

    reason = Reason.NOT_A_PARTICIPANT

    def __init__(self, agent: str) -> None:
        """Take the agent's id."""
        super().__init__(
            f"{shown(agent)} is not in this conversation, or not any more; only an agent who is in it may do this.",
            metadata={"agent": agent},
        )


class InvitePending(Refusal):
    """The conversation has an open invite; there is one at a time (D-10)."""

    reason = Reason.INVITE_PENDING

    def __init__(self, invite: str) -> None:
        """Take the name of the open invite."""
        super().__init__(
            f"Invite {shown(invite)} is still open; wait for its end, or cancel it first.", metadata={"invite": invite}
        )


class InviteClosed(Refusal):
    """The invite that is to be cancelled has ended otherwise."""

    reason = Reason.INVITE_CLOSED

    def __init__(self, invite: str, state: str) -> None:
        """Take its name and its outcome."""
        super().__init__(
            f"Invite {shown(invite)} has ended already, as {state}; there is nothing left to cancel.",
            metadata={"invite": invite, "state": state},
        )


class OfferClosed(Refusal):
    """The offer was decided before this answer came (R-O7)."""

    reason = Reason.OFFER_CLOSED

    def __init__(self, offer: str, outcome: str) -> None:
        """Take its name and its outcome."""
        super().__init__(
            f"Offer {shown(offer)} was decided already, as {outcome}; answer the offers that are open.",
            metadata={"offer": offer, "outcome": outcome},
        )


class TargetIsRequester(Refusal):
    """The named target is the inviting agent himself."""

    reason = Reason.TARGET_IS_REQUESTER

    def __init__(self, agent: str) -> None:
        """Take the agent's id."""
        super().__init__(
            f"{shown(agent)} cannot invite himself; name another agent, or a queue.",
            field="target",
            metadata={"agent": agent},
        )


class TargetAlreadyParticipant(Refusal):
    """The named target is in the conversation."""

    reason = Reason.TARGET_ALREADY_PARTICIPANT

    def __init__(self, agent: str) -> None:
        """Take the agent's id."""
        super().__init__(
            f"{shown(agent)} is in the conversation already; name another agent, or a queue.",
            field="target",
            metadata={"agent": agent},
        )


class TargetNotAvailable(Refusal):
    """The named target is not READY or ACTIVE in the media domain (R-T7)."""

    reason = Reason.TARGET_NOT_AVAILABLE

    def __init__(self, agent: str) -> None:
        """Take the agent's id."""
        super().__init__(
            f"{shown(agent)} is not available now; name another agent, or a queue, which waits for somebody.",
            field="target",
            metadata={"agent": agent},
        )


class MediaDomainMismatch(Refusal):
    """The queue's media domain is not that of the invite's channel."""

    reason = Reason.MEDIA_DOMAIN_MISMATCH

    def __init__(self, queue: str, queue_domain: str, channel_domain: str) -> None:
        """Take the queue's id, its domain and the channel's."""
        super().__init__(
            f"Queue {shown(queue)} serves {shown(queue_domain)} and the conversation is {shown(channel_domain)};"
            f" choose a queue of {shown(channel_domain)}.",
            field="target",
            metadata={"queue": queue, "queue_domain": queue_domain, "channel_domain": channel_domain},
        )


class ConferenceFull(Refusal):
    """The conversation has as many agents as it may have."""

    reason = Reason.CONFERENCE_FULL

    def __init__(self, limit: int) -> None:
        """Take how many agents one conversation may have."""
        super().__init__(
            f"A conversation may have {limit} agents and this one has; let one leave first, or transfer.",
            metadata={"limit": str(limit)},
        )


class TransferLimitReached(Refusal):
    """The conversation was transferred as often as it may be."""

    reason = Reason.TRANSFER_LIMIT_REACHED

    def __init__(self, limit: int) -> None:
        """Take how often one conversation may be transferred."""
        super().__init__(
            f"A conversation may be transferred {limit} times and this one was; add an agent to it instead.",
            metadata={"limit": str(limit)},
        )


class NoOtherAgent(Refusal):
    """A whisper alone in a conversation that was pushed to the agent (D-11)."""

    reason = Reason.NO_OTHER_AGENT

    def __init__(self) -> None:
        """Need no facts."""
        super().__init__("Nobody else is here to read a whisper; add an agent to the conversation first.")


class AgentLoggedOut(Refusal):
    """An agent who is logged out sets ready or not ready."""

    reason = Reason.AGENT_LOGGED_OUT

    def __init__(self, agent: str) -> None:
        """Take the agent's id."""
        super().__init__(f"{shown(agent)} is logged out; attach first, which logs him in.", metadata={"agent": agent})


class QueueInUse(Refusal):
    """A queue cannot be deleted while something turns to it (R-Q9)."""

    reason = Reason.QUEUE_IN_USE

    def __init__(self, queue: str, why: str) -> None:
        """Take its id, and why as words that follow "in use:"."""
        super().__init__(
            f"Queue {shown(queue)} is in use: {shown(why)}; end that first, or keep the queue.",
            metadata={"queue": queue},
        )


class AttributeInUse(Refusal):
    """An attribute cannot be deleted while an agent or step uses it (R-Q9)."""

    reason = Reason.ATTRIBUTE_IN_USE

    def __init__(self, attribute: str, why: str) -> None:
        """Take its id, and why as words that follow "in use:"."""
        super().__init__(
            f"Attribute {shown(attribute)} is in use: {shown(why)}; take it out there first.",
            metadata={"attribute": attribute},
        )


class AgentInUse(Refusal):
    """An agent cannot be deleted while he is logged in or in a conversation (R-Q9)."""

    reason = Reason.AGENT_IN_USE

    def __init__(self, agent: str, why: str) -> None:
        """Take his id, and why as words that follow "in use:"."""
        super().__init__(f"Agent {shown(agent)} is in use: {shown(why)}; log him out first.", metadata={"agent": agent})


class ChannelInUse(Refusal):
    """A channel is busy, or the engine serves it itself (R-Q9)."""

    reason = Reason.CHANNEL_IN_USE

    def __init__(self, channel: str, why: str) -> None:
        """Take its id, and why as words that follow "in use:"."""
        super().__init__(
            f"Channel {shown(channel)} is in use: {shown(why)}; end that first, or keep the channel as it is.",
            metadata={"channel": channel},
        )


class QueueFull(Refusal):
    """As many invites are parked in the queue as may be (`waiting_max`)."""

    reason = Reason.QUEUE_FULL

    def __init__(self, queue: str, limit: int) -> None:
        """Take its id and how many invites may wait in it."""
        super().__init__(
            f"{limit:,} invites wait in queue {shown(queue)}, which is all it may hold; choose another, or try later.",
            metadata={"queue": queue, "limit": str(limit)},
            retry_after_s=5.0,
        )
