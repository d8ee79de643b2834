"""An ordering decides who of those that wait in a queue comes next; queues among each other go by R-Q3."""

import asyncio
from pathlib import Path

import pytest

from hookflash.engine.actors.calls import Call
from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.events import PluginFault
from hookflash.engine.domain.refusals import InvalidSetting
from hookflash.engine.domain.values import AgentSettings, CloseCause, Customer, QueueSettings, Target
from hookflash.engine.journal.memory import MemoryStore
from hookflash.sdk.types import AgentId, ConversationId, InviteState, QueueId

from .running import BILLING, WEB, Running, conversation, running

SALES = QueueId("sales")

_PLUGIN = """
from hookflash.sdk import hookimpl

SDK_API = ">=1.0,<2"

class Longest:
    name = "longest"
    def key(self, invite):
        if invite.deadline - invite.placed_at == 77:
            raise ValueError("no")
        return (-invite.deadline,)

@hookimpl
def hookflash_register(registry):
    registry.ordering(Longest)
"""


def _queue(ordering: str, queue: QueueId = BILLING, priority: int = 1) -> QueueSettings:
    return QueueSettings(id=queue, ordering=ordering, priority=priority)


async def _wait(run: Running, name: str, ttl_s: float, queue: QueueId = BILLING, priority: int | None = None) -> None:
    command = c.OpenConversation(
        channel=WEB,
        address=f"customer {name}",
        customer=Customer(),
        target=Target(queue=queue),
        ttl_s=ttl_s,
        priority=priority,
    )
    await run.run(conversation(name), command, Call(is_fresh=True))


async def _served(run: Running, names: str) -> list[str]:
    """Ann comes, and serves one after the other; the order in which they are offered to her."""
    served: list[str] = []
    await run.run(SITE, c.Apply(agents=(AgentSettings(id=AgentId("ann")),)))
    await run.ready("ann")
    while True:
        await run.settle()
        offered = [name for name in names if (i := run.talk(name).open_invite) and i.state is InviteState.OFFERED]
        if not offered:
            return served
        served += offered
        await run.run(conversation(offered[0]), c.Close(agent=None, cause=CloseCause.SERVICE))


@pytest.mark.spec("R-Q3")
async def test_an_ordering_goes_before_priority_and_age() -> None:
    async with running() as run:
        await run.site(queues=(_queue("age_and_priority"),))
        await _wait(run, "a", 900)
        await run.pass_time(30)
        await _wait(run, "b", 900, priority=3)
        await run.pass_time(150)
        await _wait(run, "c", 900, priority=2)
        # Three minutes of waiting are worth more than one step of priority, half a minute is not worth two.
        assert await _served(run, "abc") == ["b", "a", "c"]


@pytest.mark.spec("R-Q3")
async def test_queues_among_each_other_go_by_priority_and_age_whatever_orders_each() -> None:
    async with running() as run:
        await run.site(queues=(_queue("age_and_priority"), _queue("", SALES)))
        await _wait(run, "a", 900)
        await run.pass_time(180)
        await _wait(run, "b", 900, SALES)
        await _wait(run, "c", 900, priority=2)
        # C has the higher priority of the two that would come next by R-Q3, but in its own queue a is the first.
        assert await _served(run, "abc") == ["a", "c", "b"]


@pytest.mark.spec("R-Q3")
async def test_a_changed_ordering_holds_for_those_who_wait_already() -> None:
    async with running() as run:
        await run.site(queues=(_queue(""),))
        await _wait(run, "a", 900)
        await run.pass_time(180)
        await _wait(run, "b", 900, priority=2)
        await run.run(SITE, c.Apply(queues=(_queue("age_and_priority"),)))
        assert await _served(run, "ab") == ["a", "b"]


@pytest.mark.spec("R-Q3", "R-Q8")
async def test_a_plugins_ordering_is_asked_outside_the_turn_and_its_fault_makes_nobody_wait(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text(_PLUGIN, encoding="utf-8")
    async with running(plugins_dir=tmp_path) as run:
        await run.site(queues=(_queue("longest"),))
        for name, ttl_s in (("a", 100.0), ("b", 300.0), ("c", 77.0), ("d", 200.0)):
            await _wait(run, name, ttl_s)
        await _until_keyed(run, "abd")
        faults = [f.event for s in run.sealed for f in s.record.facts if isinstance(f.event, PluginFault)]
        assert [(fault.hook, fault.fallback) for fault in faults] == [("ordering longest", "priority and age")]
        assert await _served(run, "abcd") == ["c", "b", "d", "a"]


@pytest.mark.spec("R-Q3", "F-05")
async def test_a_plugins_ordering_is_asked_again_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text(_PLUGIN, encoding="utf-8")
    store = MemoryStore()
    async with running(store, plugins_dir=tmp_path) as run:
        await run.site(queues=(_queue("longest"),))
        await _wait(run, "a", 100)
        await _wait(run, "b", 300)
    async with running(store, plugins_dir=tmp_path) as run:
        await _until_keyed(run, "ab")
        assert await _served(run, "ab") == ["b", "a"]


@pytest.mark.spec("R-Q8", "F-23")
async def test_an_ordering_whose_plugin_is_gone_is_a_visible_fault_and_the_age_orders(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text(_PLUGIN, encoding="utf-8")
    store = MemoryStore()
    async with running(store, plugins_dir=tmp_path) as run:
        await run.site(queues=(_queue("longest"),))
        await _wait(run, "a", 100)
        await _wait(run, "b", 300)
    async with running(store) as run:
        assert run.engine.plugins.guard.faults == {("", "ordering longest"): 1}
        assert await _served(run, "ab") == ["a", "b"]


async def test_an_ordering_that_nobody_has_is_refused_by_name() -> None:
    async with running() as run:
        with pytest.raises(InvalidSetting, match="no loaded plugin has"):
            await run.site(queues=(_queue("no_such_ordering"),))


async def _until_keyed(run: Running, names: str) -> None:
    """Wait until the plugin has told the key of each."""
    async with asyncio.timeout(10):
        matching = run.engine.shard.matching
        while not all(matching.index(BILLING).standing(ConversationId(name))[0] for name in names):
            await run.settle()
            await asyncio.sleep(0.001)
        await run.engine.shard.until_durable(run.engine.shard.last_position)
