"""A plugin's strategy is asked outside the cascade; whatever it does, the invite gets an agent and nobody waits."""

import asyncio
from pathlib import Path

import pytest

from hookflash.engine.domain.commands import SetReadiness
from hookflash.engine.domain.events import DecisionAsked, DecisionMade, OfferMade, PluginFault
from hookflash.engine.domain.values import QueueSettings
from hookflash.sdk.types import InviteState

from .running import BILLING, Running, agent, running

_PLUGIN = """
import threading
from pathlib import Path
from hookflash.sdk import hookimpl
from hookflash.sdk.routing import Offer, Reject, Wait

SDK_API = ">=1.0,<2"
release = threading.Event()

class Last:
    name = "last"
    def order(self, agent, queue):
        return (-agent.place,)

class Raises:
    name = "raises"
    def order(self, agent, queue):
        raise ValueError("secret of the plugin")

class Blocks:
    name = "blocks"
    def order(self, agent, queue):
        Path(__file__).with_suffix(".entered").touch()
        release.wait(0.5)
        return (0,)

class Strangers:
    name = "strangers"
    def order(self, agent, queue):
        return (0,)
    def select(self, invite, candidates, context):
        return Offer(agents=("a9",))

class Waits(Last):
    name = "waits"
    def select(self, invite, candidates, context):
        count = 1 + (context.cursor or 0)
        if context.waited_s < 10 and len(candidates) < 3:
            return Wait(wait_s=10 - context.waited_s, cursor=count)
        return Offer(agents=tuple(each.id for each in candidates.top(2)), to="all", cursor=count)

class Rejects(Last):
    name = "rejects"
    def select(self, invite, candidates, context):
        return Reject(reason="nobody is good enough")

@hookimpl
def hookflash_register(registry):
    for strategy in (Last, Raises, Blocks, Strangers, Waits, Rejects):
        registry.strategy(strategy)
"""


def _plugins(folder: Path) -> Path:
    (folder / "odd_strategies.py").write_text(_PLUGIN, encoding="utf-8")
    return folder


async def _route(run: Running, strategy: str, folder: Path) -> str:
    """Who is offered an invite under that strategy; ann would be the default's choice."""
    await run.site("ann", "bob", queues=(QueueSettings(id=BILLING, strategy=strategy),))
    await run.open("42")
    for _ in range(2_000):
        await run.settle()
        invite = run.talk("42").open_invite
        assert invite is not None
        if invite.offer is not None:
            return invite.offer.agent
        if (folder / "odd_strategies.entered").exists():
            run.clock.advance(0.05)  # The plugin is at it, and its time is over.
        await asyncio.sleep(0.001)
    raise AssertionError("nobody was offered the invite")


def _events(run: Running, *kinds: type) -> list[object]:
    return [f.event for s in run.sealed for f in s.record.facts if isinstance(f.event, kinds)]


@pytest.mark.spec("R-Q8")
async def test_a_plugins_strategy_decides_and_its_decision_is_recorded(tmp_path: Path) -> None:
    async with running(plugins_dir=_plugins(tmp_path)) as run:
        assert await _route(run, "last", tmp_path) == "bob"
        made = _events(run, DecisionAsked, DecisionMade, OfferMade)
        assert [type(event) for event in made] == [DecisionAsked, DecisionMade, OfferMade]
        assert isinstance(made[1], DecisionMade)
        assert made[1].agents == ("bob", "ann")


@pytest.mark.spec("R-Q8", "A-30", "F-23")
@pytest.mark.parametrize("strategy", ["raises", "blocks", "strangers"])
async def test_a_bad_strategy_is_replaced_for_this_time_and_its_fault_is_visible(tmp_path: Path, strategy: str) -> None:
    async with running(plugins_dir=_plugins(tmp_path)) as run:
        assert await _route(run, strategy, tmp_path) == "ann"
        await run.settle()
        (decision,) = _events(run, DecisionMade)
        assert isinstance(decision, DecisionMade)
        assert decision.fault
        assert "secret" not in decision.fault or strategy == "raises"
        faults = [plugin.faults for plugin in run.engine.plugins.plugins if plugin.name == "odd_strategies"]
        assert faults == [1]
        assert len(_events(run, PluginFault)) == 1


async def _decided(run: Running, times: int) -> list[DecisionMade]:
    """Wait until a plugin has answered so often."""
    async with asyncio.timeout(10):
        while True:
            await run.settle()
            made = [each for each in _events(run, DecisionMade) if isinstance(each, DecisionMade)]
            if len(made) >= times:
                return made
            await asyncio.sleep(0.001)


@pytest.mark.spec("R-Q6", "R-Q8", "R-O1")
async def test_a_plugins_strategy_may_wait_and_then_ask_several_and_finds_its_cursor(tmp_path: Path) -> None:
    async with running(plugins_dir=_plugins(tmp_path)) as run:
        await run.site("ann", "bob", queues=(QueueSettings(id=BILLING, strategy="waits"),))
        await run.open("42")
        (first,) = await _decided(run, 1)
        assert (first.fault, first.wait_until, first.cursor) == ("", run.clock.now() + 10, "1")
        await run.run(agent("ann"), SetReadiness(is_ready=False))
        await run.run(agent("ann"), SetReadiness(is_ready=True))
        *_, again = await _decided(run, 3)
        assert (again.wait_until, again.cursor) == (first.wait_until, "3")
        run.clock.advance(10)
        *_, last = await _decided(run, 4)
        invite = run.talk("42").open_invite
        assert invite is not None
        assert (last.to, last.cursor, [offer.agent for offer in invite.offers]) == ("all", "4", ["bob", "ann"])


@pytest.mark.spec("R-Q8")
async def test_a_plugins_strategy_may_reject_the_invite(tmp_path: Path) -> None:
    async with running(plugins_dir=_plugins(tmp_path)) as run:
        await run.site("ann", queues=(QueueSettings(id=BILLING, strategy="rejects"),))
        await run.open("42")
        (made,) = await _decided(run, 1)
        assert made.rejected == "nobody is good enough"
        assert run.talk("42").invites_ended == (InviteState.NO_AGENT,)


@pytest.mark.spec("R-Q6", "I11")
async def test_a_strategy_is_asked_only_while_there_is_a_candidate(tmp_path: Path) -> None:
    async with running(plugins_dir=_plugins(tmp_path)) as run:
        await run.site(queues=(QueueSettings(id=BILLING, strategy="last"),))
        await run.open("42")
        await run.settle()
        assert _events(run, DecisionAsked) == []
