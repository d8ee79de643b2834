"""Settings of scenarios as the API's Apply takes them."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from hookflash.sdk.client import messages as m

from .values import Line, Person, Site

__all__ = ["agent_message", "apply_request", "seconds"]


def seconds(duration_s: float) -> Duration:
    """A duration on the wire."""
    duration = Duration()
    duration.FromTimedelta(timedelta(seconds=duration_s))
    return duration


def apply_request(site: Site) -> m.ApplyRequest:
    """Apply for these settings."""
    return m.ApplyRequest(
        queues=[_queue_message(line) for line in site.queues],
        agents=[agent_message(name, person) for name, person in site.agents.items()],
        channels=[
            m.Channel(name=f"channels/{name}", kind="web", is_external=True, queue=f"queues/{to}" if to else "")
            for name, to in site.channels.items()
        ],
        attributes=[
            m.Attribute(name=f"attributes/{name}", kind=m.AttributeKind.ATTRIBUTE_KIND_PROFICIENCY)
            for name in site.attributes
        ],
        media_domains=[
            m.MediaDomain(name=f"mediaDomains/{name}", capacity=slots) for name, slots in site.media_domains.items()
        ],
    )


def _queue_message(line: Line) -> m.Queue:
    return m.Queue(
        name=f"queues/{line.id}",
        display_name=line.name,
        media_domain=line.media_domain,
        priority=line.priority,
        strategy=line.strategy,
        ttl=None if line.ttl_s is None else seconds(line.ttl_s),
        steps=[m.Step(expression=step.expression, wait=seconds(step.wait_s)) for step in line.steps],
    )


def agent_message(name: str, person: Person) -> m.Agent:
    """One agent; `ann-7` is shown as Ann."""
    return m.Agent(
        name=f"agents/{name}",
        display_name=name.partition("-")[0].title(),
        domains=[m.AgentDomain(media_domain=domain, capacity=slots) for domain, slots in person.capacity.items()],
        attributes=dict(person.skills),
        queues=[f"queues/{each}" for each in person.queues],
    )
