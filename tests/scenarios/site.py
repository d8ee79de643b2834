"""Settings of scenarios as the engine's command."""

from hookflash.engine.domain.commands import Apply
from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeKind,
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    QueueSettings,
)
from hookflash.engine.domain.values import Step as QueueStep
from hookflash.sdk.types import AgentId, AttributeId, ChannelId, MediaDomainId, QueueId

from .values import Line, Person, Site

__all__ = ["agent_settings", "site_command"]


def site_command(site: Site) -> Apply:
    """Apply for these settings."""
    return Apply(
        queues=tuple(map(_queue_settings, site.queues)),
        agents=tuple(agent_settings(name, person) for name, person in site.agents.items()),
        channels=tuple(
            ChannelSettings(id=ChannelId(name), kind="web", is_external=True, queue=QueueId(to) if to else None)
            for name, to in site.channels.items()
        ),
        attributes=tuple(
            AttributeSettings(id=AttributeId(name), kind=AttributeKind.PROFICIENCY) for name in site.attributes
        ),
        media_domains=tuple(
            MediaDomainSettings(id=MediaDomainId(name), capacity=capacity)
            for name, capacity in site.media_domains.items()
        ),
    )


def _queue_settings(line: Line) -> QueueSettings:
    return QueueSettings(
        id=QueueId(line.id),
        display_name=line.name,
        media_domain=MediaDomainId(line.media_domain),
        priority=line.priority,
        strategy=line.strategy,
        ttl_s=line.ttl_s,
        steps=tuple(QueueStep(expression=step.expression, wait_s=step.wait_s) for step in line.steps),
    )


def agent_settings(name: str, person: Person) -> AgentSettings:
    """One agent; `ann-7` is shown as Ann."""
    return AgentSettings(
        id=AgentId(name),
        display_name=name.partition("-")[0].title(),
        capacity={MediaDomainId(domain): slots for domain, slots in person.capacity.items()},
        attributes={AttributeId(skill): level for skill, level in person.skills.items()},
        queues=tuple(map(QueueId, person.queues)),
    )
