"""Channels, attributes, media domains and tokens: entities whose whole state is their settings."""

from typing import TypeAlias, assert_never

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.expressions import parse
from hookflash.engine.domain.refusals import (
    AttributeInUse,
    ChannelInUse,
    ChannelNotFound,
    InvalidSetting,
    TokenNotFound,
)
from hookflash.engine.domain.turn import Context, Decided
from hookflash.engine.domain.values import (
    CHAT,
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    TokenSettings,
)
from hookflash.sdk.types import ChannelId

__all__ = ["Setting", "decide", "evolve"]

Setting: TypeAlias = ChannelSettings | AttributeSettings | MediaDomainSettings | TokenSettings


def evolve(_state: Setting | None, event: e.SettingEvent) -> Setting | None:
    """The state after the event: the settings, or None when they are gone."""
    match event:
        case (
            e.ChannelConfigured(settings=settings)
            | e.AttributeConfigured(settings=settings)
            | e.MediaDomainConfigured(settings=settings)
            | e.TokenCreated(settings=settings)
        ):
            return settings
        case e.ChannelDeleted() | e.AttributeDeleted() | e.MediaDomainDeleted() | e.TokenRevoked():
            return None
        case _:
            assert_never(event)


def decide(state: Setting | None, command: c.SettingCommand, ctx: Context, address: Address) -> Decided[Setting | None]:
    """The events of the command and the state after them."""
    event = _event(state, command, ctx, address)
    return Decided([event], evolve(state, event), [])


def _event(state: Setting | None, command: c.SettingCommand, ctx: Context, address: Address) -> e.SettingEvent:
    match command:
        case c.ConfigureChannel(settings=settings):
            return e.ChannelConfigured(settings=settings)
        case c.ConfigureAttribute(settings=attribute):
            return e.AttributeConfigured(settings=attribute)
        case c.ConfigureMediaDomain(settings=domain):
            return e.MediaDomainConfigured(settings=domain)
        case c.CreateToken(settings=token):
            return e.TokenCreated(settings=token)
        case c.RevokeToken():
            if state is None:
                raise TokenNotFound(address.id)
            return e.TokenRevoked()
        case c.DeleteChannel():
            if state is None:
                raise ChannelNotFound(address.id)
            if ctx.facts.channel_uses(ChannelId(address.id)):
                raise ChannelInUse(address.id, "it has an open ChannelSession or an unsettled Delivery")
            return e.ChannelDeleted()
        case c.DeleteAttribute():
            _refuse_attribute_in_use(ctx, address.id)
            return e.AttributeDeleted()
        case c.DeleteMediaDomain():
            _refuse_media_domain_in_use(ctx, address.id)
            return e.MediaDomainDeleted()
        case _:
            assert_never(command)


def _refuse_attribute_in_use(ctx: Context, attribute: str) -> None:
    for agent in ctx.facts.agents().values():
        if attribute in agent.settings.attributes:
            raise AttributeInUse(attribute, f"agent {agent.id} has it")
    for queue in ctx.facts.queues().values():
        if any(attribute in parse(step.expression).attributes for step in queue.settings.steps):
            raise AttributeInUse(attribute, f"a step of queue {queue.settings.id} names it")


def _refuse_media_domain_in_use(ctx: Context, domain: str) -> None:
    if domain == CHAT:
        raise InvalidSetting("media_domains", "chat is there from the start and stays")
    for queue in ctx.facts.queues().values():
        if queue.settings.media_domain == domain:
            raise InvalidSetting("media_domains", f"queue {queue.settings.id} is in {domain}; delete it first")
    for channel in ctx.facts.channels().values():
        if channel.media_domain == domain:
            raise InvalidSetting("media_domains", f"channel {channel.id} is in {domain}; delete it first")
