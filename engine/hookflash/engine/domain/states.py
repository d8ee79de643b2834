"""Which kind of entity has which state, and how it is folded: what recovery, snapshots and the shard need to know."""

from collections.abc import Mapping
from typing import TypeAlias, cast

from hookflash.engine.domain import events as e
from hookflash.sdk.types import AgentId, ConversationId, QueueId

from . import agent, queue, setting_rules
from .address import Address, Kind
from .agent import Agent
from .conversation import state as conversation
from .conversation.state import Conversation
from .queue import Queue
from .values import AttributeSettings, ChannelSettings, MediaDomainSettings, TokenSettings

__all__ = ["STATES", "State", "evolve", "is_live"]

State: TypeAlias = (
    Conversation | Agent | Queue | ChannelSettings | AttributeSettings | MediaDomainSettings | TokenSettings
)
"""What an entity is between two turns. The site has none."""

STATES: Mapping[Kind, type[State]] = {
    Kind.CONVERSATION: Conversation,
    Kind.AGENT: Agent,
    Kind.QUEUE: Queue,
    Kind.CHANNEL: ChannelSettings,
    Kind.ATTRIBUTE: AttributeSettings,
    Kind.MEDIA_DOMAIN: MediaDomainSettings,
    Kind.TOKEN: TokenSettings,
}


def evolve(address: Address, state: State | None, event: e.Event) -> State | None:
    """The state of the entity at that address after the event."""
    match address.kind:
        case Kind.CONVERSATION:
            return conversation.evolve(
                cast("Conversation | None", state), cast("e.ConversationEvent", event), ConversationId(address.id)
            )
        case Kind.AGENT:
            return agent.evolve(cast("Agent | None", state), cast("e.AgentEvent", event), AgentId(address.id))
        case Kind.QUEUE:
            return queue.evolve(cast("Queue | None", state), cast("e.QueueEvent", event), QueueId(address.id))
        case Kind.SITE:
            return None
        case Kind.CHANNEL | Kind.ATTRIBUTE | Kind.MEDIA_DOMAIN | Kind.TOKEN:
            return setting_rules.evolve(cast("setting_rules.Setting | None", state), cast("e.SettingEvent", event))


def is_live(state: State | None) -> bool:
    """Whether recovery must load the entity: all but conversations that are closed and settled."""
    if isinstance(state, Conversation):
        return state.closed is None or not state.is_settled
    return state is not None
