"""Each bundled strategy in a running engine: whom its queue asks, with the facts that the engine keeps for it."""

from collections.abc import Mapping

import pytest

from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import AcceptOffer, Apply, Close, DeclineOffer, PlaceInvite, SetReadiness
from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeSettings,
    ChannelSettings,
    CloseCause,
    QueueSettings,
    Step,
    Target,
)
from hookflash.engine.journal.memory import MemoryStore
from hookflash.sdk.types import AgentId, AttributeId, InviteKind, MediaDomainId, QueueId

from .running import BILLING, WEB, Running, agent, conversation, running

SALES = QueueId("sales")
CHAT = MediaDomainId("chat")
SKILLS = {"ann": 3, "bob": 9, "cid": 5}


def _queue(strategy: str, options: Mapping[str, str]) -> QueueSettings:
    return QueueSettings(
        id=BILLING, strategy=strategy, strategy_options=options, steps=(Step(expression="skill >= 1"),)
    )


async def _centre(run: Running, strategy: str, options: Mapping[str, str] | None = None, capacity: int = 3) -> None:
    """Ann, bob and cid, created and ready in this order a second apart; a second queue that they serve too."""
    apply = Apply(
        attributes=(AttributeSettings(id=AttributeId("skill")),),
        queues=(_queue(strategy, options or {}), QueueSettings(id=SALES, strategy="top_down")),
        agents=tuple(
            AgentSettings(id=AgentId(name), capacity={CHAT: capacity}, attributes={AttributeId("skill"): skill})
            for name, skill in SKILLS.items()
        ),
        channels=(ChannelSettings(id=WEB, kind="web"),),
    )
    await run.run(SITE, apply)
    for name in SKILLS:
        await run.ready(name)
        await run.pass_time(1.0)


def _asked(run: Running, name: str) -> list[str]:
    invite = run.talk(name).open_invite
    assert invite is not None
    return [offer.agent for offer in invite.offers]


async def _served(run: Running, name: str, queue: QueueId = BILLING) -> str:
    """Open a conversation, let whoever is asked accept, and tell who that was."""
    await run.open(name, queue)
    await run.settle()
    invite = run.talk(name).open_invite
    assert invite is not None
    offer = invite.offers[0]
    await run.run(conversation(name), AcceptOffer(number=offer.number))
    await run.pass_time(1.0)
    return offer.agent


async def _closed(run: Running, name: str, by: str) -> None:
    await run.run(conversation(name), Close(agent=AgentId(by), cause=CloseCause.AGENT))
    await run.pass_time(1.0)


@pytest.mark.spec("R-Q7")
@pytest.mark.parametrize(
    ("strategy", "options", "served"),
    [
        # Nobody closes: who has three is full. "Available since" starts anew when an offer was accepted.
        ("longest_available", {}, ["ann", "bob", "cid", "ann", "bob", "cid"]),
        ("least_occupied", {}, ["ann", "bob", "cid", "ann", "bob", "cid"]),
        ("least_occupied", {"by": "ratio"}, ["ann", "bob", "cid", "ann", "bob", "cid"]),
        ("round_robin", {}, ["ann", "bob", "cid", "ann", "bob", "cid"]),
        ("top_down", {}, ["ann", "ann", "ann", "bob", "bob", "bob"]),
        ("top_down", {"rank_by": "skill"}, ["ann", "ann", "ann", "cid", "cid", "cid"]),
        ("pack", {}, ["ann", "ann", "ann", "bob", "bob", "bob"]),
        ("most_proficient", {}, ["bob", "bob", "bob", "cid", "cid", "cid"]),
        ("least_proficient", {"attributes": "skill", "weights": "2"}, ["ann", "ann", "ann", "cid", "cid", "cid"]),
        ("offer_all", {}, ["ann", "ann", "ann", "bob", "bob", "bob"]),
        ("former_agent_first", {"inner": "top_down"}, ["ann", "ann", "ann", "bob", "bob", "bob"]),
    ],
)
async def test_six_conversations_one_after_the_other(
    strategy: str, options: Mapping[str, str], served: list[str]
) -> None:
    async with running() as run:
        await _centre(run, strategy, options)
        assert [await _served(run, f"c{number}") for number in range(6)] == served


@pytest.mark.spec("R-Q7")
async def test_least_recent_goes_by_this_queue_alone() -> None:
    async with running() as run:
        await _centre(run, "least_recent", capacity=1)
        for name in ("c0", "c1", "c2"):
            await _closed(run, name, await _served(run, name))
        # All have finished one here, ann first; that she is busy elsewhere later changes nothing here.
        await _closed(run, "elsewhere", await _served(run, "elsewhere", SALES))
        assert await _served(run, "c3") == "ann"


@pytest.mark.spec("R-Q7")
@pytest.mark.parametrize(("by", "served"), [("calls", "bob"), ("talk_s", "cid")])
async def test_fewest_handled_counts_what_was_done_for_this_queue_today(by: str, served: str) -> None:
    async with running() as run:
        await _centre(run, "fewest_handled", {"by": by}, capacity=1)
        # By the order of creation while nothing was done: ann twice for a second, bob once for long, cid not at all.
        plan = {"ann": (1.0, 1.0), "bob": (100.0,), "cid": (5.0, 5.0, 5.0)} if by == "calls" else {
            "ann": (60.0,), "bob": (70.0,), "cid": (1.0, 2.0)
        }  # fmt: skip
        for name, talks in plan.items():
            for other in SKILLS:
                await run.run(agent(other), SetReadiness(is_ready=other == name))
            for number, talk_s in enumerate(talks):
                assert await _served(run, f"{name}{number}") == name
                await run.pass_time(talk_s)
                await _closed(run, f"{name}{number}", name)
        for other in SKILLS:
            await run.run(agent(other), SetReadiness(is_ready=True))
        assert await _served(run, "last") == served


@pytest.mark.spec("R-Q8")
async def test_round_robin_goes_on_where_it_stopped_after_a_restart() -> None:
    store = MemoryStore()
    async with running(store) as run:
        await _centre(run, "round_robin")
        assert [await _served(run, f"c{number}") for number in range(4)] == ["ann", "bob", "cid", "ann"]
    async with running(store, clock=run.clock) as again:
        for name in SKILLS:
            await again.ready(name)
        assert await _served(again, "c4") == "bob"


@pytest.mark.spec("R-Q8")
@pytest.mark.parametrize(("strategy", "options"), [("random", {}), ("weighted", {}), ("weighted", {"by": "share"})])
async def test_what_is_drawn_is_drawn_again_for_the_same_invites(strategy: str, options: Mapping[str, str]) -> None:
    drawn = []
    for _ in range(2):
        async with running() as run:
            await _centre(run, strategy, {**options, "weight_by": "skill"}, capacity=10)
            drawn.append([await _served(run, f"c{number}") for number in range(12)])
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 1


@pytest.mark.spec("R-O1")
async def test_offer_all_rings_everybody_and_the_first_accept_wins() -> None:
    async with running() as run:
        await _centre(run, "offer_all")
        await run.open("42")
        assert _asked(run, "42") == ["ann", "bob", "cid"]
        await run.run(conversation("42"), AcceptOffer(number=2))
        assert [p.agent for p in run.talk("42").participants] == ["bob"]
        assert [run.person(name).reservations for name in SKILLS] == [(), (), ()]


async def test_offer_all_in_batches_asks_more_in_the_next_round() -> None:
    async with running() as run:
        await _centre(run, "offer_all", {"batch": "1"})
        await run.open("42")
        assert _asked(run, "42") == ["ann"]
        await run.run(conversation("42"), DeclineOffer(number=1))
        assert _asked(run, "42") == ["bob", "cid"]


@pytest.mark.spec("R-Q8", "R-Q6")
async def test_an_invite_is_held_for_a_former_agent_and_he_is_asked_as_soon_as_he_is_there() -> None:
    async with running() as run:
        await _centre(run, "former_agent_first", {"hold_s": "20"}, capacity=1)
        assert await _served(run, "42") == "ann"
        transfer = PlaceInvite(kind=InviteKind.TRANSFER, agent=AgentId("ann"), target=Target(queue=SALES))
        await run.run(conversation("42"), transfer)
        number = len(run.talk("42").offers)
        await run.run(conversation("42"), AcceptOffer(number=number))
        assert [p.agent for p in run.talk("42").participants] == ["bob"]
        await run.run(agent("ann"), SetReadiness(is_ready=False))
        back = PlaceInvite(kind=InviteKind.TRANSFER, agent=AgentId("bob"), target=Target(queue=BILLING))
        await run.run(conversation("42"), back)
        assert _asked(run, "42") == []  # cid is free, and ann is waited for.
        await run.pass_time(5.0)
        await run.run(agent("ann"), SetReadiness(is_ready=True))
        assert _asked(run, "42") == ["ann"]


@pytest.mark.spec("R-Q8", "R-Q6")
async def test_an_invite_is_held_for_a_former_agent_no_longer_than_was_said() -> None:
    async with running() as run:
        await _centre(run, "former_agent_first", {"hold_s": "20"}, capacity=1)
        assert await _served(run, "42") == "ann"
        for name in ("bob", "ann"):
            await run.run(agent(name), SetReadiness(is_ready=False))
        await run.run(conversation("42"), run.transfer("ann", queue=SALES))
        number = len(run.talk("42").offers)
        await run.run(conversation("42"), AcceptOffer(number=number))
        await run.run(agent("bob"), SetReadiness(is_ready=True))
        await run.run(conversation("42"), run.transfer("cid", queue=BILLING))
        assert _asked(run, "42") == []
        await run.pass_time(20.0)
        assert _asked(run, "42") == ["bob"]


async def test_no_invite_is_held_for_the_agent_who_placed_it() -> None:
    async with running() as run:
        await _centre(run, "former_agent_first", {"hold_s": "20"}, capacity=1)
        assert await _served(run, "42") == "ann"
        await run.run(conversation("42"), run.transfer("ann"))
        assert _asked(run, "42") == ["bob"]
