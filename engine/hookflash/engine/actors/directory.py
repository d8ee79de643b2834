"""From an address to its one live entity, and the facts that deciders may know of others."""

from collections.abc import Iterator, Mapping
from typing import cast

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.states import State
from hookflash.engine.domain.values import Abilities, AttributeSettings, ChannelSettings, MediaDomainSettings
from hookflash.engine.plugins import PluginHost
from hookflash.engine.plugins.policy_hooks import UNATTENDED
from hookflash.sdk.config import problems, secrets_of
from hookflash.sdk.types import AgentId, AttributeId, ChannelId, ConversationId, MediaDomainId, QueueId

from .entity import Entity, Post
from .registry import Registry

__all__ = ["Directory"]

_ALL = Abilities()


class Directory:
    """The live entities of the shard. It is also the deciders' `Facts`."""

    def __init__(self, registry: Registry, plugins: PluginHost, post: Post) -> None:
        """Begin empty."""
        self._registry = registry
        self._plugins = plugins
        self._post = post
        self._entities: dict[Address, Entity] = {}
        self._told: dict[ChannelId, Abilities] = {}
        self._states: dict[Kind, dict[str, State]] = {kind: {} for kind in Kind if kind is not Kind.CONVERSATION}

    # --- entities

    def find(self, address: Address) -> Entity | None:
        """The live entity at that address, if it is live."""
        return self._entities.get(address)

    def entity(self, address: Address) -> Entity:
        """The entity at that address; one without a state, made now, where there is none."""
        found = self._entities.get(address)
        if found is None:
            found = self._entities[address] = Entity(address, None, 0, self._post)
        return found

    def load(self, address: Address, state: State, position: int) -> Entity:
        """Bring an entity to life at that state."""
        entity = self._entities[address] = Entity(address, state, position, self._post)
        self._follow(address, state)
        return entity

    def set(self, entity: Entity, state: State | None, position: int) -> None:
        """Let an entity be at that state."""
        entity.state = state
        entity.position = position
        self._follow(entity.address, state)

    def drop(self, address: Address) -> None:
        """Let go of an entity: it was never born after all, or is passivated."""
        entity = self._entities.pop(address, None)
        if entity is not None:
            entity.actor_stopped.set()
            self._follow(address, None)

    def __iter__(self) -> Iterator[Entity]:
        """All live entities."""
        return iter(list(self._entities.values()))

    def __len__(self) -> int:
        """How many entities are live."""
        return len(self._entities)

    def _follow(self, address: Address, state: State | None) -> None:
        states = self._states.get(address.kind)
        if states is None:
            return
        if state is None:
            states.pop(address.id, None)
        else:
            states[address.id] = state

    # --- facts

    def states(self, kind: Kind) -> Mapping[str, State]:
        """The states of all entities of a kind; conversations are not listed."""
        return self._states[kind]

    def queues(self) -> Mapping[QueueId, Queue]:
        """Every queue."""
        return cast("Mapping[QueueId, Queue]", self._states[Kind.QUEUE])

    def agents(self) -> Mapping[AgentId, Agent]:
        """Every agent."""
        return cast("Mapping[AgentId, Agent]", self._states[Kind.AGENT])

    def channels(self) -> Mapping[ChannelId, ChannelSettings]:
        """Every channel."""
        return cast("Mapping[ChannelId, ChannelSettings]", self._states[Kind.CHANNEL])

    def attributes(self) -> Mapping[AttributeId, AttributeSettings]:
        """Every attribute."""
        return cast("Mapping[AttributeId, AttributeSettings]", self._states[Kind.ATTRIBUTE])

    def media_domains(self) -> Mapping[MediaDomainId, MediaDomainSettings]:
        """Every media domain."""
        return cast("Mapping[MediaDomainId, MediaDomainSettings]", self._states[Kind.MEDIA_DOMAIN])

    def conversation(self, conversation: ConversationId) -> Conversation | None:
        """A live conversation."""
        found = self._entities.get(Address(Kind.CONVERSATION, conversation))
        return cast("Conversation | None", None if found is None else found.state)

    def conversation_at(self, channel: ChannelId, address: str) -> ConversationId | None:
        """The open conversation of that customer in that channel."""
        return self._registry.conversation_at(channel, address)

    def queue_uses(self, queue: QueueId) -> int:
        """How many open conversations wait in that queue or would turn to it."""
        return self._registry.queue_uses(queue)

    def channel_uses(self, channel: ChannelId) -> int:
        """How many conversations have an open ChannelSession or an unsettled Delivery there."""
        return self._registry.channel_uses(channel)

    def is_calendar(self, name: str) -> bool:
        """Whether a loaded plugin knows the hours of that calendar."""
        return name in self._plugins.calendars

    def asks_unattended(self) -> bool:
        """Whether a plugin wants its say about a conversation that nobody attends."""
        return self._plugins.implements(UNATTENDED)

    def is_strategy(self, name: str) -> bool:
        """Whether a loaded plugin offers that strategy."""
        return self._plugins.strategy(name) is not None

    def is_ordering(self, name: str) -> bool:
        """Whether a loaded plugin offers that ordering."""
        return self._plugins.ordering(name) is not None

    def strategy_problems(self, name: str, options: Mapping[str, str]) -> tuple[str, ...]:
        """What is wrong with a queue's options for that strategy."""
        strategy = self._plugins.strategy(name)
        return () if strategy is None else strategy.problems(options)

    def channel_problems(self, channel: ChannelSettings) -> tuple[str, ...]:
        """What is wrong with the settings of a channel that the engine serves itself."""
        adapter = None if channel.is_external else self._plugins.channel_adapter(channel.kind)
        return () if adapter is None else problems(adapter.Config, channel.settings)

    def abilities(self, channel: ChannelId) -> Abilities:
        """What a channel carries: as its adapter says, or whoever serves it from outside."""
        settings = self.channels().get(channel)
        if settings is None:
            return _ALL
        adapter = None if settings.is_external else self._plugins.channel_adapter(settings.kind)
        if adapter is None:
            return self._told.get(channel, _ALL)
        able = adapter.capabilities
        return Abilities(rejected=able.rejected, reply_window_s=able.reply_window_s)

    def learn_abilities(self, channel: ChannelId, abilities: Abilities) -> None:
        """Whoever serves the channel from outside says so; that holds until he says otherwise or the engine stops."""
        self._told = {known: told for known, told in self._told.items() if known in self.channels()}
        self._told[channel] = abilities

    def secret_settings(self, channel_kind: str) -> frozenset[str]:
        """The settings that the adapter of that kind declares secret."""
        adapter = self._plugins.channel_adapter(channel_kind)
        return frozenset() if adapter is None else secrets_of(adapter.Config)
