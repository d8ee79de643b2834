"""A bundled strategy whose `order` fails: the default orders its queue this time, and it is asked again (R-Q8)."""

from time import thread_time
from typing import ClassVar

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.values import QueueSettings
from hookflash.sdk.routing import (
    AgentView,
    Candidates,
    Decision,
    InviteView,
    Offer,
    OrderKey,
    QueueView,
    RoutingContext,
)
from hookflash.sdk.types import QueueId

from .running import BILLING, Running, agent, conversation, running

OTHER = QueueId("other")


class Last:
    """Who was made last comes first; `trouble` is what it does in one queue instead of telling bob's place."""

    name: ClassVar[str] = "last"
    trouble: ClassVar[object] = None
    asked: ClassVar[list[str]] = []

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        Last.asked.append(agent.id)
        if agent.id == "bob" and queue.id == BILLING:
            if isinstance(Last.trouble, Exception):
                raise Last.trouble
            if isinstance(Last.trouble, tuple):
                return Last.trouble
        return (-agent.place,)


class LastSelects(Last):
    """The same, said by `select`."""

    name = "last_selects"

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:  # noqa: ARG002
        return Offer(agents=(candidates.at(0).id,))


class Slow(LastSelects):
    """Takes as long as it is told to."""

    name = "slow"
    takes_s: ClassVar[float] = 0.0

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        until = thread_time() + self.takes_s
        while thread_time() < until:
            pass
        return super().select(invite, candidates, context)


@pytest.fixture(autouse=True)
def _nothing_asked() -> None:
    Last.asked.clear()
    Last.trouble = None


def _queue(strategy: type[Last], queue: QueueId = BILLING, priority: int = 1) -> QueueSettings:
    return QueueSettings(id=queue, strategy=strategy.name, priority=priority)


async def _asked(run: Running, name: str, queue: QueueId = BILLING) -> str:
    """Who is offered a new conversation, which then goes: everybody is free again."""
    await run.open(name, queue)
    await run.settle()
    invite = run.talk(name).open_invite
    assert invite is not None
    assert invite.offer is not None
    await run.run(conversation(name), c.EndSession())
    return invite.offer.agent


def _faults(run: Running) -> list[str]:
    return [f.event.error for s in run.sealed for f in s.record.facts if isinstance(f.event, e.PluginFault)]


@pytest.mark.spec("R-Q8", "A-30", "F-23")
@pytest.mark.parametrize("strategy", [Last, LastSelects])
@pytest.mark.parametrize(
    ("trouble", "fault"), [(ValueError("no"), "ValueError: no"), (("a",), "TypeError: '<' not supported")]
)
async def test_it_is_asked_again_at_the_next_decision_and_held_back_only_after_three_faults_in_a_row(
    strategy: type[Last], trouble: object, fault: str
) -> None:
    async with running(bundled=(strategy,)) as run:
        await run.site("ann", "bob", "cat", queues=(_queue(strategy),))
        assert await _asked(run, "before") == "cat"
        Last.trouble = trouble
        for is_ready in (False, True):  # His place is to be found anew.
            await run.run(agent("bob"), c.SetReadiness(is_ready=is_ready))
        assert [await _asked(run, f"failing {n}") for n in range(4)] == ["ann"] * 4
        await run.settle()
        assert [each.startswith(fault) for each in _faults(run)] == [True] * 3
        assert run.engine.plugins.guard.open_breakers == {("ours", f"strategy {strategy.name} in queues/billing")}
        Last.asked.clear()
        Last.trouble = None
        run.clock.advance(29)
        assert (await _asked(run, "held back"), Last.asked) == ("ann", [])
        run.clock.advance(1)
        assert await _asked(run, "tried") == "cat"
        assert not run.engine.plugins.guard.open_breakers


@pytest.mark.spec("R-Q8")
async def test_one_fault_costs_one_decision_and_other_queues_none() -> None:
    async with running(bundled=(Last,)) as run:
        await run.site("ann", "bob", "cat", queues=(_queue(Last), _queue(Last, OTHER)))
        Last.trouble = ValueError("no")
        assert await _asked(run, "1") == "ann"
        assert await _asked(run, "2", OTHER) == "cat"
        Last.trouble = None
        assert await _asked(run, "3") == "cat"
        assert not run.engine.plugins.guard.open_breakers


@pytest.mark.spec("R-Q8")
async def test_new_settings_of_the_queue_are_tried_at_once_and_the_breaker_is_gone_with_the_old_ones() -> None:
    async with running(bundled=(Last,)) as run:
        await run.site("ann", "bob", "cat", queues=(_queue(Last),))
        Last.trouble = ValueError("no")
        for n in range(3):
            assert await _asked(run, f"{n}") == "ann"
        assert len(run.engine.plugins.guard.open_breakers) == 1
        Last.trouble = None
        await run.run(SITE, c.Apply(queues=(_queue(Last, priority=2),)))
        assert await _asked(run, "new") == "cat"
        assert not run.engine.plugins.guard.open_breakers


@pytest.mark.spec("R-Q8", "A-30")
async def test_a_selection_over_2_ms_is_counted_and_one_over_50_ms_of_work_is_a_fault_and_the_default_decides() -> None:
    async with running(bundled=(Slow,)) as run:
        await run.site("ann", "bob", queues=(_queue(Slow),))
        guard, what = run.engine.plugins.guard, ("ours", "strategy slow")
        for takes_s, asked, slow, faults in [(0.01, "bob", 1, 0), (0.06, "ann", 2, 1)]:
            Slow.takes_s = takes_s
            assert await _asked(run, f"{takes_s}") == asked
            assert (guard.slow[what], guard.faults[what]) == (slow, faults)
        await run.settle()
        (fault,) = _faults(run)
        assert fault.startswith("TimeoutError: took 0.0")
