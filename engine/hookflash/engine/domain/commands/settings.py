"""What is asked of queues, of the other settings, and of the site that decides what is applied."""

from dataclasses import dataclass

from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    QueueSettings,
    TokenSettings,
)
from hookflash.sdk.types import ConversationId


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureQueue:
    """Apply these settings."""

    settings: QueueSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteQueue:
    """Take the queue out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinLine:
    """Let an invite wait here. `is_exempt`: one that comes back is never refused for fullness."""

    conversation: ConversationId
    invite: int
    is_exempt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveLine:
    """The invite waits here no more."""

    conversation: ConversationId
    invite: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCursor:
    """Keep what that strategy wants to find again at its next decision here."""

    strategy: str
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureChannel:
    """Apply these settings."""

    settings: ChannelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteChannel:
    """Take the channel out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureAttribute:
    """Apply these settings."""

    settings: AttributeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAttribute:
    """Take the attribute out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureMediaDomain:
    """Apply these settings."""

    settings: MediaDomainSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMediaDomain:
    """Take the media domain out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateToken:
    """Remember a token by its digest."""

    settings: TokenSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken:
    """Forget a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Make the site be as these five lists say, all or nothing.

    `prune` deletes what is not named, of those kinds that the call names at least one of.
    """

    queues: tuple[QueueSettings, ...] = ()
    agents: tuple[AgentSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    attributes: tuple[AttributeSettings, ...] = ()
    media_domains: tuple[MediaDomainSettings, ...] = ()
    prune: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBoot:
    """The engine has started: everybody who is logged in counts as detached, with a full grace (R-L6)."""

    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFault:
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
