"""Agents: the state table row by row, presence and grace, slots, misses, and since when somebody is available."""

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.agent import Agent, deadlines, is_available, state_in
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import AgentInUse, AgentLoggedOut, AgentNotFound, TargetNotAvailable
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import CHAT, AgentSettings, MediaDomainSettings, Reservation, RevokeReason
from hookflash.sdk.types import AgentId, AgentState, ConversationId, OfferOutcome

from .given import ANN, BOB, CAT, VOICE, Centre, V, centre, transfer

S = AgentState
IDLE = Agent(id=ANN, settings=AgentSettings(id=ANN), capacity={CHAT: 2}, place=1)
IN = changed(IDLE, is_logged_in=True, stream="desk", ready=frozenset({CHAT}))
ONE, TWO = {ConversationId("a"): CHAT}, {ConversationId("a"): CHAT, ConversationId("b"): CHAT}
OFFERED = (Reservation(offer="c~1", conversation=ConversationId("c"), media_domain=CHAT),)


@pytest.mark.spec("R-A1", "R-A2")
@pytest.mark.parametrize(
    ("agent", "state"),
    [
        pytest.param(IDLE, S.LOGGED_OUT, id="1 not logged in"),
        pytest.param(changed(IDLE, slots=ONE), S.LOGGED_OUT, id="1 goes before 3"),
        pytest.param(changed(IN, stream=None, slots=ONE), S.PENDING_NOT_READY, id="3 detached, at work"),
        pytest.param(changed(IN, stream=None, reservations=OFFERED), S.PENDING_NOT_READY, id="3 detached, offered"),
        pytest.param(changed(IN, ready=frozenset(), slots=ONE), S.PENDING_NOT_READY, id="3 not ready, at work"),
        pytest.param(changed(IN, capacity={CHAT: 0}, slots=ONE), S.PENDING_NOT_READY, id="3 no slots, at work"),
        pytest.param(changed(IN, stream=None), S.NOT_READY, id="4 detached"),
        pytest.param(changed(IN, ready=frozenset()), S.NOT_READY, id="4 not ready"),
        pytest.param(changed(IN, ready=frozenset({VOICE})), S.NOT_READY, id="4 ready elsewhere only"),
        pytest.param(changed(IN, capacity={CHAT: 0}), S.NOT_READY, id="4 no slots"),
        pytest.param(changed(IN, capacity={}), S.NOT_READY, id="4 no such media domain"),
        pytest.param(changed(IN, reservations=OFFERED), S.RESERVED, id="5 offered"),
        pytest.param(changed(IN, slots=ONE, reservations=OFFERED), S.RESERVED, id="5 goes before 6"),
        pytest.param(changed(IN, slots=TWO), S.BUSY, id="6 full"),
        pytest.param(changed(IN, capacity={CHAT: 1}, slots=TWO), S.BUSY, id="6 over-full after less capacity"),
        pytest.param(changed(IN, slots=ONE), S.ACTIVE, id="7 at work, slots left"),
        pytest.param(changed(IN, slots={ConversationId("a"): VOICE}), S.READY, id="8 at work elsewhere"),
        pytest.param(IN, S.READY, id="8 ready"),
    ],
)
def test_the_first_row_that_fits_gives_the_state(agent: Agent, state: AgentState) -> None:
    assert state_in(agent, CHAT) is state
    assert is_available(agent, CHAT) is (state in (S.READY, S.ACTIVE))


@pytest.fixture
def site() -> Centre:
    return centre(Limits(capacity={"chat": 2}))


def offered(site: Centre, conversation: str = V) -> Centre:
    """Let Bob have the offer of a transfer by Ann."""
    site.active(ANN, conversation=conversation).tell(transfer(ANN), conversation)
    site.offer(BOB, conversation)
    return site


@pytest.mark.spec("R-A1")
def test_the_states_follow_the_drawing(site: Centre) -> None:
    seen = [site.agent_state(BOB)]
    for conversation in ("a", "b"):
        offered(site, conversation)
        seen.append(site.agent_state(BOB))
        site.accept(conversation)
        seen.append(site.agent_state(BOB))
    for command in (
        c.ReleaseSlot(conversation=ConversationId("b")),
        c.SetReadiness(is_ready=False),
        c.SetReadiness(is_ready=True),
        c.SetReadiness(is_ready=False),
        c.ReleaseSlot(conversation=ConversationId("a")),
        c.SetReadiness(is_ready=True),
        c.Logout(),
        c.Attach(stream="desk"),
    ):
        site.tell_agent(BOB, command)
        seen.append(site.agent_state(BOB))
    assert seen == [
        S.READY, S.RESERVED, S.ACTIVE, S.RESERVED, S.BUSY, S.ACTIVE, S.PENDING_NOT_READY, S.ACTIVE,
        S.PENDING_NOT_READY, S.NOT_READY, S.READY, S.LOGGED_OUT, S.NOT_READY,
    ]  # fmt: skip


@pytest.mark.spec("R-A2", "INV-3", "F-06")
def test_a_slot_is_reserved_only_while_one_is_free_and_no_other_offer_is_open(site: Centre) -> None:
    reserve = c.Reserve(reservation=OFFERED[0])
    site.tell_agent(BOB, reserve)
    with pytest.raises(TargetNotAvailable):
        site.tell_agent(BOB, reserve)
    with pytest.raises(TargetNotAvailable):
        site.tell_agent(BOB, c.TakeSlot(offer="d~1"))
    site.tell_agent(BOB, c.TakeSlot(offer="c~1"))
    assert site.agent(BOB).slots == {"c": CHAT}
    assert site.tell_agent(BOB, c.ReleaseSlot(conversation=ConversationId("a"))) == []


@pytest.mark.spec("R-A2")
def test_less_capacity_takes_nothing_away_and_stops_new_offers(site: Centre) -> None:
    site.active(BOB)
    site.apply(c.Apply(media_domains=(MediaDomainSettings(id=CHAT, capacity=1),)))
    assert (site.agent(BOB).slots, site.agent_state(BOB)) == ({V: CHAT}, S.BUSY)
    site.apply(c.Apply(agents=(AgentSettings(id=BOB, capacity={CHAT: 0}),)))
    assert site.agent_state(BOB) is S.PENDING_NOT_READY


@pytest.mark.spec("R-A3")
def test_media_domains_are_independent(site: Centre) -> None:
    site.apply(c.Apply(media_domains=(MediaDomainSettings(id=VOICE, capacity=1),)))
    assert (site.agent_state(BOB), site.agent_state(BOB, VOICE)) == (S.READY, S.NOT_READY)
    site.tell_agent(BOB, c.SetReadiness(is_ready=True, media_domain=VOICE))
    site.tell_agent(BOB, c.SetReadiness(is_ready=False, media_domain=CHAT, reason="lunch"))
    assert (site.agent_state(BOB), site.agent_state(BOB, VOICE)) == (S.NOT_READY, S.READY)
    assert site.agent(BOB).not_ready_reason == "lunch"


@pytest.mark.spec("R-A1")
def test_readiness_that_is_so_already_changes_nothing(site: Centre) -> None:
    assert site.tell_agent(BOB, c.SetReadiness(is_ready=True)) == []


def test_who_is_logged_out_sets_no_readiness(site: Centre) -> None:
    site.tell_agent(BOB, c.Logout())
    assert site.tell_agent(BOB, c.Logout()) == []
    for is_ready in (True, False):
        with pytest.raises(AgentLoggedOut):
            site.tell_agent(BOB, c.SetReadiness(is_ready=is_ready))
    with pytest.raises(AgentNotFound):
        site.tell_agent("nobody", c.Logout())


@pytest.mark.spec("R-L6")
def test_a_detached_agent_keeps_readiness_and_offer_through_the_grace(site: Centre) -> None:
    offered(site)
    before = site.agent(BOB)
    site.tell_agent(BOB, c.Detach(stream="desk-of-bob"))
    assert deadlines(site.agent(BOB)) == {c.EndGrace(): site.now + 30}
    assert not is_available(site.agent(BOB), CHAT)
    site.now += 10
    assert site.tell_agent(BOB, c.EndGrace()) == []
    site.tell_agent(BOB, c.Attach(stream="new"))
    after = site.agent(BOB)
    assert (after.ready, after.reservations, after.grace_until) == (before.ready, before.reservations, None)
    assert deadlines(after) == {}


@pytest.mark.spec("R-L6")
def test_the_end_of_a_stream_that_was_taken_over_means_nothing(site: Centre) -> None:
    site.tell_agent(BOB, c.Attach(stream="second"))
    assert site.agent_state(BOB) is S.READY
    assert site.tell_agent(BOB, c.Detach(stream="desk-of-bob")) == []
    assert len(site.tell_agent(BOB, c.Detach(stream="second"))) == 1


@pytest.mark.spec("R-L7", "R-L6")
def test_grace_over_logs_out_and_attaching_then_starts_not_ready(site: Centre) -> None:
    site.active(BOB)
    site.tell_agent(BOB, c.Detach(stream=None))
    site.now += 30
    site.tell_agent(BOB, c.EndGrace())
    assert (site.agent_state(BOB), site.agent(BOB).slots) == (S.LOGGED_OUT, {})
    site.tell_agent(BOB, c.Attach(stream="new"))
    assert site.agent_state(BOB) is S.NOT_READY


@pytest.mark.spec("R-O3")
def test_misses_count_in_a_row_only() -> None:
    site = centre(Limits(misses_max=2))
    for outcomes, state in (
        ([OfferOutcome.MISSED, OfferOutcome.DECLINED, OfferOutcome.MISSED], S.READY),
        ([OfferOutcome.MISSED], S.NOT_READY),
    ):
        for outcome in outcomes:
            site.tell_agent(BOB, c.Reserve(reservation=OFFERED[0]))
            events = site.tell_agent(BOB, c.EndReservation(offer="c~1", outcome=outcome))
        assert site.agent_state(BOB) is state
    assert events[-1] == e.ReadinessChanged(at=site.now, is_ready=False, media_domains=(CHAT,), reason="RONA")
    site.tell_agent(BOB, c.SetReadiness(is_ready=True))
    assert site.agent(BOB).misses == 0


@pytest.mark.spec("R-Q7")
@pytest.mark.parametrize(
    ("outcome", "why", "is_restarted"),
    [
        (OfferOutcome.MISSED, RevokeReason.NONE, True),
        (OfferOutcome.DECLINED, RevokeReason.NONE, True),
        (OfferOutcome.REVOKED, RevokeReason.INVITE_ENDED, False),
        (OfferOutcome.REVOKED, RevokeReason.CONVERSATION_CLOSED, False),
        (OfferOutcome.REVOKED, RevokeReason.ENGINE_DOWN, False),
    ],
)
def test_available_since_restarts_except_after_a_revoke_that_was_not_his_doing(
    site: Centre, outcome: OfferOutcome, why: RevokeReason, *, is_restarted: bool
) -> None:
    start = site.now
    site.tell_agent(BOB, c.Reserve(reservation=OFFERED[0]))
    site.now += 7
    site.tell_agent(BOB, c.EndReservation(offer="c~1", outcome=outcome, reason=why))
    assert site.agent(BOB).available_since == {CHAT: start + 7 if is_restarted else start}


@pytest.mark.spec("R-Q7")
def test_available_since_restarts_when_he_becomes_available_from_another_state(site: Centre) -> None:
    start = site.now
    since = [site.agent(BOB).available_since[CHAT]]
    for command in (
        c.Reserve(reservation=OFFERED[0]),
        c.TakeSlot(offer="c~1"),
        c.ReleaseSlot(conversation=ConversationId("c")),
        c.SetReadiness(is_ready=False),
        c.SetReadiness(is_ready=True),
        c.Detach(stream=None),
        c.Attach(stream="new"),
    ):
        site.now += 1
        site.tell_agent(BOB, command)
        since.append(site.agent(BOB).available_since[CHAT])
    # Reserved: as before. Taken: ACTIVE from RESERVED. Released: READY from ACTIVE, available all along.
    assert [at - start for at in since] == [0, 0, 2, 2, 2, 5, 5, 7]


@pytest.mark.spec("R-Q9")
def test_an_agent_at_work_is_not_deleted(site: Centre) -> None:
    prune = c.Apply(agents=(AgentSettings(id=ANN), AgentSettings(id=CAT)), prune=True)
    with pytest.raises(AgentInUse):
        site.apply(prune)
    site.tell_agent(BOB, c.Logout())
    site.apply(prune)
    assert BOB not in site.agents()


def test_an_agent_keeps_his_place_when_applied_again(site: Centre) -> None:
    places = {agent: state.place for agent, state in site.agents().items()}
    site.apply(c.Apply(agents=(AgentSettings(id=ANN, display_name="Anna"), AgentSettings(id=AgentId("dan")))))
    after = {agent: state.place for agent, state in site.agents().items()}
    assert {agent: after[agent] for agent in places} == places
    assert after[AgentId("dan")] > max(places.values())
