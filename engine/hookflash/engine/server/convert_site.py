"""What Apply takes and Export gives: settings of queues, agents, channels, attributes and media domains.

Both directions stand side by side, so that a site round-trips. An absent field is the default, and a default is
written as an absent field where the API says that the engine's own applies.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from google.protobuf.message import Message

from hookflash.engine.domain.address import Kind
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import BadField, InvalidSetting
from hookflash.engine.domain.text import check_id
from hookflash.engine.domain.values import (
    CHAT,
    AgentSettings,
    AttributeKind,
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    QueueSettings,
    Step,
)
from hookflash.engine.server import names
from hookflash.engine.server.convert_values import ATTRIBUTE_KIND, duration, seconds_or_none
from hookflash.sdk.types import AttributeId, ChannelId, MediaDomainId
from hookflash.v1 import agent_pb2, attribute_pb2, channel_pb2, media_domain_pb2, queue_pb2

__all__ = [
    "Settings",
    "agent_settings_to",
    "attribute_to",
    "channel_to",
    "etag_of",
    "media_domain_to",
    "queue_settings_to",
    "settings_from",
    "settings_to",
]

Settings = QueueSettings | AgentSettings | ChannelSettings | AttributeSettings | MediaDomainSettings

_STRATEGY: Final = "longest_available"
_CAPACITY_MAX: Final = 1_000
_ATTRIBUTE_KINDS: Final = {value: kind for kind, value in ATTRIBUTE_KIND.items()}


def settings_to(settings: Settings) -> Message:
    """The resource as Apply would take it to make it again; without an etag, so that it can be applied elsewhere."""
    match settings:
        case QueueSettings():
            return queue_settings_to(settings)
        case AgentSettings():
            return agent_settings_to(settings)
        case ChannelSettings():
            return channel_to(settings)
        case AttributeSettings():
            return attribute_to(settings)
        case MediaDomainSettings():
            return media_domain_to(settings)


def settings_from(message: Message, field: str, limits: Limits) -> Settings:
    """What a resource in Apply says at `field`, defaults filled in. Raises BadId, BadField or InvalidSetting."""
    match message:
        case queue_pb2.Queue():
            return _queue_from(message, field, limits)
        case agent_pb2.Agent():
            return _agent_from(message, field)
        case channel_pb2.Channel():
            return _channel_from(message, field)
        case attribute_pb2.Attribute():
            return _attribute_from(message, field)
        case media_domain_pb2.MediaDomain():
            return _media_domain_from(message, field, limits)
        case _:
            raise TypeError(f"{type(message).__name__} is nothing that is applied")


_etags: dict[tuple[type[Settings], str], tuple[Settings, str]] = {}


def etag_of(settings: Settings) -> str:
    """What changes with every change of what is applied, and with nothing else: a digest of the settings."""
    key = (type(settings), settings.id)
    known = _etags.get(key)
    if known is None or known[0] is not settings:
        content = settings_to(settings).SerializeToString(deterministic=True)
        known = _etags[key] = (settings, sha256(content).hexdigest()[:16])
    return known[1]


def queue_settings_to(settings: QueueSettings) -> queue_pb2.Queue:
    """A queue without its figures."""
    return queue_pb2.Queue(
        name=f"queues/{settings.id}",
        display_name=settings.display_name,
        media_domain=settings.media_domain,
        priority=settings.priority,
        strategy=settings.strategy,
        strategy_options=settings.strategy_options,
        offer_timeout=None if settings.offer_timeout_s is None else duration(settings.offer_timeout_s),
        ttl=None if settings.ttl_s is None else duration(settings.ttl_s),
        waiting_max=settings.waiting_max or 0,
        steps=[_step_to(step) for step in settings.steps],
        overflow="" if settings.overflow is None else f"queues/{settings.overflow}",
        calendar=settings.calendar,
        ordering=settings.ordering,
        locale=settings.locale,
    )


def _step_to(step: Step) -> queue_pb2.Step:
    return queue_pb2.Step(expression=step.expression, wait=duration(step.wait_s) if step.wait_s else None)


def _queue_from(message: queue_pb2.Queue, field: str, limits: Limits) -> QueueSettings:
    return QueueSettings(
        id=names.queue(f"{field}.name", message.name),
        display_name=message.display_name,
        media_domain=_media_domain_id(message.media_domain, field),
        priority=message.priority or limits.queue_priority,
        strategy=message.strategy or _STRATEGY,
        strategy_options=dict(message.strategy_options),
        offer_timeout_s=seconds_or_none(message, "offer_timeout"),
        ttl_s=seconds_or_none(message, "ttl"),
        waiting_max=message.waiting_max or None,
        steps=tuple(_step_from(step) for step in message.steps),
        overflow=names.queue_or_none(f"{field}.overflow", message.overflow),
        calendar=message.calendar,
        ordering=message.ordering,
        locale=message.locale,
    )


def _step_from(message: queue_pb2.Step) -> Step:
    wait_s = seconds_or_none(message, "wait", is_zero_allowed=True)
    return Step(expression=message.expression, wait_s=wait_s or 0.0)


def agent_settings_to(settings: AgentSettings) -> agent_pb2.Agent:
    """An agent without his state; only the media domains where he has a capacity of his own."""
    return agent_pb2.Agent(
        name=f"agents/{settings.id}",
        display_name=settings.display_name,
        domains=[
            agent_pb2.AgentDomain(media_domain=domain, capacity=capacity)
            for domain, capacity in sorted(settings.capacity.items())
        ],
        attributes={str(attribute): value for attribute, value in settings.attributes.items()},
        queues=[f"queues/{queue}" for queue in settings.queues],
    )


def _agent_from(message: agent_pb2.Agent, field: str) -> AgentSettings:
    return AgentSettings(
        id=names.agent(f"{field}.name", message.name),
        display_name=message.display_name,
        capacity=_capacities_from(message, field),
        attributes={AttributeId(attribute): value for attribute, value in message.attributes.items()},
        queues=tuple(names.queue(f"{field}.queues", queue) for queue in message.queues),
    )


def _capacities_from(message: agent_pb2.Agent, field: str) -> Mapping[MediaDomainId, int]:
    capacities: dict[MediaDomainId, int] = {}
    for domain in message.domains:
        if not domain.media_domain:
            raise BadField(f"{field}.domains.media_domain", "is required")
        if domain.HasField("capacity"):
            capacities[MediaDomainId(domain.media_domain)] = _capacity(domain.capacity, f"{field}.domains.capacity")
    return capacities


def channel_to(settings: ChannelSettings) -> channel_pb2.Channel:
    """A channel. Its secrets are references, so all of it can be shown to an admin."""
    return channel_pb2.Channel(
        name=f"channels/{settings.id}",
        kind=settings.kind,
        is_external=settings.is_external,
        queue="" if settings.queue is None else f"queues/{settings.queue}",
        media_domain=settings.media_domain,
        settings=settings.settings,
        locale=settings.locale,
    )


def _channel_from(message: channel_pb2.Channel, field: str) -> ChannelSettings:
    return ChannelSettings(
        id=ChannelId(names.channel(f"{field}.name", message.name)),
        kind=message.kind,
        is_external=message.is_external,
        queue=names.queue_or_none(f"{field}.queue", message.queue),
        media_domain=_media_domain_id(message.media_domain, field),
        settings=dict(message.settings),
        locale=message.locale,
    )


def attribute_to(settings: AttributeSettings) -> attribute_pb2.Attribute:
    """An attribute."""
    return attribute_pb2.Attribute(name=f"attributes/{settings.id}", kind=ATTRIBUTE_KIND[settings.kind])


def _attribute_from(message: attribute_pb2.Attribute, field: str) -> AttributeSettings:
    if message.kind and message.kind not in _ATTRIBUTE_KINDS:
        raise BadField(f"{field}.kind", "must be BOOLEAN or PROFICIENCY")
    kind = _ATTRIBUTE_KINDS.get(message.kind, AttributeKind.PROFICIENCY)
    return AttributeSettings(id=AttributeId(names.bare_id(f"{field}.name", message.name, Kind.ATTRIBUTE)), kind=kind)


def media_domain_to(settings: MediaDomainSettings) -> media_domain_pb2.MediaDomain:
    """A media domain."""
    return media_domain_pb2.MediaDomain(name=f"mediaDomains/{settings.id}", capacity=settings.capacity)


def _media_domain_from(message: media_domain_pb2.MediaDomain, field: str, limits: Limits) -> MediaDomainSettings:
    identifier = MediaDomainId(names.bare_id(f"{field}.name", message.name, Kind.MEDIA_DOMAIN))
    if not message.HasField("capacity"):
        return MediaDomainSettings(id=identifier, capacity=limits.capacity_of(identifier))
    return MediaDomainSettings(id=identifier, capacity=_capacity(message.capacity, f"{field}.capacity"))


def _media_domain_id(value: str, field: str) -> MediaDomainId:
    return MediaDomainId(check_id(f"{field}.media_domain", value)) if value else CHAT


def _capacity(value: int, field: str) -> int:
    if not 0 <= value <= _CAPACITY_MAX:
        raise InvalidSetting(field, f"must be 0 to {_CAPACITY_MAX:,} slots")
    return value
