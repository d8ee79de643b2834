"""What happens to queues, to the other settings, and to the engine itself."""

from hookflash.engine.domain.struct import Struct
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


class QueueConfigured(Struct, frozen=True, kw_only=True):
    """A queue was applied."""

    settings: QueueSettings


class QueueDeleted(Struct, frozen=True, kw_only=True):
    """A queue was taken out of the settings."""


class LineJoined(Struct, frozen=True, kw_only=True):
    """An invite began to wait in the queue."""

    conversation: ConversationId
    invite: int


class LineLeft(Struct, frozen=True, kw_only=True):
    """An invite waits in the queue no more."""

    conversation: ConversationId
    invite: int


class CursorMoved(Struct, frozen=True, kw_only=True):
    """A decision left another cursor, a JSON text, for the next one in the queue."""

    cursor: str


class ChannelConfigured(Struct, frozen=True, kw_only=True):
    """A channel was applied."""

    settings: ChannelSettings


class ChannelDeleted(Struct, frozen=True, kw_only=True):
    """A channel was taken out of the settings."""


class AttributeConfigured(Struct, frozen=True, kw_only=True):
    """An attribute was applied."""

    settings: AttributeSettings


class AttributeDeleted(Struct, frozen=True, kw_only=True):
    """An attribute was taken out of the settings."""


class MediaDomainConfigured(Struct, frozen=True, kw_only=True):
    """A media domain was applied."""

    settings: MediaDomainSettings


class MediaDomainDeleted(Struct, frozen=True, kw_only=True):
    """A media domain was taken out of the settings."""


class TokenCreated(Struct, frozen=True, kw_only=True):
    """A token was made; only the digest of its secret is here."""

    settings: TokenSettings


class TokenRevoked(Struct, frozen=True, kw_only=True):
    """A token is worth nothing any more."""


class Booted(Struct, frozen=True, kw_only=True):
    """The engine started; the last record before it was at `after_position`."""

    at: float
    epoch: int
    after_position: int


class PluginFault(Struct, frozen=True, kw_only=True):
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
