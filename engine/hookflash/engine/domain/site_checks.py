"""Whether five lists can be applied to a site: everything is judged by what would be there afterwards.

A field is named as the API names it, such as `queues[2].steps[0].expression`. A value is never repeated: it may be a
secret that went into the wrong field.
"""

import re
from collections.abc import Sequence
from typing import Final

from hookflash.engine.domain import commands as c
from hookflash.engine.domain.expressions import ExpressionError, parse
from hookflash.engine.domain.limits import DURATION_MAX_S
from hookflash.engine.domain.notices import TextError, check_locale
from hookflash.engine.domain.refusal_table import shown
from hookflash.engine.domain.refusals import InvalidSetting, QueueInUse
from hookflash.engine.domain.site_changes import Applied
from hookflash.engine.domain.text import check_id
from hookflash.engine.domain.turn import Context
from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeKind,
    AttributeSettings,
    ChannelSettings,
    QueueSettings,
    Step,
)

__all__ = ["check", "unusable"]

_NAME_LENGTH_MAX: Final = 50
_PRIORITY_MAX: Final = 10
_WAITING_MAX: Final = 1_000_000
_CAPACITY_MAX: Final = 1_000
_LEVEL_MAX: Final = {AttributeKind.BOOLEAN: 1, AttributeKind.PROFICIENCY: 10}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_REFERENCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f\x7f]+")


def check(command: c.Apply, ctx: Context) -> None:
    """Refuse the call as a whole for its first fault, with BAD_ID, INVALID_SETTING or QUEUE_IN_USE."""
    for name, given in (
        ("media_domains", command.media_domains),
        ("attributes", command.attributes),
        ("queues", command.queues),
        ("channels", command.channels),
        ("agents", command.agents),
    ):
        _check_ids(name, given)
    site = _Site(command, ctx)
    for n, domain in enumerate(command.media_domains):
        _check_slots(f"media_domains[{n}].capacity", domain.capacity)
    for n, attribute in enumerate(command.attributes):
        _check_attribute(site, f"attributes[{n}]", attribute)
    for n, queue in enumerate(command.queues):
        _check_queue(site, f"queues[{n}]", queue)
    for n, channel in enumerate(command.channels):
        _check_channel(site, f"channels[{n}]", channel)
    for n, agent in enumerate(command.agents):
        _check_agent(site, f"agents[{n}]", agent)


class _Site:
    """What would be there: the facts, and over them what the call brings. What is pruned has its own checks."""

    def __init__(self, command: c.Apply, ctx: Context) -> None:
        self.ctx = ctx
        facts = ctx.facts
        self.media_domains: set[str] = {*facts.media_domains(), *(domain.id for domain in command.media_domains)}
        attributes = [*facts.attributes().values(), *command.attributes]
        self.attributes: dict[str, AttributeSettings] = {attribute.id: attribute for attribute in attributes}
        queues = [*(known.settings for known in facts.queues().values()), *command.queues]
        self.queues: dict[str, QueueSettings] = {queue.id: queue for queue in queues}
        # Only those that the call leaves as they are: those it brings are checked on their own.
        channels = {channel.id for channel in command.channels}
        agents = {agent.id for agent in command.agents}
        kept_channels = () if command.prune and channels else facts.channels().values()
        kept_agents = () if command.prune and agents else facts.agents().values()
        self.kept_channels = [channel for channel in kept_channels if channel.id not in channels]
        self.kept_agents = [agent.settings for agent in kept_agents if agent.id not in agents]


def _check_ids(name: str, given: Sequence[Applied]) -> None:
    seen: set[str] = set()
    for n, settings in enumerate(given):
        field = f"{name}[{n}].name"
        check_id(field, settings.id)
        if settings.id in seen:
            raise InvalidSetting(field, f"is {settings.id}, which the call names before; name each once")
        seen.add(settings.id)


def _check_attribute(site: _Site, field: str, attribute: AttributeSettings) -> None:
    for agent in site.kept_agents:
        if agent.attributes.get(attribute.id, 0) > _LEVEL_MAX[attribute.kind]:
            why = f"cannot be {attribute.kind}, since agent {agent.id} has more than 1 of it; apply the agent too"
            raise InvalidSetting(f"{field}.kind", why)


def unusable(field: str, problem: str) -> InvalidSetting:
    """The refusal of a strategy's options or an adapter's settings, in the plugin's own sentence."""
    return InvalidSetting(field, f"cannot be used: {problem.rstrip('.')}")


def _check_queue(site: _Site, field: str, queue: QueueSettings) -> None:
    limits = site.ctx.limits
    _check_name(field, queue.display_name)
    _check_media_domain(site, f"{field}.media_domain", queue.media_domain)
    _check_queue_stays_in_its_domain(site, field, queue)
    if not 1 <= queue.priority <= _PRIORITY_MAX:
        raise InvalidSetting(f"{field}.priority", f"must be a whole number from 1 to {_PRIORITY_MAX}")
    if not site.ctx.facts.is_strategy(queue.strategy):
        raise InvalidSetting(
            f"{field}.strategy", "names a strategy that no loaded plugin has; longest_available is one"
        )
    for problem in site.ctx.facts.strategy_problems(queue.strategy, queue.strategy_options):
        raise unusable(f"{field}.strategy_options", problem)
    for name, duration_s in (("offer_timeout", queue.offer_timeout_s), ("ttl", queue.ttl_s)):
        if duration_s is not None and not 0 < duration_s <= DURATION_MAX_S:
            raise InvalidSetting(f"{field}.{name}", f"must be more than 0 and at most {DURATION_MAX_S:,.0f} s")
    offer_timeout_s = limits.offer_timeout_s if queue.offer_timeout_s is None else queue.offer_timeout_s
    ttl_s = limits.ttl_s if queue.ttl_s is None else queue.ttl_s
    if offer_timeout_s >= ttl_s:
        why = f"is {offer_timeout_s:g} s and must be less than the ttl, which is {ttl_s:g} s"
        raise InvalidSetting(f"{field}.offer_timeout", why)
    if queue.waiting_max is not None and not 1 <= queue.waiting_max <= _WAITING_MAX:
        raise InvalidSetting(f"{field}.waiting_max", f"must be a whole number from 1 to {_WAITING_MAX:,}")
    if len(queue.steps) > limits.steps_per_queue_max:
        raise InvalidSetting(f"{field}.steps", f"may be {limits.steps_per_queue_max} and are {len(queue.steps)}")
    for n, step in enumerate(queue.steps):
        _check_step(site, f"{field}.steps[{n}]", step)
    if queue.ordering and not site.ctx.facts.is_ordering(queue.ordering):
        why = "names an ordering that no loaded plugin has; leave it empty for priority and age"
        raise InvalidSetting(f"{field}.ordering", why)
    if queue.calendar and not site.ctx.facts.is_calendar(queue.calendar):
        raise InvalidSetting(f"{field}.calendar", "names a calendar that no loaded plugin knows")
    _check_locale(f"{field}.locale", queue.locale)
    if queue.overflow is not None and queue.overflow not in site.queues:
        raise InvalidSetting(f"{field}.overflow", "names a queue that does not exist; apply it too")


def _check_queue_stays_in_its_domain(site: _Site, field: str, queue: QueueSettings) -> None:
    before = site.ctx.facts.queues().get(queue.id)
    if before is None or before.settings.media_domain == queue.media_domain:
        return
    for channel in site.kept_channels:
        if channel.queue == queue.id and channel.media_domain != queue.media_domain:
            why = f"cannot change, since channel {channel.id} routes here and is {channel.media_domain}"
            raise InvalidSetting(f"{field}.media_domain", why)
    if site.ctx.facts.queue_uses(queue.id):
        raise QueueInUse(queue.id, "an open conversation waits in it or would turn to it, so its media domain stays")


def _check_step(site: _Site, field: str, step: Step) -> None:
    if not 0 <= step.wait_s <= DURATION_MAX_S:
        raise InvalidSetting(f"{field}.wait", f"must be 0 to {DURATION_MAX_S:,.0f} s")
    try:
        expression = parse(step.expression)
    except ExpressionError as error:
        raise InvalidSetting(f"{field}.expression", f"cannot be read: {error.sentence}") from error
    for attribute in sorted(expression.attributes):
        if attribute not in site.attributes:
            why = f"names the attribute {attribute}, which is not declared; apply it too"
            raise InvalidSetting(f"{field}.expression", why)


def _check_channel(site: _Site, field: str, channel: ChannelSettings) -> None:
    if len(channel.kind) > _NAME_LENGTH_MAX or _CONTROL.search(channel.kind):
        raise InvalidSetting(f"{field}.kind", _rule_of_names())
    _check_media_domain(site, f"{field}.media_domain", channel.media_domain)
    if channel.queue is not None:
        queue = site.queues.get(channel.queue)
        if queue is None:
            raise InvalidSetting(f"{field}.queue", "names a queue that does not exist; apply it too")
        if queue.media_domain != channel.media_domain:
            why = f"is in {queue.media_domain} and the channel in {channel.media_domain}; they must be the same"
            raise InvalidSetting(f"{field}.queue", why)
    _check_locale(f"{field}.locale", channel.locale)
    for name in sorted(site.ctx.facts.secret_settings(channel.kind)):
        value = channel.settings.get(name)
        if value is not None and _REFERENCE.fullmatch(value) is None:
            why = "is secret; write where the server finds it, env:NAME or file:PATH, and change what was sent here"
            raise InvalidSetting(f"{field}.settings[{name}]", why)
    for problem in site.ctx.facts.channel_problems(channel):
        raise unusable(f"{field}.settings", problem)


def _check_agent(site: _Site, field: str, agent: AgentSettings) -> None:
    _check_name(field, agent.display_name)
    for domain, slots in agent.capacity.items():
        _check_media_domain(site, f"{field}.domains.media_domain", domain)
        _check_slots(f"{field}.domains[{domain}].capacity", slots)
    for name, level in agent.attributes.items():
        attribute = site.attributes.get(name)
        if attribute is None:
            raise InvalidSetting(f"{field}.attributes[{shown(name)}]", "is not declared; apply the attribute too")
        if not 0 <= level <= _LEVEL_MAX[attribute.kind]:
            why = f"must be a whole number from 0 to {_LEVEL_MAX[attribute.kind]}, since it is {attribute.kind}"
            raise InvalidSetting(f"{field}.attributes[{name}]", why)
    for n, queue in enumerate(agent.queues):
        if queue not in site.queues:
            raise InvalidSetting(f"{field}.queues[{n}]", "names a queue that does not exist; apply it too")


def _check_locale(field: str, locale: str) -> None:
    try:
        check_locale(locale)
    except TextError:
        raise InvalidSetting(field, "must read like de or de-AT") from None


def _check_name(field: str, name: str) -> None:
    if len(name) > _NAME_LENGTH_MAX or _CONTROL.search(name):
        raise InvalidSetting(f"{field}.display_name", _rule_of_names())


def _rule_of_names() -> str:
    return f"must have at most {_NAME_LENGTH_MAX} characters and no control characters"


def _check_media_domain(site: _Site, field: str, domain: str) -> None:
    if domain not in site.media_domains:
        raise InvalidSetting(field, "names a media domain that does not exist; apply it too")


def _check_slots(field: str, slots: int) -> None:
    if not 0 <= slots <= _CAPACITY_MAX:
        raise InvalidSetting(field, f"must be a whole number of slots from 0 to {_CAPACITY_MAX:,}")
