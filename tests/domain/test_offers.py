"""Offers: one at a time, decided once, and what the search does next."""

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.conversation.state import deadlines
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import (
    ConversationNotActive,
    IdentityMismatch,
    InviteClosed,
    InviteNotFound,
    OfferClosed,
    OfferNotFound,
    TargetAlreadyParticipant,
    TargetIsRequester,
    TargetNotAvailable,
)
from hookflash.engine.domain.values import (
    CHAT,
    AttributeSettings,
    PastOffer,
    QueueSettings,
    Reservation,
    RevokeReason,
    Step,
    Tried,
)
from hookflash.sdk.types import AgentId, AgentState, AttributeId, InviteState, OfferOutcome

from .given import ANN, BILLING, BOB, CAT, Centre, V, centre, conference, heard, route, transfer


@pytest.fixture
def site() -> Centre:
    """Ann transferred to Billing, where the invite waits."""
    made = centre().active(ANN)
    made.tell(transfer(ANN))
    return made


@pytest.mark.spec("R-O2", "R-G5")
def test_an_offer_takes_the_invite_out_of_the_line_and_one_slot_of_the_agent(site: Centre) -> None:
    site.offer(BOB)
    assert (site.invite().state, site.waiting()) == (InviteState.OFFERED, 0)
    reservation = Reservation(offer="v~2", conversation=V, media_domain=CHAT, queue=BILLING)
    assert site.agent(BOB).reservations == (reservation,)
    assert deadlines(site.talk()) == {c.EndOffer(number=2): site.now + 30}


@pytest.mark.spec("R-O1", "INV-2", "F-18")
def test_an_invite_that_is_offered_is_not_offered_again(site: Centre) -> None:
    site.offer(BOB)
    with pytest.raises(ConversationNotActive):
        site.offer(CAT)
    assert site.agent(CAT).reservations == ()


@pytest.mark.spec("R-O1", "R-A2", "F-06")
def test_an_agent_has_one_open_offer_at_a_time(site: Centre) -> None:
    site.active(CAT, conversation="other").tell(transfer(CAT), "other")
    site.offer(BOB)
    with pytest.raises(TargetNotAvailable):
        site.offer(BOB, "other")
    assert site.invite("other").state is InviteState.PARKED


@pytest.mark.spec("R-O3", "R-O5", "F-08", "A-07")
@pytest.mark.parametrize("is_declined", [False, True], ids=["missed", "declined"])
def test_not_accepted_it_is_parked_again_at_eleven_with_age_and_deadline(*, is_declined: bool, site: Centre) -> None:
    before = site.invite()
    site.offer(BOB)
    events = site.decline() if is_declined else site.miss()
    after = site.invite()
    assert (after.state, after.priority, after.offer, after.attempts) == (InviteState.PARKED, 11, None, 1)
    assert (after.placed_at, after.expire_at, after.placement) == (
        before.placed_at, before.expire_at, before.placement,
    )  # fmt: skip
    assert site.waiting() == 1
    assert heard(events) == []
    assert site.agent_state(BOB) is AgentState.READY


@pytest.mark.spec("R-O4")
@pytest.mark.parametrize("is_declined", [False, True], ids=["missed", "declined"])
def test_who_missed_or_declined_is_not_asked_again_within_the_pause(*, is_declined: bool, site: Centre) -> None:
    site.offer(BOB)
    site.decline() if is_declined else site.miss()
    until = site.now + 10
    assert site.invite().tried == (Tried(agent=BOB, count=1, paused_until=until),)
    end = c.EndPause(number=2, agent=BOB)
    assert deadlines(site.talk())[end] == until
    site.now = until - 1
    assert site.tell(end) == []
    site.now = until
    assert site.tell(end) == [e.PauseEnded(invite=2, agent=BOB)]
    assert site.invite().tried == (Tried(agent=BOB, count=1),)


@pytest.mark.spec("R-Q7", "R-O4")
def test_each_offer_of_an_invite_counts_for_its_agent(site: Centre) -> None:
    for agent in (BOB, CAT, BOB):
        site.offer(agent)
        site.miss()
    assert {tried.agent: tried.count for tried in site.invite().tried} == {BOB: 2, CAT: 1}


@pytest.mark.spec("R-O6", "A-10", "F-12")
def test_an_accept_or_decline_repeated_has_no_second_effect(site: Centre) -> None:
    site.offer(BOB)
    site.decline()
    assert site.decline() == []
    site.offer(CAT)
    site.accept()
    assert site.accept() == []


@pytest.mark.spec("R-O7", "F-07")
def test_an_answer_to_a_decided_offer_is_refused_and_touches_no_other(site: Centre) -> None:
    site.offer(BOB)
    late = site.last_offer()
    site.miss()
    site.offer(CAT)
    for command in (c.AcceptOffer(number=late), c.DeclineOffer(number=late)):
        with pytest.raises(OfferClosed):
            site.tell(command)
    assert site.tell(c.RevokeOffer(number=late, reason=RevokeReason.NOT_READY)) == []
    assert site.tell(c.EndOffer(number=late)) == []
    assert site.agent_state(CAT) is AgentState.RESERVED


@pytest.mark.spec("R-O6", "R-O7")
def test_accepted_it_cannot_be_declined_nor_declined_be_accepted(site: Centre) -> None:
    site.offer(BOB)
    site.decline()
    with pytest.raises(OfferClosed):
        site.accept()
    site.offer(CAT)
    site.accept()
    with pytest.raises(OfferClosed):
        site.decline()


def test_only_its_agent_answers_an_offer_and_only_one_that_was_made(site: Centre) -> None:
    site.offer(BOB)
    for command in (c.AcceptOffer(number=2, agent=CAT), c.DeclineOffer(number=2, agent=CAT)):
        with pytest.raises(IdentityMismatch):
            site.tell(command)
    for number in (0, 3):
        with pytest.raises(OfferNotFound):
            site.tell(c.AcceptOffer(number=number))
    site.tell(c.AcceptOffer(number=2, agent=BOB))
    assert [agent for agent, _ in site.members()] == [BOB]


@pytest.mark.spec("R-O8", "A-25", "F-21")
@pytest.mark.parametrize(
    ("gone", "why", "state"),
    [
        (c.SetReadiness(is_ready=False), RevokeReason.NOT_READY, AgentState.NOT_READY),
        (c.Logout(), RevokeReason.LOGGED_OUT, AgentState.LOGGED_OUT),
    ],
)
def test_an_agent_who_goes_loses_the_offer_at_once_without_a_pause(
    site: Centre, gone: c.AgentCommand, why: RevokeReason, state: AgentState
) -> None:
    site.offer(BOB)
    events = site.tell_agent(BOB, gone)
    ended = next(event for event in events if isinstance(event, e.OfferEnded))
    assert (ended.outcome, ended.reason, ended.paused_until) == (OfferOutcome.REVOKED, why, None)
    assert (site.invite().state, site.invite().priority, site.agent_state(BOB)) == (InviteState.PARKED, 11, state)
    assert site.talk().offers[-1] == PastOffer(agent=BOB, invite=2, outcome=OfferOutcome.REVOKED)


@pytest.mark.spec("R-L7", "R-O8", "A-24")
def test_grace_over_counts_as_a_miss(site: Centre) -> None:
    site.offer(BOB)
    site.tell_agent(BOB, c.Detach(stream=None))
    assert site.invite().offer is not None
    site.now += 30
    events = site.tell_agent(BOB, c.EndGrace())
    ended = next(event for event in events if isinstance(event, e.OfferEnded))
    assert (ended.outcome, ended.reason) == (OfferOutcome.MISSED, RevokeReason.DISCONNECTED)
    assert site.invite().state is InviteState.PARKED


@pytest.mark.spec("R-O9", "A-31")
def test_an_offer_that_fell_due_while_the_engine_was_down_counts_against_nobody(site: Centre) -> None:
    site.offer(BOB)
    events = site.miss(is_overdue=True)
    ended = next(event for event in events if isinstance(event, e.OfferEnded))
    assert (ended.outcome, ended.reason) == (OfferOutcome.REVOKED, RevokeReason.ENGINE_DOWN)
    assert (site.invite().tried, site.agent(BOB).misses) == ((), 0)
    assert site.invite().state is InviteState.PARKED


@pytest.mark.spec("R-O9")
def test_a_named_agents_offer_that_fell_due_then_ends_the_invite(site: Centre) -> None:
    site.end_ttl()
    site.tell(route(agent=BOB))
    assert heard(site.miss(is_overdue=True)) == [("customer", "No agents were available")]
    assert site.invite().state is InviteState.NO_AGENT


@pytest.mark.spec("R-Q2", "A-14")
def test_steps_open_in_their_time_and_never_start_over() -> None:
    site = centre()
    english = AttributeSettings(id=AttributeId("english"))
    steps = (Step(expression="english > 5", wait_s=20), Step(expression="english > 1", wait_s=5), Step())
    site.apply(c.Apply(attributes=(english,), queues=(QueueSettings(id=BILLING, steps=steps),)))
    site.active(ANN).tell(transfer(ANN))
    start = site.now
    assert (site.invite().step, site.invite().steps_at) == (1, (start + 20, start + 25))
    assert deadlines(site.talk()) == {
        c.EndInvite(number=2): start + 300,
        c.OpenStep(number=2, step=2): start + 20,
    }
    site.now = start + 20
    assert site.tell(c.OpenStep(number=2, step=2)) == [e.StepOpened(invite=2, step=2)]
    site.offer(BOB)
    site.miss()
    # The third step opened while Bob had the offer.
    assert (site.invite().step, site.invite().steps_at) == (3, (start + 20, start + 25))
    assert site.tell(c.OpenStep(number=2, step=2)) == []
    assert site.tell(c.OpenStep(number=2, step=3)) == []


@pytest.mark.spec("R-Q8", "A-30")
def test_a_strategys_answer_is_recorded_and_leads_to_the_offer(site: Centre) -> None:
    site.tell(c.AskStrategy(number=2, strategy="fancy", until=site.now + 0.05))
    decision = site.invite().decision
    assert decision is not None
    assert deadlines(site.talk())[c.EndDecision(number=2, decision=decision.number)] == site.now + 0.05
    assert site.tell(c.AskStrategy(number=2, strategy="fancy", until=site.now + 9)) == []
    answer = c.AnswerDecision(
        number=2, decision=decision.number, strategy="fancy", agents=(BOB,), choices=((BOB, "Bob"),)
    )
    made, offered = site.tell(answer)[:2]
    assert made == e.DecisionMade(invite=2, number=decision.number, strategy="fancy", agents=(BOB,))
    assert isinstance(offered, e.OfferMade)
    assert site.tell(answer) == []


@pytest.mark.spec("R-Q8", "A-30")
def test_a_strategy_that_is_too_late_is_recorded_as_a_fault(site: Centre) -> None:
    site.tell(c.AskStrategy(number=2, strategy="fancy", until=site.now + 0.05))
    decision = site.invite().decision
    assert decision is not None
    (made,) = site.tell(c.EndDecision(number=2, decision=decision.number))
    assert made == e.DecisionMade(invite=2, number=decision.number, strategy="fancy", fault="out of time")
    assert site.invite().decision is None


@pytest.mark.spec("R-G12", "R-C8")
def test_an_invite_is_cancelled_by_number_and_only_while_it_is_open(site: Centre) -> None:
    for number in (0, 3):
        with pytest.raises(InviteNotFound):
            site.tell(c.CancelInvite(number=number))
    with pytest.raises(InviteClosed):
        site.tell(c.CancelInvite(number=1))
    site.tell(c.CancelInvite(number=2))
    assert site.tell(c.CancelInvite(number=2)) == []


@pytest.mark.spec("R-O3")
def test_a_miss_makes_nobody_not_ready_unless_it_is_so_set() -> None:
    for misses_max, expected in ((0, AgentState.READY), (2, AgentState.NOT_READY)):
        site = centre(Limits(misses_max=misses_max)).active(ANN)
        site.tell(transfer(ANN))
        for _ in range(2):
            assert site.agent_state(BOB) is AgentState.READY
            site.offer(BOB)
            site.miss()
        assert site.agent_state(BOB) is expected


@pytest.mark.spec("R-A2", "INV-3")
def test_an_agent_nobody_knows_cannot_be_offered(site: Centre) -> None:
    offer = c.MakeOffer(number=2, agent=AgentId("nobody"), agent_name="Nobody")
    with pytest.raises(Exception, match="no agent nobody"):
        site.tell(offer)
    assert site.invite().state is InviteState.PARKED


@pytest.mark.spec("R-Q4", "D-8", "INV-3", "A-12", "F-09")
def test_neither_a_participant_nor_the_inviting_agent_is_offered_the_invite(site: Centre) -> None:
    with pytest.raises(TargetIsRequester):
        site.offer(ANN)
    both = centre().active(ANN, BOB)
    both.tell(conference(ANN))
    for agent in (ANN, BOB):
        with pytest.raises(TargetAlreadyParticipant):
            both.offer(agent)
    both.tell(c.Leave(agent=ANN))
    with pytest.raises(TargetIsRequester):
        both.offer(ANN)


@pytest.mark.spec("R-T4", "A-07")
def test_missed_it_goes_on_to_the_next_agent_and_the_customer_hears_only_of_the_joining(site: Centre) -> None:
    said = [*heard(site.offer(BOB)), *heard(site.miss()), *heard(site.offer(CAT)), *heard(site.accept())]
    assert [text for who, text in said if who == "customer"] == ["Cat has joined the conversation"]
    assert [(past.agent, past.outcome) for past in site.talk().offers[1:]] == [
        (BOB, OfferOutcome.MISSED), (CAT, OfferOutcome.ACCEPTED),
    ]  # fmt: skip
