"""What a queue's strategy is asked for one invite, and the command to which its answer leads (R-Q7, R-Q8).

A bundled strategy that only orders is not asked at all: its order is kept, and the best candidate gets the offer. One
that selects is asked in the turn if it is bundled, else outside the cascade; what either says is recorded, so that a
replay asks nobody.
"""

from collections.abc import Iterable
from random import Random
from typing import Final, final

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.changed import changed
from hookflash.engine.domain.commands import AnswerDecision, AskStrategy, MakeOffer
from hookflash.engine.domain.values import Decision
from hookflash.engine.plugins import BUDGET_S, Answer, PluginHost
from hookflash.engine.plugins.decisions import cursor_in
from hookflash.sdk.routing import InviteView, RoutingContext
from hookflash.sdk.types import AgentId, ConversationId

from .directory import Directory
from .eligible import Eligible
from .matching import Match, Matching, Waiting
from .shown import invite_view

__all__ = ["Decisions"]

_NO_CONTEXT: Final = RoutingContext(now=0.0, waited_s=0.0)


@final
class _Chance(Random):
    """A source that is seeded when it is first drawn from: most strategies never do, and seeding costs most of all."""

    def __init__(self, seed: str) -> None:
        self._seed: str | None = None
        super().__init__(0)
        self._seed = seed

    def begin(self, seed: str) -> "_Chance":
        """Be as one made with that seed."""
        self._seed = seed
        self.gauss_next = None  # What `gauss` keeps from the draw before.
        return self

    def random(self) -> float:
        self._sow()
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        self._sow()
        return super().getrandbits(k)

    def _sow(self) -> None:
        if self._seed is not None:
            seed, self._seed = self._seed, None
            self.seed(seed)


class Decisions:
    """Asks strategies, and judges what they say by the candidates of the moment."""

    def __init__(self, directory: Directory, matching: Matching, plugins: PluginHost) -> None:
        """Take who is there, who waits, and who is asked."""
        self._directory, self._matching, self._plugins = directory, matching, plugins
        self._chance = _Chance("")

    def command(self, match: Match, now: float) -> MakeOffer | AskStrategy | AnswerDecision:
        """What the invite is told: whom to offer itself to, or what its strategy answered, or that it is asked."""
        conversation, waiting, eligible = match
        number = waiting.invite.number
        index = self._matching.index(waiting.queue)
        strategy = index.strategy
        if not index.asks:
            agent = eligible.first
            return MakeOffer(number=number, agent=agent, agent_name=self._name(agent))
        if not strategy.is_bundled:
            return AskStrategy(number=number, strategy=strategy.name, until=now + BUDGET_S)
        view, context = self.view(conversation, waiting), self._context(self._chance, conversation, waiting, now)
        answer = self._plugins.decide(strategy, view, eligible, context)
        return self._answer(waiting, eligible, answer, now, None)

    def answer(self, waiting: Waiting, answer: Answer, now: float) -> AnswerDecision:
        """What follows now from the answer of a strategy that was asked outside."""
        return self._answer(waiting, self._matching.eligible(waiting), answer, now, waiting.invite.decision)

    def view(self, conversation: ConversationId, waiting: Waiting) -> InviteView:
        """The invite as a strategy sees it."""
        state = self._directory.conversation(conversation)
        if state is None:
            raise LookupError(f"{Address(Kind.CONVERSATION, conversation)} waits and is not there")
        required = self._matching.index(waiting.queue).required
        return invite_view(state, waiting.invite, required[min(waiting.invite.step, len(required)) - 1])

    def context(self, conversation: ConversationId, waiting: Waiting, now: float) -> RoutingContext:
        """What else a strategy may know, to be kept: of two that are asked at once both are given the same cursor."""
        return self._context(_Chance(""), conversation, waiting, now)

    def _context(self, chance: _Chance, conversation: ConversationId, waiting: Waiting, now: float) -> RoutingContext:
        invite = waiting.invite
        cursor = self._directory.queues()[waiting.queue].cursor
        return changed(
            _NO_CONTEXT,
            now=now,
            waited_s=now - invite.placed_at,
            step=invite.step,
            queue=self._matching.index(waiting.queue).view,
            cursor=cursor_in(cursor),
            random=chance.begin(f"{conversation}/{invite.number}/{invite.attempts}"),
        )

    def _answer(
        self, waiting: Waiting, eligible: Eligible | None, answer: Answer, now: float, asked: Decision | None
    ) -> AnswerDecision:
        index = self._matching.index(waiting.queue)
        choices: Iterable[AgentId] = ()
        if answer.wait_s is None and answer.rejected is None:
            invite, excluded = waiting.invite, waiting.excluded
            choices = [agent for agent in answer.agents if index.is_open_to(invite, agent, excluded)]
            if not choices and eligible is not None:
                choices = [index.by_default(eligible)]
            choices = choices if answer.to == "all" else choices[:1]
        return AnswerDecision(
            number=waiting.invite.number,
            decision=0 if asked is None else asked.number,
            strategy=index.strategy.name if asked is None else asked.strategy,
            agents=answer.agents,
            fault=answer.fault or "",
            to=answer.to,
            wait_until=None if answer.wait_s is None else now + answer.wait_s,
            rejected=answer.rejected,
            cursor=answer.cursor,
            choices=tuple([(agent, self._name(agent)) for agent in choices]),
        )

    def _name(self, agent: AgentId) -> str:
        return self._directory.agents()[agent].settings.name
