"""Apply and Export: what is applied, what is said of it, and that both round-trip."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from hookflash.v1 import admin_service_pb2 as pb
from hookflash.v1 import agent_pb2, attribute_pb2, channel_pb2, media_domain_pb2, queue_pb2
from tests.server.serving import Refused, Serving, serving

FULL: dict[str, list[Any]] = {
    "media_domains": [media_domain_pb2.MediaDomain(name="mediaDomains/voice", capacity=2)],
    "attributes": [
        attribute_pb2.Attribute(name="attributes/billing", kind=attribute_pb2.ATTRIBUTE_KIND_PROFICIENCY),
        attribute_pb2.Attribute(name="attributes/german", kind=attribute_pb2.ATTRIBUTE_KIND_BOOLEAN),
    ],
    "queues": [
        queue_pb2.Queue(
            name="queues/billing",
            display_name="Billing",
            priority=3,
            strategy="least_occupied",
            offer_timeout=Duration(seconds=20),
            ttl=Duration(seconds=200, nanos=500_000_000),
            waiting_max=7,
            steps=[
                queue_pb2.Step(expression="billing >= 3 AND german == 1", wait=Duration(seconds=20)),
                queue_pb2.Step(expression="billing >= 1"),
            ],
        ),
        queue_pb2.Queue(name="queues/phone", media_domain="voice"),
    ],
    "agents": [
        agent_pb2.Agent(
            name="agents/ann",
            display_name="Ann",
            domains=[agent_pb2.AgentDomain(media_domain="chat", capacity=5)],
            attributes={"billing": 7, "german": 1},
            queues=["queues/billing"],
        )
    ],
    "channels": [
        channel_pb2.Channel(
            name="channels/web", kind="web", is_external=True, queue="queues/billing", settings={"greeting": "hello"}
        )
    ],
}


def kinds(response: pb.ApplyResponse) -> dict[str, str]:
    return {change.name: pb.ChangeKind.Name(change.kind).removeprefix("CHANGE_KIND_") for change in response.changes}


async def test_what_is_exported_can_be_applied_elsewhere_and_is_exported_the_same(tmp_path: Path) -> None:
    async with serving(tmp_path / "one") as served:
        made = await served.admin.call("AdminService/Apply", **FULL)
        assert set(kinds(made).values()) == {"CREATED"}
        first = await served.admin.call("AdminService/Export")
    site = {field: getattr(first, field) for field in FULL}
    async with serving(tmp_path / "two") as served:
        await served.admin.call("AdminService/Apply", **site)
        second = await served.admin.call("AdminService/Export")
        again = await served.admin.call("AdminService/Apply", **site)
    first.position = second.position = 0
    assert first == second
    assert set(kinds(again).values()) == {"UNCHANGED"}


async def test_apply_says_what_became_of_each_resource(served: Serving) -> None:
    await served.admin.call("AdminService/Apply", **FULL)
    queue = queue_pb2.Queue()
    queue.CopyFrom(FULL["queues"][0])
    queue.display_name, queue.priority = "Bills", 4
    response = await served.admin.call("AdminService/Apply", queues=[queue], prune=True)
    assert kinds(response) == {"queues/billing": "UPDATED", "queues/phone": "DELETED"}
    assert list(response.changes[0].changed_fields) == ["display_name", "priority"]


async def test_validate_only_says_the_same_and_does_nothing(served: Serving) -> None:
    before = await served.admin.call("AdminService/Export")
    response = await served.admin.call("AdminService/Apply", **FULL, validate_only=True)
    assert set(kinds(response).values()) == {"CREATED"}
    assert await served.admin.call("AdminService/Export") == before


async def test_a_stale_etag_refuses_the_whole_and_a_repeat_is_answered_although_its_etag_is_stale_now(
    served: Serving,
) -> None:
    await served.admin.call("AdminService/Apply", **FULL)
    etag = (await served.admin.call("QueueService/GetQueue", name="queues/phone")).etag
    change = queue_pb2.Queue(name="queues/phone", media_domain="voice", display_name="Phone", etag=etag)
    first = await served.admin.call("AdminService/Apply", queues=[change], request_id="r1")
    assert await served.admin.call("AdminService/Apply", queues=[change], request_id="r1") == first
    with pytest.raises(Refused) as refused:
        await served.admin.call("AdminService/Apply", queues=[change, queue_pb2.Queue(name="queues/new")])
    assert (refused.value.code, refused.value.reason) == ("ABORTED", "ETAG_MISMATCH")
    with pytest.raises(Refused) as refused:
        await served.admin.call("QueueService/GetQueue", name="queues/new")
    assert refused.value.reason == "QUEUE_NOT_FOUND"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"queues": [queue_pb2.Queue(name="billing")]}, "BAD_ID"),
        ({"queues": [queue_pb2.Queue()]}, "BAD_FIELD"),
        ({"queues": [queue_pb2.Queue(name="queues/q", priority=11)]}, "INVALID_SETTING"),
        ({"queues": [queue_pb2.Queue(name="queues/q", ttl=Duration(seconds=-1))]}, "INVALID_SETTING"),
        ({"queues": [queue_pb2.Queue(name="queues/q", strategy="nonsense")]}, "INVALID_SETTING"),
        ({"queues": [queue_pb2.Queue(name="queues/q", media_domain="fax")]}, "INVALID_SETTING"),
        ({"queues": [queue_pb2.Queue(name="queues/q", steps=[queue_pb2.Step(expression="a >")])]}, "INVALID_SETTING"),
        ({"agents": [agent_pb2.Agent(name="agents/a", attributes={"unknown": 1})]}, "INVALID_SETTING"),
        ({"media_domains": [media_domain_pb2.MediaDomain(name="mediaDomains/fax", capacity=-1)]}, "INVALID_SETTING"),
        ({"channels": [channel_pb2.Channel(name="channels/c", queue="queues/none")]}, "INVALID_SETTING"),
        (
            {"channels": [channel_pb2.Channel(name="channels/c", kind="console", settings={"pace_s": "-1"})]},
            "INVALID_SETTING",
        ),
    ],
)
async def test_what_cannot_be_applied_is_refused_as_a_whole(
    served: Serving, fields: dict[str, object], reason: str
) -> None:
    before = await served.admin.call("AdminService/Export")
    good = attribute_pb2.Attribute(name="attributes/good")
    with pytest.raises(Refused) as refused:
        await served.admin.call("AdminService/Apply", attributes=[good], **fields)
    assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", reason)
    assert await served.admin.call("AdminService/Export") == before
