"""Each strategy against the published definition it follows, written down here naively: lists and loops over everybody.

Nothing here uses a strategy's own key. A pool is emptied agent by agent, so that not only the first choice counts.
"""
# ruff: noqa: S311 - chance that can be repeated, by intent

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

import pytest

from hookflash.plugins.any_one import AnyOne
from hookflash.plugins.fewest_handled import FewestHandled
from hookflash.plugins.former_agent_first import FormerAgentFirst
from hookflash.plugins.least_occupied import LeastOccupied
from hookflash.plugins.least_proficient import LeastProficient
from hookflash.plugins.least_recent import LeastRecent
from hookflash.plugins.longest_available import LongestAvailable
from hookflash.plugins.most_proficient import MostProficient
from hookflash.plugins.offer_all import OfferAll
from hookflash.plugins.pack import Pack
from hookflash.plugins.round_robin import RoundRobin
from hookflash.plugins.top_down import TopDown
from hookflash.plugins.weighted import Weighted
from hookflash.sdk import AgentId, AgentView, Cursor, Decision, Offer, RoutingStrategy, Wait
from hookflash.sdk.testing import agent_views
from tests.plugins.deciding import INVITE, decide, queue

Pool = list[AgentView]
Definition = Callable[[Pool], AgentView]


def _longest_available(pool: Pool) -> AgentView:
    """Amazon Connect, Cisco: whoever has been available longest; FreeSWITCH: of the lowest level, ties by position."""
    first_level = [agent for agent in pool if all(agent.rank <= other.rank for other in pool)]
    longest = max(100.0 - agent.available_since for agent in first_level)
    waiting = [agent for agent in first_level if 100.0 - agent.available_since == longest]
    return min(waiting, key=lambda agent: agent.place)


def _least_recent(pool: Pool) -> AgentView:
    """Asterisk: the member whom this queue hung up on least recently; one who never had a call goes first."""
    never = [agent for agent in pool if agent.finished_at is None]
    ago = {agent.id: 100.0 - agent.finished_at for agent in pool if agent.finished_at is not None}
    longest_ago = [agent for agent in pool if ago and ago.get(agent.id) == max(ago.values())]
    return min(never or longest_ago, key=lambda agent: agent.place)


def _then_longest(pool: Pool, measure: Callable[[AgentView], float]) -> AgentView:
    least = [agent for agent in pool if all(measure(agent) <= measure(other) for other in pool)]
    earliest = [agent for agent in least if all(agent.available_since <= other.available_since for other in least)]
    return next(agent for agent in sorted(pool, key=lambda agent: agent.id) if agent in earliest)


def _expertflow(pool: Pool) -> AgentView:
    """Expertflow CX: fewest active conversations, then longest available."""
    return _then_longest(pool, lambda agent: agent.load)


def _salesforce_most_available(pool: Pool) -> AgentView:
    return _then_longest(pool, lambda agent: -(agent.capacity - agent.load))


def _by_ratio(pool: Pool) -> AgentView:
    return _then_longest(pool, lambda agent: agent.load / agent.capacity)


def _fewest_calls(pool: Pool) -> AgentView:
    """Asterisk `fewestcalls`, FreeSWITCH `agent-with-fewest-calls`."""
    return _then_longest(pool, lambda agent: agent.handled)


def _least_talk(pool: Pool) -> AgentView:
    """FreeSWITCH `agent-with-least-talk-time`."""
    return _then_longest(pool, lambda agent: agent.talk_s)


def _top_down(pool: Pool) -> AgentView:
    """Asterisk `linear`: penalty by penalty, in the order of the configuration."""
    for level in range(11):
        for place in range(1000):
            for agent in pool:
                if (agent.rank, agent.place) == (level, place):
                    return agent
    raise AssertionError("everybody has a rank and a place")


def _pack(pool: Pool) -> AgentView:
    return _then_longest(pool, lambda agent: agent.capacity - agent.load)


def _most_skilled(pool: Pool) -> AgentView:
    """Cisco: the sum of the levels in the skills that the queue asks for."""
    return _then_longest(pool, lambda agent: -(agent.attributes["english"] + agent.attributes["senior"]))


def _most_skilled_by_weight(pool: Pool) -> AgentView:
    return _then_longest(pool, lambda agent: -(2 * agent.attributes["english"] + 7 * agent.attributes["senior"]))


def _least_skilled(pool: Pool) -> AgentView:
    return _then_longest(pool, lambda agent: agent.attributes["english"])


@pytest.mark.spec("R-Q7")
@pytest.mark.parametrize(
    ("strategy", "options", "definition"),
    [
        (LongestAvailable(), {}, _longest_available),
        (LeastRecent(), {}, _least_recent),
        (LeastOccupied(), {}, _expertflow),
        (LeastOccupied(), {"by": "free"}, _salesforce_most_available),
        (LeastOccupied(), {"by": "ratio"}, _by_ratio),
        (FewestHandled(), {}, _fewest_calls),
        (FewestHandled(), {"by": "talk_s"}, _least_talk),
        (TopDown(), {}, _top_down),
        (Pack(), {}, _pack),
        (MostProficient(), {"attributes": "english,senior"}, _most_skilled),
        (MostProficient(), {"attributes": "english, senior", "weights": "2, 7"}, _most_skilled_by_weight),
        (LeastProficient(), {}, _least_skilled),
    ],
)
def test_it_chooses_as_its_definition_does(
    strategy: RoutingStrategy, options: Mapping[str, str], definition: Definition
) -> None:
    for seed in range(60):
        pool = agent_views(Random(seed).randint(1, 25), seed)
        while pool:
            expected = definition(pool)
            decision = decide(strategy, pool, options=options, required=("english",))
            assert decision == Offer(agents=(expected.id,)), (seed, len(pool))
            pool.remove(expected)


def test_round_robin_goes_on_from_whom_it_asked_last_among_whoever_is_there() -> None:
    """Asterisk `rrmemory` and `rrordered`: one step on in the ring of all members, over those who are away."""
    for seed in range(30):
        draw = Random(seed)
        ring = sorted(agent_views(12, seed), key=lambda agent: agent.place)
        at, cursor = len(ring) - 1, None
        for _ in range(40):
            here = draw.sample(ring, draw.randint(1, len(ring)))
            for _ in ring:
                at = (at + 1) % len(ring)
                if ring[at] in here:
                    break
            decision = decide(RoundRobin(), here, cursor=cursor)
            assert isinstance(decision, Offer)
            assert decision.agents == (ring[at].id,)
            cursor = json.loads(json.dumps(decision.cursor))


def test_round_robin_takes_a_cursor_of_another_strategy_for_none() -> None:
    cursors: list[Cursor] = [None, "ann", {"at": 3}, True]
    for cursor in cursors[:3]:
        assert decide(RoundRobin(), agent_views(5, 1), cursor=cursor) == Offer(agents=(AgentId("a00000"),), cursor=0)


DRAWS = 20_000


def _chi_square(drawn: Counter[AgentId], expected: Mapping[AgentId, float]) -> float:
    assert set(drawn) <= {agent for agent, share in expected.items() if share}
    return sum((drawn[agent] - share * DRAWS) ** 2 / (share * DRAWS) for agent, share in expected.items() if share)


def _critical(classes: int) -> float:
    """The chi-square that a right distribution exceeds once in 1,000 (Wilson and Hilferty's approximation)."""
    free = classes - 1
    return float(free * (1 - 2 / (9 * free) + 3.09 * (2 / (9 * free)) ** 0.5) ** 3)


def _drawn(strategy: RoutingStrategy, pool: Pool, options: Mapping[str, str]) -> Counter[AgentId]:
    draw, drawn = Random(7), Counter[AgentId]()
    for _ in range(DRAWS):
        decision = decide(strategy, pool, options=options, random=draw)
        assert isinstance(decision, Offer)
        drawn[decision.agents[0]] += 1
    return drawn


def test_random_asks_everybody_alike() -> None:
    pool = agent_views(10, 3)
    drawn = _drawn(AnyOne(), pool, {})
    assert _chi_square(drawn, {agent.id: 1 / 10 for agent in pool}) < _critical(10)


def test_weighted_by_penalty_has_the_chances_of_asterisks_metric() -> None:
    """Each draws `random() % ((1 + penalty) * 1000)`, the lowest wins, the first of equals."""
    ranks = [1, 1, 1, 2, 2, 3, 5, 11]
    pool = [AgentView(id=AgentId(f"a{place}"), rank=rank, place=place) for place, rank in enumerate(ranks)]
    # Exactly: i wins with value v if all others draw more; the definition's ties are one in 1,000 and left out.
    steps = 1000
    expected = {}
    for one in pool:
        total = 0.0
        for step in range(steps):
            value = (step + 0.5) / steps * one.rank
            chance = 1.0
            for other in pool:
                if other is not one:
                    chance *= max(0.0, 1 - value / other.rank)
            total += chance / steps
        expected[one.id] = total
    assert sum(expected.values()) == pytest.approx(1.0, abs=1e-3)
    draw, naive = Random(11), Counter[AgentId]()
    for _ in range(DRAWS):
        metrics = [(draw.randrange(1000 * (1 + agent.rank - 1)), agent.place) for agent in pool]
        naive[pool[min(metrics)[1]].id] += 1
    assert _chi_square(naive, expected) < _critical(len(pool))
    assert _chi_square(_drawn(Weighted(), pool, {}), expected) < _critical(len(pool))


def test_weighted_by_share_draws_as_the_percentages_say() -> None:
    """Webex: 50, 30 and 20 percent; and who has none is asked only where nobody has any."""
    shares = {"half": 5, "third": 3, "fifth": 2, "none": 0}
    pool = [
        AgentView(id=AgentId(name), weight=share, place=place) for place, (name, share) in enumerate(shares.items())
    ]
    drawn = _drawn(Weighted(), pool, {"by": "share"})
    assert _chi_square(drawn, {AgentId(name): share / 10 for name, share in shares.items()}) < _critical(3)
    assert decide(Weighted(), pool[3:], options={"by": "share"}) == Offer(agents=(AgentId("none"),))


def _first(pool: Pool, count: int) -> tuple[AgentId, ...]:
    left: Pool = list(pool)
    taken: Pool = []
    while left and len(taken) < count:
        taken.append(_top_down(left))
        left.remove(taken[-1])
    return tuple(agent.id for agent in taken)


def test_offer_all_rings_everybody_at_once_up_to_its_limit() -> None:
    """Asterisk `ringall`, FreeSWITCH `ring-all`."""
    pool = agent_views(30, 5)
    assert decide(OfferAll(), pool) == Offer(agents=_first(pool, 30), to="all")
    assert decide(OfferAll(), pool, options={"at_once_max": "7"}) == Offer(agents=_first(pool, 7), to="all")


def test_offer_all_in_batches_asks_more_in_each_round() -> None:
    """FreeSWITCH `ring-progressively`, in rounds of which each is a batch larger than all before it together."""
    pool, asked, rounds = agent_views(30, 5), 0, []
    for _ in range(4):
        decision = decide(
            OfferAll(), pool, options={"batch": "2", "at_once_max": "12"}, invite=replace(INVITE, offers_made=asked)
        )
        assert isinstance(decision, Offer)
        assert decision.agents == _first(pool, len(decision.agents))
        rounds.append(len(decision.agents))
        asked += rounds[-1]
    assert rounds == [2, 4, 8, 12]


def _former(pool: Pool, *former: str, waited_s: float = 0.0, passed_over: str = "", **options: str) -> Decision:
    return decide(
        FormerAgentFirst(),
        pool,
        options=options,
        invite=replace(
            INVITE,
            former_agents=tuple(AgentId(name) for name in former),
            passed_over=(AgentId(passed_over),) if passed_over else (),
        ),
        waited_s=waited_s,
        cursor=3,
    )


def test_a_former_agent_is_asked_first_the_latest_before_the_others() -> None:
    pool = agent_views(8, 2)
    assert _former(pool, "a00005", "a00001") == Offer(agents=(AgentId("a00005"),), cursor=3)
    assert _former(pool, "gone", "a00001") == Offer(agents=(AgentId("a00001"),), cursor=3)


def test_without_a_former_agent_the_inner_strategy_chooses_with_its_own_cursor() -> None:
    pool = agent_views(8, 2)
    assert _former(pool) == Offer(agents=(_longest_available(pool).id,), cursor=3)
    assert _former(pool, inner="least_occupied") == Offer(agents=(_expertflow(pool).id,), cursor=3)
    assert _former(pool, "gone", inner="round_robin") == Offer(agents=(AgentId("a00004"),), cursor=4)


def test_the_invite_is_held_for_a_former_agent_until_its_time_is_over_and_only_if_he_was_not_asked() -> None:
    """Amazon Connect: a step that names an agent, and expires."""
    pool = agent_views(8, 2)
    inner = Offer(agents=(_longest_available(pool).id,), cursor=3)
    assert _former(pool, "gone", hold_s="20", waited_s=5.0) == Wait(wait_s=15.0, cursor=3)
    assert _former(pool, "gone", hold_s="20", waited_s=20.0) == inner
    assert _former(pool, "gone", hold_s="20", passed_over="gone") == inner
    assert _former(pool, hold_s="20") == inner


def test_an_order_of_the_inner_strategy_is_the_order_of_the_whole() -> None:
    agent = agent_views(1, 1)[0]
    outer = queue({"inner": "pack", "hold_s": "3"})
    assert FormerAgentFirst().order(agent, outer) == Pack().order(agent, queue({}))
