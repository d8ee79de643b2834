"""What the site answers: applying settings, all or nothing, and what the engine has to say of itself.

Pure. The site has no state of its own: what it decides on are the settings that the directory knows, and what it
decides it tells the resources concerned, each of which may still refuse, and with it the whole call.
"""

from collections.abc import Iterator, Mapping
from typing import assert_never

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.refusals import InvalidSetting, QueueInUse
from hookflash.engine.domain.site_changes import Change, ChangeKind, changes, normal
from hookflash.engine.domain.site_checks import check
from hookflash.engine.domain.turn import Context, Decided, Tell
from hookflash.engine.domain.values import CHAT, AgentSettings, MediaDomainSettings
from hookflash.sdk.types import MediaDomainId

__all__ = ["Change", "ChangeKind", "changes", "decide"]


def decide(command: c.SiteCommand, ctx: Context) -> Decided[None]:
    """The events of the command, and what queues, agents and settings are told."""
    match command:
        case c.Apply():
            return Decided([], None, _apply(normal(command), ctx))
        case c.RecordBoot(epoch=epoch):
            booted = e.Booted(at=ctx.now, epoch=epoch, after_position=ctx.position - 1)
            return Decided([booted], None, _boot(ctx))
        case c.RecordFault(plugin=plugin, hook=hook, error=error, fallback=fallback):
            return Decided([e.PluginFault(plugin=plugin, hook=hook, error=error, fallback=fallback)], None, [])
        case _:
            assert_never(command)


def _apply(command: c.Apply, ctx: Context) -> list[Tell]:
    check(command, ctx)
    found = changes(command, ctx.facts)
    deleted = [change for change in found if change.change is ChangeKind.DELETED]
    _refuse_dangling(command, ctx, deleted)
    # Deletions come last, so that whoever is asked whether something is in use sees the settings as they will be.
    return [
        *_configured(command, {(change.kind, change.id) for change in found if _is_new(change)}),
        *_agents_told(command, ctx, deleted),
        *(Tell(Address(change.kind, change.id), _deletion(change.kind)) for change in deleted),
    ]


def _is_new(change: Change) -> bool:
    return change.change in (ChangeKind.CREATED, ChangeKind.UPDATED)


def _configured(command: c.Apply, wanted: set[tuple[Kind, str]]) -> Iterator[Tell]:
    for domain in command.media_domains:
        if (Kind.MEDIA_DOMAIN, domain.id) in wanted:
            yield Tell(Address(Kind.MEDIA_DOMAIN, domain.id), c.ConfigureMediaDomain(settings=domain))
    for attribute in command.attributes:
        if (Kind.ATTRIBUTE, attribute.id) in wanted:
            yield Tell(Address(Kind.ATTRIBUTE, attribute.id), c.ConfigureAttribute(settings=attribute))
    for queue in command.queues:
        if (Kind.QUEUE, queue.id) in wanted:
            yield Tell(Address(Kind.QUEUE, queue.id), c.ConfigureQueue(settings=queue))
    for channel in command.channels:
        if (Kind.CHANNEL, channel.id) in wanted:
            yield Tell(Address(Kind.CHANNEL, channel.id), c.ConfigureChannel(settings=channel))


def _agents_told(command: c.Apply, ctx: Context, deleted: list[Change]) -> Iterator[Tell]:
    """Every agent whose settings or whose resolved slots will be others, whether the call names him or not."""
    gone = {(change.kind, change.id) for change in deleted}
    slots = {domain: settings.capacity for domain, settings in ctx.facts.media_domains().items()}
    slots |= {domain.id: domain.capacity for domain in command.media_domains}
    slots = {domain: number for domain, number in slots.items() if (Kind.MEDIA_DOMAIN, domain) not in gone}
    known = ctx.facts.agents()
    wanted = {agent: state.settings for agent, state in known.items() if (Kind.AGENT, agent) not in gone}
    for settings in (wanted | {agent.id: agent for agent in command.agents}).values():
        capacity = _resolved(settings, slots)
        before = known.get(settings.id)
        if before is None or before.settings != settings or before.capacity != capacity:
            told = c.ConfigureAgent(settings=settings, capacity=capacity)
            yield Tell(Address(Kind.AGENT, settings.id), told)


def _resolved(settings: AgentSettings, slots: Mapping[MediaDomainId, int]) -> dict[MediaDomainId, int]:
    """Every agent is in every media domain: with his own number of slots, else with the domain's (R-Q2)."""
    return {domain: settings.capacity.get(domain, number) for domain, number in slots.items()}


def _refuse_dangling(command: c.Apply, ctx: Context, deleted: list[Change]) -> None:
    """Refuse deleting what settings that stay would still name; the resources judge their other uses themselves."""
    queues = {change.id for change in deleted if change.kind is Kind.QUEUE}
    domains = {change.id for change in deleted if change.kind is Kind.MEDIA_DOMAIN}
    if not queues and not domains:
        return
    gone_agents = {change.id for change in deleted if change.kind is Kind.AGENT}
    agents = {agent: state.settings for agent, state in ctx.facts.agents().items() if agent not in gone_agents}
    agents |= {agent.id: agent for agent in command.agents}
    for agent in agents.values():
        for queue in agent.queues:
            if queue in queues:
                raise QueueInUse(queue, f"agent {agent.id} has it in the list of queues")
        for domain in agent.capacity:
            if domain in domains:
                raise InvalidSetting("media_domains", f"must keep {domain}, in which agent {agent.id} has a capacity")
    for each in command.queues:
        if each.overflow is not None and each.overflow in queues:
            raise QueueInUse(each.overflow, f"queue {each.id} overflows into it")


def _deletion(kind: Kind) -> c.Command:
    match kind:
        case Kind.AGENT:
            return c.DeleteAgent()
        case Kind.CHANNEL:
            return c.DeleteChannel()
        case Kind.QUEUE:
            return c.DeleteQueue()
        case Kind.ATTRIBUTE:
            return c.DeleteAttribute()
        case Kind.MEDIA_DOMAIN:
            return c.DeleteMediaDomain()
        case Kind.CONVERSATION | Kind.TOKEN | Kind.SITE:
            raise TypeError(f"{kind} is not applied and so never pruned")
        case _:
            assert_never(kind)


def _boot(ctx: Context) -> list[Tell]:
    tells = [
        Tell(Address(Kind.AGENT, agent), c.Detach(stream=None))
        for agent, state in ctx.facts.agents().items()
        if state.is_logged_in
    ]
    if CHAT in ctx.facts.media_domains():
        return tells
    for domain in (CHAT, *sorted(MediaDomainId(each) for each in ctx.limits.capacity if each != CHAT)):
        settings = MediaDomainSettings(id=domain, capacity=ctx.limits.capacity_of(domain))
        tells.append(Tell(Address(Kind.MEDIA_DOMAIN, domain), c.ConfigureMediaDomain(settings=settings)))
    return tells
