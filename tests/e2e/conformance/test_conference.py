"""Conferences and whispers as agents, customer and adapter see them."""

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, word

N6 = "You have joined the conversation"
N7 = "a conference request has been placed successfully."
N8 = "Conference request has been successfully placed"
N9 = "Bob has joined the conversation"
N11 = "No agents were available to join the conference conversation"


@pytest.mark.spec("A-03", "R-C1", "R-C2", "R-C3", "R-C4", "R-C5", "D-13")
def test_a_conference_keeps_the_inviting_agent_and_tells_the_customer_only_of_the_join(centre: Centre) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann"), centre.desk("bob", "billing")
    cleo = centre.customer(ann)
    before = cleo.sees()
    invite = centre.invite("Conference", cleo, ann, queue=queue, note="help")
    assert word(invite, "kind") == "CONFERENCE"
    ann.notice("conference.agent.placed")
    assert ann.keys()[-2:] == ["conference.agent.toast", "conference.agent.placed"]
    told = [update.agent_notice.notice for update in ann.stream.seen if update.WhichOneof("update") == "agent_notice"]
    assert [(one.text, word(one, "style")) for one in told[-2:]] == [(N7, "TOAST"), (N8, "TIMELINE")]
    offer = bob.offer()
    assert (word(offer, "kind"), offer.requester, offer.requester_display_name) == ("CONFERENCE", ann.name, "Ann")
    assert cleo.sees() == before
    assert not centre.get(cleo).is_conference
    joined = bob.accept(offer)
    assert (joined.is_conference, centre.agents_in(cleo), joined.transfer_count) == (True, {ann.name, bob.name}, 0)
    assert cleo.sees() == [*before, N9]
    assert centre.texts(cleo, ann.name)[-1] == N9
    mine = centre.texts(cleo, caller=bob.caller)
    assert "hello" in mine
    assert mine[-1] == N6
    assert N9 not in mine
    assert N8 not in mine


@pytest.mark.spec("A-08", "R-C6", "R-C7", "D-4", "R-O5")
@pytest.mark.parametrize("way", ["nobody", "miss", "decline", "cancel"])
def test_a_conference_that_nobody_joins_leaves_all_as_it_was(hurried: Centre, way: str) -> None:
    queue = hurried.queue(ttl="0.9s", offer_timeout="0.4s")
    ann = hurried.desk("ann")
    cleo = hurried.customer(ann)
    before = cleo.sees()
    if way == "decline":
        bob = hurried.desk("bob")
        invite = hurried.invite("Conference", cleo, ann, agent=bob.name)
        bob.caller("AgentService.DeclineOffer", name=bob.offer().name)
    else:
        bob = hurried.desk("bob", *(["billing"] if way == "miss" else []))
        invite = hurried.invite("Conference", cleo, ann, queue=queue)
    if way == "cancel":
        ann.caller("ConversationService.CancelInvite", name=invite.name)
    expected, text = {
        "decline": ("DECLINED", "Bob declined the request"),
        "cancel": ("CANCELLED", "Conference request has been cancelled"),
    }.get(way, ("NO_AGENT", N11))
    assert word(hurried.ended(invite), "state") == expected
    assert hurried.texts(cleo, ann.name)[-1] == text
    assert (hurried.state(cleo), cleo.sees(), bob.slots()) == ("ACTIVE", before, 0)
    assert hurried.agents_in(cleo) == {ann.name}
    bob.not_ready()
    assert bob.state() == "NOT_READY"


@pytest.mark.spec("A-16", "D-10", "R-G8", "I2", "I5")
def test_a_second_invite_is_refused_and_a_repeat_answers_as_before(centre: Centre) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    first = centre.invite("Conference", cleo, ann, queue=queue, request_id="r-1")
    texts, seen = centre.texts(cleo), cleo.sees()
    with pytest.raises(Refused, match="FAILED_PRECONDITION/INVITE_PENDING"):
        centre.invite("Conference", cleo, ann, queue=queue)
    with pytest.raises(Refused, match="FAILED_PRECONDITION/INVITE_PENDING"):
        centre.invite("Transfer", cleo, bob, queue=queue)
    assert centre.invite("Conference", cleo, ann, queue=queue, request_id="r-1") == first
    with pytest.raises(Refused, match="INVALID_ARGUMENT/REQUEST_ID_REUSED"):
        centre.invite("Conference", cleo, ann, queue=queue, request_id="r-1", note="other")
    assert (centre.texts(cleo), cleo.sees()) == (texts, seen)
    assert centre.agents_in(cleo) == {ann.name, bob.name}


@pytest.mark.spec("A-17", "R-C8", "R-L2", "INV-1")
def test_when_the_last_agent_leaves_his_conference_invite_is_cancelled(centre: Centre) -> None:
    ann, eve = centre.desk("ann"), centre.desk("eve")
    cleo = centre.customer(ann)
    invite = centre.invite("Conference", cleo, ann, agent=eve.name)
    offer = eve.offer()
    left = ann.caller("ConversationService.Leave", name=cleo.conversation)
    assert word(left, "state") == "UNATTENDED"
    assert word(centre.ended(invite), "state") == "CANCELLED"
    assert eve.next_of("offer_withdrawn").offer == offer.name
    assert eve.state() == "READY"
    assert cleo.sees()[-1] == "Ann left the conversation"
    events = centre.admin(
        "EventService.ListEvents", filter=f"subject = {cleo.conversation} AND type = ConversationUnattended"
    ).events
    assert [event.type for event in events] == ["ConversationUnattended"]


@pytest.mark.spec("A-18", "A-05", "R-C8", "R-C3", "R-L1")
def test_the_invite_outlives_the_inviting_agent_while_another_remains(hurried: Centre) -> None:
    queue = hurried.queue(ttl="1s")
    ann, bob = hurried.desk("ann"), hurried.desk("bob")
    cleo = hurried.customer(ann, bob)
    invite = hurried.invite("Conference", cleo, ann, queue=queue)
    ann.caller("ConversationService.Leave", name=cleo.conversation)
    assert cleo.sees()[-1] == "Ann left the conversation"
    assert bob.notice("leave.others.left").WhichOneof("update") == "timeline_update"
    assert word(hurried.ended(invite, wait="0s"), "state") == "PARKED"
    assert word(hurried.ended(invite), "state") == "NO_AGENT"
    assert hurried.texts(cleo, bob.name)[-1] == N11
    assert hurried.state(cleo) == "ACTIVE"
    eve = hurried.desk("eve")
    hurried.invite("Conference", cleo, bob, agent=eve.name)
    eve.accept()
    assert hurried.agents_in(cleo) == {bob.name, eve.name}


@pytest.mark.spec("A-20")
def test_a_full_conversation_takes_no_more_agents_but_can_be_transferred(hurried: Centre) -> None:
    ann, bob, eve, dan = (hurried.desk(one) for one in ("ann", "bob", "eve", "dan"))
    cleo = hurried.customer(ann, bob)
    hurried.invite("Conference", cleo, ann, agent=eve.name)
    with pytest.raises(Refused, match="INVITE_PENDING"):
        hurried.invite("Conference", cleo, ann, agent=dan.name)
    eve.accept()
    with pytest.raises(Refused, match="FAILED_PRECONDITION/CONFERENCE_FULL"):
        hurried.invite("Conference", cleo, ann, agent=dan.name)
    hurried.invite("Transfer", cleo, ann, agent=dan.name)
    dan.accept()
    assert hurried.agents_in(cleo) == {bob.name, eve.name, dan.name}


@pytest.mark.spec("A-04", "R-W1", "R-W2", "R-W3", "R-W4", "R-G11", "I7", "INV-5")
def test_a_whisper_reaches_every_agent_also_later_ones_and_nothing_of_it_the_customer(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    deliveries = centre.adapter.stream("ChannelService.Deliveries", channel=centre.channel, max_in_flight=100)
    ann.caller("ConversationService.SendMessage", name=cleo.conversation, text="one")
    whisper = ann.caller("ConversationService.Whisper", name=cleo.conversation, text="canary")
    assert whisper.name == f"{cleo.conversation}/whispers/1"
    assert (whisper.sender, whisper.text) == (ann.name, "canary")
    second = ann.caller("ConversationService.SendMessage", name=cleo.conversation, text="two")
    assert second.name == f"{cleo.conversation}/messages/3"
    for desk in (ann, bob):
        update = desk.stream.until(lambda one: one.timeline_update.entry.whisper.text == "canary")
        assert update.timeline_update.entry.WhichOneof("entry") == "whisper"
    last = deliveries.until(lambda delivery: delivery.message.text == "two")
    sequences = [delivery.sequence for delivery in deliveries.seen if delivery.conversation == cleo.conversation]
    assert sequences == list(range(1, last.sequence + 1))
    assert not any("canary" in str(delivery) for delivery in deliveries.seen)
    page = centre.adapter("ConversationService.GetTranscript", name=cleo.conversation)
    assert "canary" not in str(page)
    assert [entry.sequence for entry in page.entries] == list(range(1, len(page.entries) + 1))
    seen = centre.adapter(
        "ChannelService.Receive", channel=centre.channel, address=cleo.address, external_id="z", text="z"
    )
    assert "canary" not in str(seen)
    eve = centre.desk("eve")
    centre.invite("Conference", cleo, ann, agent=eve.name)
    eve.accept()
    assert "canary" in centre.texts(cleo, caller=eve.caller)


@pytest.mark.spec("R-W5", "D-11", "F-01", "R-W4")
def test_an_agent_who_is_alone_does_not_whisper(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    bob.caller("ConversationService.Leave", name=cleo.conversation)
    before = cleo.sees()
    with pytest.raises(Refused, match="FAILED_PRECONDITION/NO_OTHER_AGENT"):
        ann.caller("ConversationService.Whisper", name=cleo.conversation, text="psst")
    assert cleo.sees() == before
    assert "psst" not in str(centre.timeline(cleo))


@pytest.mark.spec("A-27", "D-12", "R-G4")
@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("", None),
        (" \n\t ", None),
        ("x" * 1000, "x" * 1000),
        ("\U0001f468‍\U0001f469‍\U0001f467 שלום é", "\U0001f468‍\U0001f469‍\U0001f467 שלום é"),
        ("a\x00b\x1bc\nd\te", "abc\nd\te"),
    ],
)
def test_a_note_is_kept_as_it_came_but_for_control_characters_and_its_ends(
    centre: Centre, note: str, kept: str | None
) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann)
    invite = centre.invite("Conference", cleo, ann, agent=bob.name, note=note)
    offer = bob.offer()
    for holder in (invite, offer):
        assert (holder.note if holder.HasField("note") else None) == kept
    entries = [entry for entry in centre.timeline(cleo, ann.name) if entry.WhichOneof("entry") == "invite_changed"]
    assert any(entry.invite_changed.invite.note == (kept or "") for entry in entries)


@pytest.mark.spec("A-27")
@pytest.mark.parametrize("length", [1001, 1_000_000])
def test_a_longer_note_is_refused_before_anything_happens(centre: Centre, length: int) -> None:
    queue = centre.queue()
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    before = centre.get(cleo)
    with pytest.raises(Refused, match="INVALID_ARGUMENT/NOTE_TOO_LONG"):
        centre.invite("Transfer", cleo, ann, queue=queue, note="x" * length)
    assert centre.get(cleo) == before
