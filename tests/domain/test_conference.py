"""Conferences: the inviting agent stays, one agent more comes in, and the customer hears of nothing but the joining."""

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import ConferenceFull, OfferClosed
from hookflash.engine.domain.struct import changed
from hookflash.sdk.types import AgentState, ConversationState, InviteKind, InviteState, ParticipantRole

from .given import ANN, BOB, CAT, Centre, V, centre, conference, heard, transfer

JOINED = [
    ("bob", "You have joined the conversation"),
    ("agents but bob", "Bob has joined the conversation"),
    ("customer", "Bob has joined the conversation"),
]
NOBODY = [("agents", "No agents were available to join the conference conversation")]


@pytest.fixture
def site() -> Centre:
    return centre().active(ANN)


@pytest.mark.spec("R-C1", "N7", "N8", "D-13", "A-03", "F-17")
def test_placing_tells_the_inviting_agent_twice_and_the_customer_nothing(site: Centre) -> None:
    assert heard(site.tell(conference(ANN))) == [
        ("ann (toast)", "a conference request has been placed successfully."),
        ("ann", "Conference request has been successfully placed"),
        ("agents but ann", "Queue conference request has been placed by Ann"),
    ]
    assert site.members() == [(ANN, ParticipantRole.PRIMARY)]
    assert site.state() is ConversationState.ACTIVE


@pytest.mark.spec("R-C7", "R-G2")
def test_a_named_agent_is_asked_at_once_and_the_others_hear_which_kind_it_is(site: Centre) -> None:
    events = site.tell(conference(ANN, agent=BOB))
    assert heard(events)[2] == ("agents but ann", "Agent conference request has been placed by Ann")
    assert site.agent_state(BOB) is AgentState.RESERVED


@pytest.mark.spec("R-C4", "R-G5")
def test_the_invite_says_that_it_is_a_conference_and_from_whom(site: Centre) -> None:
    site.tell(conference(ANN, note="look at this"))
    invite = site.invite()
    assert (invite.kind, invite.requester, invite.requester_name, invite.note, invite.priority) == (
        InviteKind.CONFERENCE, ANN, "Ann", "look at this", 10,
    )  # fmt: skip


@pytest.mark.spec("R-C2", "R-C3", "R-C5", "N6", "N9", "D-1", "A-03")
def test_who_accepts_joins_as_primary_beside_the_first(site: Centre) -> None:
    site.tell(conference(ANN))
    site.offer(BOB)
    assert heard(site.accept()) == JOINED
    assert site.members() == [(ANN, ParticipantRole.PRIMARY), (BOB, ParticipantRole.PRIMARY)]
    assert site.talk().transfers == 0


@pytest.mark.spec("R-C6", "N11", "D-4", "A-08")
def test_nobody_by_the_ttl_is_told_to_the_agents_alone(site: Centre) -> None:
    site.tell(conference(ANN))
    assert heard(site.end_ttl()) == NOBODY
    assert (site.invite().state, site.state()) == (InviteState.NO_AGENT, ConversationState.ACTIVE)


@pytest.mark.spec("R-C7", "N11", "D-13")
def test_a_named_agent_who_misses_is_told_as_no_agent(site: Centre) -> None:
    site.tell(conference(ANN, agent=BOB))
    assert heard(site.miss()) == NOBODY
    assert site.state() is ConversationState.ACTIVE


@pytest.mark.spec("R-C7", "D-13")
def test_a_named_agent_who_declines_is_told_by_name(site: Centre) -> None:
    site.tell(conference(ANN, agent=BOB))
    assert heard(site.decline()) == [("agents", "Bob declined the request")]
    assert (site.invite().state, site.state()) == (InviteState.DECLINED, ConversationState.ACTIVE)


@pytest.mark.spec("R-C8")
def test_any_primary_may_cancel_and_the_customer_hears_nothing() -> None:
    site = centre().active(ANN, BOB)
    site.tell(conference(ANN))
    assert heard(site.tell(c.CancelInvite(number=3, agent=BOB))) == [
        ("agents", "Conference request has been cancelled")
    ]
    assert (site.invite().state, site.waiting()) == (InviteState.CANCELLED, 0)
    assert site.tell(c.CancelInvite(number=3, agent=ANN)) == []


@pytest.mark.spec("R-C8", "R-C3", "A-18")
def test_the_search_survives_the_inviting_agent_while_a_primary_remains() -> None:
    site = centre().active(ANN, BOB)
    site.tell(conference(ANN))
    site.tell(c.Leave(agent=ANN))
    assert site.invite().is_open
    site.offer(CAT)
    site.accept()
    assert site.members() == [(BOB, ParticipantRole.PRIMARY), (CAT, ParticipantRole.PRIMARY)]


@pytest.mark.spec("R-C8", "R-L2", "A-17", "F-13")
def test_the_last_primary_leaving_cancels_it_and_revokes_the_offer(site: Centre) -> None:
    site.tell(conference(ANN))
    site.offer(BOB)
    events = site.tell(c.Leave(agent=ANN))
    assert site.invite().state is InviteState.CANCELLED
    assert site.agent_state(BOB) is AgentState.READY
    assert sum(isinstance(event, e.ConversationUnattended) for event in events) == 1
    assert site.state() is ConversationState.UNATTENDED
    with pytest.raises(OfferClosed):
        site.accept()


@pytest.mark.spec("R-C3", "A-05")
def test_the_conversation_goes_on_with_the_agent_who_was_added() -> None:
    site = centre().active(ANN, BOB)
    site.tell(c.Leave(agent=ANN))
    assert site.state() is ConversationState.ACTIVE
    site.tell(conference(BOB, agent=CAT))
    site.accept()
    site.tell(transfer(CAT))
    assert site.members() == [(BOB, ParticipantRole.PRIMARY)]


@pytest.mark.spec("R-C2", "A-20")
def test_a_full_conversation_takes_no_further_conference() -> None:
    site = centre(Limits(agents_per_conversation_max=2)).active(ANN, BOB)
    with pytest.raises(ConferenceFull):
        site.tell(conference(ANN, agent=CAT))


@pytest.mark.spec("R-L9", "INV-3")
def test_every_participant_holds_exactly_one_slot_and_leaving_frees_it_once() -> None:
    site = centre().active(ANN, BOB)
    assert [site.agent(each).slots for each in (ANN, BOB, CAT)] == [{V: "chat"}, {V: "chat"}, {}]
    events = site.tell(c.Leave(agent=ANN))
    assert sum(isinstance(event, e.SlotReleased) for event in events) == 1
    assert site.agent(ANN).slots == {}


@pytest.mark.spec("R-L2", "R-C8")
def test_an_assistant_does_not_keep_the_conversation_and_is_removed_with_the_last_primary() -> None:
    # CONSULT is not placed yet, so the role is set as its acceptance will set it.
    site = centre().active(ANN, BOB)
    talk = site.talk()
    ann, bob = talk.participants
    altered = changed(talk, participants=(ann, changed(bob, role=ParticipantRole.ASSISTANT)))
    site.entities[next(address for address, state in site.entities.items() if state is talk)] = altered
    assert [p.agent for p in site.talk().primaries] == [ANN]
    assert heard(site.tell(c.Leave(agent=ANN)))[0] == ("agents but ann", "Ann left the conversation")
    assert site.members() == []
    assert site.agent(BOB).slots == {}
