"""What a routing strategy is shown and what it answers.

A strategy orders candidates that the engine found eligible; offering, accepting, timers, steps and the ttl are never
its business. It keeps no state: the same views and cursor give the same answer, and the engine checks every answer.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import ClassVar, Literal, Protocol, Self, TypeAlias, TypeVar, cast, final, runtime_checkable

from hookflash.sdk.config import DataclassLike, fill
from hookflash.sdk.types import (
    AgentId,
    AgentState,
    ChannelId,
    InviteId,
    InviteKind,
    MediaDomainId,
    QueueId,
)

__all__ = [
    "ENGINE_OPTIONS",
    "NO_QUEUE",
    "AgentView",
    "Candidates",
    "Cursor",
    "Decision",
    "InviteView",
    "Offer",
    "OrderKey",
    "OrderedCandidates",
    "QueueOrdering",
    "QueueView",
    "Reject",
    "RoutingContext",
    "RoutingStrategy",
    "SelectingStrategy",
    "Wait",
    "options_in",
    "options_of",
]

OptionsT = TypeVar("OptionsT", bound=DataclassLike)

ENGINE_OPTIONS = frozenset({"rank_by", "weight_by"})
"""The `strategy_options` that every queue takes: the engine reads them, not the strategy."""

OrderKey: TypeAlias = tuple[int | float | str, ...]

Cursor: TypeAlias = "bool | int | float | str | list[Cursor] | dict[str, Cursor] | None"
"""What a strategy wants to find again at its next decision in the same queue: a JSON value, kept with the Decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """A candidate as a strategy sees him; times are seconds of engine time, None where it never happened.

    `load` (with open offers) and `capacity` are those of the queue's media domain. `rank` is the order class, `weight`
    the share: from the attributes that the queue's options name, else 1. `place` is the order of creation.
    """

    id: AgentId
    state: AgentState = AgentState.READY
    load: int = 0
    capacity: int = 1
    available_since: float = 0.0
    offered_at: float | None = None
    finished_at: float | None = None
    handled: int = 0
    talk_s: float = 0.0
    attributes: Mapping[str, bool | int] = field(default_factory=dict)
    rank: int = 1
    place: int = 0
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """The queue whose candidates are ordered; `options` are its `strategy_options`, as an admin wrote them.

    `required` are the attributes that its Steps name, in their order.
    """

    id: QueueId
    media_domain: MediaDomainId
    priority: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    display_name: str = ""


NO_QUEUE = QueueView(id=QueueId(""), media_domain=MediaDomainId(""))
"""The queue of a context made without one: it has no options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteView:
    """The invite an agent is sought for: never its note, never a text; times are seconds of engine time."""

    id: InviteId
    kind: InviteKind
    target: str
    channel: ChannelId | None = None
    media_domain: MediaDomainId
    priority: int = 1
    placed_at: float
    deadline: float
    customer: str | None = None
    required: Mapping[str, bool | int] = field(default_factory=dict)
    offers_made: int = 0
    passed_over: tuple[AgentId, ...] = ()
    former_agents: tuple[AgentId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingContext:
    """What else may be known: the time, how long the invite waits, its open step (from 1), and a random source.

    `cursor` is what the last Decision in this queue left (None: nothing yet, or the strategy changed since). `random`
    is seeded by the engine from the invite's id, so that a repeated call draws the same.
    """

    now: float
    waited_s: float
    step: int = 1
    queue: QueueView = NO_QUEUE
    cursor: Cursor = None
    random: Random = field(default_factory=lambda: Random(0), compare=False)  # noqa: S311 - replayable by intent


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Offer the invite to these candidates: `one`, the first of them who can be reserved, or `all` of them at once.

    With `all` the first accept wins and the other offers are REVOKED in the same record (R-O1).
    """

    agents: tuple[AgentId, ...]
    to: Literal["one", "all"] = "one"
    cursor: Cursor = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Offer to nobody for `wait_s` seconds; asked again then, and before that whenever the candidates change."""

    wait_s: float
    cursor: Cursor = None

    @classmethod
    def for_candidates(cls, invite: InviteView, context: RoutingContext) -> Self:
        """Wait for other candidates as long as the invite lives, and leave the cursor as it was."""
        return cls(wait_s=max(invite.deadline - context.now, 0.0), cursor=context.cursor)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """End the invite: NO_AGENT, with a reason for the record in a word or two."""

    reason: str
    cursor: Cursor = None


Decision: TypeAlias = Offer | Wait | Reject


@runtime_checkable
class RoutingStrategy(Protocol):
    """Orders a queue's candidates; registered as a class, made once without arguments. PURE: 50 ms, no I/O.

    An optional class attribute `Options`, a dataclass, names the `strategy_options` it takes: they are checked when a
    queue is applied. Without it every option is handed through unchecked.
    """

    name: ClassVar[str]

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        """Give the agent's key in this queue: the smaller is asked earlier, ties go by agent id."""


class Candidates(Protocol):
    """The candidates of one invite in the strategy's own order, best first; a lazy view, valid during the call.

    `get`, `at` and `count_until` cost O(log n), so a strategy need not look at everybody.
    """

    def __iter__(self) -> Iterator[AgentView]:
        """Go through them, best first."""

    def __len__(self) -> int:
        """Count them."""

    def get(self, agent: AgentId) -> AgentView | None:
        """Give this agent if he is a candidate."""

    def top(self, count: int) -> Sequence[AgentView]:
        """Give the best `count` of them."""

    def at(self, index: int) -> AgentView:
        """Give the one at this place, 0 the best. Raises IndexError."""

    def count_until(self, key: OrderKey) -> int:
        """Count those whose order key is at most `key`: `at` of that is the first one behind it."""


@runtime_checkable
class SelectingStrategy(RoutingStrategy, Protocol):
    """A strategy that also looks at the invite; `order` stays what it falls back on."""

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        """Choose among the candidates; Offer, Wait or Reject. The engine shows at least one, a wrapper perhaps none."""


@runtime_checkable
class QueueOrdering(Protocol):
    """Orders the waiting invites of one queue; registered as a class, made once without arguments. PURE: 50 ms.

    The key may use the invite's `priority` (11 for one that came back), which else says nothing any more. The engine's
    own order (R-Q3) stays the tie-break, and orders queues among each other, each by its first invite.
    """

    name: ClassVar[str]

    def key(self, invite: InviteView) -> OrderKey:
        """Give the invite's key: the smaller is served earlier."""


def options_of(strategy: type[RoutingStrategy]) -> type[DataclassLike] | None:
    """Give the strategy's `Options` dataclass, or None if it declares none."""
    found: type[DataclassLike] | None = getattr(strategy, "Options", None)
    return found


def options_in(options: type[OptionsT], queue: QueueView) -> OptionsT:
    """Give the queue's `strategy_options` as the strategy's Options; raises ConfigError for what Apply would refuse."""
    return cast("OptionsT", _filled(options, frozenset(queue.options.items())))


@lru_cache(maxsize=1024)
def _filled(options: type[DataclassLike], given: frozenset[tuple[str, str]]) -> DataclassLike:
    return fill(options, {name: value for name, value in given if name not in ENGINE_OPTIONS})


@final
class OrderedCandidates:
    """Candidates sorted once by a strategy's `order`, ties by agent id."""

    __slots__ = ("_by_id", "_keys", "_sorted")

    def __init__(self, strategy: RoutingStrategy, queue: QueueView, agents: Sequence[AgentView]) -> None:
        """Sort; whatever `order` raises comes through."""
        # The key is not spread: two tuples of different length must still compare before the id does.
        keyed = sorted(((strategy.order(agent, queue), agent.id, agent) for agent in agents), key=lambda one: one[:2])
        self._keys = [key for key, _, _ in keyed]
        self._sorted = tuple(agent for _, _, agent in keyed)
        self._by_id = {agent.id: agent for agent in agents}

    def __iter__(self) -> Iterator[AgentView]:
        """Go through them, best first."""
        return iter(self._sorted)

    def __len__(self) -> int:
        """Count them."""
        return len(self._sorted)

    def get(self, agent: AgentId) -> AgentView | None:
        """Give this agent if he is a candidate."""
        return self._by_id.get(agent)

    def top(self, count: int) -> Sequence[AgentView]:
        """Give the best `count` of them."""
        return self._sorted[:count]

    def at(self, index: int) -> AgentView:
        """Give the one at this place, 0 the best. Raises IndexError."""
        if index < 0:
            raise IndexError(index)
        return self._sorted[index]

    def count_until(self, key: OrderKey) -> int:
        """Count those whose order key is at most `key`."""
        return bisect_right(self._keys, key)
