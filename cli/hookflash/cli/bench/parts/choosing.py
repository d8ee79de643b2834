"""What choosing an agent costs by itself, by bundled strategies beside a naive scan, as a queue's agents become more.

"Chosen": from a parked invite to the command that offers it, by the engine's own index; those from `round_robin`
on are asked as well. "Scanned": the same choice by looking at everybody. "Counted": READY + ACTIVE, what a menu shows.
"""

from collections.abc import Callable
from statistics import median
from time import monotonic, thread_time
from typing import Final

from hookflash.engine.actors.decisions import Decisions
from hookflash.engine.actors.directory import Directory
from hookflash.engine.actors.matching import Match, Matching
from hookflash.engine.actors.registry import Registry
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent, state_in
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.states import State
from hookflash.engine.domain.values import (
    CHAT,
    AgentSettings,
    ChannelSession,
    Customer,
    Invite,
    QueueSettings,
    Target,
)
from hookflash.engine.plugins import PluginHost, PluginSettings
from hookflash.engine.plugins.strategies import FALLBACK, LoadedStrategy
from hookflash.sdk.types import AgentId, AgentState, ChannelId, ConversationId, InviteKind, QueueId

__all__ = ["STRATEGIES", "choosing"]

STRATEGIES: Final = (
    *("longest_available", "least_occupied"),
    *("round_robin", "random", "weighted", "former_agent_first"),
)
_QUEUE, _TALK = QueueId("bench"), ConversationId("bench")
_AT_ONCE: Final = 10
"""Calls between two looks at the clock, which costs as much as a short one."""
_A_FIFTH: Final = 5
"""One agent in so many is available."""


async def choosing(*, agents: int, repeats: int) -> list[tuple[str, float]]:
    """Return what was measured and its median in microseconds."""
    rows = [(f"chosen by {name}", _Line(name, agents).chosen_us(repeats)) for name in STRATEGIES]
    line = _Line("longest_available", agents)
    return [*rows, ("counted", line.counted_us(repeats)), ("scanned", line.scanned_us(repeats))]


class _Line:
    """A queue of so many agents, and one invite that waits in it."""

    def __init__(self, strategy: str, agents: int) -> None:
        self._plugins = PluginHost.load(PluginSettings(), monotonic)
        self._matching = Matching(lambda _settings: self._strategy(strategy), lambda *_fault: None)
        self._directory = Directory(Registry(), self._plugins, lambda _address, _message, _reply: None)
        self._decisions = Decisions(self._directory, self._matching, self._plugins)
        self._put(Address(Kind.QUEUE, _QUEUE), Queue(settings=QueueSettings(id=_QUEUE, strategy=strategy)))
        for number in range(agents):
            agent = _agent(number)
            self._put(Address(Kind.AGENT, agent.id), agent)
        self._put(Address(Kind.CONVERSATION, _TALK), _talk())
        self._matching.forget_marks()

    def chosen_us(self, repeats: int) -> float:
        """From the invite to the command that offers it."""
        waiting = self._matching.waiting(_TALK)
        if waiting is None:
            raise RuntimeError("the invite does not wait")

        def choose() -> None:
            eligible = self._matching.eligible(waiting)
            if eligible is not None:
                self._decisions.command(Match(_TALK, waiting, eligible), 1.0)

        return _median_us(choose, repeats)

    def counted_us(self, repeats: int) -> float:
        """READY + ACTIVE."""
        return _median_us(lambda: self._matching.stats(_QUEUE).available, repeats)

    def scanned_us(self, repeats: int) -> float:
        """The longest available of all who are available, by looking at everybody."""
        agents = self._directory.agents().values()
        wanted = (AgentState.READY, AgentState.ACTIVE)

        def scan() -> None:
            available = [agent for agent in agents if state_in(agent, CHAT) in wanted]
            min(available, key=lambda agent: (agent.available_since[CHAT], agent.place))

        return _median_us(scan, min(repeats, 20))

    def _strategy(self, name: str) -> LoadedStrategy:
        return self._plugins.strategy(name) or FALLBACK

    def _put(self, address: Address, state: State) -> None:
        self._directory.load(address, state, 1)
        self._matching.change(address, None, state)


def _median_us(call: Callable[[], object], repeats: int) -> float:
    spent: list[float] = []
    call()
    for _ in range(repeats):
        begun = thread_time()
        for _ in range(_AT_ONCE):
            call()
        spent.append((thread_time() - begun) / _AT_ONCE)
    return median(spent) * 1e6


def _agent(number: int) -> Agent:
    name = AgentId(f"a{number}")
    is_ready = number % _A_FIFTH == 0
    return Agent(
        id=name,
        settings=AgentSettings(id=name),
        capacity={CHAT: 3},
        place=number,
        is_logged_in=True,
        stream="desk",
        ready=frozenset({CHAT} if is_ready else ()),
        available_since={CHAT: float(number)},
    )


def _talk() -> Conversation:
    invite = Invite(
        number=1,
        kind=InviteKind.ROUTE,
        target=Target(queue=_QUEUE),
        target_name="",
        media_domain=CHAT,
        requester=None,
        requester_name="",
        note=None,
        priority=1,
        placement=1,
        placed_at=0.0,
        expire_at=300.0,
        offer_timeout_s=30.0,
        session=1,
    )
    session = ChannelSession(number=1, channel=ChannelId("bench"), address="customer", opened_at=0.0)
    return Conversation(
        id=_TALK,
        channel=ChannelId("bench"),
        channel_kind="bench",
        media_domain=CHAT,
        customer=Customer(),
        opened_at=0.0,
        sessions=(session,),
        invite=invite,
        invites=1,
    )
