"""The same request does its work once and gets the same answer, whenever and however often it comes again."""

import asyncio

import pytest

from hookflash.engine.actors.calls import Outcome
from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain.commands import SendMessage
from hookflash.engine.domain.refusals import NotAParticipant, RequestIdReused
from hookflash.engine.journal.memory import MemoryStore
from hookflash.sdk.types import AgentId

from .running import Running, caller, conversation, running


def _answer(outcome: Outcome) -> bytes:
    return f"at {outcome.position}".encode()


async def _say(run: Running, request_id: str, digest: bytes = b"one") -> bytes:
    command = SendMessage(agent=AgentId("ann"), text="hello")
    call = caller("ann", request_id, digest, "SendMessage")
    return await run.engine.shard.submit(conversation("42"), command, call, _answer)


@pytest.mark.spec("R-G8", "I2", "F-12")
async def test_a_repeat_has_no_second_effect_and_the_same_answer() -> None:
    async with running() as run:
        await run.site("ann")
        await run.attended("42")
        first, again = await _say(run, "r1"), await _say(run, "r1")
        assert first == again
        assert run.talk("42").messages == 1


@pytest.mark.spec("R-G8", "I2")
async def test_a_repeat_that_comes_while_the_first_is_written_waits_for_it() -> None:
    async with running() as run:
        await run.site("ann")
        await run.attended("42")
        answers = await asyncio.gather(*(_say(run, "r1") for _ in range(5)))
        assert set(answers) == {answers[0]}
        assert run.talk("42").messages == 1


@pytest.mark.spec("R-G8", "I2")
async def test_the_same_id_with_other_content_is_refused() -> None:
    async with running() as run:
        await run.site("ann")
        await run.attended("42")
        await _say(run, "r1")
        with pytest.raises(RequestIdReused):
            await _say(run, "r1", b"another")


@pytest.mark.spec("R-G8", "I2")
async def test_a_refused_command_is_not_remembered_and_judged_anew() -> None:
    async with running() as run:
        await run.site("ann")
        await run.attended("42")
        await run.attended("43")
        transfer = run.transfer("ann")
        await run.run(conversation("43"), transfer)
        with pytest.raises(NotAParticipant):
            await run.run(conversation("43"), transfer, caller("ann", "r9"))
        await run.run(conversation("42"), transfer, caller("ann", "r9"))
        assert run.talk("42").transfers == 1


@pytest.mark.spec("R-G8", "I2", "A-31")
async def test_a_repeat_after_a_restart_and_after_an_hour_is_still_known() -> None:
    store, clock = MemoryStore(), ManualClock()
    async with running(store, clock=clock) as run:
        await run.site("ann")
        await run.attended("42")
        first = await _say(run, "r1")
    clock.advance(3600)
    async with running(store, clock=clock) as run:
        assert await _say(run, "r1") == first
        assert run.talk("42").messages == 1
        with pytest.raises(RequestIdReused):
            await _say(run, "r1", b"another")
