"""Which decider judges what: one door to all of them for the shell, which knows an entity by its address only.

Pure. Beside `states.py`, which says the same of folding; no decider knows this module.
"""

from collections.abc import Mapping
from typing import cast

from hookflash.engine.domain import agent_rules, queue_rules, setting_rules, site_rules
from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.agent import deadlines as agent_deadlines
from hookflash.engine.domain.conversation import decide as conversation
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.conversation.state import deadlines as conversation_deadlines
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.states import State
from hookflash.engine.domain.turn import Context, Decided
from hookflash.sdk.types import AgentId, ConversationId, QueueId

__all__ = ["deadlines", "decide"]


def decide(address: Address, state: State | None, command: c.Command, ctx: Context) -> Decided[State | None]:
    """Let the entity at that address decide. Raises Refusal, and TypeError for a command of another kind."""
    match address.kind:
        case Kind.CONVERSATION if isinstance(command, c.ConversationCommand):
            talk = cast("Conversation | None", state)
            return conversation.decide(talk, command, ctx, ConversationId(address.id))
        case Kind.AGENT if isinstance(command, c.AgentCommand):
            return agent_rules.decide(cast("Agent | None", state), command, ctx, AgentId(address.id))
        case Kind.QUEUE if isinstance(command, c.QueueCommand):
            return queue_rules.decide(cast("Queue | None", state), command, ctx, QueueId(address.id))
        case Kind.CHANNEL | Kind.ATTRIBUTE | Kind.MEDIA_DOMAIN | Kind.TOKEN if isinstance(command, c.SettingCommand):
            return setting_rules.decide(cast("setting_rules.Setting | None", state), command, ctx, address)
        case Kind.SITE if isinstance(command, c.SiteCommand):
            return site_rules.decide(command, ctx)
        case _:
            raise TypeError(f"{address} is not asked to {type(command).__name__}")


def deadlines(state: State | None) -> Mapping[c.Timer, float]:
    """What will be asked of the entity by time alone, and when."""
    match state:
        case Conversation():
            return cast("Mapping[c.Timer, float]", conversation_deadlines(state))
        case Agent():
            return cast("Mapping[c.Timer, float]", agent_deadlines(state))
        case _:
            return {}
