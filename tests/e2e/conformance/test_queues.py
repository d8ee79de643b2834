"""Queues as agents and wallboards see them: names, counts, changes."""

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Refused, Stream


def _stats(centre: Centre, queue: str) -> tuple[int, int, int, int]:
    stats = centre.admin("QueueService.GetQueue", name=queue).stats
    return stats.ready, stats.active, stats.available, stats.waiting


@pytest.mark.spec("A-06", "R-A4", "R-G3", "D-8")
def test_the_available_count_leaves_out_who_cannot_take_it(centre: Centre) -> None:
    centre.admin("AdminService.Apply", media_domains=[{"name": "mediaDomains/voice", "capacity": 1}])
    queue, other = centre.queue(), centre.queue("other")
    centre.desk("ready", "billing")
    active = centre.desk("active", "billing")
    centre.customer(active)
    busy = centre.desk("busy", "billing", domains=[{"media_domain": "chat", "capacity": 1}])
    centre.customer(busy)
    reserved = centre.desk("reserved", "billing")
    held = centre.customer()
    centre.admin("ConversationService.Route", name=held.conversation, target={"agent": reserved.name})
    centre.desk("off", "billing").not_ready()
    pending = centre.desk("pending", "billing")
    centre.customer(pending)
    pending.not_ready()
    voice = centre.agent("voice", "billing")
    voice.attach()
    voice.caller("AgentService.SetAgentState", state="READINESS_READY", media_domain="voice")
    centre.agent("home", "billing")
    centre.desk("elsewhere", "other")
    ann = centre.desk("ann", "billing")
    cleo = centre.customer(ann)
    assert _stats(centre, queue)[2] == 3
    listed = ann.caller("QueueService.ListQueues", conversation=cleo.conversation, page_size=500).queues
    counts = {one.name: (one.display_name, one.media_domain, one.stats.available) for one in listed}
    assert counts[queue] == ("Billing", "chat", 2)
    assert counts[other] == ("Other", "chat", 1)
    by_agent = centre.admin("QueueService.ListQueues", agent=ann.name, page_size=500).queues
    assert next(one.stats.available for one in by_agent if one.name == queue) == 2
    assert [reserved.state(), pending.state(), busy.state()] == ["RESERVED", "PENDING_NOT_READY", "BUSY"]


@pytest.mark.spec("R-Q2")
def test_an_agent_s_own_list_narrows_the_queues_he_serves(centre: Centre) -> None:
    one, two = centre.queue("one"), centre.queue("two")
    centre.desk("ann", "one", "two", queues=[two])
    assert (_stats(centre, one)[2], _stats(centre, two)[2]) == (0, 1)
    serving = [agent.name for agent in centre.admin("AgentService.ListAgents", queue=two).agents]
    assert serving == [f"agents/{centre.id('ann')}"]
    assert not centre.admin("AgentService.ListAgents", queue=one).agents


def _counted(stream: Stream, queue: str, available: int) -> None:
    stream.until(lambda told: any(one.name == queue and one.stats.available == available for one in told.queues))


@pytest.mark.spec("R-G3", "R-A4", "R-E1")
def test_watching_queues_gives_a_full_set_then_changes_and_deletions(centre: Centre) -> None:
    queue = centre.queue()
    stream = centre.admin.stream("QueueService.WatchQueues")
    assert queue in [one.name for one in stream.next().queues]
    ann = centre.desk("ann", "billing")
    _counted(stream, queue, 1)
    ann.not_ready()
    _counted(stream, queue, 0)
    cleo = centre.customer()
    centre.admin("ConversationService.Route", name=cleo.conversation, target={"queue": queue})
    stream.until(lambda told: any(one.name == queue and one.stats.waiting == 1 for one in told.queues))
    cleo.leaves()
    stream.until(lambda told: any(one.name == queue and one.stats.waiting == 0 for one in told.queues))
    centre.queue(display_name="Money")
    stream.until(lambda told: any(one.name == queue and one.display_name == "Money" for one in told.queues))


@pytest.mark.spec("R-Q9", "D-15", "R-G5")
def test_a_new_display_name_shows_in_the_next_offer_and_an_id_serves_where_none_is_set(centre: Centre) -> None:
    queue = centre.queue(display_name="")
    ann, bob = centre.desk("ann"), centre.desk("bob", "billing")
    cleo = centre.customer(ann)
    centre.invite("Transfer", cleo, ann, queue=queue)
    shown = centre.id("billing")
    assert f"Your request is being transferred to {shown}, please wait!" in cleo.sees()
    offer = bob.offer()
    assert (offer.queue, offer.queue_display_name) == (queue, shown)
    centre.queue(display_name="Money")
    eve = centre.desk("eve", "billing")
    bob.caller("AgentService.DeclineOffer", name=offer.name)
    again = eve.offer()
    assert (again.queue_display_name, again.offered_before) == ("Money", 1)


@pytest.mark.spec("A-32", "R-A3")
def test_a_queue_of_another_media_domain_is_refused(centre: Centre) -> None:
    centre.admin("AdminService.Apply", media_domains=[{"name": "mediaDomains/voice", "capacity": 1}])
    queue = centre.queue(media_domain="voice")
    ann = centre.desk("ann")
    cleo = centre.customer(ann)
    for method in ("Transfer", "Conference"):
        with pytest.raises(Refused, match="FAILED_PRECONDITION/MEDIA_DOMAIN_MISMATCH"):
            centre.invite(method, cleo, ann, queue=queue)
    assert centre.agents_in(cleo) == {ann.name}


@pytest.mark.spec("R-Q3", "A-13")
def test_priority_then_age_orders_who_waits_across_queues(centre: Centre) -> None:
    low = centre.queue("low")
    high = centre.queue("high", priority=9)
    waiting = []
    for queue, priority in ((low, 10), (low, 3), (high, 1), (low, 10), (high, 2)):
        cleo = centre.customer()
        centre.admin("ConversationService.Route", name=cleo.conversation, target={"queue": queue}, priority=priority)
        waiting.append(cleo.conversation)
    ann = centre.desk("ann", "low", "high", domains=[{"media_domain": "chat", "capacity": 5}])
    served = []
    for _ in waiting:
        offer = ann.offer()
        served.append(offer.conversation)
        ann.accept(offer)
    assert served == [waiting[index] for index in (4, 2, 0, 3, 1)]
