"""Strategies that are not bundled, asked outside the cascade: the invite waits for their answer, nothing else does.

What they say comes back as a command and is judged against the candidates of that moment; what they fail to say
within their 50 ms, the default order decides (R-Q8).
"""

import asyncio
from contextlib import suppress
from random import Random

import structlog

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.commands import AnswerDecision, EndDecision
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.plugins import Answer as StrategyAnswer
from hookflash.engine.plugins import PluginHost
from hookflash.engine.plugins.asking import Asking
from hookflash.sdk.routing import InviteView, RoutingContext
from hookflash.sdk.types import AgentId, ConversationId, InviteId

from .calls import Call
from .matching import Match, Waiting
from .shard import Shard

__all__ = ["Strategies"]

_log = structlog.get_logger(__name__)

_OUT_OF_TIME = "it took longer than 50 ms"


class Strategies:
    """The open questions to plugins."""

    def __init__(self, shard: Shard, plugins: PluginHost) -> None:
        """Ask whenever the shard's cascades have recorded that a strategy is to be asked."""
        self._shard = shard
        self._plugins = plugins
        self._loop = asyncio.get_running_loop()
        self._open: dict[tuple[ConversationId, int], Asking[tuple[AgentId, ...]]] = {}
        shard.on_asked = self._ask

    def end_decision(self, address: Address, command: EndDecision) -> None:
        """The plugin's time is over: the default decides, and its answer will be dropped."""
        asking = self._open.pop((ConversationId(address.id), command.decision), None)
        if asking is not None:
            asking.give_up()
        self._decide(ConversationId(address.id), command.decision, StrategyAnswer(fault=_OUT_OF_TIME))

    def _ask(self, match: Match) -> None:
        waiting = self._shard.matching.waiting(match.conversation)
        decision = None if waiting is None else waiting.invite.decision
        if waiting is None or decision is None:
            return
        index = self._shard.matching.index(waiting.queue)
        key = (match.conversation, decision.number)

        def on_answer(answer: StrategyAnswer) -> None:
            with suppress(RuntimeError):  # The loop is closed.
                self._loop.call_soon_threadsafe(self._answered, *key, answer)

        self._open[key] = self._plugins.ask(
            index.strategy,
            self._view(match.conversation, waiting),
            index.view,
            self._shard.matching.candidates(waiting),
            self._context(match.conversation, waiting),
            on_answer,
        )

    def _answered(self, conversation: ConversationId, decision: int, answer: StrategyAnswer) -> None:
        if self._open.pop((conversation, decision), None) is not None:
            self._decide(conversation, decision, answer)

    def _decide(self, conversation: ConversationId, decision: int, answer: StrategyAnswer) -> None:
        waiting = self._shard.matching.waiting(conversation)
        if waiting is None or waiting.invite.decision is None or waiting.invite.decision.number != decision:
            return  # The invite ended, or was decided, while the plugin thought.
        agent = self._shard.matching.choose(waiting, answer.agents)
        command = AnswerDecision(
            number=waiting.invite.number,
            decision=decision,
            agents=answer.agents,
            fault=answer.fault or "",
            choice=agent,
            choice_name="" if agent is None else self._shard.facts.agents()[agent].settings.name,
        )
        call = Call(cause=CauseKind.PLUGIN, method=waiting.invite.decision.strategy)
        try:
            done = self._shard.run(Address(Kind.CONVERSATION, conversation), command, call)
        except Refusal as refusal:
            _log.warning("strategy.answer_refused", conversation=conversation, reason=str(refusal))
            return
        asyncio.ensure_future(done).add_done_callback(lambda future: future.cancelled() or future.exception())

    def _view(self, conversation: ConversationId, waiting: Waiting) -> InviteView:
        invite = waiting.invite
        state = self._shard.state(Address(Kind.CONVERSATION, conversation))
        channel = state.channel if isinstance(state, Conversation) else None
        return InviteView(
            id=InviteId(f"conversations/{conversation}/invites/{invite.number}"),
            kind=invite.kind,
            target=f"queues/{waiting.queue}",
            channel=channel,
            media_domain=invite.media_domain,
            priority=invite.priority,
            placed_at=invite.placed_at,
            deadline=invite.expire_at,
            offers_made=invite.attempts,
            passed_over=tuple(tried.agent for tried in invite.tried),
        )

    def _context(self, conversation: ConversationId, waiting: Waiting) -> RoutingContext:
        now = self._shard.clock.now()
        seed = f"{conversation}/{waiting.invite.number}/{waiting.invite.attempts}"
        return RoutingContext(
            now=now,
            waited_s=now - waiting.invite.placed_at,
            step=waiting.invite.step,
            random=Random(seed),  # noqa: S311  replayable by intent
        )
