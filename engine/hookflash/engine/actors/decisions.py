"""What a queue's strategy is asked for one invite, and the command to which its answer leads (R-Q7, R-Q8).

A bundled strategy that only orders is not asked at all: its order is kept, and the best candidate gets the offer. One
that selects is asked in the turn if it is bundled, else outside the cascade; what either says is recorded, so that a
replay asks nobody. While its order has failed the default decides.
"""

from hashlib import blake2b, shake_128
from random import Random
from typing import Final, final

from hookflash.engine.domain.commands import AnswerDecision, AskStrategy, MakeOffer
from hookflash.engine.domain.values import Decision, Invite
from hookflash.engine.plugins import BUDGET_S, Answer, PluginHost
from hookflash.engine.plugins.decisions import cursor_in
from hookflash.sdk.routing import RoutingContext
from hookflash.sdk.types import AgentId, ConversationId

from .directory import Directory
from .eligible import Eligible
from .making import maker
from .matching import Match, Matching, Waiting

__all__ = ["Decisions"]

_NO_CONTEXT: Final = RoutingContext(now=0.0, waited_s=0.0)
_make_context: Final = maker(_NO_CONTEXT, "now", "waited_s", "step", "queue", "cursor", "random")
_DIGEST_SIZE_MAX: Final = 64
"""Bytes of a blake2b."""

_FLOAT_BITS: Final = 53
"""As many bits of chance as a float between 0 and 1 can hold."""


@final
class _Chance(Random):
    """A source of chance that an invite and the number of its offers decide.

    Each draw is a digest: to seed the generator of `Random` would take longer than the rest of a decision.
    """

    def __init__(self) -> None:
        self._seed = ""
        self._draws = 0
        super().__init__(0)

    def begin(self, conversation: ConversationId, invite: Invite) -> "_Chance":
        """Begin anew, as for that invite."""
        self._seed, self._draws = f"{conversation}/{invite.number}/{invite.attempts}", 0
        self.gauss_next = None  # What `gauss` keeps from the draw before.
        return self

    def random(self) -> float:
        return self.getrandbits(_FLOAT_BITS) / (1 << _FLOAT_BITS)

    def getrandbits(self, k: int, /) -> int:
        if k <= 0:
            if k < 0:
                raise ValueError("number of bits must be non-negative")
            return 0
        self._draws += 1
        text, size = f"{self._seed}/{self._draws}".encode(), (k + 7) // 8
        # The first is twice as quick, and ends at that size.
        drawn = blake2b(text, digest_size=size).digest() if size <= _DIGEST_SIZE_MAX else shake_128(text).digest(size)
        return int.from_bytes(drawn) >> (-k % 8)


class Decisions:
    """Asks strategies, and judges what they say by the candidates of the moment."""

    def __init__(self, directory: Directory, matching: Matching, plugins: PluginHost) -> None:
        """Take who is there, who waits, and who is asked."""
        self._directory, self._matching, self._plugins = directory, matching, plugins
        self._chance = _Chance()

    def command(self, match: Match, now: float) -> MakeOffer | AskStrategy | AnswerDecision:
        """What the invite is told: whom to offer itself to, or what its strategy answered, or that it is asked."""
        conversation, waiting, eligible = match
        number = waiting.invite.number
        index = self._matching.index(waiting.queue)
        strategy = index.strategy
        if not index.asks or index.has_fallen_back:
            agent = eligible.first
            name = self._directory.agents()[agent].settings.name
            return MakeOffer(number=number, agent=agent, agent_name=name)
        if not strategy.is_bundled:
            return AskStrategy(number=number, strategy=strategy.name, until=now + BUDGET_S)
        view, context = self._matching.view(waiting), self._context(self._chance, conversation, waiting, now)
        answer = self._plugins.decide(strategy, view, eligible, context)
        return self._told(waiting, answer, now, answer.agents or self._default(waiting, answer, eligible), None)

    def answer(self, waiting: Waiting, answer: Answer, now: float) -> AnswerDecision:
        """What follows now from the answer of a strategy that was asked outside."""
        invite, excluded = waiting.invite, waiting.excluded
        is_open_to = self._matching.index(waiting.queue).is_open_to
        agents = tuple([agent for agent in answer.agents if is_open_to(invite, agent, excluded)])
        if not agents:
            agents = self._default(waiting, answer, self._matching.eligible(waiting))
        return self._told(waiting, answer, now, agents, invite.decision)

    def context(self, conversation: ConversationId, waiting: Waiting, now: float) -> RoutingContext:
        """What else a strategy may know, to be kept: of two that are asked at once both are given the same cursor."""
        return self._context(_Chance(), conversation, waiting, now)

    def _context(self, chance: _Chance, conversation: ConversationId, waiting: Waiting, now: float) -> RoutingContext:
        invite = waiting.invite
        cursor = self._directory.queues()[waiting.queue].cursor
        return _make_context(
            now=now,
            waited_s=now - invite.placed_at,
            step=invite.step,
            queue=self._matching.index(waiting.queue).view,
            cursor=cursor_in(cursor),
            random=chance.begin(conversation, invite),
        )

    def _default(self, waiting: Waiting, answer: Answer, eligible: Eligible | None) -> tuple[AgentId, ...]:
        """Whom the default asks: somebody, unless the strategy wants nobody asked or there is nobody (R-Q8)."""
        if eligible is None or answer.wait_s is not None or answer.rejected is not None:
            return ()
        return (self._matching.index(waiting.queue).by_default(eligible),)

    def _told(
        self, waiting: Waiting, answer: Answer, now: float, agents: tuple[AgentId, ...], asked: Decision | None
    ) -> AnswerDecision:
        known = self._directory.agents()
        strategy = self._matching.index(waiting.queue).strategy.name if asked is None else asked.strategy
        chosen = agents if answer.to == "all" else agents[:1]
        return AnswerDecision(
            number=waiting.invite.number,
            decision=0 if asked is None else asked.number,
            strategy=strategy,
            agents=answer.agents,
            fault=answer.fault or "",
            to=answer.to,
            wait_until=None if answer.wait_s is None else now + answer.wait_s,
            rejected=answer.rejected,
            cursor=answer.cursor,
            choices=tuple([(agent, known[agent].settings.name) for agent in chosen]),
        )
