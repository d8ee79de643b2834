"""Offers: who is asked, for how long, and what ends them."""

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, word


@pytest.mark.spec("A-07", "R-O3", "R-O4", "R-T4", "F-18", "F-21")
def test_a_missed_offer_goes_to_the_next_agent_and_the_first_keeps_his_readiness(hurried: Centre) -> None:
    queue = hurried.queue(offer_timeout="0.4s", ttl="5s")
    ann, bob = hurried.desk("ann"), hurried.desk("bob", "billing")
    eve = hurried.desk("eve", "billing")
    cleo = hurried.customer(ann)
    invite = hurried.invite("Transfer", cleo, ann, queue=queue)
    offer = bob.offer()
    withdrawn = bob.next_of("offer_withdrawn")
    assert withdrawn.offer == offer.name
    assert "MISSED" in withdrawn.reason.upper() or word(withdrawn, "outcome") == "MISSED"
    second = eve.offer()
    assert (second.invite, second.name != offer.name) == (invite.name, True)
    assert bob.state() == "READY"
    now = hurried.ended(invite, wait="0s")
    assert (word(now, "state"), now.attempts, now.expire_time) == ("OFFERED", 2, invite.expire_time)
    eve.accept(second)
    with pytest.raises(Refused, match="FAILED_PRECONDITION/OFFER_CLOSED"):
        bob.accept(offer)
    assert cleo.sees()[-2:] == ["Ann has left", "Eve has joined the conversation"]


@pytest.mark.spec("R-O3", "R-O4", "R-Q3")
def test_a_declined_offer_of_a_queue_s_invite_is_parked_with_priority_11_and_asked_again_after_the_pause(
    hurried: Centre,
) -> None:
    queue = hurried.queue(offer_timeout="1s", ttl="6s")
    ann, bob = hurried.desk("ann"), hurried.desk("bob", "billing")
    cleo = hurried.customer(ann)
    invite = hurried.invite("Transfer", cleo, ann, queue=queue)
    offer = bob.offer()
    bob.caller("AgentService.DeclineOffer", name=offer.name, reason="lunch")
    bob.caller("AgentService.DeclineOffer", name=offer.name, reason="lunch")
    parked = hurried.ended(invite, wait="0s")
    assert (word(parked, "state"), parked.priority, parked.expire_time) == ("PARKED", 11, invite.expire_time)
    again = bob.offer()
    assert (again.invite, again.name != offer.name) == (invite.name, True)
    bob.accept(again)
    assert "Bob declined the request" not in hurried.texts(cleo)


@pytest.mark.spec("A-10", "R-O6", "F-12")
def test_accepting_three_times_joins_once_and_answers_alike(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann)
    centre.invite("Conference", cleo, ann, agent=bob.name)
    offer = bob.offer()
    answers = [
        bob.caller("AgentService.AcceptOffer", name=offer.name, request_id=request) for request in ("a", "a", "b")
    ]
    assert answers[0] == answers[1] == answers[2]
    assert cleo.sees().count("Bob has joined the conversation") == 1
    assert bob.slots() == 1


@pytest.mark.spec("A-09", "R-O5")
@pytest.mark.parametrize("is_accepted", [True, False])
def test_an_offer_open_at_the_deadline_lives_its_time(hurried: Centre, is_accepted: bool) -> None:  # noqa: FBT001
    queue = hurried.queue(offer_timeout="1s", ttl="1.2s")
    ann = hurried.desk("ann")
    cleo = hurried.customer(ann)
    parked = hurried.customer()
    hurried.admin("ConversationService.Route", name=parked.conversation, target={"queue": queue}, ttl="0.5s")
    invite = hurried.invite("Transfer", cleo, ann, queue=queue)
    route = hurried.get(parked).invite
    assert word(hurried.ended(route), "state") == "NO_AGENT"
    bob = hurried.desk("bob", "billing")
    offer = bob.offer()
    marker = hurried.customer()
    due = hurried.admin("ConversationService.Route", name=marker.conversation, target={"queue": queue}, ttl="0.8s")
    assert word(hurried.ended(due), "state") == "NO_AGENT"
    if is_accepted:
        bob.accept(offer)
        assert word(hurried.ended(invite), "state") == "ACCEPTED"
    else:
        ended = hurried.ended(invite)
        assert (word(ended, "state"), ended.attempts) == ("NO_AGENT", 1)
        assert cleo.sees()[-1] == "No agents were available"


@pytest.mark.spec("A-25", "R-O8", "R-A1")
@pytest.mark.parametrize("way", ["not ready", "logout"])
def test_not_ready_or_logout_revokes_the_offer_and_asks_the_next(centre: Centre, way: str) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann"), centre.desk("bob", "billing")
    centre.customer(bob)
    bob.stream.seen.clear()
    cleo = centre.customer(ann)
    centre.invite("Transfer", cleo, ann, queue=queue)
    offer = bob.offer()
    eve = centre.desk("eve", "billing")
    if way == "not ready":
        bob.not_ready()
        assert bob.state() == "PENDING_NOT_READY"
    else:
        answer = bob.caller("AgentService.Logout", agent=bob.name, reason="home")
        assert {word(domain, "state") for domain in answer.domains} == {"LOGGED_OUT"}
        with pytest.raises(Refused, match="FAILED_PRECONDITION/AGENT_LOGGED_OUT"):
            bob.ready()
    withdrawn = [update for update in bob.stream.seen if update.WhichOneof("update") == "offer_withdrawn"]
    found = withdrawn[0].offer_withdrawn if withdrawn else bob.next_of("offer_withdrawn")
    assert (found.offer, word(found, "outcome")) == (offer.name, "REVOKED")
    assert eve.offer().conversation == cleo.conversation


@pytest.mark.spec("A-19", "R-T7", "R-G3")
def test_bad_targets_are_named_and_nothing_is_sent(centre: Centre) -> None:
    ann, bob, eve = centre.desk("ann"), centre.desk("bob"), centre.agent("eve")
    busy = centre.desk("dan", domains=[{"media_domain": "chat", "capacity": 1}])
    centre.customer(busy)
    cleo = centre.customer(ann, bob)
    assert busy.state() == "BUSY"
    before = centre.get(cleo)
    for target, reason in (
        (ann, "TARGET_IS_REQUESTER"),
        (bob, "TARGET_ALREADY_PARTICIPANT"),
        (busy, "TARGET_NOT_AVAILABLE"),
        (eve, "TARGET_NOT_AVAILABLE"),
    ):
        for method in ("Transfer", "Conference"):
            with pytest.raises(Refused, match=f"FAILED_PRECONDITION/{reason}"):
                centre.invite(method, cleo, ann, agent=target.name)
    assert centre.get(cleo) == before


@pytest.mark.spec("R-O1", "R-A2", "I4")
def test_an_agent_has_one_open_offer_at_a_time_and_never_more_than_his_capacity(centre: Centre) -> None:
    queue = centre.queue()
    bob = centre.desk("bob", "billing", domains=[{"media_domain": "chat", "capacity": 2}])
    waiting = [centre.customer() for _ in range(3)]
    for one in waiting:
        centre.admin("ConversationService.Route", name=one.conversation, target={"queue": queue})
    first = bob.offer()
    assert [update.WhichOneof("update") for update in bob.stream.seen].count("offer_made") == 1
    assert centre.admin("QueueService.GetQueue", name=queue).stats.waiting == 2
    bob.accept(first)
    second = bob.offer()
    assert second.conversation == waiting[1].conversation
    bob.accept(second)
    assert (bob.state(), bob.slots()) == ("BUSY", 2)
    assert centre.admin("QueueService.GetQueue", name=queue).stats.waiting == 1
    bob.caller("ConversationService.Leave", name=waiting[0].conversation)
    assert bob.offer().conversation == waiting[2].conversation


@pytest.mark.spec("A-14", "R-Q2", "R-Q7")
def test_steps_open_one_after_the_other(hurried: Centre) -> None:
    hurried.queue("senior")
    attribute, senior = hurried.id("billing"), hurried.id("senior")
    steps = [{"expression": f"{senior} >= 1", "wait": "0.5s"}, {"expression": f"{attribute} >= 1"}]
    queue = hurried.queue(steps=steps, ttl="5s", offer_timeout="1s")
    bob = hurried.desk("bob", "billing")
    cleo = hurried.customer()
    invite = hurried.admin("ConversationService.Route", name=cleo.conversation, target={"queue": queue})
    assert (word(invite, "state"), word(hurried.ended(invite, wait="0.2s"), "state")) == ("PARKED", "PARKED")
    assert bob.offer(2).invite == invite.name
