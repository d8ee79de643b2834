"""Entities are pykka actors: told and asked from any thread, never waited for on the loop."""

import asyncio
import gc
import weakref

import pytest

from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.commands import SendMessage, SetReadiness
from hookflash.engine.domain.refusals import NotAParticipant
from hookflash.sdk.types import AgentId

from .running import Running, agent, conversation, running


def _ref(run: Running, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    entity = run.engine.shard.facts.find(agent(name)) or run.engine.shard.facts.find(conversation(name))
    assert entity is not None
    return entity.actor_ref


async def test_an_agent_is_asked_through_his_ref_from_another_thread() -> None:
    async with running() as run:
        await run.site("ann")
        ref = _ref(run, "ann")
        state = await asyncio.to_thread(lambda: ref.ask(SetReadiness(is_ready=False), block=True, timeout=5))
        assert isinstance(state, Agent)
        assert state.ready == frozenset()


async def test_a_refusal_travels_to_whoever_asked() -> None:
    async with running() as run:
        await run.site("ann")
        await run.attended("42")
        ref = _ref(run, "42")
        message = SendMessage(agent=AgentId("bob"), text="let me in")
        with pytest.raises(NotAParticipant):
            await asyncio.to_thread(lambda: ref.ask(message, block=True, timeout=5))


async def test_a_told_command_takes_its_turn() -> None:
    async with running() as run:
        await run.site("ann")
        await run.attended("42")
        _ref(run, "42").tell(SendMessage(agent=AgentId("ann"), text="hello"))
        for _ in range(3):
            await asyncio.sleep(0)
        await run.settle()
        assert run.talk("42").messages == 1


async def test_waiting_for_an_entity_on_the_loop_raises_at_once() -> None:
    async with running() as run:
        await run.site("ann")
        with pytest.raises(RuntimeError, match="must not wait"):
            _ref(run, "ann").ask(SetReadiness(is_ready=False), block=True, timeout=5)


async def test_an_entity_is_not_stopped_from_outside() -> None:
    async with running() as run:
        await run.site("ann")
        ref = _ref(run, "ann")
        await asyncio.to_thread(lambda: ref.stop(block=True, timeout=5))
        assert ref.is_alive()


async def test_an_entity_is_gone_as_soon_as_it_is_dropped() -> None:
    async with running() as run:
        facts = run.engine.shard.facts
        gone = weakref.ref(facts.entity(conversation("42")))
        gc.disable()
        try:
            facts.drop(conversation("42"))
            assert gone() is None
        finally:
            gc.enable()
