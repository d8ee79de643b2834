"""What Apply did, resource by resource, and what it was given."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from google.protobuf.message import Message

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.refusals import EtagMismatch
from hookflash.engine.domain.states import State
from hookflash.engine.domain.turn import Facts
from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    QueueSettings,
)
from hookflash.engine.journal.record import Fact
from hookflash.engine.server.convert_site import (
    Settings,
    agent_settings_to,
    attribute_to,
    channel_to,
    etag_of,
    media_domain_to,
    queue_settings_to,
    settings_from,
    settings_to,
)
from hookflash.v1 import admin_service_pb2 as pb

__all__ = ["apply_from", "changes_to", "check_etags", "settings_of", "site_to"]

_DELETED = (
    e.QueueDeleted,
    e.AgentDeleted,
    e.ChannelDeleted,
    e.AttributeDeleted,
    e.MediaDomainDeleted,
)
_KINDS: Mapping[type[Settings], Kind] = {
    QueueSettings: Kind.QUEUE,
    AgentSettings: Kind.AGENT,
    ChannelSettings: Kind.CHANNEL,
    AttributeSettings: Kind.ATTRIBUTE,
    MediaDomainSettings: Kind.MEDIA_DOMAIN,
}


def apply_from(request: pb.ApplyRequest, limits: Limits) -> c.Apply:
    """The command in the request, its form checked."""
    settings = [settings_from(message, field, limits) for field, message in _named(request)]
    return c.Apply(
        queues=tuple(each for each in settings if isinstance(each, QueueSettings)),
        agents=tuple(each for each in settings if isinstance(each, AgentSettings)),
        channels=tuple(each for each in settings if isinstance(each, ChannelSettings)),
        attributes=tuple(each for each in settings if isinstance(each, AttributeSettings)),
        media_domains=tuple(each for each in settings if isinstance(each, MediaDomainSettings)),
        prune=request.prune,
    )


def _named(request: pb.ApplyRequest) -> Iterator[tuple[str, Message]]:
    lists: Mapping[str, Sequence[Message]] = {
        "queues": request.queues,
        "agents": request.agents,
        "channels": request.channels,
        "attributes": request.attributes,
        "media_domains": request.media_domains,
    }
    for field, messages in lists.items():
        for place, message in enumerate(messages):
            yield f"{field}[{place}]", message


def settings_of(state: State | None) -> Settings | None:
    """The settings in an entity's state, where it is one that is applied."""
    match state:
        case Queue() | Agent():
            return state.settings
        case ChannelSettings() | AttributeSettings() | MediaDomainSettings():
            return state
        case _:
            return None


def site_to(facts: Facts, position: int) -> pb.ExportResponse:
    """The whole site as Apply would take it."""
    return pb.ExportResponse(
        queues=[queue_settings_to(queue.settings) for _, queue in sorted(facts.queues().items())],
        agents=[agent_settings_to(agent.settings) for _, agent in sorted(facts.agents().items())],
        channels=[channel_to(channel) for _, channel in sorted(facts.channels().items())],
        attributes=[attribute_to(attribute) for _, attribute in sorted(facts.attributes().items())],
        media_domains=[media_domain_to(domain) for _, domain in sorted(facts.media_domains().items())],
        position=position,
    )


def check_etags(request: pb.ApplyRequest, before: Mapping[Address, Settings]) -> None:
    """Raise EtagMismatch where a resource came with an etag that is not the present one."""
    for _, message in _named(request):
        given, name = getattr(message, "etag", ""), getattr(message, "name", "")
        if given:
            kind, _, identifier = name.partition("/")
            settings = before.get(Address(Kind(kind), identifier))
            current = "" if settings is None else etag_of(settings)
            if given != current:
                raise EtagMismatch(given, current)


def changes_to(command: c.Apply, before: Mapping[Address, Settings], facts: Iterable[Fact]) -> pb.ApplyResponse:
    """One change for each resource that was named or deleted."""
    changes = []
    named: Iterable[Settings] = chain(
        command.media_domains, command.attributes, command.queues, command.channels, command.agents
    )
    for settings in named:
        address = Address(_KINDS[type(settings)], settings.id)
        changes.append(_change(address, before.get(address), settings))
    changes += [
        pb.Change(name=str(fact.subject), kind=pb.CHANGE_KIND_DELETED)
        for fact in facts
        if isinstance(fact.event, _DELETED)
    ]
    return pb.ApplyResponse(changes=changes)


def _change(address: Address, before: Settings | None, after: Settings) -> pb.Change:
    if before is None:
        return pb.Change(name=str(address), kind=pb.CHANGE_KIND_CREATED)
    if before == after:
        return pb.Change(name=str(address), kind=pb.CHANGE_KIND_UNCHANGED)
    old, new = settings_to(before), settings_to(after)
    fields = [field.name for field in new.DESCRIPTOR.fields if getattr(old, field.name) != getattr(new, field.name)]
    return pb.Change(name=str(address), kind=pb.CHANGE_KIND_UPDATED, changed_fields=fields)
