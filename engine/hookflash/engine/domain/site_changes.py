"""What applying five lists would change, resource by resource: the answer of Apply, also of its dry run.

Evaluated before anything is decided. That an agent is told his capacity anew because a media domain changed is no
change of the agent: nobody applied one.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar

from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import Kind
from hookflash.engine.domain.struct import Struct, changed
from hookflash.engine.domain.turn import Facts
from hookflash.engine.domain.values import (
    CHAT,
    AgentSettings,
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    QueueSettings,
)

__all__ = ["Applied", "Change", "ChangeKind", "changes", "normal"]

Applied: TypeAlias = QueueSettings | AgentSettings | ChannelSettings | AttributeSettings | MediaDomainSettings
"""What can be applied."""

_A = TypeVar("_A", QueueSettings, AgentSettings, ChannelSettings, AttributeSettings, MediaDomainSettings)

_PUBLIC: Final = {"offer_timeout_s": "offer_timeout", "ttl_s": "ttl"}
"""Fields whose public name is another one."""


class ChangeKind(StrEnum):
    """What becomes of a resource."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    DELETED = "DELETED"


class Change(Struct, frozen=True, kw_only=True):
    """What becomes of one resource; `fields` are the public names of those that an update changes."""

    kind: Kind
    id: str
    change: ChangeKind
    fields: tuple[str, ...] = ()


def normal(command: c.Apply) -> c.Apply:
    """The call as it is stored: one step for everybody is what a queue without steps has anyway (R-Q2)."""
    return changed(command, queues=tuple(_normal_queue(queue) for queue in command.queues))


def changes(command: c.Apply, facts: Facts) -> list[Change]:
    """What the call would do, in the order in which it is done: settings first, then what `prune` deletes."""
    given = normal(command)
    queues = [queue.settings for queue in facts.queues().values()]
    agents = [agent.settings for agent in facts.agents().values()]
    return [
        *_applied(Kind.MEDIA_DOMAIN, given.media_domains, facts.media_domains().values()),
        *_applied(Kind.ATTRIBUTE, given.attributes, facts.attributes().values()),
        *_applied(Kind.QUEUE, given.queues, queues),
        *_applied(Kind.CHANNEL, given.channels, facts.channels().values()),
        *_applied(Kind.AGENT, given.agents, agents),
        *(_pruned(given, facts) if given.prune else ()),
    ]


def _normal_queue(queue: QueueSettings) -> QueueSettings:
    is_for_everybody = len(queue.steps) == 1 and not queue.steps[0].expression.strip()
    return changed(queue, steps=()) if is_for_everybody else queue


def _applied(kind: Kind, given: Sequence[_A], known: Iterable[_A]) -> Iterator[Change]:
    befores = {settings.id: settings for settings in known}
    for settings in given:
        before = befores.get(settings.id)
        if before is None:
            yield Change(kind=kind, id=settings.id, change=ChangeKind.CREATED)
            continue
        names = _changed_fields(kind, before, settings)
        change = ChangeKind.UPDATED if names else ChangeKind.UNCHANGED
        yield Change(kind=kind, id=settings.id, change=change, fields=names)


def _changed_fields(kind: Kind, before: _A, after: _A) -> tuple[str, ...]:
    names = (name for name in after.__struct_fields__ if getattr(before, name) != getattr(after, name))
    return tuple(_public(kind, name) for name in names)


def _public(kind: Kind, name: str) -> str:
    if kind is Kind.AGENT and name == "capacity":
        return "domains"
    return _PUBLIC.get(name, name)


def _pruned(given: c.Apply, facts: Facts) -> Iterator[Change]:
    """Dependents before what they depend on, so that each is free of uses when its turn comes."""
    yield from _deleted(Kind.AGENT, given.agents, facts.agents())
    yield from _deleted(Kind.CHANNEL, given.channels, facts.channels())
    yield from _deleted(Kind.QUEUE, given.queues, facts.queues())
    yield from _deleted(Kind.ATTRIBUTE, given.attributes, facts.attributes())
    yield from _deleted(Kind.MEDIA_DOMAIN, given.media_domains, facts.media_domains())


def _deleted(kind: Kind, given: Sequence[Applied], known: Collection[str]) -> Iterator[Change]:
    if not given:
        return
    named = {settings.id for settings in given}
    for each in known:
        # `chat` is there from the start and stays, whoever prunes.
        if each not in named and (kind, each) != (Kind.MEDIA_DOMAIN, CHAT):
            yield Change(kind=kind, id=each, change=ChangeKind.DELETED)
