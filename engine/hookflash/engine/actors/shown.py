"""What strategies are shown of agents and invites: values made of states, and nothing that leads back to them.

Made many times a second, and so as copies of an empty one: that is several times as fast as their constructors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Final, assert_never, cast

from hookflash.engine.domain.agent import AVAILABLE, Agent, state_in
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.expression_tree import Comparison, Expression, Operator
from hookflash.engine.domain.values import CHAT, Invite, QueueSettings, Served
from hookflash.sdk.routing import AgentView, InviteView
from hookflash.sdk.types import AgentId, InviteId, InviteKind

from .making import maker

__all__ = ["agent_view", "invite_view", "levels_in"]

_NO_AGENT: Final = AgentView(id=AgentId(""))
_NO_INVITE: Final = InviteView(
    id=InviteId(""), kind=InviteKind.ROUTE, target="", media_domain=CHAT, placed_at=0.0, deadline=0.0
)
_make_agent: Final = maker(_NO_AGENT, *[field.name for field in fields(AgentView)])
_make_invite: Final = maker(_NO_INVITE, *[field.name for field in fields(InviteView)])
_NOTHING: Final = Served()


def agent_view(settings: QueueSettings, agent: Agent | None, today: int) -> AgentView | None:
    """The agent as strategies of that queue see him, or None while he is not available there."""
    domain, options = settings.media_domain, settings.strategy_options
    state = None if agent is None else state_in(agent, domain)
    if agent is None or state is None or state not in AVAILABLE:
        return None
    attributes = cast("Mapping[str, int]", agent.settings.attributes)
    served = agent.served.get(settings.id, _NOTHING)
    is_today = served.day == today
    return _make_agent(
        id=agent.id,
        state=state,
        load=agent.active(domain) + agent.reserved(domain),
        capacity=agent.capacity.get(domain, 0),
        available_since=agent.available_since.get(domain, 0.0),
        offered_at=served.offered_at,
        finished_at=served.finished_at,
        handled=served.handled if is_today else 0,
        talk_s=served.talk_s if is_today else 0.0,
        attributes=attributes,
        rank=_level(attributes, options.get("rank_by", "")),
        place=agent.place,
        weight=_level(attributes, options.get("weight_by", "")),
    )


def invite_view(state: Conversation, invite: Invite, required: Mapping[str, int]) -> InviteView:
    """The open invite of a conversation: never its note, never a text. `required`: the levels that its steps name."""
    tried = invite.tried
    return _make_invite(
        id=InviteId(f"conversations/{state.id}/invites/{invite.number}"),
        kind=invite.kind,
        target=f"queues/{invite.target.queue}",
        channel=state.channel,
        media_domain=invite.media_domain,
        priority=invite.priority,
        placed_at=invite.placed_at,
        deadline=invite.expire_at,
        customer=state.address,
        required=required,
        offers_made=sum([each.count for each in tried]) if tried else 0,
        passed_over=tuple([each.agent for each in tried]) if tried else (),
        former_agents=_former(state, invite) if state.former else (),
    )


def _former(state: Conversation, invite: Invite) -> tuple[AgentId, ...]:
    """Who was in the conversation and could come back: not its inviting agent, nor who is in it again (R-Q4)."""
    return tuple([each for each in state.former if each != invite.requester and state.participant(each) is None])


def levels_in(steps: Sequence[Expression]) -> Mapping[str, int]:
    """The least level of each attribute that these steps ask for; a later step's word counts, it asks for less."""
    return {each.attribute: least for step in steps for each in step.comparisons if (least := _least(each))}


def _least(comparison: Comparison) -> int:
    """The least level that satisfies a comparison from below; 0 where it asks for none."""
    match comparison.operator:
        case Operator.EQUAL | Operator.GREATER_OR_EQUAL:
            return comparison.value
        case Operator.GREATER:
            return comparison.value + 1
        case Operator.UNEQUAL:
            return 0 if comparison.value else 1
        case Operator.LESS | Operator.LESS_OR_EQUAL:
            return 0
        case _:
            assert_never(comparison.operator)


def _level(attributes: Mapping[str, int], name: str) -> int:
    return attributes.get(name, 1) if name else 1
