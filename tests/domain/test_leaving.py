"""Leaving, losing, closing: no conversation is left undefined, and everybody hears of it once."""

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.conversation.state import deadlines
from hookflash.engine.domain.limits import Limits, UnattendedPolicy
from hookflash.engine.domain.refusals import ConversationClosed, NotAParticipant, OfferClosed
from hookflash.engine.domain.values import ChannelSettings, CloseCause, QueueSettings, Target
from hookflash.sdk.types import AgentState, ConversationState, InviteKind, InviteState, ParticipantRole, QueueId

from .given import ANN, BILLING, BOB, CAT, WEB, Centre, centre, conference, heard, route, transfer

AGAIN = ("customer", "You are being connected to another agent, please wait!")


def left(name: str) -> list[tuple[str, str]]:
    """What the leaving of an agent says."""
    return [(who, f"{name.capitalize()} left the conversation") for who in (f"agents but {name}", "customer")]


@pytest.fixture
def site() -> Centre:
    return centre().active(ANN)


def unattended(events: list[e.Event]) -> int:
    return sum(isinstance(event, e.ConversationUnattended) for event in events)


@pytest.mark.spec("R-L1", "N10", "D-6", "A-05")
def test_an_agent_who_leaves_is_told_to_all_others_and_the_rest_go_on() -> None:
    site = centre().active(ANN, BOB)
    assert heard(site.tell(c.Leave(agent=ANN))) == left("ann")
    assert (site.state(), site.members()) == (ConversationState.ACTIVE, [(BOB, ParticipantRole.PRIMARY)])


@pytest.mark.spec("R-L2", "INV-1", "F-20")
def test_the_last_primary_leaves_it_unattended_and_open(site: Centre) -> None:
    events = site.tell(c.Leave(agent=ANN))
    assert heard(events) == left("ann")
    assert (unattended(events), site.state()) == (1, ConversationState.UNATTENDED)
    with pytest.raises(NotAParticipant):
        site.tell(c.Leave(agent=ANN))


@pytest.mark.spec("R-L2")
def test_an_open_transfer_goes_on_when_the_last_primary_leaves() -> None:
    site = centre().active(ANN, BOB)
    site.tell(transfer(ANN))
    events = site.tell(c.Leave(agent=BOB))
    assert (unattended(events), site.state()) == (0, ConversationState.QUEUED)
    assert site.invite().is_open


@pytest.mark.spec("R-L2", "D-5")
def test_the_policy_may_close_it() -> None:
    site = centre(Limits(on_unattended=UnattendedPolicy.CLOSE)).active(ANN)
    events = site.tell(c.Leave(agent=ANN))
    assert heard(events) == [*left("ann"), ("customer", "The conversation has been closed")]
    assert (unattended(events), site.state()) == (1, ConversationState.CLOSED)


@pytest.mark.spec("R-L2", "D-5")
def test_the_policy_may_queue_it_once_until_a_primary_was_there_again() -> None:
    site = centre(Limits(on_unattended=UnattendedPolicy.QUEUE, on_unattended_queue=BILLING)).active(ANN)
    events = site.tell(c.Leave(agent=ANN))
    assert unattended(events) == 1
    assert (site.invite().kind, site.invite().target) == (InviteKind.ROUTE, Target(queue=BILLING))
    events = site.end_ttl()
    assert heard(events) == [("customer", "No agents were available")]
    assert (unattended(events), site.state()) == (1, ConversationState.UNATTENDED)
    site.tell(route(agent=BOB))
    site.accept()
    site.tell(c.Leave(agent=BOB))
    assert site.state() is ConversationState.QUEUED


@pytest.mark.spec("R-L2")
def test_a_policy_that_names_no_queue_there_is_leaves_it_open() -> None:
    site = centre(Limits(on_unattended=UnattendedPolicy.QUEUE, on_unattended_queue="gone")).active(ANN)
    site.tell(c.Leave(agent=ANN))
    assert site.state() is ConversationState.UNATTENDED


@pytest.mark.spec("R-L3", "INV-4", "F-13", "F-26")
def test_close_ends_everything_in_one_record() -> None:
    site = centre().active(ANN, BOB)
    site.tell(conference(ANN, agent=CAT))
    events = site.tell(c.Close(agent=ANN, cause=CloseCause.AGENT, reason="solved"))
    assert heard(events) == [("customer", "The conversation has been closed")]
    talk = site.talk()
    assert (site.state(), talk.participants, talk.open_invite, talk.open_session) == (
        ConversationState.CLOSED, (), None, None,
    )  # fmt: skip
    assert (site.invite().state, deadlines(talk)) == (InviteState.CLOSED, {})
    assert [site.agent_state(each) for each in (ANN, BOB, CAT)] == [AgentState.READY] * 3
    assert e.ConversationClosed(at=site.now, cause=CloseCause.AGENT, reason="solved") in events
    with pytest.raises(ConversationClosed):
        site.tell(c.Leave(agent=BOB))
    with pytest.raises(OfferClosed):
        site.accept()


@pytest.mark.spec("R-L3")
@pytest.mark.parametrize("cause", [CloseCause.SERVICE, CloseCause.SUPERVISOR])
def test_a_service_or_supervisor_closes_without_being_in_it(site: Centre, cause: CloseCause) -> None:
    site.tell(c.Close(agent=None, cause=cause))
    assert site.talk().closed is cause


@pytest.mark.spec("R-L3")
def test_a_forced_close_has_words_of_its_own(site: Centre) -> None:
    assert heard(site.tell(c.Close(agent=None, cause=CloseCause.FORCE_CLOSED))) == [
        ("customer", "Your chat has ended due to technical issues. Please come back later at a convenient time")
    ]


@pytest.mark.spec("R-G12")
def test_an_agent_who_is_not_in_it_does_not_close_it(site: Centre) -> None:
    with pytest.raises(NotAParticipant):
        site.tell(c.Close(agent=BOB, cause=CloseCause.AGENT))


@pytest.mark.spec("R-L4", "A-21")
def test_the_customer_leaves_a_queue_and_it_is_closed_without_a_word(site: Centre) -> None:
    site.tell(transfer(ANN))
    assert heard(site.tell(c.EndSession())) == []
    assert (site.invite().state, site.state()) == (InviteState.CUSTOMER_LEFT, ConversationState.CLOSED)
    assert (site.waiting(), site.talk().closed) == (0, CloseCause.CUSTOMER)


@pytest.mark.spec("R-L4", "A-22", "F-13")
def test_the_customer_leaves_during_an_offer_and_it_is_revoked(site: Centre) -> None:
    site.tell(transfer(ANN))
    since = site.agent(BOB).available_since
    site.now += 5
    site.offer(BOB)
    site.tell(c.EndSession())
    assert (site.agent_state(BOB), site.agent(BOB).available_since) == (AgentState.READY, since)
    with pytest.raises(OfferClosed):
        site.accept()


@pytest.mark.spec("R-L4")
def test_the_customer_leaves_agents_who_may_whisper_and_leave_and_the_last_one_closes_it() -> None:
    site = centre().active(ANN, BOB)
    site.tell(conference(ANN))
    assert heard(site.tell(c.EndSession())) == [("agents", "The customer left the conversation")]
    assert (site.invite().state, site.state()) == (InviteState.CUSTOMER_LEFT, ConversationState.CUSTOMER_LEFT)
    site.tell(c.SendWhisper(agent=ANN, text="gone"))
    assert heard(site.tell(c.Leave(agent=ANN))) == [left("ann")[0]]
    assert site.state() is ConversationState.CUSTOMER_LEFT
    site.tell(c.Leave(agent=BOB))
    assert (site.state(), site.talk().closed) == (ConversationState.CLOSED, CloseCause.CUSTOMER)


@pytest.mark.spec("R-L4")
def test_a_customer_who_comes_back_while_an_agent_is_there_finds_it_active(site: Centre) -> None:
    site.tell(c.EndSession())
    site.tell(c.ReceiveMessage(text="me again"))
    assert site.state() is ConversationState.ACTIVE
    assert [session.closed_at is None for session in site.talk().sessions] == [False, True]


@pytest.mark.spec("R-L4")
def test_a_session_that_ended_before_ends_nothing(site: Centre) -> None:
    site.tell(c.EndSession())
    assert site.tell(c.EndSession()) == []


@pytest.mark.spec("R-L7", "R-L8", "A-26")
def test_the_only_agent_logs_out_and_the_customer_is_parked_at_eleven() -> None:
    site = centre(queue=True)
    site.opened()
    site.offer(ANN)
    site.accept()
    events = site.tell_agent(ANN, c.Logout())
    assert heard(events) == [*left("ann"), AGAIN]
    invite = site.invite()
    assert (invite.kind, invite.priority, invite.target) == (InviteKind.ROUTE, 11, Target(queue=BILLING))
    assert (site.state(), unattended(events)) == (ConversationState.QUEUED, 0)
    assert (site.agent(ANN).slots, site.agent_state(ANN)) == ({}, AgentState.LOGGED_OUT)


@pytest.mark.spec("R-L7")
def test_a_full_queue_does_not_refuse_whom_an_agent_lost() -> None:
    site = centre(Limits(waiting_max=1), queue=True)
    site.opened()
    site.offer(ANN)
    site.accept()
    site.opened("other", address="dora")
    site.tell_agent(ANN, c.Logout())
    assert (site.state(), site.waiting()) == (ConversationState.QUEUED, 2)


@pytest.mark.spec("R-L7", "A-26")
def test_where_another_primary_remains_he_just_leaves() -> None:
    site = centre(queue=True).active(ANN, BOB)
    assert heard(site.tell_agent(ANN, c.Logout())) == left("ann")
    assert (site.state(), site.members()) == (ConversationState.ACTIVE, [(BOB, ParticipantRole.PRIMARY)])


@pytest.mark.spec("R-L7", "R-L2")
def test_an_open_transfer_is_kept_when_the_last_agent_is_lost() -> None:
    site = centre(queue=True).active(ANN, BOB)
    site.tell(transfer(ANN))
    number = site.invite().number
    assert heard(site.tell_agent(BOB, c.Logout())) == left("bob")
    assert (site.invite().number, site.state()) == (number, ConversationState.QUEUED)


@pytest.mark.spec("R-L7", "R-C8")
def test_an_open_conference_is_cancelled_when_the_last_agent_is_lost() -> None:
    site = centre(queue=True).active(ANN)
    site.tell(conference(ANN, agent=BOB))
    site.tell_agent(ANN, c.Logout())
    assert site.agent_state(BOB) is AgentState.READY
    assert site.talk().invites_ended == (InviteState.ACCEPTED, InviteState.CANCELLED)
    assert site.state() is ConversationState.QUEUED


@pytest.mark.spec("R-L8")
def test_the_queue_is_that_of_his_invite_then_the_last_then_the_channels_then_none() -> None:
    sales, web = QueueSettings(id=QueueId("sales")), ChannelSettings(id=WEB, queue=BILLING)
    by_invite = centre()
    by_invite.apply(c.Apply(queues=(sales,)))
    by_invite.opened(target=Target(queue=sales.id))
    by_invite.offer(ANN)
    by_invite.accept()
    by_invite.tell(conference(ANN))
    by_invite.tell_agent(ANN, c.Logout())
    assert by_invite.invite().target == Target(queue=sales.id)

    by_last = centre().active(ANN)
    by_last.tell(conference(ANN))
    by_last.end_ttl()
    by_last.tell_agent(ANN, c.Logout())
    assert by_last.invite().target == Target(queue=BILLING)

    by_channel = centre().active(ANN)
    by_channel.apply(c.Apply(channels=(web,)))
    by_channel.tell_agent(ANN, c.Logout())
    assert by_channel.invite().target == Target(queue=BILLING)

    by_none = centre().active(ANN)
    events = by_none.tell_agent(ANN, c.Logout())
    assert (by_none.state(), unattended(events)) == (ConversationState.UNATTENDED, 1)


@pytest.mark.spec("R-L7")
def test_an_agent_lost_after_the_customer_closes_the_conversation(site: Centre) -> None:
    site.tell(c.EndSession())
    site.tell_agent(ANN, c.Logout())
    assert site.state() is ConversationState.CLOSED


@pytest.mark.spec("INV-6", "R-T5")
def test_a_customer_who_was_told_to_wait_hears_exactly_one_end_of_it() -> None:
    ends = {"Bob has joined the conversation", "No agents were available", "The conversation has been closed"}
    for finish in ("accept", "ttl", "cancel", "close"):
        site = centre().active(ANN)
        site.tell(transfer(ANN))
        match finish:
            case "accept":
                site.offer(BOB)
                events = site.accept()
            case "ttl":
                events = site.end_ttl()
            case "cancel":
                events = site.tell(c.CancelInvite(number=2))
            case _:
                events = site.tell(c.Close(agent=None, cause=CloseCause.SERVICE))
        assert sum(who == "customer" and text in ends for who, text in heard(events)) == 1, finish
