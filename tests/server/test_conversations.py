"""ConversationService over a real port: repeats, etags, dry runs, pages, and invites of any age."""

import asyncio

import pytest
from google.protobuf.duration_pb2 import Duration

from hookflash.sdk.types import Role
from hookflash.v1 import conversation_pb2, invite_pb2, message_pb2, target_pb2
from tests.server.serving import BILLING, Client, Refused, Serving

NAME = "conversations/42"


async def attended(served: Serving, name: str = "42") -> Client:
    """Ann, in a conversation."""
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.ready(ann)
        await served.opened(name)
        made = await desk.until("offer_made")
        await ann.call("AgentService/AcceptOffer", name=made.offer.name)
    return ann


async def reason_of(client: Client, path: str, **fields: object) -> str:
    with pytest.raises(Refused) as refused:
        await client.call(path, **fields)
    return refused.value.reason


@pytest.mark.spec("R-G10")
async def test_a_conversation_is_what_was_asked_for(served: Serving) -> None:
    await served.site()
    made = await served.opened(
        customer={"display_name": "Kim", "identified": True, "profile": {"tier": "gold"}},
        attributes={"topic": "refund"},
        priority=4,
        ttl=Duration(seconds=60),
    )
    assert made.state == conversation_pb2.CONVERSATION_STATE_QUEUED
    assert (made.customer.display_name, made.customer.identified, dict(made.customer.profile)) == (
        "Kim",
        True,
        {"tier": "gold"},
    )
    assert dict(made.attributes) == {"topic": "refund"}
    assert made.invite.priority == 4
    assert made.invite.expire_time.seconds - made.invite.create_time.seconds == 60
    assert made == await served.admin.call("ConversationService/GetConversation", name=NAME)


@pytest.mark.spec("R-G8", "A-16")
async def test_a_repeat_gets_the_same_answer_and_has_no_second_effect(served: Serving) -> None:
    await served.site("ann")
    ann = await attended(served)
    fields = {"name": NAME, "text": "hello", "request_id": "r1"}
    first = await ann.call("ConversationService/SendMessage", **fields)
    position = served.engine.shard.last_position
    again = await ann.call("ConversationService/SendMessage", **fields)
    assert (again, served.engine.shard.last_position) == (first, position)
    reason = await reason_of(ann, "ConversationService/SendMessage", **(fields | {"text": "bye"}))
    assert reason == "REQUEST_ID_REUSED"
    assert (
        await reason_of(ann, "ConversationService/SendMessage", **(fields | {"request_id": "x" * 129})) == "BAD_FIELD"
    )


@pytest.mark.spec("R-G7")
async def test_a_dry_run_makes_all_checks_and_nothing_else(served: Serving) -> None:
    await served.site("ann")
    ann = await attended(served)
    before = await ann.call("ConversationService/GetConversation", name=NAME)
    invite = await ann.call("ConversationService/Transfer", name=NAME, target=BILLING, validate_only=True)
    assert invite.kind == invite_pb2.INVITE_KIND_TRANSFER
    reason = await reason_of(
        ann, "ConversationService/Transfer", name=NAME, target=target_pb2.Target(queue="queues/no"), validate_only=True
    )
    assert reason == "QUEUE_NOT_FOUND"
    assert await ann.call("ConversationService/GetConversation", name=NAME) == before


async def test_a_stale_etag_is_refused_and_the_present_one_is_not(served: Serving) -> None:
    await served.site("ann")
    ann = await attended(served)
    stale = (await ann.call("ConversationService/GetConversation", name=NAME)).etag
    await ann.call("ConversationService/SendMessage", name=NAME, text="hello")
    reason = await reason_of(ann, "ConversationService/Conference", name=NAME, target=BILLING, etag=stale)
    assert reason == "ETAG_MISMATCH"
    fresh = (await ann.call("ConversationService/GetConversation", name=NAME)).etag
    await ann.call("ConversationService/Conference", name=NAME, target=BILLING, etag=fresh)


@pytest.mark.parametrize(
    ("path", "fields", "reason"),
    [
        ("SendMessage", {"text": "x"}, "BAD_FIELD"),
        ("SendMessage", {"name": "42", "text": "x"}, "BAD_ID"),
        ("SendMessage", {"name": "conversations/a/b", "text": "x"}, "BAD_ID"),
        ("SendMessage", {"name": "conversations/none", "text": ""}, "EMPTY_MESSAGE"),
        ("SendMessage", {"name": NAME, "text": "x", "choices": [message_pb2.MessageChoice(id="1")]}, "BAD_FIELD"),
        ("SendMessage", {"name": NAME, "text": "x", "template": message_pb2.MessageTemplate(name="x")}, "BAD_FIELD"),
        ("SendMessage", {"name": "conversations/none", "text": "x"}, "CONVERSATION_NOT_FOUND"),
        ("Transfer", {"name": NAME}, "BAD_FIELD"),
        ("Transfer", {"name": NAME, "target": target_pb2.Target(queue="billing")}, "BAD_ID"),
        ("Transfer", {"name": NAME, "target": BILLING, "note": "x" * 1001}, "NOTE_TOO_LONG"),
        ("Transfer", {"name": NAME, "target": BILLING, "priority": 11}, "INVALID_SETTING"),
        ("Transfer", {"name": NAME, "target": BILLING, "ttl": Duration(seconds=0)}, "INVALID_SETTING"),
        ("Transfer", {"name": NAME, "target": target_pb2.Target(agent="agents/ann")}, "TARGET_IS_REQUESTER"),
        ("Whisper", {"name": NAME, "text": "psst"}, "NO_OTHER_AGENT"),
        ("GetInvite", {"name": f"{NAME}/invites/9"}, "INVITE_NOT_FOUND"),
        ("GetInvite", {"name": f"{NAME}/invites/x"}, "BAD_ID"),
        ("CancelInvite", {"name": f"{NAME}/invites/1"}, "INVITE_CLOSED"),
        ("ListTimeline", {"name": NAME, "page_token": "x"}, "BAD_FIELD"),
        ("ListConversations", {"filter": "state = NONE"}, "BAD_FIELD"),
        ("ListConversations", {"page_token": "x"}, "BAD_FIELD"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_its_own_word(
    served: Serving, path: str, fields: dict[str, object], reason: str
) -> None:
    await served.site("ann")
    ann = await attended(served)
    assert await reason_of(ann, f"ConversationService/{path}", **fields) == reason


@pytest.mark.spec("R-O5")
async def test_waiting_for_an_invite_ends_with_the_invite_or_with_the_time(served: Serving) -> None:
    await served.site("ann")
    await served.opened()
    name = f"{NAME}/invites/1"
    parked = await served.admin.call("ConversationService/GetInvite", name=name, wait=Duration(nanos=1_000_000))
    assert parked.state == invite_pb2.INVITE_STATE_PARKED
    waiting = asyncio.ensure_future(
        served.admin.call("ConversationService/GetInvite", name=name, wait=Duration(seconds=30))
    )
    await served.admin.call("ConversationService/CancelInvite", name=name)
    assert (await waiting).state == invite_pb2.INVITE_STATE_CANCELLED


async def test_an_earlier_invite_is_still_there_as_it_ended(served: Serving) -> None:
    await served.site("ann")
    ann = await attended(served)
    await ann.call("ConversationService/Conference", name=NAME, target=BILLING)
    first = await ann.call("ConversationService/GetInvite", name=f"{NAME}/invites/1")
    assert (first.state, first.agent) == (invite_pb2.INVITE_STATE_ACCEPTED, "agents/ann")


async def test_pages_of_the_timeline_show_every_entry_once_in_order(served: Serving) -> None:
    await served.site("ann")
    ann = await attended(served)
    for number in range(5):
        await ann.call("ConversationService/SendMessage", name=NAME, text=f"message {number}")
    whole = (await ann.call("ConversationService/ListTimeline", name=NAME)).entries
    found, token = [], ""
    while True:
        page = await ann.call("ConversationService/ListTimeline", name=NAME, page_size=2, page_token=token)
        found += page.entries
        token = page.next_page_token
        if not token:
            break
    assert found == list(whole)
    assert [entry.sequence for entry in found] == sorted({entry.sequence for entry in found})
    ended = [entry.invite_changed.invite.state for entry in found if entry.HasField("invite_changed")]
    assert ended == [invite_pb2.INVITE_STATE_PARKED, invite_pb2.INVITE_STATE_ACCEPTED]


async def test_conversations_are_listed_newest_first_by_state_and_agent(served: Serving) -> None:
    await served.site("ann")
    await attended(served, "a")
    await served.opened("b")
    await served.opened("c")
    found, token = [], ""
    while True:
        page = await served.admin.call("ConversationService/ListConversations", page_size=2, page_token=token)
        found += [conversation.name for conversation in page.conversations]
        token = page.next_page_token
        if not token:
            break
    assert found == ["conversations/c", "conversations/b", "conversations/a"]
    active = await served.admin.call(
        "ConversationService/ListConversations", filter="state = ACTIVE AND agent = agents/ann"
    )
    assert [conversation.name for conversation in active.conversations] == ["conversations/a"]


@pytest.mark.spec("R-L3")
async def test_closing_leaves_nobody_and_tells_who_closed_it(served: Serving) -> None:
    await served.site("ann")
    ann = await attended(served)
    closed = await ann.call("ConversationService/CloseConversation", name=NAME, reason="solved")
    assert closed.state == conversation_pb2.CONVERSATION_STATE_CLOSED
    assert not closed.participants
    assert await reason_of(ann, "ConversationService/SendMessage", name=NAME, text="x") == "CONVERSATION_CLOSED"
    events = (await served.admin.call("EventService/ListEvents", filter="type = ConversationClosed")).events
    assert [dict(event.payload)["cause"] for event in events] == ["AGENT"]


async def test_a_supervisor_routes_an_unattended_conversation_and_leaves_for_an_agent(served: Serving) -> None:
    await served.site("ann")
    await attended(served)
    sue = await served.client(Role.SUPERVISOR, "supervisors/sue")
    left = await sue.call("ConversationService/Leave", name=NAME, agent="agents/ann")
    assert left.state == conversation_pb2.CONVERSATION_STATE_UNATTENDED
    invite = await sue.call("ConversationService/Route", name=NAME, target=BILLING)
    assert (invite.kind, invite.requester) == (invite_pb2.INVITE_KIND_ROUTE, "")


async def test_a_stream_tells_nothing_more_once_its_token_was_revoked(served: Serving) -> None:
    await served.site()
    viewer = await served.client(Role.VIEWER, "viewers/vi")
    async with viewer.stream("QueueService/WatchQueues") as watch:
        await watch.next()
        await served.admin.call("AdminService/RevokeToken", name=f"tokens/{viewer.token.split('_')[1]}")
        await served.opened()
        with pytest.raises(Refused) as refused:
            await watch.next()
    assert refused.value.reason == "NOT_AUTHENTICATED"
