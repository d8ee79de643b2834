"""Transfers as agents, customer and adapter see them."""

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, word

N1 = "Conversation is closed due to CHAT TRANSFERRED"
N2 = "Transfer request placed successfully"
N3 = "Your request is being transferred to Billing, please wait!"
N4 = "Ann has left"
N5 = "No agents were available"
N6 = "You have joined the conversation"


@pytest.mark.spec("A-01", "R-T1", "R-T2", "R-T4", "R-T5", "R-T10", "R-G4", "R-G5", "D-15")
def test_a_queue_transfer_tells_each_side_its_texts_in_order_and_hands_the_conversation_over(centre: Centre) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann"), centre.desk("bob", "billing")
    cleo = centre.customer(ann)
    invite = centre.invite("Transfer", cleo, ann, queue=queue, note=" vip ")
    assert (word(invite, "kind"), invite.target.queue, invite.requester, invite.note, invite.priority) == (
        "TRANSFER",
        queue,
        ann.name,
        "vip",
        10,
    )
    assert invite.name.startswith(f"{cleo.conversation}/invites/")
    ann.notice("transfer.agent.placed")
    assert ann.keys()[-2:] == ["transfer.agent.closed", "transfer.agent.placed"]
    styles = {
        update.agent_notice.notice.text: word(update.agent_notice.notice, "style")
        for update in ann.stream.seen
        if update.WhichOneof("update") == "agent_notice"
    }
    assert (styles[N1], styles[N2]) == ("TIMELINE", "TOAST")
    assert ann.slots() == 0
    assert centre.agents_in(cleo) == set()
    offer = bob.offer()
    assert (word(offer, "kind"), offer.requester, offer.requester_display_name, offer.note, offer.customer_name) == (
        "TRANSFER",
        ann.name,
        "Ann",
        "vip",
        "Cleo",
    )
    assert (offer.customer_identified, offer.channel, offer.invite, offer.conversation) == (
        True,
        centre.channel,
        invite.name,
        cleo.conversation,
    )
    assert bob.state() == "RESERVED"
    joined = bob.accept(offer)
    assert (word(joined, "state"), joined.transfer_count, centre.agents_in(cleo)) == ("ACTIVE", 1, {bob.name})
    assert cleo.sees() == ["hello", "Ann has joined the conversation", N3, N4, "Bob has joined the conversation"]
    texts = centre.texts(cleo, caller=bob.caller)
    assert "hello" in texts
    assert texts[-1] == N6
    assert word(centre.ended(invite), "state") == "ACCEPTED"
    assert centre.ended(invite).agent == bob.name
    assert bob.slots() == 1


@pytest.mark.spec("A-02", "R-T6", "R-T7", "R-T8", "D-15")
@pytest.mark.parametrize("way", ["accept", "decline", "not ready", "log out", "miss"])
def test_a_direct_transfer_asks_the_named_agent_only(hurried: Centre, way: str) -> None:
    ann, bob, eve = hurried.desk("ann"), hurried.desk("bob"), hurried.desk("eve")
    cleo = hurried.customer(ann)
    invite = hurried.invite("Transfer", cleo, ann, agent=bob.name)
    offer = bob.offer()
    outcome = "NO_AGENT"
    match way:
        case "accept":
            outcome = "ACCEPTED"
            bob.accept(offer)
        case "decline":
            outcome = "DECLINED"
            bob.caller("AgentService.DeclineOffer", name=offer.name, reason="busy")
        case "not ready":
            bob.not_ready()
        case "log out":
            bob.caller("AgentService.Logout", agent=bob.name)
    ended = hurried.ended(invite)
    assert word(ended, "state") == outcome
    placed = ["Your request is being transferred to Bob, please wait!", N4]
    last = "Bob has joined the conversation" if way == "accept" else N5
    assert cleo.sees()[2:] == [*placed, last]
    told = hurried.texts(cleo)
    assert "Agent transfer request has been placed by Ann" in told
    assert ("Bob declined the request" in told) == (way == "decline")
    assert ("No agent is available for Agent Transfer" in told) == (outcome == "NO_AGENT")
    assert hurried.state(cleo) == ("ACTIVE" if way == "accept" else "UNATTENDED")
    assert not any(update.WhichOneof("update") == "offer_made" for update in eve.stream.seen)


@pytest.mark.spec("A-08", "A-12", "R-T5", "D-8", "F-09", "R-Q6")
def test_an_unserved_transfer_to_the_agent_s_own_queue_ends_once_and_blocks_nobody(hurried: Centre) -> None:
    queue = hurried.queue()
    ann = hurried.desk("ann", "billing")
    cleo = hurried.customer(ann)
    listed = ann.caller("QueueService.ListQueues", conversation=cleo.conversation, page_size=500).queues
    assert next(one.stats.available for one in listed if one.name == queue) == 0
    invite = hurried.invite("Transfer", cleo, ann, queue=queue, ttl="1.2s")
    other = hurried.customer()
    hurried.admin("ConversationService.Route", name=other.conversation, target={"queue": queue})
    offer = ann.offer()
    assert (offer.conversation, word(offer, "kind"), offer.requester) == (other.conversation, "ROUTE", "")
    ann.accept(offer)
    assert word(hurried.ended(invite), "state") == "NO_AGENT"
    assert cleo.sees()[2:] == [N3, N4, N5]
    assert hurried.texts(cleo)[-2:].count("No agent is available for Queue Transfer") == 1
    assert hurried.state(cleo) == "UNATTENDED"


@pytest.mark.spec("A-11", "R-T3", "R-Q5", "D-9", "A-13")
def test_a_parked_transfer_goes_before_waiting_routes_to_whoever_becomes_ready(centre: Centre) -> None:
    queue = centre.queue()
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    routed = [centre.customer() for _ in range(3)]
    for one in routed:
        centre.admin("ConversationService.Route", name=one.conversation, target={"queue": queue})
    invite = centre.invite("Transfer", cleo, ann, queue=queue)
    assert (word(invite, "state"), centre.state(cleo)) == ("PARKED", "QUEUED")
    bob = centre.agent("bob", "billing", domains=[{"media_domain": "chat", "capacity": 4}])
    bob.attach()
    bob.ready()
    served = []
    for _ in range(4):
        offer = bob.offer()
        served.append(offer.conversation)
        bob.accept(offer)
    assert served == [cleo.conversation, *(one.conversation for one in routed)]


@pytest.mark.spec("A-15", "R-T9", "F-15", "R-L1")
@pytest.mark.parametrize("is_served", [True, False])
def test_a_transfer_out_of_a_conference_takes_only_its_agent_out(hurried: Centre, is_served: bool) -> None:  # noqa: FBT001
    queue = hurried.queue()
    ann, bob = hurried.desk("ann"), hurried.desk("bob")
    cleo = hurried.customer(ann, bob)
    before = len(cleo.sees())
    invite = hurried.invite("Transfer", cleo, ann, queue=queue, ttl="0.8s")
    assert (hurried.agents_in(cleo), hurried.state(cleo)) == ({bob.name}, "ACTIVE")
    bob.notice("leave.others.left")
    if is_served:
        hurried.desk("eve", "billing").accept()
    ended = word(hurried.ended(invite), "state")
    told = hurried.texts(cleo, bob.name)
    assert "Ann left the conversation" in told
    assert "Ann has left" not in told
    assert "Queue transfer request has been placed by Ann" in told
    if is_served:
        assert (ended, cleo.sees()[before:]) == ("ACCEPTED", [N3, N4, "Eve has joined the conversation"])
    else:
        assert (ended, cleo.sees()[before:]) == ("NO_AGENT", [N3, N4])
        assert told[-1] == "No agent is available for Queue Transfer"
        assert hurried.state(cleo) == "ACTIVE"


@pytest.mark.spec("R-L9", "F-10", "R-G6", "A-32")
def test_after_his_transfer_the_agent_hears_nothing_more_and_reads_up_to_his_leaving(centre: Centre) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann"), centre.desk("bob", "billing")
    cleo = centre.customer(ann)
    centre.invite("Transfer", cleo, ann, queue=queue)
    bob.accept()
    cleo.says("are you there")
    bob.caller("ConversationService.SendMessage", name=cleo.conversation, text="I am")
    mine = centre.texts(cleo, caller=ann.caller)
    assert mine[-1] == N1
    assert "are you there" not in mine
    marker = centre.customer(ann)
    ann.stream.until(lambda update: update.timeline_update.conversation == marker.conversation)
    late = [
        update.timeline_update.entry.message.text
        for update in ann.stream.seen
        if update.timeline_update.conversation == cleo.conversation
    ]
    assert "are you there" not in late
    for method, more in (("Transfer", {"target": {"queue": queue}}), ("Whisper", {"text": "x"}), ("Leave", {})):
        with pytest.raises(Refused, match="PERMISSION_DENIED/NOT_A_PARTICIPANT"):
            ann.caller(f"ConversationService.{method}", name=cleo.conversation, **more)


@pytest.mark.spec("R-G7", "R-T10")
def test_validate_only_makes_the_checks_and_nothing_else(centre: Centre) -> None:
    queue = centre.queue()
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    before = centre.get(cleo)
    for method in ("Transfer", "Conference"):
        centre.invite(method, cleo, ann, queue=queue, validate_only=True)
        with pytest.raises(Refused, match="TARGET_IS_REQUESTER"):
            centre.invite(method, cleo, ann, agent=ann.name, validate_only=True)
    assert centre.get(cleo) == before


@pytest.mark.spec("A-21", "A-23", "R-L4", "R-L5", "F-13")
def test_what_a_waiting_customer_writes_is_kept_and_his_leaving_ends_the_search(centre: Centre) -> None:
    queue = centre.queue()
    ann = centre.desk("ann")
    stays, goes = centre.customer(ann), centre.customer(ann)
    for one in (stays, goes):
        centre.invite("Transfer", one, ann, queue=queue)
    for text in ("m1", "m2", "m3"):
        stays.says(text)
    goes.leaves()
    found = centre.get(goes)
    assert (word(found, "state"), found.HasField("invite") and word(found.invite, "state")) in {
        ("CLOSED", False),
        ("CLOSED", "CUSTOMER_LEFT"),
    }
    assert goes.sees()[-1] == N4
    assert centre.admin("QueueService.GetQueue", name=queue).stats.waiting == 1
    bob = centre.desk("bob", "billing")
    offer = bob.offer()
    assert offer.conversation == stays.conversation
    bob.accept(offer)
    texts = centre.texts(stays, bob.name)
    assert [text for text in texts if text in {"m1", "m2", "m3"}] == ["m1", "m2", "m3"]
    assert texts.index("m3") < texts.index(N6)


@pytest.mark.spec("A-22", "R-O7")
def test_the_customer_s_leaving_revokes_the_offer_under_its_id(centre: Centre) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann"), centre.desk("bob", "billing")
    cleo = centre.customer(ann)
    invite = centre.invite("Transfer", cleo, ann, queue=queue)
    offer = bob.offer()
    cleo.leaves()
    assert bob.next_of("offer_withdrawn").offer == offer.name
    with pytest.raises(Refused, match="FAILED_PRECONDITION/OFFER_CLOSED"):
        bob.accept(offer)
    assert word(centre.ended(invite), "state") == "CUSTOMER_LEFT"
    assert (bob.state(), bob.slots(), centre.state(cleo)) == ("READY", 0, "CLOSED")


@pytest.mark.spec("R-T10", "A-20")
def test_the_transfer_limit_is_a_named_refusal(hurried: Centre) -> None:
    ann, bob = hurried.desk("ann"), hurried.desk("bob")
    cleo = hurried.customer(ann)
    for giver, taker in ((ann, bob), (bob, ann)):
        hurried.invite("Transfer", cleo, giver, agent=taker.name)
        taker.accept()
    assert hurried.get(cleo).transfer_count == 2
    with pytest.raises(Refused, match="FAILED_PRECONDITION/TRANSFER_LIMIT_REACHED"):
        hurried.invite("Transfer", cleo, ann, agent=bob.name)


@pytest.mark.spec("R-L2", "INV-6", "R-R1")
def test_a_cancelled_transfer_leaves_the_customer_told_and_unattended(centre: Centre) -> None:
    queue = centre.queue()
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    invite = centre.invite("Transfer", cleo, ann, queue=queue)
    with pytest.raises(Refused, match="NOT_A_PARTICIPANT"):
        ann.caller("ConversationService.CancelInvite", name=invite.name)
    supervisor = centre.caller("SUPERVISOR", "supervisors/sue")
    assert word(supervisor("ConversationService.CancelInvite", name=invite.name), "state") == "CANCELLED"
    assert cleo.sees()[2:] == [N3, N4, N5]
    assert centre.texts(cleo)[-1] in {"Transfer request has been cancelled", N5}
    assert "Transfer request has been cancelled" in centre.texts(cleo)
    assert centre.state(cleo) == "UNATTENDED"
    again = word(supervisor("ConversationService.CancelInvite", name=invite.name), "state")
    assert again == "CANCELLED"
