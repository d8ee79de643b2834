"""Adapters in any language: what they bring in, once, and what they take out, in order, until it is settled."""

import asyncio
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration

from hookflash.sdk.types import ChannelId, Role
from hookflash.v1 import channel_pb2, target_pb2
from tests.server.serving import BILLING, TIMEOUT_S, Client, Refused, Serving, Stream

WEB = {"channel": "channels/web", "address": "kim"}


async def adapter(served: Serving) -> Client:
    return await served.client(Role.ADAPTER, "channels/web", channel="web")


async def attended(served: Serving, client: Client) -> str:
    """A conversation opened by what the customer wrote, with ann in it."""
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.ready(ann)
        received = await client.call("ChannelService/Receive", external_id="m1", text="hello", target=BILLING, **WEB)
        made = await desk.until("offer_made")
        await ann.call("AgentService/AcceptOffer", name=made.offer.name)
    return str(received.conversation)


@pytest.mark.spec("R-G10", "R-G8", "F-22")
async def test_a_message_opens_a_conversation_once_however_often_it_comes(served: Serving) -> None:
    await served.site()
    client = await adapter(served)
    first = await client.call("ChannelService/Receive", external_id="m1", text="hello", **WEB)
    again = await client.call("ChannelService/Receive", external_id="m1", text="hello", **WEB)
    more = await client.call("ChannelService/Receive", external_id="m2", text="hello", **WEB)
    assert (first.duplicate, again.duplicate, more.duplicate) == (False, True, False)
    assert first.conversation == again.conversation == more.conversation
    transcript = await client.call("ConversationService/GetTranscript", name=first.conversation)
    assert [(entry.sequence, entry.message.text) for entry in transcript.entries] == [(1, "hello"), (2, "hello")]


async def test_the_id_of_a_picked_choice_comes_with_its_title_to_whoever_reads_the_message(served: Serving) -> None:
    await served.site()
    client = await adapter(served)
    first = await client.call("ChannelService/Receive", external_id="m1", text="Cancel it", choice_id="cancel", **WEB)
    await client.call("ChannelService/Receive", external_id="m2", text="Yes", choice_id="sure", **WEB)
    timeline = await served.admin.call("ConversationService/ListTimeline", name=first.conversation)
    said = [entry.message for entry in timeline.entries if entry.WhichOneof("entry") == "message"]
    assert [(message.text, message.choice_id) for message in said] == [("Cancel it", "cancel"), ("Yes", "sure")]
    events = await served.admin.call("EventService/ListEvents", filter="type = MessageSent")
    assert [event.payload["choice_id"] for event in events.events] == ["cancel", "sure"]
    with pytest.raises(Refused, match="choice_id"):
        await client.call("ChannelService/Receive", external_id="m3", text="Yes", choice_id="x" * 257, **WEB)


@pytest.mark.spec("R-G10")
async def test_a_customer_who_comes_under_another_id_of_his_is_the_same_one_whatever_he_does(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    renamed = WEB | {"address": "user.7"}
    again = await client.call("ChannelService/Receive", external_id="m2", text="me", aliases=["kim"], **renamed)
    later = await client.call("ChannelService/Receive", external_id="m3", text="me again", **renamed)
    repeat = await client.call("ChannelService/Receive", external_id="m2", text="me", **renamed)
    assert [each.conversation for each in (again, later, repeat)] == [name, name, name]
    assert [each.duplicate for each in (again, later, repeat)] == [False, False, True]
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await client.call("ChannelService/Receive", typing=True, **renamed)
        assert (await desk.until("customer_typing")).conversation == name
    async with client.stream("ChannelService/Deliveries", channel="channels/web") as reader:
        delivery = await reader.next()
        assert (delivery.address, list(delivery.aliases)) == ("kim", ["user.7"])
    left = await client.call("ChannelService/Receive", external_id="l1", customer_left=True, **renamed)
    assert left.conversation == name
    for wrong, field in ((["x"] * 11, "aliases"), ([" "], "aliases"), (["x" * 257], "aliases")):
        with pytest.raises(Refused) as refused:
            await client.call("ChannelService/Receive", external_id="m4", text="me", aliases=wrong, **WEB)
        assert field in refused.value.sentence


@pytest.mark.spec("R-G8")
async def test_what_came_before_two_ids_were_known_as_one_customer_is_known_when_it_comes_again(
    served: Serving,
) -> None:
    await served.site()
    client = await adapter(served)
    other = WEB | {"address": "user.7"}
    await client.call("ChannelService/Receive", external_id="m1", text="hello", **WEB)
    alone = await client.call("ChannelService/Receive", external_id="m2", text="hello", **other)
    await client.call("ChannelService/Receive", external_id="m3", text="one and the same", aliases=["user.7"], **WEB)
    repeat = await client.call("ChannelService/Receive", external_id="m2", text="hello", **other)
    assert (repeat.conversation, repeat.duplicate) == (alone.conversation, True)


@pytest.mark.spec("R-G10")
async def test_leaving_opens_nothing_and_a_repeat_of_it_is_known_after_the_conversation_is_over(
    served: Serving,
) -> None:
    await served.site()
    client = await adapter(served)
    nothing = await client.call("ChannelService/Receive", external_id="l0", customer_left=True, **WEB)
    assert (nothing.conversation, nothing.duplicate) == ("", False)
    opened = await client.call("ChannelService/Receive", external_id="m1", text="hello", **WEB)
    left = await client.call("ChannelService/Receive", external_id="l1", customer_left=True, **WEB)
    again = await client.call("ChannelService/Receive", external_id="l1", customer_left=True, **WEB)
    assert left.conversation == again.conversation == opened.conversation
    assert again.duplicate
    afresh = await client.call("ChannelService/Receive", external_id="m2", text="me again", **WEB)
    assert afresh.conversation != opened.conversation


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({**WEB, "text": "hello"}, "BAD_FIELD"),
        ({**WEB, "external_id": "m"}, "BAD_FIELD"),
        ({**WEB, "external_id": "m", "customer_left": False}, "BAD_FIELD"),
        ({**WEB, "external_id": "m", "text": " "}, "EMPTY_MESSAGE"),
        ({**WEB, "external_id": "m", "text": "x" * 4097}, "MESSAGE_TOO_LONG"),
        ({"channel": "channels/web", "external_id": "m", "text": "hello"}, "BAD_ID"),
        ({"channel": "channels/fax", "address": "kim", "external_id": "m", "text": "hello"}, "CHANNEL_NOT_FOUND"),
    ],
)
async def test_what_cannot_be_received_is_refused(served: Serving, fields: dict[str, object], reason: str) -> None:
    await served.site()
    with pytest.raises(Refused) as refused:
        await served.admin.call("ChannelService/Receive", **fields)
    assert refused.value.reason == reason


@pytest.mark.spec("R-G11", "F-22")
async def test_deliveries_come_in_order_and_never_again_once_settled(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    conversation = await attended(served, client)
    ann = await served.agent("ann")
    await ann.call("ConversationService/SendMessage", name=conversation, text="good day")
    async with client.stream("ChannelService/Deliveries", channel="channels/web") as reader:
        first, second = await reader.next(), await reader.next()
        assert [(each.sequence, each.attempt, each.address) for each in (first, second)] == [
            (1, 1, "kim"),
            (2, 1, "kim"),
        ]
        assert first.notice.text == "Ann has joined the conversation"
        assert (second.message.text, second.message.sender, second.message.name) == (
            "good day",
            "agents/ann",
            f"{conversation}/messages/2",
        )
        await client.call("ChannelService/SettleDelivery", name=first.name, external_id="out-1")
        await client.call("ChannelService/SettleDelivery", name=first.name, external_id="out-1")
    async with client.stream("ChannelService/Deliveries", channel="channels/web") as reader:
        again = await reader.next()
        assert (again.name, again.attempt) == (second.name, 2)


@pytest.mark.spec("R-L9")
async def test_a_second_reader_of_a_channel_takes_over(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    conversation = await attended(served, client)
    async with client.stream("ChannelService/Deliveries", channel="channels/web") as first:
        await first.next()
        async with client.stream("ChannelService/Deliveries", channel="channels/web") as second:
            assert (await second.next()).conversation == conversation
            with pytest.raises(Refused) as refused:
                await first.next()
    assert (refused.value.code, refused.value.reason) == ("ABORTED", "TAKEN_OVER")


async def test_a_delivery_with_a_retry_comes_again_after_that_and_with_an_error_alone_is_stepped_over(
    served: Serving,
) -> None:
    await served.site("ann")
    client = await adapter(served)
    conversation = await attended(served, client)
    ann = await served.agent("ann")
    await ann.call("ConversationService/SendMessage", name=conversation, text="good day")
    name = f"{conversation}/deliveries/1"
    async with client.stream("ChannelService/Deliveries", channel="channels/web", max_in_flight=1) as reader:
        assert (await reader.next()).name == name
        await client.call("ChannelService/SettleDelivery", name=name, error="busy", retry=Duration(seconds=0))
        again = await reader.next()
        assert (again.name, again.attempt) == (name, 2)
        await client.call("ChannelService/SettleDelivery", name=name, error="no such customer")
        assert (await reader.next()).sequence == 2
    timeline = await served.admin.call("ConversationService/ListTimeline", name=conversation)
    assert any("no such customer" in entry.notice.text for entry in timeline.entries)


async def test_a_delivery_that_never_was_is_not_found(served: Serving) -> None:
    await served.site()
    await served.opened()
    for name in ("conversations/42/deliveries/7", "conversations/none/deliveries/1"):
        with pytest.raises(Refused) as refused:
            await served.admin.call("ChannelService/SettleDelivery", name=name)
        assert refused.value.reason == "DELIVERY_NOT_FOUND"
    for name in ("conversations/42/deliveries/0", "conversations/42/invites/1", "deliveries/1", "conversations/42"):
        with pytest.raises(Refused) as refused:
            await served.admin.call("ChannelService/SettleDelivery", name=name)
        assert refused.value.reason == "BAD_ID"


async def test_a_channel_that_the_engine_serves_itself_has_no_other_reader(served: Serving, tmp_path: Path) -> None:
    script = tmp_path / "nobody.txt"
    script.write_text("")
    own = channel_pb2.Channel(name="channels/own", kind="console", settings={"script": str(script)})
    await served.admin.call("AdminService/Apply", channels=[own])
    async with served.admin.stream("ChannelService/Deliveries", channel="channels/own") as reader:
        with pytest.raises(Refused) as refused:
            await reader.next()
    assert (refused.value.code, refused.value.reason) == ("FAILED_PRECONDITION", "CHANNEL_IN_USE")


async def test_signs_of_typing_reach_the_desk_and_are_kept_nowhere(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        position = served.engine.shard.last_position
        for is_typing in (True, False):
            await client.call("ChannelService/Receive", typing=is_typing, **WEB)
            sign = await desk.until("customer_typing")
            assert (sign.conversation, sign.is_typing) == (name, is_typing)
        await ann.call("ConversationService/SendTyping", name=name, is_typing=True)
        assert served.engine.shard.last_position == position


@pytest.mark.spec("I7")
async def test_signs_of_agents_go_out_to_who_reads_them_and_a_whisper_is_none(served: Serving) -> None:
    await served.site("ann", "bob")
    client = await adapter(served)
    ann, bob = await served.agent("ann"), await served.agent("bob")
    async with client.stream("ChannelService/Signs", channel="channels/web") as signs:
        await _open(served, signs)
        name = await attended(served, client)
        joined = await signs.next()
        assert (joined.address, list(joined.read.external_ids)) == ("kim", ["m1"])
        async with ann.stream("AgentService/Attach") as desk, bob.stream("AgentService/Attach") as second:
            await desk.until("welcome")
            await second.until("welcome")
            await served.ready(bob)
            await ann.call("ConversationService/Conference", name=name, target=target_pb2.Target(agent="agents/bob"))
            await bob.call("AgentService/AcceptOffer", name=(await second.until("offer_made")).offer.name)
            await client.call("ChannelService/Receive", external_id="m2", message_id="mid.2", text="and?", **WEB)
            await ann.call("ConversationService/Whisper", name=name, text="he is lying")
            await client.call("ChannelService/Receive", external_id="m3", message_id="mid.3", text="hello?", **WEB)
            await ann.call("ConversationService/Whisper", name=name, text="once more")
            position = served.engine.shard.last_position
            await ann.call("ConversationService/SendTyping", name=name, is_typing=True)
            read, typing = await signs.next(), await signs.next()
            assert list(read.read.external_ids) == ["mid.2", "mid.3"], "one sign: the whispers gave none"
            assert (typing.address, typing.is_typing, typing.HasField("read")) == ("kim", True, False)
            assert served.engine.shard.last_position == position, "nothing was recorded"
    with pytest.raises(Refused, match="message_id"):
        await client.call("ChannelService/Receive", external_id="m4", message_id="x" * 1_000, text="hi", **WEB)


async def test_a_second_reader_of_a_channels_signs_takes_over_and_another_channels_adapter_reads_none(
    served: Serving,
) -> None:
    await served.site("ann")
    client = await adapter(served)
    other = await served.client(Role.ADAPTER, "channels/other", channel="other")
    async with other.stream("ChannelService/Signs", channel="channels/web") as refused_stream:
        with pytest.raises(Refused) as refused:
            await refused_stream.next()
        assert refused.value.reason == "ROLE_NOT_ALLOWED"
    async with client.stream("ChannelService/Signs", channel="channels/web") as first:
        await _open(served, first)
        async with client.stream("ChannelService/Signs", channel="channels/web") as second:
            with pytest.raises(Refused) as refused:
                await first.next()
            assert (refused.value.code, refused.value.reason) == ("ABORTED", "TAKEN_OVER")
            ending = asyncio.ensure_future(served.server.drain())
            with pytest.raises(Refused) as refused:
                await second.next()
            assert refused.value.reason == "DRAINING"
            await ending


async def _open(served: Serving, signs: Stream) -> None:
    """Wait until that stream is read: nothing is kept for who comes later."""
    reading = asyncio.ensure_future(signs.next())
    while not reading.done():
        served.engine.sign_readers.show_typing(ChannelId("web"), "somebody", is_typing=True)
        await asyncio.wait((reading,), timeout=0.01)
    assert reading.result().address == "somebody"


@pytest.mark.spec("I3")
async def test_a_receipt_from_outside_is_recorded_by_id_and_by_name_and_a_strange_one_refused(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await ann.call("ConversationService/SendMessage", name=name, text="hi")
    delivery = f"{name}/deliveries/2"
    await client.call("ChannelService/SettleDelivery", name=delivery, external_id="out-2")
    for receipt in (
        {"state": "DELIVERY_RECEIPT_STATE_DELIVERED", "external_id": "out-2"},
        {"state": "DELIVERY_RECEIPT_STATE_READ", "delivery": delivery},
    ):
        await client.call("ChannelService/Receive", receipt=receipt, **WEB)
    events = await served.admin.call("EventService/ListEvents", filter="type = DeliveryReceived")
    assert [event.payload["state"] for event in events.events] == ["DELIVERED", "READ"]
    for wrong, reason in (
        ({"external_id": "out-2"}, "BAD_FIELD"),
        ({"state": "DELIVERY_RECEIPT_STATE_READ"}, "BAD_FIELD"),
        ({"state": "DELIVERY_RECEIPT_STATE_READ", "delivery": f"{name}/deliveries/99"}, "DELIVERY_NOT_FOUND"),
    ):
        with pytest.raises(Refused) as refused:
            await client.call("ChannelService/Receive", receipt=wrong, **WEB)
        assert refused.value.reason == reason


async def test_what_was_written_past_the_engine_is_shown_once_and_our_own_deliveries_never(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await ann.call("ConversationService/SendMessage", name=name, text="hi")
    for number in (1, 2):
        delivery = f"{name}/deliveries/{number}"
        await client.call("ChannelService/SettleDelivery", name=delivery, external_id=f"out-{number}")
    for key, echo in (
        ("e1", {"text": "hi", "external_id": "out-2"}),
        ("e2", {"text": "hi", "external_id": "?", "delivery": f"{name}/deliveries/2"}),
        ("e3", {"text": "From my telephone", "external_id": "out-9"}),
        ("e3", {"text": "From my telephone", "external_id": "out-9"}),
    ):
        answer = await client.call("ChannelService/Receive", external_id=key, echo=echo, **WEB)
        assert answer.conversation == ""
    await client.call(
        "ChannelService/Receive", external_id="e4", echo={"text": "Hello?"}, **(WEB | {"address": "nobody"})
    )
    transcript = await served.admin.call("ConversationService/GetTranscript", name=name)
    said = [entry.message.text for entry in transcript.entries if entry.HasField("message")]
    assert said.count("hi") == said.count("From my telephone") == 1
    assert len((await served.admin.call("ConversationService/ListConversations")).conversations) == 1
    with pytest.raises(Refused, match="There is no delivery"):
        await client.call(
            "ChannelService/Receive", external_id="e5", echo={"text": "x", "delivery": f"{name}/deliveries/99"}, **WEB
        )


@pytest.mark.spec("I3")
async def test_an_echo_from_outside_that_overtakes_its_id_is_answered_with_the_settling_and_never_shown(
    served: Serving,
) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    await client.call("ChannelService/SettleDelivery", name=f"{name}/deliveries/1", external_id="out-1")
    ann = await served.agent("ann")
    await ann.call("ConversationService/SendMessage", name=name, text="in two parts")
    echoes = [
        asyncio.ensure_future(
            client.call(
                "ChannelService/Receive", external_id=f"e{part}", echo={"text": text, "external_id": part}, **WEB
            )
        )
        for part, text in (("out-2a", "in two"), ("out-2b", "parts"), ("out-9", "From my telephone"))
    ]
    async with asyncio.timeout(TIMEOUT_S):
        while served.engine.echoes.held(ChannelId("web")) < len(echoes):  # noqa: ASYNC110  calls come as they come
            await asyncio.sleep(0)
    delivery, parts = f"{name}/deliveries/2", {"external_id": "out-2b", "part_external_ids": ["out-2a"]}
    await client.call("ChannelService/SettleDelivery", name=delivery, **parts)
    await asyncio.gather(*echoes)
    transcript = await served.admin.call("ConversationService/GetTranscript", name=name)
    said = [entry.message.text for entry in transcript.entries if entry.HasField("message")]
    assert said == ["hello", "in two parts", "From my telephone"]
    for wrong in (["x"] * 1_001, ["x" * 1_000]):
        with pytest.raises(Refused, match="part_external_ids"):
            await client.call("ChannelService/SettleDelivery", name=delivery, part_external_ids=wrong)


async def test_what_another_application_answers_opens_no_conversation_from_outside_either(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    alone = await client.call("ChannelService/Receive", external_id="s1", text="robot?", is_standby=True, **WEB)
    name = await attended(served, client)
    seen = await client.call("ChannelService/Receive", external_id="s2", text="robot!", is_standby=True, **WEB)
    assert (alone.conversation, seen.conversation) == ("", name)
