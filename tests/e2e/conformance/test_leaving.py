"""Leaving, closing, the customer's leaving, logout, and losing the line."""

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, word

AGAIN = "You are being connected to another agent, please wait!"


@pytest.mark.spec("R-L2", "INV-1", "R-L8")
def test_the_last_agent_s_leaving_makes_it_unattended_and_it_can_be_routed_again(centre: Centre) -> None:
    queue = centre.queue()
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    with pytest.raises(Refused, match="FAILED_PRECONDITION/CONVERSATION_ATTENDED"):
        centre.admin("ConversationService.Route", name=cleo.conversation, target={"queue": queue})
    left = ann.caller("ConversationService.Leave", name=cleo.conversation, agent=ann.name)
    assert (word(left, "state"), ann.slots(), cleo.sees()[-1]) == ("UNATTENDED", 0, "Ann left the conversation")
    bob = centre.desk("bob", "billing")
    service = centre.caller("SERVICE", "services/router")
    invite = service("ConversationService.Route", name=cleo.conversation, target={"queue": queue}, priority=5)
    assert (word(invite, "kind"), invite.priority, invite.requester) == ("ROUTE", 5, "")
    bob.accept()
    assert centre.agents_in(cleo) == {bob.name}


@pytest.mark.spec("R-L3", "INV-4", "A-32", "F-26")
def test_close_ends_everything_in_one_record(centre: Centre) -> None:
    ann, bob, eve = centre.desk("ann"), centre.desk("bob"), centre.desk("eve")
    cleo = centre.customer(ann, bob)
    invite = centre.invite("Conference", cleo, ann, agent=eve.name)
    offer = eve.offer()
    closed = bob.caller("ConversationService.CloseConversation", name=cleo.conversation, reason="done")
    assert (word(closed, "state"), len(closed.participants), closed.HasField("invite")) == ("CLOSED", 0, False)
    assert all(session.HasField("close_time") for session in closed.channel_sessions)
    assert word(centre.ended(invite), "state") == "CLOSED"
    assert eve.next_of("offer_withdrawn").offer == offer.name
    assert [desk.slots() for desk in (ann, bob, eve)] == [0, 0, 0]
    assert cleo.sees()[-1] == "The conversation has been closed"
    with pytest.raises(Refused, match="FAILED_PRECONDITION/CONVERSATION_CLOSED"):
        ann.caller("ConversationService.SendMessage", name=cleo.conversation, text="late")
    with pytest.raises(Refused, match="FAILED_PRECONDITION/CONVERSATION_CLOSED"):
        centre.invite("Transfer", cleo, ann, agent=eve.name)
    with pytest.raises(Refused, match="FAILED_PRECONDITION/INVITE_CLOSED"):
        centre.admin("ConversationService.CancelInvite", name=invite.name)
    before = cleo.conversation
    cleo.says("I am back")
    assert cleo.conversation != before


@pytest.mark.spec("R-L4", "A-32", "R-G1")
def test_when_the_customer_leaves_the_agents_are_told_and_the_last_one_out_closes_it(centre: Centre) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    invite = centre.invite("Conference", cleo, ann, queue=queue)
    cleo.leaves()
    bob.notice("customer.agents.left")
    assert word(centre.ended(invite), "state") == "CUSTOMER_LEFT"
    assert centre.state(cleo) == "CUSTOMER_LEFT"
    assert "The customer left the conversation" in centre.texts(cleo, ann.name)
    assert "The customer left the conversation" not in cleo.sees()
    with pytest.raises(Refused, match="FAILED_PRECONDITION/CONVERSATION_NOT_ACTIVE"):
        centre.invite("Transfer", cleo, ann, queue=queue)
    with pytest.raises(Refused, match="FAILED_PRECONDITION/CONVERSATION_NOT_ACTIVE"):
        ann.caller("ConversationService.SendMessage", name=cleo.conversation, text="gone?")
    ann.caller("ConversationService.Whisper", name=cleo.conversation, text="gone")
    ann.caller("ConversationService.Leave", name=cleo.conversation)
    assert centre.state(cleo) == "CUSTOMER_LEFT"
    assert word(bob.caller("ConversationService.Leave", name=cleo.conversation), "state") == "CLOSED"


@pytest.mark.spec("R-L4")
def test_a_customer_who_returns_while_an_agent_is_there_finds_the_same_conversation(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    was = cleo.conversation
    cleo.leaves()
    assert centre.state(cleo) == "CUSTOMER_LEFT"
    cleo.says("back")
    assert (cleo.conversation, centre.state(cleo), len(centre.get(cleo).channel_sessions)) == (was, "ACTIVE", 2)


@pytest.mark.spec("R-G10", "R-L4")
def test_a_customer_s_leaving_opens_nothing(centre: Centre) -> None:
    cleo = centre.customer()
    assert centre.state(cleo) == "UNATTENDED"
    cleo.leaves()
    assert centre.state(cleo) == "CLOSED"
    answer = cleo.leaves()
    assert (answer.conversation, answer.duplicate) == ("", False)


@pytest.mark.spec("A-26", "R-L7", "R-L8", "R-A1")
@pytest.mark.parametrize("way", ["logout", "forced", "grace"])
def test_logout_or_the_end_of_the_grace_sends_lonely_conversations_back_to_their_queue(
    hurried: Centre, way: str
) -> None:
    queue = hurried.queue()
    ann = hurried.desk("ann", "billing")
    bob = hurried.desk("bob")
    alone = hurried.customer()
    hurried.admin("ConversationService.Route", name=alone.conversation, target={"queue": queue})
    ann.accept()
    shared = hurried.customer(ann, bob)
    before = len(alone.sees())
    match way:
        case "logout":
            ann.caller("AgentService.Logout", agent=ann.name)
        case "forced":
            hurried.caller("SUPERVISOR", "supervisors/sue")("AgentService.Logout", agent=ann.name, reason="home")
        case "grace":
            ann.stream.cancel()
    bob.notice("leave.others.left")
    assert (hurried.state(shared), hurried.agents_in(shared)) == ("ACTIVE", {bob.name})
    found = hurried.get(alone)
    assert (word(found, "state"), word(found.invite, "kind"), found.invite.priority) == ("QUEUED", "ROUTE", 11)
    assert found.invite.target.queue == queue
    assert alone.sees()[before:] == ["Ann left the conversation", AGAIN]
    assert (ann.state(), ann.slots()) == ("LOGGED_OUT", 0)
    eve = hurried.desk("eve", "billing")
    offer = eve.offer()
    assert (word(offer, "kind"), offer.requester) == ("ROUTE", "")
    eve.accept(offer)


@pytest.mark.spec("R-L7", "R-L8")
def test_a_conversation_without_a_queue_is_unattended_after_the_logout(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    ann.caller("AgentService.Logout", agent=ann.name)
    assert centre.state(cleo) == "UNATTENDED"
    assert cleo.sees()[-1] == "Ann left the conversation"


@pytest.mark.spec("R-G10", "R-L8")
def test_the_channel_s_queue_gets_what_comes_without_a_target(centre: Centre) -> None:
    queue = centre.queue()
    channel = {"name": centre.channel, "kind": "web", "is_external": True, "queue": queue}
    assert centre.adapter
    centre.admin("AdminService.Apply", channels=[channel])
    bob = centre.desk("bob", "billing")
    cleo = centre.customer()
    offer = bob.offer()
    assert (offer.conversation, word(offer, "kind"), offer.requester) == (cleo.conversation, "ROUTE", "")
    assert (offer.customer_name, offer.customer_identified, offer.HasField("note")) == ("Cleo", True, False)
    assert centre.get(cleo).invite.priority == 1


@pytest.mark.spec("R-L2", "R-R1", "D-5")
def test_an_unserved_route_tells_the_customer_once_and_is_unattended(hurried: Centre) -> None:
    queue = hurried.queue()
    cleo = hurried.customer()
    invite = hurried.admin("ConversationService.Route", name=cleo.conversation, target={"queue": queue}, ttl="0.3s")
    assert hurried.state(cleo) == "QUEUED"
    ended = hurried.ended(invite)
    assert (word(ended, "state"), hurried.state(cleo)) == ("NO_AGENT", "UNATTENDED")
    assert cleo.sees() == ["hello", "No agents were available"]
    *fill, last = [hurried.customer() for _ in range(3)]
    for one in fill:
        hurried.admin("ConversationService.Route", name=one.conversation, target={"queue": queue})
    with pytest.raises(Refused, match="RESOURCE_EXHAUSTED/QUEUE_FULL"):
        hurried.admin("ConversationService.Route", name=last.conversation, target={"queue": queue})
