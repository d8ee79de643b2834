"""A cascade is all or nothing, in memory and on the disk."""

import asyncio

import pytest

from hookflash.engine.domain.commands import AcceptOffer, SendMessage, SetReadiness
from hookflash.engine.domain.refusals import JournalUnavailable, QueueFull, TargetNotAvailable
from hookflash.engine.domain.values import QueueSettings, Step
from hookflash.engine.failpoints import JOURNAL_BEFORE_APPEND
from hookflash.engine.journal.port import JournalBroken, JournalFull
from hookflash.sdk.types import AgentId, OfferOutcome, QueueId

from .running import BILLING, agent, caller, conversation, running


@pytest.mark.spec("R-G7", "R-T7", "A-19")
async def test_a_transfer_to_an_agent_who_cannot_take_it_leaves_everything_as_it_was() -> None:
    async with running() as run:
        await run.site("ann")
        await run.attended("42")
        await run.site("ann", "bob")
        await run.run(agent("bob"), SetReadiness(is_ready=False))
        before = run.snapshot()
        with pytest.raises(TargetNotAvailable):
            await run.run(conversation("42"), run.transfer("ann", to_agent="bob"))
        assert run.snapshot() == before


@pytest.mark.spec("R-G7")
async def test_a_full_queue_refuses_the_transfer_and_the_agent_is_still_in() -> None:
    async with running() as run:
        full = QueueSettings(id=QueueId("full"), waiting_max=1, steps=(Step(expression="nobody"),))
        await run.site("ann", queues=(QueueSettings(id=BILLING), full), attributes=("nobody",))
        await run.attended("42")
        await run.open("waiting", QueueId("full"))
        await run.settle()
        before = run.snapshot()
        with pytest.raises(QueueFull):
            await run.run(conversation("42"), run.transfer("ann", queue=QueueId("full")))
        assert run.snapshot() == before
        assert [p.agent for p in run.talk("42").participants] == ["ann"]


@pytest.mark.spec("R-G7")
async def test_a_dry_run_checks_everything_and_changes_nothing() -> None:
    async with running() as run:
        await run.site("ann", "bob")
        await run.attended("42")
        by = run.talk("42").participants[0].agent
        before, written = run.snapshot(), len(run.sealed)
        call = caller(by, "try")._replace(is_dry_run=True)
        await run.run(conversation("42"), run.transfer(by), call)
        assert run.snapshot() == before
        assert len(run.sealed) == written


@pytest.mark.spec("I1", "R-G7")
async def test_what_a_full_disk_did_not_take_is_rolled_back_with_all_that_was_built_on_it() -> None:
    async with running() as run:
        await run.site("ann", "bob")
        await run.attended("42")
        await run.settle()
        before = run.snapshot()
        by = run.talk("42").participants[0].agent
        run.failpoints.switch_on(JOURNAL_BEFORE_APPEND, _full)
        first = asyncio.ensure_future(run.run(conversation("42"), run.transfer(by), caller(by, "r1")))
        await asyncio.sleep(0)  # The first group is on its way; the next command builds on it.
        other = run.talk("42").invite
        assert other is not None
        assert other.offer is not None
        second = asyncio.ensure_future(run.run(conversation("42"), AcceptOffer(number=other.offer.number)))
        results = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(result) for result in results] == [JournalUnavailable, JournalUnavailable]
        assert run.snapshot() == before
        run.failpoints.switch_off(JOURNAL_BEFORE_APPEND)
        await run.run(conversation("42"), run.transfer(by), caller(by, "r1"))
        assert [p.agent for p in run.talk("42").participants] == []


@pytest.mark.spec("I6", "I8")
async def test_a_deadline_that_passed_while_its_offer_seemed_accepted_is_kept_when_the_disk_took_nothing() -> None:
    async with running() as run:
        await run.site("ann")
        await run.open("42")
        await run.settle()
        run.failpoints.switch_on(JOURNAL_BEFORE_APPEND, _full)
        accepted = asyncio.ensure_future(run.run(conversation("42"), AcceptOffer(number=1)))
        await asyncio.sleep(0)
        run.clock.advance(31.0)  # The offer's deadline: nothing is due, for it was accepted a moment ago.
        with pytest.raises(JournalUnavailable):
            await accepted
        run.failpoints.switch_off(JOURNAL_BEFORE_APPEND)
        await run.pass_time(1.0)
        assert [offer.outcome for offer in run.talk("42").offers] == [OfferOutcome.MISSED]


@pytest.mark.spec("I1")
async def test_after_a_failed_fsync_nothing_more_is_accepted() -> None:
    async with running() as run:
        await run.site("ann")
        await run.attended("42")
        run.failpoints.switch_on(JOURNAL_BEFORE_APPEND, _broken)
        with pytest.raises(JournalUnavailable):
            await run.run(conversation("42"), SendMessage(agent=AgentId("ann"), text="lost"))
        run.failpoints.switch_off(JOURNAL_BEFORE_APPEND)
        with pytest.raises(JournalUnavailable):
            await run.run(conversation("42"), SendMessage(agent=AgentId("ann"), text="refused"))
        assert run.talk("42").messages == 0


def _full() -> None:
    raise JournalFull("The disk is full; nothing was written.")


def _broken() -> None:
    raise JournalBroken("The disk failed.")
