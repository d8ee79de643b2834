"""Why each agent was or was not asked: every verdict, from live states and from the journal, also after a restart."""

from collections.abc import Sequence

import pytest

from hookflash.engine.actors.explaining import Considered, Moment, Verdict, considered
from hookflash.engine.actors.past import Choice, read_past
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import AcceptOffer, Apply, DeclineOffer, PlaceInvite, SetReadiness
from hookflash.engine.domain.refusals import JournalTooLong
from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeSettings,
    ChannelSettings,
    QueueSettings,
    Step,
    Target,
)
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.sdk.types import AgentId, AttributeId, ConversationId, InviteKind, MediaDomainId, OfferOutcome, QueueId

from .running import BILLING, WEB, Running, agent, conversation, running

SALES = QueueId("sales")
TALK = ConversationId("42")
SKILLS = {"ann": 9, "par": 9, "amy": 9, "ada": 8, "busy": 9, "bea": 3, "ben": 2, "cid": 0}
STEPS = (Step(expression="skill >= 5", wait_s=20.0), Step(expression="skill >= 1", wait_s=5.0), Step())


async def _ready(run: Running, name: str, *, is_ready: bool) -> None:
    await run.run(agent(name), SetReadiness(is_ready=is_ready))


async def _offered(run: Running) -> tuple[int, AgentId]:
    await run.settle()
    invite = run.talk(TALK).open_invite
    assert invite is not None
    assert invite.offer is not None
    return invite.offer.number, invite.offer.agent


async def _declines(run: Running, name: str) -> None:
    number, asked = await _offered(run)
    assert asked == name
    await run.run(conversation(TALK), DeclineOffer(number=number))


async def _centre(run: Running, strategy: str = "longest_available") -> None:
    """Everybody logged in and ready but bea, ben and cid; `busy` has a conversation from another queue."""
    apply = Apply(
        attributes=(AttributeSettings(id=AttributeId("skill")),),
        queues=(QueueSettings(id=BILLING, steps=STEPS, strategy=strategy), QueueSettings(id=SALES)),
        agents=tuple(
            AgentSettings(
                id=AgentId(name), display_name=name.title(), capacity={MediaDomainId("chat"): 1},
                attributes={AttributeId("skill"): skill}, queues=(BILLING,) if name != "busy" else (),
            )
            for name, skill in SKILLS.items()
        ),
        channels=(ChannelSettings(id=WEB, kind="web"),),
    )  # fmt: skip
    await run.run(SITE, apply)
    await run.ready("busy")
    await run.open("other", SALES)
    await run.run(conversation("other"), AcceptOffer(number=1))
    for name in ("ann", "par", "amy", "ada", "bea", "ben", "cid"):
        await run.ready(name)
    for name in ("bea", "ben", "cid"):
        await _ready(run, name, is_ready=False)


async def _conference(run: Running) -> None:
    """Ann and par are in the conversation, and ann seeks a third; it is her invite 3."""
    await run.open(TALK)
    number, asked = await _offered(run)
    assert asked == "ann"
    await run.run(conversation(TALK), AcceptOffer(number=number))
    place = PlaceInvite(kind=InviteKind.CONFERENCE, agent=AgentId("ann"), target=Target(queue=BILLING))
    await run.run(conversation(TALK), place)
    number, asked = await _offered(run)
    assert asked == "par"
    await run.run(conversation(TALK), AcceptOffer(number=number))
    await run.run(conversation(TALK), place)


async def _search(run: Running) -> None:
    """Amy, ada and amy again decline; bea declines while ben, cid and amy come free; ben is asked."""
    await _declines(run, "amy")
    await run.pass_time(25.0)
    await _declines(run, "ada")
    await run.pass_time(1.0)
    await _declines(run, "amy")
    for name in ("amy", "ada"):
        await _ready(run, name, is_ready=False)
    await run.pass_time(11.0)
    await _ready(run, "bea", is_ready=True)
    for name in ("ben", "cid", "amy"):
        await _ready(run, name, is_ready=True)
    await _declines(run, "bea")


def _strategy(run: Running) -> LoadedStrategy:
    found = run.engine.plugins.strategy("longest_available")
    assert found is not None
    return found


def _live(run: Running) -> Moment:
    facts = run.engine.shard.facts
    return Moment(
        at=run.clock.now(), conversation=run.talk(TALK), queue=facts.queues()[BILLING], agents=dict(facts.agents())
    )


def _past(run: Running, records_max: int = 1_000, invite: int = 3) -> list[Choice]:
    past = read_past(run.engine.journal, TALK, invite, run.engine.shard.last_position, records_max)
    return past.with_outcomes()


def _told(found: Sequence[Considered]) -> dict[str, str]:
    return {each.agent: f"{each.verdict}{each.place or ''}" for each in found}


def _looked(run: Running, choice: Choice) -> list[Considered]:
    return considered(choice.moment, lambda _: _strategy(run), {agent for _, agent, _ in choice.offers})


@pytest.mark.spec("R-E2")
async def test_every_decision_is_explained_from_the_journal_with_a_verdict_for_every_agent() -> None:
    async with running() as run:
        await _centre(run)
        await _conference(run)
        await _search(run)
        choices = _past(run)
        assert [choice.offers for choice in choices] == [
            [(3, "amy", OfferOutcome.DECLINED)],
            [(4, "ada", OfferOutcome.DECLINED)],
            [(5, "amy", OfferOutcome.DECLINED)],
            [(6, "bea", OfferOutcome.DECLINED)],
            [(7, "ben", OfferOutcome.OPEN)],
        ]
        first, second, third, fourth, fifth = (_told(_looked(run, choice)) for choice in choices)
        out = {"ann": "REQUESTER", "par": "PARTICIPANT", "busy": "UNAVAILABLE"}
        low = {"bea": "UNAVAILABLE", "ben": "UNAVAILABLE", "cid": "UNAVAILABLE"}
        assert first == {"amy": "ASKED1", "ada": "CANDIDATE2", **out, **low}
        assert second == {"ada": "ASKED1", "amy": "PAUSED", **out, **low}
        assert third == {"amy": "ASKED1", "ada": "PAUSED", **out, **low}
        assert fourth == {**out, **low, "bea": "ASKED1", "amy": "UNAVAILABLE", "ada": "UNAVAILABLE"}
        assert fifth == {
            **out, "ben": "ASKED1", "bea": "PAUSED", "cid": "LATER_STEP", "amy": "PASSED_OVER", "ada": "UNAVAILABLE"
        }  # fmt: skip
        seen = {verdict.rstrip("12") for told in (first, second, third, fourth, fifth) for verdict in told.values()}
        assert seen == set(Verdict) - {Verdict.STEP_NOT_OPEN, Verdict.NOT_SERVING}


@pytest.mark.spec("R-E2")
async def test_an_agent_of_a_step_that_is_not_open_yet_is_told_apart_from_one_who_is_away() -> None:
    async with running() as run:
        await _centre(run)
        await _ready(run, "bea", is_ready=True)
        await _conference(run)
        found = {each.agent: each for each in _looked(run, _past(run)[0])}
        assert (found[AgentId("bea")].verdict, found[AgentId("bea")].step) == (Verdict.STEP_NOT_OPEN, 2)
        busy = found[AgentId("busy")]
        assert (busy.verdict, busy.state, busy.active, busy.capacity, busy.key) == (
            Verdict.UNAVAILABLE, "BUSY", 1, 1, None
        )  # fmt: skip
        amy = found[AgentId("amy")]
        assert (amy.display_name, amy.offers_before, amy.key) == (
            "Amy",
            0,
            (1, run.clock.now(), run.person("amy").place),
        )


@pytest.mark.spec("R-E2")
async def test_what_is_said_live_of_a_parked_invite_is_what_the_journal_says_of_that_moment() -> None:
    async with running() as run:
        await _centre(run)
        await _conference(run)
        await _declines(run, "amy")
        await run.pass_time(2.0)
        await _declines(run, "ada")
        await run.settle()
        live = considered(_live(run), lambda _: _strategy(run))
        assert _told(live)["amy"] == "PAUSED"
        assert live[0].paused_until is not None
        past = read_past(run.engine.journal, TALK, 3, run.engine.shard.last_position, 1_000).moment(run.clock.now())
        assert past is not None
        assert past == _live(run)
        assert considered(past, lambda _: _strategy(run)) == live


@pytest.mark.spec("R-E2")
async def test_after_a_restart_the_past_is_told_as_before() -> None:
    store = MemoryStore()
    async with running(store) as run:
        await _centre(run)
        await _conference(run)
        await _search(run)
        before = _past(run)
        told = [_looked(run, choice) for choice in before]
    async with running(store, clock=run.clock) as again:
        after = _past(again)
        assert after[:-1] == before[:-1]
        assert [_looked(again, choice) for choice in after] == told


async def test_the_decision_of_a_strategy_that_is_asked_comes_with_what_it_said_and_its_cursors() -> None:
    async with running() as run:
        await _centre(run, "round_robin")
        await run.open(TALK)
        await _declines(run, "ann")
        first, second = _past(run, invite=1)
        assert first.made is not None
        assert (first.made.strategy, first.made.agents, first.made.fault) == ("round_robin", ("ann",), "")
        places = [str(run.person(name).place) for name in ("ann", "par")]
        assert first.moment.queue is not None
        assert (first.moment.queue.cursor, first.cursor_after, second.cursor_after) == ("", *places)
        assert [agent for choice in (first, second) for _, agent, _ in choice.offers] == ["ann", "par"]


async def test_the_journal_is_read_no_further_than_is_allowed() -> None:
    async with running() as run:
        await _centre(run)
        await _conference(run)
        with pytest.raises(JournalTooLong, match="may take 5; raise `explain_records_max`"):
            _past(run, records_max=5)


async def test_a_named_agent_is_all_there_is_to_look_at() -> None:
    async with running() as run:
        await _centre(run)
        await run.open(TALK)
        number, _ = await _offered(run)
        await run.run(conversation(TALK), AcceptOffer(number=number))
        await run.run(conversation(TALK), run.transfer("ann", to_agent="ada"))
        (choice,) = _past(run, invite=2)
        assert choice.moment.queue is None
        assert _told(_looked(run, choice)) == {"ada": "ASKED"}
        named = [AgentId(name) for name in ("nobody", "par", "ada")]
        found = considered(choice.moment, lambda _settings: run.engine.plugins.fallback, [AgentId("ada")], named)
        assert _told(found) == {"ada": "ASKED", "par": "NOT_SERVING"}
