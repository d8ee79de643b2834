"""The lazy view over a queue's order shows what sorting everybody who may be asked would show."""

from collections.abc import Mapping
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookflash.engine.actors.eligible import Eligible
from hookflash.engine.actors.queue_index import QueueIndex
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.values import (
    CHAT,
    AgentSettings,
    Invite,
    QueueSettings,
    Step,
    Target,
    Tried,
)
from hookflash.engine.plugins import LoadedStrategy
from hookflash.sdk.hosting.breaker import Breaker
from hookflash.sdk.routing import AgentView, OrderedCandidates, OrderKey, QueueView
from hookflash.sdk.types import AgentId, AttributeId, InviteKind, QueueId

SKILL = AttributeId("skill")
IDS = [AgentId(f"a{number:02}") for number in range(20)]


class Skilled:
    """The most skilled first; many are alike, so that ids break ties."""

    name: ClassVar[str] = "skilled"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002  the contract's
        return (-int(agent.attributes.get("skill", 0)),)


STRATEGY = LoadedStrategy(name="skilled", plugin="ours", is_bundled=True, strategy=Skilled())
SETTINGS = QueueSettings(
    id=QueueId("billing"), strategy="skilled", steps=(Step(expression="skill > 2", wait_s=9), Step())
)


def _agent(name: AgentId, skill: int) -> Agent:
    return Agent(
        id=name,
        settings=AgentSettings(id=name, attributes={SKILL: skill}),
        capacity={CHAT: 1},
        place=0,
        is_logged_in=True,
        stream="desk",
        ready=frozenset({CHAT}),
    )


def _fail(_plugin: str, _what: str, error: str, _fallback: str) -> None:
    pytest.fail(error)


def _index(skills: Mapping[AgentId, int]) -> QueueIndex:
    agents = {name: _agent(name, skill) for name, skill in skills.items()}
    index = QueueIndex(SETTINGS, STRATEGY, agents, _fail, Breaker(lambda: 0.0))
    for name, agent in agents.items():
        step = index.step_of(agent.settings.attributes)
        assert step is not None
        index.serving[name] = step
        index.agent_changed(name)
    return index


def _invite(step: int, tried: tuple[Tried, ...]) -> Invite:
    return Invite(
        number=1, kind=InviteKind.ROUTE, target=Target(queue=QueueId("billing")), target_name="", media_domain=CHAT,
        requester=None, requester_name="", note=None, priority=1, placement=1, placed_at=0.0, expire_at=9.0,
        offer_timeout_s=1.0, session=1, step=step, tried=tried,
    )  # fmt: skip


def _allowed(skills: Mapping[AgentId, int], invite: Invite, excluded: frozenset[AgentId]) -> list[AgentId]:
    """R-Q4 and R-Q7, word by word."""
    tried = {each.agent: each for each in invite.tried}
    ranks: dict[AgentId, tuple[int, int]] = {}
    for name, skill in skills.items():
        step = 1 if skill > 2 else 2
        before = tried.get(name)
        if name in excluded or step > invite.step or (before is not None and before.paused_until is not None):
            continue
        ranks[name] = (0 if before is None else before.count, step)
    return [name for name, rank in ranks.items() if rank == min(ranks.values())]


_TRIED = st.builds(
    Tried, agent=st.sampled_from(IDS), count=st.integers(1, 2), paused_until=st.sampled_from([None, None, 5.0])
)


@pytest.mark.spec("R-Q4", "R-Q7")
@given(
    skills=st.dictionaries(st.sampled_from(IDS), st.integers(0, 4), max_size=12),
    step=st.integers(1, 2),
    tried=st.lists(_TRIED, max_size=8, unique_by=lambda each: each.agent),
    excluded=st.frozensets(st.sampled_from(IDS), max_size=3),
    level=st.integers(-5, 1),
)
def test_the_view_shows_exactly_the_class_of_agents_among_whom_the_strategy_may_choose(
    skills: dict[AgentId, int], step: int, tried: list[Tried], excluded: frozenset[AgentId], level: int
) -> None:
    index, invite = _index(skills), _invite(step, tuple(tried))
    found = index.eligible(invite, excluded)
    allowed = _allowed(skills, invite, excluded)
    if not allowed:
        assert found is None
        return
    assert found is not None
    views = [view for view in found if view.id in allowed]
    sorted_ = OrderedCandidates(Skilled(), index.view, views)
    _alike(found, sorted_, (level,))
    assert sorted(view.id for view in views) == sorted(allowed)
    assert [found.get(name) is not None for name in IDS] == [name in allowed for name in IDS]


def _alike(found: Eligible, sorted_: OrderedCandidates, key: OrderKey) -> None:
    assert list(found) == list(sorted_)
    assert len(found) == len(sorted_)
    assert found.first == sorted_.at(0).id
    assert [found.at(place) for place in range(len(found))] == list(sorted_)
    assert found.count_until(key) == sorted_.count_until(key)
    assert list(found.top(3)) == list(sorted_.top(3))
    for place in (-1, len(found)):
        with pytest.raises(IndexError):
            found.at(place)
