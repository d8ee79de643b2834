"""Queues as callers see them: figures now, and told on change."""

import pytest

from hookflash.v1 import queue_pb2
from tests.server.serving import Refused, Serving


@pytest.mark.spec("R-A4", "R-G3")
async def test_the_asker_and_a_conversations_participants_are_left_out_of_the_count(served: Serving) -> None:
    await served.site("ann", "bob", "cid")
    clients = {name: await served.agent(name) for name in ("ann", "bob", "cid")}
    async with (
        clients["ann"].stream("AgentService/Attach") as ann,
        clients["bob"].stream("AgentService/Attach") as bob,
        clients["cid"].stream("AgentService/Attach") as cid,
    ):
        for desk in (ann, bob, cid):
            await desk.until("welcome")
        await served.ready(clients["ann"])
        await served.opened()
        offer = (await ann.until("offer_made")).offer
        await clients["ann"].call("AgentService/AcceptOffer", name=offer.name)
        await served.ready(clients["bob"])
        await served.ready(clients["cid"])
        available = []
        for fields in ({}, {"conversation": "conversations/42"}, {"agent": "agents/bob"}):
            page = await served.admin.call("QueueService/ListQueues", **fields)
            available.append(page.queues[0].stats.available)
        assert available == [3, 2, 2]


async def test_watching_shows_every_queue_then_those_that_changed(served: Serving) -> None:
    await served.site()
    async with served.admin.stream("QueueService/WatchQueues") as watch:
        assert [queue.name for queue in (await watch.next()).queues] == ["queues/billing"]
        await served.opened()
        changed = await watch.next()
        assert [(queue.name, queue.stats.waiting) for queue in changed.queues] == [("queues/billing", 1)]
        await served.admin.call("AdminService/Apply", queues=[queue_pb2.Queue(name="queues/sales")])
        assert [queue.name for queue in (await watch.next()).queues] == ["queues/sales"]
        await served.admin.call("AdminService/Apply", queues=[queue_pb2.Queue(name="queues/billing")], prune=True)
        last = await watch.next()
        assert list(last.deleted_queues) == ["queues/sales"]
        assert [queue.display_name for queue in last.queues] == [""]


async def test_pages_go_by_name(served: Serving) -> None:
    names = [f"queues/q{number}" for number in range(5)]
    await served.admin.call("AdminService/Apply", queues=[queue_pb2.Queue(name=name) for name in names])
    found, token = [], ""
    while True:
        page = await served.admin.call("QueueService/ListQueues", page_size=2, page_token=token)
        found += [queue.name for queue in page.queues]
        token = page.next_page_token
        if not token:
            break
    assert found == names
    for bad in ({"page_size": -1}, {"page_token": "No Such Token"}):
        with pytest.raises(Refused) as refused:
            await served.admin.call("QueueService/ListQueues", **bad)
        assert refused.value.code == "INVALID_ARGUMENT"
