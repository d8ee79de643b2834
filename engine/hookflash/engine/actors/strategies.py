"""Strategies that are not bundled, asked outside the cascade: the invite waits for their answer, nothing else does.

What they say comes back as a command and is judged against the candidates of that moment; what they fail to say
within their 50 ms, the default order decides (R-Q8).
"""

import asyncio
from contextlib import suppress

import structlog

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.commands import EndDecision
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.plugins import Answer as StrategyAnswer
from hookflash.engine.plugins import PluginHost
from hookflash.sdk.hosting.asking import Asking
from hookflash.sdk.types import ConversationId

from .calls import Call
from .matching import Match
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
        self._open: dict[tuple[ConversationId, int], Asking[StrategyAnswer]] = {}
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
        decisions, now = self._shard.world.decisions, self._shard.clock.now()
        index = self._shard.matching.index(waiting.queue)
        key = (match.conversation, decision.number)

        def on_answer(answer: StrategyAnswer) -> None:
            with suppress(RuntimeError):  # The loop is closed.
                self._loop.call_soon_threadsafe(self._answered, *key, answer)

        self._open[key] = self._plugins.ask(
            index.strategy,
            self._shard.matching.view(waiting),
            index.view,
            list(self._shard.matching.eligible(waiting) or ()),
            decisions.context(match.conversation, waiting, now),
            on_answer,
        )

    def _answered(self, conversation: ConversationId, decision: int, answer: StrategyAnswer) -> None:
        if self._open.pop((conversation, decision), None) is not None:
            self._decide(conversation, decision, answer)

    def _decide(self, conversation: ConversationId, decision: int, answer: StrategyAnswer) -> None:
        waiting = self._shard.matching.waiting(conversation)
        if waiting is None or waiting.invite.decision is None or waiting.invite.decision.number != decision:
            return  # The invite ended, or was decided, while the plugin thought.
        command = self._shard.world.decisions.answer(waiting, answer, self._shard.clock.now())
        call = Call(cause=CauseKind.PLUGIN, method=waiting.invite.decision.strategy)
        try:
            done = self._shard.run(Address(Kind.CONVERSATION, conversation), command, call)
        except Refusal as refusal:
            _log.warning("strategy.answer_refused", conversation=conversation, reason=str(refusal))
            return
        asyncio.ensure_future(done).add_done_callback(lambda future: future.cancelled() or future.exception())
