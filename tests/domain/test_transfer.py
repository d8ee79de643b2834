"""Transfers: who is told what, in which order, and what becomes of conversation, agent and invite."""

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import OfferClosed, TargetNotAvailable
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import AgentSettings, LeaveReason, QueueSettings
from hookflash.sdk.types import AgentState, ConversationState, InviteKind, InviteState, OfferOutcome, ParticipantRole

from .given import ANN, BILLING, BOB, CAT, Centre, V, centre, heard, transfer

PLACED = [
    ("ann", "Conversation is closed due to CHAT TRANSFERRED"),
    ("ann (toast)", "Transfer request placed successfully"),
    ("agents but ann", "Queue transfer request has been placed by Ann"),
    ("customer", "Your request is being transferred to Billing, please wait!"),
    ("customer", "Ann has left"),
]
UNSERVED = [("agents", "No agent is available for Queue Transfer"), ("customer", "No agents were available")]


@pytest.fixture
def site() -> Centre:
    return centre().active(ANN)


@pytest.mark.spec("R-T1", "R-T2", "N1", "N2", "N3", "N4", "D-2", "D-6", "A-01")
def test_placing_tells_agent_and_customer_each_once_in_the_order_of_the_seed(site: Centre) -> None:
    assert heard(site.tell(transfer(ANN))) == PLACED


@pytest.mark.spec("N1", "R-L9")
def test_the_closing_notice_is_the_last_timeline_entry_for_him_who_transferred(site: Centre) -> None:
    events = site.tell(transfer(ANN))
    own = [event for event in events if isinstance(event, e.StaffNoticed) and event.agent == ANN]
    left = next(event for event in events if isinstance(event, e.ParticipantLeft))
    assert [event.sequence for event in own] == [left.sequence + 1, None]


@pytest.mark.spec("R-T1", "R-G7", "F-10")
def test_placing_takes_the_agent_out_and_frees_the_slot_in_the_same_record(site: Centre) -> None:
    events = site.tell(transfer(ANN))
    assert site.members() == []
    assert site.agent(ANN).slots == {}
    assert site.agent_state(ANN) is AgentState.READY
    assert [event.reason for event in events if isinstance(event, e.ParticipantLeft)] == [LeaveReason.TRANSFERRED]
    assert e.SlotReleased(at=site.now, conversation=V) in events


@pytest.mark.spec("R-T3", "D-9", "D-14", "A-11")
def test_a_queue_transfer_is_parked_at_ten_though_nobody_may_be_there(site: Centre) -> None:
    site.tell(transfer(ANN))
    assert (site.invite().state, site.invite().priority) == (InviteState.PARKED, 10)
    assert (site.state(), site.waiting()) == (ConversationState.QUEUED, 1)


@pytest.mark.spec("R-T5", "R-C5", "N6", "N9", "D-1", "A-01")
def test_who_accepts_joins_as_primary_and_each_side_hears_its_own_words(site: Centre) -> None:
    site.tell(transfer(ANN))
    site.offer(BOB)
    assert heard(site.accept()) == [
        ("bob", "You have joined the conversation"),
        ("agents but bob", "Bob has joined the conversation"),
        ("customer", "Bob has joined the conversation"),
    ]
    assert site.members() == [(BOB, ParticipantRole.PRIMARY)]
    assert site.state() is ConversationState.ACTIVE
    assert site.invite().state is InviteState.ACCEPTED


@pytest.mark.spec("R-T5", "R-O5", "N5", "D-3", "D-4", "A-08")
def test_nobody_by_the_ttl_ends_it_once_and_the_customer_hears_so_once(site: Centre) -> None:
    site.tell(transfer(ANN))
    events = site.end_ttl()
    assert heard(events) == UNSERVED
    assert [event.state for event in events if isinstance(event, e.InviteEnded)] == [InviteState.NO_AGENT]
    assert (site.state(), site.waiting()) == (ConversationState.UNATTENDED, 0)
    assert site.tell(c.EndInvite(number=site.invite().number)) == []


@pytest.mark.spec("R-T6", "R-T7", "A-02")
def test_a_direct_transfer_is_offered_at_once_and_never_parked(site: Centre) -> None:
    events = site.tell(transfer(ANN, agent=BOB))
    assert heard(events) == [
        *PLACED[:2],
        ("agents but ann", "Agent transfer request has been placed by Ann"),
        ("customer", "Your request is being transferred to Bob, please wait!"),
        PLACED[4],
    ]
    assert site.invite().state is InviteState.OFFERED
    assert site.agent_state(BOB) is AgentState.RESERVED
    assert not [event for event in events if isinstance(event, e.LineJoined)]


@pytest.mark.spec("R-T7", "R-G7", "A-19")
def test_a_named_agent_who_is_not_available_refuses_the_whole_placement(site: Centre) -> None:
    site.tell_agent(BOB, c.SetReadiness(is_ready=False))
    before = dict(site.entities)
    with pytest.raises(TargetNotAvailable):
        site.tell(transfer(ANN, agent=BOB))
    assert site.entities == before
    assert site.members() == [(ANN, ParticipantRole.PRIMARY)]


@pytest.mark.spec("R-T6", "R-T8", "F-03", "A-02")
def test_a_named_agent_who_misses_ends_it_and_the_conversation_is_not_stuck(site: Centre) -> None:
    site.tell(transfer(ANN, agent=BOB))
    assert heard(site.miss()) == [
        ("agents", "No agent is available for Agent Transfer"),
        ("customer", "No agents were available"),
    ]
    assert (site.invite().state, site.state()) == (InviteState.NO_AGENT, ConversationState.UNATTENDED)


@pytest.mark.spec("R-T8", "A-02", "F-21")
def test_a_named_agent_who_declines_ends_it_as_declined(site: Centre) -> None:
    site.tell(transfer(ANN, agent=BOB))
    assert heard(site.decline()) == [
        ("agents", "Bob declined the request"),
        ("customer", "No agents were available"),
    ]
    assert (site.invite().state, site.state()) == (InviteState.DECLINED, ConversationState.UNATTENDED)
    assert site.talk().offers[-1].outcome is OfferOutcome.DECLINED


@pytest.mark.spec("R-T8", "R-O8")
@pytest.mark.parametrize("gone", [c.SetReadiness(is_ready=False), c.Logout()], ids=["not ready", "logged out"])
def test_a_named_agent_who_goes_away_ends_it(site: Centre, gone: c.AgentCommand) -> None:
    site.tell(transfer(ANN, agent=BOB))
    site.tell_agent(BOB, gone)
    assert (site.invite().state, site.state()) == (InviteState.NO_AGENT, ConversationState.UNATTENDED)
    assert site.agent(BOB).reservations == ()


@pytest.mark.spec("R-T9", "N10", "A-15", "F-15")
def test_of_several_agents_only_he_who_transfers_leaves() -> None:
    site = centre().active(ANN, BOB)
    assert heard(site.tell(transfer(ANN))) == [
        *PLACED[:3],
        ("agents but ann", "Ann left the conversation"),
        *PLACED[3:],
    ]
    assert site.members() == [(BOB, ParticipantRole.PRIMARY)]
    assert site.state() is ConversationState.ACTIVE


@pytest.mark.spec("R-T9", "A-15")
@pytest.mark.parametrize(
    ("is_named", "text"),
    [(False, "No agent is available for Queue Transfer"), (True, "No agent is available for Agent Transfer")],
)
def test_unserved_with_agents_left_the_agents_hear_of_it_and_the_customer_does_not(
    *, is_named: bool, text: str
) -> None:
    site = centre().active(ANN, BOB)
    site.tell(transfer(ANN, agent=CAT if is_named else None))
    assert heard(site.miss() if is_named else site.end_ttl()) == [("agents", text)]
    assert site.state() is ConversationState.ACTIVE


@pytest.mark.spec("R-T10")
def test_a_transfer_counts_once_and_leaves_conversation_and_session_as_they_were(site: Centre) -> None:
    before = site.talk()
    site.tell(transfer(ANN))
    after = site.talk()
    assert (before.transfers, after.transfers) == (0, 1)
    assert (after.id, after.sessions) == (before.id, before.sessions)
    site.offer(BOB)
    site.miss()
    assert site.talk().transfers == 1


@pytest.mark.spec("R-G4", "R-G5", "A-27", "D-12")
@pytest.mark.parametrize(
    ("note", "kept"),
    [("vip", "vip"), ("", None), (" \n ", None), (None, None), (" a\x00b\x1b ", "ab"), ("x" * 1_000, "x" * 1_000)],
)
def test_the_note_stays_on_the_invite_and_never_on_the_customers_side(note: str | None, kept: str | None) -> None:
    site = centre().active(ANN)
    events = site.tell(transfer(ANN, note=note))
    placed = next(event for event in events if isinstance(event, e.InvitePlaced))
    assert placed.invite.note == kept
    assert heard(events) == PLACED


@pytest.mark.spec("R-G5", "D-8")
def test_the_invite_says_all_that_its_offers_show(site: Centre) -> None:
    site.tell(transfer(ANN, note="vip"))
    invite = site.invite()
    assert (invite.number, invite.kind, invite.requester, invite.requester_name) == (2, InviteKind.TRANSFER, ANN, "Ann")
    assert (invite.target.queue, invite.target_name, invite.note, invite.session) == (BILLING, "Billing", "vip", 1)
    assert (invite.expire_at, invite.offer_timeout_s) == (site.now + 300, 30)


@pytest.mark.spec("R-Q1", "R-O5", "A-09")
def test_queue_settings_win_over_the_engines_and_the_placement_over_both(site: Centre) -> None:
    site.apply(c.Apply(queues=(QueueSettings(id=BILLING, offer_timeout_s=5, ttl_s=50),)))
    site.tell(transfer(ANN))
    assert (site.invite().expire_at, site.invite().offer_timeout_s) == (site.now + 50, 5)
    other = centre().active(ANN)
    other.tell(changed(transfer(ANN), ttl_s=7.5, priority=3))
    assert (other.invite().expire_at, other.invite().priority) == (other.now + 7.5, 3)


@pytest.mark.spec("D-15")
def test_without_a_display_name_the_customer_reads_the_id(site: Centre) -> None:
    site.apply(c.Apply(queues=(QueueSettings(id=BILLING),), agents=(AgentSettings(id=BOB),)))
    assert ("customer", "Your request is being transferred to billing, please wait!") in heard(site.tell(transfer(ANN)))


@pytest.mark.spec("R-O5", "A-09")
def test_an_offer_that_is_open_when_the_ttl_passes_lives_its_time_and_may_be_accepted(site: Centre) -> None:
    site.tell(transfer(ANN))
    site.now = site.invite().expire_at - 10
    site.offer(BOB)
    assert site.end_ttl() == []
    site.accept()
    assert site.members() == [(BOB, ParticipantRole.PRIMARY)]


@pytest.mark.spec("R-O5", "A-09")
def test_an_offer_missed_after_the_ttl_is_the_last_one(site: Centre) -> None:
    site.tell(transfer(ANN))
    site.now = site.invite().expire_at - 10
    site.offer(BOB)
    assert heard(site.miss()) == UNSERVED
    assert site.invite().state is InviteState.NO_AGENT


@pytest.mark.spec("R-L2", "R-T3", "D-10")
def test_a_transfer_that_is_withdrawn_leaves_the_conversation_unattended(site: Centre) -> None:
    site.tell(transfer(ANN))
    assert heard(site.tell(c.CancelInvite(number=2))) == [
        ("agents", "Transfer request has been cancelled"),
        ("customer", "No agents were available"),
    ]
    assert (site.invite().state, site.state()) == (InviteState.CANCELLED, ConversationState.UNATTENDED)


@pytest.mark.spec("R-C8", "R-O7", "F-13", "F-26")
def test_cancelling_an_offered_invite_revokes_the_offer(site: Centre) -> None:
    site.tell(transfer(ANN))
    site.offer(BOB)
    site.tell(c.CancelInvite(number=2))
    assert site.agent_state(BOB) is AgentState.READY
    with pytest.raises(OfferClosed):
        site.accept()


@pytest.mark.spec("R-C3", "A-20")
def test_an_agent_who_was_added_may_transfer_even_where_the_conversation_is_full() -> None:
    site = centre(Limits(agents_per_conversation_max=2)).active(ANN, BOB)
    assert heard(site.tell(transfer(BOB)))[0] == ("bob", "Conversation is closed due to CHAT TRANSFERRED")
    site.offer(CAT)
    site.accept()
    assert [agent for agent, _ in site.members()] == [ANN, CAT]
