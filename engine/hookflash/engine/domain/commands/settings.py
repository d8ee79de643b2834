"""What is asked of queues, of the other settings, and of the site that decides what is applied."""

from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    QueueSettings,
    TokenSettings,
)
from hookflash.sdk.types import ConversationId


class ConfigureQueue(Struct, frozen=True, kw_only=True):
    """Apply these settings."""

    settings: QueueSettings


class DeleteQueue(Struct, frozen=True, kw_only=True):
    """Take the queue out of the settings."""


class JoinLine(Struct, frozen=True, kw_only=True):
    """Let an invite wait here. `is_exempt`: one that comes back is never refused for fullness."""

    conversation: ConversationId
    invite: int
    is_exempt: bool = False


class LeaveLine(Struct, frozen=True, kw_only=True):
    """The invite waits here no more."""

    conversation: ConversationId
    invite: int


class MoveCursor(Struct, frozen=True, kw_only=True):
    """Keep what that strategy wants to find again at its next decision here."""

    strategy: str
    cursor: str


class ConfigureChannel(Struct, frozen=True, kw_only=True):
    """Apply these settings."""

    settings: ChannelSettings


class DeleteChannel(Struct, frozen=True, kw_only=True):
    """Take the channel out of the settings."""


class ConfigureAttribute(Struct, frozen=True, kw_only=True):
    """Apply these settings."""

    settings: AttributeSettings


class DeleteAttribute(Struct, frozen=True, kw_only=True):
    """Take the attribute out of the settings."""


class ConfigureMediaDomain(Struct, frozen=True, kw_only=True):
    """Apply these settings."""

    settings: MediaDomainSettings


class DeleteMediaDomain(Struct, frozen=True, kw_only=True):
    """Take the media domain out of the settings."""


class CreateToken(Struct, frozen=True, kw_only=True):
    """Remember a token by its digest."""

    settings: TokenSettings


class RevokeToken(Struct, frozen=True, kw_only=True):
    """Forget a token."""


class Apply(Struct, frozen=True, kw_only=True):
    """Make the site be as these five lists say, all or nothing.

    `prune` deletes what is not named, of those kinds that the call names at least one of.
    """

    queues: tuple[QueueSettings, ...] = ()
    agents: tuple[AgentSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    attributes: tuple[AttributeSettings, ...] = ()
    media_domains: tuple[MediaDomainSettings, ...] = ()
    prune: bool = False


class RecordBoot(Struct, frozen=True, kw_only=True):
    """The engine has started: everybody who is logged in counts as detached, with a full grace (R-L6)."""

    epoch: int


class RecordFault(Struct, frozen=True, kw_only=True):
    """A plugin failed and the engine went on without it."""

    plugin: str
    hook: str
    error: str
    fallback: str


QueueCommand = ConfigureQueue | DeleteQueue | JoinLine | LeaveLine | MoveCursor
SettingCommand = (
    ConfigureChannel
    | DeleteChannel
    | ConfigureAttribute
    | DeleteAttribute
    | ConfigureMediaDomain
    | DeleteMediaDomain
    | CreateToken
    | RevokeToken
)
SiteCommand = Apply | RecordBoot | RecordFault
