"""A bundled strategy that selects is asked in the turn: offers to one or all, waits, rejects; and all is recorded."""

from typing import ClassVar

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.values import AgentSettings, QueueSettings, RevokeReason
from hookflash.engine.journal.memory import MemoryStore
from hookflash.sdk.routing import (
    AgentView,
    Candidates,
    Decision,
    InviteView,
    Offer,
    OrderKey,
    QueueView,
    Reject,
    RoutingContext,
    Wait,
)
from hookflash.sdk.types import AgentId, InviteState, OfferOutcome

from .running import BILLING, Running, agent, conversation, running


class InTurn:
    """One after the other, in the order of their making, on from whom it asked last."""

    name: ClassVar[str] = "in_turn"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002  the contract's
        return (agent.place,)

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:  # noqa: ARG002
        passed = candidates.count_until((context.cursor,)) if isinstance(context.cursor, int) else 0
        chosen = candidates.at(passed % len(candidates))
        return Offer(agents=(chosen.id,), cursor=chosen.place)


class Everybody(InTurn):
    """All candidates at once."""

    name = "everybody"

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:  # noqa: ARG002
        return Offer(agents=tuple(each.id for each in candidates), to="all")


class Patient(InTurn):
    """Waits ten seconds for bob, then takes anybody."""

    name = "patient"

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:  # noqa: ARG002
        bob = candidates.get(AgentId("bob"))
        if bob is None and context.waited_s < 10:
            return Wait(wait_s=10 - context.waited_s)
        return Offer(agents=((bob or candidates.at(0)).id,))


class Never(InTurn):
    """Wants nobody asked."""

    name = "never"

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:  # noqa: ARG002
        return Reject(reason="not for us")


class Broken(InTurn):
    """Raises, or names a stranger; each time in another way."""

    name = "broken"

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:  # noqa: ARG002
        if invite.offers_made:
            return Offer(agents=(AgentId("nobody"),))
        raise ValueError("no")


OURS = (InTurn, Everybody, Patient, Never, Broken)


def _queue(strategy: type[InTurn]) -> tuple[QueueSettings, ...]:
    return (QueueSettings(id=BILLING, display_name="Billing", strategy=strategy.name),)


def _offered(run: Running, name: str) -> list[str]:
    invite = run.talk(name).open_invite
    return [] if invite is None else [offer.agent for offer in invite.offers]


def _made(run: Running) -> list[e.DecisionMade]:
    return [f.event for s in run.sealed for f in s.record.facts if isinstance(f.event, e.DecisionMade)]


async def _open(run: Running, name: str) -> list[str]:
    await run.open(name)
    await run.settle()
    return _offered(run, name)


@pytest.mark.spec("R-Q8")
async def test_the_cursor_of_a_decision_is_found_again_at_the_next_one_in_the_queue_also_after_a_restart() -> None:
    store = MemoryStore()
    async with running(store, bundled=OURS) as run:
        await run.site("ann", "bob", "cat", queues=_queue(InTurn))
        assert await _open(run, "1") == ["ann"]
        assert await _open(run, "2") == ["bob"]
        places = [run.person(name).place for name in ("ann", "bob")]
        assert [(made.agents, made.cursor) for made in _made(run)] == [
            (("ann",), str(places[0])),
            (("bob",), str(places[1])),
        ]
        for name in ("1", "2"):
            await run.run(conversation(name), c.AcceptOffer(number=1))
    async with running(store, bundled=OURS) as run:
        for name in ("ann", "bob", "cat"):
            await run.run(agent(name), c.Attach(stream=f"{name} again"))
        assert await _open(run, "3") == ["cat"]
        assert await _open(run, "4") == ["ann"]


@pytest.mark.spec("R-Q8")
async def test_another_strategy_does_not_find_the_cursor_of_the_one_before() -> None:
    async with running(bundled=OURS) as run:
        await run.site("ann", queues=_queue(InTurn))
        await _open(run, "1")
        assert run.engine.shard.facts.queues()[BILLING].cursor
        await run.run(SITE, c.Apply(queues=_queue(InTurn)))
        assert run.engine.shard.facts.queues()[BILLING].cursor
        await run.run(SITE, c.Apply(queues=_queue(Patient)))
        assert run.engine.shard.facts.queues()[BILLING].cursor == ""


@pytest.mark.spec("R-Q8", "A-30")
async def test_a_bundled_strategy_that_raises_or_names_strangers_leaves_the_default_to_decide() -> None:
    async with running(bundled=OURS) as run:
        await run.site("ann", "bob", queues=_queue(Broken))
        assert await _open(run, "1") == ["ann"]
        await run.run(conversation("1"), c.DeclineOffer(number=1))
        await run.settle()
        assert _offered(run, "1") == ["bob"]
        assert [made.fault for made in _made(run)] == [
            "ValueError: no",
            "ValueError: it named 'nobody', who is no candidate",
        ]
        faults = [f.event for s in run.sealed for f in s.record.facts if isinstance(f.event, e.PluginFault)]
        assert [(fault.plugin, fault.hook) for fault in faults] == [("ours", "strategy broken")] * 2


@pytest.mark.spec("R-O1")
async def test_of_several_who_are_asked_at_once_the_first_to_accept_wins_and_the_others_are_revoked() -> None:
    async with running(bundled=OURS) as run:
        await run.site("ann", "bob", "cat", queues=_queue(Everybody))
        before = run.person("ann").available_since
        assert await _open(run, "1") == ["ann", "bob", "cat"]
        assert run.talk("1").open_invite is not None
        assert run.engine.shard.facts.queues()[BILLING].waiting == 0
        await run.run(conversation("1"), c.AcceptOffer(number=2))
        ended = [
            (f.event.agent, f.event.outcome, f.event.reason)
            for f in run.sealed[-1].record.facts
            if isinstance(f.event, e.OfferEnded)
        ]
        assert ended == [
            ("bob", OfferOutcome.ACCEPTED, RevokeReason.NONE),
            ("ann", OfferOutcome.REVOKED, RevokeReason.INVITE_ENDED),
            ("cat", OfferOutcome.REVOKED, RevokeReason.INVITE_ENDED),
        ]
        assert [p.agent for p in run.talk("1").participants] == ["bob"]
        assert not run.person("ann").reservations
        assert run.person("ann").available_since == before
        with pytest.raises(Exception, match="offers/1~1"):
            await run.run(conversation("1"), c.AcceptOffer(number=1))


@pytest.mark.spec("R-O1", "R-O3")
async def test_the_invite_goes_back_into_the_line_when_the_last_of_several_offers_has_ended() -> None:
    async with running(bundled=OURS) as run:
        await run.site("ann", "bob", "cat", queues=_queue(Everybody))
        await _open(run, "1")
        await run.run(conversation("1"), c.DeclineOffer(number=1))
        await run.run(agent("bob"), c.SetReadiness(is_ready=False))
        await run.settle()
        assert _offered(run, "1") == ["cat"]
        await run.pass_time(30)
        invite = run.talk("1").open_invite
        assert invite is not None
        # Bob is not ready; ann's pause is over, and she is asked again: she and cat were asked once.
        assert (invite.state, [offer.agent for offer in invite.offers], invite.attempts) == (
            InviteState.OFFERED,
            ["ann"],
            2,
        )


@pytest.mark.spec("R-O1", "R-L4", "F-13")
async def test_a_customer_who_leaves_takes_every_one_of_several_offers_back() -> None:
    async with running(bundled=OURS) as run:
        await run.site("ann", "bob", queues=_queue(Everybody))
        await _open(run, "1")
        await run.run(conversation("1"), c.EndSession())
        assert [past.outcome for past in run.talk("1").offers] == [OfferOutcome.REVOKED] * 2
        assert [not run.person(name).reservations for name in ("ann", "bob")] == [True, True]


@pytest.mark.spec("R-O1", "R-O9")
async def test_several_open_offers_are_there_again_after_a_restart_and_fall_due_each_in_its_time() -> None:
    store = MemoryStore()
    async with running(store, bundled=OURS) as run:
        await run.site("ann", "bob", queues=_queue(Everybody))
        await _open(run, "1")
        clock = run.clock
    async with running(store, bundled=OURS, clock=clock) as run:
        assert _offered(run, "1") == ["ann", "bob"]
        await run.run(agent("ann"), c.Attach(stream="again"))
        await run.pass_time(29)
        await run.run(conversation("1"), c.AcceptOffer(number=1))
        assert [p.agent for p in run.talk("1").participants] == ["ann"]


@pytest.mark.spec("R-Q6", "R-Q8")
async def test_a_wait_is_recorded_and_ends_in_its_time() -> None:
    async with running(bundled=OURS) as run:
        await run.site("ann", queues=_queue(Patient))
        assert await _open(run, "1") == []
        (made,) = _made(run)
        assert made.wait_until == pytest.approx(run.clock.now() + 10)
        assert list(run.engine.shard.matching.unserved()) == []
        await run.pass_time(9.5)
        assert _offered(run, "1") == []
        await run.pass_time(0.5)
        assert _offered(run, "1") == ["ann"]


@pytest.mark.spec("R-Q6", "R-Q8")
async def test_a_wait_ends_early_when_the_candidates_change() -> None:
    async with running(bundled=OURS) as run:
        await run.site("ann", queues=_queue(Patient))
        await _open(run, "1")
        await run.run(SITE, c.Apply(agents=(run.person("ann").settings,)))  # Asked again, it waits on.
        await run.settle()
        assert _offered(run, "1") == []
        await run.pass_time(3)
        await run.run(SITE, c.Apply(agents=(AgentSettings(id=AgentId("bob")),)))
        await run.ready("bob")
        await run.settle()
        assert _offered(run, "1") == ["bob"]


@pytest.mark.spec("R-Q6", "F-05")
async def test_a_wait_goes_on_over_a_restart() -> None:
    store = MemoryStore()
    async with running(store, bundled=OURS) as run:
        await run.site("ann", queues=_queue(Patient))
        await _open(run, "1")
        clock = run.clock
    async with running(store, bundled=OURS, clock=clock) as run:
        await run.pass_time(5)
        await run.ready("ann")
        await run.settle()
        assert _offered(run, "1") == []
        await run.pass_time(5)
        assert _offered(run, "1") == ["ann"]


@pytest.mark.spec("R-Q8")
async def test_a_rejected_invite_ends_unserved_with_its_reason_on_record() -> None:
    async with running(bundled=OURS) as run:
        await run.site("ann", queues=_queue(Never))
        await _open(run, "1")
        talk = run.talk("1")
        assert talk.invite is not None
        assert talk.invite.state is InviteState.NO_AGENT
        assert [made.rejected for made in _made(run)] == ["not for us"]
        kinds = [type(f.event) for f in run.sealed[-1].record.facts]
        assert kinds.index(e.DecisionMade) < kinds.index(e.InviteEnded) < kinds.index(e.ConversationUnattended)
        assert run.engine.shard.facts.queues()[BILLING].waiting == 0


@pytest.mark.spec("R-Q7")
async def test_a_strategy_sees_who_served_the_queue_before_and_what_he_did_today() -> None:
    seen: list[AgentView] = []
    shown: list[InviteView] = []

    class Sees(InTurn):
        name = "sees"

        def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
            shown.append(invite)
            seen.append(candidates.at(0))
            return super().select(invite, candidates, context)

    async with running(bundled=(Sees,)) as run:
        await run.site("ann", queues=_queue(Sees))
        began = run.clock.now()
        await _open(run, "1")
        await run.pass_time(5)
        await run.run(conversation("1"), c.AcceptOffer(number=1))
        await run.pass_time(60)
        await run.run(conversation("1"), c.Leave(agent=AgentId("ann")))
        await _open(run, "2")
        first, second = seen
        assert (first.offered_at, first.finished_at, first.handled, first.talk_s) == (None, None, 0, 0.0)
        assert (second.offered_at, second.finished_at, second.handled) == (began, began + 65, 1)
        assert second.talk_s == pytest.approx(60)
        await run.run(conversation("2"), c.DeclineOffer(number=1))
        await run.pass_time(2 * 86_400)
        await _open(run, "3")
        assert (seen[-1].handled, seen[-1].talk_s, seen[-1].finished_at) == (0, 0.0, began + 65)
        assert shown[0].customer == "customer 1"
        assert shown[0].former_agents == ()
