"""What happens to queues, to the other settings, and to the engine itself."""

from dataclasses import dataclass

from hookflash.engine.domain.values import (
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    QueueSettings,
    TokenSettings,
)
from hookflash.sdk.types import ConversationId

__all__ = [
    "AttributeConfigured",
    "AttributeDeleted",
    "Booted",
    "ChannelConfigured",
    "ChannelDeleted",
    "CursorMoved",
    "EngineEvent",
    "LineJoined",
    "LineLeft",
    "MediaDomainConfigured",
    "MediaDomainDeleted",
    "PluginFault",
    "QueueConfigured",
    "QueueDeleted",
    "QueueEvent",
    "SettingEvent",
    "TokenCreated",
    "TokenRevoked",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConfigured:
    """A queue was applied."""

    settings: QueueSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDeleted:
    """A queue was taken out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineJoined:
    """An invite began to wait in the queue."""

    conversation: ConversationId
    invite: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLeft:
    """An invite waits in the queue no more."""

    conversation: ConversationId
    invite: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorMoved:
    """A decision left another cursor, a JSON text, for the next one in the queue."""

    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfigured:
    """A channel was applied."""

    settings: ChannelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDeleted:
    """A channel was taken out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeConfigured:
    """An attribute was applied."""

    settings: AttributeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeDeleted:
    """An attribute was taken out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDomainConfigured:
    """A media domain was applied."""

    settings: MediaDomainSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDomainDeleted:
    """A media domain was taken out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCreated:
    """A token was made; only the digest of its secret is here."""

    settings: TokenSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked:
    """A token is worth nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted:
    """The engine started; the last record before it was at `after_position`."""

    at: float
    epoch: int
    after_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFault:
    """A plugin failed; the engine went on by the fallback named."""

    plugin: str
    hook: str
    error: str
    fallback: str


QueueEvent = QueueConfigured | QueueDeleted | LineJoined | LineLeft | CursorMoved

SettingEvent = (
    ChannelConfigured
    | ChannelDeleted
    | AttributeConfigured
    | AttributeDeleted
    | MediaDomainConfigured
    | MediaDomainDeleted
    | TokenCreated
    | TokenRevoked
)

EngineEvent = Booted | PluginFault
