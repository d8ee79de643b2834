"""The adapter's side: what comes in once, what goes out in order, and what the Transcript numbers."""

from typing import Any

import pytest

from tests.e2e.conformance.centre import Centre, Customer, Desk
from tests.e2e.conformance.outside import Refused, Stream, word


def _deliveries(centre: Centre, **fields: object) -> Stream:
    return centre.adapter.stream("ChannelService.Deliveries", channel=centre.channel, **{"max_in_flight": 50} | fields)


def _text(delivery: Any) -> str:  # noqa: ANN401 - a dynamic message
    return str(delivery.message.text or delivery.notice.text)


def _settle(centre: Centre, delivery: Any, **fields: object) -> None:  # noqa: ANN401 - a dynamic message
    centre.adapter("ChannelService.SettleDelivery", name=delivery.name, **fields)


def _say(desk: Desk, customer: Customer, *texts: str) -> None:
    for text in texts:
        desk.caller("ConversationService.SendMessage", name=customer.conversation, text=text)


@pytest.mark.spec("R-G10", "I3", "F-22")
def test_the_external_id_is_the_dedupe_key_per_channel(centre: Centre) -> None:
    cleo = centre.customer()
    first = cleo.says("once", external_id="x-1")
    again = cleo.says("once", external_id="x-1")
    assert (first.duplicate, again.duplicate, again.conversation) == (False, True, first.conversation)
    assert cleo.sees() == ["hello", "once"]
    other = Centre(centre.world, centre.admin)
    assert not other.customer().says("once", external_id="x-1").duplicate
    other.close()
    with pytest.raises(Refused, match="INVALID_ARGUMENT"):
        centre.adapter("ChannelService.Receive", channel=centre.channel, address="+1", text="no id")
    with pytest.raises(Refused, match="INVALID_ARGUMENT"):
        centre.adapter("ChannelService.Receive", channel=centre.channel, address="+1", external_id="x-2")


@pytest.mark.spec("R-G10")
def test_one_open_conversation_per_address(centre: Centre) -> None:
    cleo = centre.customer()
    service = centre.caller("SERVICE", "services/opener")
    create = "ConversationService.CreateConversation"
    with pytest.raises(Refused, match="ALREADY_EXISTS/CONVERSATION_EXISTS"):
        service(create, channel=centre.channel, address=cleo.address)
    made = service(
        create, channel=centre.channel, address="+7", conversation_id=centre.id("mine"), attributes={"a": "1"}
    )
    assert (made.name, dict(made.attributes)) == (f"conversations/{centre.id('mine')}", {"a": "1"})
    assert word(made, "state") == "UNATTENDED"
    with pytest.raises(Refused, match="ALREADY_EXISTS/CONVERSATION_EXISTS"):
        service(create, channel=centre.channel, address="+8", conversation_id=centre.id("mine"))


@pytest.mark.spec("I3", "R-G9", "R-W3")
def test_deliveries_come_in_order_with_numbers_and_names_of_their_own(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    out = _deliveries(centre)
    _say(ann, cleo, "a", "b")
    cleo.says("mine")
    _say(ann, cleo, "c")
    out.until(lambda delivery: _text(delivery) == "c")
    assert [_text(one) for one in out.seen] == ["Ann has joined the conversation", "a", "b", "c"]
    assert [one.sequence for one in out.seen] == [1, 2, 3, 4]
    assert [one.name for one in out.seen] == [f"{cleo.conversation}/deliveries/{n}" for n in (1, 2, 3, 4)]
    assert {(one.conversation, one.address, one.attempt) for one in out.seen} == {(cleo.conversation, cleo.address, 1)}
    assert [one.WhichOneof("content") for one in out.seen] == ["notice", "message", "message", "message"]


@pytest.mark.spec("I3", "F-22")
def test_what_is_unsettled_comes_again_after_a_reconnect_and_what_is_settled_never(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    out = _deliveries(centre)
    _say(ann, cleo, "a", "b", "c")
    out.until(lambda delivery: _text(delivery) == "c")
    for one in out.seen[:2]:
        _settle(centre, one, external_id=f"out-{one.sequence}")
    _settle(centre, out.seen[0])
    second = _deliveries(centre)
    ended = out.end()
    assert (ended and (ended.code, ended.reason)) == ("ABORTED", "TAKEN_OVER")
    second.until(lambda delivery: _text(delivery) == "c")
    assert [(_text(one), one.attempt) for one in second.seen] == [("b", 2), ("c", 2)]
    assert [one.name for one in second.seen] == [one.name for one in out.seen[2:]]


@pytest.mark.spec("I3")
def test_retry_brings_it_again_with_the_later_ones_after_it_and_error_alone_steps_over(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    out = _deliveries(centre)
    _say(ann, cleo, "a", "b")
    out.until(lambda delivery: _text(delivery) == "b")
    joined, a, b = out.seen
    _settle(centre, joined)
    out.seen.clear()
    _settle(centre, a, error="busy", retry="0.2s")
    out.until(lambda delivery: _text(delivery) == "b")
    assert [(_text(one), one.sequence) for one in out.seen] == [("a", a.sequence), ("b", b.sequence)]
    _settle(centre, out.seen[0], error="no such number")
    _settle(centre, out.seen[1])
    _say(ann, cleo, "c")
    assert _text(out.next()) == "c"
    assert "no such number" in str(centre.timeline(cleo)) or "FAILED" in str(centre.timeline(cleo)).upper()
    events = centre.admin("EventService.ListEvents", filter=f"subject = {cleo.conversation}", page_size=200).events
    assert any("no such number" in str(event.payload) for event in events)


@pytest.mark.spec("I3", "I16")
def test_max_in_flight_bounds_what_is_handed_out_and_the_timeout_hands_it_out_again(hurried: Centre) -> None:
    ann = hurried.desk("ann")
    cleo = hurried.customer(ann)
    _say(ann, cleo, "a", "b")
    out = _deliveries(hurried, max_in_flight=2)
    first, second = out.next(), out.next()
    assert [_text(first), _text(second)] == ["Ann has joined the conversation", "a"]
    _settle(hurried, first)
    assert _text(out.next()) == "b"
    again = out.until(lambda delivery: _text(delivery) == "a" and delivery.attempt > 1, 3)
    assert again.name == second.name


@pytest.mark.spec("R-G11", "R-W3")
def test_the_transcript_has_its_own_gapless_numbers_and_pages(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    for number in range(3):
        ann.caller("ConversationService.Whisper", name=cleo.conversation, text=f"w{number}")
        _say(ann, cleo, f"m{number}")
    entries, token = [], ""
    while True:
        page = centre.adapter(
            "ConversationService.GetTranscript", name=cleo.conversation, page_size=2, page_token=token
        )
        entries += page.entries
        assert len(page.entries) <= 2
        token = page.next_page_token
        if not token:
            break
    assert [entry.sequence for entry in entries] == list(range(1, 7))
    assert [
        entry.message.name.rpartition("/")[2] for entry in entries if entry.WhichOneof("entry") == "message"
    ] == list("1234")
    listed, token = [], ""
    while True:
        page = bob.caller("ConversationService.ListTimeline", name=cleo.conversation, page_size=3, page_token=token)
        listed += page.entries
        token = page.next_page_token
        if not token:
            break
    assert listed == centre.timeline(cleo, caller=bob.caller)


@pytest.mark.spec("R-G6", "R-G12")
def test_for_everybody_the_timeline_marks_what_is_for_one_agent_alone(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    everyone = centre.timeline(cleo)
    alone = {(entry.notice.text, entry.agent) for entry in everyone if entry.agent}
    assert ("You have joined the conversation", bob.name) in alone
    assert ("Conference request has been successfully placed", ann.name) in alone
    for desk, other in ((ann, bob), (bob, ann)):
        rendered = centre.timeline(cleo, desk.name)
        assert not any(entry.agent == other.name for entry in rendered)
        assert rendered == centre.timeline(cleo, caller=desk.caller)
    kinds = [entry.WhichOneof("entry") for entry in everyone]
    assert kinds.index("participant_joined") < kinds.index("notice")


@pytest.mark.spec("R-G5", "R-G6")
def test_the_conversation_shows_customer_sessions_and_participants(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = Customer(centre, "+99")
    cleo.says("hi", customer={"display_name": "Dr. No", "profile": {"tier": "gold"}}, target={"agent": ann.name})
    ann.accept()
    found = ann.caller("ConversationService.GetConversation", name=cleo.conversation)
    assert (found.channel, found.customer.display_name, dict(found.customer.profile)) == (
        centre.channel,
        "Dr. No",
        {"tier": "gold"},
    )
    assert not found.customer.identified
    (session,) = found.channel_sessions
    assert (session.channel, session.address, session.HasField("close_time")) == (centre.channel, "+99", False)
    roles = {word(one, "role"): one for one in found.participants}
    assert (roles["PRIMARY"].agent, roles["PRIMARY"].display_name) == (ann.name, "Ann")
    assert roles["PRIMARY"].HasField("join_time")
    assert roles.get("CUSTOMER") is None or roles["CUSTOMER"].agent == ""
    assert (found.position > 0, bool(found.etag), found.is_conference) == (True, True, False)
