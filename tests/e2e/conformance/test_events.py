"""The event stream: what every event carries, filters, pages, resumption."""

from typing import Any

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused


def _all(centre: Centre, filter_: str) -> list[Any]:
    events, token = [], ""
    while True:
        page = centre.admin("EventService.ListEvents", filter=filter_, page_size=7, page_token=token)
        assert len(page.events) <= 7
        events += page.events
        token = page.next_page_token
        if not token:
            return events


@pytest.mark.spec("R-G9", "I13")
def test_every_event_names_position_subject_principal_cause_and_a_payload(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    ann.caller("ConversationService.SendMessage", name=cleo.conversation, text="hi", request_id="say-1")
    events = _all(centre, f"subject = {cleo.conversation}")
    keys = [(event.position, event.index) for event in events]
    assert keys == sorted(set(keys))
    for event in events:
        assert event.subject == cleo.conversation
        assert event.type
        assert event.version >= 1
        assert event.principal
        assert event.cause
        assert event.time.seconds > 0
        assert event.payload.DESCRIPTOR.full_name == "google.protobuf.Struct"
    said = events[-1]
    assert ann.name in said.principal
    assert "say-1" in said.cause
    assert "hi" in str(said.payload)
    assert "ParticipantJoined" in {event.type for event in events}


@pytest.mark.spec("R-G9")
def test_a_timer_is_a_cause_too(hurried: Centre) -> None:
    queue = hurried.queue()
    cleo = hurried.customer()
    invite = hurried.admin(
        "ConversationService.Route", name=cleo.conversation, target={"queue": queue}, ttl="0.2s", request_id="route-1"
    )
    hurried.ended(invite)
    last = _all(hurried, f"subject = {cleo.conversation}")[-1]
    assert "timer" in last.cause.lower()
    assert "route-1" not in last.cause


@pytest.mark.spec("I13", "R-G9")
def test_a_watch_resumes_without_gap_or_repeat(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    filter_ = f"subject = {cleo.conversation}"
    stream = centre.admin.stream("EventService.Watch", from_start=True, filter=filter_)
    first = stream.next()
    assert first.position > 0
    ann.caller("ConversationService.SendMessage", name=cleo.conversation, text="one")
    stream.until(lambda answer: "one" in str(answer))
    position = stream.seen[-1].position
    stream.cancel()
    ann.caller("ConversationService.SendMessage", name=cleo.conversation, text="two")
    second = centre.admin.stream("EventService.Watch", after_position=position, filter=filter_)
    second.until(lambda answer: "two" in str(answer))
    streamed = [event for answer in (*stream.seen, *second.seen) for event in answer.events]
    assert streamed == _all(centre, filter_)
    assert all(len(answer.events) <= 100 for answer in (*stream.seen, *second.seen))
    for reader in (stream, second):
        positions = [answer.position for answer in reader.seen]
        assert positions == sorted(positions)


@pytest.mark.spec("R-G9")
def test_the_first_answer_comes_at_once_even_where_nothing_fits(centre: Centre) -> None:
    quiet = f"subject = conversations/{centre.id('none')} AND type = ParticipantJoined"
    first = centre.admin.stream("EventService.Watch", from_start=True, filter=quiet).next(3)
    assert (len(first.events), first.position > 0) == (0, True)


def test_a_filter_by_type_and_subject_picks_those_only(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    joined = _all(centre, f"subject = {cleo.conversation} AND type = ParticipantJoined")
    assert {event.type for event in joined} == {"ParticipantJoined"}
    assert [sum(centre.id(name) in str(event.payload) for event in joined) for name in ("ann", "bob")] == [1, 1]
    for bad in ("colour = red", "subject =", "subject = conversations/1 OR type = X"):
        with pytest.raises(Refused, match="INVALID_ARGUMENT/BAD_FIELD"):
            centre.admin("EventService.ListEvents", filter=bad)
        with pytest.raises(Refused, match="INVALID_ARGUMENT/BAD_FIELD"):
            centre.admin.stream("EventService.Watch", filter=bad).next()


@pytest.mark.spec("I1")
def test_a_position_that_never_was_is_gone(centre: Centre) -> None:
    with pytest.raises(Refused, match="OUT_OF_RANGE/POSITION_GONE"):
        centre.admin.stream("EventService.Watch", after_position=1 << 40).next()
    ann = centre.agent("ann")
    with pytest.raises(Refused, match="OUT_OF_RANGE/POSITION_GONE"):
        ann.caller.stream("AgentService.Attach", after_position=1 << 40).next()
    assert ann.state() == "LOGGED_OUT"


def test_applied_settings_are_told_as_events(centre: Centre) -> None:
    queue = centre.queue()
    ann = centre.agent("ann", "billing")
    assert [event.type for event in _all(centre, f"subject = {queue}")] == ["QueueConfigured"]
    assert [event.type for event in _all(centre, f"subject = {ann.name}")] == ["AgentConfigured"]


@pytest.mark.spec("I13", "F-22")
def test_whoever_resumes_from_any_answer_gets_nothing_twice_and_misses_nothing(centre: Centre) -> None:
    centre.customer(*(centre.desk(f"a{number}") for number in range(6)))
    end = centre.admin("AdminService.GetServer").position
    stream = centre.admin.stream("EventService.Watch", from_start=True)
    stream.until(lambda answer: answer.position >= end)
    for answer in stream.seen[:-1]:
        later = [event.position for one in stream.seen[stream.seen.index(answer) + 1 :] for event in one.events]
        assert not answer.events or answer.position == answer.events[-1].position
        assert not later or min(later) > answer.position
    assert max(len(answer.events) for answer in stream.seen) <= 100
    assert len(stream.seen) > 1
