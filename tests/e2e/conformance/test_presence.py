"""The Attach stream: presence, snapshot, resumption, takeover and goodbye."""

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, word


@pytest.mark.spec("R-L6", "R-A1")
def test_attaching_logs_in_not_ready_in_every_domain(centre: Centre) -> None:
    ann = centre.agent("ann")
    assert ann.state() == "LOGGED_OUT"
    welcome = ann.attach()
    assert (welcome.agent.name, welcome.agent.display_name, welcome.grace.seconds) == (ann.name, "Ann", 30)
    assert {word(domain, "state") for domain in welcome.agent.domains} == {"NOT_READY"}
    assert (list(welcome.conversations), list(welcome.offers), welcome.position > 0) == ([], [], True)
    ann.ready()
    changed = ann.next_of("agent_changed").agent
    assert {word(domain, "state") for domain in changed.domains} == {"READY"}
    assert {domain.capacity for domain in changed.domains if domain.media_domain == "chat"} == {3}


@pytest.mark.spec("A-24", "R-L6", "F-04")
def test_after_reconnecting_he_finds_conversations_readiness_and_the_same_offer(centre: Centre) -> None:
    queue = centre.queue()
    ann, bob = centre.desk("ann"), centre.desk("bob", "billing")
    kept = centre.customer(bob)
    cleo = centre.customer(ann)
    centre.invite("Transfer", cleo, ann, queue=queue, note="vip")
    offer = bob.offer()
    bob.stream.cancel()
    welcome = bob.attach()
    assert [one.name for one in welcome.offers] == [offer.name]
    assert welcome.offers[0] == offer
    assert [one.name for one in welcome.conversations] == [kept.conversation]
    assert bob.state() == "RESERVED"
    bob.accept(offer)
    assert bob.state() == "ACTIVE"


@pytest.mark.spec("R-L6", "R-A4", "R-O1")
def test_a_detached_agent_is_not_available_and_gets_no_new_offer_until_he_is_back(centre: Centre) -> None:
    queue = centre.queue()
    bob = centre.desk("bob", "billing")
    watch = centre.admin.stream("EventService.Watch", from_start=True, filter=f"subject = {bob.name}")
    bob.stream.cancel()
    watch.until(lambda answer: any("etach" in event.type for event in answer.events))
    assert bob.state() == "NOT_READY"
    assert centre.admin("QueueService.GetQueue", name=queue).stats.available == 0
    cleo = centre.customer()
    invite = centre.admin("ConversationService.Route", name=cleo.conversation, target={"queue": queue})
    assert word(invite, "state") == "PARKED"
    # His coming back and the offer are one record, so Welcome may have it already.
    offers = bob.attach().offers or [bob.offer()]
    assert [offer.invite for offer in offers] == [invite.name]


@pytest.mark.spec("R-L6")
def test_a_second_attach_takes_over_and_the_agent_stays(centre: Centre) -> None:
    ann = centre.desk("ann")
    first = ann.stream
    ann.attach()
    ended = first.end()
    assert first.seen[-1].WhichOneof("update") == "goodbye"
    assert (ended and (ended.code, ended.reason)) == ("ABORTED", "TAKEN_OVER")
    assert ann.state() == "READY"


@pytest.mark.spec("R-G6", "F-22")
def test_with_after_position_what_was_missed_follows_welcome_once_and_in_order(centre: Centre) -> None:
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    ann.stream.until(lambda update: update.timeline_update.entry.notice.key == "join.agent.self" or _is_join(update))
    cleo.says("m1")
    position = ann.stream.until(
        lambda update: update.timeline_update.entry.message.text == "m1"
    ).timeline_update.position
    ann.stream.cancel()
    cleo.says("m2")
    cleo.says("m3")
    welcome = ann.attach(after_position=position)
    assert welcome.position > position
    cleo.says("m4")
    ann.stream.until(lambda update: update.timeline_update.entry.message.text == "m4")
    said = [update.timeline_update.entry.message.text for update in ann.stream.seen]
    assert [text for text in said if text] == ["m2", "m3", "m4"]
    positions = [update.timeline_update.position for update in ann.stream.seen if update.timeline_update.position]
    assert positions == sorted(positions)


def _is_join(update: object) -> bool:
    return "You have joined" in str(update)


@pytest.mark.spec("R-G6", "R-L9", "R-G9")
def test_the_stream_has_the_same_entries_in_the_same_order_as_the_timeline(centre: Centre) -> None:
    ann, bob = centre.desk("ann"), centre.desk("bob")
    cleo = centre.customer(ann, bob)
    for text in ("one", "two"):
        cleo.says(text)
        ann.caller("ConversationService.Whisper", name=cleo.conversation, text=f"w-{text}")
        bob.caller("ConversationService.SendMessage", name=cleo.conversation, text=f"b-{text}")
    bob.stream.until(lambda update: update.timeline_update.entry.message.text == "b-two")
    streamed = [
        update.timeline_update.entry
        for update in bob.stream.seen
        if update.WhichOneof("update") == "timeline_update" and update.timeline_update.conversation == cleo.conversation
    ]
    listed = centre.timeline(cleo, caller=bob.caller)
    start = streamed[0].sequence
    everyone = [entry for entry in listed if entry.sequence >= start and not entry.agent]
    assert [entry for entry in streamed if not entry.agent] == everyone
    sequences = [entry.sequence for entry in listed]
    assert sequences == sorted(set(sequences))


@pytest.mark.spec("R-A3", "R-A1")
def test_readiness_is_set_for_one_domain_or_for_all(centre: Centre) -> None:
    centre.admin("AdminService.Apply", media_domains=[{"name": "mediaDomains/voice", "capacity": 1}])
    ann = centre.agent("ann")
    ann.attach()
    ann.caller("AgentService.SetAgentState", agent=ann.name, state="READINESS_READY", media_domain="voice")
    assert (ann.state("voice"), ann.state("chat")) == ("READY", "NOT_READY")
    ann.caller("AgentService.SetAgentState", state="READINESS_READY")
    assert (ann.state("voice"), ann.state("chat")) == ("READY", "READY")
    with pytest.raises(Refused, match="INVALID_ARGUMENT/INVALID_SETTING"):
        ann.caller("AgentService.SetAgentState", state="READINESS_READY", media_domain="smoke")
    with pytest.raises(Refused, match="INVALID_ARGUMENT/BAD_FIELD"):
        ann.caller("AgentService.SetAgentState", agent=ann.name)


@pytest.mark.spec("R-A1", "R-A2")
def test_the_states_follow_the_facts(centre: Centre) -> None:
    ann, bob = centre.desk("ann", domains=[{"media_domain": "chat", "capacity": 2}]), centre.desk("bob")
    assert ann.state() == "READY"
    first = centre.customer(ann)
    assert ann.state() == "ACTIVE"
    second = centre.customer(ann)
    assert ann.state() == "BUSY"
    ann.not_ready()
    assert ann.state() == "PENDING_NOT_READY"
    ann.ready()
    assert ann.state() == "BUSY"
    ann.not_ready()
    for one in (first, second):
        ann.caller("ConversationService.Leave", name=one.conversation)
    assert ann.state() == "NOT_READY"
    third = centre.customer(bob)
    with pytest.raises(Refused, match="TARGET_NOT_AVAILABLE"):
        centre.invite("Conference", third, bob, agent=ann.name)
    centre.admin(
        "AdminService.Apply", agents=[{"name": ann.name, "domains": [{"media_domain": "chat", "capacity": 0}]}]
    )
    ann.ready()
    assert ann.state() == "NOT_READY"
